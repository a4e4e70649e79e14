"""Reads ModSecurity 2.9 audit logs: native serial, JSON lines, and concurrent storage.

The tests' own reader: it shares no code with the reader in lib/modsec, so that a mistake in one of them shows
as a difference instead of being made twice. It is strict on purpose. What it cannot read is a LogError with the
byte offset, never a guess.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

Header = Tuple[bytes, bytes]

_START = re.compile(rb"--([0-9A-Za-z@_-]+)-A--\n")
_A_LINE = re.compile(rb"\[([^\]]+)\] (\S+) (\S*) (\d+) (\S*) (\d+)\Z")
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))? [+-]{1,2}\d\d-?\d\d\Z")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class LogError(Exception):
    pass


@dataclass
class Transaction:
    """One entry. A part that the entry does not have is None; an empty part is b""."""

    time: str = ""
    transaction_id: str = ""
    client_ip: str = ""
    client_port: int = 0
    server_ip: str = ""
    server_port: int = 0
    request_line: Optional[bytes] = None
    request_headers: List[Header] = field(default_factory=list)
    request_body: Optional[bytes] = None
    status_line: Optional[bytes] = None  # b"HTTP/1.1 200 OK"; b"" where part F is there and empty
    response_headers: List[Header] = field(default_factory=list)
    response_body: Optional[bytes] = None
    form_fields: Optional[bytes] = None  # part I
    uploads: Optional[List[Tuple[int, int, bytes]]] = None  # part J: number (0 in JSON, which has none), size, name
    messages: List[bytes] = field(default_factory=list)
    trailer: Dict[str, List[bytes]] = field(default_factory=dict)  # lines of part H: key -> values, in order
    parts: str = ""  # letters in the order of the entry
    source: str = ""  # file, and where in it
    sequence: int = 0  # JSON alone: the events' order

    @property
    def client(self) -> Tuple[str, int]:
        return (self.client_ip, self.client_port)

    @property
    def server(self) -> Tuple[str, int]:
        return (self.server_ip, self.server_port)

    @property
    def method(self) -> bytes:
        return (self.request_line or b"").split(b" ", 1)[0]

    @property
    def target(self) -> bytes:
        """The request line between the first space and the last one before the version."""
        rest = (self.request_line or b"").partition(b" ")[2]
        target, space, version = rest.rpartition(b" ")
        return target if space and version.startswith(b"HTTP/") else rest

    @property
    def status(self) -> Optional[int]:
        """The status code; None where no number is said."""
        for word in (self.status_line or b"").split(b" ")[:2]:
            if re.fullmatch(rb"\d{3}", word):
                return int(word)
        return None

    @property
    def start_microseconds(self) -> Optional[int]:
        """Arrival of the request: Stopwatch's first number."""
        for value in self.trailer.get("Stopwatch", []):
            return int(value.split()[0])
        return None

    @property
    def logged_microseconds(self) -> int:
        match = _TIME.match(self.time)
        if not match:
            raise LogError(f"{self.source}: time '{self.time}' cannot be read")
        day, month, year, hour, minute, second, fraction = match.groups()
        when = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second),
                        tzinfo=timezone.utc)
        return int(when.timestamp()) * 1_000_000 + int(fraction or 0)

    def request_header(self, name: str) -> List[bytes]:
        return header_values(self.request_headers, name)

    def response_header(self, name: str) -> List[bytes]:
        return header_values(self.response_headers, name)


def header_values(headers: List[Header], name: str) -> List[bytes]:
    wanted = name.lower().encode()
    return [value for key, value in headers if key.lower() == wanted]


def split_header(line: bytes) -> Header:
    """The value without the white space around it, which is no part of it (RFC 9112, section 5)."""
    name, _, value = line.partition(b":")
    return name, value.strip(b" \t")


def _head_lines(text: bytes) -> List[bytes]:
    return text.split(b"\n")[:-1] if text.endswith(b"\n") else (text.split(b"\n") if text else [])


def _headers(lines: List[bytes]) -> List[Header]:
    headers: List[Header] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and headers:
            # An obsolete fold: the line goes on the one above (RFC 9112, section 5.2).
            name, value = headers[-1]
            headers[-1] = (name, (value + b" " + line.strip(b" \t")).strip(b" \t"))
        else:
            headers.append(split_header(line))
    return headers


_UPLOAD = re.compile(rb'(\d+),(\d+),"((?:[^"\\]|\\.)*)","<Unknown ContentType>"\Z')


def _uploads(entry: Transaction, content: bytes) -> List[Tuple[int, int, bytes]]:
    lines = _head_lines(content)
    matches = [_UPLOAD.match(line) for line in lines[:-1]]
    if not lines or not all(matches):
        raise LogError(f"{entry.source}: part J cannot be read: {content[:200]!r}")
    found = [(int(match.group(1)), int(match.group(2)), match.group(3)) for match in matches if match]
    if lines[-1] != b"Total,%d" % sum(size for _, size, _ in found):
        raise LogError(f"{entry.source}: part J has another total: {content[-200:]!r}")
    return found


