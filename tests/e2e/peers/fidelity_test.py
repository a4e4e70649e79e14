#!/usr/bin/env python3
"""Runs the peers' suites, and says in a table how often webtap agrees. Each case that differs has its reason in
differences.json, and docs/fidelity.md holds this table and these reasons.

    fidelity_test.py --agent webtap-agent            compares, and checks docs/fidelity.md
    fidelity_test.py --agent webtap-agent --write    compares, and writes the table into docs/fidelity.md

Exit status: 0 as said, 1 a case differs without a reason, or the page is not what came out, 77 the data is absent.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Dict, List, Tuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PAGE = ROOT / "docs" / "fidelity.md"
sys.path[:0] = [str(ROOT / "tests" / "support")]

import baselines  # noqa: E402  (the path comes first)
import compare  # noqa: E402
import kinds  # noqa: E402
import libhtp  # noqa: E402
from suite import Case  # noqa: E402
from test_data import find_data, skip  # noqa: E402

BEGIN, END = "<!-- written by tests/e2e/peers/fidelity_test.py -->", "<!-- end -->"
Results = List[Tuple[str, List[Case]]]


def run_all(agent: Path, data: Path) -> Results:
    excluded = compare.peers_table()["excluded"]
    results: Results = [("libhtp", libhtp.run(agent, data))]
    results += [(name, run(agent, data, excluded)) for name, run in baselines.RUNS.items()]
    results += [("HTTP-Evader", compare.run_evader(agent, data)),
                ("all captures", compare.run_captures(agent, data, []))]
    return results + [(f"own: {family}", kinds.run(agent, family)) for family in kinds.FAMILIES]


def unexplained(results: Results, reasons: Dict[str, Dict[str, str]]) -> List[str]:
    wrong = []
    for suite, cases in results:
        differs = {case.name: case for case in cases if case.wrong}
        known = reasons.get(suite, {})
        for name in sorted(set(differs) - set(known)):
            wrong.append(f"{suite}: {name} differs: {'; '.join(differs[name].wrong)[:500]}\n    {differs[name].seen[:300]}")
        wrong += [f"{suite}: {name} has a reason in differences.json, but agrees" for name in sorted(set(known) - set(differs))]
        if not cases:
            wrong.append(f"{suite}: no case was run")
    return wrong


def page_part(results: Results, reasons: Dict[str, Dict[str, str]]) -> str:
    lines = [BEGIN, "", "| suite | cases | agreed | differed |", "|---|---|---|---|"]
    for suite, cases in results:
        differed = sum(bool(case.wrong) for case in cases)
        lines.append(f"| {suite} | {len(cases)} | {len(cases) - differed} | {differed} |")
    lines += ["", "Each case that differs, and why:", "", "| suite | case | why |", "|---|---|---|"]
    for suite, _ in results:
        lines += [f"| {suite} | `{case}` | {why} |" for case, why in sorted(reasons.get(suite, {}).items())]
    return "\n".join(lines + ["", END])


def check_page(part: str, write: bool) -> List[str]:
    text = PAGE.read_text(encoding="utf-8")
    before, behind = text.partition(BEGIN)[0], text.partition(END)[2]
    if text == before + part + behind:
        return []
    if not write:
        return ["docs/fidelity.md does not say this table: run this script with --write"]
    PAGE.write_text(before + part + behind, encoding="utf-8")
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    data = find_data("pcaps")
    if data is None:  # the project's own cases need none
        results: Results = [(f"own: {family}", kinds.run(options.agent, family)) for family in kinds.FAMILIES]
        wrong = unexplained(results, {})
        print("\n".join(wrong))
        return 1 if wrong else skip("no data: set WEBTAP_TEST_DATA to the folder that holds pcaps/")
    reasons = json.loads((HERE / "differences.json").read_text(encoding="utf-8"))
    results = run_all(options.agent, data)
    wrong = unexplained(results, reasons)
    part = page_part(results, reasons)
    print(part)
    wrong += check_page(part, options.write and not wrong)
    for text in wrong:
        print(f"FAILED {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
