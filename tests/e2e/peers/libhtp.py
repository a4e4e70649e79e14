"""libhtp's transcripts: a block `>>>` is what the client sends, `<<<` the server, `><>` and `<><` are bytes that are
lost. Each becomes a connection of one capture; the facts are those that libhtp's own tests assert of it."""

import csv
import re
import tarfile
from pathlib import Path
from typing import Dict, List

import capture
from modsec_log import Transaction
from suite import Case, findings, read_capture, request_of

FIRST_PORT = 20_000
_MARK = re.compile(rb"^(>>>|<<<|><>|<><)\r?\n", re.MULTILINE)
_FACT = re.compile(r"tx(\d+)\.([a-z_]+)(?:\[([^\]]+)\])?(\(\))?(!?=)(.*)\Z", re.DOTALL)

# libhtp's flags, and which findings say the same.
SMUGGLING = {"length-and-transfer-encoding", "conflicting-content-length", "duplicate-content-length"}
FLAGS = {"HOST_MISSING": {"missing-host"}, "HOST_AMBIGUOUS": {"host-differs-from-target", "duplicate-host"},
         "HOSTH_INVALID": {"invalid-host"}, "REQUEST_SMUGGLING": SMUGGLING,
         "REQUEST_INVALID_C_L": {"invalid-content-length"}, "REQUEST_INVALID_T_E": {"unknown-transfer-coding"},
         "REQUEST_MISSING_BYTES": {"body-gap"}, "RESPONSE_MISSING_BYTES": {"body-gap"}}


def messages(transcript: bytes) -> list:
    """As capture.conversation() takes them. The line end before a mark belongs to the mark."""
    marks = list(_MARK.finditer(transcript))
    blocks = []
    for mark, following in zip(marks, marks[1:] + [None]):
        text = transcript[mark.end():following.start() if following else len(transcript)]
        if following:
            text = re.sub(rb"\r?\n\Z", b"", text)
        kind = mark.group(1)
        blocks.append((kind[:1] == b">", len(text) if kind in (b"><>", b"<><") else text))
    return [(from_client, data) for from_client, data in blocks if data]


def _value(text: str) -> str:
    text = text.strip()
    if text[:1] in "\"'":
        text = text[1:-1]
    return text.replace('\\"', '"').replace("\\\\0", "\0").replace("\\0", "\0")


def _simple(entry: Transaction, what: str):
    body = {"request": entry.request_body, "response": entry.response_body}[what.split("_")[0]] or b""
    status = (entry.status_line or b"").split(b" ", 2)
    return {"request_method": entry.method.decode("latin-1"), "request_uri": entry.target.decode("latin-1"),
            "response_status": str(entry.status), "request_entity_len": str(len(body)),
            "response_message": status[2].decode("latin-1") if len(status) == 3 else "",
            "response_entity_len": str(len(body))}.get(what)


def _header_values(headers: list, name: str) -> List[str]:
    """A bare CR ends a line for libhtp, and white space of any kind may stand before the colon."""
    lines = [line for key, value in headers for line in (key + b":" + value).split(b"\r")]
    pairs = [line.decode("latin-1").partition(":")[::2] for line in lines]
    return [value for key, value in pairs if key.strip().lower() == name.lower()]


def check_fact(entries: List[Transaction], fact: str) -> List[str]:
    """Nothing, or how the fact is not so; facts about libhtp's own inner state are no facts here."""
    count = re.fullmatch(r"tx_count=(\d+)", fact)
    if count:
        return [] if len(entries) == int(count.group(1)) else [f"{len(entries)} transactions, not {count.group(1)}"]
    evader = re.match(r"tx0\.evader_(request|response|chunked)\(tx(?:, \"([^\"]+)\")?\)", fact)
    if evader:
        facts = {"request": [f'tx0.request_uri="{evader.group(2)}"'], "response": ["tx0.response_status=200"],
                 "chunked": ["tx0.response_entity_len=68"]}[evader.group(1)]
        return [wrong for each in facts for wrong in check_fact(entries, each)]
    match = _FACT.match(fact)
    if not match:
        return []
    number, what, index, _, operator, value = match.groups()
    if int(number) >= len(entries):
        return [f"there is no transaction {number}"]
    entry, value = entries[int(number)], _value(value)
    if what == "flag":
        if value not in FLAGS:
            return []
        found = bool(FLAGS[value] & set(findings(entry)))
        return [] if found == (operator == "=") else [f"flag {operator} {value}, findings {sorted(findings(entry))}"]
    if what in ("request_header", "response_header"):
        seen = _header_values(entry.request_headers if what == "request_header" else entry.response_headers, index)
        joined = ["".join(text.lower().split()) for text in (value, ",".join(seen))]  # libhtp folds in its own way
        return [] if joined[0] in joined[1] else [f"{what} {index} is {seen}, not {value!r}"]
    if not what.startswith(("request_", "response_")):
        return []
    seen = _simple(entry, what)
    return [] if seen is None or seen == value else [f"{what} is {seen!r}, not {value!r}"]


def _facts(data: Path) -> Dict[str, List[str]]:
    """Of each transcript; where several of libhtp's tests use it with different settings, of the first."""
    facts: Dict[str, List[str]] = {}
    with (data / "libhtp-transcripts.expected.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(row) > 2 and row[0] != "test" and row[2]:
                facts.setdefault(row[1], row[2].split(" ; "))
    return facts


def _transcripts(data: Path) -> Dict[str, bytes]:
    with tarfile.open(data / "libhtp-transcripts.tar") as tar:
        files = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
        return {name: file.read() for name, file in sorted(files, key=lambda pair: pair[0])
                if file and not name.endswith((".gz", ".empty"))}


def run(agent: Path, data: Path) -> List[Case]:
    transcripts, facts = _transcripts(data), _facts(data)
    packets, ports = [], {}
    for port, (name, text) in enumerate(transcripts.items(), FIRST_PORT):
        ports[port] = name
        packets.append(capture.conversation(messages(text), client=("10.0.0.1", port), time=1_700_000_000.0 + port))
    entries: Dict[str, List[Transaction]] = {name: [] for name in transcripts}
    for entry in read_capture(agent, capture.pcap(*packets), "json"):
        entries[ports[entry.client_port]].append(entry)
    cases = []
    for name in transcripts:
        wrong = [text for fact in facts.get(name, []) for text in check_fact(entries[name], fact)]
        if not entries[name] and any(messages(transcripts[name])):
            wrong.append("no transaction")
        seen = "; ".join(f"{request_of(entry)} -> {entry.status} {sorted(findings(entry))}"[:200] for entry in entries[name])
        cases.append(Case(name, wrong, seen))
    return cases
