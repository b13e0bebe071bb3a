"""How a run uses its corpora."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, setting


@dataclass(frozen=True)
class CorporaSettings(Section):
    """Shares of a corpus' dialogues that are changed, sizes in tokens, roles of single corpora."""

    group = Sentence("Use of the corpora")

    joined: float = setting(
        0.0,
        Sentence("Share of the dialogues that continue from another dialogue’s final state."),
        range=(0, 1),
    )
    untidy: float = setting(
        0.15,
        Sentence("Share of the user texts in lower case without a full stop."),
        range=(0, 1),
    )
    pool_tokens: int = setting(
        400_000,
        Sentence("Tokens of dialogues that are sampled, sorted by length and split at a time."),
        range=(1000, 1_000_000_000),
    )
    max_dialogue: int = setting(
        1024,
        Sentence("Longer dialogues are cut at this number of tokens."),
        range=(16, 65_536),
    )
    bot_only: str = setting(
        "mschitchat_en,star,taskmaster3,taskmaster4,multiwoz21",
        Sentence("Corpora whose replies alone count in the loss. Separate names with commas."),
    )
    chain: str = setting(
        "mschitchat_en,chatterbot_en",
        Sentence("Corpora of single exchanges, joined at random. Separate names with commas."),
    )
    fillers: str = setting(
        "",
        Sentence(
            "Corpora whose exchanges separate a fact from its question. If empty, all corpora."
        ),
    )

    def names(self, field: str) -> frozenset[str]:
        """A comma-separated field (`bot_only`, `chain`, `fillers`) as a set of source names."""
        return frozenset(name.strip() for name in getattr(self, field).split(",") if name.strip())
