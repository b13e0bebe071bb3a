"""Which slots there are, and which of them and of their values a scope tells."""

from __future__ import annotations

from memory_app.core.facts.slots import Slot
from memory_app.core.facts.slots_relations import ABOUT_OTHERS
from memory_app.core.facts.slots_user import ABOUT_ME

SLOTS: tuple[Slot, ...] = ABOUT_ME + ABOUT_OTHERS
SLOT_BY_KEY = {slot.key: slot for slot in SLOTS}
# What people tell first, and what the exam asks for. A small model that learns all the slots at
# once learns each of them badly; "all" is for larger ones. "wide" has the core's slots with every
# value, for a model that has learned the core.
_CORE = ("name", "home", "job", "age", "favourite", "pet_kind", "pet_name", "number", "count")
SCOPES: dict[str, tuple[Slot, ...]] = {
    "core": tuple(SLOT_BY_KEY[key] for key in _CORE),
    "wide": tuple(SLOT_BY_KEY[key] for key in _CORE),
    "all": SLOTS,
}
# How many values of a slot a scope tells: lists begin with those that are met most often.
SCOPE_VALUES = {"core": 120, "wide": None, "all": None}


def trained_values(scope: str) -> list[str]:
    """Every value that training may tell, once, in a fixed order."""
    most = SCOPE_VALUES[scope]
    found = (v for slot in SCOPES[scope] for k in slot.kinds for v in slot.train_values[k][:most])
    return list(dict.fromkeys(found))


def held_out_values(scope: str) -> list[str]:
    """Every value that only the exam tells, once, in a fixed order."""
    found = (v for slot in SCOPES[scope] for k in slot.held_kinds for v in slot.held_values[k])
    return list(dict.fromkeys(found))
