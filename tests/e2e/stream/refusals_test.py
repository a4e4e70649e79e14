#!/usr/bin/env python3
"""The stream's door: nobody without a certificate of the CA learns anything, each refusal is said in the log, and none of
those who are refused holds up who may come in. Usage: refusals_test.py WEBTAP-AGENT"""

import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "support")]

import agent as webtap  # noqa: E402  (the path comes first)

SAMPLE = ROOT / "deploy" / "sample" / "shop.pcap"
SAMPLE_EVENTS = 28
TIMEOUT = 60
AGENT = ""


def make_certs(folder, *options):
    subprocess.run([ROOT / "certs" / "make-certs", folder, *options], check=True, stdout=subprocess.DEVNULL)


class Sensor:
    """A running webtap-agent that has read the sample, and waits for a subscriber that never comes."""

    def __init__(self, folder, certs, *options):
        command = [AGENT, "read", SAMPLE, "--listen", "127.0.0.1:0", "--spool", folder / "spool", "--wait-for", "nobody",
                   "--cert", certs / "sensor.pem", "--key", certs / "sensor.key", "--ca", certs / "ca.pem",
                   "--crl", certs / "crl.pem", *options]
        # What the sanitiser keeps of freed memory, to find uses of it, would count as held.
        environment = os.environ | {"ASAN_OPTIONS": "quarantine_size_mb=8"}
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=environment)
        self.said = ""
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._collect)
        self._thread.start()
        self.expect("waiting until nobody")
        self.port = int(re.search(r"listening on port (\d+)", self.said).group(1))

    def _collect(self):
        for line in self.process.stderr:
            with self._changed:
                self.said += line.decode(errors="replace")
                self._changed.notify_all()

    def expect(self, text):
        with self._changed:
            if not self._changed.wait_for(lambda: text in self.said, TIMEOUT):
                raise AssertionError(f"the sensor did not say '{text}', but:\n{self.said}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(TIMEOUT)
        self._thread.join()
        self.process.stderr.close()
        return status

    def resident(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) << 10


class StreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.certs = cls.folder / "certs"
        make_certs(cls.certs)
        for name in ("alice", "mallory"):
            make_certs(cls.certs, "--client", name)
        make_certs(cls.certs, "--revoke", "mallory")
        cls.others = cls.folder / "others"
        make_certs(cls.others)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def setUp(self):
        self.sensor = None

    def tearDown(self):
        if self.sensor is not None:
            self.assertEqual(self.sensor.stop(), 0, self.sensor.said)

    def start(self, *options):
        self.sensor = Sensor(Path(tempfile.mkdtemp(dir=self.folder)), self.certs, *options)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.sensor.port), timeout=TIMEOUT)

    def secured(self, certs=None, name="clients/alice", alpn="webtap/1", highest=None):
        """A TLS connection; raises where the sensor refuses it, which TLS 1.3 says with the first byte read."""
        certs = certs or self.certs
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.certs / "ca.pem")
        if name:
            context.load_cert_chain(certs / f"{name}.pem", certs / f"{name}.key")
        if alpn:
            context.set_alpn_protocols([alpn])
        if highest:
            context.maximum_version = highest
        return context.wrap_socket(self.connect(), server_hostname="localhost")

    def refused(self, reason, **options):
        with self.assertRaises(OSError):
            with self.secured(**options) as connection:
                connection.settimeout(TIMEOUT)
                if connection.recv(1) == b"":
                    raise ConnectionError("closed")
        self.sensor.expect(reason)

    def subscriber(self, *options, name="alice"):
        """The example in Python, as docs/wire.md lets anybody write one; Debian's Python knows protobuf."""
        return subprocess.run(["/usr/bin/python3", ROOT / "client" / "examples" / "subscriber.py",
                               f"localhost:{self.sensor.port}", "--cert", self.certs / "clients" / f"{name}.pem",
                               "--key", self.certs / "clients" / f"{name}.key", "--ca", self.certs / "ca.pem",
                               "--from", "earliest", "--count", str(SAMPLE_EVENTS), *options],
                              capture_output=True, text=True, timeout=TIMEOUT)

    def assert_serves(self):
        done = self.subscriber()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), SAMPLE_EVENTS, done.stdout)

    def frames(self, data):
        """What the sensor answers to these bytes, behind a good handshake."""
        with self.secured() as connection:
            connection.settimeout(TIMEOUT)
            connection.sendall(data)
            answer = b""
            try:
                while block := connection.recv(65536):
                    answer += block
            except OSError:
                pass
            return answer

    def test_nobody_without_a_good_certificate_gets_in(self):
        self.start()
        self.refused("the peer showed no certificate", name=None)
        self.refused("the peer's certificate is refused", certs=self.others, name="clients/client")
        self.refused("certificate revoked", name="clients/mallory")
        self.refused("the peer's certificate is refused", name="sensor")  # a server's, not a client's
        self.refused("did not ask for webtap/1", alpn=None)
        self.refused("older version of TLS", highest=ssl.TLSVersion.TLSv1_2)
        self.assert_serves()

    def test_what_is_no_tls_is_refused(self):
        self.start()
        for data, reason in ((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "the peer speaks HTTP"),
                             (b"\x00" * 64, "was refused: no handshake"), (b"", "the peer closed the connection")):
            with self.subTest(data=data), self.connect() as plain:
                plain.sendall(data)
                plain.shutdown(socket.SHUT_WR)
                answer = plain.recv(4096)
                self.assertNotIn(b"webtap", answer)
                self.sensor.expect(reason)
        self.assert_serves()

    def test_frames_that_are_none_are_refused_with_a_reason(self):
        self.start()
        for data, reason in ((struct.pack(">I", 0xffffffff), "frame-too-large"),
                             (struct.pack(">I", 5) + b"\xff\xff\xff\xff\xff", "malformed"),
                             (struct.pack(">I", 2) + b"\x22\x00", "unexpected")):  # an Ack first
            with self.subTest(reason=reason):
                self.assertNotEqual(self.frames(data), b"")
                self.sensor.expect(reason)
        self.assert_serves()

    def test_the_table_says_who_may_have_what(self):
        table = self.folder / "subscribers.yaml"
        table.write_text("subscribers:\n  - identity: uri:webtap:client:alice\n    hosts: [www.example.test]\n")
        self.start("--subscribers", table)
        make_certs(self.certs, "--client", "bob")
        done = self.subscriber(name="bob")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not name uri:webtap:client:bob", done.stderr)
        self.sensor.expect("not-permitted")
        some = self.subscriber("--count", "1")
        self.assertEqual(some.returncode, 0, some.stderr)
        self.assertEqual({line.split("\t")[1] for line in some.stdout.splitlines()}, {"www.example.test"})

        table.write_text("subscribers:\n  - identity: uri:webtap:client:bob\n")
        self.sensor.process.send_signal(signal.SIGHUP)
        self.sensor.expect("were read anew")
        self.assertIn("does not name uri:webtap:client:alice", self.subscriber().stderr)
        table.write_text("subscribers: nonsense\n")
        self.sensor.process.send_signal(signal.SIGHUP)
        self.sensor.expect("stay as they were")

    def test_who_says_nothing_holds_up_nobody(self):
        self.start()
        before = self.sensor.resident()
        silent = []
        try:
            for _ in range(1000):
                silent.append(self.connect())
            started = time.monotonic()
            self.assert_serves()
            self.assertLess(time.monotonic() - started, 30)
            # 256 of them are held at most.
            self.assertLess(self.sensor.resident() - before, webtap.memory_factor(AGENT) * (64 << 20))
        finally:
            for connection in silent:
                connection.close()
        self.sensor.expect("it gave way")

    def test_wrong_files_are_said_before_anything_is_served(self):
        for option, file, reason in (("--cert", self.folder / "none.pem", "No such file"),
                                     ("--key", self.others / "sensor.key", "it is not the key of the certificate"),
                                     ("--ca", self.others / "ca.pem", "cannot use the certificate"),
                                     ("--crl", SAMPLE, "cannot use the revocation list")):
            files = {"--cert": self.certs / "sensor.pem", "--key": self.certs / "sensor.key",
                     "--ca": self.certs / "ca.pem"} | {option: file}
            command = [AGENT, "read", SAMPLE, "--listen", "127.0.0.1:0", "--spool", self.folder / "unused"]
            command += [word for pair in files.items() for word in pair]
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=TIMEOUT)
            with self.subTest(option=option):
                self.assertEqual(done.returncode, 1)
                self.assertIn(reason, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    unittest.main()
