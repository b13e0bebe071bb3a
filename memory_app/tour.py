"""What the tour of a chat says to the model, and what its panel should then answer.

Chosen by measuring: `python -m benchmarks.quality.tour` takes the steps with sampled replies.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

#: In the order in which they are sent, by the step that sends them.
MESSAGES: Final = {
    "told": "My name is Clara and I live in Oslo.",
    "talked": "I like music.",
    "asked": "Where do I live?",
    "corrected": "No, I live in Rome.",
    "unknown": "What is my name?",
}
NAME, HOME, MOVED = "Clara", "Oslo", "Rome"
#: The panel's questions that the tour points to, as its checkpoint words them.
ASKED_NAME, ASKED_HOME = "What is my name?", "Where do I live?"
#: The share of the old memory that is mixed in after the forgetting.
BLENDED = 0.75


def places(layer_parts: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """All parts of all layers, as a transplant names them."""
    return [[part, layer, None] for layer, parts in enumerate(layer_parts) for part in parts]
