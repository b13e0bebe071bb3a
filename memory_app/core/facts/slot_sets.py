"""Which slots and which of their values a scope tells."""

from __future__ import annotations

from memory_app.core.facts.language import Language, spoken
from memory_app.core.facts.slots import Slot

#: "core" is what people tell first, and what the exam asks for. A small model that learns all the
#: slots at once learns each of them badly; "all" is for larger ones. "wide" has the core's slots
#: with every value, for a model that has learned the core.
SCOPES = ("core", "wide", "all")
#: How many values of a slot a scope tells: lists begin with those that are met most often.
SCOPE_VALUES = {"core": 120, "wide": None, "all": None}


def slots_of(scope: str, language: Language | None = None) -> tuple[Slot, ...]:
    """The slots that a scope tells."""
    known = spoken(language)
    return known.slots if scope == "all" else known.core


def trained_values(scope: str, language: Language | None = None) -> list[str]:
    """Every value that training may tell, once, in a fixed order."""
    most = SCOPE_VALUES[scope]
    slots = slots_of(scope, language)
    values = (v for slot in slots for k in slot.kinds for v in slot.train_values[k][:most])
    return list(dict.fromkeys(values))


def held_out_values(scope: str, language: Language | None = None) -> list[str]:
    """Every value that only the exam tells, once, in a fixed order."""
    slots = slots_of(scope, language)
    values = (v for slot in slots for k in slot.held_kinds for v in slot.held_values[k])
    return list(dict.fromkeys(values))
