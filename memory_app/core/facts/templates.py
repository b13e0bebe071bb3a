"""What the bot says of any fact, and questions that fit every slot.

{c} a second-person clause with the value, {v} the value, {a} the value with its article, {n} the
thing asked for in the bot's words ("your name"), {m} the same in the user's ("my name"), {t} a
clause that tells, {o} the value that a correction replaces.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from memory_app.core.facts.hold_out import FEWEST_PHRASINGS, held_out, trained
from memory_app.core.facts.text_file import Exchange, Fields, Phrases, Texts

_Wraps = Annotated[Texts, Fields("m", "m")]
_Clauses = Annotated[Texts, Fields("c", "c")]
_Tells = Annotated[Texts, Fields("t", "t")]


@dataclass(frozen=True, slots=True)
class Templates:
    """The texts of templates.toml, by its keys; of ask_any a part is held out, by place."""

    ask_any: _Wraps
    more_ask_any: _Wraps
    answers: Annotated[Texts, Fields("c v", "c v")]
    dont_know: Annotated[Texts, Fields("n")]
    echoes: _Clauses
    plain_acks: Phrases
    corrections: _Tells
    corrections_bare: Annotated[Texts, Fields("v a o", "v a")]
    corrected: Annotated[Texts, Fields("c")]
    bare: Annotated[Texts, Fields("v a", "v a")]
    leads: Phrases
    hellos: Phrases
    greeted: Annotated[str, Fields("hello t", "t")]
    greetings: tuple[Exchange, ...]
    ask_all: Phrases
    all_unknown: Phrases
    answer_all: _Clauses
    confirm: Annotated[str, Fields("t", "t")]
    confirmed: Annotated[str, Fields("c", "c")]
    denied: Annotated[str, Fields("c", "c")]
    replies: Phrases
    before_tell: Phrases
    after_tell: Phrases
    before_ask: Phrases
    after_ask: Phrases
    train_ask_any: Texts = field(init=False)
    held_ask_any: Texts = field(init=False)

    def __post_init__(self) -> None:
        if len(self.ask_any) < FEWEST_PHRASINGS:
            raise ValueError(f"ask_any needs {FEWEST_PHRASINGS} phrasings or more.")
        object.__setattr__(self, "train_ask_any", trained(self.ask_any))
        object.__setattr__(self, "held_ask_any", held_out(self.ask_any))
        for wrap in self.more_ask_any:
            if wrap in self.held_ask_any:
                raise ValueError(f"more_ask_any: “{wrap}” is held out of training.")
