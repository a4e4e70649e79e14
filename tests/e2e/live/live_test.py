#!/usr/bin/env python3
"""`webtap-agent run` between a real server and its clients: what the server logged is in the audit logs, whatever
the interface does. Usage: live_test.py WEBTAP-AGENT"""

import os
import re
import socket
import struct
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

import live_case  # noqa: E402
from live_case import V4, V6, LiveCase, targets  # noqa: E402
from network import TIMEOUT, Nginx, fetch, fetch_in_parallel, require_network, run, wait_until  # noqa: E402

class Live(LiveCase):
    def exchange(self, options=None, persistent=True, per_connection=24, connections=8):
        nginx, sensor = self.start_nginx(), self.capturing_sensor(options=options, filter_words="tcp port 8080")
        lists = [{"address": V6 if i % 2 else V4, "targets": targets(f"c{i}", per_connection), "persistent": persistent}
                 for i in range(connections)]
        fetch_in_parallel(self.network, lists)
        self.check_equal(nginx, sensor, [target for each in lists for target in each["targets"]])
        return sensor

    def test_everything_is_there_with_segmentation_offload(self):
        self.network.offload("on")
        self.exchange()

    def test_everything_is_there_without_segmentation_offload(self):
        self.network.offload("off")
        self.exchange()

    def test_everything_is_there_once_with_two_threads(self):
        self.exchange(options=["--threads", "2"], persistent=False, per_connection=40)

    def test_tagged_frames_pass_a_filter_for_a_port(self):
        self.network.offload("off")
        nginx = self.start_nginx()
        mirror = Mirror(self.network)
        self.addCleanup(mirror.stop)
        sensor = self.capturing_sensor(interface="wtm", filter_words="tcp port 8080", options=["--promiscuous"])
        lists = [{"address": V6 if i % 2 else V4, "targets": targets(f"v{i}", 16)} for i in range(4)]
        fetch_in_parallel(self.network, lists)
        mirror.settle()
        self.check_equal(nginx, sensor, [target for each in lists for target in each["targets"]])

    def test_an_interface_is_waited_for_and_found_again(self):
        self.network.disconnect()
        sensor = self.start_sensor()
        sensor.wait_for("waiting for it")
        self.network.connect()
        nginx = self.start_nginx()
        sensor.wait_for("'wts': capturing", 1)
        fetch(self.network, V4, ["/200?first"])
        self.set_link("down")
        sensor.wait_for("it is down")
        self.set_link("up")
        sensor.wait_for("'wts': capturing", 2)
        wait_until(lambda: self.try_fetch("/200?second"), "the interface carries packets again")
        self.network.disconnect()
        sensor.wait_for("it is gone")
        self.network.connect()
        sensor.wait_for("'wts': capturing", 3)
        nginx.kill()
        nginx = Nginx(self.network, self.folder / "again")
        self.addCleanup(nginx.kill)
        fetch(self.network, V4, ["/200?third"])
        nginx.stop()
        self.assertEqual(sensor.stop(), 0, sensor.said())
        self.assertEqual({entry.target for entry in self.entries(sensor)} - {b"/200?second"},
                         {b"/200?first", b"/200?third"})
        self.assertIn(b"/200?second", {entry.target for entry in self.entries(sensor)})

    def set_link(self, state):
        run("ip", "-n", self.network.server, "link", "set", "wts", state)

    def try_fetch(self, target):
        try:
            fetch(self.network, V4, [target])
            return True
        except OSError:
            return False

    def test_what_is_under_way_when_it_stops_is_said_to_be_incomplete(self):
        self.start_nginx()
        sensor = self.capturing_sensor()
        fetch(self.network, V4, ["/200?whole"])
        with self.network.enter(self.network.client):
            connection = socket.create_connection((V4, 8080), TIMEOUT)
        connection.sendall(b"GET /slow?part HTTP/1.1\r\nHost: live.example\r\n\r\n")
        self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200"))
        before = time.monotonic()
        self.assertEqual(sensor.stop(), 0, sensor.said())
        took = time.monotonic() - before
        connection.close()
        found = {entry.target: entry for entry in self.entries(sensor)}
        self.assertEqual(found[b"/200?whole"].messages, [])
        self.assertTrue(any(b"incomplete" in message for message in found[b"/slow?part"].messages),
                        found[b"/slow?part"].messages)
        self.assertLess(took, 30)

    def test_memory_and_real_transactions_stand_a_flood_of_connections(self):
        nginx = self.start_nginx()
        sensor = self.capturing_sensor(options=["--max-memory", "64MiB"])
        flood = Flood(self.network)
        wanted = []
        while flood.sent < 60_000:
            flood.send(4000)
            batch = targets(f"f{flood.sent}", 8)
            fetch(self.network, V4, batch)
            wanted += batch
        flood.close()
        self.check_equal(nginx, sensor, wanted)
        evicted = re.search(r"evicted (\d+)", sensor.said())
        self.assertTrue(evicted, sensor.said())


