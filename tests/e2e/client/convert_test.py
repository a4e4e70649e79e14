#!/usr/bin/env python3
"""webtap-client without a sensor: options, exit statuses, convert. Usage: convert_test.py WEBTAP-AGENT WEBTAP-CLIENT"""

import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parents[1] / "support")]

import capture  # noqa: E402

AGENT = CLIENT = ""
JOURNAL = ".webtap-position"


def tree(directory):
    """Every file below, and what is in it, but for the journal."""
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*")
            if path.is_file() and path.name != JOURNAL}


class ClientTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-client-")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)

    def client(self, *arguments, status=0, stdin=b""):
        done = subprocess.run([CLIENT, *map(str, arguments)], input=stdin, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr.decode(errors="replace"))
        return done.stdout, done.stderr.decode()

    def sensor_logs(self, log_format):
        """What the sensor itself writes of a few exchanges."""
        pcap = self.dir / "x.pcap"
        pcap.write_bytes(capture.pcap(*[
            capture.exchange(f"h{i % 3}.test", f"/{i}", b"b%d" % i * 50, client=("10.0.0.1", 40000 + i))
            for i in range(20)]))
        logs = self.dir / f"sensor-{log_format}"
        subprocess.run([AGENT, "read", str(pcap), "-o", str(logs), "--format", log_format], check=True,
                       capture_output=True, timeout=60)
        return logs


class Usage(ClientTest):
    def test_what_is_wrong_is_said_in_one_line_and_ends_with_2(self):
        tls = ["--cert", "c", "--key", "k", "--ca", "a"]
        wrong = [
            ([], "no command"),
            (["listen"], "listen"),
            (["subscribe", "sensor", *tls, "-o", "x"], "HOST:PORT"),
            (["subscribe", "sensor:1", "-o", "x"], "is needed"),
            (["subscribe", "sensor:1", *tls], "sink is needed"),
            (["subscribe", "sensor:1", *tls, "-o", "x", "--status", "4xx"], "4xx"),
            (["subscribe", "sensor:1", *tls, "-o", "x", "--client", "nobody"], "nobody"),
            (["subscribe", "sensor:1", *tls, "-o", "x", "--from", "never"], "never"),
            (["subscribe", "sensor:1", *tls, "--to", "audit:x?format=xml"], "xml"),
            (["subscribe", "sensor:1", *tls, "--to", "pigeon:x"], "pigeon"),
            (["tail", "sensor:1", *tls, "--color", "red"], "red"),
            (["convert", "-o", "x"], "audit log"),
            (["convert", "x"], "sink is needed"),
        ]
        for arguments, words in wrong:
            with self.subTest(arguments=arguments):
                out, err = self.client(*arguments, status=2)
                self.assertEqual(out, b"")
                self.assertEqual(err.count("\n"), 1, err)
                self.assertTrue(err.startswith("webtap-client: "), err)
                self.assertIn(words, err)

    def test_certificates_that_are_not_there_are_said_at_once(self):
        _, err = self.client("subscribe", "localhost:1", "--cert", "none.pem", "--key", "k", "--ca", "a",
                             "-o", self.dir / "logs", status=1)
        self.assertIn("none.pem" if "none.pem" in err else "'a'", err)
        self.assertEqual(err.count("\n"), 1, err)


class Convert(ClientTest):
    def test_native_and_json_logs_give_the_same_logs_again(self):
        for log_format, other in (("serial", "json"), ("json", "serial")):
            with self.subTest(format=log_format):
                logs = self.sensor_logs(log_format)
                there, back = self.dir / f"there-{log_format}", self.dir / f"back-{log_format}"
                self.client("convert", *sorted(logs.iterdir()), "--to", f"audit:{there}?format={other}")
                self.client("convert", *sorted(path for path in there.iterdir() if path.name != JOURNAL),
                            "--to", f"audit:{back}?format={log_format}")
                if log_format == "serial":  # JSON says more than native text can
                    self.assertEqual(tree(back), tree(logs))
                self.assertEqual(sorted(tree(back)), sorted(tree(logs)))

    def test_standard_input_to_standard_output(self):
        logs = self.sensor_logs("serial")
        text = (logs / "h0.test-audit.log").read_bytes()
        out, _ = self.client("convert", "-", "--to", "stdout:?format=serial", stdin=text)
        self.assertEqual(out, text)
        out, _ = self.client("convert", "-", "--to", "stdout:", stdin=text)
        self.assertEqual([json.loads(line)["webtap"]["host"] for line in out.splitlines()], ["h0.test"] * 7)
        out, _ = self.client("convert", "-", "--to", "stdout:?format=ecs", stdin=text)
        documents = [json.loads(line) for line in out.splitlines()]
        self.assertEqual({document["url"]["domain"] for document in documents}, {"h0.test"})
        self.assertEqual({document["http"]["response"]["status_code"] for document in documents}, {200})

    def test_damage_is_said_with_its_offset_and_the_rest_is_converted(self):
        text = (self.sensor_logs("serial") / "h0.test-audit.log").read_bytes()
        damaged = self.dir / "damaged.log"
        damaged.write_bytes(b"what is this?\n" + text)
        out, err = self.client("convert", damaged, "--to", "stdout:?format=serial", status=1)
        self.assertEqual(out, text)
        self.assertIn("at offset 0", err)
        self.assertIn(str(damaged), err)

    def test_the_log_of_another_writer(self):
        entry = (b"---AbCdEfGh---A--\n[22/Nov/2026:08:18:22 +0000] 179531987512.361650 192.0.2.1 40000 192.0.2.2 80\n"
                 b"---AbCdEfGh---B--\nGET /x?a=1 HTTP/1.1\nHost: v3.test\n\n"
                 b"---AbCdEfGh---F--\nHTTP/1.1 403\nServer: nginx\n\n"
                 b"---AbCdEfGh---H--\nModSecurity: Warning. Something [id \"1\"]\n\n---AbCdEfGh---Z--\n\n")
        out, _ = self.client("convert", "-", "--to", "stdout:?format=ecs", stdin=entry)
        document = json.loads(out)
        self.assertEqual(document["url"]["domain"], "v3.test")
        self.assertEqual(document["http"]["response"]["status_code"], 403)
        self.assertEqual(document["client"]["ip"], "192.0.2.1")

    def test_a_file_that_is_not_there_does_not_stop_the_others(self):
        text = (self.sensor_logs("serial") / "h0.test-audit.log").read_bytes()
        good = self.dir / "good.log"
        good.write_bytes(text)
        out, err = self.client("convert", self.dir / "gone.log", good, "--to", "stdout:?format=serial", status=1)
        self.assertEqual(out, text)
        self.assertIn("gone.log': no such file", err)

    def test_a_reader_that_goes_away_ends_it(self):
        text = (self.sensor_logs("serial") / "h0.test-audit.log").read_bytes()
        process = subprocess.Popen([CLIENT, "convert", "-", "--to", "stdout:"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(text * 100, timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"standard output: broken pipe", err)

    def test_sigint_keeps_what_was_read(self):
        text = (self.sensor_logs("serial") / "h0.test-audit.log").read_bytes()
        logs = self.dir / "kept"
        process = subprocess.Popen([CLIENT, "convert", "-", "-o", str(logs)], stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdin.close(), process.stderr.close()))
        process.stdin.write(text)
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not (logs / JOURNAL).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)  # so that the pipe is likely to be read; whatever was, is kept whole
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 1)
        kept = logs / "h0.test-audit.log"
        self.assertTrue(text.startswith(kept.read_bytes() if kept.exists() else b""))


if __name__ == "__main__":
    AGENT, CLIENT = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
