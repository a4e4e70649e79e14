"""Where the tests' data is, and how a script test says that it was skipped."""

import os
import sys
from pathlib import Path
from typing import NoReturn, Optional

SKIPPED = 77  # the exit status that ctest takes for "skipped"
SOURCE = Path(__file__).resolve().parents[2]


def skip(why: str) -> NoReturn:
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def find_data(folder: str) -> Optional[Path]:
    root = os.environ.get("WEBTAP_TEST_DATA")
    path = (Path(root) if root else SOURCE.parent / "shared" / "data") / folder
    return path if path.is_dir() else None


def require_data(folder: str) -> Path:
    path = find_data(folder)
    if path is None:
        skip(f"no data: set WEBTAP_TEST_DATA to the folder that holds {folder}/")
    return path
