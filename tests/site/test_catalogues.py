"""Both languages are whole: nothing that is said lacks its translation."""

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
LANGUAGES = ["en", "zh_Hans"]


def folder(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES"


def catalogue(path: Path) -> dict[str, str]:
    """What a compiled catalogue says, without its header; of plurals the first form."""
    with path.open("rb") as file:
        said = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    first = ((key if isinstance(key, str) else key[0], text) for key, text in said.items())
    return {key: text for key, text in first if key}


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every sentence that the source marks for translation, found afresh."""
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed")
    copy = tmp_path_factory.mktemp("source")
    for name in ("memory_app", "chatsite", "templates"):
        ignore = shutil.ignore_patterns("bundled", "__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    (copy / "locale").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy)
        call_command("makemessages", locale=["xx"], no_wrap=True, verbosity=0)
    compiled = copy / "xx.mo"
    text = (copy / "locale/xx/LC_MESSAGES/django.po").read_text("utf-8")
    # The language "xx" has no rule for its plurals; gettext then takes English's.
    text = re.sub(r'^"Plural-Forms:.*\n', "", text, flags=re.M)
    # msgfmt leaves out what has no translation, so each gets one.
    (copy / "xx.po").write_text(re.sub(r'^(msgstr\S*) ""$(?!\n")', r'\1 "?"', text, flags=re.M))
    subprocess.run(["msgfmt", "-o", compiled, copy / "xx.po"], check=True)
    return set(catalogue(compiled))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str, needed: set[str]) -> None:
    said = catalogue(folder(language) / "django.mo")
    assert sorted(needed - {key for key, text in said.items() if text}) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_is_not_said_any_more(language: str, needed: set[str]) -> None:
    assert sorted(set(catalogue(folder(language) / "django.mo")) - needed) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_written_one(language: str, tmp_path: Path) -> None:
    if shutil.which("msgfmt") is None:
        pytest.skip("gettext is not installed")
    source = folder(language) / "django.po"
    assert "#, fuzzy" not in source.read_text("utf-8")
    again = tmp_path / "again.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", again, source], check=True)
    assert catalogue(again) == catalogue(source.with_suffix(".mo"))


def test_chinese_keeps_the_places_for_values() -> None:
    said = catalogue(folder("zh_Hans") / "django.mo")
    places = re.compile(r"%\(\w+\)s|\{\w+\}")
    for key, text in said.items():
        assert sorted(places.findall(key)) == sorted(places.findall(text)), key
