#!/usr/bin/env python3
"""`--audit-log fallback`: local files hold what no subscriber has, and nothing falls between.
Usage: fallback_test.py WEBTAP-AGENT WEBTAP-CLIENT"""

import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "deploy" / "sample" / "shop.pcap"
SAMPLE_EVENTS = 28
TIMEOUT = 60
AGENT = CLIENT = ""
A_LINE = re.compile(rb"^--[0-9a-f]{8}-A--\n\[[^]]*\] (\S+) ", re.MULTILINE)


def transactions(folder):
    """The ids of the entries below a folder of audit logs."""
    return {name for file in folder.glob("*-audit.log") for name in A_LINE.findall(file.read_bytes())}


def wait_until(condition, what):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.05)


class Fallback(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-fallback-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.certs = self.folder / "certs"
        subprocess.run([ROOT / "certs" / "make-certs", self.certs], check=True, stdout=subprocess.DEVNULL)

    def start(self, command, **options):
        process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, **options)
        said = []
        reader = threading.Thread(target=lambda: said.extend(iter(process.stderr.readline, b"")))
        reader.start()

        def stop():
            process.kill()
            process.wait()
            reader.join()
            process.stderr.close()
        self.addCleanup(stop)
        return process, lambda: b"".join(said).decode(errors="replace")

    def sensor(self, logs, file, **options):
        return self.start([AGENT, "read", file, "-o", logs, "--audit-log", "fallback", "--listen", "127.0.0.1:0",
                           "--cert", self.certs / "sensor.pem", "--key", self.certs / "sensor.key",
                           "--ca", self.certs / "ca.pem"], **options)

    def test_without_a_subscriber_everything_is_in_local_files(self):
        logs = self.folder / "logs"
        process, said = self.sensor(logs, SAMPLE)
        self.assertEqual(process.wait(TIMEOUT), 0, said())
        self.assertEqual(len(transactions(logs)), SAMPLE_EVENTS)

    def test_a_subscriber_takes_over_and_leaves_nothing_behind(self):
        logs, taken = self.folder / "logs", self.folder / "taken"
        capture = SAMPLE.read_bytes()
        sensor, said = self.sensor(logs, "-", stdin=subprocess.PIPE)
        wait_until(lambda: "listening on port" in said(), "the sensor listens")
        port = re.search(r"listening on port (\d+)", said()).group(1)
        client, client_said = self.start([
            CLIENT, "subscribe", f"localhost:{port}", "--cert", self.certs / "clients" / "client.pem", "--key",
            self.certs / "clients" / "client.key", "--ca", self.certs / "ca.pem", "--from", "earliest", "-o", taken])
        wait_until(lambda: "subscribed from position" in said(), "the subscriber is there: " + client_said())

        half = len(capture) // 2
        sensor.stdin.write(capture[:half])
        sensor.stdin.flush()
        wait_until(lambda: transactions(taken), "the subscriber has events")
        client.kill()
        client.wait()
        wait_until(lambda: " left: " in said(), "the sensor sees that the subscriber is gone")
        sensor.stdin.write(capture[half:])
        sensor.stdin.close()
        self.assertEqual(sensor.wait(TIMEOUT), 0, said())

        local, streamed = transactions(logs), transactions(taken)
        self.assertEqual(len(local | streamed), SAMPLE_EVENTS)
        self.assertTrue(streamed - local, "what the subscriber had acknowledged is not in local files")
        self.assertIn("local files are not written", said())
        self.assertIn("local files are written", said())


if __name__ == "__main__":
    CLIENT = sys.argv.pop()
    AGENT = sys.argv.pop()
    unittest.main()
