"""manage.py itself: a wrong environment is one line."""

import pytest

from tests.processes.site import Site


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("DATA_DIR", "/proc/nothing"), ("DEBUG", "perhaps")]
)
def test_a_wrong_variable_is_one_line_and_never_a_traceback(tmp_path, monkeypatch, name, value):
    monkeypatch.setattr(Site, "environment", {**Site(tmp_path / "data").environment, name: value})
    ran = Site(tmp_path / "data").manage("routes", "--json")
    assert ran.returncode != 0
    assert ran.stdout == ""
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert value in line
