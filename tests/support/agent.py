"""Runs `webtap-agent read` on a capture and reads back what it wrote."""

import base64
import subprocess
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import modsec_log
from modsec_log import LogError, Transaction

TIMEOUT_SECONDS = 120


class AgentFailed(Exception):
    pass


def memory_factor(program: str) -> int:
    """How many times as much memory a sanitiser makes the program take, at most."""
    code = Path(program).read_bytes()
    return 8 if b"__tsan_init" in code else 2 if b"__asan_init" in code else 1


def run(agent: Path, capture: Path, output: Path, log_format: str = "serial", options: Optional[List[str]] = None,
        data: Optional[bytes] = None, statuses: Tuple[int, ...] = (0,)) -> "subprocess.CompletedProcess[bytes]":
    """Reads `capture`, or `data` through standard input, into `output`."""
    command = [str(agent), "read", str(capture) if data is None else "-", "-o", str(output), "--format", log_format]
    command += options or []
    done = subprocess.run(command, input=data, capture_output=True, timeout=TIMEOUT_SECONDS,
                          check=False)
    if done.returncode not in statuses:
        errors = done.stderr.decode("utf-8", "replace").strip()
        raise AgentFailed(f"exit status {done.returncode} of: {' '.join(command)}\n{errors}")
    return done


def _read_files(output: Path, reader) -> List[Transaction]:
    return [entry for path in sorted(output.rglob("*-audit.*")) if path.is_file() for entry in reader(path)]


def _read_concurrent(output: Path) -> List[Transaction]:
    indexes = [path for path in output.iterdir() if path.is_file()]
    if len(indexes) != 1:
        raise LogError(f"{output}: one index file is wanted, found {[path.name for path in indexes]}")
    data = output / "data"
    return modsec_log.read_concurrent(indexes[0], data if data.is_dir() else output)


def read_output(output: Path, log_format: str) -> List[Transaction]:
    """Every transaction that was written, in the order in which they began; a serial log is one file a host."""
    readers = {"serial": lambda: _read_files(output, modsec_log.read_serial),
               "json": lambda: _read_files(output, modsec_log.read_json_lines),
               "concurrent": lambda: _read_concurrent(output)}
    entries = readers[log_format]()
    ids: Dict[str, str] = {}
    for entry in entries:
        if entry.transaction_id in ids:
            both = f"{ids[entry.transaction_id]} and {entry.source}"
            raise LogError(f"transaction id {entry.transaction_id} is given twice: {both}")
        ids[entry.transaction_id] = entry.source
    # Several requests can come in one packet: the number at the end of the transaction id tells their order.
    return sorted(entries, key=lambda e: (e.start_microseconds or e.logged_microseconds,
                                          base64.urlsafe_b64decode(e.transaction_id)[-8:]))
