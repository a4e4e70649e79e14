"""What the peers' suites share: a case and how it came out, and reading a capture with webtap."""

import gzip
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Union

import agent as webtap
from modsec_log import Transaction


@dataclass
class Case:
    name: str
    wrong: List[str]  # how it differs from what the peer says; nothing where it agrees
    seen: str = ""    # what came out, for people


def findings(entry: Transaction) -> dict:
    """Names of the findings that the entry's messages say -> their severity."""
    found = {}
    for message in entry.messages:
        name = re.search(rb'\[tag "webtap/([a-z0-9.-]+)"\]', message)
        severity = re.search(rb'\[severity "([A-Z]+)"\]', message)
        if name:
            found[name.group(1).decode()] = severity.group(1).decode() if severity else ""
    return found


def request_of(entry: Transaction) -> Optional[str]:
    if entry.request_line is None:
        return None
    return f"{entry.method.decode('latin-1')} {entry.target.decode('latin-1')}"


def read_capture(agent: Path, source: Union[Path, bytes], log_format: str = "serial") -> List[Transaction]:
    """The transactions of a capture file, or of the bytes of one; of JSON, in the order in which webtap made them."""
    with tempfile.TemporaryDirectory() as output:
        data = source if isinstance(source, bytes) else None
        if data is None and source.suffix == ".gz":
            data = gzip.decompress(source.read_bytes())
        path = Path("-") if isinstance(source, bytes) else source
        # Some captures are damaged on purpose: then the agent says so with status 1, and what it read counts.
        webtap.run(agent, path, Path(output), log_format, data=data, statuses=(0, 1))
        entries = webtap.read_output(Path(output), log_format)
        return sorted(entries, key=lambda entry: entry.sequence)