def _fill_part(entry: Transaction, letter: str, content: bytes) -> None:
    if letter == "B":
        lines = _head_lines(content)
        entry.request_line = lines[0] if lines else b""
        entry.request_headers = _headers(lines[1:])
    elif letter == "C":
        entry.request_body = content
    elif letter == "F":
        lines = _head_lines(content)
        entry.status_line = lines[0] if lines else b""
        entry.response_headers = _headers(lines[1:])
    elif letter == "E":
        entry.response_body = content
    elif letter == "I":
        entry.form_fields = content
    elif letter == "J":
        entry.uploads = _uploads(entry, content)
    elif letter == "H":
        for line in _head_lines(content):
            key, _, value = line.partition(b": ")
            entry.trailer.setdefault(key.decode("latin-1"), []).append(value)
        entry.messages = entry.trailer.get("Message", [])


def _fill_a_line(entry: Transaction, line: bytes) -> None:
    match = _A_LINE.match(line)
    if not match:
        raise LogError(f"{entry.source}: part A cannot be read: {line[:200]!r}")
    texts = [group.decode("latin-1") for group in match.groups()]
    entry.time, entry.transaction_id, entry.client_ip, entry.server_ip = texts[0], texts[1], texts[2], texts[4]
    entry.client_port, entry.server_port = int(texts[3]), int(texts[5])


def _entry_at(data: bytes, start: "re.Match[bytes]", source: str) -> Tuple[Transaction, int]:
    """The entry whose first boundary is `start`, and the offset behind its last one."""
    entry = Transaction(source=f"{source}:{start.start()}")
    boundary = re.compile(rb"\n--" + re.escape(start.group(1)) + rb"-([A-Z])--(?=\n)")
    letter, position = "A", start.end()
    while True:
        match = boundary.search(data, position - 1)
        if not match:
            raise LogError(f"{entry.source}: the entry has no end (part {letter} is open)")
        content = data[position:match.start()]
        if letter == "A":
            _fill_a_line(entry, content)
        else:
            _fill_part(entry, letter, content)
        entry.parts += letter
        letter, position = match.group(1).decode(), match.end() + 1
        if letter in entry.parts:
            raise LogError(f"{entry.source}: part {letter} comes twice")
        if letter == "Z":
            entry.parts += "Z"
            return entry, position


def parse_native(data: bytes, source: str = "") -> Iterator[Transaction]:
    position = 0
    while position < len(data):
        start = _START.match(data, position)
        if not start:
            raise LogError(f"{source}: no entry begins at byte {position}: {data[position:position + 60]!r}")
        entry, position = _entry_at(data, start, source)
        yield entry
        if data[position:position + 1] == b"\n":  # the blank line between the entries of a serial file
            position += 1


def read_serial(path: Path) -> List[Transaction]:
    return list(parse_native(path.read_bytes(), path.name))


def _member(pairs, name, default=None):
    """The value of a member. Objects are read as lists of pairs: names may come twice."""
    return next((value for key, value in pairs or [] if key == name), default)


class _Object(list):
    """A JSON object as its pairs, to tell it from an array."""


class _Root:
    """The object of a line, and how its strings stand for bytes. ModSecurity writes all bytes as they are; webtap
    writes valid UTF-8, and in its own member "webtap" lists the strings that are no UTF-8: those are written as
    the characters with the bytes' numbers (ISO 8859-1)."""

    def __init__(self, line: bytes):
        self.members = json.loads(line.decode("latin-1"), object_pairs_hook=_Object, strict=False)
        self.webtap = _member(self.members, "webtap")
        self.is_raw = self.webtap is None
        if not self.is_raw:
            self.members = json.loads(line.decode("utf-8"), object_pairs_hook=_Object)
            self.webtap = _member(self.members, "webtap")
        self.latin1 = set(_member(self.webtap, "latin1") or [])

    def bytes_of(self, text: str, path: str) -> bytes:
        return text.encode("latin-1" if self.is_raw or path in self.latin1 else "utf-8")

    def head_of(self, side: str) -> Optional[bytes]:
        """A head that does not fit ModSecurity's members is there as it was on the wire."""
        head = _member(_member(self.webtap, side), "head")
        return None if head is None else self.bytes_of(head, f"webtap.{side}.head").replace(b"\r\n", b"\n")


