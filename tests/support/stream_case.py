"""A test with a sensor and its subscribers in a folder of its own."""

import random
import subprocess
import tempfile
import unittest
from pathlib import Path

import capture
from certificates import Certificates
from program import Program, TIMEOUT

JOURNAL = ".webtap-position"


def tree(directory):
    """Every file below, and what is in it, but for the journal and the spool."""
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*")
            if path.is_file() and path.name != JOURNAL and path.relative_to(directory).parts[0] != "spool"}


class StreamCase(unittest.TestCase):
    AGENT = CLIENT = ""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="webtap-stream-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.certificates = Certificates(Path(cls.scratch.name) / "certificates")
        cls.certificates.make("sensor", "serverAuth", "DNS:localhost,IP:127.0.0.1")
        cls.certificates.make("client", "clientAuth", "DNS:client.example.test")

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-stream-")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)

    def start(self, *command, **options):
        program = Program(command, **options)
        self.addCleanup(program.clean_up)
        return program

    def agent_command(self, source, *more, port=0, spool="spool"):
        return [self.AGENT, "read", source, "--listen", f"127.0.0.1:{port}", *self.certificates.options("sensor"),
                "--spool", self.dir / spool, *more]

    def sensor(self, source, *more, port=0, spool="spool", **options):
        """A sensor that reads `source`, and its port."""
        agent = self.start(*self.agent_command(source, *more, port=port, spool=spool), **options)
        return agent, int(agent.wait_until_said(r"listening on port (\d+)").group(1))

    def client_command(self, port, *more, name="siem", certificate="client", ca="ca"):
        return [self.CLIENT, "subscribe", f"localhost:{port}", *self.certificates.options(certificate, ca),
                *(["--name", name] if name else []), "--from", "earliest", "--reconnect-max", "1", *more]

    def subscriber(self, port, *more, name="siem", certificate="client", ca="ca", **options):
        return self.start(*self.client_command(port, *more, name=name, certificate=certificate, ca=ca), **options)

    def exchanges(self, count, hosts=7, largest=1200, name="many.pcap", first=0):
        source = random.Random(first)
        pcap = self.dir / name
        pcap.write_bytes(capture.pcap(*[
            capture.exchange(f"h{i % hosts}.test", f"/{i}", source.randbytes(source.randrange(largest)),
                             client=(f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", 40000), time=1_700_000_000.0 + i)
            for i in range(first, first + count)]))
        return pcap

    def spool_command(self, action, spool="spool", status=0):
        done = subprocess.run([self.AGENT, "spool", action, self.dir / spool], capture_output=True, timeout=TIMEOUT,
                              check=False)
        self.assertEqual(done.returncode, status, (done.stderr + done.stdout[:10_000]).decode(errors="replace"))
        return done.stdout

    def assert_same(self, wanted, got):
        wanted, got = tree(wanted), tree(got)
        self.assertEqual(sorted(wanted), sorted(got))
        for name, text in wanted.items():
            self.assertTrue(text == got[name], f"{name}: {len(text)} bytes are wanted, {len(got[name])} were written")
