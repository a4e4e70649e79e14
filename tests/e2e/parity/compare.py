#!/usr/bin/env python3
"""Compares ModSecurity's own audit log with webtap's reading of the same traffic.

    compare.py --agent webtap-agent NAME                         a recorded pair of the test data
    compare.py --agent webtap-agent --capture X.pcap --log X.log [--kind serial|json|concurrent] [--storage DIR]

Exit status: 0 all agree, 1 they differ, 77 the test data is absent.
"""

import argparse
import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import List, Optional

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]

import agent as webtap  # noqa: E402  (the path comes first)
import modsec_log  # noqa: E402
import parity  # noqa: E402
from modsec_log import Transaction  # noqa: E402
from test_data import require_data  # noqa: E402

FORMATS = ("serial", "concurrent", "json")


def read_modsec(kind: str, log: Path, storage: Optional[Path]) -> List[Transaction]:
    if kind == "json":
        return modsec_log.read_json_lines(log)
    if kind == "concurrent":
        return modsec_log.read_concurrent(log, storage or log.parent)
    return modsec_log.read_serial(log)


def content(entry: Transaction):
    """What must not depend on the format in which it is written."""
    return (entry.client, entry.server, entry.request_line, entry.request_headers, entry.request_body or b"",
            entry.form_fields, entry.uploads and [upload[1:] for upload in entry.uploads],
            entry.status_line or b"", entry.response_headers, entry.response_body or b"", entry.messages)


def disagreements(readings: dict) -> List[str]:
    """Differences between webtap's own formats."""
    wrong = []
    reference = sorted(map(content, readings["serial"]), key=repr)
    for name in FORMATS[1:]:
        other = sorted(map(content, readings[name]), key=repr)
        if len(other) != len(reference):
            wrong.append(f"--format serial has {len(reference)} transactions, --format {name} has {len(other)}")
        for ours, theirs in zip(reference, other):
            differing = [f"{a!r:.300} / {b!r:.300}" for a, b in zip(ours, theirs) if a != b]
            if differing:
                wrong.append(f"--format serial and --format {name} differ on {ours[0]} {ours[2]!r}: {differing[0]}")
    return wrong


def show(report: parity.Report, log_format: str) -> None:
    print(f"--format {log_format}: {report.matched} transactions of ModSecurity's log found, "
          f"{report.request_bodies} request and {report.response_bodies} response bodies compared, "
          f"{report.forms} multipart forms")
    for why, count in sorted(report.used.items()):
        print(f"  allowed {count:3} x {why}")
    for entry in report.wire_only:
        print(f"  only on the wire: {parity.describe(entry)}")
    for text in report.missing:
        print(f"  MISSING {text}")
    for text in report.differences:
        print(f"  DIFFERS {text}")


def unmet(report: parity.Report, expected: dict, wire_only: List[str]) -> List[str]:
    """Where the comparison itself was not the one that the recorded pair must give."""
    wrong = []
    for name, value in (("transactions", report.matched), ("request_bodies", report.request_bodies),
                        ("response_bodies", report.response_bodies)):
        if value != expected[name]:
            wrong.append(f"{name} compared: {value}, expected {expected[name]}")
    found = sorted((entry.request_line or b"").decode("latin-1") for entry in report.wire_only)
    if found != sorted(wire_only):
        wrong.append(f"only on the wire: {found}, expected {sorted(wire_only)}")
    return wrong


def compare_all_formats(agent: Path, capture: Path, logged: List[Transaction], rules: parity.Rules,
                        work: Path, check) -> bool:
    readings, ok = {}, True
    for log_format in FORMATS:
        output = work / log_format
        webtap.run(agent, capture, output, log_format, ["--parts", "ABCEFHIJZ"])
        readings[log_format] = webtap.read_output(output, log_format)
        report = parity.compare(logged, readings[log_format], rules)
        show(report, log_format)
        wrong = check(report)
        for text in wrong:
            print(f"  UNEXPECTED {text}")
        ok = ok and report.ok and not wrong
    for text in disagreements(readings):
        print(f"  DIFFERS {text}")
        ok = False
    return ok


def compare_recorded(agent: Path, name: str, work: Path) -> bool:
    data = require_data("modsec-parity")
    expected = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    kind, log, storage = "serial", data / f"{name}.log", None
    if name == "json":
        kind, log = "json", data / "json.jsonl"
    elif name == "concurrent":
        kind, log, storage = "concurrent", data / "concurrent-index.log", work / "storage" / "data"
        with tarfile.open(data / "concurrent-storage.tar") as archive:
            archive.extractall(work / "storage")
    rules = parity.Rules([text.encode() for text in expected["inspected"]], kind == "json")
    logged = read_modsec(kind, log, storage)
    return compare_all_formats(agent, data / f"{name}.pcap", logged, rules, work,
                               lambda report: unmet(report, expected["pairs"][name], expected["wire_only"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", type=Path, required=True)
    parser.add_argument("--capture", type=Path)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--kind", choices=FORMATS, default="serial")
    parser.add_argument("--storage", type=Path)
    parser.add_argument("--inspected", default="text/plain,text/html,application/json")
    parser.add_argument("name", nargs="?", choices=("serial", "concurrent", "json", "crs"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if options.name:
            return 0 if compare_recorded(options.agent, options.name, Path(work)) else 1
        if not options.capture or not options.log:
            parser.error("either a recorded pair's name, or --capture and --log")
        rules = parity.Rules(options.inspected.encode().split(b","), options.kind == "json")
        logged = read_modsec(options.kind, options.log, options.storage)
        return 0 if compare_all_formats(options.agent, options.capture, logged, rules, Path(work),
                                        lambda report: []) else 1


if __name__ == "__main__":
    sys.exit(main())
