"""The recall curriculum: facts told, turns in between, the question later."""

from memory_app.core.facts.curriculum import draw_gap
from memory_app.core.facts.generator import (
    EXAM_KINDS,
    KINDS,
    FactDialogue,
    Probe,
    generate_dialogue,
)
from memory_app.core.facts.slot_sets import SCOPES, SLOTS, held_out_values, trained_values
from memory_app.core.facts.values import is_held_out

__all__ = [
    "EXAM_KINDS",
    "KINDS",
    "SCOPES",
    "SLOTS",
    "FactDialogue",
    "Probe",
    "draw_gap",
    "generate_dialogue",
    "held_out_values",
    "is_held_out",
    "trained_values",
]
