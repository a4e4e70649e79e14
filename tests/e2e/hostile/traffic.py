"""Hostile traffic as captures: many packets, made fast. A capture is bytes, or pieces of them; each function takes how much
of it is wanted.

    traffic.py NAME AMOUNT FILE      writes one of them; FILE may be - for standard output
"""

import random
import struct
import sys
import zlib
from array import array
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Tuple, Union

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support")]

from capture import HEADER  # noqa: E402  (the path comes first)

SYN, ACK, FIN, RST = 0x02, 0x10, 0x01, 0x04
START = 1_700_000_000
SERVER = 0x0A000002
_RECORD = struct.Struct("<IIII")
_FRAME = struct.Struct(">12sHBBHHHBBHIIHHIIBBHHH")
PIECE = 16_000


def packet(index: int, source: Tuple[int, int], destination: Tuple[int, int], flags: int, sequence: int,
           acknowledgment: int = 0, payload: bytes = b"", step: int = 10) -> bytes:
    """The packet `index`; they follow one another after `step` microseconds."""
    seconds, micros = divmod(index * step, 1_000_000)
    size = 54 + len(payload)
    return _RECORD.pack(START + seconds, micros, size, size) + _FRAME.pack(
        b"\x02" * 12, 0x0800, 0x45, 0, size - 14, 0, 0, 64, 6, 0, source[0], destination[0], source[1], destination[1],
        sequence & 0xFFFFFFFF, acknowledgment & 0xFFFFFFFF, 5 << 4, flags, 65535, 0, 0) + payload


class Connection:
    """One connection whose segments are given by their position in the stream."""

    def __init__(self, port: int = 40_000, client: int = 0x0A000001, first: int = 0):
        self.client, self.server = (client, port), (SERVER, 80)
        self.index = first
        self.packets: List[bytes] = []
        self.sent = {True: 0, False: 0}
        self._send(True, SYN, -1)
        self._send(False, SYN | ACK, -1)

    def _send(self, from_client: bool, flags: int, at: int, payload: bytes = b"") -> None:
        ends = (self.client, self.server) if from_client else (self.server, self.client)
        base, other = (1000, 5000) if from_client else (5000, 1000)
        self.packets.append(packet(self.index, *ends, flags, base + at, other + self.sent[not from_client], payload))
        self.index += 1

    def at(self, from_client: bool, position: int, payload: bytes) -> None:
        self._send(from_client, ACK, position, payload)
        self.sent[from_client] = max(self.sent[from_client], position + len(payload))

    def say(self, from_client: bool, payload: bytes, piece: int = PIECE) -> "Connection":
        for begin in range(0, len(payload), piece):
            self.at(from_client, self.sent[from_client], payload[begin:begin + piece])
        return self

    def end(self) -> bytes:
        self._send(True, ACK | FIN, self.sent[True])
        self.sent[True] += 1
        self._send(False, ACK | FIN, self.sent[False])
        return HEADER + b"".join(self.packets)


GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def syn_flood(count: int) -> bytes:
    return HEADER + b"".join(packet(i, (0x0B000000 + i, 1024 + i % 60_000), (SERVER, 80), SYN, i) for i in range(count))


def half_open(count: int) -> bytes:
    packets = []
    for i in range(count):
        client = (0x0B000000 + i, 1024 + i % 60_000)
        packets.append(packet(2 * i, client, (SERVER, 80), SYN, i))
        packets.append(packet(2 * i + 1, (SERVER, 80), client, SYN | ACK, i, i + 1))
    return HEADER + b"".join(packets)


def hosts(count: int) -> bytes:
    connection = Connection()
    for i in range(count):
        connection.say(True, b"GET / HTTP/1.1\r\nHost: h%d.test\r\n\r\n" % i)
        connection.say(False, OK + b"Content-Length: 0\r\n\r\n")
    return connection.end()


