#!/usr/bin/env python3
"""What the sensor serves at --metrics, and that the documentation, the alert rules and the dashboard name nothing else.
Usage: metrics_test.py WEBTAP-AGENT"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "deploy" / "sample" / "shop.pcap"
SAMPLE_EVENTS = 28
MONITORING = ROOT / "deploy" / "monitoring"
TIMEOUT = 60
AGENT = ""

SAMPLE_LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')
# Metrics of Prometheus itself.
FOREIGN = {"up"}
SUFFIX = re.compile(r"_(?:bucket|count|sum)$")


def parse(text):
    """Metrics by name and labels; what is no line of the text format fails."""
    found, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = SAMPLE_LINE.fullmatch(line)
            assert match, f"not a line of the text format: {line!r}"
            found[match.group(1), match.group(2) or ""] = float(match.group(3))
    return found, types


def names_in(expression):
    """The metrics that an expression of PromQL names."""
    without_text = re.sub(r'"(?:[^"\\]|\\.)*"', "", expression)
    without_labels = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)|\{[^}]*\}", "", without_text)
    return {SUFFIX.sub("", name) if "latency" in name else name
            for name in re.findall(r"\b(?:webtap|process)_[a-z_]+|\bup\b", without_labels)}


def documented():
    """Kind and place of each metric in the table of docs/metrics.md."""
    table = {}
    for line in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and re.fullmatch(r"`[a-z_]+`", cells[0]):
            table[cells[0].strip("`")] = (cells[1], cells[4])
    return table


def wait_until(condition, what):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what()}")
        time.sleep(0.05)


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


class Sensor:
    """A sensor that runs, with what it said and where it serves metrics."""

    def __init__(self, test, *command):
        self.process = subprocess.Popen([AGENT, *command, "--metrics", "127.0.0.1:0"], stdin=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        said = []
        reader = threading.Thread(target=lambda: said.extend(iter(self.process.stderr.readline, b"")))
        reader.start()

        def stop():
            self.process.kill()
            self.process.wait()
            reader.join()
            self.process.stdin.close()
            self.process.stderr.close()
        test.addCleanup(stop)
        self.said = lambda: b"".join(said).decode(errors="replace")
        wait_until(lambda: "metrics: on port" in self.said(), self.said)
        self.port = int(re.search(r"metrics: on port (\d+)", self.said()).group(1))

    def get(self, path):
        return get(self.port, path)

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200, text
        return parse(text)


class Metrics(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-metrics-")
        self.addCleanup(scratch.cleanup)
        folder = Path(scratch.name)
        certs = folder / "certs"
        subprocess.run([ROOT / "certs" / "make-certs", certs], check=True, stdout=subprocess.DEVNULL)
        self.sensor = Sensor(self, "read", "-", "-o", folder / "logs", "--listen", "127.0.0.1:0",
                             "--cert", certs / "sensor.pem", "--key", certs / "sensor.key", "--ca", certs / "ca.pem",
                             "--crl", certs / "crl.pem")
        self.get, self.metrics, self.said = self.sensor.get, self.sensor.metrics, self.sensor.said

    def test_counts_what_was_read_while_reading_waits(self):
        self.sensor.process.stdin.write(SAMPLE.read_bytes())
        self.sensor.process.stdin.flush()
        wait_until(lambda: self.metrics()[0]["webtap_spool_appended_events_total", ""] == SAMPLE_EVENTS,
                   lambda: self.get("/metrics")[1])
        found, _ = self.metrics()
        self.assertEqual(found["webtap_capture_packets_total", ""], 258)
        self.assertEqual(found["webtap_stream_connections_total", ""], 22)
        self.assertEqual(found["webtap_events_total", ""], SAMPLE_EVENTS)
        self.assertEqual(found["webtap_findings_total", 'finding="invalid-host"'], 1)
        self.assertEqual(found["webtap_ready", ""], 1)
        self.assertEqual(found["webtap_build_info", f'version="{self.version()}"'], 1)
        for kind in ("certificate", "ca", "crl"):
            self.assertGreater(found["webtap_certificate_expiry_timestamp_seconds", f'kind="{kind}"'], time.time())

    def version(self):
        done = subprocess.run([AGENT, "--version"], check=True, capture_output=True, text=True)
        return done.stdout.split()[1]

    def test_says_that_it_lives_and_works(self):
        for path in ("/livez", "/readyz", "/healthz"):
            self.assertEqual(self.get(path), (200, "ok\n"))
        self.assertEqual(self.get("/")[0], 404)

    def test_counts_who_is_refused(self):
        port = int(re.search(r"listening on port (\d+)", self.said()).group(1))
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as stranger:
            stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
            try:
                while stranger.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        refused = ("webtap_subscriber_refused_connections_total", 'reason="no handshake"')
        wait_until(lambda: self.metrics()[0].get(refused) == 1, lambda: self.get("/metrics")[1])

    def test_what_is_served_is_documented(self):
        _, types = self.metrics()
        table = documented()
        self.assertGreater(len(table), 50)
        self.assertEqual(types, {name: kind for name, (kind, where) in table.items() if where != "live"})

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (package prometheus)")
    def test_prometheus_takes_it(self):
        _, text = self.get("/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout + done.stderr, "")


@unittest.skipUnless(os.geteuid() == 0, "reading from an interface needs root")
class Live(unittest.TestCase):
    def test_counts_what_it_sees_and_how_long_it_takes(self):
        scratch = tempfile.TemporaryDirectory(prefix="webtap-metrics-")
        self.addCleanup(scratch.cleanup)
        sensor = Sensor(self, "run", "-i", "lo", "-i", "webtap-none", "-o", Path(scratch.name) / "logs")
        # What is asked for is itself HTTP on the interface.
        counted = (("webtap_event_latency_seconds_count", ""),
                   ("webtap_interface_received_packets_total", 'interface="lo"'), ("webtap_http_transactions_total", ""))

        def has_counted():
            found = sensor.metrics()[0]
            return all(found[name] > 0 for name in counted)
        wait_until(has_counted, lambda: sensor.said() + sensor.get("/metrics")[1])
        found, types = sensor.metrics()
        self.assertEqual(found["webtap_interface_up", 'interface="lo"'], 1)
        self.assertEqual(found["webtap_interface_up", 'interface="webtap-none"'], 0)
        self.assertEqual(found["webtap_ready", ""], 0)
        status, text = sensor.get("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("webtap-none", text)
        self.assertEqual(sensor.get("/livez"), (200, "ok\n"))
        here = {name: kind for name, (kind, where) in documented().items() if where in ("", "live")}
        self.assertEqual(types, here)


class Monitoring(unittest.TestCase):
    def expect_documented(self, names, where):
        unknown = names - set(documented()) - FOREIGN
        self.assertEqual(unknown, set(), f"{where} names metrics that docs/metrics.md does not")
        self.assertGreater(len(names), 10)

    def test_metrics_of_run_are_in_the_source(self):
        """What `read` does not serve: the unit tests show that the source's names are served."""
        source = (ROOT / "agent" / "summary_metrics.cpp").read_text()
        named = set(re.findall(r'"(webtap_[a-z_]+)"', source)) | {"webtap_ready"}
        self.assertEqual(named, {name for name in documented() if name.startswith("webtap_")})

    def test_alerts_name_metrics_that_exist(self):
        rules = (MONITORING / "webtap.rules.yml").read_text()
        expressions = re.findall(r"^ +expr: (?:>\n((?: {10,}.*\n)+)|(.*)\n)", rules, re.MULTILINE)
        self.assertEqual(len(expressions), rules.count("- alert: "))
        self.expect_documented({name for pair in expressions for name in names_in("".join(pair))}, "webtap.rules.yml")

    def test_dashboard_names_metrics_that_exist(self):
        dashboard = json.loads((MONITORING / "webtap-dashboard.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
        expressions += [variable["definition"] for variable in dashboard["templating"]["list"]
                        if variable["type"] == "query"]
        self.expect_documented({name for expression in expressions for name in names_in(expression)}, "the dashboard")
        places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
        self.assertEqual(len(places), len(set(places)))

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (package prometheus)")
    def test_promtool_accepts_rules_and_configuration_and_alerts_fire(self):
        for arguments in (["check", "rules", MONITORING / "webtap.rules.yml"],
                          ["check", "config", MONITORING / "prometheus.yml"],
                          ["test", "rules", Path(__file__).parent / "alerts.yml"]):
            done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    AGENT = sys.argv.pop()
    unittest.main()
