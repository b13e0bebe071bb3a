"""How a task with a label a text reads its texts."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, one_of, setting


@dataclass(frozen=True)
class LabelSettings(Section):
    """Texts a step, the share of the running score in the loss, and which weights are kept."""

    group = Sentence("Texts with a label: sentiment")

    batch_texts: int = setting(
        64, Sentence("Texts per optimizer step. Chat ignores this group."), range=(1, 65_536)
    )
    text_tokens: int = setting(
        256, Sentence("Longer texts are cut at this number of tokens."), range=(4, 8192)
    )
    running_weight: float = setting(
        0.3,
        Sentence(
            "Weight in the loss of the scores after the earlier words of a text, against 1 for the "
            "score of the whole text. It grows from the first word to the last."
        ),
        range=(0, 100),
    )
    score_units: str = setting(
        "few",
        Sentence(
            "Units of the last layer that the published score reads: all, or the few that score as "
            "well (few), refitted at the end."
        ),
        choices=one_of("all", "few"),
    )
    keep: str = setting(
        "best",
        Sentence(
            "Published weights: those with the best figures on the validation splits (best), or "
            "the last ones (last). Completion and translation read this setting, too."
        ),
        choices=one_of("best", "last"),
    )
