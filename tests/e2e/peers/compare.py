#!/usr/bin/env python3
"""Compares webtap's reading of other projects' captures with what is expected of each, which is written down in
expected.json: what the project that made the capture says of it, or what TShark says where that project is silent.

    compare.py --agent webtap-agent [CAPTURE...]      all captures, or those whose name contains one of the words
    compare.py --agent webtap-agent --evader          the HTTP-Evader captures: each hides the EICAR test file

Exit status: 0 all as expected, 1 some differ, 77 the test data is absent.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import List

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]

import agent as webtap  # noqa: E402  (the path comes first)
from modsec_log import LogError, Transaction  # noqa: E402
from suite import Case, findings, read_capture, request_of  # noqa: E402
from test_data import require_data  # noqa: E402

EICAR_SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
EICAR_SIZE = 68


def describe(entry: Transaction) -> str:
    body = entry.response_body or b""
    return (f"{(request_of(entry) or '(no request)')[:120]} -> {entry.status}, request body "
            f"{len(entry.request_body or b'')}, response body {len(body)} {hashlib.sha256(body).hexdigest()[:16]}, "
            f"{sorted(findings(entry))}")


def mismatch(expected: dict, entry: Transaction) -> List[str]:
    """Where the entry is not as expected; what `expected` does not say is not compared."""
    body = entry.response_body or b""
    seen = {"request": request_of(entry), "status": entry.status, "request_body": len(entry.request_body or b""),
            "response_body": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    wrong = [f"{key}: expected {expected[key]}, got {value}" for key, value in seen.items()
             if key in expected and value != expected[key]]
    found, wanted = findings(entry), expected.get("findings", [])
    wrong += [f"finding {name} is missing" for name in wanted if name not in found]
    # A loss or a contradiction that nobody expects is a false alarm.
    tolerated = set(wanted) | set(expected.get("may_find", []))
    wrong += [f"finding {name} is not expected" for name, severity in sorted(found.items())
              if severity == "ERROR" and name not in tolerated]
    return wrong


def compare_transactions(expected: List[dict], entries: List[Transaction], others: bool) -> List[str]:
    """Each expected transaction takes the first entry that fits; what is left must be nothing, or `others`."""
    left, unmet, wrong = list(entries), [], []
    for one in expected:
        fit = next((index for index, entry in enumerate(left) if not mismatch(one, entry)), None)
        if fit is None:
            unmet.append(one)
        else:
            del left[fit]
    for one in unmet:
        near = next((entry for entry in left if request_of(entry) == one.get("request", request_of(entry))), None)
        text = json.dumps(one)[:200]
        if near is None:
            wrong.append(f"missing: {text}")
        else:
            left = [entry for entry in left if entry is not near]
            wrong.append(f"{text}: {'; '.join(mismatch(one, near))}; got {describe(near)}")
    if not others:
        wrong += [f"not expected: {describe(entry)}" for entry in left]
    return wrong


def compare_tally(expected: dict, entries: List[Transaction]) -> List[str]:
    wrong = []
    if "count" in expected and len(entries) != expected["count"]:
        wrong.append(f"expected {expected['count']} transactions, got {len(entries)}")
    statuses = Counter(str(entry.status) for entry in entries)
    if "statuses" in expected and statuses != Counter(expected["statuses"]):
        wrong.append(f"expected statuses {expected['statuses']}, got {dict(statuses)}")
    if "requests_sha256" in expected:
        lines = sorted(request_of(entry) or "" for entry in entries)
        digest = hashlib.sha256("\n".join(lines).encode("latin-1")).hexdigest()
        if digest != expected["requests_sha256"]:
            wrong.append("the request lines are not those expected")
    return wrong


def compare_capture(agent: Path, path: Path, expected: dict) -> List[str]:
    try:
        entries = read_capture(agent, path)
    except (webtap.AgentFailed, LogError) as error:
        return [str(error)]
    wrong = compare_tally(expected.get("tally", {}), entries)
    if "transactions" in expected:
        wrong += compare_transactions(expected["transactions"], entries, expected.get("others", False))
    return wrong


def peers_table() -> dict:
    return json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


def run_captures(agent: Path, data: Path, words: List[str]) -> List[Case]:
    """Every capture, against what is expected of it; a capture that nobody knows, or that is gone, is wrong."""
    table = peers_table()
    present = {str(path.relative_to(data)) for path in data.glob("*/*")
               if re.search(r"\.(pcap|pcapng|cap)(\.gz)?$", path.name) and path.parent.name != "http-evader"}
    known = set(table["captures"]) | set(table["excluded"])
    cases = [Case(name, ["neither expected nor excluded"]) for name in sorted(present - known)]
    cases += [Case(name, ["is not in the data"]) for name in sorted(known - present)]
    names = [name for name in table["captures"] if name in present]
    chosen = [name for name in names if not words or any(word in name for word in words)]
    return cases + [Case(name, compare_capture(agent, data / name, table["captures"][name])) for name in chosen]


def holds_eicar(body: bytes, with_junk: bool) -> bool:
    """The body is the EICAR test file; with 68 bytes of junk behind it in the cases that expected.json names."""
    junk = body[EICAR_SIZE:]
    if junk if not with_junk else (len(junk) != EICAR_SIZE or set(junk.lower()) != set(b"x")):
        return False
    return hashlib.sha256(body[:EICAR_SIZE]).hexdigest() == EICAR_SHA256


def run_evader(agent: Path, data: Path) -> List[Case]:
    junk = peers_table()["evader_with_junk"]
    folder = data / "http-evader"
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as table:
        known = [(row["case"], row["request_uri(technique)"]) for row in csv.DictReader(table)]
    cases = []
    for case, technique in known:
        try:
            entries = read_capture(agent, folder / f"{case}.pcap")
        except (webtap.AgentFailed, LogError) as error:
            cases.append(Case(case, [f"{technique}: {error}"]))
            continue
        found = any(holds_eicar(entry.response_body or b"", case in junk) for entry in entries)
        seen = "; ".join(map(describe, entries)) or "no transaction"
        cases.append(Case(case, [] if found else [f"{technique}: the test file is not found"], seen))
    return cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", type=Path, required=True)
    parser.add_argument("--evader", action="store_true")
    parser.add_argument("words", nargs="*", metavar="CAPTURE")
    options = parser.parse_args()
    data = require_data("pcaps")
    cases = run_evader(options.agent, data) if options.evader else run_captures(options.agent, data, options.words)
    for case in cases:
        print(f"{'DIFFERS' if case.wrong else 'ok     '} {case.name}")
        for text in case.wrong:
            print(f"        {text}")
    failed = sum(bool(case.wrong) for case in cases)
    print(f"{len(cases)} captures compared, {failed} differ")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
