"""The recall curriculum: facts told, turns in between, the question later."""

from memory_app.training.facts.dialogue import (
    KINDS,
    SCOPES,
    SLOTS,
    FactDialogue,
    Probe,
    draw_gap,
    generate_dialogue,
    trained_values,
)

__all__ = [
    "KINDS",
    "SCOPES",
    "SLOTS",
    "FactDialogue",
    "Probe",
    "draw_gap",
    "generate_dialogue",
    "trained_values",
]
