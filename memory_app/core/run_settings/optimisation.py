"""How long a run learns, how fast, and what holds its weights back."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.setting import Section, one_of, setting


@dataclass(frozen=True)
class OptimisationSettings(Section):
    """Steps, their size, and the learning rate over them."""

    group = Sentence("Length and learning rate")

    steps: int = setting(
        8000, Sentence("Total optimizer steps, one per window."), range=(1, 100_000_000)
    )
    batch_tokens: int = setting(
        2048, Sentence("Tokens per step, including padding."), range=(64, 4_194_304)
    )
    # Under 384 a fact's question rarely falls into the window of its fact.
    window: int = setting(
        512,
        Sentence("Truncated BPTT: the number of tokens a gradient flows back through."),
        range=(8, 65_536),
    )
    learning_rate: float = setting(
        1.8e-3, Sentence("Peak learning rate, reached after the warm-up."), range=(1e-7, 1)
    )
    final_learning_rate: float = setting(
        0.05, Sentence("Final learning rate, as a share of the peak."), range=(0, 1)
    )
    warmup: int = setting(
        200, Sentence("Steps in which the learning rate rises from zero."), range=(0, 10_000_000)
    )
    embedding_rate: float = setting(
        3.0,
        Sentence("Learning rate of the embedding, as a multiple of the layers’ learning rate."),
        range=(0, 100),
    )
    average_from: float = setting(
        1.0,
        Sentence("Share of the run after which the published weights are averaged. 1 means never."),
        range=(0, 1),
    )
    clip: float = setting(
        1.0,
        Sentence("Gradients with a larger norm are scaled down to this norm."),
        range=(1e-6, 1e6),
    )
    adam_beta2: float = setting(
        0.98,
        Sentence("Decay of Adam’s mean of squared gradients (β₂)."),
        range=(0.5, 0.99999),
    )
    learn: str = setting(
        "all",
        Sentence(
            "What learns: every weight (all), or only the projection and the layers above those of "
            "the starting checkpoint (upper), for an xlstm that starts from an lstm."
        ),
        choices=one_of("all", "upper"),
    )
    # The largest whole number that every JSON reader keeps exact.
    seed: int = setting(
        1, Sentence("The same seed, data and machine give the same curve."), range=(0, 2**53 - 1)
    )


@dataclass(frozen=True)
class RegularisationSettings(Section):
    """Dropout, weight decay, and the penalty on large cell states."""

    group = Sentence("Regularisation")

    weight_decay: float = setting(
        0.01,
        Sentence("Weight decay (AdamW): how strongly weights are pulled towards zero."),
        range=(0, 1),
    )
    dropout: float = setting(
        0.05,
        Sentence("Share of the activations between layers that are dropped at random in training."),
        range=(0, 0.9),
    )
    embedding_dropout: str = setting(
        "on",
        Sentence("Whether dropout also acts on the embeddings."),
        choices=one_of("off", "on"),
    )
    weight_drop: float = setting(
        0.0,
        Sentence("Share of the recurrent weights that are dropped at random in each window."),
        range=(0, 0.9),
    )
    variational: str = setting(
        "off",
        Sentence(
            "Dropout drops the same units at every step of a row instead of different units at "
            "each step."
        ),
        choices=one_of("off", "on"),
    )
    cell_limit: float = setting(
        25.0, Sentence("Cell states up to this value have no penalty."), range=(0, 1e6)
    )
    # A cell state that grows without bound rounds too coarsely for two float32 implementations to
    # agree on its trace.
    cell_penalty: float = setting(
        1e-4,
        Sentence(
            "Penalty for a cell state beyond its limit. Large values round too coarsely for an "
            "exact replay."
        ),
        range=(0, 1),
    )
