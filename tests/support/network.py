"""Two network namespaces with a pair of virtual interfaces between them, a server in one of them, and a sensor."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Dict, List, Optional

from test_data import skip

TIMEOUT = 120  # seconds: machines may be loaded, and programs sanitised
TOOLS = ("ip", "ethtool", "nginx")


def require_network() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if missing:
        skip("not installed: " + ", ".join(missing))
    if os.geteuid() != 0:
        skip("network namespaces take root")
    probe = f"wtprobe{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode != 0:
        skip("network namespaces are not permitted here")
    made = subprocess.run(["ip", "-n", probe, "link", "add", "wtpa", "type", "veth", "peer", "name", "wtpb"],
                          capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", probe], check=False)
    if made.returncode != 0:
        skip("virtual interfaces are not permitted here")


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.05)


def run(*words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


class Network:
    """The server's namespace has 192.0.2.1 and 2001:db8::1 on `wts`, the client's 192.0.2.2 and 2001:db8::2 on `wtc`."""

    def __init__(self) -> None:
        self.server = f"wts{os.getpid()}"
        self.client = f"wtc{os.getpid()}"
        for namespace in (self.server, self.client):
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        self.connect()

    def connect(self) -> None:
        run("ip", "-n", self.server, "link", "add", "wts", "type", "veth", "peer", "name", "wtc", "netns", self.client)
        for namespace, interface, host in ((self.server, "wts", 1), (self.client, "wtc", 2)):
            run("ip", "-n", namespace, "address", "add", f"192.0.2.{host}/24", "dev", interface)
            run("ip", "-n", namespace, "address", "add", f"2001:db8::{host}/64", "dev", interface, "nodad")
            run("ip", "-n", namespace, "link", "set", interface, "up")

    def disconnect(self) -> None:
        run("ip", "-n", self.server, "link", "del", "wts")

    def offload(self, state: str) -> None:
        for namespace, interface in ((self.server, "wts"), (self.client, "wtc")):
            run("ip", "netns", "exec", namespace, "ethtool", "-K", interface, "tso", state, "gso", state, "gro", state)

    def remove(self) -> None:
        for namespace in (self.server, self.client):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)

    def popen(self, namespace: str, command: List[object], **options) -> subprocess.Popen:
        return subprocess.Popen(["ip", "netns", "exec", namespace] + [str(word) for word in command], **options)

    def enter(self, namespace: str) -> "Inside":
        return Inside(namespace)


class Inside:
    """The calling thread is in the namespace: sockets that it makes are there, and stay there."""

    def __init__(self, namespace: str) -> None:
        self._there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
        self._here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @staticmethod
    def _go(descriptor: int) -> None:
        clone_newnet = 0x40000000
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, clone_newnet) != 0:
            raise OSError(ctypes.get_errno(), "cannot enter a network namespace")

    def __enter__(self) -> None:
        self._go(self._there)

    def __exit__(self, *_: object) -> None:
        self._go(self._here)
        os.close(self._there)
        os.close(self._here)


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format test '$remote_port $request_uri $status $body_bytes_sent';
  access_log {folder}/access.log test;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ }}
  default_type text/plain;
  server {{
    listen 192.0.2.1:8080;
    listen [2001:db8::1]:8080;
    root {folder}/www;
    location /moved {{ return 302 http://www.example/; }}
    location /slow {{ limit_rate 4k; }}
  }}
}}
"""


class Nginx:
    SIZES = (0, 1, 200, 1460, 20_000, 65_536)

    def __init__(self, network: Network, folder: Path) -> None:
        self.folder = folder
        (folder / "www").mkdir(parents=True)
        for size in self.SIZES:
            (folder / "www" / str(size)).write_bytes(bytes(65 + i % 26 for i in range(size)))
        (folder / "www" / "slow").write_bytes(b"x" * 1_000_000)
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
        self._process = network.popen(network.server, ["nginx", "-p", folder, "-c", folder / "nginx.conf"],
                                      stderr=subprocess.DEVNULL)
        wait_until(lambda: (folder / "nginx.pid").exists() and (folder / "nginx.pid").read_text().strip(), "nginx starts")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # what is under way is finished, and logged
        self._process.wait(TIMEOUT)

    def kill(self) -> None:
        self._process.terminate()  # its workers end with it
        self._process.wait(TIMEOUT)

    def log(self) -> Dict[str, List[int]]:
        """Status and size of the body by the target, which no two requests have in common."""
        lines = [line.split(" ") for line in (self.folder / "access.log").read_text().splitlines()]
        return {words[1]: [int(words[2]), int(words[3])] for words in lines}


class Sensor:
    def __init__(self, network: Network, agent: str, output: Path, interface: str = "wts", options: Optional[list] = None,
                 filter_words: str = "", namespace: str = "") -> None:
        command = [agent, "run", "-i", interface, "-o", output, "--format", "json"] + (options or [])
        command += filter_words.split()
        self.output = output
        self._said: List[bytes] = []
        self.process = network.popen(namespace or network.server, command, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=lambda: self._said.extend(iter(self.process.stderr.readline, b"")))
        self._reader.start()

    def said(self) -> str:
        return b"".join(self._said).decode(errors="replace")

    def wait_for(self, text: str, count: int = 1) -> None:
        def is_there() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"the sensor ended: {self.said()}")
            return self.said().count(text) >= count
        wait_until(is_there, f"the sensor says '{text}' {count} times; it said: {self.said()}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(TIMEOUT)
        self._reader.join()
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()


def fetch(network: Network, address: str, targets: List[str], persistent: bool = True) -> None:
    """One request after the other, on one connection or on one each."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with network.enter(network.client):
        made = [socket.socket(family, socket.SOCK_STREAM) for _ in (targets[:1] if persistent else targets)]
    for number, target in enumerate(targets):
        connection = made[0 if persistent else number]
        if number == 0 or not persistent:
            connection.settimeout(TIMEOUT)
            connection.connect((address, 8080))
        last = not persistent or number + 1 == len(targets)
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: live.example\r\n"
                           f"{'Connection: close' if last else 'X-Test: 1'}\r\n\r\n".encode())
        read_response(connection)
        if last:
            connection.close()


def read_response(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise AssertionError("the server closed within a head")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        more = connection.recv(1 << 20)
        if not more:
            raise AssertionError("the server closed within a body")
        body += more
    return body


def fetch_in_parallel(network: Network, lists: List[dict]) -> None:
    failures: List[BaseException] = []

    def one(arguments: dict) -> None:
        try:
            fetch(network, **arguments)
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)
    threads = [threading.Thread(target=one, args=(arguments,)) for arguments in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
