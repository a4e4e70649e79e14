"""A CA and certificates of it, made with openssl(1)."""

import subprocess
from pathlib import Path


class Certificates:
    def __init__(self, directory: Path):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.make_ca("ca")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)

    def path(self, name: str) -> Path:
        return self.directory / name

    def make_ca(self, name: str) -> None:
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                      "-addext", "keyUsage=keyCertSign,cRLSign",
                      "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"))

    def make(self, name: str, usage: str, names: str, ca: str = "ca") -> None:
        """`usage` is serverAuth or clientAuth, `names` as "DNS:localhost,IP:127.0.0.1"."""
        self.path(f"{name}.ext").write_text(f"extendedKeyUsage={usage}\nsubjectAltName={names}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"))
        self._openssl("x509", "-req", "-days", "2", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{ca}.pem"),
                      "-CAkey", self.path(f"{ca}.key"), "-CAcreateserial", "-extfile", self.path(f"{name}.ext"),
                      "-out", self.path(f"{name}.pem"))

    def options(self, name: str, ca: str = "ca"):
        return ["--cert", str(self.path(f"{name}.pem")), "--key", str(self.path(f"{name}.key")),
                "--ca", str(self.path(f"{ca}.pem"))]
