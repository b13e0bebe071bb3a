"""A language of the curriculum: a folder of texts beside this file, read once and checked.

docs/extending.md says what lies in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memory_app.core.facts.backchannels import Backchannels
from memory_app.core.facts.dialogue_state import topic_of
from memory_app.core.facts.exam_texts import Exam
from memory_app.core.facts.grammar import Grammar
from memory_app.core.facts.made_up_names import Syllables
from memory_app.core.facts.slots import Slot, read_slot
from memory_app.core.facts.small_talk import Nonsense, SmallTalk
from memory_app.core.facts.templates import Templates
from memory_app.core.facts.text_file import (
    Exchange,
    LanguageError,
    Texts,
    build,
    read_entries,
)
from memory_app.core.facts.typing_styles import TypingStyles
from memory_app.core.facts.values import read_values

_FOLDER = Path(__file__).parent
#: What is spoken where a language has no folder.
ENGLISH = "en"
#: The file that makes a folder a language.
_SLOTS = "slots.toml"
_EXAM = "exam.toml"
#: A dialogue tells up to eight facts; of the others there must be something to ask for in vain.
FEWEST_TOPICS = 10


@dataclass(frozen=True, slots=True)
class SlotOrder:
    """The keys of all slots, in the order in which they are drawn, and of those told first."""

    all: Texts
    core: Texts


@dataclass(frozen=True, slots=True)
class Language:
    """All that the curriculum says in one language.

    exchanges: the exam's fillers, (user, bot); training leaves these unseen.
    """

    grammar: Grammar
    templates: Templates
    typing_styles: TypingStyles
    made_up_names: Syllables
    backchannels: Backchannels
    small_talk: SmallTalk
    exchanges: tuple[Exchange, ...]
    exam: Exam
    slots: tuple[Slot, ...]
    core: tuple[Slot, ...]


def read_language(folder: Path) -> Language:
    """The language of a folder.

    Raises:
        LanguageError: a file is missing or wrong; one sentence that names it.
    """
    grammar = build(Grammar, folder / "grammar.toml")
    lists = read_values(folder / "values.toml")
    order = build(SlotOrder, folder / _SLOTS)
    if len(set(order.all)) < len(order.all) or not set(order.core) <= set(order.all):
        raise LanguageError(f"{folder / _SLOTS}: all has each slot once, and those of core too.")
    slots = {key: read_slot(folder / "slots" / f"{key}.toml", lists, grammar) for key in order.all}
    for path in sorted((folder / "slots").glob("*.toml")):
        if path.stem not in slots:
            raise LanguageError(f"{folder / _SLOTS}: all doesn't name {path.stem}.")
    core = tuple(slots[key] for key in order.core)
    topics = {topic_of(slot, kind) for slot in core if not slot.tells_kind for kind in slot.kinds}
    if len(topics) < FEWEST_TOPICS or not any(slot.held_kinds for slot in core):
        raise LanguageError(
            f"{folder / _SLOTS}: the slots of core need {FEWEST_TOPICS} kinds or more together, "
            "and one an open list of which values are held out."
        )
    exchanges = read_entries(folder / "exchanges.txt")
    if any(len(says) > 1 or len(replies) > 1 for says, replies in exchanges):
        raise LanguageError(f"{folder / 'exchanges.txt'}: each line has one text and one reply.")
    nonsense = build(Nonsense, folder / "nonsense.toml")
    return Language(
        grammar=grammar,
        templates=build(Templates, folder / "templates.toml"),
        typing_styles=build(TypingStyles, folder / "typing.toml", grammar=grammar),
        made_up_names=build(Syllables, folder / "made_up_names.toml"),
        backchannels=build(Backchannels, folder / "backchannels.toml", grammar=grammar),
        small_talk=SmallTalk(
            about_itself=read_entries(folder / "about_itself.txt"),
            small_change=read_entries(folder / "small_change.txt"),
            of_the_day=read_entries(folder / "small_talk.txt"),
            nonsense=nonsense,
        ),
        exchanges=tuple((says[0], replies[0]) for says, replies in exchanges),
        exam=build(Exam, folder / _EXAM),
        slots=tuple(slots.values()),
        core=core,
    )


def languages() -> tuple[str, ...]:
    """The codes of the languages that have a folder."""
    return _having(_SLOTS)


def _having(file: str) -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{file}")))


@cache
def language_of(code: str) -> Language:
    """The language of a code; English where it has no folder.

    Raises:
        LanguageError: as `read_language`.
    """
    return read_language(_FOLDER / (code if code in languages() else ENGLISH))


@cache
def exam_of(code: str) -> Exam:
    """What evaluations ask in a language, even one that has no other texts; else in English.

    Raises:
        LanguageError: as `build`.
    """
    return build(Exam, _FOLDER / (code if code in _having(_EXAM) else ENGLISH) / _EXAM)


def spoken(language: Language | None) -> Language:
    """The language given, or English."""
    return language or language_of(ENGLISH)
