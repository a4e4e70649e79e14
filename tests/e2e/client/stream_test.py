#!/usr/bin/env python3
"""Sensor and subscriber together, over mutual TLS. Usage: stream_test.py WEBTAP-AGENT WEBTAP-CLIENT"""

import random
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parents[1] / "support")]

import capture  # noqa: E402
import test_data  # noqa: E402
from stream_case import StreamCase  # noqa: E402

FORMATS = ("serial", "concurrent", "json")


class StreamTest(StreamCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates.make_ca("strange")
        cls.certificates.make("stranger", "clientAuth", "DNS:client.example.test", "strange")


class Identity(StreamTest):
    def check(self, pcap, log_format):
        where = self.dir / f"{pcap.stem}-{log_format}"
        agent, port = self.sensor(pcap, "-o", f"{where}-sensor", "--format", log_format, "--wait-for", "siem",
                                  spool=f"{where.name}-spool")
        client = self.subscriber(port, "--to", f"audit:{where}-client?format={log_format}")
        status = agent.end()
        self.assertIn(status, (0, 1), agent.said)  # 1: a damaged capture
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assert_same(Path(f"{where}-sensor"), Path(f"{where}-client"))

    def test_files_are_those_of_the_sensor(self):
        pcap = self.exchanges(300)
        for log_format in FORMATS:
            with self.subTest(format=log_format):
                self.check(pcap, log_format)

    def test_files_are_those_of_the_sensor_for_real_captures(self):
        parity = test_data.find_data("modsec-parity")
        pcaps = test_data.find_data("pcaps")
        if parity is None or pcaps is None:
            self.skipTest("no data")
        captures = sorted(parity.glob("*.pcap"))
        captures += sorted(path for folder in ("tcpflow", "wireshark-wiki", "zeek")
                           for path in (pcaps / folder).rglob("*.pcap") if path.stat().st_size < 1 << 20)[:6]
        self.assertTrue(captures)
        for number, pcap in enumerate(captures):
            for log_format in FORMATS if number < 4 else FORMATS[number % 3:number % 3 + 1]:
                with self.subTest(capture=pcap.name, format=log_format):
                    self.check(pcap, log_format)


class Crashes(StreamTest):
    def test_kills_of_both_sides_lose_nothing_and_write_nothing_twice(self):
        for log_format in FORMATS:
            with self.subTest(format=log_format):
                self.check(log_format, random.Random(len(log_format)))

    def check(self, log_format, chance):
        wanted, got = self.dir / f"sensor-{log_format}", self.dir / f"client-{log_format}"
        spool = f"spool-{log_format}"
        # The second one comes at the end: without it the sensor would be gone once the first has everything.
        more = ["--format", log_format, "--wait-for", "siem", "--wait-for", "last"]
        agent, port = self.sensor(self.exchanges(1500), "-o", wanted, *more, spool=spool)
        agent.wait_until_said("waiting until siem")
        nothing = self.dir / "nothing.pcap"
        nothing.write_bytes(capture.HEADER)
        for round_number in range(12):
            client = self.subscriber(port, "--to", f"audit:{got}?format={log_format}")
            if round_number % 2 == 0:
                client.wait_until_said("subscribed to sensor")
            time.sleep(chance.random() * 0.3)
            if round_number % 4 == 3:
                agent.end(signal.SIGKILL)
                agent, port = self.sensor(nothing, "-o", self.dir / f"late-{log_format}", *more, port=port, spool=spool)
                time.sleep(chance.random() * 0.3)
            client.end(signal.SIGKILL)
        client = self.subscriber(port, "--to", f"audit:{got}?format={log_format}")
        last = self.subscriber(port, "--to", f"audit:{self.dir}/last-{log_format}?format={log_format}", name="last")
        self.assertEqual(agent.end(), 0, agent.said)
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assertEqual(last.end(signal.SIGTERM), 0, last.said)
        self.assert_same(wanted, got)

    def test_a_full_disk_holds_up_its_sink_alone(self):
        agent, port = self.sensor(self.exchanges(400), "-o", self.dir / "sensor", "--wait-for", "siem",
                                  "--wait-for", "siem.2")
        agent.wait_until_said("waiting until")
        # Files of more than 20 KiB cannot be written, as on a full disk: the first sink's cannot be, for there are
        # many entries for each host; the second one has an entry a file.
        limited = ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", self.CLIENT, "subscribe", f"localhost:{port}",
                   *self.certificates.options("client"), "--name", "siem", "--from", "earliest",
                   "-o", self.dir / "serial", "--to", "stdout:?format=serial"]
        client = self.start(*limited)
        client.wait_for(lambda: client.out.count(b"-Z--\n") >= 400, "all events on standard output")
        client.wait_until_said("audit:.*file too large.*trying again")
        self.assertEqual(client.end(signal.SIGTERM), 1, client.said)
        client = self.subscriber(port, "-o", self.dir / "serial", "--to", "stdout:?format=serial")
        self.assertEqual(agent.end(), 0, agent.said)
        client.end(signal.SIGTERM)
        self.assert_same(self.dir / "sensor", self.dir / "serial")


