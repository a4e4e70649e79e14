#!/usr/bin/env python3
"""The client of the random parity run: odd requests drawn from a grammar, the same ones for the same seed.

    random_client.py SEED COUNT IPV4        prints one JSON object: how many requests were sent

Requests are sent on connections of some requests each, back to back, in segments of any size; then the client closes
its side and reads what comes. What Apache refuses ends a connection, so that what it may refuse comes last on one.
"""

import gzip
import json
import random
import socket
import sys
from typing import Callable, List, Tuple

from fresh_server import LENIENT_PORT, PORT

HOSTS = ("www.site1.test", "www.site2.test", "shop.example.test", "WWW.Site1.test:8080", "unknown.test", "[::1]:8080")
FILES = ("/note.txt", "/index.html", "/empty.txt", "/style.css", "/data.json", "/photo.jpg", "/missing", "/old",
         "/secret/", "/")
TOKEN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
REFUSED_TARGETS = (b"%zz", b"%", b"/%2e%2e/%2e%2e/%2e%2e/etc/passwd")
ODD_TARGETS = (b"%2e%2e/etc", b"%c3%a9?%C3%A9", b"%00", b"%2F", b"a//b/./c", b"?", b"?a=%zz&b",
               b"?a=1&a=2&=&&x", b"?q=\xe9\xff", b";v=1?x;y", b"?u=http://x/?y#z", b"?" + b"l" * 3000, b"?%u0041=%00",
               b"?a+b=c+d%20e", b"?[]{}|\\^`<>", b"?'\"", b"?x=/../", b"?\x80")


