#!/usr/bin/env python3
"""The text speaks of the project: no path of one developer's machine, no note that something is still to be done."""
import re

from source_tree import CODE_FOLDERS, arguments, conclude

FOLDERS = CODE_FOLDERS + ("proto", "cmake", "deploy", "docs", "certs", "tests/bench", "tests/checks", "tests/support")
SUFFIXES = {".h", ".cpp", ".proto", ".md", ".txt", ".cmake", ".json", ".yaml", ".yml", ".py", ".sh", ".conf",
            ".service", ""}
OWN_PATH = re.compile(r"(?<![\w.$}*:])/(?:home|Users|root|work|tmp/b-)[\w-]*/?[\w.-]+")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XXX|HACK)\b")


def text_files(root):
    for folder in FOLDERS:
        yield from sorted(path for path in (root / folder).rglob("*")
                          if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts)
    yield from sorted(path for path in root.glob("*") if path.is_file() and path.suffix in SUFFIXES)


def findings(root):
    found = []
    for file in text_files(root):
        path = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            own = OWN_PATH.search(line)
            if own:
                found.append((path, number, f"path of one machine: {own.group()}"))
            unfinished = UNFINISHED.search(line)
            if unfinished and path.startswith(tuple(folder + "/" for folder in CODE_FOLDERS)):
                found.append((path, number, f"unfinished: {unfinished.group()}"))
    return found


if __name__ == "__main__":
    conclude(findings(arguments(__doc__).parse_args().root))
