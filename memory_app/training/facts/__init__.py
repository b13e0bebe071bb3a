"""The recall curriculum: facts told, turns in between, the question later."""

from memory_app.training.facts.dialogue import (
    KINDS,
    SLOTS,
    FactDialogue,
    Probe,
    draw_gap,
    generate_dialogue,
)

__all__ = ["KINDS", "SLOTS", "FactDialogue", "Probe", "draw_gap", "generate_dialogue"]
