"""Compares what ModSecurity inside Apache logged with what webtap made of the same traffic on the wire.

The wire is the truth. ModSecurity sees requests and responses a few steps inside the server, so some differences
are right. Each of them is a function here, with its reason; everything else must agree to the byte.
"""

import re
import zlib
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from fresh_server import LENIENT_PORT
from modsec_log import Header, Transaction, header_values

# Apache's output filters add or change these after ModSecurity has logged part F. The values on the wire are
# compared where ModSecurity has the field too, but for lengths that a later filter changed.
ADDED_LATER = {b"date", b"server", b"connection", b"keep-alive", b"transfer-encoding", b"content-encoding",
               b"content-length"}


@dataclass
class Report:
    matched: int = 0
    differences: List[str] = field(default_factory=list)
    missing: List[str] = field(default_factory=list)  # logged by ModSecurity, not by webtap
    wire_only: List[Transaction] = field(default_factory=list)
    request_bodies: int = 0   # bodies that were compared and are not empty
    response_bodies: int = 0
    forms: int = 0            # multipart forms whose fields or files were compared
    used: Dict[str, int] = field(default_factory=dict)  # allowed difference -> how often it was needed

    def allow(self, why: str) -> None:
        self.used[why] = self.used.get(why, 0) + 1

    @property
    def ok(self) -> bool:
        return not self.differences and not self.missing


@dataclass
class Rules:
    """How the server that wrote the log was configured."""

    inspected: List[bytes]  # SecResponseBodyMimeType
    json_log: bool = False  # SecAuditLogFormat JSON


def describe(entry: Transaction) -> str:
    line = (entry.request_line or b"(no request)")[:100]
    return f"{entry.client_ip}:{entry.client_port} {line!r} -> {entry.status}"


# --- requests ---------------------------------------------------------------------------------------------------


def merge_repeated(headers: List[Header], report: Report) -> List[Header]:
    """Apache joins fields of one name into the first of them (RFC 9110, section 5.3)."""
    merged: Dict[bytes, List[bytes]] = {}
    names: Dict[bytes, bytes] = {}
    for name, value in headers:
        merged.setdefault(name.lower(), []).append(value)
        names.setdefault(name.lower(), name)
    if len(merged) != len(headers):
        report.allow("repeated request fields are merged")
    return [(names[key], b", ".join(values).strip(b" \t")) for key, values in merged.items()]


def drop_content_length(headers: List[Header], report: Report) -> List[Header]:
    """With Transfer-Encoding, Apache drops Content-Length (RFC 9112, section 6.3)."""
    if header_values(headers, "Transfer-Encoding") and header_values(headers, "Content-Length"):
        report.allow("Content-Length is dropped beside Transfer-Encoding")
        return [header for header in headers if header[0].lower() != b"content-length"]
    return headers


def host_of_target(headers: List[Header], wire: Transaction, report: Report) -> List[Header]:
    """The host of an absolute target takes the place of the Host field (RFC 9112, section 3.2.2), in lower case and
    without user information; but not with HttpProtocolOptions Unsafe."""
    absolute = re.match(rb"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)", wire.target)
    given = header_values(headers, "Host")
    if not absolute or given == [absolute.group(1).lower()] or wire.server[1] == LENIENT_PORT:
        return headers
    report.allow("the host of an absolute target replaces Host")
    return [(name, absolute.group(1).lower() if name.lower() == b"host" else value) for name, value in headers]


def stops_early(wire: Transaction) -> bool:
    """Fewer bytes came than Content-Length says, and Apache answered 400 or not at all."""
    length = b"".join(wire.request_header("Content-Length"))
    return wire.status in (400, None) and length.isdigit() and len(wire.request_body or b"") < int(length)


def answered_early(wire: Transaction) -> bool:
    """Apache answers what it redirects, forbids or cannot decode before ModSecurity reads the request's body."""
    path = wire.target.split(b"?")[0]
    if wire.status in (302, 403):
        return True
    if wire.status == 400 and re.search(rb"%(?![0-9A-Fa-f]{2})|%2e%2e", path, re.IGNORECASE):
        return True
    return wire.status == 404 and re.search(rb"%2f|%00", path, re.IGNORECASE) is not None


