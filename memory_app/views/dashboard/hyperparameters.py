"""Every setting of a training run as the forms show it: its group, its help, its choices."""

from collections.abc import Container
from dataclasses import fields
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from memory_app.lm.config import CELLS
from memory_app.training.facts import SCOPES
from memory_app.training.settings import PRESETS, RANGES, TrainingSettings

PRESET_HELP: dict[str, str | Promise] = {
    "tiny": _("Minutes on a laptop. Shows the whole path and learns little."),
    "base": _("What ships with the program: some hours on one or two cores."),
    "large": _("A night on a strong processor."),
    "gpu": _("An hour on one GPU."),
}

GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (
        _("Length and rate"),
        (
            "steps", "batch_tokens", "window", "learning_rate", "final_learning_rate", "warmup",
            "embedding_rate", "weight_decay", "average_from", "clip", "dropout", "weight_drop",
            "variational", "seed",
        ),
    ),
    (
        _("Shape of the model"),
        (
            "cell", "language", "vocab_size", "embedding_dim", "hidden_size", "num_layers",
            "forget_bias", "timescales", "copy_units", "bank_units", "told_flags",
            "redraw_below", "rare_pieces",
            "cell_limit", "cell_penalty", "pieces",
        ),
    ),
    (
        _("Memory: the curriculum of facts"),
        (
            "facts", "identity", "fact_scope", "answer_weight", "decision_weight", "user_weight",
            "max_gap", "gap_from", "gap_until", "alone_until", "values_from", "values_until",
            "made_up", "drilled", "loose", "slips",
        ),
    ),
    (
        _("Corpora"),
        ("joined", "untidy", "pool_tokens", "max_dialogue", "bot_only", "chain", "fillers"),
    ),
    (
        _("Evaluation, saves and machine"),
        ("evaluate_every", "save_every", "precision", "compile", "threads", "device"),
    ),
)  # fmt: skip

HELP: dict[str, str | Promise] = {
    "cell": _("The recurrent cell. Only lstm can be promoted for chat; the others are for study."),
    "language": _("Of the replies; empty: that of the corpora."),
    "vocab_size": _("Pieces in the tokenizer."),
    "embedding_dim": _("Numbers in a piece’s embedding."),
    "hidden_size": _("Units in a layer: the size of its hidden and of its cell state."),
    "num_layers": _("LSTM layers on top of each other."),
    "dropout": _("Share of the activations left out at random between layers while training."),
    "weight_drop": _("Share of the recurrent weights taken out at random in each window."),
    "variational": _(
        "Dropout takes the same units out at every step of a row, not others at each."
    ),
    "timescales": _(
        "What forget gates begin with: one bias (off), or many timescales (inverse_gamma)."
    ),
    "average_from": _("Share of the run after which the published weights are a mean; 1: never."),
    "joined": _("Share of the dialogues that go on from another one’s final state."),
    "forget_bias": _(
        "Added to the forget gate’s bias at the start, so that memory is the default."
    ),
    "copy_units": _(
        "The last so many units of each layer begin as a path from what is read to what is said."
    ),
    "bank_units": _(
        "Units of the last layer that begin as a place for each kind of fact: so many for each of "
        "six kinds, beyond the hidden units of the checkpoint that the run begins from."
    ),
    "told_flags": _(
        "On: of a run that begins from a checkpoint the units that matter least become flags of "
        "what was told, alarms for what is asked for and wasn’t, and assurances for what was."
    ),
    "redraw_below": _(
        "Pieces met fewer times than this get embeddings anew, and keep them; words met fewer "
        "than ten times as often keep theirs, too."
    ),
    "rare_pieces": _(
        "Those pieces: drawn anew (new), or kept where the checkpoint has them that it begins from "
        "(parent)."
    ),
    "steps": _("Total optimizer steps, one per window."),
    "batch_tokens": _("Tokens fed in one step, padding included."),
    "window": _("Truncated BPTT: tokens that a gradient flows back through."),
    "learning_rate": _("The highest rate, reached after the warm-up."),
    "embedding_rate": _("The embedding’s rate, as a multiple of the layers’ rate."),
    "final_learning_rate": _("What the rate falls to at the end, as a share of the highest."),
    "warmup": _("Steps in which the rate rises from zero."),
    "weight_decay": _("How strongly weights are drawn towards zero (AdamW)."),
    "clip": _("A gradient whose norm is larger is scaled down to this."),
    "cell_limit": _("Cells may grow to this without a cost."),
    "cell_penalty": _("What a cell beyond its limit costs: it rounds too coarsely to be replayed."),
    "pieces": _("From a checkpoint: keep its tokenizer (parent), or learn a new one (new)."),
    "precision": _("Of the matrix products; auto takes bfloat16 where the machine computes in it."),
    "compile": _("Compile the loss: faster, needs a C++ compiler on the machine."),
    "seed": _("The same seed, data and machine give the same curve."),
    "threads": _("Processor threads; chats on the same machine want some too."),
    "device": _("cpu, or cuda for a GPU."),
    "facts": _("Share of the tokens that the fact generator gives."),
    "identity": _("Share of the tokens from exchanges about the bot itself."),
    "answer_weight": _("How much an answer from memory counts in the loss."),
    "decision_weight": _(
        "How many times that for its first two pieces, which say whether it was told."
    ),
    "user_weight": _("How much the user’s part counts in the loss of fact dialogues."),
    "max_gap": _("Exchanges between a fact and its question, at the end of the curriculum."),
    "gap_from": _("When gaps begin to grow, as a share of the run."),
    "gap_until": _("When gaps are as long as max_gap, as a share of the run."),
    "alone_until": _("Until when some dialogues tell one fact alone, as a share of the run."),
    "values_from": _("When more than six values of a slot are told, as a share of the run."),
    "values_until": _("When all values are told, as a share of the run."),
    "fact_scope": _("Which facts are told: the core ones, or all."),
    "made_up": _("Share of the told names that are made-up words."),
    "drilled": _("Share of the told values that are any word of one piece."),
    "slips": _("Share of the bot’s turns that say something wrong, at no loss."),
    "loose": _("Share of the phrasings with words left out, put in or exchanged."),
    "untidy": _("Share of the user texts put in lower case without a full stop."),
    "pool_tokens": _("Tokens of dialogues drawn, sorted by length and cut at once."),
    "max_dialogue": _("Longer dialogues are cut at so many tokens."),
    "evaluate_every": _("Steps between two evaluations: validation, sample replies, recall."),
    "save_every": _("Steps between two saves that a run can go on from."),
    "bot_only": _("Corpora of which only the replies count in the loss; commas between names."),
    "chain": _("Corpora of single exchanges that are joined at random; commas between names."),
    "fillers": _("Corpora whose exchanges part a fact from its question; empty: all."),
}

CHOICES: dict[str, tuple[str, ...]] = {
    "cell": tuple(CELLS),
    "language": ("en", "zh"),
    "precision": ("auto", "float32", "bfloat16"),
    "compile": ("off", "on"),
    "fact_scope": tuple(SCOPES),
    "pieces": ("parent", "new"),
    "rare_pieces": ("new", "parent"),
    "variational": ("off", "on"),
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
