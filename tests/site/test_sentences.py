"""What the core and the services say is whole, and is said in the reader's language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from memory_app.core.messages import Sentence, SentenceError, sentence_of
from memory_app.core.run_settings import PRESETS, SettingsError
from memory_app.core.sandbox import ConfinedError, run_confined
from memory_app.management.message_keywords import raised_names
from memory_app.refusal import Refused
from memory_app.translate_messages import in_words, in_words_later, kept_in_words

ROOT = Path(settings.BASE_DIR)


def said_by(file: Path, names: set[str]) -> Iterator[tuple[int, ast.expr]]:
    """Line and first argument of every call that says something to a person."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in names:
                yield node.lineno, node.args[0]


def every_sentence() -> list[tuple[str, ast.expr]]:
    names = set(raised_names())
    files = [one for one in (ROOT / "memory_app").rglob("*.py") if one.name != "messages.py"]
    return [
        (f"{file.relative_to(ROOT)}:{line}", said)
        for file in sorted(files)
        for line, said in said_by(file, names)
    ]


def is_whole(said: ast.expr) -> bool:
    """Written out here, or a sentence already: a constant of the module, or what an error says."""
    text = ast.unparse(said)
    return (
        isinstance(said, ast.Constant)
        or (isinstance(said, ast.Name) and said.id.isupper())
        or text.endswith((".sentence", ".template"))
        or text.startswith(("Sentence(", "Sentence.from_dict("))
    )


def test_no_sentence_is_put_together_before_it_is_raised() -> None:
    """Such a one has no template to look up: an f-string, a sum, another error's text."""
    found = every_sentence()
    assert [f"{where}: {ast.unparse(said)}" for where, said in found if not is_whole(said)] == []


def test_every_sentence_is_there_in_chinese() -> None:
    found = {
        said.value: where
        for where, said in every_sentence()
        if isinstance(said, ast.Constant) and isinstance(said.value, str)
    }
    assert len(found) > 150
    with translation.override("zh-hans"):
        english = {
            text: where for text, where in found.items() if translation.gettext(text) == text
        }
    assert english == {}


def test_nothing_that_people_are_told_is_raised_as_a_plain_error() -> None:
    """A services' or a registry's error class that isn't made of a sentence couldn't be shown."""
    files = [ROOT / "memory_app/registry.py", *(ROOT / "memory_app/services").glob("*.py")]
    plain = [
        f"{file.name}: {node.name}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(one) in ("ValueError", "RuntimeError") for one in node.bases)
    ]
    assert plain == []


def test_an_error_says_itself_in_english_and_in_words_as_the_reader_reads() -> None:
    with pytest.raises(SettingsError) as refused:
        PRESETS["tiny"].changed({"steps": "many"})
    assert str(refused.value) == "steps must be a whole number."
    assert in_words(refused.value) == "steps must be a whole number."
    with translation.override("zh-hans"):
        assert in_words(refused.value) == "steps 必须是整数。"
        assert str(refused.value) == "steps must be a whole number."


def test_a_sentence_in_a_sentence_is_put_into_words_too() -> None:
    said = Sentence("{name} is a symlink.", {"name": Sentence("The file")})
    assert str(said) == "The file is a symlink."
    with translation.override("zh-hans"):
        assert in_words(said) == "文件是符号链接。"


@pytest.mark.parametrize(
    "said",
    [
        Sentence("empty text"),
        Sentence("{name} is a symlink.", {"name": Sentence("The file")}),
        Sentence("There is no corpus {name}.", {"name": "'{x} {0} %(y)s'"}),
        sentence_of(ValueError("a library's {own} words")),
    ],
)
def test_a_row_keeps_a_sentence(said: Sentence) -> None:
    kept = Sentence.from_dict(said.to_dict())
    assert kept == said
    with translation.override("zh-hans"):
        assert kept_in_words(said.to_dict(), "") == in_words(said)


def test_what_fills_a_gap_is_data_and_no_template() -> None:
    fault = SentenceError("There is no corpus {name}.", name="'{name.__class__} {0}'")
    assert str(fault) == "There is no corpus '{name.__class__} {0}'."
    with translation.override("zh-hans"):
        assert "{name.__class__} {0}" in in_words(fault)


def test_a_row_of_before_sentences_were_kept_shows_its_text() -> None:
    with translation.override("zh-hans"):
        assert kept_in_words({}, "It broke.") == "It broke."


def test_a_later_sentence_waits_for_its_reader() -> None:
    refused = Refused(
        "invalid",
        in_words_later(SettingsError("copy_units must be at most hidden_size and embedding_dim.")),
    )
    with translation.override("zh-hans"):
        assert str(refused.detail) == "copy_units 不能大于 hidden_size 和 embedding_dim。"
    assert str(refused.detail) == "copy_units must be at most hidden_size and embedding_dim."


def test_a_confined_process_hands_its_sentence_over_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfinedError) as refused:
        run_confined("memory_app.core.model.check_upload", {"folder": str(tmp_path)}, seconds=60)
    assert refused.value.sentence.template == "{name} is missing or not a regular file."
    assert refused.value.sentence.values == {"name": "config.json"}
