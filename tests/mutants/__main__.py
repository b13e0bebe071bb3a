"""Are the tests about what they say? `python -m tests.mutants` plants 20 bugs, one after another.

Each is planted in a copy of this checkout, where the tests that are about it run: they must fail.
`python -m tests.mutants 3 7` takes two of them; `--list` names all. Status 1 if one wasn't caught,
or if its tests fail without it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.listed import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that a mutant's tests may take: one that hangs them is caught.
PATIENCE = 300


def _copied(folder: Path) -> Path:
    """The files that git knows, as they are here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder


def _fails(folder: Path, tests: str) -> str:
    """The names of the tests that fail there; empty where all pass."""
    # Passwords and keys of a shell are no matter of theirs, nor are pytest's own variables.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", *tests.split()]
    command += ["-p", "no:playwright", "-p", "no:xdist", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return "no end"
    if done.returncode == 0:
        return ""
    named = re.findall(r"^(?:FAILED|ERROR) \S*?::(\w+)", done.stdout, re.M)
    if done.returncode != 1 or not named:
        # No test was found, or none could run: that catches nothing.
        raise SystemExit(f"{tests}: {done.stdout[-2000:]}{done.stderr[-500:]}")
    return ", ".join(named)


def _caught(folder: Path, mutant: Mutant) -> str:
    file = folder / mutant.file
    sound = file.read_text(encoding="utf-8")
    if sound.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.name}: {mutant.file} has other words by now.")
    file.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return _fails(folder, mutant.tests)
    finally:
        file.write_text(sound, encoding="utf-8")


def main(arguments: list[str]) -> int:
    if "--list" in arguments:
        for number, mutant in enumerate(MUTANTS, 1):
            print(f"{number:2} {mutant.name}: {mutant.tests}")
        return 0
    wanted = [MUTANTS[int(number) - 1] for number in arguments] or list(MUTANTS)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="gatescope-mutants-") as name:
        folder = _copied(Path(name))
        for tests in dict.fromkeys(mutant.tests for mutant in wanted):
            if failed := _fails(folder, tests):
                raise SystemExit(f"{tests} fails without a mutant: {failed}")
        for mutant in wanted:
            began = time.monotonic()
            by = _caught(folder, mutant)
            missed += not by
            verdict = f"caught by {by}" if by else "NOT CAUGHT"
            seconds = time.monotonic() - began
            print(f"{mutant.name}: {verdict} ({seconds:.0f} s)", flush=True)
    print(f"{len(wanted) - missed} of {len(wanted)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
