#!/usr/bin/env python3
"""The Debian packages in a bare Debian 12: installed, used, upgraded, removed and purged; programs built against the
libraries. Usage: chroot_test.py CACHE-FOLDER

Needs root, debootstrap, and the archive of packages that this machine's apt uses. The bare system and what was downloaded
are kept in the cache folder, so that the next run takes less time."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from test_data import skip  # noqa: E402

SUITE = "bookworm"
SAMPLE = ROOT / "deploy" / "sample" / "shop.pcap"
SAMPLE_EVENTS = 28
CONFIG = "etc/webtap/agent.yaml"
CACHE = Path()
PACKAGES = {}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def archives():
    """The places of Debian's packages, as apt on this machine has them: (URI, suite)."""
    lines = run("apt-get", "indextargets", "--format", "$(CREATED_BY)|$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(RELEASE)")
    found = []
    for line in lines.splitlines():
        made_by, origin, uri, codename, suite = line.split("|")
        if made_by == "Packages" and origin == "Debian" and codename.startswith(SUITE):
            place = (uri, suite if suite.startswith(SUITE) else codename)
            if place not in found:
                found.append(place)
    if not any(suite == SUITE for _, suite in found):
        skip(f"apt on this machine has no archive of Debian's {SUITE}")
    return sorted(found, key=lambda place: place[1])