class Mirror:
    """Copies each frame of the server's interface to `wtm`, with one VLAN tag, or two for odd ports of clients."""

    ETH_P_ALL, SO_RCVBUFFORCE = 3, 33

    def __init__(self, network):
        run("ip", "-n", network.server, "link", "add", "wtm", "type", "veth", "peer", "name", "wtx")
        for name in ("wtm", "wtx"):
            run("ip", "-n", network.server, "link", "set", name, "mtu", "1700", "up")
        with network.enter(network.server):
            self._in = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.ETH_P_ALL))
            self._out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._in.setsockopt(socket.SOL_SOCKET, self.SO_RCVBUFFORCE, 256 << 20)
            self._in.bind(("wts", self.ETH_P_ALL))
            self._out.bind(("wtx", 0))
        self._in.settimeout(0.2)
        self._ended = False
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._copy)
        self._thread.start()

    def _copy(self):
        tags = [struct.pack("!HH", 0x8100, 5), struct.pack("!HH", 0x88A8, 7) + struct.pack("!HH", 0x8100, 5)]
        while not self._ended:
            try:
                frame = self._in.recv(70000)
            except TimeoutError:
                self._idle.set()
                continue
            self._idle.clear()
            at = 34 if frame[12:14] == b"\x08\x00" else 54
            ports = struct.unpack("!HH", frame[at:at + 4]) if len(frame) > at + 4 else (0, 0)
            self._out.send(frame[:12] + tags[(ports[0] + ports[1]) % 2] + frame[12:])

    def settle(self):
        self._idle.clear()
        self._idle.wait(TIMEOUT)

    def stop(self):
        self._ended = True
        self._thread.join()
        self._in.close()
        self._out.close()


class Flood:
    """SYN from everywhere to the server, as its interface receives them."""

    def __init__(self, network):
        with network.enter(network.client):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._socket.bind(("wtc", 0))
        run("ip", "netns", "exec", network.server, "sysctl", "-q", "-w", "net.ipv4.tcp_syncookies=1")
        self._ethernet = bytes.fromhex("ffffffffffff" + "020000000001" + "0800")
        self.sent = 0

    def send(self, count):
        for _ in range(count):
            self.sent += 1
            source = struct.pack("!I", 0x0A000000 + self.sent * 7919 % 0xFFFFFF)
            ip = bytearray(struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0x4000, 64, 6, 0) + source + bytes([192, 0, 2, 1]))
            total = sum(struct.unpack("!10H", ip))
            total = (total & 0xFFFF) + (total >> 16)
            struct.pack_into("!H", ip, 10, ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
            tcp = struct.pack("!HHIIBBHHH", 1024 + self.sent % 60000, 8080, self.sent, 0, 0x50, 2, 1024, 0, 0)
            self._socket.send(self._ethernet + bytes(ip) + tcp)

    def close(self):
        self._socket.close()


if __name__ == "__main__":
    live_case.AGENT = os.path.abspath(sys.argv.pop())
    require_network()
    unittest.main()
