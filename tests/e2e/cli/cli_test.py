#!/usr/bin/env python3
"""webtap-agent as its user meets it. Usage: cli_test.py WEBTAP-AGENT"""

import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support")]

import capture  # noqa: E402  (the path comes first)

AGENT = ""


class CliTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-cli-")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.logs = self.dir / "logs"

    def put(self, name, *packet_lists):
        path = self.dir / name
        path.write_bytes(capture.pcap(*packet_lists))
        return str(path)

    def agent(self, *arguments, status=0, stdin=b""):
        done = subprocess.run([AGENT, *map(str, arguments)], input=stdin, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr.decode(errors="replace"))
        return done.stdout.decode(), done.stderr.decode()

    def read(self, *arguments, **how):
        return self.agent("read", "-o", self.logs, *arguments, **how)

    def log(self, host="a.test"):
        return (self.logs / f"{host}-audit.log").read_bytes()

    def start(self, *arguments):
        process = subprocess.Popen([AGENT, "read", "-o", str(self.logs), *arguments], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdin.close(), process.stdout.close(),
                                 process.stderr.close()))
        return process

    def wait_for(self, condition, what):
        for _ in range(1000):
            if condition():
                return
            time.sleep(0.02)
        self.fail("waited in vain for " + what)


class Options(CliTest):
    def test_what_is_wrong_is_said_in_one_line_and_ends_with_2(self):
        file = self.put("x.pcap", capture.exchange())
        wrong = [
            ([], "no command"),
            (["listen"], "listen"),
            (["read", "-o", self.logs], "capture file"),
            (["read", file], "-o DIR"),
            (["read", file, "-o", self.logs, "--unknown"], "--unknown"),
            (["read", file, "-o", self.logs, "--format", "xml"], "concurrent|json|serial"),
            (["read", file, "-o", self.logs, "--bodies", "raw"], "decoded|wire"),
            (["read", file, "-o", self.logs, "--stats", "xml"], "json|text"),
            (["read", file, "-o", self.logs, "--parts", "ABX"], "'X'"),
            (["read", file, "-o", self.logs, "--max-body", "1x"], "1x"),
            (["read", file, "-o", self.logs, "--max-body", "-1"], "-1"),
            (["read", file, "-o", self.logs, "--max-body", "99999999999999999999"], "too large"),
            (["read", file, "-o", self.logs, "--max-body", "2g"], "1GiB"),
            (["read", file, "-o", self.logs, "--max-hosts", "many"], "many"),
            (["read", file, "-o", self.logs, "--mask", " , "], "--mask"),
            (["read", file, "-o", self.logs, "--mask", "a\x1bb"], "control characters"),
            (["read", file, "--mask-dry-run"], "--mask"),
            (["read", file, "--mask", "sid"], "-o DIR"),
            (["read", file, "-o", self.logs, "--sensor", "a\nb"], "--sensor"),
            (["read", "-", "-", "-o", self.logs], "once"),
            (["read", file, "-o", self.logs, "--", "tcp", "prot", "80"], "tcp prot 80"),
        ]
        for arguments, word in wrong:
            with self.subTest(arguments=arguments[2:]):
                out, err = self.agent(*arguments, status=2)
                self.assertTrue(err.startswith("webtap-agent: "), err)
                self.assertEqual(err.count("\n"), 1, err)
                self.assertIn(word, err)
                self.assertEqual(out, "")
        self.assertFalse(self.logs.exists())

    def test_version_and_help(self):
        self.assertRegex(self.agent("--version")[0], r"^webtap-agent \d+\.\d+\.\d+\n$")
        self.assertIn("read", self.agent("--help")[0])
        self.assertIn("--max-body", self.agent("read", "--help")[0])

    def test_options_reach_the_logs(self):
        form = (b"POST /in?sid=1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 13\r\nAuthorization: Basic eHg=\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=abcd")
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        file = self.put("x.pcap", capture.conversation([(True, form), (False, answer)]))
        self.read(file, "--mask", "Authorization,password", "--mask", "sid", "--sensor", "edge", "--bodies", "wire")
        text = self.log()
        self.assertIn(b"POST /in?sid=* HTTP/1.1", text)
        self.assertIn(b"\nAuthorization: Basic ****\n", text)
        self.assertIn(b"\npassword=****\n", text)
        self.assertIn(b'Sensor-Id: "edge"', text)
        self.assertIn(b"5\r\nhello\r\n0\r\n\r\n", text)

    def secrets(self):
        body = b'{"user": "u", "password": ["s3cret", "s3cret2"]}'
        request = (b"POST http://me:s3cret@a.test/?sid=s3cret HTTP/1.1\r\nHost: a.test\r\nCookie: a=1; sid=s3cret\r\n"
                   b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
        return self.put("x.pcap", capture.conversation([(True, request), (False, b"HTTP/1.1 204 No Content\r\n\r\n")]))

    def test_masked_values_are_counted(self):
        out, err = self.agent("read", self.secrets(), "-o", self.logs, "--mask", "Sid,password,nothing")
        self.assertIn("\nvalues masked   5\n", err)
        self.assertNotIn(b"s3cret", self.log())
        self.assertEqual(out, "")
        out, err = self.agent("read", self.secrets(), "-o", self.logs, "--stats", "json")
        self.assertEqual(json.loads(out)["masked"]["values"], 0)

    def test_a_dry_run_counts_what_would_be_masked_and_writes_nothing(self):
        for output in ([], ["-o", self.logs]):
            out, err = self.agent("read", self.secrets(), "--mask", "Sid,password,nothing", "--mask-dry-run", *output)
            self.assertEqual(out, "")
            self.assertRegex(err, r"\nwould mask +5 values; nothing was written\n"
                                  r"  sid +cookie 1, query 1\n  password +json 2\n"
                                  r"  nothing: nothing\n  \(no name\) +user-info 1\n")
            self.assertNotIn("events written", err)
            self.assertNotIn("s3cret", err)
            self.assertFalse(self.logs.exists())
        out, _ = self.agent("read", self.secrets(), "--mask", "sid", "--mask-dry-run", "--stats", "json")
        masked = json.loads(out)["masked"]
        self.assertEqual((masked["dry-run"], masked["values"]), (True, 3))
        self.assertEqual({place: count for place, count in masked["names"]["sid"].items() if count},
                         {"cookie": 1, "query": 1})
        self.assertEqual(masked["unnamed"]["user-info"], 1)

    def test_parts_i_and_j_of_multipart_forms(self):
        body = (b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1 2\r\n'
                b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\nfile\r\n--B--\r\n')
        request = (b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Type: multipart/form-data; boundary=B\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(body)) + body
        file = self.put("x.pcap", capture.conversation([(True, request), (False, b"HTTP/1.1 204 No Content\r\n\r\n")]))
        self.read(file, "--parts", "ABIJZ", "--mask", "a")
        self.assertIn(b"-I--\na=***\n--", self.log())
        self.assertIn(b'-J--\n2,4,"x.txt","<Unknown ContentType>"\nTotal,4\n\n--', self.log())
        self.assertNotIn(b"-C--\n", self.log())

    def test_parts_and_body_limit(self):
        file = self.put("x.pcap", capture.exchange(body=b"x" * 3000))
        self.read(file, "--parts", "ABEZ", "--max-body", "1k")
        text = self.log()
        self.assertIn(b"-E--\n" + b"x" * 1024 + b"\n--", text)
        self.assertNotIn(b"-F--\n", text)
        self.assertNotIn(b"-H--\n", text)

    def test_formats(self):
        file = self.put("x.pcap", capture.exchange())
        self.read(file, "--format", "json")
        lines = (self.logs / "a.test-audit.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line)["request"]["headers"]["Host"] for line in lines], ["a.test"])
        self.read(file, "--format", "concurrent")
        path = next(word for word in (self.logs / "index.log").read_text().split() if word.startswith("/2023"))
        self.assertIn("Z--\n", (self.logs / path[1:]).read_text())

    def test_hosts_beyond_their_number_share_a_file(self):
        hosts = [capture.exchange(host=f"h{i}.test", client=("10.0.0.1", 40000 + i)) for i in range(5)]
        self.read(self.put("x.pcap", *hosts), "--max-hosts", "2")
        self.assertEqual(sorted(path.name for path in self.logs.iterdir()),
                         ["_other-audit.log", "h0.test-audit.log", "h1.test-audit.log"])


class Input(CliTest):
    def test_a_file_that_is_not_there_ends_it_before_anything_is_written(self):
        file = self.put("x.pcap", capture.exchange())
        _, err = self.read(file, self.dir / "missing.pcap", status=1)
        self.assertIn("missing.pcap", err)
        self.assertIn("o such file", err)
        self.assertFalse(self.logs.exists())

    def test_what_is_no_capture(self):
        (self.dir / "x.pcap").write_bytes(b"hello, world, this is no capture")
        _, err = self.read(self.dir / "x.pcap", status=1)
        self.assertIn("x.pcap", err)

    def test_a_damaged_capture_gives_what_could_be_read(self):
        whole = capture.pcap(capture.exchange(), capture.exchange(path="/2", client=("10.0.0.1", 40001), time=1_700_000_001.0))
        cut = self.dir / "cut.pcap"
        cut.write_bytes(whole[:-10])
        good = self.put("good.pcap", capture.exchange(host="b.test", client=("10.0.0.3", 1), time=1_700_000_002.0))
        _, err = self.read(cut, good, status=1)
        last = len(whole) - 16 - 54
        self.assertRegex(err, rf"warning: capture file '.*cut\.pcap' is damaged at byte {last}: ")
        self.assertIn(b"GET /2 ", self.log())
        self.assertIn(b"GET / ", self.log("b.test"))  # the next file is read

    def test_several_files_are_one_capture(self):
        packets = capture.exchange(body=b"hello")
        for cut in range(1, len(packets)):
            with self.subTest(cut=cut):
                first = self.put("1.pcap", packets[:cut])
                second = self.put("2.pcap", packets[cut:])
                out, _ = self.read(first, second, "--stats", "json")
                found = json.loads(out)
                self.assertEqual(found["connections"]["count"], 1)
                self.assertEqual(found["events"]["written"], 1)
                self.assertEqual(found["findings"], {})

    def test_standard_input(self):
        self.read("-", stdin=capture.pcap(capture.exchange()))
        self.assertIn(b"GET / HTTP/1.1", self.log())

    def test_filter(self):
        file = self.put("x.pcap", capture.exchange(), capture.exchange(host="b.test", server=("10.0.0.2", 81)))
        self.read(file, "--", "tcp", "port", "81")
        self.assertEqual([path.name for path in self.logs.iterdir()], ["b.test-audit.log"])


class Output(CliTest):
    def test_summary_for_people(self):
        out, err = self.read(self.put("x.pcap", capture.exchange()))
        self.assertEqual(out, "")
        self.assertRegex(err, r"packets +8 \(\d+ bytes\)\n")
        self.assertRegex(err, r"events written +1 \(\d+ bytes in 1 files\)\n")

    def test_summary_as_json(self):
        out, err = self.read(self.put("x.pcap", capture.exchange()), "--stats", "json")
        self.assertEqual(err, "")
        found = json.loads(out)
        self.assertEqual(found["packets"]["count"], 8)
        self.assertEqual(found["connections"]["ended"]["finished"], 1)
        self.assertEqual(found["transactions"], {"count": 1, "requests": 1, "responses": 1, "evicted": 0})
        self.assertEqual(found["events"]["bytes"], len(self.log()))

    def test_logs_are_appended_to_and_a_cut_entry_is_ended(self):
        file = self.put("x.pcap", capture.exchange())
        self.read(file)
        first = self.log()
        (self.logs / "a.test-audit.log").write_bytes(first[:-20])
        self.read(file)
        self.assertTrue(self.log().startswith(first[:-20] + b"\n--"))

    def test_nothing_is_written_outside_the_directory(self):
        (self.dir / "victim").write_text("untouched")
        self.logs.mkdir()
        (self.logs / "a.test-audit.log").symlink_to(self.dir / "victim")
        hosts = ["a.test", "../../victim", "..", "/etc/passwd"]
        file = self.put("x.pcap", *(capture.exchange(host=host, client=("10.0.0.1", 4000 + i)) for i, host in enumerate(hosts)))
        out, err = self.read(file, "--stats", "json", status=1)
        self.assertEqual((self.dir / "victim").read_text(), "untouched")
        self.assertIn("a.test-audit.log", err)
        self.assertEqual(json.loads(out)["events"]["lost"], 1)
        self.assertEqual(sorted(path.name for path in self.logs.iterdir()), ["_invalid-audit.log", "a.test-audit.log"])

    def test_a_directory_that_cannot_be_made(self):
        _, err = self.agent("read", self.put("x.pcap", capture.exchange()), "-o", self.dir / "a/b", status=1)
        self.assertIn("cannot use output directory", err)

    def test_names_from_the_command_line_do_not_reach_the_terminal_raw(self):
        _, err = self.read(str(self.dir / "\x1b[2Jx.pcap"), status=1)
        self.assertNotIn("\x1b", err)
        self.assertIn("\\x1b[2Jx.pcap", err)


class Signals(CliTest):
    def test_usr1_prints_a_summary_while_input_is_waited_for(self):
        process = self.start("-")
        process.stdin.write(capture.pcap(capture.exchange()))
        process.stdin.flush()
        self.wait_for(lambda: (self.logs / "a.test-audit.log").exists(), "the event, flushed in the pause")
        process.send_signal(signal.SIGUSR1)
        self.assertRegex(process.stderr.readline(), rb"^packets +8 ")
        process.stdin.close()
        self.assertEqual(process.wait(60), 0)

    def test_a_stop_writes_what_is_open(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                host = f"{number.name.lower()}.test"
                process = self.start("-", "--stats", "json")
                half = capture.exchange(host=host, end=False)[:4]  # the request alone
                done = capture.exchange(host="done.test", client=("10.0.0.9", 9))
                process.stdin.write(capture.pcap(half, done))
                process.stdin.flush()
                self.wait_for(lambda: (self.logs / "done.test-audit.log").exists(), "the event")
                process.send_signal(number)
                self.assertEqual(process.wait(60), 0)
                found = json.loads(process.stdout.read())
                self.assertTrue(found["input"]["stopped"])
                self.assertEqual(found["input"]["damaged"], 0)
                self.assertIn(b"GET / HTTP/1.1", self.log(host))
                (self.logs / "done.test-audit.log").unlink()

    def test_progress_is_drawn_on_a_terminal_and_erased(self):
        # One connection's packets over and over: bytes enough that a line is drawn, and nothing new to write.
        packets = b"".join(capture.exchange(body=b"x" * 1400))
        file = self.dir / "large.pcap"
        file.write_bytes(capture.HEADER + packets * (70_000_000 // len(packets)))
        master, slave = pty.openpty()
        process = subprocess.Popen([AGENT, "read", str(file), "-o", str(self.logs), "--parts", "AZ"], stderr=slave)
        os.close(slave)
        text = b""
        try:
            while block := os.read(master, 65536):
                text += block
        except OSError:  # how a terminal says that its other end is gone
            pass
        os.close(master)
        self.assertEqual(process.wait(60), 0)
        self.assertRegex(text, rb"\d+\.\d %  \d+\.\d MB/s  \d+ s left\r\x1b\[K")
        self.assertRegex(text, rb"\r\x1b\[Kpackets ")


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    unittest.main()
