"""Every setting of a training run as the forms show it: its group, its help, its choices."""

from collections.abc import Container
from dataclasses import fields
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from memory_app.core.cells import cell_names
from memory_app.core.facts import SCOPES
from memory_app.core.run_settings import PRESETS, RANGES, TrainingSettings

PRESET_HELP: dict[str, str | Promise] = {
    "tiny": _("Minutes on a laptop. Shows the whole process; the model learns little."),
    "base": _("The size of the bundled model. A few hours on one or two cores."),
    "large": _("A night on a fast processor."),
    "gpu": _("An hour on one GPU."),
}

GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (
        _("Length and learning rate"),
        (
            "steps", "batch_tokens", "window", "learning_rate", "final_learning_rate", "warmup",
            "embedding_rate", "weight_decay", "average_from", "clip", "dropout", "weight_drop",
            "variational", "seed",
        ),
    ),
    (
        _("Model shape"),
        (
            "cell", "language", "vocab_size", "embedding_dim", "hidden_size", "num_layers",
            "forget_bias", "timescales", "copy_units", "bank_units", "told_flags",
            "redraw_below", "rare_pieces",
            "cell_limit", "cell_penalty", "pieces",
        ),
    ),
    (
        _("Memory: fact curriculum"),
        (
            "facts", "identity", "fact_scope", "answer_weight", "decision_weight", "user_weight",
            "max_gap", "gap_from", "gap_until", "alone_until", "values_from", "values_until",
            "made_up", "drilled", "loose", "slips",
        ),
    ),
    (
        _("Use of the corpora"),
        ("joined", "untidy", "pool_tokens", "max_dialogue", "bot_only", "chain", "fillers"),
    ),
    (
        _("Evaluation, saves and hardware"),
        ("evaluate_every", "save_every", "precision", "compile", "threads", "device"),
    ),
)  # fmt: skip

HELP: dict[str, str | Promise] = {
    "cell": _(
        "The recurrent cell. Only lstm can be promoted for chat; the others are for study only."
    ),
    "language": _("Language of the replies. If empty, the language of the corpora."),
    "vocab_size": _("Vocabulary size of the tokenizer."),
    "embedding_dim": _("Dimensions of a token embedding."),
    "hidden_size": _("Units per layer: the size of its hidden state and of its cell state."),
    "num_layers": _("Number of LSTM layers."),
    "dropout": _("Share of the activations between layers that are dropped at random in training."),
    "weight_drop": _("Share of the recurrent weights that are dropped at random in each window."),
    "variational": _(
        "Dropout drops the same units at every step of a row instead of different units at each "
        "step."
    ),
    "timescales": _("Initial forget gates: one bias (off) or many timescales (inverse_gamma)."),
    "average_from": _(
        "Share of the run after which the published weights are averaged. 1 means never."
    ),
    "joined": _("Share of the dialogues that continue from another dialogue’s final state."),
    "forget_bias": _(
        "Added to the forget gate’s initial bias, so that remembering is the default."
    ),
    "copy_units": _(
        "Number of units per layer (the last ones) that start as a direct path from input to "
        "output."
    ),
    "bank_units": _(
        "Units of the last layer reserved at the start for each of six kinds of fact, in "
        "addition to the hidden units of the starting checkpoint."
    ),
    "told_flags": _(
        "When on, a run that starts from a checkpoint turns its least important units into flags "
        "for stated facts, alarms for questions about unstated facts, and confirmations for "
        "stated ones."
    ),
    "redraw_below": _(
        "Tokens that occur fewer times than this get new, fixed embeddings. Words that occur "
        "fewer than ten times this value also keep theirs fixed."
    ),
    "rare_pieces": _(
        "Embeddings of those tokens: new random values (new), or the starting checkpoint’s "
        "values where it has them (parent)."
    ),
    "steps": _("Total optimizer steps, one per window."),
    "batch_tokens": _("Tokens per step, including padding."),
    "window": _("Truncated BPTT: the number of tokens a gradient flows back through."),
    "learning_rate": _("Peak learning rate, reached after the warm-up."),
    "embedding_rate": _(
        "Learning rate of the embedding, as a multiple of the layers’ learning rate."
    ),
    "final_learning_rate": _("Final learning rate, as a share of the peak."),
    "warmup": _("Steps in which the learning rate rises from zero."),
    "weight_decay": _("Weight decay (AdamW): how strongly weights are pulled towards zero."),
    "clip": _("Gradients with a larger norm are scaled down to this norm."),
    "cell_limit": _("Cell states up to this value have no penalty."),
    "cell_penalty": _(
        "Penalty for a cell state beyond its limit. Large values round too "
        "coarsely for an exact replay."
    ),
    "pieces": _(
        "When starting from a checkpoint: keep its tokenizer (parent) or train a new one (new)."
    ),
    "precision": _(
        "Precision of matrix products. auto uses bfloat16 where the hardware supports it."
    ),
    "compile": _("Compile the loss. Faster, but needs a C++ compiler on the machine."),
    "seed": _("The same seed, data and machine give the same curve."),
    "threads": _("Processor threads. Leave some for chats on the same machine."),
    "device": _("cpu, or cuda for a GPU."),
    "facts": _("Share of the tokens from the fact generator."),
    "identity": _("Share of the tokens from exchanges about the bot itself."),
    "answer_weight": _("Weight in the loss of an answer from memory."),
    "decision_weight": _(
        "Further factor for its first two tokens, which decide whether the fact is known."
    ),
    "user_weight": _("Weight in the loss of the user’s turns in fact dialogues."),
    "max_gap": _("Exchanges between a fact and its question at the end of the curriculum."),
    "gap_from": _("When gaps start to grow, as a share of the run."),
    "gap_until": _("When gaps reach max_gap, as a share of the run."),
    "alone_until": _("How long some dialogues state only one fact, as a share of the run."),
    "values_from": _("When a slot gets more than six values, as a share of the run."),
    "values_until": _("When all values are used, as a share of the run."),
    "fact_scope": _("Which facts are stated: core or all."),
    "made_up": _("Share of the stated names that are made-up words."),
    "drilled": _("Share of the stated values that are arbitrary one-token words."),
    "slips": _("Share of the bot’s turns that are wrong. They don’t count in the loss."),
    "loose": _("Share of the phrasings with words omitted, inserted or replaced."),
    "untidy": _("Share of the user texts in lower case without a full stop."),
    "pool_tokens": _("Tokens of dialogues that are sampled, sorted by length and split at a time."),
    "max_dialogue": _("Longer dialogues are cut at this number of tokens."),
    "evaluate_every": _("Steps between evaluations: validation, sample replies, recall."),
    "save_every": _("Steps between saves that a run can resume from."),
    "bot_only": _("Corpora whose replies alone count in the loss. Separate names with commas."),
    "chain": _("Corpora of single exchanges, joined at random. Separate names with commas."),
    "fillers": _(
        "Corpora whose exchanges separate a fact from its question. If empty, all corpora."
    ),
}

