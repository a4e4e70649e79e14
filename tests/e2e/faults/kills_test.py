#!/usr/bin/env python3
"""A sensor and three subscribers are killed over and over, at every place where something becomes durable and at random
moments, while the sensor is in the middle of a capture. What its spool kept must be in the subscribers' files: all of
it, once, in order. WEBTAP_KILLS says how many kills (60), WEBTAP_SEED which moments.
Usage: kills_test.py WEBTAP-AGENT WEBTAP-CLIENT FAULTS-LIBRARY"""

import contextlib
import os
import random
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]

import capture  # noqa: E402
import modsec_log  # noqa: E402
from program import Program, TIMEOUT  # noqa: E402
from stream_case import StreamCase  # noqa: E402

FAULTS = ""
KILLS = int(os.environ.get("WEBTAP_KILLS", "60"))
SEED = int(os.environ.get("WEBTAP_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
REQUEST = re.compile(rb"GET /(\d+) HTTP/1\.1")
HOSTS = 5
LARGEST_BODY = 2000

# Where the sensor dies: the names are those of docs/spool.md's steps, the calls those that FAULTS knows.
AGENT_POINTS = {
    "reserved": "kill-after fdatasync */state 1",
    "state torn": "kill-half pwritev */state {n}",
    "state written": "kill-after fdatasync */state {n}",
    "segment created": "kill-after fdatasync *.open 1",
    "records torn": "kill-half pwritev *.open {m}",
    "records written": "kill-after pwritev *.open {m}",
    "before sync": "kill-before fdatasync *.open {m}",
    "behind sync": "kill-after fdatasync *.open {m}",
    "seal written": "kill-before renameat *.open 1",
    "seal renamed": "kill-after renameat *.open 1",
}
DELETION_POINTS = {
    "range to delete written": "kill-before unlinkat *.seg 1",
    "segment deleted": "kill-after unlinkat *.seg 1",
}
# Where a subscriber dies; {log} is a file of its format.
CLIENT_POINTS = {
    "log torn": "kill-half write {log} {n}",
    "log written": "kill-after write {log} {n}",
    "log synced": "kill-after fdatasync {log} {n}",
    "journal torn": "kill-half write */.webtap-position {m}",
    "journal written": "kill-before fdatasync */.webtap-position {m}",
    "before acknowledging": "kill-after fdatasync */.webtap-position {m}",
    "before cutting back": "kill-before ftruncate {log} 1",
    "behind cutting back": "kill-after ftruncate {log} 1",
}
ENTRY = "*/20??????-??????-*"
CONCURRENT_POINTS = {
    "entry torn": f"kill-half write {ENTRY} {{m}}",
    "entry written": f"kill-after write {ENTRY} {{m}}",
    "file system synced": "kill-after syncfs * {n}",
}
LOGS = {"serial": "*-audit.log", "json": "*-audit.jsonl", "concurrent": "*/index.log"}


def body(number):
    source = random.Random(number)
    return source.randbytes(source.randrange(LARGEST_BODY)).hex().encode()


class Feeder(threading.Thread):
    """Gives whoever captures one exchange after the other, each once, whether it lives to see it or not."""

    def __init__(self):
        super().__init__()
        self.lives = []  # of each sensor, the exchanges that it was given
        self._lock = threading.Lock()
        self._pipe = None
        self._number = 0
        self._ended = False

    def give_to(self, pipe):
        with self._lock:
            self._pipe = pipe
            self.lives.append([])
            self._write(capture.HEADER)

    def _write(self, data):
        try:
            self._pipe.write(data)
            self._pipe.flush()
            return True
        except (OSError, ValueError):  # it died
            self._pipe = None
            return False

    def run(self):
        while not self._ended:
            number = self._number
            packets = b"".join(capture.exchange(
                f"h{number % HOSTS}.test", f"/{number}", body(number),
                client=(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 40000),
                time=1_700_000_000.0 + number / 100))
            with self._lock:
                if self._pipe is not None and self._write(packets):
                    self.lives[-1].append(number)
                    self._number += 1
            time.sleep(0.01)

    def end(self):
        self._ended = True
        self.join()
        if self._pipe is not None:
            self._pipe.close()


class Victim:
    """One program that is started, killed, and started again."""

    def __init__(self, test, name, points, command):
        self.test, self.name, self.command = test, name, command
        self.points = {f"{name}: {what}": where for what, where in points.items()}
        self.missed = set(self.points)  # not yet died of
        self.deaths = 0
        self.chance = random.Random(f"{SEED} {name}")
        self.said = ""
        self.left_tail = False  # there is something to be cut back in its files

    def choose(self):
        """A point that it has not died of yet; when it has of all, any; or none, for a moment by chance."""
        if self.chance.random() < (0.2 if self.missed else 0.6):
            return ""
        cuts = sorted(what for what in self.missed if "cutting back" in what)
        others = sorted(self.missed - set(cuts))
        if cuts and self.left_tail:
            return self.chance.choice(cuts)
        if others:
            return self.chance.choice(others)
        return f"{self.name}: log written" if cuts else self.chance.choice(list(self.points))

    def start(self, where=""):
        environment = dict(os.environ)
        if where:
            environment |= {"LD_PRELOAD": FAULTS, "WEBTAP_FAULT": where}
            options = environment.get("ASAN_OPTIONS", "")
            environment["ASAN_OPTIONS"] = options + ":verify_asan_link_order=0"
        program = Program(self.command(), env=environment, stdin=subprocess.PIPE)
        self.test.running.append(program)
        return program

    def settle(self, program):
        """It is up, or dead before."""
        ready = {"sensor": "listening on port"}.get(self.name, "subscribed to sensor")
        # The sensor may not come back: that there were enough deaths is seen with the next attempt to connect.
        program.wait_for(lambda: ready in program.said or program.over or self.test.is_over(), ready)

    def die(self):
        """One life, ended at a point not died of yet, or at any, or by chance."""
        what = self.choose()
        where = self.points.get(what, "").format(n=self.chance.randrange(1, 3), m=self.chance.randrange(2, 5),
                                                 log=LOGS.get(self.name))
        program = self.start(where)
        self.begin(program)
        try:
            program.process.wait(5 if what else self.chance.random() * 2)
        except subprocess.TimeoutExpired:
            program.process.kill()
        status = program.end()
        self.said += program.said
        self.test.assertEqual(status, -signal.SIGKILL, program.said)
        reached = "fault: reached" in program.said
        if reached:
            self.missed.discard(what)
        self.left_tail = reached and ": log " in what
        self.deaths += 1
        self.test.running.remove(program)

    def begin(self, program):
        if self.chance.random() < 0.7:  # or it dies while it starts
            self.settle(program)


class Sensor(Victim):
    def begin(self, program):
        self.settle(program)
        if not program.over:
            self.test.feeder.give_to(program.process.stdin)


class Kills(StreamCase):
    def setUp(self):
        super().setUp()
        self.running = []
        self.addCleanup(lambda: [program.clean_up() for program in self.running])
        self.kept = {}  # by number, what the spool had
        self.port = 0
        self.victims = []
        self.failed = []
        self.feeder = Feeder()

    def sensor_command(self):
        waits = [word for name in LOGS for word in ("--wait-for", name)]
        return self.agent_command("-", *waits, port=self.port)

    def subscriber_command(self, log_format):
        return lambda: self.client_command(self.port, "--to", f"audit:{self.dir / log_format}?format={log_format}",
                                           name=log_format)

    def export(self):
        """What the spool of a sensor that is dead keeps."""
        records = self.spool_command("export")
        at, before = 0, -1
        while at < len(records):
            length, = struct.unpack_from(">I", records, at)
            record = records[at + 4:at + 4 + length]
            at += 4 + length
            number = int(REQUEST.search(record).group(1))
            self.assertGreater(number, before, "the spool has it twice or out of order")
            self.assertIn(body(number), record)
            before = number
            self.kept[number] = True

    def test_what_the_spool_kept_is_in_the_files_once(self):
        print(f"WEBTAP_SEED={SEED} WEBTAP_KILLS={KILLS}", flush=True)
        sensor = Sensor(self, "sensor", AGENT_POINTS, self.sensor_command)
        clients = [Victim(self, name, CLIENT_POINTS | (CONCURRENT_POINTS if name == "concurrent" else {}),
                          self.subscriber_command(name)) for name in LOGS]
        first = sensor.start()
        self.port = int(first.wait_until_said(r"listening on port (\d+)").group(1))
        self.feeder.give_to(first.process.stdin)
        self.feeder.start()
        self.addCleanup(lambda: self.feeder.is_alive() and self.feeder.end())
        first.process.kill()
        first.end()
        self.kill(sensor, clients)

        last = sensor.start()
        last.wait_until_said("listening on port")
        self.feeder.give_to(last.process.stdin)
        programs = [client.start() for client in clients]
        time.sleep(1)
        self.feeder.end()
        self.assertEqual(last.end(), 0, last.said)  # all have acknowledged everything
        for client, program in zip(clients, programs):
            self.assertEqual(program.end(signal.SIGTERM), 0, program.said)
            client.said += program.said
        self.export()
        for client in clients:
            with self.subTest(format=client.name):
                self.compare(client)

    def kill(self, sensor, clients):
        self.victims = [sensor, *clients]

        def work(victim):
            try:
                while not self.is_over():
                    victim.die()
            except BaseException as error:
                self.failed.append(error)
                raise
        threads = [threading.Thread(target=work, args=[victim]) for victim in self.victims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failed:
            raise self.failed[0]
        print("kills:", ", ".join(f"{victim.name} {victim.deaths}" for victim in self.victims), flush=True)

    def is_over(self):
        """There were enough deaths, of everything; or something is wrong."""
        return self.failed or (sum(victim.deaths for victim in self.victims) >= KILLS and
                               not any(victim.missed for victim in self.victims))

    def compare(self, client):
        got = getattr(self, f"read_{client.name}")(self.dir / client.name)
        numbers = [number for numbers in got.values() for number in numbers]
        for name, own in got.items():
            self.assertEqual(own, sorted(set(own)), f"{name}: out of order, or twice")
        self.assertEqual(sorted(set(self.kept) - set(numbers)), [], "missing")
        self.assertFalse((self.dir / client.name / "dead-letter.jsonl").exists())
        self.assertEqual(set(re.findall(r"missing: .* \((.*)\)", client.said)) - {"restart"}, set())
        # What was seen live and died with the sensor is the end of a life.
        seen = set(numbers) - set(self.kept)
        for life in self.feeder.lives:
            kept = [number for number in life if number in self.kept]
            self.assertEqual(kept, life[:len(kept)], "the spool has a hole")
        print(f"{client.name}: {len(numbers)} entries, {len(self.kept)} were kept, {len(seen)} only seen live")

    def check(self, entry):
        number = int(REQUEST.match(entry.request_line).group(1))
        self.assertEqual(entry.response_body or b"", body(number))
        return number

    def read_serial(self, folder):
        return {path.name: [self.check(entry) for entry in modsec_log.read_serial(path)]
                for path in folder.glob("*-audit.log")}

    def read_json(self, folder):
        return {path.name: [self.check(entry) for entry in modsec_log.read_json_lines(path)]
                for path in folder.glob("*-audit.jsonl")}

    def read_concurrent(self, folder):
        # An entry that was seen live, whose subscriber and sensor both died, has a file without a line.
        lines = (folder / "index.log").read_bytes()
        named = {match.decode() for match in re.findall(rb" /(\S+) \d+ \d+ md5:", lines)}
        for path in folder.glob("*/*/*"):
            if path.relative_to(folder).as_posix() in named:
                continue
            number = int(REQUEST.search(path.read_bytes()).group(1))
            self.assertNotIn(number, self.kept, "a file without a line")
            path.unlink()
        return {"index.log": [self.check(entry) for entry in modsec_log.read_concurrent(folder / "index.log", folder)]}


class Deletions(StreamCase):
    """A sensor whose spool is full dies while it deletes the oldest."""

    def live(self, first, where=""):
        """A life of 2 MB, ended by death; the spool may have 16."""
        environment = dict(os.environ)
        if where:
            environment |= {"LD_PRELOAD": FAULTS, "WEBTAP_FAULT": where,
                            "ASAN_OPTIONS": environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        agent = self.start(*self.agent_command("-", "--spool-size", "16MiB"), stdin=subprocess.PIPE, env=environment)
        with contextlib.suppress(OSError):
            agent.process.stdin.write(capture.HEADER + b"".join(b"".join(capture.exchange(
                "a.test", f"/{number}", random.Random(number).randbytes(200_000), client=("10.0.0.1", 1000 + number)))
                for number in range(first, first + 10)))
            agent.process.stdin.flush()
        deadline = time.monotonic() + TIMEOUT
        while not agent.over and time.monotonic() < deadline:
            if not where and b"GET /%d " % (first + 9) in self.spool_command("export"):
                agent.process.kill()
            time.sleep(0.1)
        self.assertEqual(agent.end(), -signal.SIGKILL, agent.said)

    def numbers(self):
        return [int(number) for number in REQUEST.findall(self.spool_command("export"))]

    def test_a_sensor_that_dies_while_it_deletes_deletes_the_oldest_only(self):
        for life in range(9):
            self.live(10 * life)
        before = self.numbers()
        for number, where in enumerate(DELETION_POINTS.values()):
            with self.subTest(where=where):
                self.live(1000 + 20 * number, where)
                self.spool_command("check")
                self.assertEqual(self.numbers(), sorted(set(self.numbers())))
                self.live(1010 + 20 * number)  # what was begun is done
                now = self.numbers()
                # Of what there was only a beginning went, in whole segments.
                old = [entry for entry in now if entry in before]
                self.assertEqual(old, before[len(before) - len(old):])
                self.assertLess(len(old), len(before))
                before = now
        nothing = self.dir / "nothing.pcap"
        nothing.write_bytes(capture.HEADER)
        agent, port = self.sensor(nothing, "--spool-size", "16MiB", "--wait-for", "siem")
        client = self.subscriber(port, "-o", self.dir / "logs")
        self.assertEqual(agent.end(), 0, agent.said)
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        got = [int(number) for number in REQUEST.findall((self.dir / "logs" / "a.test-audit.log").read_bytes())]
        self.assertEqual(got, self.numbers())
        self.assertEqual(set(re.findall(r"missing: .* \((.*)\)", client.said)) - {"restart"}, set())


if __name__ == "__main__":
    StreamCase.AGENT, StreamCase.CLIENT, FAULTS = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
