"""What `make` says while pip is at work, which may be for minutes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Stands in for the virtual environment's Python: a pip that fetches for two seconds and a half.
PYTHON = """#!/bin/sh
case "$*" in
*" install "*)
    mkdir "$TMPDIR/pip-unpack-x"
    head -c 3000000 /dev/zero >"$TMPDIR/pip-unpack-x/torch.whl"
    echo "Collecting torch"
    sleep 2.5
    echo "ERROR: of pip" >&2
    exit 0 ;;
esac
exit 1
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_without_a_terminal_a_line_now_and_then_says_how_far_pip_is(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / ".made").touch()
    version = re.search(r'^torch = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version
    stamp = tmp_path / f".torch-{version[1]}"
    # Not as a part of the `make test` that this may run in.
    names = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "TORCH_BUILD")
    result = subprocess.run(
        ["make", f"VENV={tmp_path}", "BEAT=1", str(stamp)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in names},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = result.stderr.splitlines()
    assert lines[1:4] == [
        "Collecting torch",
        "pip is at work: 1 s, 2 MB fetched",
        "pip is at work: 2 s, 2 MB fetched",
    ]
    # Errors of the first try are kept for whoever asks: the second is what counts.
    assert "of pip" not in result.stderr
    assert "of pip" in (tmp_path / "torch.log").read_text()
    assert stamp.exists()
    assert not (tmp_path / "fetched").exists()
