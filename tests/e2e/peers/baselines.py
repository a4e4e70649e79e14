"""What Zeek, Suricata, Arkime and nDPI wrote down of their own captures, against what webtap reads from these."""

import base64
import hashlib
import ipaddress
import json
import re
from pathlib import Path
from typing import Dict, List

import yaml

from modsec_log import Transaction
from suite import Case, findings, read_capture, request_of

# Zeek's weird.log, and which findings say the same. Names that are not here are about Zeek's own parsing.
WEIRD = {"HTTP_bad_chunk_size": {"invalid-chunk-size"},
         "HTTP_content_length_and_chunked": {"length-and-transfer-encoding"},
         "HTTP_content_length_0_and_expect_100_cont": {"expect-without-body"},
         "HTTP_chunked_multi": {"chunked-not-final", "duplicate-transfer-encoding", "unknown-transfer-coding"},
         "HTTP_response_before_request": {"no-request"},
         "bad_HTTP_request": {"invalid-request-line", "missing-version"},
         "bad_HTTP_request_with_version": {"invalid-request-line"},
         "missing_HTTP_uri": {"invalid-request-line"}}


def _summary(entries: List[Transaction]) -> str:
    return "; ".join(f"{request_of(entry)} -> {entry.status}, {len(entry.request_body or b'')} and "
                     f"{len(entry.response_body or b'')} bytes, {sorted(findings(entry))}"[:200] for entry in entries)


# --- Zeek -----------------------------------------------------------------------------------------------------------

def _zeek_rows(path: Path) -> List[Dict[str, str]]:
    """Of a log with a header of its own (#fields), or cut to columns that the first line names."""
    names: List[str] = []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if cells[0] == "#fields":
            names = cells[1:]
        elif not line.startswith("#") and not names:
            names = cells
        elif not line.startswith("#"):
            rows.append(dict(zip(names, cells)))
    return rows


def _zeek_row_of(entry: Transaction) -> Dict[str, str]:
    def text(value: bytes) -> str:
        return value.decode("utf-8", "replace") or "-"

    # A message without a status line: Zeek writes 0 where it took the bytes for HTTP/0.9, else nothing.
    return {"method": text(entry.method), "uri": text(entry.target), "status_code": str(entry.status or "-"),
            "request_body_len": str(len(entry.request_body or b"")),
            "response_body_len": str(len(entry.response_body or b""))}


def _fits(row: Dict[str, str], entry: Transaction) -> bool:
    seen = _zeek_row_of(entry)
    if row["method"] == "-" and "invalid-request-line" in findings(entry):
        seen.update({"method": "-", "uri": "-"})  # Zeek says nothing of a request line that it cannot read
    wanted = {"uri": re.sub(r"^\(empty\)$", "-", row.get("uri", "-")),
              "status_code": row.get("status_code", "-").replace("(empty)", "-")}
    if wanted["status_code"] == "0":
        wanted["status_code"] = "-"
    if seen["uri"].startswith("http://"):
        seen["uri"] = re.sub(r"^http://[^/]*", "", seen["uri"])
    return all(seen[key] == wanted.get(key, row[key]) for key in seen if key in row)


def run_zeek(agent: Path, data: Path, excluded: Dict[str, str]) -> List[Case]:
    cases = []
    for folder in sorted((data / "zeek").glob("*.baseline")):
        name = folder.name[:-len(".baseline")]
        http, weird = sorted(folder.glob("*__http.log*")), sorted(folder.glob("*__weird.log*"))
        if not http or f"zeek/{name}" in excluded:
            continue
        entries = read_capture(agent, folder.parent / name, "json")
        left, wrong = list(entries), []
        for row in _zeek_rows(http[0]):
            fit = next((entry for entry in left if _fits(row, entry)), None)
            if fit is None:
                shown = {key: row[key] for key in ("method", "uri", "status_code", "response_body_len") if key in row}
                wrong.append(f"no transaction is {shown}")
            else:
                left = [entry for entry in left if entry is not fit]
        wrong += [f"Zeek has no {request_of(entry)} -> {entry.status}" for entry in left]
        found = {name for entry in entries for name in findings(entry)}
        for row in _zeek_rows(weird[0]) if weird else []:
            if row["name"] in WEIRD and not WEIRD[row["name"]] & found:
                wrong.append(f"no finding for {row['name']}")
        cases.append(Case(name, wrong, _summary(entries)))
    return cases


# --- Suricata -------------------------------------------------------------------------------------------------------

def _suricata_fits(match: dict, entry: Transaction) -> bool:
    body = entry.response_body or b""
    protocol = (entry.request_line or b"").rsplit(b" ", 1)[-1].decode("latin-1")
    host = re.sub(r":\d*\Z", "", b"".join(entry.request_header("Host")[:1]).decode("latin-1"))
    seen = {"http.url": entry.target.decode("latin-1"), "http.status": entry.status, "http.protocol": protocol,
            "http.http_method": entry.method.decode("latin-1"), "http.hostname": host, "http.length": len(body),
            "http.status_string": (entry.status_line or b"").split(b" ")[1:2] == [b"2XX"] and "2XX",
            "dest_port": entry.server_port}
    return all(seen[key] == value for key, value in match.items() if key in seen)


def _suricata_file_fits(match: dict, entry: Transaction) -> bool:
    gaps = "body-gap" in findings(entry)
    sizes = {len(entry.request_body or b""), len(entry.response_body or b"")}
    if "fileinfo.gaps" in match and match["fileinfo.gaps"] != gaps:
        return False
    return gaps or match.get("fileinfo.size", 0) in sizes or "fileinfo.size" not in match