class Grammar:
    """Draws requests. `risky` is set by what Apache may answer with 400 and the end of the connection."""

    def __init__(self, rnd: random.Random):
        self.rnd = rnd
        self.risky = False

    def often(self, percent: int) -> bool:
        return self.rnd.randrange(100) < percent

    def bytes_of(self, alphabet: bytes, most: int, least: int = 1) -> bytes:
        return bytes(self.rnd.choice(alphabet) for _ in range(self.rnd.randint(least, most)))

    def method(self, with_body: bool) -> bytes:
        if with_body:
            return self.rnd.choice([b"POST", b"POST", b"PUT", b"PATCH", b"FOO"])
        return self.rnd.choice([b"GET", b"GET", b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"PROPFIND", b"M-SEARCH", b"get",
                                b"X" * 30])

    def target(self, host: bytes) -> bytes:
        path = self.rnd.choice(FILES).encode()
        if self.often(25):
            path += self.rnd.choice(ODD_TARGETS)
        if self.often(2):
            self.risky = True
            path += self.rnd.choice(REFUSED_TARGETS)
        if self.often(10):
            authority = self.rnd.choice([host, host, b"www.site2.test", b"u:p@" + host])
            return self.rnd.choice([b"http://", b"HTTP://"]) + authority + path
        if self.often(2):
            return b"*"
        return path

    def value(self) -> bytes:
        kind = self.rnd.randrange(8)
        if kind == 0:
            return b""
        if kind == 1:
            return b" \t "
        if kind == 2:
            return b"\xe9\xff\x80 \xc3\xa9"
        if kind == 3:
            return b" " + self.bytes_of(TOKEN, 5000, 3000)
        if kind == 4:
            return b"a, b;c=\"d\", (e)"
        if kind == 5:
            return self.bytes_of(TOKEN + b" :\t", 40) + b"x"
        return b" " + self.bytes_of(TOKEN, 20)

    def fields(self, lenient: bool) -> List[bytes]:
        fields = []
        for _ in range(self.rnd.randrange(5)):
            name = self.rnd.choice([b"X-A", b"x-a", b"X-B", b"Accept", b"User-Agent", b"Referer", b"Cookie",
                                    b"X" + self.bytes_of(TOKEN, 12)])
            fields.append(name + b":" + self.value())
            if self.often(5):
                self.risky = self.risky or not lenient
                fields[-1] += self.rnd.choice([b"\r\n ", b"\r\n\t", b"\r\n  \r\n "]) + self.bytes_of(TOKEN, 9)
        if self.often(10):
            fields.append(self.rnd.choice([b"Range: bytes=0-9", b"Range: bytes=-7", b"Range: bytes=2-3,5-9",
                                           b"Range: bytes=9999999-", b"Range: lines=1-2", b"Range: bytes=5-2"]))
        if self.often(10):
            fields.append(b"Accept-Encoding: " + self.rnd.choice([b"gzip", b"identity", b"gzip;q=0", b"*"]))
        if self.often(5):
            fields.append(b"Connection: " + self.rnd.choice([b"keep-alive", b"Keep-Alive, X-A", b"x-a", b""]))
        return fields

    def form(self) -> Tuple[bytes, bytes]:
        pairs = [self.bytes_of(TOKEN + b"%+", 8, 0) + self.rnd.choice([b"=", b"=", b""]) +
                 self.bytes_of(TOKEN + b"%+\x00\xff\n", 30, 0) for _ in range(self.rnd.randrange(6))]
        return b"application/x-www-form-urlencoded", b"&".join(pairs)

    def json(self) -> Tuple[bytes, bytes]:
        text = json.dumps({"a": [1, None, "\u00e9"], "b": {"c": self.rnd.random()}}, ensure_ascii=self.often(50)).encode()
        return b"application/json", text[:self.rnd.randint(0, len(text))] if self.often(20) else text

    def multipart(self) -> Tuple[bytes, bytes]:
        """Mostly as browsers send it; now and then with something that readers see differently."""
        boundary = self.rnd.choice([b"B7", b"----WebKitFormBoundaryx1Y2", b"a'()+_,-./:=?z", b"x" * 70, b"-" * 30 + b"1"])
        end = b"\n" if self.often(15) else b"\r\n"
        body = b"preamble" + end if self.often(10) else b""
        for number in range(self.rnd.randrange(6)):
            name = self.rnd.choice([b"a", b"b%22c", b"d[e]", b"\xc3\xa9", b"with space", b"&=", b"\\\"q\\\\"])
            disposition = b'Content-Disposition: form-data; name="' + name + b'"'
            if self.often(40):
                disposition += b'; filename="' + self.rnd.choice([b"x.txt", b"", b"a b\xff.bin", b"C:\\dir\\f", b"q\\\"",
                                                                  b"%22"]) + b'"'
            extra = self.rnd.choice([b"", b"", b"Content-Type: text/plain" + end,
                                     b"Content-Type: application/octet-stream" + end])
            if self.often(6):
                disposition = self.rnd.choice([disposition + b"; filename*=UTF-8''e%CC%81", b"X-No: disposition",
                                               disposition.replace(b'"', b""), disposition.replace(b"; ", b";" + end + b" "),
                                               disposition.lower(), disposition + b"; name=twice"])
            data = self.rnd.choice([b"", b"v 1", b"line" + end + b"line" + end, b"--" + boundary[:1], b"\x00\xff&=%",
                                    self.bytes_of(bytes(range(256)), 5000)])
            body += b"--" + boundary + end + disposition + end + extra + end + data + end
        body += b"--" + boundary + (b"" if self.often(5) else b"--") + self.rnd.choice([end, end, b"", end + b"epilogue"])
        quoted = b'"' + boundary + b'"' if self.often(20) else boundary
        return b"multipart/form-data; boundary=" + quoted, body

    def text(self) -> Tuple[bytes, bytes]:
        return b"text/plain", self.rnd.choice([b"", b"\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: inner\r\n\r\n",
                                               b"--0badcafe-Z--\n", self.rnd.randbytes(self.rnd.randrange(4000))])

    def chunked(self, body: bytes) -> bytes:
        out, at = b"", 0
        while at < len(body):
            piece = body[at:at + self.rnd.randint(1, max(1, len(body) // 2))]
            size = b"0" * self.rnd.choice([0, 0, 0, 3]) + f"{len(piece):{self.rnd.choice('xX')}}".encode()
            out += size + self.rnd.choice([b"", b"", b";a", b";a=b", b' ;a="b;c"', b" "]) + b"\r\n" + piece + b"\r\n"
            at += len(piece)
        trailer = self.rnd.choice([b"", b"", b"", b"X-Sum: 1\r\n", b"X-A: t\r\nX-A: u\r\n"])
        return out + self.rnd.choice([b"0", b"000", b"0;last"]) + b"\r\n" + trailer + b"\r\n"

    def body(self, fields: List[bytes], version: bytes) -> bytes:
        content_type, body = self.rnd.choice([self.form, self.json, self.multipart, self.multipart, self.text])()
        if not self.often(5):
            fields.append(b"Content-Type: " + content_type)
        if self.often(8):
            body = gzip.compress(body, mtime=0)
            fields.append(b"Content-Encoding: gzip")
        if self.often(6):
            fields.append(b"Expect: 100-continue")
        if version == b"HTTP/1.1" and self.often(30):
            fields.append(b"Transfer-Encoding: " + self.rnd.choice([b"chunked", b"chunked", b"Chunked"]))
            if self.often(10):
                self.risky = True
                fields.append(b"Content-Length: 3")
            return self.chunked(body)
        length = b"%d" % len(body)
        kind = self.rnd.randrange(40)
        if kind == 0:
            self.risky = True
            fields.append(b"Content-Length: " + length)
        if kind == 1:
            length = b"00" + length
        if kind == 2:
            self.risky = True
            length = self.rnd.choice([b"+" + length, length + b", " + length, b"", b"1x", length + b"0"])
        fields.append(b"Content-Length: " + length)
        return body

    def request(self, lenient: bool) -> bytes:
        self.risky = False
        host = self.rnd.choice(HOSTS).encode()
        version = self.rnd.choice([b"HTTP/1.1"] * 12 + [b"HTTP/1.0"])
        fields = self.fields(lenient)
        with_body = self.often(45)
        body = self.body(fields, version) if with_body else b""
        if self.often(1):
            self.risky = True
            version = self.rnd.choice([b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.10"])
        if self.often(2):
            self.risky = True
            fields.append(self.rnd.choice([b"No colon", b": no name", b"Sp ace: x", b"Host: again", b"X-Ctl: a\x01b"]))
        self.rnd.shuffle(fields)
        fields.insert(self.rnd.randint(0, len(fields)), b"Host: " + host)
        if version == b"HTTP/1.0":
            if self.often(50):
                fields.append(b"Connection: keep-alive")
            else:
                self.risky = True
        end = b"\n" if lenient and self.often(20) else b"\r\n"
        line = self.method(with_body) + b" " + self.target(host) + b" " + version
        before = b"\r\n" if self.often(2) else b""
        return before + line + end + b"".join(field + end for field in fields) + end + body


def connection(grammar: Grammar, port: int, most: int) -> List[bytes]:
    requests = []
    for _ in range(min(most, grammar.rnd.randint(1, 8))):
        requests.append(grammar.request(port == LENIENT_PORT))
        if grammar.risky:
            break
    return requests


def exchange(address: str, port: int, data: bytes, sizes: Callable[[], int]) -> None:
    with socket.create_connection((address, port), timeout=20) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            at = 0
            while at < len(data):
                size = sizes()
                peer.sendall(data[at:at + size])
                at += size
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass  # Apache refused something, and did not want the rest


def main() -> int:
    seed, count, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rnd = random.Random(seed)
    grammar, sent = Grammar(rnd), 0
    while sent < count:
        port = LENIENT_PORT if rnd.randrange(6) == 0 else PORT
        requests = connection(grammar, port, count - sent)
        sent += len(requests)
        pieces = rnd.choice([lambda: 1 << 20, lambda: 1 << 20, lambda: rnd.randint(1, 3000), lambda: rnd.randint(200, 1500)])
        exchange(address, port, b"".join(requests), pieces)
    print(json.dumps({"sent": sent}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
