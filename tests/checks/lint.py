#!/usr/bin/env python3
"""clang-tidy, with the checks of .clang-tidy, finds nothing in the programs and their libraries."""
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_tree import CODE_FOLDERS, SKIPPED, arguments


def options():
    parser = arguments(__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with compile_commands.json")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", metavar="FOLDER", help="files under this folder: agent/http")
    return parser.parse_args()


def files_to_check(given):
    database = given.build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"cannot read '{database}': no such file; configure the build first")
    folders = [given.root / folder for folder in ([given.only] if given.only else CODE_FOLDERS)]
    files = {Path(entry["file"]) for entry in json.loads(database.read_text())}
    return sorted(file for file in files if any(file.is_relative_to(folder) for folder in folders))


def output_for(given, file):
    command = ["clang-tidy", "-p", str(given.build), "--quiet", "--warnings-as-errors=*",
               "--extra-arg=-Wno-unknown-warning-option", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    return (done.stdout.strip() or done.stderr.strip()).replace(f"{given.root}/", "")


def main():
    given = options()
    if shutil.which("clang-tidy") is None:
        print("clang-tidy is not installed")
        sys.exit(SKIPPED)
    files = files_to_check(given)
    if not files:
        sys.exit(f"no source of '{given.root}' in '{given.build}/compile_commands.json'")
    with ThreadPoolExecutor(given.jobs) as pool:
        clean = True
        for text in pool.map(lambda file: output_for(given, file), files):
            clean = clean and not text
            if text:
                print(text, flush=True)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
