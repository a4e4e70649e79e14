"""Hostile traffic against the whole program: it ends well, in time and memory that grow no faster than the traffic, writes
nothing outside of its output folder, and lets no control byte through to file names and terminals.

    hostile_test.py webtap-agent [unittest's options]

WEBTAP_HOSTILE_SCALE, a number, makes everything that much larger.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Optional, Union

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]

import agent as webtap  # noqa: E402  (the path comes first)
import capture  # noqa: E402

AGENT = ""
SCALE = float(os.environ.get("WEBTAP_HOSTILE_SCALE", "1"))
MIB = 1 << 20
PIPED = {"byte_by_byte"}  # larger than a disk should hold
FLOOR_SECONDS = 1.0  # of processor time: what is faster proves nothing
FILE_NAME = re.compile(r"(?:_nohost|_invalid|_other|[a-z0-9][a-z0-9._-]*)-audit\.log\Z")


@dataclass
class Outcome:
    status: int
    seconds: float  # of processor time
    memory: int     # bytes, at most
    stats: dict
    errors: bytes
    output: Path


class HostileTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="webtap-hostile-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.runs = 0

    def read(self, path: Union[Path, str], *options: str, source: Optional[IO[bytes]] = None) -> Outcome:
        self.runs += 1
        output = self.folder / f"out{self.runs}"
        # The quarantine of freed blocks is the sanitiser's, not the program's.
        sanitiser = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        with open(self.folder / "stdout", "wb+") as out, open(self.folder / "stderr", "wb+") as errors:
            child = subprocess.Popen([AGENT, "read", str(path), "-o", str(output), "--stats", "json", *options],
                                     stdin=source, stdout=out, stderr=errors, env=dict(os.environ, ASAN_OPTIONS=sanitiser))
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            text, said = out.read(), errors.read()
        self.assertEqual(child.returncode, 0, said[-2000:])
        self.assertIsNone(re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said), said[:2000])
        return Outcome(child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, json.loads(text),
                       said, output)

    def read_traffic(self, name: str, amount: int, *options: str) -> Outcome:
        # Made by another process: the memory of a process before it starts the agent would count as the agent's.
        path = self.folder / "capture.pcap"
        command = [sys.executable, "-B", str(HERE / "traffic.py"), name, str(amount)]
        if name in PIPED:
            with subprocess.Popen([*command, "-"], stdout=subprocess.PIPE) as maker:
                outcome = self.read("-", *options, source=maker.stdout)
            self.assertEqual(maker.returncode, 0)
            return outcome
        subprocess.run([*command, str(path)], check=True)
        try:
            return self.read(path, *options)
        finally:
            path.unlink()

    def twice(self, name: str, amount: int, memory: int, *options: str) -> Outcome:
        """Reads so much of the traffic, and then twice as much; gives the outcome of the latter."""
        amount = int(amount * SCALE)
        once, double = self.read_traffic(name, amount, *options), self.read_traffic(name, 2 * amount, *options)
        print(f"{name} x {2 * amount}: {once.seconds:.2f} s, {double.seconds:.2f} s, {double.memory // MIB} MiB")
        self.assertLessEqual(double.seconds, 3 * once.seconds + FLOOR_SECONDS, f"{name}: time is not linear")
        factor = webtap.memory_factor(AGENT)
        allowed = memory * factor + (SANITISED_LIBRARIES if factor > 1 else 0)
        self.assertLessEqual(double.memory, allowed, f"{name}: memory")
        self.assertLessEqual({path.name for path in self.folder.iterdir()}, {"stdout", "stderr", "out1", "out2"})
        return double

    def body(self, outcome: Outcome) -> bytes:
        entries = webtap.read_output(outcome.output, "serial")
        self.assertEqual(len(entries), 1)
        return entries[0].response_body or b""


SANITISED_LIBRARIES = 8 * MIB  # what they take at rest beyond twice of what they take otherwise
BASE = 40 * MIB  # the program and its queue of events, at rest some 15 MiB


class Connections(HostileTest):
    """A record of 256 bytes each, and their table."""

    def test_syn_flood(self) -> None:
        outcome = self.twice("syn_flood", 40_000, BASE + int(80_000 * SCALE) * 600)
        self.assertEqual(outcome.stats["connections"]["count"], int(40_000 * SCALE) * 2)
        self.assertEqual(outcome.stats["events"]["made"], 0)

    def test_half_open(self) -> None:
        outcome = self.twice("half_open", 40_000, BASE + int(80_000 * SCALE) * 600)
        self.assertEqual(outcome.stats["connections"]["count"], int(40_000 * SCALE) * 2)

    def test_hosts(self) -> None:
        outcome = self.twice("hosts", 5_000, BASE + 80 * MIB)
        self.assertEqual(outcome.stats["events"]["written"], int(5_000 * SCALE) * 2)
        self.assertEqual(outcome.stats["events"]["files"], 1_001)  # --max-hosts, and the others'

    def test_hosts_with_a_file_each(self) -> None:
        outcome = self.twice("hosts", 3_000, BASE + 80 * MIB, "--max-hosts", "1000000")
        self.assertEqual(outcome.stats["events"]["files"], int(3_000 * SCALE) * 2)

    def test_pipelined_requests_without_responses(self) -> None:
        outcome = self.twice("pipelined", 20_000, BASE + 40 * MIB)
        self.assertEqual(outcome.stats["transactions"]["evicted"], int(20_000 * SCALE) * 2 - 1024)
        self.assertEqual(outcome.stats["events"]["written"], int(20_000 * SCALE) * 2)


class Endless(HostileTest):
    """Nothing of a message is held beyond 64 KiB of a head and --max-body of a body."""

    def endless(self, name: str, finding: str, megabytes: int = 12) -> None:
        outcome = self.twice(name, megabytes * MIB, BASE)
        self.assertEqual(outcome.stats["findings"].get(finding), 1, outcome.stats["findings"])
        self.assertEqual(outcome.stats["events"]["written"], outcome.stats["transactions"]["count"])

    def test_header_lines(self) -> None:
        self.endless("header_lines", "head-truncated")

    def test_one_header_line(self) -> None:
        self.endless("header_line", "head-truncated")

    def test_request_line(self) -> None:
        self.endless("request_line", "head-truncated")

    def test_status_line(self) -> None:
        self.endless("status_line", "head-truncated")

    def test_a_body_without_lines_that_the_next_response_may_end(self) -> None:
        self.endless("no_line_at_all", "body-truncated")

    def test_chunks(self) -> None:
        self.endless("chunks", "body-truncated", 7)

    def test_a_chunk_extension(self) -> None:
        self.endless("chunk_extension", "invalid-chunk-size")

    def test_broken_chunks(self) -> None:
        self.endless("broken_chunks", "invalid-chunk-size", 4)

    def test_trailers(self) -> None:
        self.endless("trailers", "trailer-section", 6)


class Bombs(HostileTest):
    """Decoding ends at a ratio of 1,000, and at 64 MiB of work; docs/limits.md."""

    def bomb(self, name: str, megabytes: int) -> None:
        outcome = self.twice(name, megabytes * MIB, BASE + 20 * MIB)
        self.assertEqual(outcome.stats["findings"].get("content-limit"), 1, outcome.stats["findings"])
        self.assertLessEqual(outcome.stats["events"]["bytes"], 2 * MIB)
        self.assertLess(outcome.seconds, 20)

    def test_gzip(self) -> None:
        self.bomb("gzip_bomb", 64)

    def test_nested_gzip(self) -> None:
        self.bomb("nested_bomb", 32)

    def test_zstd(self) -> None:
        self.bomb("zstd_bomb", 256)


class Segments(HostileTest):
    """4 MiB of a connection wait for a hole, 144 bytes a segment counted in: some 28,000 of one byte."""

    def whole(self, name: str) -> None:
        scaled = min(int(10_000 * SCALE), 14_000)
        outcome = self.twice(name, int(scaled / SCALE), BASE)
        self.assertEqual(outcome.stats["findings"], {})
        amount = outcome.stats["stream"]["bytes"]
        body = self.body(outcome)
        self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(b"x" * len(body)).digest())
        self.assertGreater(len(body), amount - 200)

    def test_one_byte_each(self) -> None:
        self.whole("bytes_in_order")

    def test_any_number_of_one_byte_each(self) -> None:
        outcome = self.twice("byte_by_byte", 300_000, BASE)
        count = int(300_000 * SCALE) * 2
        self.assertEqual(outcome.stats["findings"], {"body-truncated": 1} if count > MIB else {})
        self.assertGreater(outcome.stats["stream"]["bytes"], count)
        self.assertEqual(outcome.stats["events"]["written"], 1)
        self.assertTrue(self.body(outcome) == b"x" * min(count, MIB))

    def test_one_byte_each_in_reverse(self) -> None:
        self.whole("bytes_reversed")

    def test_one_byte_each_shuffled(self) -> None:
        self.whole("bytes_shuffled")

    def test_more_than_waits(self) -> None:
        outcome = self.twice("bytes_shuffled", 40_000, BASE)
        self.assertGreater(outcome.stats["findings"]["body-gap"], 0)
        self.assertEqual(outcome.stats["events"]["written"], 1)

    def test_overlaps(self) -> None:
        outcome = self.twice("overlaps", 20_000, BASE)
        self.assertGreater(outcome.stats["stream"]["conflicting-bytes"], 0)
        self.assertEqual(outcome.stats["findings"]["overlap-conflict"], 64)  # `findings` of a transaction

    def test_gaps(self) -> None:
        outcome = self.twice("gaps", 20_000, BASE)
        self.assertEqual(outcome.stats["stream"]["gaps"], int(20_000 * SCALE) * 2 - 1)
        self.assertTrue(self.body(outcome) == b"x" * min(int(20_000 * SCALE) * 2 * 10, MIB))


HOSTILE_HOSTS = [b"../../etc/cron.d/x", b"..", b".", b"...", b"/etc/passwd", b"a/../../b", b"..\\..\\x", b"%2e%2e%2fx", b"a\x00b",
                 b"a\rb", b"a\x1b[2Jb", b"-rf", b"_other", b"con", b"CON", b"nul.txt", b"[::1]", b"[::1]:8080", b"[fe80::1%25eth0]",
                 b"a" * 300, b"a." * 130, b"a b", b"a\tb", b"\xff\xfe", b"xn--bcher-kva.test", b"b\xc3\xbccher.test", b"a:99999999",
                 b"a:-1", b"$(id)", b"`id`", b"a;id", b"a|id", b"*", b"?", b"~root", b"", b" ", b"@", b"user@host", b"host..test.",
                 b"a\x7fb", b"a\x85b", b"A.TEST", b"_invalid", b"_nohost", b"a-audit.log", b"1.2.3.4", b"0x7f.1", b"a,b"]


class Names(HostileTest):
    def conversation(self) -> Path:
        messages = []
        for host in HOSTILE_HOSTS:
            messages.append((True, b"GET /\x1b]0;title\x07 HTTP/1.1\r\nHost: " + host + b"\r\nX: \x1b[31m\x07\x9b\r\n\r\n"))
            messages.append((False, b"HTTP/1.1 200 \x1b[2J\r\nServer: \x1b[31m\x07\r\nContent-Length: 0\r\n\r\n"))
        path = self.folder / "names.pcap"
        path.write_bytes(capture.pcap(capture.conversation(messages)))
        return path

    def check_files(self, outcome: Outcome) -> None:
        self.assertEqual(outcome.stats["events"]["written"], len(HOSTILE_HOSTS))
        inside = {"names.pcap", "stdout", "stderr", outcome.output.name}
        self.assertEqual({path.name for path in self.folder.iterdir()}, inside)

    def test_hosts_as_file_names(self) -> None:
        outcome = self.read(self.conversation())
        self.check_files(outcome)
        for path in outcome.output.rglob("*"):
            self.assertTrue(path.is_file() and path.parent == outcome.output and FILE_NAME.match(path.name), path)
        self.assertEqual(len(webtap.read_output(outcome.output, "serial")), len(HOSTILE_HOSTS))

    def test_hosts_in_concurrent_storage(self) -> None:
        outcome = self.read(self.conversation(), "--format", "concurrent")
        self.check_files(outcome)
        indexes = [path for path in outcome.output.iterdir() if path.is_file()]
        self.assertEqual(len(indexes), 1)
        index = indexes[0].read_bytes()
        self.assertEqual(index.count(b"\n"), len(HOSTILE_HOSTS))
        self.assertIsNone(re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", index))

    def test_hosts_in_json(self) -> None:
        outcome = self.read(self.conversation(), "--format", "json")
        self.check_files(outcome)
        for path in outcome.output.iterdir():
            self.assertIsNone(re.search(rb"[\x00-\x09\x0b-\x1f]", path.read_bytes()), path)  # RFC 8259, section 7

    def test_what_people_see(self) -> None:
        path = self.conversation()
        done = subprocess.run([AGENT, "read", str(path), "-o", str(self.folder / "out")], capture_output=True, check=True)
        self.assertIsNone(re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr))


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    unittest.main()
