#!/usr/bin/env python3
"""The unit of systemd: it is sound, and confined. Usage: unit_test.py"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from test_data import skip  # noqa: E402

UNIT = ROOT / "deploy" / "systemd" / "webtap-agent.service"
MOST_EXPOSED = 2.0


class Unit(unittest.TestCase):
    def test_it_is_confined(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(UNIT)], capture_output=True,
                              text=True, timeout=60, check=False)
        if "unrecognized option" in done.stderr:
            self.skipTest("systemd-analyze cannot look at a unit that is not loaded")
        exposure = re.search(r"Overall exposure level for webtap-agent.service: ([\d.]+)", done.stdout)
        self.assertIsNotNone(exposure, done.stdout + done.stderr)
        self.assertLessEqual(float(exposure.group(1)), MOST_EXPOSED, done.stdout)

    def test_systemd_understands_each_line(self):
        with tempfile.TemporaryDirectory(prefix="webtap-unit-") as folder:
            # What is installed elsewhere is not what is asked here.
            text = UNIT.read_text().replace("/usr/bin/webtap-agent", "/bin/true")
            copy = Path(folder) / UNIT.name
            copy.write_text("\n".join(line for line in text.splitlines() if not line.startswith("Documentation=")))
            done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60,
                                  check=False)
        complaints = [line for line in done.stderr.splitlines() if copy.name in line]
        self.assertEqual(complaints, [])

    def test_it_says_what_the_sensor_does(self):
        lines = UNIT.read_text().splitlines()
        for line in ("Type=notify", "NotifyAccess=main", "ExecReload=/bin/kill -HUP $MAINPID", "LimitCORE=0",
                     "RestartPreventExitStatus=2", "ProtectSystem=strict", "CapabilityBoundingSet=CAP_NET_RAW"):
            self.assertIn(line, lines)
        self.assertRegex(UNIT.read_text(), r"(?m)^WatchdogSec=\d+$")


if __name__ == "__main__":
    if shutil.which("systemd-analyze") is None:
        skip("not installed: systemd-analyze")
    unittest.main()
