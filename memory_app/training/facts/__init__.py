"""The recall curriculum: facts told, turns in between, the question later."""

from memory_app.training.facts.dialogue import (
    EXAM_KINDS,
    KINDS,
    FactDialogue,
    Probe,
    generate_dialogue,
)
from memory_app.training.facts.scopes import SCOPES, SLOTS, held_out_values, trained_values
from memory_app.training.facts.training_form import draw_gap
from memory_app.training.facts.values import is_held_out

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
