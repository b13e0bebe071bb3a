"""The tour of an empty chat: what its script needs; its sentences are in parts/tour.html."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from memory_app import tour
from memory_app.core.inspection.panel_questions import panel_questions
from memory_app.languages import base_of, foreign_language
from memory_app.models import Checkpoint
from memory_app.services.training.evaluations import is_shown_off

_MEANINGS = {
    "told": gettext_noop("My name is Clara and I live in Oslo."),
    "talked": gettext_noop("I like music."),
    "asked": gettext_noop("Where do I live?"),
    "corrected": gettext_noop("No, I live in Rome."),
    "unknown": gettext_noop("What is my name?"),
}


def tour_of(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The messages and their meanings, the panel's questions and what they should get.

    None for a model that speaks another language than the messages, whose panel asks other
    questions, or of which no exam says that it remembers.
    """
    if not is_shown_off(checkpoint=checkpoint):
        return None
    asked = {each.question for each in panel_questions(checkpoint.config)}
    if base_of(checkpoint.language) != "en" or not {tour.ASKED_NAME, tour.ASKED_HOME} <= asked:
        return None
    foreign = foreign_language(checkpoint.language)
    return {
        "messages": tour.MESSAGES,
        "meanings": {step: _(text) for step, text in _MEANINGS.items()} if foreign else {},
        "questions": {"name": tour.ASKED_NAME, "home": tour.ASKED_HOME},
        "values": {"name": tour.NAME, "home": tour.HOME, "moved": tour.MOVED},
        "places": tour.places(checkpoint.model_config.layer_parts),
        "weight": tour.BLENDED,
    }
