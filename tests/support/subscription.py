"""A subscriber that knows the bytes of docs/wire.md, and no more of them than it needs: many fit into one program."""

import asyncio
import hashlib
import ssl
import struct
import time


def _varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _block(field, data):
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _framed(payload):
    return struct.pack(">I", len(payload)) + payload


def subscribe(name="", bodies=True):
    """From the earliest on, without compression."""
    text = b"\x08\x01" + (_block(4, name.encode()) if name else b"") + b"\x2a\x02\x08\x01" + b"\x40\x01" * bodies
    return _framed(_block(1, text))


def ack(position):
    return _framed(_block(4, b"\x08" + _varint(position)))


def fields(data):
    """(number, value) of a message: an int, or bytes."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = number()
        value = number()
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value


def tls_context(certificates, name="client"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates.path("ca.pem"))
    context.load_cert_chain(certificates.path(f"{name}.pem"), certificates.path(f"{name}.key"))
    context.set_alpn_protocols(["webtap/1"])
    return context


class Subscription:
    """What came: the number of events, the last position, a digest of all, the gaps and when they came."""

    def __init__(self):
        self.events = 0
        self.position = 0
        self.digest = hashlib.sha256()
        self.gaps = []  # (when, from, to, count)
        self.error = ""

    async def open(self, port, context, name=""):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, ssl=context,
                                                                 server_hostname="localhost", ssl_handshake_timeout=300)
        self.writer.write(subscribe(name))
        await self.take_one()
        self._beats = asyncio.create_task(self._beat())

    async def _beat(self):
        """It is there, whether it reads or not."""
        while True:
            await asyncio.sleep(5)
            self.writer.write(_framed(_block(7, b"")))

    async def take_one(self):
        """One frame; its kind's field number."""
        size, = struct.unpack(">I", await self.reader.readexactly(4))
        (kind, frame), = fields(await self.reader.readexactly(size))
        if kind == 3:
            self._take_batch(frame)
        elif kind == 5:
            gap = dict(fields(frame))
            assert gap[1] > self.position, "out of order"
            self.gaps.append((time.monotonic(), gap[1], gap[2], gap.get(3, 0)))
            self.position = gap[2]
        elif kind == 6:
            self.position = max(self.position, dict(fields(frame))[1])
        elif kind == 9:
            self.error = dict(fields(frame)).get(2, b"").decode()
            raise ConnectionError(self.error)
        return kind

    def _take_batch(self, batch):
        for _, entries in fields(batch):
            for _, entry in fields(entries):
                values = dict(fields(entry))
                assert values[1] > self.position, "out of order"
                self.position = values[1]
                self.digest.update(values[2])
                self.events += 1

    async def take(self, done):
        while not done(self):
            await self.take_one()
        self.writer.write(ack(self.position))
        await self.writer.drain()

    async def close(self):
        self._beats.cancel()
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass
