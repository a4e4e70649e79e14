#!/usr/bin/env python3
"""Every header compiles alone: whoever includes it needs to include nothing before it."""
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_tree import CODE_FOLDERS, arguments, code_files, conclude


def options():
    parser = arguments(__doc__)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--include", type=Path, action="append", default=[],
                        help="folder with webtap/, the link to lib/")
    parser.add_argument("--define", action="append", default=[], help="as for the compiler's -D")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def finding(given, file):
    path = file.relative_to(given.root).as_posix()
    folders = [word for folder in [given.root, *given.include] for word in ("-I", str(folder))]
    defines = [f"-D{define}" for define in given.define]
    command = [given.compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *defines,
               *folders, "-x", "c++", "-"]
    # Included twice, for what a missing guard does; by standard input, as a header itself draws warnings.
    done = subprocess.run(command, input=f'#include "{path}"\n' * 2, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    first = next((line for line in done.stderr.splitlines() if "error" in line), "the compiler failed")
    place, _, reason = first.removeprefix(f"{given.root}/").partition(" error: ")
    line = place.split(":")[1] if place.startswith(path + ":") else 1
    return path, line, f"does not compile alone: {reason or first}"


def main():
    given = options()
    files = code_files(given.root, CODE_FOLDERS, (".h",))
    with ThreadPoolExecutor(given.jobs) as pool:
        conclude([found for found in pool.map(lambda file: finding(given, file), files) if found])


if __name__ == "__main__":
    main()
