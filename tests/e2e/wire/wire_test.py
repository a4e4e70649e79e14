#!/usr/bin/env python3
"""What becomes of tunnels, fragments and wrong checksums, seen from outside.

    wire_test.py --agent webtap-agent          exit status: 0 passed, 1 failed

Captures of other projects are compared where the test data is there.
"""

import argparse
import base64
import hashlib
import json
import socket
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from typing import List, Optional, Tuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]

import agent as webtap  # noqa: E402  (the path comes first)
from modsec_log import Transaction  # noqa: E402
from test_data import find_data  # noqa: E402

AGENT = Path()
CLIENT, SERVER = ("192.0.2.1", 40000), ("192.0.2.80", 80)
SYN, ACK, FIN = 0x02, 0x10, 0x01
REQUEST = b"GET /good HTTP/1.1\r\nHost: wire.test\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp(source, destination, flags, sequence, acknowledgment, payload=b"") -> bytes:
    header = struct.pack(">HHIIBBHHH", source[1], destination[1], sequence, acknowledgment, 5 << 4, flags, 65535, 0, 0)
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    covered = addresses + struct.pack(">HH", 6, len(header + payload)) + header + payload
    return header[:16] + struct.pack(">H", checksum(covered)) + header[18:] + payload


def ip(source, destination, payload, identification=1, fragment=0) -> bytes:
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, 64, 6, 0)
    header += socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def damaged(packet: bytes, at: int) -> bytes:
    return packet[:at] + bytes([packet[at] ^ 0xFF]) + packet[at + 1:]


