"""Do the tests bite? Break a copy of the program in one way after another; each must turn red.

Run as `python -m tests.mutants.run [part of a name]`. Exit 1 when a break survives, no longer fits
the code, or breaks more than it should.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.breaks import BREAKS
from tests.mutants.model import Break

ROOT = Path(__file__).parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", ".*_cache", "__pycache__", "data", ".hypothesis", ".coverage*"
)
LONGEST_S = 240
TESTS_FAILED = 1
FAILURES_SHOWN = 2


def main(wanted: str) -> int:
    """Shape: the exit status."""
    chosen = [one for one in BREAKS if wanted in one.name]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        (tree / ".venv").symlink_to(ROOT / ".venv")
        for one in chosen:
            survivors += not is_noticed(one, tree)
    sys.stdout.write(f"{len(chosen) - survivors} of {len(chosen)} breaks were noticed\n")
    return 1 if survivors or not chosen else 0


def is_noticed(broken: Break, tree: Path) -> bool:
    """Apply one break, run its tests and take it back."""
    path = tree / broken.file
    source = path.read_text()
    if source.count(broken.old) != 1:
        tell(broken.name, "does not fit the code any more", 0)
        return False
    began_s = time.monotonic()
    path.write_text(source.replace(broken.old, broken.new))
    try:
        compile(path.read_text(), broken.file, "exec")
        red = failures(broken, tree)
    finally:
        path.write_text(source)
    tell(broken.name, red or "SURVIVED", time.monotonic() - began_s)
    return bool(red)


def failures(broken: Break, tree: Path) -> str:
    """The tests that turned red, in short; empty when none did.

    Errors: CalledProcessError when they could not be run at all.
    """
    ran = subprocess.run(
        [tree / ".venv/bin/python", "-m", "pytest", "-x", "--no-header", "--tb=no", *broken.tests],
        cwd=tree,
        env=os.environ | {"CRASH_ONLY": broken.only},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    red = [line.split(" ", 2)[1] for line in ran.stdout.splitlines() if line.startswith("FAILED ")]
    if ran.returncode not in (0, TESTS_FAILED) or bool(red) != (ran.returncode == TESTS_FAILED):
        sys.stderr.write(ran.stdout + ran.stderr)
        ran.check_returncode()
    return ", ".join(red[:FAILURES_SHOWN])


def tell(name: str, what: str, seconds: float) -> None:
    sys.stdout.write(f"{name:<50} {seconds:5.1f} s  {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
