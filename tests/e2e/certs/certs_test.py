#!/usr/bin/env python3
"""certs/make-certs, judged by openssl verify, s_client and s_server. Usage: certs_test.py MAKE-CERTS"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

MAKE_CERTS = ""


def run(*command, status=0, **how):
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **how)
    text = (done.stdout + done.stderr).decode(errors="replace")
    if status is not None and done.returncode != status:
        raise AssertionError(f"{command}: exit status {done.returncode}, not {status}:\n{text}")
    return text


class CertsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-certs-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.dir = self.scratch / "ca"

    def make(self, *arguments, status=0, **how):
        return run(MAKE_CERTS, self.dir, *arguments, status=status, **how)

    def refused(self, *arguments, status, says):
        text = self.make(*arguments, status=status)
        lines = [line for line in text.splitlines() if not line.startswith("kept ")]
        self.assertEqual(len(lines), 1, text)
        self.assertIn(says, lines[0])
        self.assertTrue(lines[0].isprintable())

    def text(self, name):
        return run("openssl", "x509", "-in", self.dir / name, "-noout", "-text")

    def verifies(self, name, purpose):
        """What openssl verify says, with the strictest it has."""
        text = run("openssl", "verify", "-CAfile", self.dir / "ca.pem", "-CRLfile", self.dir / "crl.pem", "-crl_check",
                   "-x509_strict", "-purpose", purpose, self.dir / name, status=None)
        return text.strip().splitlines()[-1].endswith(": OK"), text

    def assert_good(self, name, purpose):
        good, text = self.verifies(name, purpose)
        self.assertTrue(good, text)

    def assert_bad(self, name, purpose, why):
        good, text = self.verifies(name, purpose)
        self.assertFalse(good, text)
        self.assertIn(why, text)

    def snapshot(self):
        return {str(path): (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest())
                for path in self.dir.rglob("*") if path.is_file()}

    def test_certificates_are_good_for_their_role_and_no_other(self):
        for option in [[], ["--ed25519"]]:
            self.dir = self.scratch / f"ca{len(option)}"
            self.make(*option)
            self.make("--sensor", "web1,web1.test,192.0.2.1,2001:db8::1", "--client", "siem", *option)
            for name in ["sensor.pem", "sensors/web1.pem"]:
                self.assert_good(name, "sslserver")
                self.assert_bad(name, "sslclient", "unsuitable certificate purpose")
            for name in ["clients/client.pem", "clients/siem.pem"]:
                self.assert_good(name, "sslclient")
                self.assert_bad(name, "sslserver", "unsuitable certificate purpose")
            algorithm = "ED25519" if option else "id-ecPublicKey"
            self.assertIn(algorithm, self.text("ca.pem"))
            self.assertIn(algorithm, self.text("sensor.pem"))

    def test_names(self):
        self.make(env={**os.environ, "HOSTNAME": "box.test"})
        self.make("--sensor", "web1,web1.test,192.0.2.1,2001:db8::1", "--client", "a", "--client", "b", "--san",
                  "email:b@x.test", "--san", "URI:spiffe://x.test/b")
        self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:box.test", self.text("sensor.pem"))
        self.assertIn("DNS:web1, DNS:web1.test, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1",
                      self.text("sensors/web1.pem"))
        self.assertIn("URI:webtap:client:a\n", self.text("clients/a.pem"))
        self.assertIn("email:b@x.test, URI:spiffe://x.test/b\n", self.text("clients/b.pem"))

    def test_only_the_owner_reads_anything(self):
        self.make()
        self.make("--client", "siem", "--sensor", "web1")
        self.make("--revoke", "siem")
        paths = [self.dir, *self.dir.rglob("*")]
        self.assertGreater(len(paths), 12)
        for path in paths:
            self.assertEqual(path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600, path)

    def test_nothing_is_overwritten(self):
        self.make("--client", "siem")
        self.make()
        before = self.snapshot()
        self.assertGreater(len(before), 6)
        self.make("--days", 7)
        self.make("--client", "siem", "--san", "DNS:other.test", "--ed25519")
        self.assertEqual(self.snapshot(), before)

    def test_a_key_outlives_its_certificate(self):
        self.make("--client", "siem")
        key = (self.dir / "clients/siem.key").read_bytes()
        (self.dir / "clients/siem.pem").unlink()
        self.make("--client", "siem", "--days", 7)
        self.assertEqual((self.dir / "clients/siem.key").read_bytes(), key)
        self.assert_good("clients/siem.pem", "sslclient")
        run("openssl", "x509", "-in", self.dir / "clients/siem.pem", "-noout", "-checkend", 6 * 86400)
        run("openssl", "x509", "-in", self.dir / "clients/siem.pem", "-noout", "-checkend", 8 * 86400, status=1)
        # Both certificates of the name are revoked.
        self.make("--revoke", "siem")
        crl = run("openssl", "crl", "-in", self.dir / "crl.pem", "-noout", "-text")
        self.assertEqual(crl.count("Serial Number:"), 2)

    def test_revocation(self):
        self.make("--client", "a.b", "--client", "aXb", "--sensor", "a.b")
        self.make("--revoke", "a.b")
        self.assert_bad("clients/a.b.pem", "sslclient", "certificate revoked")
        self.assert_good("clients/aXb.pem", "sslclient")
        self.assert_good("sensors/a.b.pem", "sslserver")
        numbers = [run("openssl", "crl", "-in", self.dir / "crl.pem", "-noout", "-crlnumber")]
        before = self.snapshot()
        self.make("--revoke", "a.b")
        self.assertEqual({k: v[1] for k, v in self.snapshot().items()}, {k: v[1] for k, v in before.items()})
        self.make("--revoke-sensor", "a.b", "--revoke", "aXb")
        numbers.append(run("openssl", "crl", "-in", self.dir / "crl.pem", "-noout", "-crlnumber"))
        self.assert_bad("sensors/a.b.pem", "sslserver", "certificate revoked")
        self.assert_bad("clients/aXb.pem", "sslclient", "certificate revoked")
        first, second = (int(number.split("=")[1], 16) for number in numbers)
        self.assertGreater(second, first)
        self.assertIn("is revoked", self.make("--client", "a.b"))
        run("openssl", "crl", "-in", self.dir / "crl.pem", "-CAfile", self.dir / "ca.pem", "-noout", "-verify")

    def test_the_revocation_list_is_made_good(self):
        """A run that is killed between the index and the list leaves an old list, or none."""
        self.make("--client", "siem")
        old = (self.dir / "crl.pem").read_bytes()
        self.make("--revoke", "siem")
        (self.dir / "crl.pem").write_bytes(old)
        self.assert_good("clients/siem.pem", "sslclient")
        self.make()
        self.assert_bad("clients/siem.pem", "sslclient", "certificate revoked")
        (self.dir / "crl.pem").unlink()
        self.make()
        self.assert_bad("clients/siem.pem", "sslclient", "certificate revoked")

    def test_odd_names_are_refused(self):
        self.make()
        before = self.snapshot()
        for name in ["", ".", "..", "-x", "a/b", "../a", "a b", "a,b", "a\nb", "a\x1b[1m", "a$(id)", "é", "a" * 65, "a;b", "a#b"]:
            self.refused("--client", name, status=2, says="cannot be a name")
            self.refused("--revoke", name, status=2, says="cannot be a name")
        for name in ["", "x,", "x,a b", "x,a\nb", "x,[section]", "x,$ENV::HOME", "../x", "x,,y"]:
            self.refused("--sensor", name, status=2, says="cannot be a name")
        for name in ["x", "dirName:x", "URI:a,IP:1.2.3.4", "DNS:a\nb", "DNS:", "otherName:1.2.3;UTF8:x"]:
            self.refused("--client", "x", "--san", name, status=2, says="cannot be a name")
        self.refused("--sensor", "x,999.1.1.1", status=2, says="no address")
        self.refused("--san", "DNS:x", status=2, says="--san belongs behind")
        for days in ["0", "-1", "x", "3651", "1e3", "99999999999"]:
            self.refused("--days", days, status=2, says="--days")
        self.refused("--days", status=2, says="needs a value")
        self.refused("--clint", "x", status=2, says="no option")
        self.refused("other", status=2, says="one directory only")
        self.refused("--revoke", "nobody", status=1, says="no certificate of a client 'nobody'")
        self.assertFalse({k for k in self.snapshot() if "/x." not in k} - before.keys())

    def test_a_directory_of_something_else_is_left_alone(self):
        self.dir.mkdir(mode=0o755)
        (self.dir / "thesis.txt").write_text("x")
        self.refused(status=1, says="holds other things and no CA")
        self.assertEqual([path.name for path in self.dir.iterdir()], ["thesis.txt"])
        self.assertEqual(self.dir.stat().st_mode & 0o777, 0o755)
        self.dir = self.dir / "thesis.txt"
        self.refused(status=1, says="no directory")
        self.dir = self.scratch / "none"
        self.refused("--revoke", "x", status=1, says="no CA in")
        self.assertFalse(self.dir.exists())

    def test_a_ca_that_cannot_sign_says_so(self):
        self.make()
        (self.dir / "ca.key").rename(self.scratch / "ca.key")
        self.refused("--client", "x", status=1, says="ca.key' is missing")
        (self.scratch / "ca.key").rename(self.dir / "ca.key")
        (self.dir / "index.txt").rename(self.scratch / "index.txt")
        self.refused("--client", "x", status=1, says="index.txt' is missing")
        self.assertFalse((self.dir / "clients/x.pem").exists())

    def test_killed_anywhere_it_is_made_good_by_another_run(self):
        for round_number in range(8):
            self.dir = self.scratch / f"killed{round_number}"
            process = subprocess.Popen([MAKE_CERTS, self.dir, "--client", "a", "--sensor", "b"], start_new_session=True,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.03 * round_number)
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            self.make("--client", "a", "--sensor", "b")
            self.assert_good("clients/a.pem", "sslclient")
            self.assert_good("sensors/b.pem", "sslserver")
            self.assertEqual([p for p in self.dir.iterdir() if p.name.startswith(".")], [])

    def test_two_at_once(self):
        runs = [subprocess.Popen([MAKE_CERTS, self.dir, "--client", name], stdout=subprocess.DEVNULL)
                for name in ["a", "b", "c", "a"]]
        self.assertEqual([process.wait(timeout=60) for process in runs], [0] * 4)
        for name in "abc":
            self.assert_good(f"clients/{name}.pem", "sslclient")
            self.make("--revoke", name)
            self.assert_bad(f"clients/{name}.pem", "sslclient", "certificate revoked")

    def converse(self, client):
        """A handshake of openssl's own programs, and one line: what the server printed, and what the client did."""
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_3", "-alpn", "webtap/1",
             "-cert", self.dir / "sensor.pem", "-key", self.dir / "sensor.key", "-CAfile", self.dir / "ca.pem",
             "-CRL", self.dir / "crl.pem", "-crl_check", "-Verify", "1", "-verify_return_error"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said = b""
            while not (port := re.search(rb"ACCEPT [^\n]*:(\d+)\n", said)):
                line = server.stdout.readline()
                self.assertTrue(line, said)
                said += line
            own = [] if client is None else ["-cert", self.dir / f"clients/{client}.pem", "-key", self.dir / f"clients/{client}.key"]
            done = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{port[1].decode()}", "-tls1_3", "-alpn", "webtap/1", *own,
                 "-CAfile", self.dir / "ca.pem", "-CRL", self.dir / "crl.pem", "-crl_check", "-verify_return_error",
                 "-verify_ip", "127.0.0.1"],
                input=b"good morning\nQ\n", capture_output=True, timeout=60)
            said += server.communicate(timeout=60)[0]
        finally:
            server.kill()
            server.wait()
        return said.decode(errors="replace"), (done.stdout + done.stderr).decode(errors="replace")

    def test_a_server_takes_the_client_and_refuses_the_revoked_one(self):
        self.make()
        said, client = self.converse("client")
        self.assertIn("good morning", said)
        self.assertIn("ALPN protocol: webtap/1", client)
        self.assertIn("Verification: OK", client)
        said, _ = self.converse(None)
        self.assertNotIn("good morning", said)
        self.assertIn("peer did not return a certificate", said)
        self.make("--revoke", "client")
        said, _ = self.converse("client")
        self.assertNotIn("good morning", said)
        self.assertIn("certificate revoked", said)
        self.make("--revoke-sensor", "sensor", "--client", "second")
        _, client = self.converse("second")
        self.assertIn("certificate revoked", client)


if __name__ == "__main__":
    MAKE_CERTS = os.path.abspath(sys.argv.pop(1))
    if shutil.which("openssl") is None:
        print("skipped: openssl is not installed")
        sys.exit(77)
    unittest.main()
