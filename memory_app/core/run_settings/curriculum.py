"""The generated part of what a run reads: facts stated, and asked for later."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.facts import SCOPES
from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, SettingsError, one_of, setting


@dataclass(frozen=True)
class CurriculumSettings(Section):
    """Shares of the tokens, weights in the loss, and what grows in the course of a run."""

    group = Sentence("Memory: fact curriculum")

    facts: float = setting(
        0.8, Sentence("Share of the tokens from the fact generator."), range=(0, 1)
    )
    identity: float = setting(
        0.03, Sentence("Share of the tokens from exchanges about the bot itself."), range=(0, 1)
    )
    fact_scope: str = setting(
        "core", Sentence("Which facts are stated: core or all."), choices=one_of(*SCOPES)
    )
    answer_weight: float = setting(
        3.0, Sentence("Weight in the loss of an answer from memory."), range=(0, 100)
    )
    decision_weight: float = setting(
        1.0,
        Sentence(
            "Further factor for its first two tokens, which decide whether the fact is known."
        ),
        range=(0, 100),
    )
    user_weight: float = setting(
        0.0, Sentence("Weight in the loss of the user’s turns in fact dialogues."), range=(0, 100)
    )
    max_gap: int = setting(
        6,
        Sentence("Exchanges between a fact and its question at the end of the curriculum."),
        range=(0, 64),
    )
    gap_from: float = setting(
        0.35, Sentence("When gaps start to grow, as a share of the run."), range=(-1, 1)
    )
    gap_until: float = setting(
        0.8, Sentence("When gaps reach max_gap, as a share of the run."), range=(0, 2)
    )
    # 0: never.
    alone_until: float = setting(
        0.4,
        Sentence("How long some dialogues state only one fact, as a share of the run."),
        range=(0, 1),
    )
    values_from: float = setting(
        0.15,
        Sentence("When a slot gets more than six values, as a share of the run."),
        range=(-1, 1),
    )
    values_until: float = setting(
        0.6, Sentence("When all values are used, as a share of the run."), range=(0, 2)
    )
    made_up: float = setting(
        0.1, Sentence("Share of the stated names that are made-up words."), range=(0, 1)
    )
    drilled: float = setting(
        0.0,
        Sentence("Share of the stated values that are arbitrary one-token words."),
        range=(0, 1),
    )
    loose: float = setting(
        0.0,
        Sentence("Share of the phrasings with words omitted, inserted or replaced."),
        range=(0, 1),
    )
    slips: float = setting(
        0.0,
        Sentence("Share of the bot’s turns that are wrong. They don’t count in the loss."),
        range=(0, 1),
    )
    # 0: the facts of fact_scope alone.
    relations: float = setting(
        0.0,
        Sentence("Share of the fact dialogues about hundreds of relations of any person."),
        range=(0, 1),
    )
    relation_facts: int = setting(
        8, Sentence("Most facts stated in a dialogue about relations."), range=(1, 64)
    )
    drills: float = setting(
        0.0,
        Sentence("Share of the dialogues about relations that pair arbitrary words."),
        range=(0, 1),
    )
    typing_noise: float = setting(
        1.0,
        Sentence("Untidy typing in dialogues about relations: 0 is neat, 1 as people type."),
        range=(0, 1),
    )
    own_words: float = setting(
        0.0,
        Sentence("Share of the corpus dialogues that ask later for what their user said."),
        range=(0, 1),
    )

    def check(self) -> None:
        if self.gap_from >= self.gap_until:
            raise SettingsError("gap_from must be less than gap_until.")
        if self.values_from >= self.values_until:
            raise SettingsError("values_from must be less than values_until.")
        if self.facts + self.identity > 1:
            raise SettingsError("facts and identity together must be at most 1.")
