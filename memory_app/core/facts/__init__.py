"""The recall curriculum: facts told, turns in between, the question later."""

from memory_app.core.facts.curriculum import draw_gap
from memory_app.core.facts.generator import (
    EXAM_KINDS,
    KINDS,
    FactDialogue,
    Probe,
    generate_dialogue,
)
from memory_app.core.facts.hold_out import is_held_out
from memory_app.core.facts.language import Language, language_of, languages
from memory_app.core.facts.slot_sets import SCOPES, held_out_values, slots_of, trained_values

__all__ = [
    "EXAM_KINDS",
    "KINDS",
    "SCOPES",
    "FactDialogue",
    "Language",
    "Probe",
    "draw_gap",
    "generate_dialogue",
    "held_out_values",
    "is_held_out",
    "language_of",
    "languages",
    "slots_of",
    "trained_values",
]
