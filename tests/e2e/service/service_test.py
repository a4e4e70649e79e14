#!/usr/bin/env python3
"""`webtap-agent run` as a service, on an interface of a namespace of its own. Usage: service_test.py WEBTAP-AGENT"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from network import Inside, wait_until  # noqa: E402
from test_data import skip  # noqa: E402

AGENT = ""
TIMEOUT = 120
A_LINE = re.compile(rb"^--[0-9a-f]{8}-A--\n\[[^]]*\] (\S+) ", re.MULTILINE)
NO_CAPABILITIES = "0" * 16
NET_RAW = "0000000000002000"


def namespace_or_skip():
    """The name of a new namespace whose `lo` is up."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        skip("needs root and ip(8)")
    name = f"wtservice{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
        skip("network namespaces are not permitted here")
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    return name


class Server:
    """Answers each request on a connection; `?open` is never answered."""

    def __init__(self, namespace):
        with Inside(namespace):
            self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection):
        data = b""
        try:
            while block := connection.recv(65536):
                data += block
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    if b"?open" in head:
                        continue
                    body = b"x" * 2000
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except OSError:
            pass
        connection.close()

    def close(self):
        self._listener.close()


class Supervisor:
    """What systemd is to a service of type notify."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        path.chmod(0o777)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "2000000"}
        self._heard = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                self._heard.append(self.socket.recv(4096).decode())
            except OSError:
                return

    def heard(self, word):
        return sum(word in message.split("\n") for message in self._heard)


class Service(unittest.TestCase):
    namespace = ""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-service-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.folder.chmod(0o777)
        self.logs = self.folder / "logs"
        self.server = Server(self.namespace)
        self.addCleanup(self.server.close)
        self.sent = 0

    # --- the sensor ---

    def start(self, *options, prefix=(), environment=None, interface="lo"):
        command = ["ip", "netns", "exec", self.namespace, *prefix, AGENT, "run", "-i", interface, "-o", self.logs,
                   *options]
        # The leak checker of a sanitised build cannot look into a process that has given up its rights.
        variables = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **(environment or {})}
        self.process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, env=variables)
        lines = []
        process = self.process
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stderr.readline, b"")))
        reader.start()

        def end():
            process.kill()
            process.wait()
            reader.join()
            process.stderr.close()
        self.addCleanup(end)
        self.reader = reader
        self.lines = lines

    def said(self):
        return b"".join(self.lines).decode(errors="replace")

    def wait_for(self, text, count=1):
        def is_there():
            if self.process.poll() is not None and self.said().count(text) < count:
                raise AssertionError(f"the sensor ended: {self.said()}")
            return self.said().count(text) >= count
        wait_until(is_there, f"the sensor says '{text}'")

    def running(self, *options, **how):
        self.start(*options, **how)
        self.wait_for(" runs on ")

    def stop(self, status=0):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(TIMEOUT), status, self.said())
        self.reader.join()

    def status_of(self, key):
        """The value of each thread in /proc."""
        values = set()
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            values.add(next(line.split(":", 1)[1].strip() for line in lines if line.startswith(key + ":")))
        return values

    # --- traffic ---

    def connect(self):
        with Inside(self.namespace):
            connection = socket.socket()
        self.addCleanup(connection.close)
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", self.server.port))
        return connection

    def ask(self, connection, query=""):
        self.sent += 1
        connection.sendall(f"GET /{self.sent}{query} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        if query:
            return
        data = b""
        while not data.endswith(b"x" * 2000):
            block = connection.recv(65536)
            self.assertTrue(block, "the server closed")
            data += block

    def exchange(self, count):
        """On a connection each, which end."""
        for _ in range(count):
            connection = self.connect()
            self.ask(connection)
            connection.close()

    # --- what was written ---

    def texts(self):
        return {file.name: file.read_bytes() for file in sorted(self.logs.iterdir()) if file.is_file()}

    def entries(self):
        """The targets of all entries, each file by itself whole."""
        targets = []
        for name, text in self.texts().items():
            self.assertTrue(text == b"" or text.endswith(b"-Z--\n\n"), name)
            self.assertEqual(len(A_LINE.findall(text)), text.count(b"-Z--\n"), name)
            targets += re.findall(rb"^GET /(\d+)\S* HTTP/1.1", text, re.MULTILINE)
        return sorted(int(target) for target in targets)

    def assert_each_once(self):
        self.assertEqual(self.entries(), list(range(1, self.sent + 1)), self.said())

    def wait_for_entries(self, count):
        wait_until(lambda: self.logs.is_dir() and
                   sum(text.count(b"-Z--\n") for text in self.texts().values()) >= count, f"{count} entries")


class Life(Service):
    def test_term_writes_what_is_open_and_the_supervisor_is_told(self):
        supervisor = Supervisor(self.folder / "notify")
        self.running(environment=supervisor.environment)
        wait_until(lambda: supervisor.heard("READY=1") == 1, "it says that it is ready")
        wait_until(lambda: supervisor.heard("WATCHDOG=1") >= 3, "it says that it lives")
        self.assertEqual(supervisor.heard("STOPPING=1"), 0)
        self.exchange(2)
        connection = self.connect()
        self.ask(connection)
        self.ask(connection, "?open")
        self.wait_for_entries(3)
        self.stop()
        wait_until(lambda: supervisor.heard("STOPPING=1") >= 1, "it says that it stops")
        self.assert_each_once()
        text = b"".join(self.texts().values())
        self.assertIn(b"?open HTTP/1.1", text)
        self.assertRegex(text, rb"webtap/(no-response|connection-ended)")
        self.assertIn("events written", self.said())

    def test_a_second_signal_ends_it_at_once(self):
        self.running()
        self.process.send_signal(signal.SIGSTOP)
        for number in (signal.SIGTERM, signal.SIGINT):
            self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)
        self.assertIn(self.process.wait(TIMEOUT), (0, -signal.SIGINT, -signal.SIGTERM))

    def test_usr1_logs_a_summary(self):
        self.running()
        self.exchange(1)
        self.wait_for_entries(1)
        self.process.send_signal(signal.SIGUSR1)
        self.wait_for("events written")
        self.assertRegex(self.said(), r"info: packets +\d+")
        self.stop()

    def test_hup_changes_what_it_can_and_loses_no_connection(self):
        supervisor = Supervisor(self.folder / "notify")
        config = self.folder / "agent.yaml"
        config.write_text("max-body: 1MiB\nlog-level: info\n")
        self.running("--config", config, environment=supervisor.environment)
        wait_until(lambda: supervisor.heard("READY=1") == 1, "it says that it is ready")
        connection = self.connect()
        self.ask(connection)
        config.write_text("max-body: 2MiB\nrotate-size: 64KiB\n")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("reloaded; changed: ")
        self.wait_for("these need a restart: max-body")
        wait_until(lambda: supervisor.heard("RELOADING=1") == 1 and supervisor.heard("READY=1") == 2, "it is told")
        for _ in range(60):
            self.ask(connection)
        wait_until(lambda: len(self.texts()) > 1, "a file is put aside")
        config.write_text("max-body: 2MiB\nrotat-size: 64KiB\n")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("line 2: unknown key 'rotat-size', did you mean 'rotate-size'?; the configuration stays as it was")
        self.ask(connection)
        connection.close()
        self.stop()
        self.assert_each_once()

    def test_log_level(self):
        config = self.folder / "agent.yaml"
        config.write_text("log-level: debug\n")
        self.running("--config", config)
        config.write_text("log-level: error\n")
        self.process.send_signal(signal.SIGHUP)
        self.process.send_signal(signal.SIGUSR1)
        self.wait_for("events written")
        self.assertNotIn("reloaded", self.said())
        self.stop()
        self.assertNotIn("stopping", self.said())

    def test_what_cannot_be_used_ends_it_with_2_or_1(self):
        for options, status, part in ((["--threads", "0"], 2, "from 1 to 64"),
                                      (["--user", "no-such-user"], 1, "there is no such user"),
                                      (["tcp prot 80"], 2, "tcp prot 80")):
            with self.subTest(options=options):
                self.start(*options)
                self.assertEqual(self.process.wait(TIMEOUT), status)
                self.reader.join()
                self.assertIn(part, self.said())


class Files(Service):
    def test_rotation_by_size_keeps_every_entry_whole(self):
        self.running("--rotate-size", "64KiB")
        connection = self.connect()
        for _ in range(200):
            self.ask(connection)
        connection.close()
        self.exchange(10)
        self.stop()
        self.assert_each_once()
        names = list(self.texts())
        self.assertGreaterEqual(len(names), 5)
        self.assertTrue(all(len(text) <= 65536 for text in self.texts().values()))
        aside = [name for name in names if name != "a.test-audit.log"]
        self.assertTrue(all(re.fullmatch(r"a\.test-audit\.log\.\d{8}T\d{6}\.\d{6}Z", name) for name in aside), names)

    def test_only_so_many_are_kept(self):
        self.running("--rotate-size", "64KiB", "--rotate-keep", "2")
        connection = self.connect()
        for _ in range(200):
            self.ask(connection)
        self.stop()
        self.assertEqual(len(self.texts()), 3)
        entries = self.entries()
        self.assertEqual(entries, list(range(entries[0], self.sent + 1)))

    def test_logrotate_moves_files_and_no_entry_is_lost(self):
        if shutil.which("logrotate") is None:
            self.skipTest("not installed: logrotate")
        self.running()
        rules = (ROOT / "deploy" / "logrotate" / "webtap-agent").read_text()
        self.assertIn("systemctl kill --kill-who=main --signal=USR2 webtap-agent.service", rules)
        rules = rules.replace("systemctl kill --kill-who=main --signal=USR2 webtap-agent.service",
                              f"kill -USR2 {self.process.pid}")
        rules = rules.replace("/var/log/webtap", str(self.logs)).replace("su webtap webtap", "su root root")
        config = self.folder / "logrotate.conf"
        config.write_text(rules)
        config.chmod(0o644)
        for _ in range(3):
            self.exchange(5)
            self.wait_for_entries(self.sent)
            before = self.said().count("opened anew")
            subprocess.run(["logrotate", "--force", "--state", self.folder / "state", config], check=True,
                           capture_output=True, timeout=TIMEOUT)
            self.wait_for("opened anew", before + 1)
            wait_until(lambda: (self.logs / "a.test-audit.log.1").exists(), "logrotate has moved the file")
            subprocess.run("for f in *.gz; do [ ! -e $f ] || gunzip $f; done", shell=True, check=True, cwd=self.logs)
            # The next force would take the unpacked file for one of its own.
            for file in self.logs.glob("a.test-audit.log.[0-9]"):
                file.rename(self.logs / f"moved-{time.monotonic_ns()}")
        self.exchange(5)
        self.stop()
        self.assert_each_once()
        self.assertGreaterEqual(len(self.texts()), 4)


class Rights(Service):
    def test_root_becomes_the_user_with_no_capability(self):
        self.running("--user", "nobody")
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        self.assertEqual(self.status_of("Uid"), {"\t".join([nobody] * 4)})
        for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(self.status_of(key), {NO_CAPABILITIES}, key)
        self.assertEqual(self.status_of("NoNewPrivs"), {"1"})
        limits = Path(f"/proc/{self.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        self.exchange(3)
        self.wait_for_entries(3)
        self.assertEqual(self.logs.stat().st_uid, int(nobody))
        self.assertEqual(self.logs.stat().st_mode & 0o777, 0o750)
        self.stop()
        self.assert_each_once()

    def test_a_capability_is_kept_for_an_interface_that_is_waited_for(self):
        self.running("--user", "nobody", interface="wtlater")
        self.wait_for("CAP_NET_RAW is kept")
        self.assertEqual(self.status_of("CapEff"), {NET_RAW})
        self.assertEqual(self.status_of("CapBnd"), {NO_CAPABILITIES})
        ip = ["ip", "-n", self.namespace]
        subprocess.run([*ip, "link", "add", "wtlater", "type", "veth", "peer", "name", "wtpeer"], check=True)
        self.addCleanup(subprocess.run, [*ip, "link", "del", "wtlater"], check=False, capture_output=True)
        for name in ("wtlater", "wtpeer"):
            subprocess.run([*ip, "link", "set", name, "up"], check=True)
        self.wait_for("'wtlater': capturing")
        self.stop()

    def test_with_net_raw_alone_from_the_start(self):
        if shutil.which("setpriv") is None:
            self.skipTest("not installed: setpriv")
        self.running(prefix=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps",
                             "+net_raw", "--ambient-caps", "+net_raw", "--bounding-set", "-all,+net_raw"])
        self.assertEqual(self.status_of("CapEff"), {NO_CAPABILITIES})
        self.exchange(3)
        self.stop()
        self.assert_each_once()

    def test_without_any_capability_it_says_what_it_lacks(self):
        if shutil.which("setpriv") is None:
            self.skipTest("not installed: setpriv")
        self.start(prefix=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps", "-all",
                           "--bounding-set", "-all"])
        self.assertEqual(self.process.wait(TIMEOUT), 1)
        self.reader.join()
        self.assertIn("cannot capture on interface 'lo'", self.said())

    def test_root_is_told_so(self):
        self.running()
        self.assertIn("it runs as root", self.said())
        self.stop()


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    Service.namespace = namespace_or_skip()
    try:
        unittest.main()
    finally:
        subprocess.run(["ip", "netns", "del", Service.namespace], check=False)
