"""A slot: one kind of fact, its values, and the many ways to tell, ask for and confirm it.

Templates use {v} the value, {a} the value with its article, {k} the slot's kind (the sister of
"my sister is called Anna"), {ak} the kind with its article, {o} the value that a correction
replaces. Phrasings are told apart into a trained and a held-out part by their place in the list,
so order matters: append, don't insert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from memory_app.core.facts.grammar import Grammar
from memory_app.core.facts.hold_out import FEWEST_PHRASINGS, held_out, is_held_out, trained
from memory_app.core.facts.text_file import (
    Fields,
    LanguageError,
    Phrases,
    Texts,
    build,
    check_texts,
    read_toml,
)

# A closed list (seasons, days) is all trained: holding out "summer" would only hide a word.
SMALLEST_SPLIT = 15
# A correction, a slip and a question whether something is so each take another value.
FEWEST_VALUES = 4

#: The lists of texts that may name a kind, where the slot has several.
_PHRASINGS = ("tell", "ask", "clauses", "acks", "update", "bot_asks", "more_tell", "more_ask")
_Tells = Annotated[Texts, Fields("v a k ak", "v a")]
_Asks = Annotated[Texts, Fields("k")]


@dataclass(frozen=True, slots=True)
class Slot:
    """One kind of fact.

    tell: first-person clauses without a final stop. ask: direct questions without a question
    mark. more_tell, more_ask: further ones for training alone. noun / noun_you: the thing asked for
    as the user and the bot call it ("my name", "your name", also clauses such as "where I live").
    clauses: second-person statements of the value for answers and acknowledgements. acks: other
    acknowledgements. update: corrections. bot_asks: questions of the bot's that the value alone
    answers, in the forms of `bare`, where the language's own don't fit.

    group: two slots of one group are never told in one dialogue, and neither is asked for as
    unknown while the other is known. values: by kind ("" where there is one only). same_kinds:
    kinds that mean the same thing as another. common_kinds: what training tells of every other
    time. weight: how often the slot is drawn. open: some values are held out. name_like: values
    may be made-up names (in lower case where lower_case). greeted: told together with a greeting
    now and then. any_kind: one fact of the group is enough to know it. tells_kind: the value is
    what a kind is in the other slots of the group.
    """

    key: str
    grammar: Grammar
    values: dict[str, Texts]
    group: str
    tell: _Tells
    ask: _Asks
    noun: Annotated[str, Fields("k")]
    noun_you: Annotated[str, Fields("k")]
    clauses: Annotated[Texts, Fields("v a k ak", "v a")]
    acks: Annotated[Texts, Fields("v a k ak")] = ()
    update: Annotated[Texts, Fields("v a k ak o", "v a")] = ()
    bot_asks: Annotated[Texts, Fields("k ak")] = ()
    bare: Annotated[Texts, Fields("v a", "v a")] = ()
    more_tell: _Tells = ()
    more_ask: _Asks = ()
    same_kinds: dict[str, str] = field(default_factory=dict)
    common_kinds: Phrases = ()
    weight: float = 1.0
    open: bool = False
    name_like: bool = False
    lower_case: bool = False
    greeted: bool = False
    any_kind: bool = False
    tells_kind: bool = False
    kinds: Texts = field(init=False)
    held_kinds: Texts = field(init=False)
    train_values: dict[str, Texts] = field(init=False)
    held_values: dict[str, Texts] = field(init=False)
    train_tell: Texts = field(init=False)
    held_tell: Texts = field(init=False)
    train_ask: Texts = field(init=False)
    held_ask: Texts = field(init=False)

    def __post_init__(self) -> None:
        self._refuse()

        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("kinds", tuple(self.values))
        split = {}
        for kind, values in self.values.items():
            apart = tuple(value for value in values if is_held_out(value))
            if not self.open or len(values) < SMALLEST_SPLIT or len(apart) < 2:
                apart = ()
            kept = (value for value in values if value not in apart)
            split[kind] = (tuple(kept), apart)
        put("held_kinds", tuple(kind for kind, pair in split.items() if pair[1]))
        put("train_values", {k: pair[0] for k, pair in split.items()})
        put("held_values", {k: pair[1] for k, pair in split.items()})
        put("train_tell", trained(self.tell))
        put("held_tell", held_out(self.tell))
        put("train_ask", trained(self.ask))
        put("held_ask", held_out(self.ask))

    def _refuse(self) -> None:
        """Raises ValueError for lists that don't fit one another."""
        for name in ("tell", "ask"):
            phrasings, more = getattr(self, name), getattr(self, f"more_{name}")
            if len(phrasings) < FEWEST_PHRASINGS:
                raise ValueError(f"{name} needs {FEWEST_PHRASINGS} phrasings or more.")
            if shared := set(more) & set(held_out(phrasings)):
                raise ValueError(f"more_{name}: “{min(shared)}” is held out of training.")
        if not self.values:
            raise ValueError("values is empty.")
        for kind, values in self.values.items():
            if len(values) < FEWEST_VALUES:
                raise ValueError(f"kind “{kind}” needs {FEWEST_VALUES} values or more.")
        for kind in (*self.same_kinds, *self.same_kinds.values(), *self.common_kinds):
            if kind not in self.values:
                raise ValueError(f"there is no kind “{kind}”.")
        if self.weight <= 0:
            raise ValueError("weight must be more than 0.")


def read_slot(path: Path, lists: Mapping[str, Texts], grammar: Grammar) -> Slot:
    """The slot of one file, named for it.

    `values` is the name of a list, or a table of kinds and the lists of their values; with one
    name, `kinds` may be the name of a list of kinds.

    Raises:
        LanguageError: as `build`; no such list; a placeholder of a kind where there is one only.
    """
    data = read_toml(path)

    def listed(key: str, name: Any) -> Texts:
        if not isinstance(name, str) or name not in lists:
            raise LanguageError(f"{path}: {key}: values.toml has no list {name}.")
        return lists[name]

    named, kinds = data.pop("values", None), data.pop("kinds", None)
    if isinstance(named, dict):
        values = {kind: listed("values", name) for kind, name in named.items()}
    else:
        of_kinds = ("",) if kinds is None else listed("kinds", kinds)
        values = dict.fromkeys(of_kinds, listed("values", named))
    data.setdefault("group", path.stem)
    slot = build(Slot, path, data, key=path.stem, grammar=grammar, values=values)
    if slot.kinds == ("",):
        for key in _PHRASINGS:
            check_texts(path, key, getattr(slot, key), Fields("v a o"))
        check_texts(path, "noun", (slot.noun, slot.noun_you), Fields())
    return slot
