"""The packets of a pcap file, to write them again in another way."""

import gzip
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, Optional, Tuple

ETHERNET = 1
_ORDERS = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}


@dataclass(frozen=True)
class Packet:
    seconds: int
    fraction: int
    wire_length: int
    data: bytes

    def at_time_of(self, other: "Packet") -> "Packet":
        return replace(self, seconds=other.seconds, fraction=other.fraction)

    def tagged(self) -> "Packet":
        """With a VLAN tag, if it is an Ethernet frame."""
        data = self.data[:12] + b"\x81\x00\x00\x2a" + self.data[12:]
        return replace(self, data=data, wire_length=self.wire_length + 4)

    def source(self) -> Optional[bytes]:
        """The source address of an Ethernet frame with an IP packet that has no VLAN tag."""
        places = {b"\x08\x00": (26, 30), b"\x86\xdd": (22, 38)}
        place = places.get(self.data[12:14])
        return self.data[slice(*place)] if place else None


@dataclass
class Capture:
    order: str
    header: bytes
    link_type: int
    packets: List[Packet]

    def written(self, packets: List[Packet]) -> bytes:
        records = (struct.pack(self.order + "IIII", packet.seconds, packet.fraction, len(packet.data),
                               packet.wire_length) + packet.data for packet in packets)
        return self.header + b"".join(records)


def read(path: Path) -> Capture:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    order = _ORDERS[data[:4]]
    (link_type,) = struct.unpack_from(order + "I", data, 20)
    packets, at = [], 24
    while at + 16 <= len(data):
        numbers: Tuple[int, ...] = struct.unpack_from(order + "IIII", data, at)
        seconds, fraction, captured, wire_length = numbers
        packets.append(Packet(seconds, fraction, wire_length, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return Capture(order, data[:24], link_type, packets)
