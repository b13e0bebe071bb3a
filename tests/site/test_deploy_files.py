"""deploy/, compose.yaml and docs/deploy.md name what is there: settings, commands, files."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
UNITS = sorted((DEPLOY / "systemd").glob("*"))
#: What isn't the site's: of PostgreSQL's image, of compose.yaml, of torch, of the page's shell.
OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "OMP_NUM_THREADS", "DOMAIN"}
OTHERS |= {"REPOSITORY", "PASSWORD", "HOME", "CMD", "ALL", "ORIG_HEAD", "END", "CREATE", "DATE"}


def settings() -> set[str]:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    return {word for line in headings for word in re.findall(r"`([A-Z_0-9]+)`", line)}


def commands() -> set[str]:
    own = {file.stem for file in (ROOT / "memory_app/management/commands").glob("*.py")}
    return own | {"createsuperuser", "collectstatic", "migrate", "axes_reset"}


def assigned(text: str) -> set[str]:
    return set(re.findall(r"^#?(?:Environment=)?([A-Z_0-9]+)=", text, re.M))


def test_every_setting_that_is_named_exists():
    known = settings() | OTHERS
    assert len(known) > 40
    env = (DEPLOY / "gatescope.env.example").read_text(encoding="utf-8")
    assert {"SECRET_KEY", "DATABASE_URL", "TRUST_PROXY"} <= assigned(env) <= known
    for unit in UNITS:
        assert assigned(unit.read_text(encoding="utf-8")) <= known, unit.name
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"\$\{([A-Z_0-9]+)", compose))
    named |= set(re.findall(r"^    (?:  )?([A-Z_0-9]+):", compose, re.M))
    assert {"REDIS_URL", "SITE_ORIGINS"} <= named <= known
    said = set(re.findall(r"`([A-Z][A-Z_0-9]+)(?:=[^`]*)?`", PAGE)) | assigned(PAGE)
    assert {"TRUST_PROXY", "DISK_WARN_MB", "STATE_KEEP"} <= said
    assert said <= known


def test_every_command_that_is_named_exists():
    said = set(re.findall(r"\bgatescope ([a-z_]+)", PAGE))
    assert {"verify_sessions", "restore", "backup"} <= said
    assert said - {"chatsite"} <= commands()
    for unit in UNITS:
        called = re.findall(r"manage\.py ([a-z_]+)", unit.read_text(encoding="utf-8"))
        assert set(called) <= commands()


def test_every_file_and_unit_that_is_named_exists():
    for path in set(re.findall(r"\bdeploy/[\w./@-]*\w", PAGE)):
        assert (ROOT / path).exists(), path
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    mounted = re.findall(r"- \./([\w./-]+):", compose)
    assert mounted
    assert all((ROOT / path).is_file() for path in mounted)
    names = {unit.name for unit in UNITS}
    for unit in set(re.findall(r"\bgatescope-[a-z]+(?:@|\.timer\b)?", PAGE)) - {"gatescope-static"}:
        if unit in {"gatescope-site", "gatescope-compose"}:
            continue
        wanted = {unit, f"{unit}.service", unit.replace("@", "@.service")}
        assert wanted & names, unit
    assert "@8001" in PAGE
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert all(f"127.0.0.1:{port}" in nginx for port in (8001, 8002))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_one_that_systemd_reads(unit):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    assert "Unit" in parser
    if "Service" in parser and unit.name != "gatescope-backup.service":
        assert parser["Service"]["Restart"] == "always"
    if "Service" in parser:
        assert parser["Service"]["User"] == "gatescope"
        assert parser["Service"]["EnvironmentFile"] == "/etc/gatescope.env"


def test_the_example_of_settings_is_filled_in_by_the_page_and_then_starts(tmp_path):
    """The page's own sed commands, on the file, then the settings as a process reads them."""
    env = tmp_path / "gatescope.env"
    env.write_text((DEPLOY / "gatescope.env.example").read_text(encoding="utf-8"))
    block = next(b for b in re.findall(r"```\n(.*?)```", PAGE, re.S) if "SECRET_KEY" in b)
    lines = [line for line in block.splitlines() if line.startswith("sed")]
    assert len(lines) == 3
    script = "DOMAIN=chat.host.net\nPASSWORD=0123456789abcdef01234567\n" + "\n".join(lines)
    script = script.replace("/etc/gatescope.env", str(env))
    subprocess.run(["sh", "-ec", script], check=True)
    text = env.read_text()
    assert "..." not in "".join(line for line in text.splitlines(True) if line[0] != "#")
    assert "example" not in "".join(line for line in text.splitlines(True) if line[0] != "#")
    text = text.replace("/var/lib/gatescope", str(tmp_path / "data"))
    text = text.replace("STATIC_COLLECTED=1", "STATIC_COLLECTED=0")
    env.write_text(text)
    (tmp_path / "data").mkdir(mode=0o700)
    load = f"set -a; . {env}; set +a; exec {sys.executable} -c 'import chatsite.settings'"
    done = subprocess.run(
        ["sh", "-ec", load],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
