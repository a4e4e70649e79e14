#!/usr/bin/env python3
"""Disks that are full, that fail, and that do not give back what was written, on either side of the stream. Small disks
are mounted in a namespace of the test's own; where that is not allowed, their tests are skipped.
Usage: disks_test.py WEBTAP-AGENT WEBTAP-CLIENT FAULTS-LIBRARY"""

import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support")]

import capture  # noqa: E402
from stream_case import StreamCase  # noqa: E402

FAULTS = ""
SEGMENT_HEADER, RECORD_HEADER = 64, 28
NAMESPACE = "WEBTAP_TEST_NAMESPACE"
REQUEST = re.compile(rb"GET /(\d+) HTTP/1\.1")


def enter_namespace():
    """Starts this program anew where it may mount, if there is such a place."""
    for options in (["-m"], ["-Urm"]) if shutil.which("unshare") else ():
        if subprocess.run(["unshare", *options, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False,
                          capture_output=True).returncode == 0:
            os.environ[NAMESPACE] = "yes"
            os.execvp("unshare", ["unshare", *options, sys.executable, "-B", *sys.argv])
    os.environ[NAMESPACE] = "no"


def faulty(what, times=1):
    options = os.environ.get("ASAN_OPTIONS", "")
    return dict(os.environ, LD_PRELOAD=FAULTS, WEBTAP_FAULT=what, WEBTAP_FAULT_TIMES=str(times),
                ASAN_OPTIONS=options + ":verify_asan_link_order=0")


def numbers_in(folder):
    return sorted(int(number) for path in folder.glob("*-audit.log") for number in REQUEST.findall(path.read_bytes()))


class FullDisks(StreamCase):
    def disk(self, name, size):
        if os.environ[NAMESPACE] != "yes":
            self.skipTest("no file system can be mounted here")
        folder = self.dir / name
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", folder], check=True))
        return folder

    @staticmethod
    def enlarge(folder):
        subprocess.run(["mount", "-o", "remount,size=512m", folder], check=True)

    def test_a_subscriber_whose_disk_is_full_goes_on_when_there_is_room(self):
        agent, port = self.sensor(self.exchanges(600), "-o", self.dir / "sensor", "--wait-for", "serial",
                                  "--wait-for", "json", "--wait-for", "concurrent")
        clients = {}
        for log_format in ("serial", "json", "concurrent"):
            folder = self.disk(log_format, "400k")
            clients[log_format] = self.subscriber(port, "--to", f"audit:{folder}?format={log_format}", name=log_format)
        for client in clients.values():
            client.wait_until_said("no space left on device.*trying again")
        for log_format in clients:
            self.enlarge(self.dir / log_format)
        self.assertEqual(agent.end(), 0, agent.said)
        for log_format, client in clients.items():
            with self.subTest(format=log_format):
                self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assert_same(self.dir / "sensor", self.dir / "serial")
        self.assertEqual(sorted(re.findall(rb"GET /\d+ ", b"".join(
            path.read_bytes() for path in (self.dir / "concurrent").rglob("index.log")))),
            sorted(b"GET /%d " % number for number in range(600)))
        self.assertEqual(sorted(json.loads(line)["request"]["request_line"] for path in
                                (self.dir / "json").glob("*.jsonl") for line in path.read_bytes().splitlines()),
                         sorted(f"GET /{number} HTTP/1.1" for number in range(600)))

    def test_a_sensor_whose_disk_is_full_captures_and_sends_and_says_what_it_did_not_keep(self):
        spool = self.disk("spool", "2m")
        agent, port = self.sensor("-", "-o", self.dir / "sensor", "--wait-for", "live", stdin=subprocess.PIPE)
        live = self.subscriber(port, "--to", "stdout:?format=ecs", name="live")
        live.wait_until_said("subscribed to sensor")
        agent.process.stdin.write(capture.HEADER)
        fed = 0

        def feed(count):
            nonlocal fed
            for number in range(fed, fed + count):
                client = (f"10.0.{number // 250}.{number % 250 + 1}", 4)
                agent.process.stdin.write(b"".join(
                    capture.exchange("a.test", f"/{number}", random.Random(number).randbytes(48_000), client=client)))
            agent.process.stdin.flush()
            fed += count
            live.wait_for(lambda: live.out.count(b"\n") >= fed, f"{fed} events, live")

        for _ in range(20):
            feed(50)  # 48 MB in all: more than memory holds
        self.assertIn("cannot write to the spool: no space left on device", agent.said)
        late = self.subscriber(port, "--to", "stdout:?format=ecs", name="late")
        late.wait_until_said(r"missing: \d+ events \(disk-full\)")
        self.enlarge(spool)
        agent.wait_until_said(r"the spool keeps events again; \d+ were not kept")
        feed(20)
        missing = sum(int(count) for count in re.findall(r"missing: (\d+) events \(disk-full\)", late.said))
        self.assertGreater(missing, 0)
        late.wait_for(lambda: late.out.count(b"\n") >= fed - missing, "what is not missing")
        agent.process.stdin.close()
        self.assertIn(agent.end(), (0, 1), agent.said)
        late.end(signal.SIGTERM)
        live.end(signal.SIGTERM)
        self.assertEqual(late.out.count(b"\n") + missing, fed, late.said)
        self.assertEqual(live.out.count(b"\n"), fed)
        self.assertNotIn("missing", live.said)
        self.assertEqual(numbers_in(self.dir / "sensor"), list(range(fed)))
        self.assertEqual(int(re.search(r"keeps events again; (\d+)", agent.said).group(1)), missing)
        self.assertEqual(len(re.findall(rb"GET /\d+ HTTP", self.spool_command("export"))), fed - missing)


class DamagedSegments(StreamCase):
    def segments(self):
        return sorted((self.dir / "spool").glob("*/*.seg"), key=lambda path: path.name)

    @staticmethod
    def record_at(segment, number):
        """Where the record begins that is the `number`th of the segment, from 1 on, and where it ends."""
        data = segment.read_bytes()
        at = SEGMENT_HEADER
        for _ in range(number - 1):
            at += RECORD_HEADER + struct.unpack_from("<I", data, at)[0]
        return at, at + RECORD_HEADER + struct.unpack_from("<I", data, at)[0]

    def test_what_is_damaged_is_said_and_reading_goes_on(self):
        for run in range(4):
            agent = self.start(*self.agent_command(self.exchanges(100, name=f"{run}.pcap", first=100 * run)))
            self.assertEqual(agent.end(), 0, agent.said)
        first, second, third, _ = self.segments()
        begin, end = self.record_at(first, 10)
        data = bytearray(first.read_bytes())
        data[(begin + end) // 2] ^= 4
        first.write_bytes(data)
        os.truncate(second, self.record_at(second, 50)[1] - 1)
        third.unlink()
        self.spool_command("check", status=1)
        nothing = self.dir / "nothing.pcap"
        nothing.write_bytes(capture.HEADER)
        # Twice: as it is, and as a repair leaves it.
        for name in ("damaged", "repaired"):
            with self.subTest(name):
                agent, port = self.sensor(nothing, "--wait-for", name)
                client = self.subscriber(port, "-o", self.dir / name, name=name)
                self.assertEqual(agent.end(), 0, agent.said)
                self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
                self.assertEqual(re.findall(r"missing: .*", client.said),
                                 ["missing: 1 events (damage), positions 10 to 10",
                                  "missing: 151 events (damage), positions 150 to 300"])
                self.assertEqual(numbers_in(self.dir / name),
                                 [number for number in range(400) if number != 9 and not 149 <= number < 300])
            self.spool_command("repair")
            self.spool_command("check")


class FailingDisks(StreamCase):
    def test_a_sync_that_fails_loses_nothing(self):
        agent, port = self.sensor(self.exchanges(2000), "-o", self.dir / "sensor", "--wait-for", "siem",
                                  env=faulty("EIO fdatasync *.open 2", 3))
        client = self.subscriber(port, "-o", self.dir / "client", env=faulty("EIO fdatasync *-audit.log 3"))
        self.assertEqual(agent.end(), 0, agent.said)
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assertIn("cannot write to the spool: input/output error", agent.said)
        self.assertEqual(agent.said.count("fault: reached"), 3)
        self.assertRegex(client.said, "cannot make what was written durable: input/output error; trying again")
        self.assertNotIn("missing", client.said)
        self.assert_same(self.dir / "sensor", self.dir / "client")
        self.assertEqual(sorted(map(int, REQUEST.findall(self.spool_command("export")))), list(range(2000)))
        self.spool_command("check")

    def test_a_journal_that_cannot_be_written_holds_up_what_it_is_of(self):
        agent, port = self.sensor(self.exchanges(500), "-o", self.dir / "sensor", "--wait-for", "siem")
        client = self.subscriber(port, "-o", self.dir / "client", env=faulty("ENOSPC write */.webtap-position 3", 2))
        self.assertEqual(agent.end(), 0, agent.said)
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assertRegex(client.said, "no space left on device.*trying again")
        self.assert_same(self.dir / "sensor", self.dir / "client")


if __name__ == "__main__":
    if NAMESPACE not in os.environ:
        enter_namespace()
    StreamCase.AGENT, StreamCase.CLIENT, FAULTS = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