def unzipped(body: bytes) -> bytes:
    """As far as it goes: a wrong Content-Length may have cut it off."""
    try:
        return zlib.decompressobj(31).decompress(body)
    except zlib.error:
        return body


def compare_request(logged: Transaction, wire: Transaction, report: Report) -> List[str]:
    wrong = []
    if logged.request_line != wire.request_line:
        wrong.append(f"request line: {logged.request_line!r}, on the wire {wire.request_line!r}")
    seen = merge_repeated(wire.request_headers, report)
    seen = drop_content_length(seen, report)
    seen = host_of_target(seen, wire, report)
    if logged.request_headers != seen:
        wrong.append(f"request fields: {difference(logged.request_headers, seen)}")
    body, wire_body = logged.request_body or b"", wire.request_body or b""
    encoding = b", ".join(wire.request_header("Content-Encoding")).lower()
    if encoding == b"gzip" and body != wire_body:
        # ModSecurity logs a request body as it came; webtap decodes it.
        report.allow("a coded request body is decoded")
        body = unzipped(body)
    if not body and stops_early(wire):
        report.allow("the client went away within the request body, which ModSecurity then does not keep")
    elif not body and wire_body and answered_early(wire):
        report.allow("Apache answered before ModSecurity read the request's body")
    elif body != wire_body:
        wrong.append(f"request body: {body_difference(body, wire_body)}")
    elif body:
        report.request_bodies += 1
    return wrong


# --- multipart forms --------------------------------------------------------------------------------------------


def is_plain_form(wire: Transaction) -> bool:
    """As browsers send it, to the letter. At anything else ModSecurity may give the body up."""
    content_type = b", ".join(wire.request_header("Content-Type"))
    match = re.fullmatch(rb'multipart/form-data; boundary="?([0-9A-Za-z\'()+_,./:=?-]+)"?', content_type)
    if not match:
        return False
    name = rb'"[^"\\\0\r\n]*"'
    head = (rb"Content-Disposition: form-data; name=" + name + rb"(?:; filename=" + name + rb")?(\r?\n)"
            rb"(?:Content-Type: [^\r\n]*\r?\n)?\r?\n")
    delimiter, parts = b"--" + match.group(1), b"\n" + (wire.request_body or b"")
    first, *rest = re.split(rb"\r?\n" + re.escape(delimiter) + rb"(?=-?-?\r?\n|--\Z)", parts)
    if first or not rest or not rest[-1].startswith(b"--"):
        return False
    return all(re.match(rb"\r?\n" + head, part) and delimiter not in part for part in rest[:-1])


def compare_form_parts(logged: Transaction, wire: Transaction, report: Report) -> List[str]:
    if logged.form_fields is None and logged.uploads is None:
        return []
    if not logged.request_body:  # as compare_request() allows or not
        return []
    if wire.request_header("Content-Encoding"):
        report.allow("ModSecurity finds no form in a coded body")
        return []
    # ModSecurity's texts end at a NUL.
    fields = re.sub(rb"%00[^&]*", b"", wire.form_fields or b"")
    uploads = wire.uploads or []
    theirs, files = logged.form_fields or b"", logged.uploads or []
    if not all(number for number, _, _ in uploads + files):  # JSON has no numbers
        uploads, files = [[(0, size, name) for _, size, name in each] for each in (uploads, files)]
    report.forms += 1 if fields or uploads else 0
    if (logged.form_fields is None or theirs == fields) and (logged.uploads is None or files == uploads):
        return []
    if not is_plain_form(wire) and (fields + b"&").startswith(theirs) and files == uploads[:len(files)]:
        report.allow("ModSecurity gives a multipart body up at what it does not like: its fields are the first ones")
        return []
    return [f"form: {theirs[:300]!r} {files}, on the wire {fields[:300]!r} {uploads}"]


# --- responses --------------------------------------------------------------------------------------------------


