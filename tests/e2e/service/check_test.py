#!/usr/bin/env python3
"""`webtap-agent check`: what is wrong with a configuration, or what `run` would do. Usage: check_test.py WEBTAP-AGENT"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from certificates import Certificates  # noqa: E402

AGENT = ""


class Check(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-check-")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.file = self.dir / "agent.yaml"

    def check(self, text=None, *options, status=0, file=None):
        if text is not None:
            self.file.write_text(text)
        done = subprocess.run([AGENT, "check", "--config", str(file or self.file), *map(str, options)],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def test_what_run_would_do_is_said(self):
        out, err = self.check(f"interface: [lo, nosuch0]\noutput: {self.dir}/logs\nmask: [Cookie, password]\n"
                              "filter: tcp port 80\nrotate-size: 1GiB\nrotate-keep: 3\nuser: nobody\nsensor: edge\n"
                              "metrics: 127.0.0.1:9464\n")
        self.assertEqual(err, "")
        for part in ("is right; webtap-agent run, as 'edge', would:", "lo, nosuch0 (not there: it is waited for)",
                     "tcp port 80", f"{self.dir}/logs (will be made), serial, parts ABCEFHZ, bodies up to 1 MiB",
                     "above 1 GiB, keep 3", "Cookie, password", "run as        nobody", "127.0.0.1, port 9464",
                     "a ring of 64 MiB", "512 MiB"):
            self.assertIn(part, out)
        self.assertFalse((self.dir / "logs").exists())

    def test_the_shipped_example_is_right(self):
        out, _ = self.check(None, "-o", self.dir, file=ROOT / "deploy" / "agent.yaml")
        self.assertIn("Authorization, Proxy-Authorization, Cookie, Set-Cookie, password", out)

    def test_what_is_wrong_is_said_with_its_line(self):
        start = f"interface: lo\noutput: {self.dir}\n"
        wrong = [
            ("max-bdy: 1\n", "line 3: unknown key 'max-bdy', did you mean 'max-body'?"),
            ("max-body: lots\n", "line 3: 'max-body' takes a number of bytes such as 65536, 64k or 1MiB, not 'lots'"),
            ("threads: [1]\n", "line 3: 'threads' takes a value (COUNT)"),
            ("promiscuous: 1\n", "line 3: 'promiscuous' takes true or false, not '1'"),
            ("output: x\n", "line 3: the key 'output' stands in line 2 already"),
            ("filter: tcp prot 80\n", "tcp prot 80"),
            ("user: no-such-user\n", "there is no such user"),
            ("listen: :7443\n", "--listen needs --cert FILE"),
            ("cert: x.pem\n", "--cert is of use only with --listen"),
            ("listen: :7443\ncert: /nowhere/c\nkey: /nowhere/k\nca: /nowhere/a\n", "/nowhere/"),
            ("max-body: 1GiB\n", "--max-memory is at least"),
            ("a: [\n", "line"),
            ("sensor: \"\\x1b[2J\"\n", "line 3: 'sensor' must not hold control characters"),
            ("\"\\e[2J\": 1\n", "unknown key '\\x1b[2J'"),
        ]
        for text, part in wrong:
            with self.subTest(text=text):
                out, err = self.check(start + text, status=2)
                self.assertEqual(out, "")
                self.assertTrue(err.startswith("webtap-agent: "), err)
                self.assertEqual(err.count("\n"), 1, err)
                self.assertIn(part, err)

    def test_files_and_folders_that_are_not_there(self):
        _, err = self.check(None, status=2, file=self.dir / "missing.yaml")
        self.assertIn("cannot read configuration", err)
        _, err = self.check(f"interface: lo\noutput: {self.dir}/a/b\n", status=2)
        self.assertIn(f"there is no directory '{self.dir}/a'", err)
        _, err = self.check(f"interface: lo\noutput: {self.file}\n", status=2)
        self.assertIn("is no directory", err)

    def test_certificates_and_the_table_are_read(self):
        certificates = Certificates(self.dir / "certs")
        certificates.make("sensor", "serverAuth", "DNS:localhost")
        options = certificates.options("sensor")
        text = f"interface: lo\noutput: {self.dir}/logs\nlisten: :7443\n"
        out, _ = self.check(text, *options)
        self.assertIn("all addresses, port 7443, to every certificate of", out)
        self.assertIn(f"{self.dir}/logs/spool, at most 1 GiB", out)
        table = self.dir / "table.yaml"
        table.write_text("subscribers:\n  - identty: uri:x\n")
        _, err = self.check(text, *options, "--subscribers", table, status=2)
        self.assertIn("line 2: unknown key 'identty'", err)


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    unittest.main()