CHOICES: dict[str, tuple[str, ...]] = {
    "cell": cell_names(),
    "language": ("en", "zh"),
    "precision": ("auto", "float32", "bfloat16"),
    "compile": ("off", "on"),
    "fact_scope": SCOPES,
    "pieces": ("parent", "new"),
    "rare_pieces": ("new", "parent"),
    "variational": ("off", "on"),
    "told_flags": ("off", "on"),
    "timescales": ("off", "inverse_gamma"),
}

TYPES: dict[str, type] = {field.name: type(field.default) for field in fields(TrainingSettings)}
LIMITS: dict[str, tuple[float, float]] = {name: (low, high) for name, low, high in RANGES}


def presets() -> dict[str, dict[str, Any]]:
    """Every preset's settings, for the form's script."""
    return {name: chosen.to_dict() for name, chosen in PRESETS.items()}


def groups(
    chosen: dict[str, str], preset: str, errors: Container[str] = ()
) -> list[dict[str, Any]]:
    """The groups with their settings: what was typed, and what the preset has instead."""
    defaults = PRESETS.get(preset, TrainingSettings()).to_dict()
    return [
        {
            "name": name,
            "changed": any(chosen.get(key) for key in keys),
            "wrong": any(f"set.{key}" in errors for key in keys),
            "settings": [
                {
                    "key": key,
                    "field": f"set.{key}",
                    "help_id": f"help-{key}",
                    "help": HELP[key],
                    "value": chosen.get(key, ""),
                    "default": defaults[key],
                    "choices": CHOICES.get(key),
                    "kind": TYPES[key].__name__,
                    "range": LIMITS.get(key),
                }
                for key in keys
            ],
        }
        for name, keys in GROUPS
    ]


def changes(data: Any) -> dict[str, str]:
    """What a form has filled in: an empty field leaves the preset's value."""
    typed = ((key, str(data.get(f"set.{key}", "")).strip()) for key in TYPES)
    return {key: value for key, value in typed if value}
