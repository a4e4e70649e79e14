#!/usr/bin/env python3
"""The source is laid out as .clang-format says; clang-format -i puts it right."""
import shutil
import subprocess
import sys

from source_tree import CODE_FOLDERS, SKIPPED, arguments, code_files


def main():
    root = arguments(__doc__).parse_args().root
    if shutil.which("clang-format") is None:
        print("clang-format is not installed")
        sys.exit(SKIPPED)
    files = [str(file.relative_to(root)) for file in code_files(root, CODE_FOLDERS + ("tests",))]
    if not files:
        sys.exit(f"no source in '{root}'")
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=root, capture_output=True, text=True)
    print("\n".join(line.replace(" error: code should be clang-formatted", " not laid out as .clang-format says")
                    for line in done.stderr.splitlines() if ": error: " in line) or done.stderr, end="")
    sys.exit(1 if done.returncode else 0)


if __name__ == "__main__":
    main()