def compare_status(logged: Transaction, wire: Transaction) -> List[str]:
    # ModSecurity's JSON has the status without its reason phrase.
    same = logged.status_line in (wire.status_line, (wire.status_line or b"")[:12])
    if same or (not logged.status_line and not wire.status_line):  # HTTP/0.9: neither has a status line
        return []
    return [f"status line: {logged.status_line!r}, on the wire {wire.status_line!r}"]


def length_was_changed(wire: Transaction) -> bool:
    """A filter behind ModSecurity compressed the body, or cut a range out of it, and so changed its length."""
    return bool(wire.response_header("Content-Encoding")) or wire.status == 206


def compare_response_headers(logged: Transaction, wire: Transaction, report: Report) -> List[str]:
    def lasting(headers: List[Header]) -> List[Header]:
        return [(name, value) for name, value in headers if name.lower() not in ADDED_LATER]

    wrong = []
    ours, theirs = lasting(wire.response_headers), lasting(logged.response_headers)
    if ours != theirs:
        wrong.append(f"response fields: {difference(theirs, ours)}")
    for name in sorted(ADDED_LATER):
        ours, theirs = wire.response_header(name.decode()), logged.response_header(name.decode())
        if not ours or not theirs or ours == theirs:
            continue
        if name == b"content-length" and length_was_changed(wire):
            report.allow("Content-Length is that of the body before a later filter")
        else:
            wrong.append(f"response field {name.decode()}: {theirs}, on the wire {ours}")
    return wrong


def range_of(wire: Transaction, whole: bytes) -> bytes:
    """The part of `whole` that a 206 carries: of one range, or of several (RFC 9110, sections 14.4 and 14.6)."""
    match = re.fullmatch(rb"bytes (\d+)-(\d+)/(\d+)", b"".join(wire.response_header("Content-Range")))
    if match:
        return whole[int(match.group(1)):int(match.group(2)) + 1] if int(match.group(3)) == len(whole) else b""
    boundary = re.search(rb"multipart/byteranges; boundary=(\S+)", b"".join(wire.response_header("Content-Type")))
    if not boundary:
        return b""
    delimiter, built = b"\r\n--" + boundary.group(1), b""
    part = re.escape(delimiter) + rb"\r\n(?:[^\r]+\r\n)*?Content-range: bytes (\d+)-(\d+)/\d+\r\n\r\n"
    for match in re.finditer(part, wire.response_body or b"", re.IGNORECASE):
        built += match.group(0) + whole[int(match.group(1)):int(match.group(2)) + 1]
    return built + delimiter + b"--\r\n"


def expected_response_body(logged: Transaction, wire: Transaction, rules: Rules, report: Report) -> Optional[bytes]:
    """The body on the wire as ModSecurity's part E says; None where part E says nothing of it."""
    whole = logged.response_body
    if wire.method == b"HEAD" or wire.status in (204, 304):
        if whole:
            report.allow("part E holds the body that HEAD, 204 and 304 do not send")
        return b""
    if wire.status == 400 and stops_early(wire) and whole != wire.response_body:
        report.allow("part E holds the answer that Apache gave up for a 400, as the body did not come")
        return None
    if wire.status == 416:
        report.allow("part E holds the file of which a 416 sends nothing")
        return None
    content_type = b"".join(logged.response_header("Content-Type")).split(b";")[0].strip()
    if not whole and not wire.response_body:
        return b""
    if not whole and content_type not in rules.inspected:
        report.allow(f"ModSecurity does not keep bodies of type {content_type.decode()}")
        return None
    length = b"%d" % len(whole or b"")
    if wire.status == 206 and rules.json_log and logged.response_header("Content-Length") != [length]:
        report.allow("a JSON string stops at a NUL before the range")
        return None
    if wire.status == 206 and wire.response_header("Content-Encoding"):
        report.allow("a range of a coded body")
        return None
    if wire.status == 206:
        report.allow("part E holds the whole file of a 206")
        return range_of(wire, whole or b"")
    return whole or b""


def compare_response_body(logged: Transaction, wire: Transaction, rules: Rules, report: Report) -> List[str]:
    expected, body = expected_response_body(logged, wire, rules, report), wire.response_body or b""
    if expected is None:
        return []
    if body != expected:
        return [f"response body: {body_difference(expected, body)}"]
    report.response_bodies += 1 if body else 0
    return []