def run_suricata(agent: Path, data: Path, excluded: Dict[str, str]) -> List[Case]:
    cases = []
    for test in sorted((data / "suricata-verify").glob("*.test.yaml")):
        name = test.name[:-len(".test.yaml")] + ".pcap"
        if f"suricata-verify/{name}" in excluded:
            continue
        checks = [check["filter"] for check in yaml.safe_load(test.read_text(encoding="utf-8")).get("checks", [])
                  if "filter" in check]
        checks = [check for check in checks if check["match"].get("event_type") in ("http", "fileinfo")]
        if not checks:
            continue
        entries = read_capture(agent, test.parent / name, "json")
        wrong = []
        for check in checks:
            fits = _suricata_fits if check["match"]["event_type"] == "http" else _suricata_file_fits
            count = sum(fits(check["match"], entry) for entry in entries)
            if count < check["count"] if fits is _suricata_file_fits else count != check["count"]:
                wrong.append(f"{count} of {check['count']} with {check['match']}")
        cases.append(Case(name, wrong, _summary(entries)))
    return cases


# --- Arkime ---------------------------------------------------------------------------------------------------------

def community_id(entry: Transaction) -> str:
    """Version 1 with seed 0, of the addresses in part A."""
    ends = sorted((ipaddress.ip_address(ip).packed, port.to_bytes(2, "big"))
                  for ip, port in (entry.client, entry.server))
    (ip, port), (other_ip, other_port) = ends
    text = b"\0\0" + ip + other_ip + b"\x06\0" + port + other_port
    return "1:" + base64.b64encode(hashlib.sha1(text).digest()).decode()


def _arkime_session(session: dict, entries: List[Transaction]) -> List[str]:
    http, identity = session.get("http", {}), session["network"]["community_id"]
    own = [entry for entry in entries if community_id(entry) == identity]
    if not own:
        return [f"no transaction has the community id {identity}"]
    wrong = []
    methods, statuses = {entry.method.decode("latin-1") for entry in own}, {entry.status for entry in own}
    wrong += [f"no {method}" for method in http.get("method", []) if method not in methods]
    wrong += [f"no status {status}" for status in http.get("statuscode", []) if status not in statuses]
    targets = [b"".join(entry.request_header("Host")[:1]) + entry.target for entry in own]
    wrong += [f"no request for {uri}" for uri in http.get("uri", [])
              if not any(uri.encode("latin-1") in (target, target[target.find(b"/"):]) for target in targets)]
    bodies = [body for entry in own for body in (entry.request_body, entry.response_body) if body]
    hashes = {hashlib.sha256(body).hexdigest() for body in bodies}
    return wrong + [f"no body has the SHA-256 {digest}" for digest in http.get("sha256", []) if digest not in hashes]


def run_arkime(agent: Path, data: Path, excluded: Dict[str, str]) -> List[Case]:
    """A case is a session."""
    cases = []
    for test in sorted((data / "arkime").glob("*.arkime.test.json")):
        name = test.name[:-len(".arkime.test.json")] + ".pcap"
        if f"arkime/{name}" in excluded:
            continue
        entries = read_capture(agent, test.parent / name, "json")
        sessions = json.loads(test.read_text(encoding="utf-8"))["sessions3"]
        for number, session in enumerate(sessions, 1):
            wrong = _arkime_session(session["body"], entries)
            cases.append(Case(f"{name}, session {number}", wrong, _summary(entries)))
    return cases


# --- nDPI -----------------------------------------------------------------------------------------------------------

_FLOW = re.compile(r"^\t\d+\tTCP \[?(\S+?)\]?:(\d+) <?-> \[?(\S+?)\]?:(\d+) \[proto: [\d.]+/HTTP\b(.*)", re.MULTILINE)


def run_ndpi(agent: Path, data: Path, excluded: Dict[str, str]) -> List[Case]:
    """A case is a flow in which nDPI found HTTP: its addresses, and the URL as far as nDPI says it."""
    cases = []
    for test in sorted((data / "ndpi").glob("*.ndpi.out")):
        name = test.name[:-len(".ndpi.out")]
        if f"ndpi/{name}" in excluded:
            continue
        by_ends: Dict[frozenset, List[Transaction]] = {}
        for entry in read_capture(agent, test.parent / name, "json"):
            by_ends.setdefault(frozenset((entry.client, entry.server)), []).append(entry)
        flows = _FLOW.findall(test.read_text(encoding="utf-8", errors="replace"))
        for number, (ip, port, other_ip, other_port, about) in enumerate(flows, 1):
            own = by_ends.pop(frozenset(((ip, int(port)), (other_ip, int(other_port)))), [])
            url = re.search(r"\[URL: (.*?)\](?:\[|$)", about)
            path = url.group(1)[url.group(1).find("/"):] if url and "/" in url.group(1) else ""
            said = [entry.target.decode("latin-1") for entry in own]
            fits = any(path.rstrip("]") in target or target.startswith(path.split("[")[0]) for target in said)
            wrong = [] if own and (fits or not path) else [f"no request for {path[:80]!r} in {ip}:{port}"]
            cases.append(Case(f"{name}, flow {number}", wrong, _summary(own)))
        cases += [Case(f"{name}, {sorted(ends)}", ["nDPI has no such flow"], _summary(own))
                  for ends, own in by_ends.items()]
    return cases


RUNS = {"Zeek": run_zeek, "Suricata": run_suricata, "Arkime": run_arkime, "nDPI": run_ndpi}
