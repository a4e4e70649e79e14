"""More cases in the manner of HTTP-Evader, a family of techniques each: the response's body, however it is dressed up,
is the EICAR test file, and some browser gets it. So must webtap."""

import gzip
import zlib
from pathlib import Path
from typing import Iterator, List, Tuple

import capture
from suite import Case, findings, read_capture

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FIRST_PORT = 20_000
OK = b"HTTP/1.1 200 OK\r\n"
TE = b"Transfer-Encoding: chunked\r\n"


def _length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n" % len(body)


def _chunks(size: str = "%x", end: bytes = b"\r\n", line: bytes = b"\r\n", last: bytes = b"0\r\n\r\n") -> bytes:
    text = b""
    for at in range(0, len(EICAR), 20):
        part = EICAR[at:at + 20]
        text += (size % len(part)).encode() + line + part + end
    return text + last


def chunk_sizes() -> Iterator[Tuple[str, bytes]]:
    for size in ("%x", "%X", "0%x", "000000000000000000%x", "%x ", "%x\t", " %x", "%x;", "%x;a=b", '%x;a="b;c"', "%x ;a",
                 "%x\t;a=b", "%x;" + "a" * 1000):
        yield f"size '{size[:12]}'", OK + TE + b"\r\n" + _chunks(size)
    for line in (b"\n", b" \n", b"\r\r\n"):
        yield f"size ends with {line!r}", OK + TE + b"\r\n" + _chunks(line=line)
    for end in (b"\n", b"", b"\r\r\n", b"\r\n\r\n"):
        yield f"data ends with {end!r}", OK + TE + b"\r\n" + _chunks(end=end)
    for last in (b"00\r\n\r\n", b"0;a\r\n\r\n", b"0\n\n", b"0\r\nX: y\r\n\r\n", b"0\r\n", b"0", b"", b"0\r\n\r\nbehind"):
        yield f"last chunk {last!r}", OK + TE + b"\r\n" + _chunks(last=last)
    for before in (b"\r\n", b"\n", b"\r\n\r\n"):
        yield f"{before!r} before the first size", OK + TE + b"\r\n" + before + _chunks()


