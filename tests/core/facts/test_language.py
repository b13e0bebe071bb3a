"""A language is a folder: read whole, refused in one sentence, spoken without a line of Python."""

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memory_app.core.data.batching import Mixture
from memory_app.core.evaluation.progress_exam import ProgressExam
from memory_app.core.evaluation.recall import contains_value, draw_exam, run_exam
from memory_app.core.facts import EXAM_KINDS, KINDS, generate_dialogue, language, languages
from memory_app.core.facts.language import exam_of, language_of, read_language
from memory_app.core.facts.text_file import LanguageError
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer

TINY = Path(__file__).parent / "tiny_zh"
FOREIGN = re.compile(r"[A-Za-z{}]")


@pytest.fixture
def tiny():
    return read_language(TINY)


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


@pytest.fixture
def beside(monkeypatch):
    """The tests' languages in the place of the project's."""
    monkeypatch.setattr(language, "_FOLDER", TINY.parent)
    language_of.cache_clear()
    yield
    language_of.cache_clear()


def test_each_language_of_the_project_is_whole_and_read_once():
    assert "en" in languages()
    for code in languages():
        assert language_of(code) is language_of(code)
        assert exam_of(code) == language_of(code).exam


def test_a_language_without_a_folder_is_spoken_in_english_and_asked_its_own_prompts():
    assert language_of("zh").slots == language_of("en").slots
    assert "你好！" in exam_of("zh").prompts
    assert exam_of("xx") == language_of("en").exam


def test_nothing_is_read_before_it_is_needed():
    check = (
        "import memory_app.core.facts, memory_app.core.run_settings\n"
        "from memory_app.core.facts.language import language_of\n"
        "assert language_of.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_language_trains_in_every_form(tiny, kind):
    rng = random.Random(1)
    for _ in range(400):
        made = generate_dialogue(
            rng, fillers=lambda rng, n: [("嗯", "好。")] * n, kind=kind, scope="core", loose=0.4,
            slips=0.2, language=tiny,
        )  # fmt: skip
        text = "".join(text for _, text in made.turns)
        assert not FOREIGN.search(text), text
        if made.probe.answer and made.probe.turn not in made.slipped:
            assert contains_value(made.turns[made.probe.turn][1], made.probe.answer, tiny)


def test_a_second_language_is_examined_and_marked(tiny):
    exam = draw_exam(20, 1, tiny)
    right = run_exam(exam, lambda items: [f"是{i.answer}。" if i.answer else "我不知道。"
                                          for i in items], language=tiny)  # fmt: skip
    assert right["held_out"]["values"]["gap_8"] == right["several_core"] == right["abstain"] == 1
    silent = run_exam(exam, lambda items: ["好。"] * len(items), language=tiny)
    assert silent["several_core"] == silent["abstain"] == 0
    for kind in EXAM_KINDS:
        generate_dialogue(
            random.Random(2), fillers=tiny.small_talk.exchanges, kind=kind, gap=2, language=tiny,
            held_out_values=kind == "single",
        )  # fmt: skip


@pytest.mark.usefixtures("beside")
def test_a_run_learns_and_is_examined_in_the_language_of_its_folder():
    tokenizer = Tokenizer.train(["你好"] * 3, 270)
    mixture = Mixture(
        TrainingSettings().changed({"language": "tiny_zh", "identity": 0.2}), [], tokenizer
    )
    said = "".join(text for made in mixture.examples(5) for _, text in made.turns)
    assert "我" in said
    assert not re.search("[B-Z]", said)
    exam = ProgressExam(tokenizer, "tiny_zh")
    assert not any(FOREIGN.search(item.text) for item in exam._questions["gap_0"])
    assert exam._texts == ("你好！",)


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("grammar.toml", 'stop = "。"\n', "", "grammar.toml: the key stop is missing."),
        ("grammar.toml", "stop", "stopp", "grammar.toml: unknown key stopp; there are article, "),
        ("grammar.toml", 'space = ""', "space = 1", "grammar.toml: space must be a text."),
        ("grammar.toml", 'space = ""', "space", "grammar.toml: not TOML: "),
        ("slots/age.toml", "我{v}岁", "{w}岁", "“{w}岁” has {w}; it may have {a} {ak} {k} {v}."),
        ("slots/age.toml", "我{v}岁", "我岁", "age.toml: tell: “我岁” needs {v} or {a}."),
        ("slots/age.toml", "我{v}岁", "我{v岁", "age.toml: tell: “我{v岁” has a brace too many."),
        ("slots/age.toml", "我{v}岁", "{k}{v}", "age.toml: tell: “{k}{v}” has {k}; it may have "),
        ("slots/age.toml", "我{v}岁", "{v:9}", "“{v:9}” may only have bare {names}."),
        ("slots/age.toml", "我多大", "", "age.toml: ask: a text is empty."),
        ("slots/age.toml", '"ages"', '"years"', "age.toml: values: values.toml has no list years."),
        ("slots/age.toml", '"我刚满{v}岁"', "", "age.toml: tell needs 4 phrasings or more."),
        ("slots/age.toml", "clauses", 'more_tell = ["我刚满{v}岁"]\nclauses',
         "age.toml: more_tell: “我刚满{v}岁” is held out of training."),
        ("slots/favourite.toml", '["颜色"', '["书"', "favourite.toml: there is no kind “书”."),
        ("values.toml", '"茶, 咖啡, 牛奶, 果汁"', '"茶"', "kind “饮料” needs 4 values or more."),
        ("values.toml", '"茶, 咖啡, 牛奶, 果汁"', '","', "values.toml: drinks is empty."),
        ("slots.toml", '"age", ', "", "slots.toml: all doesn't name age."),
        ("slots.toml", 'core = ["name", ', 'core = ["pet", ', "slots.toml: all has each slot once"),
        ("slots.toml", 'core = ["name", "home", "age", "favourite"]', 'core = ["name", "home"]',
         "slots.toml: the slots of core need 10 kinds or more together"),
        ("exam.toml", "没告诉", "(没", "exam.toml: abstentions: “(没” is no regular expression: "),
        ("exchanges.txt", " => 记得带伞。", "", "exchanges.txt: line 1 is not “text | text => "),
        ("exchanges.txt", "记得带伞。", "哦。 | 好。", "exchanges.txt: each line has one text"),
        ("values.toml", 'ages = "8..89"', "mixed = 1", "values.toml: mixed must be tables"),
        ("values.toml", 'ages = "8..89"', "[mixed.ages]\nfoods = 0", "“foods = 0” is no share of"),
        ("values.toml", 'ages = "8..89"', "[mixed.ages]", "values.toml: ages is empty."),
        ("nonsense.toml", "[[0x0061, 0x007A]]", "[[0x0061]]",
         "nonsense.toml: scripts must be a list, each item a list of 2, each a whole number."),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_a_sentence(folder, file, old, new, sentence):
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(LanguageError) as refused:
        read_language(folder)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith(str(folder))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("file", [path.relative_to(TINY).as_posix() for path in TINY.rglob("*.t*")])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(LanguageError, match=re.escape(f"{file}: cannot be read: ")):
        read_language(folder)


def test_a_file_in_another_encoding_is_refused(folder):
    (folder / "exam.toml").write_bytes("prompts = ['你好']".encode("gb18030"))
    with pytest.raises(LanguageError, match=re.escape("exam.toml: not UTF-8.")):
        read_language(folder)
