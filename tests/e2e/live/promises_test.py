#!/usr/bin/env python3
"""What the sensor promises of its work under load, where a disk stands still or a subscriber does not read.
Usage: promises_test.py WEBTAP-AGENT WEBTAP-CLIENT"""

import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

import live_case  # noqa: E402
from live_case import V4, LiveCase, targets  # noqa: E402
from network import TIMEOUT, fetch, read_response, require_network, run, wait_until  # noqa: E402
from test_data import skip  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
CLIENT = ""


class Disk:
    """A file system of its own, which can be made to stand still: who writes to it waits."""

    def __init__(self, folder):
        self.path = folder / "disk"
        self.path.mkdir()
        image = folder / "image"
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        run("mkfs.ext4", "-q", image)
        run("mount", "-o", "loop", image, self.path)
        self._frozen = False

    def freeze(self):
        run("fsfreeze", "-f", self.path)
        self._frozen = True

    def thaw(self):
        if self._frozen:
            run("fsfreeze", "-u", self.path)
        self._frozen = False

    def remove(self):
        self.thaw()
        run("umount", self.path)


class Connection:
    def __init__(self, network):
        with network.enter(network.client):
            self._socket = socket.create_connection((V4, 8080), TIMEOUT)

    def get(self, target):
        self._socket.sendall(f"GET {target} HTTP/1.1\r\nHost: live.example\r\n\r\n".encode())
        read_response(self._socket)

    def close(self):
        self._socket.close()


class Promises(LiveCase):
    def disk(self):
        disk = Disk(self.folder)
        # Behind the sensor's own end, which waits for the disk.
        self.addCleanup(disk.remove)
        return disk

    def sensor_on(self, disk, **arguments):
        sensor = self.start_sensor(name=disk.path / "logs", **arguments)
        self.addCleanup(disk.thaw)
        sensor.wait_for("capturing")
        return sensor

    def test_promise_1_capture_never_waits_for_a_disk(self):
        nginx, disk = self.start_nginx(), self.disk()
        sensor = self.sensor_on(disk)
        wanted = targets("before", 8)
        fetch(self.network, V4, wanted)
        disk.freeze()
        for i in range(40):
            batch = targets(f"frozen{i}", 8)
            fetch(self.network, V4, batch)
            wanted += batch
        disk.thaw()
        self.check_equal(nginx, sensor, wanted)
        self.assertNotIn("lost:", sensor.said())

    def test_promise_1_capture_never_waits_for_a_subscriber(self):
        nginx = self.start_nginx()
        certificates = self.folder / "certificates"
        subprocess.run([ROOT / "certs" / "make-certs", certificates], check=True, stdout=subprocess.DEVNULL)
        sensor = self.capturing_sensor(options=[
            "--listen", "127.0.0.1:0", "--cert", certificates / "sensor.pem", "--key", certificates / "sensor.key",
            "--ca", certificates / "ca.pem"])
        sensor.wait_for("listening on port ")
        port = re.search(r"listening on port (\d+)", sensor.said()).group(1)
        client = self.network.popen(self.network.server, [
            CLIENT, "subscribe", f"localhost:{port}", "--cert", certificates / "clients" / "client.pem", "--key",
            certificates / "clients" / "client.key", "--ca", certificates / "ca.pem", "--from", "earliest", "--to",
            "stdout:?format=json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        wanted = ["/200?first"]
        fetch(self.network, V4, wanted)
        self.assertTrue(client.stdout.readline())  # and no further: the pipe fills, then the window
        for i in range(20):
            batch = [f"/65536?{i}-{k}" for k in range(16)]
            fetch(self.network, V4, batch)
            wanted += batch
        self.check_equal(nginx, sensor, wanted)
        self.assertNotIn("lost:", sensor.said())

    def test_promise_4_new_connections_are_shed_whole_and_running_ones_go_on(self):
        nginx, disk = self.start_nginx(), self.disk()
        sensor = self.sensor_on(disk, options=["--max-memory", "64MiB"])
        running = Connection(self.network)
        self.addCleanup(running.close)
        kept = ["/200?running-before"]
        running.get(kept[0])
        disk.freeze()
        tried = 0
        while "new connections shed" not in sensor.said():
            self.assertLess(tried, 20_000, "nothing is shed")
            fetch(self.network, V4, [f"/1?new-{tried}"], persistent=False)
            tried += 1
        for i in range(100):
            kept.append(f"/200?running-{i}")
            running.get(kept[-1])
        for i in range(50):  # while the disk stands still, these are shed too
            fetch(self.network, V4, [f"/1?late-{i}"], persistent=False)
        disk.thaw()

        def seen(target):
            return any(target.encode() in file.read_bytes() for file in sensor.output.glob("*.jsonl"))
        wait_until(lambda: seen(kept[-1]), "what waited is written")
        again = itertools.count()

        def is_followed():
            fetch(self.network, V4, [f"/1?again-{next(again)}"], persistent=False)
            return seen("/1?again-")
        wait_until(is_followed, "new connections are followed again")
        running.close()
        nginx.stop()
        self.assertEqual(sensor.stop(), 0, sensor.said())

        logged, entries = nginx.log(), self.entries(sensor)
        found = {entry.target.decode(): [entry.status, len(entry.response_body or b"")] for entry in entries}
        self.assertEqual([target for target in kept if target not in found], [], "of the running connection")
        self.assertEqual({target: logged[target] for target in found}, found)
        self.assertEqual([entry.messages for entry in entries if entry.messages], [], "none is half an exchange")
        shed = int(re.search(r" info:   shed +connections (\d+)$", sensor.said(), re.MULTILINE).group(1))
        self.assertEqual(len(logged) - len(found), shed, "what is missing is what was counted")
        self.assertGreaterEqual(shed, 50)
        self.assertNotIn("dropped by the kernel", sensor.said())


if __name__ == "__main__":
    CLIENT = os.path.abspath(sys.argv.pop())
    live_case.AGENT = os.path.abspath(sys.argv.pop())
    require_network()
    if shutil.which("fsfreeze") is None or not Path("/dev/loop-control").exists():
        skip("no file system that can be made to stand still")
    unittest.main()
