"""The runs of run-stream: what is started, when the clock starts, and when it stops."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PCAP_HEADER = 24  # bytes: a capture without packets


class Failed(Exception):
    """A run that did not end as it should: its numbers are of no use."""


@dataclass
class Place:
    name: str
    says: str
    path: Path
    durable: bool  # what is written is synced, by whoever writes it


@dataclass
class Folder:
    dir: Path  # what run's settle() wants of its options


class Program:
    """A child process: its standard error goes to a file, its time and status come from wait4."""

    def __init__(self, command, errors, **more):
        self.errors = errors
        with open(errors, "wb") as stderr:
            self.process = subprocess.Popen([str(word) for word in command], stderr=stderr, **more)
        self.name = Path(command[0]).name
        self.cpu = 0.0
        self.status = None

    def said(self):
        return self.errors.read_text(errors="replace")

    def await_text(self, text, until):
        while text not in self.said():
            if self.poll() is not None or time.monotonic() > until:
                raise Failed(f"{self.name} did not say '{text}': {self.said().strip()[-300:]}")
            time.sleep(0.01)

    def poll(self):
        if self.status is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid != 0:
                self.cpu = usage.ru_utime + usage.ru_stime
                self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.status

    def wait(self, until):
        while self.poll() is None:
            if time.monotonic() > until:
                raise Failed(f"{self.name} did not end in time: {self.said().strip()[-300:]}")
            time.sleep(0.002)
        return self.status

    def end(self):
        if self.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            while self.poll() is None:
                time.sleep(0.002)


class Run:
    """The programs of one run: all of them are gone when it ends."""

    def __init__(self, setup):
        self.setup = setup
        self.folder = setup.place.path / "output"
        self.programs = []

    def __enter__(self):
        self.setup.settle()
        self.until = time.monotonic() + self.setup.options.limit
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.end()

    def start(self, name, command, **more):
        program = Program(command, self.folder / f"{name}.err", **more)
        self.programs.append(program)
        return program

    def finish(self, program):
        if program.wait(self.until) != 0:
            raise Failed(f"{program.name} ended with {program.status}: {program.said().strip()[-300:]}")
        return program.cpu

    def agent(self, arguments):
        """A sensor that waits, with everything open, for the first bytes of a pipe; then it reads the capture."""
        gate = self.folder / "gate"
        os.mkfifo(gate)
        agent = self.start("agent", [self.setup.options.agent, "read", gate, self.setup.capture.path,
                                     "--stats", "json", *arguments],
                           stdout=open(self.folder / "summary", "wb"))
        while True:
            try:
                self.gate = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
                return agent
            except OSError:
                if agent.poll() is not None or time.monotonic() > self.until:
                    raise Failed(f"the agent does not read: {agent.said().strip()[-300:]}") from None
                time.sleep(0.01)

    def release(self):
        """Opens the gate: from now on it counts."""
        header = self.setup.capture.path.open("rb").read(PCAP_HEADER)
        begun = time.time()
        os.write(self.gate, header)
        os.close(self.gate)
        return begun

    def listening_agent(self, arguments):
        ca = self.setup.ca
        agent = self.agent(["--spool", self.folder / "spool", "--spool-size", "64GiB", "--listen", "127.0.0.1:0",
                            "--cert", ca / "sensor.pem", "--key", ca / "sensor.key", "--ca", ca / "ca.pem",
                            *arguments])
        return agent, self.port(agent)

    def port(self, agent):
        agent.await_text("listening on port ", self.until)
        while not agent.said().endswith("\n"):
            time.sleep(0.01)
        return int(agent.said().split("listening on port ")[1].split()[0])

    def taker(self, port, name, count):
        ca = self.setup.ca
        return self.start(name, [self.setup.options.programs / "take", "localhost", port, ca / "clients/client.pem",
                                 ca / "clients/client.key", ca / "ca.pem", name, count], stdout=subprocess.PIPE)

    def taken(self, taker):
        """What a taker reports; everything must have come."""
        self.finish(taker)
        said = json.loads(taker.process.stdout.read())
        if said["missing"]:
            raise Failed(f"{said['missing']} events are missing")
        return said


def fsync_all(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fdatasync(descriptor)
            os.close(descriptor)


class Setup:
    """One capture read to one place, in several ways."""

    def __init__(self, options, place, capture, run):
        self.options, self.place, self.capture, self.bench = options, place, capture, run
        self.ca = options.dir / "ca"
        if not (self.ca / "sensor.pem").exists():
            made = subprocess.run([str(ROOT / "certs/make-certs"), str(self.ca)], capture_output=True, text=True)
            if made.returncode != 0:
                raise SystemExit(f"run-stream: cannot make certificates: {made.stderr.strip()}")

    def settle(self):
        """An empty folder, nothing dirty, memory that was touched, the capture in the page cache."""
        self.bench.empty(self.place.path / "output")
        self.bench.settle(Folder(self.place.path), self.capture.bytes)
        self.bench.warm(self.capture.path)

    def alone(self):
        """The agent writes files, nothing else; on a disk until these are synced, as the stream's are."""
        with Run(self) as run:
            agent = run.agent(["-o", run.folder / "audit"])
            begun = run.release()
            cpu = run.finish(agent)
            if self.place.durable:
                fsync_all(run.folder / "audit")
            return {"wall": time.time() - begun, "cpu": cpu, "client_cpu": 0.0}

    def stream(self, arguments=()):
        """No local files; until webtap-client has everything in audit files, durable and acknowledged."""
        with Run(self) as run:
            agent, port = run.listening_agent(["--wait-for", "bench", *arguments])
            client = run.start("client", [self.options.client, "subscribe", f"localhost:{port}", "--cert",
                                          self.ca / "clients/client.pem", "--key", self.ca / "clients/client.key",
                                          "--ca", self.ca / "ca.pem", "--name", "bench", "-o", run.folder / "audit"])
            client.await_text("subscribed to sensor", run.until)
            begun = run.release()
            cpu = run.finish(agent)
            wall = time.time() - begun
            client.process.terminate()
            client.wait(run.until)
            if "missing" in client.said():
                raise Failed(client.said().strip()[-300:])
            return {"wall": wall, "cpu": cpu, "client_cpu": client.cpu}

    def many(self, count, stopped=0):
        """Subscribers that only take; the first `stopped` of them are stopped once they are connected."""
        names = [f"taker{number}" for number in range(count)]
        with Run(self) as run:
            waits = [word for name in names[stopped:] for word in ("--wait-for", name)]
            agent, port = run.listening_agent(waits)
            takers = [run.taker(port, name, self.capture.transactions) for name in names]
            for taker in takers:
                taker.await_text("subscribed", run.until)
            for taker in takers[:stopped]:
                taker.process.send_signal(signal.SIGSTOP)
            begun = run.release()
            took = [run.taken(taker)["last"] - begun for taker in takers[stopped:]]
            cpu = run.finish(agent)
            return {"cpu": cpu, "took": [0.0] * stopped + took}

    def paced(self, rate, transactions):
        """`transactions` of the capture as an interface would give them, `rate` a second, to one subscriber."""
        packets = rate * self.capture.packets / self.capture.transactions
        with Run(self) as run:
            ca = self.ca
            agent = run.start("agent", [self.options.agent, "read", "-", "--stats", "json", "--spool",
                                        run.folder / "spool", "--spool-size", "64GiB", "--listen", "127.0.0.1:0",
                                        "--cert", ca / "sensor.pem", "--key", ca / "sensor.key", "--ca",
                                        ca / "ca.pem"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            taker = run.taker(run.port(agent), "taker", transactions)
            taker.await_text("subscribed", run.until)
            pace = run.start("pace", [self.options.programs / "pace", self.capture.path, packets],
                             stdout=agent.process.stdin)
            agent.process.stdin.close()
            said = run.taken(taker)
            pace.end()
            agent.wait(run.until)
            return said

    def json_lines(self):
        """The capture's events, a line of JSON each."""
        lines = self.place.path / "lines.json"
        with Run(self) as run:
            agent = run.agent(["-o", run.folder / "audit", "--format", "json"])
            run.release()
            run.finish(agent)
            with open(lines, "wb") as out:
                for path in sorted((run.folder / "audit").glob("*-audit.json*")):
                    with open(path, "rb") as source:
                        shutil.copyfileobj(source, out, 1 << 20)
        return lines

    def rsyslog(self, lines):
        """A file of lines through rsyslog's imfile, omfwd, imtcp and omfile, until the last is there."""
        with Run(self) as run:
            port = free_port()
            received = run.folder / "received"
            server = start_rsyslog(run, "server", self.ca, "sensor", f"""
module(load="imtcp" StreamDriver.Name="{rsyslog_driver()}" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
template(name="line" type="string" string="%msg%\\n")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="in" SupportOctetCountedFraming="on")
ruleset(name="in") {{ action(type="omfile" file="{received}" template="line" ioBufferSize="128k") }}
""")
            await_port(port, server, run.until)
            wanted = lines.stat().st_size
            begun = time.time()
            sender = start_rsyslog(run, "sender", self.ca, "clients/client", f"""
module(load="imfile")
template(name="forward" type="string" string="<134>1 - - webtap - - - %msg%")
input(type="imfile" file="{lines}" tag="webtap" ruleset="out" reopenOnTruncate="off")
ruleset(name="out" queue.type="FixedArray" queue.size="50000" queue.dequeueBatchSize="1024") {{
  action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted" template="forward"
         StreamDriver="{rsyslog_driver()}" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid")
}}
""")
            await_lines(received, self.capture.transactions, wanted, [server, sender], run.until)
            return {"wall": time.time() - begun}


def rsyslog_driver():
    for driver in ("ossl", "gtls"):
        if any(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
            return driver
    return None


def start_rsyslog(run, name, ca, certificate, rules):
    work = run.folder / f"{name}.work"
    work.mkdir()
    settings = run.folder / f"{name}.conf"
    settings.write_text(f"""global(workDirectory="{work}" maxMessageSize="4m" DefaultNetstreamDriver="{rsyslog_driver()}"
       DefaultNetstreamDriverCAFile="{ca}/ca.pem" DefaultNetstreamDriverCertFile="{ca}/{certificate}.pem"
       DefaultNetstreamDriverKeyFile="{ca}/{certificate}.key")
main_queue(queue.size="200000" queue.dequeueBatchSize="1024")
{rules}""")
    return run.start(name, ["rsyslogd", "-n", "-f", settings, "-i", run.folder / f"{name}.pid"])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port, server, until):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > until:
                raise Failed(f"rsyslog does not listen: {server.said().strip()[-300:]}") from None
            time.sleep(0.02)


def await_lines(path, count, size, programs, until):
    """Until a file has so many lines; looked at only once it is nearly as large as it will be."""
    have = at = 0
    while have < count:
        if any(program.poll() is not None for program in programs) or time.monotonic() > until:
            raise Failed(f"rsyslog brought {have} of {count} lines: " +
                         " / ".join(program.said().strip()[-200:] for program in programs))
        if path.exists() and path.stat().st_size >= max(0.9 * size, at + 1):
            with open(path, "rb") as file:
                file.seek(at)
                while block := file.read(1 << 20):
                    have += block.count(b"\n")
                    at += len(block)
        time.sleep(0.01)
