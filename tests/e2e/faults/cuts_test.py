#!/usr/bin/env python3
"""The connection is cut in the middle of frames, and the subscriber stands still for longer than the sensor waits: what
is written in the end is what the sensor wrote. Usage: cuts_test.py WEBTAP-AGENT WEBTAP-CLIENT"""

import contextlib
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support")]

from stream_case import StreamCase  # noqa: E402

SEED = int(os.environ.get("WEBTAP_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
CUTS = 40


class Proxy(threading.Thread):
    """Between the subscriber and the sensor; cuts each connection after some bytes, until there were enough cuts."""

    def __init__(self, port):
        super().__init__()
        self._sensor = port
        self._chance = random.Random(SEED)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cuts = {"down": 0, "up": 0}
        self.ended = False

    def run(self):
        while not self.ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(ConnectionRefusedError):  # the sensor has done
                with socket.create_connection(("127.0.0.1", self._sensor)) as sensor:
                    self._carry(client, sensor)

    def end(self):
        self.ended = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join()

    def _limits(self, client, sensor):
        """After how many bytes of each side it is cut: down in the middle of what was sent, or up, where a handshake
        and acknowledgments are some hundreds of bytes."""
        if sum(self.cuts.values()) >= CUTS:
            return {}
        down = {sensor: self._chance.choice([4000, 40_000, 200_000]) * self._chance.random()}
        return down | ({client: self._chance.randrange(2500)} if self._chance.random() < 0.4 else {})

    def _carry(self, client, sensor):
        left = self._limits(client, sensor)
        peers = {client: sensor, sensor: client}
        with selectors.DefaultSelector() as selector:
            for end in peers:
                selector.register(end, selectors.EVENT_READ)
            while not self.ended:
                for key, _ in selector.select(0.2):
                    end = key.fileobj
                    try:
                        data = end.recv(65536)
                        rest = int(left.get(end, 1 << 60))
                        peers[end].sendall(data[:rest])
                    except OSError:
                        return
                    if not data:
                        return
                    if end in left:
                        left[end] -= len(data)
                        if left[end] <= 0:
                            self._cut(client, sensor, "down" if end is sensor else "up")
                            return

    def _cut(self, client, sensor, direction):
        self.cuts[direction] += 1
        if self._chance.random() < 0.5:  # a reset, which throws away what is under way
            for end in (client, sensor):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


class Cuts(StreamCase):
    def test_a_connection_that_is_cut_again_and_again(self):
        print(f"WEBTAP_SEED={SEED}", flush=True)
        agent, port = self.sensor(self.exchanges(3000, largest=4000), "-o", self.dir / "sensor", "--wait-for", "siem")
        proxy = Proxy(port)
        proxy.start()
        self.addCleanup(proxy.end)
        client = self.subscriber(proxy.port, "-o", self.dir / "client")
        self.assertEqual(agent.end(), 0, agent.said)
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assert_same(self.dir / "sensor", self.dir / "client")
        print("cuts:", proxy.cuts)
        self.assertEqual(sum(proxy.cuts.values()), CUTS)
        self.assertGreater(min(proxy.cuts.values()), 0)

    def test_a_subscriber_that_stands_still_is_dropped_and_goes_on(self):
        agent, port = self.sensor("-", "-o", self.dir / "sensor", "--wait-for", "siem", stdin=-1)
        client = self.subscriber(port, "-o", self.dir / "client")
        data = self.exchanges(400).read_bytes()
        agent.process.stdin.write(data[:len(data) // 2])
        agent.process.stdin.flush()
        client.wait_until_said("subscribed to sensor")
        time.sleep(1)
        client.process.send_signal(signal.SIGSTOP)
        try:
            agent.process.stdin.write(data[len(data) // 2:])
            agent.process.stdin.close()
            agent.wait_until_said("left: timed-out: nothing came for 30 s")
        finally:
            client.process.send_signal(signal.SIGCONT)
        self.assertEqual(agent.end(), 0, agent.said)
        self.assertEqual(client.end(signal.SIGTERM), 0, client.said)
        self.assert_same(self.dir / "sensor", self.dir / "client")


if __name__ == "__main__":
    StreamCase.AGENT, StreamCase.CLIENT = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