def parse_json_line(line: bytes, source: str = "") -> Transaction:
    try:
        root = _Root(line)
    except ValueError as error:  # no JSON, or no UTF-8
        raise LogError(f"{source}: {error}") from error
    entry = Transaction(source=source)
    about = _member(root.members, "transaction")
    entry.time, entry.transaction_id = _member(about, "time"), _member(about, "transaction_id")
    entry.client_ip, entry.client_port = _member(about, "remote_address"), _member(about, "remote_port")
    entry.server_ip, entry.server_port = _member(about, "local_address"), _member(about, "local_port")
    _fill_json_request(entry, root)
    _fill_json_response(entry, root)
    uploads = _member(root.members, "uploads")
    if uploads is not None:
        files = _member(uploads, "info")
        entry.uploads = [(0, _member(file, "file_size"), root.bytes_of(_member(file, "file_name"), "uploads"))
                         for file in files]
    audit = _member(root.members, "audit_data") or []
    entry.messages = [root.bytes_of(text, "audit_data.messages") for text in _member(audit, "messages") or []]
    for key, value in audit:
        if isinstance(value, str):
            entry.trailer[key] = [root.bytes_of(value, f"audit_data.{key}")]
    if _member(root.webtap, "started") is not None:
        entry.trailer["Stopwatch"] = [b"%d" % _member(root.webtap, "started")]
    entry.sequence = _member(root.webtap, "sequence", 0)
    return entry


def _json_headers(root: _Root, side: str) -> List[Header]:
    headers: List[Header] = []
    path = f"{side}.headers"
    for name, value in _member(_member(root.members, side), "headers") or []:
        values = value if isinstance(value, list) and not isinstance(value, _Object) else [value]
        headers += [(root.bytes_of(name, path), root.bytes_of(one, path)) for one in values]
    return headers


def _fill_json_request(entry: Transaction, root: _Root) -> None:
    request, head = _member(root.members, "request"), root.head_of("request")
    if head is not None:
        _fill_part(entry, "B", head)
    elif _member(request, "request_line") is not None:
        entry.request_line = root.bytes_of(_member(request, "request_line"), "request.request_line")
        entry.request_headers = _json_headers(root, "request")
    body = _member(request, "body")
    entry.request_body = None if body is None else root.bytes_of("".join(body), "request.body")
    fake = _member(request, "fake_body")
    entry.form_fields = None if fake is None else root.bytes_of(fake, "request.fake_body")


def _fill_json_response(entry: Transaction, root: _Root) -> None:
    response, head = _member(root.members, "response"), root.head_of("response")
    status = _member(response, "status")
    if head is not None:
        _fill_part(entry, "F", head)
    elif status is not None:
        reason = _member(_member(root.webtap, "response"), "reason")
        entry.status_line = root.bytes_of(_member(response, "protocol", ""), "response.protocol") + b" %d" % status
        if reason is not None:
            entry.status_line += b" " + root.bytes_of(reason, "webtap.response.reason")
        entry.response_headers = _json_headers(root, "response")
    body = _member(response, "body")
    entry.response_body = None if body is None else root.bytes_of(body, "response.body")


def read_json_lines(path: Path) -> List[Transaction]:
    lines = path.read_bytes().split(b"\n")
    if lines and lines[-1]:
        raise LogError(f"{path.name}: the last line has no end")
    return [parse_json_line(line, f"{path.name}:{number}") for number, line in enumerate(lines[:-1], 1)]


_INDEX_END = re.compile(rb' (\S+) "((?:[^"\\]|\\.)*)" (/\S+) (\d+) (\d+) md5:([0-9a-f]{32})(?: L| )?\Z')


def read_concurrent(index: Path, storage: Path) -> List[Transaction]:
    """The entries in the index's order. Size, MD5 and transaction id of each line must be those of its file,
    and no entry file may be missing from the index."""
    entries, seen = [], set()
    for number, line in enumerate(index.read_bytes().splitlines(), 1):
        match = _INDEX_END.search(line)
        if not match:
            raise LogError(f"{index.name}:{number}: cannot be read: {line[:200]!r}")
        transaction_id, path = match.group(1).decode(), match.group(3).decode().lstrip("/")
        data = (storage / path).read_bytes()
        if len(data) != int(match.group(5)):
            raise LogError(f"{index.name}:{number}: says {int(match.group(5))} bytes, {path} has {len(data)}")
        if hashlib.md5(data).hexdigest().encode() != match.group(6):
            raise LogError(f"{index.name}:{number}: MD5 differs from that of {path}")
        found = list(parse_native(data, path))
        if [entry.transaction_id for entry in found] != [transaction_id]:
            raise LogError(f"{index.name}:{number}: {path} does not hold transaction {transaction_id} alone")
        seen.add(path)
        entries += found
    files = [path for path in storage.rglob("*") if re.match(r"\d{8}-\d{6}-.", path.name) and path.is_file()]
    stored = {str(path.relative_to(storage)) for path in files}
    if stored != seen:
        raise LogError(f"{index.name}: files without a line: {sorted(stored - seen)[:5]}")
    return entries

