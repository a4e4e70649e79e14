"""What the checks share: which files there are, their text without comments and literals, how a finding is said."""
import argparse
import re
import sys
from pathlib import Path

CODE_FOLDERS = ("lib", "agent", "client")
SKIPPED = 77  # the exit status that ctest takes as "not run"

COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F_])'(?:\\.|[^'\\\n])+'",  # not the separator in 1'000
    re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_comments_and_literals(text):
    """The same number of lines and columns, with blanks in place of what is not code."""
    return COMMENT_OR_LITERAL.sub(blank, text)


def without_comments(text):
    return COMMENT_OR_LITERAL.sub(
        lambda match: blank(match) if match.group().startswith("/") else match.group(), text)


def code_files(root, folders=CODE_FOLDERS, suffixes=(".h", ".cpp")):
    return sorted(path for folder in folders for path in (root / folder).rglob("*")
                  if path.suffix in suffixes and path.is_file())


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="the source tree")
    return parser


def conclude(findings):
    """Findings are (path relative to the root, line, reason). Exits with 1 if there are any."""
    for path, line, reason in findings:
        print(f"{path}:{line}: {reason}")
    sys.exit(1 if findings else 0)