def chunked_labels() -> Iterator[Tuple[str, bytes]]:
    both = _length(EICAR)
    for field in (b"transfer-encoding: CHUNKED", b"Transfer-Encoding:chunked", b"Transfer-Encoding:\tchunked\t",
                  b"Transfer-Encoding : chunked", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding:\r\n\tchunked",
                  b"Transfer-Encoding:\n chunked", b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked",
                  b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx",
                  b"Transfer-Encoding: x chunked", b"Transfer-Encoding: chunked x", b"Transfer-Encoding: chunked;q=1",
                  b"Transfer-Encoding: \x00chunked", b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding: ch\x00unked",
                  b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: \x0cchunked", b"Transfer-Encoding:\n\x00chunked",
                  b"Transfer-Encoding: \xa0chunked", b"Transfer-Encoding: identity, chunked", b"\x00Transfer-Encoding: chunked",
                  b"Transfer-Encoding\x00: chunked", b"Transfer-Encoding:: chunked", b"X: y\rTransfer-Encoding: chunked",
                  b"X\r\nTransfer-Encoding: chunked", b": \r\nTransfer-Encoding: chunked",
                  b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                  b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
                  b"Transfer-Encoding:\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"):
        yield f"{field!r}", OK + field + b"\r\n\r\n" + _chunks()
        yield f"{field!r}, and a length", OK + both + field + b"\r\n\r\n" + _chunks()
        # The label says chunked, the body is not: the length, or the end of the connection, counts.
        yield f"{field!r}, not chunked", OK + field + b"\r\n\r\n" + EICAR
    for version in (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9"):
        yield f"chunked, {version!r}", version + b" 200 OK\r\n" + TE + b"\r\n" + _chunks()


def header_ends() -> Iterator[Tuple[str, bytes]]:
    for end in (b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n", b"\r\n \r\n", b"\r\n\t\r\n", b"\n \n", b"\r\n\r\r\n", b"\r\r\n\r\r\n"):
        yield f"head ends with {end!r}", OK + _length(EICAR)[:-2] + end + EICAR
        yield f"head ends with {end!r}, until close", OK + b"Connection: close" + end + EICAR
        yield f"head ends with {end!r}, chunked", OK + TE[:-2] + end + _chunks()


def content_codings() -> Iterator[Tuple[str, bytes]]:
    packed, raw = gzip.compress(EICAR, mtime=0), zlib.compress(EICAR)[2:-4]
    for name in (b"gzip", b"x-gzip", b"GZIP", b"gzip ", b" gzip", b"\tgzip\t", b"gzip,", b",gzip", b"gzip,identity",
                 b"identity, gzip", b"gzip\x00", b"\x00gzip", b"\x0bgzip", b'"gzip"', b"gzip;q=1"):
        yield f"gzip as {name!r}", OK + b"Content-Encoding: " + name + b"\r\n" + _length(packed) + b"\r\n" + packed
    for field in (b"content-encoding:gzip", b"Content-Encoding : gzip", b"Content-Encoding:\r\n gzip",
                  b"Content-Encoding:\r\n\tgzip", b"Content-Encoding:\n gzip", b"Content-Encoding:: gzip",
                  b"Content-Encoding\x00: gzip", b"Content-Encoding: gzip\r\nContent-Encoding: identity",
                  b"Content-Encoding: identity\r\nContent-Encoding: gzip", b"Content-Encoding:\r\nContent-Encoding: gzip",
                  b"X: y\rContent-Encoding: gzip", b"Content-Encoding: gzip\r\nContent-Encoding: gzip"):
        yield f"{field!r}", OK + field + b"\r\n" + _length(packed) + b"\r\n" + packed
    for name, body in (("zlib", zlib.compress(EICAR)), ("raw", raw), ("gzip", packed)):
        for label in (b"deflate", b"Deflate", b"x-deflate", b"gzip", b"deflate, identity"):
            yield f"{name} as {label!r}", OK + b"Content-Encoding: " + label + b"\r\n" + _length(body) + b"\r\n" + body
    twice = gzip.compress(packed, mtime=0)
    for label in (b"gzip, gzip", b"gzip\r\nContent-Encoding: gzip", b"gzip,\r\n gzip"):
        yield f"twice gzip as {label!r}", OK + b"Content-Encoding: " + label + b"\r\n" + _length(twice) + b"\r\n" + twice
    mixed = gzip.compress(zlib.compress(EICAR), mtime=0)
    yield "deflate, then gzip", OK + b"Content-Encoding: deflate, gzip\r\n" + _length(mixed) + b"\r\n" + mixed
    for label in (b"gzip", b"deflate", b"br", b"zstd", b"identity", b"none", b"foo"):
        yield f"plain as {label!r}", OK + b"Content-Encoding: " + label + b"\r\n" + _length(EICAR) + b"\r\n" + EICAR


def gzip_bodies() -> Iterator[Tuple[str, bytes]]:
    packed = gzip.compress(EICAR, mtime=0)
    half = len(EICAR) // 2
    with_name = packed[:3] + b"\x08" + packed[4:10] + b"name\x00" + packed[10:]
    with_extra = packed[:3] + b"\x04" + packed[4:10] + b"\x03\x00abc" + packed[10:]
    for what, body in (("no trailer", packed[:-8]), ("half a trailer", packed[:-4]), ("wrong CRC", packed[:-8] + b"\0" * 8),
                       ("junk behind", packed + b"junk"), ("reserved flag", packed[:3] + b"\x80" + packed[4:]),
                       ("file name", with_name), ("extra field", with_extra),
                       ("two members", gzip.compress(EICAR[:half], mtime=0) + gzip.compress(EICAR[half:], mtime=0))):
        yield f"gzip, {what}", OK + b"Content-Encoding: gzip\r\n" + _length(body) + b"\r\n" + body
        yield f"gzip, {what}, until close", OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + body


def status_lines() -> Iterator[Tuple[str, bytes]]:
    for line in (b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200\tOK", b"HTTP/1.1 200\tOK",
                 b"HTTP/1.01 200 OK", b"HTTP/1.10 200 OK", b"HTTP/01.1 200 OK", b"HTTP/1 200 OK", b"HTTP/1.1x 200 OK",
                 b"http/1.1 200 OK", b"hTTp/1.1 200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 abc OK",
                 b"HTTP/1.1", b"HTTP/", b" HTTP/1.1 200 OK", b"\tHTTP/1.1 200 OK", b"\r\nHTTP/1.1 200 OK", b"\nHTTP/1.1 200 OK",
                 b"junk\r\nHTTP/1.1 200 OK", b"HTTP/1.1 200 OK\x00", b"HTTP/1.1 200 \x00OK", b"HTTP/1.1 200 OK\r"):
        yield f"{line!r}", line + b"\r\n" + _length(EICAR) + b"\r\n" + EICAR
        yield f"{line!r}, chunked", line + b"\r\n" + TE + b"\r\n" + _chunks()
    for interim in (b"100 Continue", b"102 Processing", b"199 x"):
        yield f"{interim!r} before", b"HTTP/1.1 " + interim + b"\r\n\r\n" + OK + _length(EICAR) + b"\r\n" + EICAR


def lengths() -> Iterator[Tuple[str, bytes]]:
    for value in (b"68", b" 68 ", b"\t68", b"068", b"68,68", b"68, 68", b"\r\n 68", b"68\r\nContent-Length: 68", b"\x0068", b"68\x00",
                  b"+68", b"0x44", b"-1", b"", b"abc", b"99999999999999999999", b"6 8"):
        yield f"Content-Length {value!r}", OK + b"Connection: close\r\nContent-Length:" + value + b"\r\n\r\n" + EICAR


FAMILIES = {"chunked bodies": chunk_sizes, "labels of chunked bodies": chunked_labels, "ends of heads": header_ends,
            "content codings and their labels": content_codings, "gzip data": gzip_bodies, "status lines": status_lines,
            "lengths": lengths}


def run(agent: Path, family: str) -> List[Case]:
    responses = list(FAMILIES[family]())
    packets = []
    for port, (_, response) in enumerate(responses, FIRST_PORT):
        request = b"GET /%d HTTP/1.1\r\nHost: evader.test\r\n\r\n" % port
        packets.append(capture.conversation([(True, request), (False, response)], client=("10.0.0.1", port),
                                            time=1_700_000_000.0 + port))
    entries = {entry.client_port: entry for entry in reversed(read_capture(agent, capture.pcap(*packets), "json"))}
    cases = []
    for port, (name, _) in enumerate(responses, FIRST_PORT):
        body = entries[port].response_body or b"" if port in entries else b""
        seen = f"{body!r} {sorted(findings(entries[port]))}" if port in entries else "no transaction"
        cases.append(Case(name, [] if body == EICAR else ["the test file is not the body"], seen))
    return cases
