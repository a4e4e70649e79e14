#!/usr/bin/env python3
"""A mirror of both ports of a path delivers each packet twice, and may tag the copies, or one direction, with a
VLAN: the entries are the same then, but for their ids and boundaries.

    mirror_test.py --agent webtap-agent        exit status: 0 passed, 1 failed, 77 the test data is absent
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Dict, List

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]

import agent as webtap  # noqa: E402  (the path comes first)
from pcap_packets import ETHERNET, Capture, Packet, read  # noqa: E402
from test_data import require_data  # noqa: E402

CAPTURES = """
arkime/gre-erspan-vxlan.pcap arkime/tcp-reassembly-synthetic.pcap arkime/wireshark-retrans.pcap
ndpi/http-lines-split.pcap packetbeat/gap_in_stream.pcap packetbeat/http_minitwit.pcap
pcapplusplus/four_ipv6_http_streams.pcap pcapplusplus/frag_http_req.pcap pcapplusplus/one_http_stream_rst.pcap
suricata-verify/bug-3286-03-windows-evasion.pcap suricata-verify/http-async.pcap
suricata-verify/http-gap-double.pcap suricata-verify/http-ipv6.pcap suricata-verify/tcp-fastopen-01.pcap
suricata-verify/tcp-rst-unacked-stream-05-http-nogap.pcap suricata-verify/vxlan-non-zero-reserved-fields.pcap
wireshark-wiki/http-chunked-gzip.pcap zeek/http__pipelined-requests.pcap zeek/http-qinq-0.pcap
zeek/mixed-vlan-mpls.pcap zeek/tcp__handshake-reorder.pcap
""".split()


def doubled(packets: List[Packet], later: int, tagged: bool = False) -> List[Packet]:
    """Each packet a second time, `later` packets behind its own place."""
    result = []
    for at, packet in enumerate(packets):
        result.append(packet)
        if at >= later:
            copy = packets[at - later].at_time_of(packet)
            result.append(copy.tagged() if tagged else copy)
    for packet in packets[max(0, len(packets) - later):]:
        copy = packet.at_time_of(packets[-1])
        result.append(copy.tagged() if tagged else copy)
    return result


def one_direction_tagged(packets: List[Packet]) -> List[Packet]:
    tagged_source = next((packet.source() for packet in packets if packet.source()), None)
    return [packet.tagged() if packet.source() == tagged_source else packet for packet in packets]


def variants(capture: Capture) -> Dict[str, List[Packet]]:
    packets = capture.packets
    result = {f"each packet again, {later} later": doubled(packets, later) for later in range(4)}
    if capture.link_type == ETHERNET:
        result["each packet again, tagged"] = doubled(packets, 1, tagged=True)
        result["one direction tagged"] = one_direction_tagged(packets)
    return result


def entries_of(agent: Path, data: bytes) -> List[dict]:
    with tempfile.TemporaryDirectory() as output:
        webtap.run(agent, Path("-"), Path(output), data=data)
        entries = [asdict(entry) for entry in webtap.read_output(Path(output), "serial")]
    for entry in entries:
        del entry["transaction_id"], entry["source"]
    return entries


def difference(original: List[dict], changed: List[dict]) -> str:
    if len(original) != len(changed):
        return f"{len(changed)} entries instead of {len(original)}"
    for before, after in zip(original, changed):
        for name, value in before.items():
            if after[name] != value:
                return f"{before['request_line']!r}: {name} was {value!r}, is {after[name]!r}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", type=Path, required=True)
    options = parser.parse_args()
    data = require_data("pcaps")
    compared, failed = 0, 0
    for name in CAPTURES:
        capture = read(data / name)
        original = entries_of(options.agent, capture.written(capture.packets))
        if not original:
            print(f"DIFFERS {name}: no entry to compare with")
            failed += 1
        for what, packets in variants(capture).items():
            wrong = difference(original, entries_of(options.agent, capture.written(packets)))
            compared += 1
            if wrong:
                print(f"DIFFERS {name}, {what}: {wrong}")
                failed += 1
    print(f"{compared} captures as mirrors deliver them, {failed} differ")
    return 1 if failed or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