def header_lines(size: int) -> bytes:
    return Connection().say(True, b"GET / HTTP/1.1\r\n" + b"X-Header: 0123456789abcdef\r\n" * (size // 28)).end()


def header_line(size: int) -> bytes:
    return Connection().say(True, b"GET / HTTP/1.1\r\nX-Header: " + b"x" * size).end()


def request_line(size: int) -> bytes:
    return Connection().say(True, b"GET /" + b"x" * size).end()


def status_line(size: int) -> bytes:
    return Connection().say(True, GET).say(False, b"HTTP/1.1 200 " + b"x" * size).end()


def no_line_at_all(size: int) -> bytes:
    return Connection().say(True, GET).say(False, OK + b"\r\n").say(True, GET).say(False, b"x" * size).end()


def chunked(body: bytes) -> bytes:
    return Connection().say(True, GET).say(False, OK + b"Transfer-Encoding: chunked\r\n\r\n" + body).end()


def chunks(size: int) -> bytes:
    return chunked(b"1\r\nx\r\n" * (size // 6))


def chunk_extension(size: int) -> bytes:
    return chunked(b"5;" + b"x" * size)


def broken_chunks(size: int) -> bytes:
    return chunked(b"1\r\nx\r\nzz\r\n" + b"no chunk\r\n" * (size // 10))


def trailers(size: int) -> bytes:
    return chunked(b"0\r\n" + b"X-Trailer: 0123456789\r\n" * (size // 23))


def coded(label: bytes, body: bytes) -> bytes:
    head = OK + b"Content-Encoding: " + label + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    return Connection().say(True, GET).say(False, head + body).end()


def gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blocks = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(size >> 20))
    return coded(b"gzip", blocks + packer.flush())


def nested_bomb(size: int) -> bytes:
    body = b"\0" * size
    for _ in range(3):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
    return coded(b"gzip, gzip, gzip", body)


def zstd_bomb(size: int) -> bytes:
    """RLE blocks (RFC 8878, section 3.1.1.2): 4 bytes stand for 128 KiB of zeros."""
    block = (2 | (128 << 10) << 3).to_bytes(3, "little") + b"\0"
    return coded(b"zstd", b"\x28\xb5\x2f\xfd\x00\x58" + block * (size >> 17) + b"\x01\x00\x00")


def _one_byte_segments(count: int, order: Callable[[List[int]], Iterable[int]]) -> bytes:
    connection = Connection().say(True, GET)
    head = OK + b"Content-Length: %d\r\n\r\n" % count
    connection.say(False, head)
    for position in order(list(range(count))):
        connection.at(False, len(head) + position, b"x")
    return connection.end()


def bytes_in_order(count: int) -> bytes:
    return _one_byte_segments(count, lambda positions: positions)


def bytes_reversed(count: int) -> bytes:
    return _one_byte_segments(count, reversed)


def bytes_shuffled(count: int) -> bytes:
    def shuffled(positions: List[int]) -> List[int]:
        random.Random(1).shuffle(positions)
        return positions

    return _one_byte_segments(count, shuffled)


def _column(block: bytearray, offset: int, stride: int, numbers: Iterable[int], big_endian: bool) -> None:
    """Writes 32-bit numbers into a block of equal records, one a record."""
    column = array("I", numbers)
    if big_endian == (sys.byteorder == "little"):
        column.byteswap()
    values = column.tobytes()
    for i in range(4):
        block[offset + i::stride] = values[i::4]


def byte_by_byte(count: int) -> Iterator[bytes]:
    """As bytes_in_order, for any number of segments: in pieces, so that nobody holds all of it."""
    connection = Connection().say(True, GET)
    connection.say(False, OK + b"Content-Length: %d\r\n\r\n" % count)
    first, begin = connection.index, connection.sent[False]
    yield HEADER + b"".join(connection.packets)
    connection.packets.clear()
    segment = packet(0, connection.server, connection.client, ACK, 0, 1000 + connection.sent[True], b"x")
    for done in range(0, count, 1 << 16):
        number = min(1 << 16, count - done)
        block = bytearray(segment * number)
        times = range((first + done) * 10, (first + done + number) * 10, 10)  # microseconds
        _column(block, 0, len(segment), (START + time // 1_000_000 for time in times), False)
        _column(block, 4, len(segment), (time % 1_000_000 for time in times), False)
        sequence = 5000 + begin + done
        _column(block, 54, len(segment), ((sequence + i) & 0xFFFFFFFF for i in range(number)), True)
        yield block
    connection.index, connection.sent[False] = first + count, begin + count
    yield connection.end()[len(HEADER):]


def pipelined(count: int) -> bytes:
    return Connection().say(True, GET * count).end()


def overlaps(count: int) -> bytes:
    """Segments over segments, each with other bytes, ahead of a hole."""
    connection = Connection().say(True, GET).say(False, OK + b"Content-Length: 1000000\r\n\r\n")
    base = connection.sent[False]
    for i in range(count):
        connection.at(False, base + 1 + i * 7 % 50_000, bytes([i & 0xFF]) * 100)
    return connection.end()


def gaps(count: int) -> bytes:
    connection = Connection().say(True, GET).say(False, OK + b"Content-Length: %d\r\n\r\n" % (count * 20))
    base = connection.sent[False]
    for i in range(count):
        connection.at(False, base + i * 20, b"x" * 10)
    return connection.end()


ALL: Dict[str, Callable[[int], Union[bytes, Iterator[bytes]]]] = {function.__name__: function for function in (
    syn_flood, half_open, hosts, header_lines, header_line, request_line, status_line, no_line_at_all, chunks,
    chunk_extension, broken_chunks, trailers, gzip_bomb, nested_bomb, zstd_bomb, bytes_in_order, bytes_reversed,
    bytes_shuffled, byte_by_byte, pipelined, overlaps, gaps)}

if __name__ == "__main__":
    made = ALL[sys.argv[1]](int(sys.argv[2]))
    with sys.stdout.buffer if sys.argv[3] == "-" else open(sys.argv[3], "wb") as output:
        for piece in [made] if isinstance(made, bytes) else made:
            output.write(piece)
