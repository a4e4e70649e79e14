#!/usr/bin/env python3
"""Manual pages and bash completion know every option, and no other. Usage: manuals_test.py WEBTAP-AGENT WEBTAP-CLIENT"""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MANUALS = ROOT / "deploy" / "man"
COMPLETIONS = ROOT / "deploy" / "completion"
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
AGENT = CLIENT = ""
COMMANDS = {"webtap-agent": ["read", "run", "check"], "webtap-client": ["subscribe", "tail", "convert"]}


def program(name):
    return AGENT if name == "webtap-agent" else CLIENT


def options(name, command):
    """The options that --help lists, short ones too."""
    done = subprocess.run([program(name), command, "--help"], capture_output=True, text=True, check=True)
    found = set()
    for words in re.findall(r"^  (-\S+)", done.stdout, re.MULTILINE):
        found.update(words.split(","))
    assert len(found) > 4, done.stdout
    return found


def manual_options(page):
    """The options that head a paragraph of a manual page."""
    text = (MANUALS / page).read_text()
    heads = re.findall(r"^\.TP\n(.*)$", text, re.MULTILINE)
    plain = [re.sub(r"\\f[BIR]", "", head).replace("\\-", "-") for head in heads]
    return {word for head in plain if head.startswith("-")
            for word in re.findall(r"(?:^|, )(--?[a-z][a-z-]*)", head)}


def complete(name, *words):
    """What bash offers behind these words."""
    script = f"""
      source {BASH_COMPLETION}
      source {COMPLETIONS / name}
      COMP_WORDS=({" ".join(f"'{word}'" for word in (name, *words))})
      COMP_CWORD={len(words)}
      COMP_LINE="${{COMP_WORDS[*]}}"
      COMP_POINT=${{#COMP_LINE}}
      compopt() {{ :; }}
      $(complete -p {name} | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return set(done.stdout.split())


class Manuals(unittest.TestCase):
    def test_manual_pages_have_every_option(self):
        for name, commands in COMMANDS.items():
            known = {"--version"}
            for command in commands:
                known |= options(name, command)
            self.assertEqual(manual_options(f"{name}.1"), known, name)

    def test_manual_of_the_configuration_has_every_key(self):
        keys = {option[2:] for option in options("webtap-agent", "run") if option.startswith("--")}
        text = (MANUALS / "webtap-agent.yaml.5").read_text()
        heads = re.findall(r"^\.TP\n\.B (\S+)$", text, re.MULTILINE)
        self.assertEqual(len(heads), len(set(heads)))
        self.assertEqual({head.replace("\\-", "-") for head in heads}, keys - {"help", "config"})

    def test_manual_of_certificates_has_every_option(self):
        done = subprocess.run([ROOT / "certs" / "make-certs", "--help"], capture_output=True, text=True, check=False)
        known = set(re.findall(r"^  (--[a-z0-9-]+)", done.stdout, re.MULTILINE))
        self.assertGreater(len(known), 4)
        text = (MANUALS / "webtap-make-certs.1").read_text().replace("\\-", "-")
        self.assertEqual(set(re.findall(r"^\.TP\n\\fB(--[a-z0-9-]+)", text, re.MULTILINE)), known)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_manual_pages_are_well_formed(self):
        for page in sorted(MANUALS.iterdir()):
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.stdout + done.stderr, "", page)


@unittest.skipUnless(BASH_COMPLETION.exists(), "bash-completion is not installed")
class Completion(unittest.TestCase):
    def test_offers_every_option(self):
        for name, commands in COMMANDS.items():
            for command in commands:
                self.assertEqual(complete(name, command, "-"), options(name, command), f"{name} {command}")

    def test_offers_commands(self):
        self.assertEqual(complete("webtap-agent", ""), {"read", "run", "check", "spool", "--help", "--version"})
        self.assertEqual(complete("webtap-client", ""), {"subscribe", "tail", "convert", "--help", "--version"})
        self.assertEqual(complete("webtap-agent", "r"), {"read", "run"})
        self.assertEqual(complete("webtap-agent", "spool", "r"), {"repair"})

    def test_offers_values(self):
        self.assertEqual(complete("webtap-agent", "read", "--format", ""), {"serial", "json", "concurrent"})
        self.assertEqual(complete("webtap-agent", "run", "--log-level", "w"), {"warning"})
        self.assertEqual(complete("webtap-client", "subscribe", "--to", "a"), {"audit:"})
        self.assertIn("lo", complete("webtap-agent", "run", "-i", ""))
        self.assertIn(str(ROOT / "deploy" / "sample" / "shop.pcap"),
                      complete("webtap-agent", "read", str(ROOT / "deploy" / "sample" / "shop")))
        self.assertEqual(complete("webtap-agent", "read", "--max-body", ""), set())


if __name__ == "__main__":
    CLIENT = sys.argv.pop()
    AGENT = sys.argv.pop()
    unittest.main()