class Refusals(StreamTest):
    def test_a_stranger_learns_nothing_and_is_told_why(self):
        _, port = self.sensor(self.exchanges(3), "-o", self.dir / "sensor", "--wait-for", "siem")
        for certificate, ca in (("stranger", "ca"), ("client", "strange"), ("stranger", "strange")):
            with self.subTest(certificate=certificate, ca=ca):
                client = self.subscriber(port, "-o", self.dir / "logs", certificate=certificate, ca=ca)
                self.assertEqual(client.end(), 1, client.said)
                self.assertIn("certificate", client.said.lower() if "cannot use" in client.said else
                              client.said.lower() + " certificate" * ("unknown ca" in client.said))
                self.assertEqual(client.out, b"")

    def test_what_is_not_permitted_ends_it(self):
        table = self.dir / "subscribers.yaml"
        table.write_text("subscribers:\n  - identity: dns:somebody.else.test\n    hosts: ['*']\n")
        agent = self.start(self.AGENT, "read", self.exchanges(3), "--listen", "127.0.0.1:0", "-o", self.dir / "sensor",
                           *self.certificates.options("sensor"), "--subscribers", table, "--wait-for", "siem")
        agent.wait_for(lambda: "listening on port" in agent.said or agent.process.poll() is not None, "the port")
        found = re.search(r"listening on port (\d+)", agent.said)
        self.assertTrue(found, agent.said)
        client = self.subscriber(found.group(1), "-o", self.dir / "logs")
        self.assertEqual(client.end(), 1)
        self.assertIn("the sensor refused (not-permitted)", client.said)


class Tail(StreamTest):
    def test_a_line_for_each_event_that_passes_the_filters(self):
        _, port = self.sensor(self.exchanges(30), "-o", self.dir / "sensor", "--wait-for", "siem")
        client = self.start(self.CLIENT, "tail", f"localhost:{port}", *self.certificates.options("client"),
                            "--from", "earliest", "--host", "h3.*", "--status", "200")
        client.wait_for(lambda: client.out.count(b"\n") >= 4, "four lines")
        self.assertEqual(client.end(signal.SIGINT), 0, client.said)
        lines = client.out.decode("ascii").splitlines()
        self.assertEqual(len(lines), 4)
        for line, number in zip(lines, (3, 10, 17, 24)):
            self.assertRegex(line, rf"^22:\d\d:\d\d\.\d\d\d 10\.0\.0\.{number} +GET +h3\.test /{number} +200 ")


if __name__ == "__main__":
    StreamCase.AGENT, StreamCase.CLIENT = sys.argv[1:3]
    if b"--listen" not in subprocess.run([StreamCase.AGENT, "read", "--help"], capture_output=True, timeout=60).stdout:
        test_data.skip("this webtap-agent serves no stream")
    unittest.main(argv=sys.argv[:1])
