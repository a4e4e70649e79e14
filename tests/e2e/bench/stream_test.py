#!/usr/bin/env python3
"""Runs each part of the stream's benchmark once, with some hundred transactions, and looks whether its tables are there.

usage: stream_test.py RUN_STREAM BUILD
"""
import shutil
import subprocess
import sys
import tempfile

TITLES = ["### small: ", "### bodies: ", "### Subscribers: ", "### One of 2 subscribers is stopped", "### Latency: "]
ROWS = ["| files alone |", "| stream |", "| stream, compressed |", "| 2 |", "| one is stopped |"]


def main():
    script, build = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-B", script, "--build", build, "--dir", folder, "--places", "disk",
                               "--scale", "0.001", "--runs", "1", "--warmups", "0", "--subscribers", "1", "2",
                               "--seconds", "0.5"], capture_output=True, text=True)
    missing = [text for text in TITLES + ROWS if text not in done.stdout]
    if shutil.which("rsyslogd") and "is not installed" not in done.stdout and "| rsyslog: " not in done.stdout:
        missing.append("| rsyslog: ")
    if done.returncode == 0 and not missing:
        return 0
    print(f"exit status {done.returncode}, missing: {missing}\n{done.stdout}\n{done.stderr}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