def bare_system():
    """A tar archive of a Debian with nothing but what has to be there."""
    tarball = CACHE / f"{SUITE}-minbase.tar"
    if not tarball.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            uri = next(uri for uri, suite in archives() if suite == SUITE)
            system = Path(scratch) / "system"
            run("debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, system, uri)
            made = Path(scratch) / "made.tar"
            run("tar", "--create", "--file", made, "--numeric-owner", "--directory", system, ".")
            made.rename(tarball)
    return tarball


class System:
    """A bare Debian of its own below a folder."""

    def __init__(self, folder):
        self.root = Path(folder)
        run("tar", "--extract", "--file", bare_system(), "--numeric-owner", "--directory", self.root)
        for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
            if Path("/", name).exists():
                (self.root / name).unlink(missing_ok=True)
                shutil.copyfile(Path("/", name), self.root / name)
        self.put("etc/apt/sources.list", "".join(f"deb {uri} {suite} main\n" for uri, suite in archives()))
        self.put("etc/apt/apt.conf.d/00host", run("apt-config", "dump", "Acquire") +
                 'APT::Install-Recommends "false";\n')
        self.downloads = self.root / "var/cache/apt/archives"
        (CACHE / "archives").mkdir(exist_ok=True)
        for package in (CACHE / "archives").glob("*.deb"):
            os.link(package, self.downloads / package.name)
        self("apt-get", "update")

    def __call__(self, *command, **options):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8",
                       "HOME": "/root"}
        environment.update({name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")})
        return run("unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.root / 'proc'}", "chroot", self.root,
                   *command, env=environment, **options)

    def put(self, name, text, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def take(self, *files):
        for file in files:
            shutil.copy(file, self.root / "root" / Path(file).name)

    def apt(self, *words):
        said = self("apt-get", "--yes", "--option", "Dpkg::Options::=--force-confdef",
                    "--option", "Dpkg::Options::=--force-confold", *words)
        for package in self.downloads.glob("*.deb"):
            if not package.name.startswith(("webtap", "libwebtap")) and not (CACHE / "archives" / package.name).exists():
                os.link(package, CACHE / "archives" / package.name)
        return said

    def install(self, *packages):
        self.take(*packages)
        return self.apt("install", *(f"/root/{Path(package).name}" for package in packages))

    def left_overs(self):
        """What has the name of the packages, but for the packages themselves."""
        found = self("find", "/", "-xdev", "-name", "*webtap*", "-not", "-path", "/root/*", "-not", "-path", "/proc/*",
                     "-not", "-path", "/var/cache/*")
        return set(found.split())


def as_version(package, version, folder, config_line):
    """The same package as a later version, whose configuration has one line more."""
    tree = Path(folder) / "tree"
    run("dpkg-deb", "--raw-extract", package, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text("".join(f"Version: {version}\n" if line.startswith("Version: ") else line
                               for line in control.read_text().splitlines(keepends=True)))
    with open(tree / CONFIG, "a", encoding="utf-8") as config:
        config.write(config_line)
    made = Path(folder) / f"webtap-agent_{version}.deb"
    run("dpkg-deb", "--build", tree, made)
    shutil.rmtree(tree)
    return made


class Chroot(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(dir=CACHE)
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.scratch.chmod(0o755)
        (self.scratch / "system").mkdir()
        self.system = System(self.scratch / "system")

    def owner_and_mode(self, path):
        return self.system("stat", "--format", "%U:%G %a", path).strip()

    def fake_systemd(self):
        """systemctl as a list of what it was asked."""
        self.system.put("usr/bin/systemctl", '#!/bin/sh\necho "$*" >> /systemctl.log\n'
                        'case "$*" in *is-enabled*) echo enabled ;; esac\n', 0o755)
        (self.system.root / "run/systemd/system").mkdir(parents=True, exist_ok=True)

    def asked_of_systemd(self):
        log = self.system.root / "systemctl.log"
        asked = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in asked if "webtap-agent.service" in line and "is-" not in line]

    def test_life_of_the_agent(self):
        system = self.system
        self.fake_systemd()
        system.install(PACKAGES["webtap-agent"], PACKAGES["webtap-client"])
        asked = self.asked_of_systemd()
        self.assertTrue(any(" start " in f" {line} " for line in asked), f"it is started: {asked}")
        self.assertTrue(any(" preset " in f" {line} " for line in asked), f"it is enabled: {asked}")
        self.assertEqual(self.owner_and_mode("/var/log/webtap"), "webtap:adm 2750")
        self.assertEqual(self.owner_and_mode("/var/lib/webtap"), "webtap:webtap 700")
        self.assertEqual(self.owner_and_mode("/etc/webtap"), "root:webtap 750")

        with self.subTest("what is installed works"):
            system("webtap-agent", "check", "--config", f"/{CONFIG}")
            system.take(SAMPLE)
            shutil.copy(SAMPLE, system.root / "tmp" / "shop.pcap")
            said = system("su", "--shell", "/bin/sh", "webtap", "--command",
                          "webtap-agent read /tmp/shop.pcap -o /var/log/webtap --stats json")
            self.assertIn(f'"written":{SAMPLE_EVENTS}', said)
            self.assertEqual(self.owner_and_mode("/var/log/webtap/shop.example.test-audit.log"), "webtap:adm 640")
            converted = system("sh", "-c", "webtap-client convert /var/log/webtap/*-audit.log --to 'stdout:?format=json'")
            self.assertEqual(len(converted.splitlines()), SAMPLE_EVENTS)
            system("webtap-make-certs", "/root/certs")

        with self.subTest("an upgrade takes a new configuration where nobody changed it"):
            system.install(as_version(PACKAGES["webtap-agent"], "0.1.0+1", self.scratch, "# new\n"))
            self.assertIn("# new\n", (system.root / CONFIG).read_text())
            self.assertTrue(any("restart" in line for line in self.asked_of_systemd()), "it is restarted")
        with self.subTest("an upgrade keeps a changed configuration"):
            changed = (system.root / CONFIG).read_text() + "# by the administrator\n"
            (system.root / CONFIG).write_text(changed)
            system.install(as_version(PACKAGES["webtap-agent"], "0.1.0+2", self.scratch, "# newer\n"))
            self.assertEqual((system.root / CONFIG).read_text(), changed)

        with self.subTest("removal keeps configuration and data"):
            self.asked_of_systemd()
            system.apt("remove", "webtap-agent")
            self.assertTrue(any(" stop " in f" {line} " for line in self.asked_of_systemd()), "it is stopped")
            self.assertFalse((system.root / "usr/bin/webtap-agent").exists())
            self.assertEqual((system.root / CONFIG).read_text(), changed)
            self.assertTrue((system.root / "var/log/webtap/shop.example.test-audit.log").exists())
        with self.subTest("purging leaves nothing"):
            system.apt("purge", "webtap-agent", "webtap-client")
            self.assertEqual(system.left_overs(), set())

    def test_installs_again_after_removal_and_purge(self):
        system = self.system
        for word in ("remove", "purge"):
            system.install(PACKAGES["webtap-agent"])
            wants = system.root / "etc/systemd/system/multi-user.target.wants/webtap-agent.service"
            self.assertTrue(wants.is_symlink())
            self.assertFalse((system.root / "etc/systemd/system/webtap-agent.service").is_symlink(), "it is masked")
            self.assertTrue(stat.S_ISREG((system.root / CONFIG).stat().st_mode))
            system.apt(word, "webtap-agent")
        self.assertEqual(system.left_overs(), set())

    def test_programs_are_built_with_the_libraries(self):
        system = self.system
        system.install(PACKAGES["libwebtap-dev"])
        system.apt("install", "g++", "cmake", "make")
        for name, source in (("modsec", "lib/examples"), ("subscriber", "client/examples"),
                             ("all", "tests/cases/installed_package/every_header")):
            shutil.copytree(ROOT / source, system.root / "root" / name)
            system("cmake", "-S", f"/root/{name}", "-B", f"/root/build-{name}")
            system("cmake", "--build", f"/root/build-{name}")
        log = (ROOT / "tests/cases/installed_package/audit.log").read_text(errors="surrogateescape")
        done = system("/root/build-modsec/list_transactions", input=log, errors="surrogateescape")
        self.assertEqual(done, (ROOT / "tests/cases/installed_package/expected.txt").read_text())
        self.assertEqual(system("/root/build-all/every_header"), "every library is there\n")
        system.apt("purge", "libwebtap-dev")
        self.assertEqual(system.left_overs(), set())


def find_packages():
    """Those in the folder that WEBTAP_PACKAGES names; where it is 1, they are built."""
    folder = Path(os.environ["WEBTAP_PACKAGES"])
    if str(folder) == "1":
        run(ROOT / "deploy" / "build-packages")
        folder = ROOT / "build" / "release" / "packages"
    for path in folder.glob("*.deb"):
        PACKAGES[path.name.split("_")[0]] = path
    assert set(PACKAGES) == {"webtap-agent", "webtap-client", "libwebtap-dev"}, f"{folder}: {PACKAGES}"


if __name__ == "__main__":
    CACHE = Path(sys.argv.pop()).resolve()
    if not os.environ.get("WEBTAP_PACKAGES"):
        skip("takes tens of minutes: WEBTAP_PACKAGES=1 builds the packages and tries them, WEBTAP_PACKAGES=FOLDER tries "
             "those in a folder")
    if os.geteuid() != 0:
        skip("needs root, for a system in a folder")
    for tool in ("debootstrap", "unshare", "dpkg-deb", "apt-get"):
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    find_packages()
    unittest.main()
