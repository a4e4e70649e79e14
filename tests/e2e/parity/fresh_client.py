#!/usr/bin/env python3
"""The client of the fresh parity run: raw sockets, so that every byte of a request is meant.

    fresh_client.py SEED IPV4 IPV6       prints one JSON object: how many requests, and how many Apache must refuse
"""

import gzip
import json
import random
import re
import socket
import sys
import time
from typing import Callable, List, Optional

from fresh_server import LENIENT_PORT, PORT

HOSTS = ("www.site1.test", "www.site2.test", "shop.example.test")


class Connection:
    def __init__(self, address: str, port: int = PORT):
        self.socket = socket.create_connection((address, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes, pieces: int = 1, pause: float = 0.003) -> None:
        size = max(1, -(-len(data) // pieces))
        for at in range(0, len(data), size):
            self.socket.sendall(data[at:at + size])
            if pieces > 1:
                time.sleep(pause)

    def more(self) -> bool:
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self.more():
                raise ConnectionError(f"the server closed before {mark!r}")
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def exactly(self, size: int) -> None:
        while len(self.buffer) < size:
            if not self.more():
                raise ConnectionError("the server closed within a body")
        self.buffer = self.buffer[size:]

    def to_end(self) -> None:
        while self.more():
            pass

    def head(self) -> int:
        """Reads a head, keeps its fields, returns the status."""
        head = self.until(b"\r\n\r\n")
        self.fields = dict(re.findall(rb"\n([^:]+):\s*([^\r]*)", head.lower()))
        return int(head.split(b" ", 2)[1])

    def response(self, method: str = "GET") -> int:
        """Reads one final response to its end."""
        status = self.head()
        while 100 <= status < 200:
            status = self.head()
        if method == "HEAD" or status in (204, 304):
            return status
        if self.fields.get(b"transfer-encoding") == b"chunked":
            while True:
                size = int(self.until(b"\r\n").split(b";")[0], 16)
                self.exactly(size + 2)
                if not size:
                    return status
        if b"content-length" in self.fields:
            self.exactly(int(self.fields[b"content-length"]))
        else:
            self.to_end()
        return status


def request(method: str, target: str, host: str, fields: str = "", body: bytes = b"", version: str = "1.1") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body or method in ("POST", "PUT") else ""
    return f"{method} {target} HTTP/{version}\r\nHost: {host}\r\n{fields}{length}\r\n".encode("latin-1") + body


def chunked(body: bytes, rnd: random.Random, trailer: bytes = b"") -> bytes:
    out, at = b"", 0
    while at < len(body):
        size = rnd.randint(1, max(1, len(body) // 3))
        piece = body[at:at + size]
        out += f"{len(piece):{rnd.choice('xX')}}".encode() + rnd.choice([b"", b";a=b"]) + b"\r\n" + piece + b"\r\n"
        at += size
    return out + b"0\r\n" + trailer + b"\r\n"


class Script:
    """The requests, in the order in which they are sent. `sent` counts all of them, `refused` those of which
    Apache's parser says 400 before ModSecurity sees them."""

    def __init__(self, seed: int, ipv4: str, ipv6: str):
        self.rnd = random.Random(seed)
        self.ipv4, self.ipv6 = ipv4, ipv6
        self.sent = self.refused = 0

    def host(self) -> str:
        return self.rnd.choice(HOSTS)

    def body(self, size: int) -> bytes:
        return self.rnd.randbytes(size)

    def exchange(self, data: bytes, method: str = "GET", port: int = PORT, pieces: int = 1,
                 address: Optional[str] = None) -> None:
        """One request on a connection of its own."""
        with Connection(address or self.ipv4, port) as connection:
            connection.send(data, pieces)
            connection.response(method)
        self.sent += 1

    def refuse(self, data: bytes) -> None:
        self.exchange(data)
        self.refused += 1

    def simple(self) -> None:
        for target in ("/", "/index.html?a=1&b=%20x", "/missing.html", "/old", "/secret/", "/empty.txt", "/note.txt",
                       "/data.json", "/style.css", "/photo.jpg", "/stream.cgi", "/..%2f..%2fetc/passwd",
                       "/index.html?q=<script>alert(1)</script>", "/index.html?u=${jndi:ldap://x/a}", "/%C3%A9?\xe9"):
            self.exchange(request("GET", target, self.host()))
        for method in ("HEAD", "OPTIONS", "DELETE", "PATCH", "PROPFIND", "TRACE", "FOO"):
            self.exchange(request(method, "/index.html", self.host()), method)

    def keep_alive(self) -> None:
        for address in (self.ipv4, self.ipv6):
            with Connection(address) as connection:
                for number in range(15):
                    method = self.rnd.choice(["GET", "POST", "HEAD"])
                    body = self.body(self.rnd.randint(0, 3000)) if method == "POST" else b""
                    cookie = f"Cookie: sid={self.rnd.getrandbits(64):x}\r\n"
                    connection.send(request(method, f"/echo.cgi?k={number}", self.host(), cookie, body),
                                    self.rnd.choice([1, 1, 3]))
                    connection.response(method)
                    self.sent += 1

    def pipelined(self) -> None:
        for count, pieces in ((3, 1), (12, 1), (8, 7), (5, 60)):
            with Connection(self.ipv4) as connection:
                methods = [self.rnd.choice(["GET", "HEAD", "POST"]) for _ in range(count)]
                data = b"".join(request(method, f"/echo.cgi?p={number}", self.host(),
                                        body=self.body(self.rnd.randint(1, 400)) if method == "POST" else b"")
                                for number, method in enumerate(methods))
                connection.send(data, pieces, 0.001)
                for method in methods:
                    connection.response(method)
                self.sent += count

    def bodies(self) -> None:
        form = b"user=a&password=b%20c&text=" + b"x" * 200
        multipart = (b'--B7\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n'
                     b'--B7\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n'
                     b"Content-Type: application/octet-stream\r\n\r\n" + self.body(3000) + b"\r\n--B7--\r\n")
        for kind, body in (("application/x-www-form-urlencoded", form),
                           ("multipart/form-data; boundary=B7", multipart),
                           ("application/json", b'{"a": [1, 2, "\xc3\xa9"]}'),
                           ("application/octet-stream", self.body(5000)), ("text/plain", b"\n"),
                           ("text/plain", b"--0badcafe-Z--\n\n--0badcafe-A--\n"), ("text/plain", b""),
                           ("text/plain", b"\r\n\r\nGET / HTTP/1.1\r\nHost: inner.test\r\n\r\n")):
            self.exchange(request("POST", "/echo.cgi", self.host(), f"Content-Type: {kind}\r\n", body), "POST",
                          pieces=self.rnd.choice([1, 4]))
        for size in (65_535, 131_072, 900_000):
            self.exchange(request("PUT", "/echo.cgi?count", self.host(), "Content-Type: text/plain\r\n",
                                  self.body(size)))
        self.exchange(request("GET", "/big.bin", self.host()))

    def chunked_requests(self) -> None:
        for size, trailer, fields in ((1, b"", ""), (2000, b"", ""), (40_000, b"", ""), (500, b"X-Sum: 1\r\n", ""),
                                      (300, b"", "Content-Length: 5\r\n")):
            head = f"POST /echo.cgi?c HTTP/1.1\r\nHost: {self.host()}\r\nContent-Type: text/plain\r\n" \
                   f"Transfer-Encoding: chunked\r\n{fields}\r\n"
            self.exchange(head.encode() + chunked(self.body(size), self.rnd, trailer), "POST",
                          pieces=self.rnd.choice([1, 9]))
        zipped = gzip.compress(b"zipped request body " * 50, mtime=0)
        self.exchange(request("POST", "/echo.cgi", self.host(),
                              "Content-Type: application/octet-stream\r\nContent-Encoding: gzip\r\n", zipped))

    def expect_continue(self) -> None:
        with Connection(self.ipv4) as connection:
            for size in (10, 4000):
                body = self.body(size)
                data = request("POST", "/echo.cgi", self.host(),
                               "Expect: 100-continue\r\nContent-Type: text/plain\r\n", body)
                connection.send(data[:-size])
                if connection.head() != 100:
                    raise ConnectionError("no 100 Continue")
                connection.send(body)
                connection.response()
                self.sent += 1

    def conditional_and_ranges(self) -> None:
        with Connection(self.ipv4) as connection:
            connection.send(request("GET", "/photo.jpg", HOSTS[0]))
            connection.response()
            tag = connection.fields[b"etag"].decode()
            for fields in (f"If-None-Match: {tag}\r\n", 'If-None-Match: "other"\r\n', "Range: bytes=0-0\r\n",
                           "Range: bytes=100-1999\r\n", "Range: bytes=-500\r\n", "Range: bytes=10-20,500-600\r\n",
                           "Range: bytes=99999999-\r\n", f"Range: bytes=5-9\r\nIf-Range: {tag}\r\n"):
                connection.send(request("GET", "/photo.jpg", HOSTS[0], fields))
                connection.response()
            self.sent += 9

    def content_codings(self) -> None:
        for target in ("/style.css", "/data.json", "/index.html", "/style.css?2"):
            self.exchange(request("GET", target, self.host(), "Accept-Encoding: gzip, deflate\r\n"))
        self.exchange(request("HEAD", "/style.css", self.host(), "Accept-Encoding: gzip\r\n"), "HEAD")

    def old_versions(self) -> None:
        for data in (b"GET /index.html HTTP/1.0\r\n\r\n", b"HEAD /note.txt HTTP/1.0\r\nHost: www.site2.test\r\n\r\n",
                     b"GET /stream.cgi HTTP/1.0\r\nHost: www.site1.test\r\n\r\n"):
            with Connection(self.ipv4) as connection:
                connection.send(data)
                connection.to_end()
            self.sent += 1
        with Connection(self.ipv4) as connection:
            for fields in ("Connection: keep-alive\r\n", ""):
                connection.send(request("GET", "/note.txt", HOSTS[1], fields, version="1.0"))
                connection.response()
            self.sent += 2
        with Connection(self.ipv4) as connection:
            connection.send(b"GET /note.txt\r\n")
            connection.to_end()
        self.sent += 1

    def odd_heads(self) -> None:
        host = b"GET /note.txt HTTP/1.1\r\nHost: www.site1.test\r\n"
        for field in (b"X-Dup: 1\r\nX-Dup: 2\r\nx-dup: 3\r\n", b"X-Empty:\r\nX-Blank:   \r\n",
                      b"X-Bin: \xe9\xff\x80\r\n",
                      b"X-Space: \t padded \t \r\nX-None:x\r\n", b"X-Colons: a:b: c\r\n",
                      b"X-Long: " + b"a" * 8000 + b"\r\n", b"accept: */*\r\nACCEPT-LANGUAGE: de\r\n",
                      b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(90))):
            self.exchange(host + field + b"\r\n", pieces=self.rnd.choice([1, 5]))
        self.exchange(b"\r\n" + host + b"\r\n")
        self.exchange(request("GET", "http://www.site2.test/note.txt", "www.site1.test"))
        self.exchange(request("GET", f"http://www.site2.test:{PORT}/note.txt", f"www.site2.test:{PORT}"))
        self.exchange(request("GET", "/note.txt", "WWW.Site1.Test:8080"))
        self.exchange(request("GET", "/note.txt", "unknown.test"))
        self.exchange(request("OPTIONS", "*", self.host()), "OPTIONS")
        self.exchange(host + b"X-Split: 1\r\n\r\n", pieces=400)
        self.exchange(host + b"\r\n", address=self.ipv6)

    def lenient_heads(self) -> None:
        for data in (b"GET /note.txt HTTP/1.1\nHost: lenient.test\n\n",
                     b"GET /note.txt HTTP/1.1\r\nHost: lenient.test\r\nX-Fold: one\r\n two\r\n\tthree\r\n\r\n",
                     b"POST /echo.cgi HTTP/1.1\nHost: lenient.test\nContent-Length: 4\n\nabcd",
                     b"get /note.txt HTTP/1.1\r\nHost: lenient.test\r\n\r\n",
                     b"M-SEARCH /note.txt HTTP/1.1\r\nHost: lenient.test\r\n\r\n"):
            self.exchange(data, port=LENIENT_PORT, pieces=self.rnd.choice([1, 3]))

    def refusals(self) -> None:
        for data in (b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                     b"GET /a b HTTP/1.1\r\nHost: www.site1.test\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost : www.site1.test\r\n\r\n", b"GET / HTTP/1.1\nHost: www.site1.test\n\n"):
            self.refuse(data)

    def early_ends(self) -> None:
        """The client goes away: before its body is complete, and before it has read the response."""
        with Connection(self.ipv4) as connection:
            connection.send(request("POST", "/echo.cgi", HOSTS[0], body=b"x" * 100)[:-40])
            connection.socket.shutdown(socket.SHUT_WR)
            connection.to_end()
        with Connection(self.ipv4) as connection:
            connection.send(request("GET", "/note.txt", HOSTS[2], "Connection: close\r\n"))
            connection.to_end()
        self.sent += 2

    def stories(self) -> List[Callable[[], None]]:
        return [self.simple, self.keep_alive, self.pipelined, self.bodies, self.chunked_requests,
                self.expect_continue, self.conditional_and_ranges, self.content_codings, self.old_versions,
                self.odd_heads, self.lenient_heads, self.refusals, self.early_ends]


def main() -> int:
    script = Script(int(sys.argv[1]), sys.argv[2], sys.argv[3])
    for story in script.stories():
        try:
            story()
        except OSError as error:
            print(f"{story.__name__}: {error}", file=sys.stderr)
            return 1
    print(json.dumps({"sent": script.sent, "refused": script.refused}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