# --- both -------------------------------------------------------------------------------------------------------


def difference(logged: List[Header], wire: List[Header]) -> str:
    only_logged = [header for header in logged if header not in wire]
    only_wire = [header for header in wire if header not in logged]
    if not only_logged and not only_wire:
        return f"another order or count: {logged}, on the wire {wire}"
    return f"only in ModSecurity's log {only_logged}, only on the wire {only_wire}"


def body_difference(logged: bytes, wire: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(logged, wire)) if a != b), min(len(logged), len(wire)))
    return (f"{len(logged)} bytes, on the wire {len(wire)}, first difference at {at}: "
            f"{logged[at:at + 40]!r}, on the wire {wire[at:at + 40]!r}")


def compare_times(logged: Transaction, wire: Transaction) -> List[str]:
    """Both read one machine's clock. A request begins on the wire before Apache has read its first line, and by
    no more than a slow client's pauses; it is over before ModSecurity logs it."""
    began, apache_began = wire.start_microseconds, logged.start_microseconds or logged.logged_microseconds
    if began is not None and not -10_000 <= apache_began - began <= 10_000_000:
        return [f"time of the request: Apache's is {apache_began - began} microseconds later than the wire's"]
    return []


def cut_at_nul(wire: Transaction) -> Transaction:
    """ModSecurity's JSON strings stop at the first NUL."""
    copy = Transaction(**vars(wire))
    copy.request_body = None if wire.request_body is None else wire.request_body.split(b"\0")[0]
    copy.response_body = None if wire.response_body is None else wire.response_body.split(b"\0")[0]
    return copy


def compare_pair(logged: Transaction, wire: Transaction, rules: Rules, report: Report) -> None:
    wrong = []
    if rules.json_log:
        wire = cut_at_nul(wire)
    if logged.server != wire.server:
        wrong.append(f"server address: {logged.server}, on the wire {wire.server}")
    wrong += compare_times(logged, wire)
    wrong += compare_request(logged, wire, report)
    wrong += compare_form_parts(logged, wire, report)
    wrong += compare_status(logged, wire)
    wrong += compare_response_headers(logged, wire, report)
    wrong += compare_response_body(logged, wire, rules, report)
    report.matched += 1
    report.differences += [f"{describe(logged)}: {text}" for text in wrong]


Pair = Tuple[Transaction, Transaction]


def match_connection(logged: List[Transaction], wire: List[Transaction]) -> Tuple[List[Pair], List[Transaction],
                                                                                List[Transaction]]:
    """Pairs the transactions of one connection, in order: what ModSecurity logged is a part of what the wire has.
    Requests that one packet carried begin at one time, and webtap may have written them to the files of several
    hosts: among those, the order is not known."""
    pairs, missing, left, reached = [], [], list(wire), 0
    for entry in logged:
        found = next((other for other in left if other.request_line == entry.request_line and
                      (other.start_microseconds or other.logged_microseconds) >= reached), None)
        if found is None:
            missing.append(entry)
            continue
        reached = found.start_microseconds or found.logged_microseconds
        left = [other for other in left if other is not found]
        pairs.append((entry, found))
    return pairs, missing, left


def by_client(entries: List[Transaction]) -> Dict[Tuple[str, int], List[Transaction]]:
    groups: Dict[Tuple[str, int], List[Transaction]] = {}
    for entry in entries:
        groups.setdefault(entry.client, []).append(entry)
    return groups


def compare(logged: List[Transaction], wire: List[Transaction], rules: Rules) -> Report:
    """`logged` in the order in which ModSecurity wrote it, `wire` in the order in which transactions began."""
    report = Report()
    ours, theirs = by_client(wire), by_client(logged)
    for client, entries in theirs.items():
        pairs, missing, left = match_connection(entries, ours.pop(client, []))
        report.missing += [describe(entry) for entry in missing]
        report.wire_only += left
        for pair in pairs:
            compare_pair(*pair, rules, report)
    report.wire_only += [entry for entries in ours.values() for entry in entries]
    return report
