"""The notebook runs from top to bottom on the bundled model and still finds what it writes of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def test_the_notebook_reads_traces_and_changes_a_chat() -> None:
    cells = json.loads((EXAMPLES / "read_trace_change.ipynb").read_text())["cells"]
    code = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=EXAMPLES,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # No Django: the pure core alone.
    assert "django" not in code
    lines = done.stdout.splitlines()
    assert any(line.startswith("1 ") and "Oslo" in line and "not told" in line for line in lines)
    assert any(line.startswith("6 ") and "Rome" in line and "nurse" in line for line in lines)
    assert any(line.startswith("turn 4   Rome") for line in lines)
    emptied = next(line for line in lines if line.startswith("emptied"))
    assert "Clara" in emptied
    assert "nurse" not in emptied
    without = next(line for line in lines if line.startswith("without turn 1"))
    assert "Clara" not in without
