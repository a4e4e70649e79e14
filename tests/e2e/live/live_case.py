"""A sensor beside a real server, and what their logs say of the same requests."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

import modsec_log  # noqa: E402
from network import Network, Nginx, Sensor  # noqa: E402

AGENT = ""
V4, V6 = "192.0.2.1", "2001:db8::1"


def targets(tag, count):
    """Different ones: files of all sizes, one that is not there, one that has moved."""
    names = [str(size) for size in Nginx.SIZES] + ["none", "moved"]
    return [f"/{names[i % len(names)]}?{tag}-{i}" for i in range(count)]


class LiveCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-live-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.folder.chmod(0o755)
        self.network = Network()
        self.addCleanup(self.network.remove)

    def start_nginx(self):
        nginx = Nginx(self.network, self.folder / "nginx")
        self.addCleanup(nginx.kill)
        return nginx

    def start_sensor(self, name="logs", **arguments):
        sensor = Sensor(self.network, AGENT, self.folder / name, **arguments)
        self.addCleanup(sensor.kill)
        return sensor

    def capturing_sensor(self, **arguments):
        sensor = self.start_sensor(**arguments)
        sensor.wait_for("capturing")
        return sensor

    @staticmethod
    def entries(sensor):
        return [entry for file in sorted(sensor.output.glob("*.jsonl")) for entry in modsec_log.read_json_lines(file)]

    def check_equal(self, nginx, sensor, wanted):
        """Stops both, and compares."""
        nginx.stop()
        self.assertEqual(sensor.stop(), 0, sensor.said())
        logged = nginx.log()
        self.assertEqual(set(logged), set(wanted))
        entries = self.entries(sensor)
        seen = {entry.target.decode(): [entry.status, len(entry.response_body or b"")] for entry in entries}
        self.assertEqual(len(entries), len(seen), "a transaction was written twice")
        self.assertEqual(seen, logged, sensor.said())
        self.assertEqual([entry.messages for entry in entries if entry.messages], [])