def fragments(payload: bytes, cuts: List[Tuple[int, int]], end: int) -> List[bytes]:
    """Packets of the client with the ranges of a datagram's payload that `cuts` name."""
    return [ip(CLIENT, SERVER, payload[begin:until], 7, (0x2000 if until < end else 0) | begin // 8)
            for begin, until in cuts]


def conversation(request_packets: List[bytes], request_length: int = len(REQUEST)) -> bytes:
    """A connection whose request is in the packets given, as a capture of raw IP packets."""
    acknowledged = 1001 + request_length
    packets = [ip(CLIENT, SERVER, tcp(CLIENT, SERVER, SYN, 1000, 0)),
               ip(SERVER, CLIENT, tcp(SERVER, CLIENT, SYN | ACK, 5000, 1001)),
               ip(CLIENT, SERVER, tcp(CLIENT, SERVER, ACK, 1001, 5001)), *request_packets,
               ip(SERVER, CLIENT, tcp(SERVER, CLIENT, ACK, 5001, acknowledged, RESPONSE)),
               ip(CLIENT, SERVER, tcp(CLIENT, SERVER, ACK, acknowledged, 5001 + len(RESPONSE)))]
    capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for at, packet in enumerate(packets):
        capture += struct.pack("<IIII", 1_700_000_000, 1000 * at, len(packet), len(packet)) + packet
    return capture


def read(path: Path, data: Optional[bytes] = None, options: Tuple[str, ...] = ()) -> Tuple[List[Transaction], dict]:
    with tempfile.TemporaryDirectory() as output:
        done = webtap.run(AGENT, path, Path(output), options=["--stats", "json", *options], data=data)
        return webtap.read_output(Path(output), "serial"), json.loads(done.stdout)


def request_segment(payload: bytes = REQUEST) -> bytes:
    return tcp(CLIENT, SERVER, ACK, 1001, 5001, payload)


class Checksums(unittest.TestCase):
    def setUp(self):
        # An evader's packet, which the server ignores, before the client's own.
        evil = request_segment(REQUEST.replace(b"/good", b"/evil"))
        self.tcp_wrong = conversation([ip(CLIENT, SERVER, damaged(evil, 16)), ip(CLIENT, SERVER, request_segment())])
        self.ip_wrong = conversation([damaged(ip(CLIENT, SERVER, evil), 10), ip(CLIENT, SERVER, request_segment())])

    def test_are_not_verified_unless_asked_for(self):
        for capture in (self.tcp_wrong, self.ip_wrong):
            entries, counters = read(Path("-"), capture)
            self.assertEqual([entry.target for entry in entries], [b"/evil"])
            self.assertIn(b"webtap/overlap-conflict", b"".join(entries[0].messages))
            self.assertEqual(counters["packets"]["skipped"]["bad-checksum"], 0)

    def test_that_are_wrong_leave_the_packet_out(self):
        for capture in (self.tcp_wrong, self.ip_wrong):
            entries, counters = read(Path("-"), capture, ("--checksums",))
            self.assertEqual([entry.target for entry in entries], [b"/good"])
            self.assertEqual(entries[0].messages, [])
            self.assertEqual(counters["packets"]["skipped"]["bad-checksum"], 1)
            self.assertEqual(counters["packets"]["segments"], counters["packets"]["count"] - 1)


class Fragments(unittest.TestCase):
    def test_give_the_transaction(self):
        segment = request_segment()
        cuts = [(40, len(segment)), (0, 24), (24, 40)]
        entries, counters = read(Path("-"), conversation(fragments(segment, cuts, len(segment))))
        self.assertEqual([(entry.target, entry.status, entry.messages) for entry in entries], [(b"/good", 200, [])])
        self.assertEqual(counters["fragmented-datagrams"]["reassembled"], 1)

    def test_that_overlap_and_differ_are_said_in_the_transaction(self):
        segment = request_segment()
        first = segment.replace(b"/good", b"/evil")
        packets = fragments(first, [(0, 32)], len(segment)) + fragments(segment, [(24, len(segment))], len(segment))
        entries, counters = read(Path("-"), conversation(packets))
        self.assertEqual([entry.target for entry in entries], [b"/evil"])
        self.assertEqual(len(entries[0].messages), 1)
        self.assertIn(b'[msg "Bytes came twice and differed, the first copy was kept"]', entries[0].messages[0])
        self.assertIn(b"length=4", entries[0].messages[0])
        self.assertEqual(counters["findings"], {"overlap-conflict": 1})
        self.assertEqual(counters["fragmented-datagrams"]["conflicting-bytes"], 4)

    def test_that_never_complete_are_counted(self):
        segment = request_segment()
        packets = fragments(segment, [(0, 24), (40, len(segment))], len(segment))
        entries, counters = read(Path("-"), conversation(packets))
        self.assertEqual(counters["fragmented-datagrams"]["waiting"], 1)
        self.assertEqual(counters["packets"]["skipped"]["fragment"], 2)
        self.assertEqual(counters["stream"]["gap-bytes"], len(REQUEST))
        self.assertEqual([entry.status for entry in entries], [200])


def community_id(entry: Transaction) -> str:
    """Version 1, seed 0 (https://github.com/corelight/community-id-spec)."""
    ends = sorted((socket.inet_aton(address), struct.pack(">H", port)) for address, port in (entry.client, entry.server))
    data = b"\0\0" + ends[0][0] + ends[1][0] + b"\x06\0" + ends[0][1] + ends[1][1]
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


class PeersCaptures(unittest.TestCase):
    def read(self, name: str) -> Tuple[List[Transaction], dict]:
        folder = find_data("pcaps")
        if folder is None:
            self.skipTest("the captures of other projects are absent")
        return read(folder / name)

    def test_arkime_ethernet_in_vxlan_in_erspan(self):
        entries, counters = self.read("arkime/gre-erspan-vxlan.pcap")
        expected = json.loads((find_data("pcaps") / "arkime/gre-erspan-vxlan.arkime.test.json").read_text())
        session = expected["sessions3"][0]["body"]
        self.assertEqual([community_id(entry) for entry in entries], [session["network"]["community_id"]])
        self.assertEqual([hashlib.sha256(entry.response_body).hexdigest() for entry in entries],
                         session["http"]["sha256"])
        self.assertEqual(counters["packets"]["tunnelled"], session["network"]["packets"])

    def test_suricata_vxlan_with_reserved_fields(self):
        _, counters = self.read("suricata-verify/vxlan-non-zero-reserved-fields.pcap")
        self.assertEqual(counters["packets"]["tunnelled"], 10)
        self.assertEqual(counters["connections"]["count"], 1)

    def test_suricata_ipv6_fragments_behind_a_vlan_tag(self):
        # 1000 bytes in one segment: no HTTP.
        entries, counters = self.read("suricata-verify/bug-6887-defrag-eth-vlan-ipv6-tcp.pcap")
        self.assertEqual(entries, [])
        self.assertEqual(counters["fragmented-datagrams"]["reassembled"], 1)
        self.assertEqual(counters["stream"]["bytes"], 1000)

    def test_suricata_erspan_has_two_flows(self):
        _, counters = self.read("suricata-verify/bug-5437-01.pcap")
        self.assertEqual(counters["connections"]["protocols"]["http"], 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", type=Path, required=True)
    known, rest = parser.parse_known_args()
    AGENT = known.agent
    unittest.main(argv=sys.argv[:1] + rest)
