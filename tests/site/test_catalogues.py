"""The Chinese catalogue is complete. English needs none: its messages are in the source."""

import ast
import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils.translation import ngettext, override, pgettext, to_locale

ROOT = Path(settings.BASE_DIR)
LANGUAGES = ["zh_Hans"]


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


def test_every_language_but_english_has_a_catalogue() -> None:
    named = {to_locale(code) for code, _name in settings.LANGUAGES}
    assert named - {"en"} == set(LANGUAGES)
    assert {path.name for path in (ROOT / "locale").iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("n", "plain", "with_context"), [(1, "in 1 process", "Next"), (2, "in 2 processes", "Next")]
)
def test_english_needs_no_catalogue(n: int, plain: str, with_context: str) -> None:
    """Plural forms and contexts are resolved from the source alone."""
    with override("en"):
        forms = ngettext("in %(n)s process", "in %(n)s processes", n)
        assert forms % {"n": n} == plain
        assert pgettext("window of tokens", "Next") == with_context


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str, needed: set[str]) -> None:
    said = catalogue(folder(language) / "django.mo")
    assert sorted(needed - {key for key, text in said.items() if text}) == []


#: How the source asks for a sentence in the reader's language, and how many forms it gives.
ASKED = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}
#: What looks up sentences that are marked where they are written.
AT_LOOK_UP = {
    *("memory_app/translate_messages.py", "memory_app/views/chat/openings.py"),
    *("memory_app/views/chat/tour.py", "memory_app/word_filter.py"),
}


def test_every_sentence_in_python_is_written_where_it_is_asked_for(needed: set[str]) -> None:
    """An f-string has no translation; nor does what is asked for inside one, which isn't found."""
    astray = []
    for folder_ in ("memory_app", "chatsite"):
        for file in sorted((ROOT / folder_).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                called = getattr(node, "func", None)
                name = getattr(called, "id", None) or getattr(called, "attr", "")
                if not isinstance(node, ast.Call) or name not in ASKED:
                    continue
                for said in node.args[: ASKED[name]]:
                    text = said.value if isinstance(said, ast.Constant) else None
                    known = text in needed or said is not node.args[0]
                    if not isinstance(text, str) or not known:
                        astray.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert {where for where in astray if where.partition(":")[0] not in AT_LOOK_UP} == set()


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
    with (folder("zh_Hans") / "django.mo").open("rb") as file:
        said = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    places = re.compile(r"%\(\w+\)s|\{\w+\}")
    for key, text in said.items():
        if isinstance(key, str):
            assert sorted(places.findall(key)) == sorted(places.findall(text)), key
        else:
            # The one form of Chinese tells the number, which English's first may leave out.
            assert set(places.findall(key[0])) <= set(places.findall(text)), key


# What no text of the pages, errors or commands says: the words of one author, not of the field.
PRIVATE_ENGLISH = re.compile(
    r"\b(heard|told|whoever|nobody|somebody|anybody|everybody|so many|examined|exams?|anew|daring"
    r"|bookkeeping|reckoned|parted by|that there are|goes over|c[ao]me to nothing|press old ones"
    r"|(?:bits?|nats?|tokens?|turns?|words|characters|chats|squares?|ms|one) an? "
    r"(?:byte|token|turn|unit|day|dialogue|step|window|row|cell))\b",
    re.IGNORECASE,
)
# A reader is 你, a chat is 对话; a full stop brings its own blank; marks are full-width.
PRIVATE_CHINESE = re.compile(
    r"您|聊天|门视图|隐状态|[。，；：！？] "
    r"|[\u4e00-\u9fff] ?[,;!?]"
)


def test_no_text_is_in_private_words(needed: set[str]) -> None:
    assert len(needed) > 900
    found = {key: words[0] for key in needed if (words := PRIVATE_ENGLISH.search(key))}
    # Beside the effect, from which a reader has to distinguish it.
    assert found.pop("Bookkeeping", "Bookkeeping") == "Bookkeeping"
    assert found == {}


def test_chinese_keeps_to_one_word_for_one_thing() -> None:
    text = catalogue(folder("zh_Hans") / "django.mo")
    assert {key: line for key, line in text.items() if PRIVATE_CHINESE.search(line)} == {}


@pytest.mark.parametrize(
    "text", ["bits a byte", "Nobody has written one yet.", "It came to nothing.", "heard 2 s ago"]
)
def test_private_words_are_found(text: str) -> None:
    assert PRIVATE_ENGLISH.search(text)


@pytest.mark.parametrize("text", ["您好。", "开始聊天", "大小不变。 原理", "打开,再关闭"])
def test_private_chinese_is_found(text: str) -> None:
    assert PRIVATE_CHINESE.search(text)


def test_a_chinese_page_has_no_blank_after_a_full_stop(db: None, client: Client) -> None:
    page = client.get("/about/memory/", headers={"accept-language": "zh-hans"}).content.decode()
    text = re.sub(r"<[^>]+>", "", page)
    assert text.count("。") > 20
    assert re.search(r"[。：] +\S", text) is None
