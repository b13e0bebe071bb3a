"""The pages of docs/ name what is there: every command, message, setting, route and package."""

import re
import tomllib
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from memory_app import policy, protocol
from memory_app.version import __version__
from tests.browser.screenshots import LINKED

ROOT = Path(__file__).resolve().parents[2]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def headings(text: str) -> set[str]:
    """The words in backquotes that stand in headings."""
    return {
        word
        for line in text.splitlines()
        if line.startswith("#")
        for word in re.findall(r"`([^`]+)`", line)
    }


def test_every_command_has_a_heading():
    commands = ROOT / "memory_app" / "management" / "commands"
    names = {file.stem for file in commands.glob("*.py") if not file.stem.startswith("_")}
    assert names
    assert names <= headings(page("protocol.md"))


def test_every_message_has_a_heading():
    sent = {get_args(get_type_hints(t)["type"])[0] for t in get_args(protocol.ServerMessage)}
    received = set(protocol.CLIENT_TYPES)
    assert len(sent) >= 7
    assert sent | received <= headings(page("protocol.md"))


def test_every_error_code_and_route_is_named():
    text = page("protocol.md")
    for code in get_args(protocol.ErrorCode):
        assert f"`{code}`" in text
    routes = [row for row in policy.ROWS if row.kind == "http"]
    assert len(routes) > 15


def test_every_variable_that_is_read_has_a_heading():
    read = set()
    for folder in ("chatsite", "memory_app"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            read |= set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", text))
            read |= set(re.findall(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", text))
    read -= {"DJANGO_SETTINGS_MODULE"}
    assert {"PORT", "DATA_DIR", "DATABASE_URL"} <= read
    assert read <= headings(page("settings.md"))


def test_every_variable_of_the_makefile_has_a_heading():
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    read = set(re.findall(r"\$\(([A-Z_]+)\)", made)) - set(re.findall(r"^([A-Z_]+) :=", made, re.M))
    assert "PYTHON" in read
    assert read <= headings(page("settings.md"))


def test_the_changelog_has_the_version_of_this_program():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {__version__}\n" in text


def packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[=;]", requirement)[0].strip().lower() for requirement in requirements}


def test_every_package_is_explained_and_pinned_exactly():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    pinned = [requirement for one in lists for requirement in one]
    assert all(re.search(r"==[\d.]+(;|$)", requirement) for requirement in pinned)
    first_column = {
        line.split("|")[1].strip().lower()
        for line in page("dependencies.md").splitlines()
        if line.startswith("| ")
    }
    assert packages(pinned) | {"torch"} == first_column - {"package"}


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def anchors(file: Path) -> set[str]:
    """The names that a Markdown page's headings have as `#fragment`."""
    titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("file", [str(file.relative_to(ROOT)) for file in PAGES])
def test_every_link_between_the_pages_leads_somewhere(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    for link, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
        if "://" in link:
            continue
        target = (ROOT / file).parent / link if link else ROOT / file
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), f"{link}#{anchor}"


def test_every_picture_is_linked():
    text = "".join(file.read_text(encoding="utf-8") for file in PAGES)
    pictures = {file.name for file in (ROOT / "docs/pictures").iterdir()}
    assert pictures
    assert {name for name in pictures if f"pictures/{name})" not in text} == set()
    assert {name for name in pictures if name.endswith(".png")} == LINKED


def test_every_page_of_the_log_is_in_its_list():
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", page("log/README.md")))
    assert {file.name for file in (ROOT / "docs/log").glob("*.md")} - {"README.md"} == linked


def test_the_tree_in_the_readme_is_the_tree():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.split("## What is where")[1].split("```")[1]
    base = ROOT
    for line in tree.strip().splitlines():
        names = [word for word in re.split(r"\s{2,}", line.strip())[0].split() if word]
        inside = line.startswith("  ")
        for name in names:
            assert ((base if inside else ROOT) / name).exists(), name
        if not inside:
            base = ROOT / names[0]


def test_a_percentage_is_written_in_one_way():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    catalogues = [*(ROOT / "locale").rglob("*.po")]
    templates = [*(ROOT / "templates").rglob("*.html")]
    assert all((pages, catalogues, templates))
    apart = re.compile(r"[0-9})]\s%%?(?![%(}\w])")
    for file in (*pages, *catalogues, *templates):
        text = file.read_text(encoding="utf-8")
        assert not apart.search(text.replace("{%", "").replace("%}", "")), file
