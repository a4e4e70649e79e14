#!/usr/bin/env python3
"""Many subscribers at once: one thread serves them, what they share is in memory once, and one that does not read costs
the others nothing. WEBTAP_SUBSCRIBERS says how many (200). Usage: crowd_test.py WEBTAP-AGENT"""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support")]

import capture  # noqa: E402
from stream_case import StreamCase  # noqa: E402
from subscription import Subscription, tls_context  # noqa: E402

SUBSCRIBERS = int(os.environ.get("WEBTAP_SUBSCRIBERS", "200"))
MOST_BYTES_EACH = 320 << 10  # of the memory of a sensor with a sanitiser; docs/limits.md has the measured number
EVENTS = 200
SIDE = 40  # handshakes under way


def feed(agent, first, count):
    agent.process.stdin.write(b"".join(b"".join(capture.exchange(
        "a.test", f"/{number}", b"%08d" % number * 150, client=(f"10.0.{number // 250}.{number % 250 + 1}", 4)))
        for number in range(first, first + count)))
    agent.process.stdin.flush()


class Crowd(StreamCase):
    def memory(self, agent, what):
        text = Path(f"/proc/{agent.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", text).group(1))

    def start_sensor(self):
        table = self.dir / "subscribers.yaml"
        table.write_text("subscribers:\n  - identity: dns:client.example.test\n    bodies: true\n"
                         "    connections: 1024\n")
        # What the sanitiser keeps of freed memory, to find uses of it, would count as held.
        environment = os.environ | {"ASAN_OPTIONS": "quarantine_size_mb=8:" + os.environ.get("ASAN_OPTIONS", "")}
        agent, port = self.sensor("-", "--subscribers", table, stdin=subprocess.PIPE, env=environment)
        agent.process.stdin.write(capture.HEADER)
        return agent, port

    async def subscribe(self, port, names):
        context = tls_context(self.certificates)
        doors = asyncio.Semaphore(SIDE)

        async def one(name):
            subscription = Subscription()
            async with doors:
                await subscription.open(port, context, name)
            return subscription
        return await asyncio.gather(*[one(name) for name in names])

    async def crowd(self, agent, port):
        first, stalled = await self.subscribe(port, ["first", "stalled"])
        await first.take(lambda s: s.events == EVENTS // 2)
        before, threads = self.memory(agent, "VmRSS"), self.memory(agent, "Threads")
        others = await self.subscribe(port, [f"s{number}" for number in range(SUBSCRIBERS - 2)])
        everyone = [first, *others]
        await asyncio.gather(*[one.take(lambda s: s.events == EVENTS // 2) for one in everyone])
        feed(agent, EVENTS // 2, EVENTS // 2)
        await asyncio.gather(*[one.take(lambda s: s.events == EVENTS) for one in everyone])
        each = (self.memory(agent, "VmHWM") - before) * 1024 // len(others)
        print(f"{len(everyone)} subscribers: {each} bytes each at the most")
        self.assertLess(each, MOST_BYTES_EACH)
        self.assertEqual(self.memory(agent, "Threads"), threads)
        self.assertEqual({one.digest.digest() for one in everyone}, {first.digest.digest()})
        self.assertEqual({(one.position, tuple(one.gaps)) for one in everyone}, {(EVENTS, ())})
        # Who did not read all that time has missed nothing.
        await stalled.take(lambda s: s.events == EVENTS)
        self.assertEqual(stalled.digest.digest(), first.digest.digest())
        if SUBSCRIBERS >= 1000:
            await self.fill(port, 1024 - SUBSCRIBERS)
        return [*everyone, stalled]

    async def fill(self, port, count):
        """One identity has 1,024 names, and no more."""
        for one in await self.subscribe(port, [f"more{number}" for number in range(count)]):
            await one.close()
        with self.assertRaisesRegex(ConnectionError, "the sensor remembers 1024 durable names of dns:client"):
            await self.subscribe(port, ["one-too-many"])

    def test_all_are_served(self):
        wanted = SUBSCRIBERS * 2 + 100
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, wanted), hard), hard))
        agent, port = self.start_sensor()
        feed(agent, 0, EVENTS // 2)

        async def run():
            subscriptions = await self.crowd(agent, port)
            for one in subscriptions:
                await one.close()
        asyncio.run(run())
        agent.process.stdin.close()
        self.assertEqual(agent.end(), 0, agent.said)
        names = re.findall(r"^cursor (\S+)-[0-9a-f]{12} at (\d+)", self.spool_command("check").decode(), re.MULTILINE)
        print(len(names), "durable names")
        self.assertGreaterEqual(len(names), SUBSCRIBERS)


class Gaps(StreamCase):
    def test_gaps_are_told_one_a_second(self):
        """A sensor that was killed again and again has a gap for each time."""
        for run in range(4):
            agent, _ = self.sensor("-", stdin=subprocess.PIPE)
            agent.process.stdin.write(capture.HEADER)
            feed(agent, 10 * run, 10)
            while self.spool_command("export").count(b"GET /") < 10 * (run + 1):
                time.sleep(0.1)
            agent.end(signal.SIGKILL)
        nothing = self.dir / "nothing.pcap"
        nothing.write_bytes(capture.HEADER)
        _, port = self.sensor(nothing, "--wait-for", "nobody")

        async def run():
            one = Subscription()
            await one.open(port, tls_context(self.certificates))
            await one.take(lambda s: s.events == 40 and len(s.gaps) >= 4)
            await one.close()
            return one.gaps
        gaps = asyncio.run(run())
        print("gaps", [f"{when - gaps[0][0]:.2f} s" for when, *_ in gaps])
        for (earlier, *_), (later, *_) in zip(gaps, gaps[1:]):
            self.assertGreater(later - earlier, 0.9)  # as it left; it may have come with a delay


if __name__ == "__main__":
    StreamCase.AGENT = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
