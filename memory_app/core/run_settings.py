"""Everything a run depends on, in one frozen place; presets and typed `key=value` changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from memory_app.core.cells import OptionError, cell_named, cell_names
from memory_app.core.facts import SCOPES
from memory_app.core.messages import SentenceError, quoted
from memory_app.core.number_text import figure_text


class SettingsError(SentenceError):
    """A setting that does not exist or is out of range; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """One run's hyperparameters. Lengths are in tokens unless named otherwise."""

    cell: str = "lstm"
    language: str = "en"
    vocab_size: int = 8192
    embedding_dim: int = 256
    hidden_size: int = 512
    num_layers: int = 2
    dropout: float = 0.05
    weight_drop: float = 0.0  # share of the recurrent weights taken out in each window
    variational: str = "off"  # on: a row's dropout takes out the same units at every step
    # of forget gates at the start: off, or inverse_gamma (then forget_bias isn't added)
    timescales: str = "off"
    forget_bias: float = 1.0  # added to f's bias at the start, so that memory is the default
    steps: int = 8000  # optimizer steps, one a window
    batch_tokens: int = 2048  # tokens fed in one window, padding included
    window: int = 512  # truncated BPTT; under 384 a fact's question rarely meets its fact
    learning_rate: float = 1.8e-3
    embedding_rate: float = 3.0  # the embedding's rate, as a multiple of the layers'
    final_learning_rate: float = 0.05  # as a share of the first
    warmup: int = 200  # steps
    weight_decay: float = 0.01
    average_from: float = 1.0  # share of the run after which weights are averaged; 1: never
    clip: float = 1.0
    # What |c| costs beyond cell_limit at a window's end: a cell that counts on without end rounds
    # too coarsely for two float32 implementations to agree on its trace.
    cell_limit: float = 25.0
    cell_penalty: float = 1e-4
    # The last so many units of each layer begin as a path from the embedding to the head.
    copy_units: int = 0
    # The last units of the last layer begin as a bank of so many for each group of facts.
    bank_units: int = 0
    # Units of the last layer begin as flags of what was told and alarms for what wasn't.
    told_flags: str = "off"
    # Pieces met fewer times than this in what is learned from get embeddings anew, and keep them;
    # words met fewer than ten times as often keep theirs, too (rare_tokens.py).
    redraw_below: int = 0
    # Such pieces are drawn anew, or kept where the checkpoint has them that the run begins from.
    rare_pieces: str = "new"
    # Of a run that begins from a checkpoint: keep its pieces, or learn new ones and take over.
    pieces: str = "parent"
    # Of the GEMMs (auto: bfloat16 where the machine computes in it); parameters stay float32.
    precision: str = "auto"
    compile: str = "off"  # on: the loss is compiled, which takes a C++ compiler
    seed: int = 1
    threads: int = 1
    device: str = "cpu"
    facts: float = 0.8  # share of the tokens that the fact generator gives
    identity: float = 0.03  # share of the tokens from the identity exchanges
    answer_weight: float = 3.0  # loss weight of an answer from memory
    decision_weight: float = 1.0  # times that for its first pieces, which say whether it knows
    user_weight: float = 0.0  # loss weight of the user's part in fact dialogues
    max_gap: int = 6  # the longest gap, in exchanges, that the curriculum grows to
    gap_from: float = 0.35  # when gaps begin to grow, as a share of the run …
    gap_until: float = 0.8  # … and when they are as long as max_gap
    values_from: float = 0.15  # when more than six values of a slot are told …
    values_until: float = 0.6  # … and when all of them are, and made-up ones too
    alone_until: float = 0.4  # until when some dialogues tell one fact alone; 0: never
    fact_scope: str = "core"  # which facts: core, or all
    made_up: float = 0.1  # share of told names that are made-up words
    loose: float = 0.0  # share of phrasings with words left out, put in or exchanged
    drilled: float = 0.0  # share of told values that are any word of one piece
    # Share of the bot's turns in fact dialogues that say something wrong, at no loss.
    slips: float = 0.0
    joined: float = 0.0  # share of a corpus' dialogues that go on from another's final state
    untidy: float = 0.15  # share of a corpus' user texts put in lower case without a full stop
    pool_tokens: int = 400_000  # dialogues drawn, sorted by length and cut at once
    max_dialogue: int = 1024  # longer dialogues are cut there
    evaluate_every: int = 500
    save_every: int = 250
    bot_only: str = "mschitchat_en,star,taskmaster3,taskmaster4,multiwoz21"
    chain: str = "mschitchat_en,chatterbot_en"  # sources of single exchanges, joined at random
    fillers: str = ""  # sources whose exchanges part facts from questions; empty = all

    def __post_init__(self) -> None:
        if self.cell not in cell_names():
            raise SettingsError("cell must be one of {choices}.", choices=", ".join(cell_names()))
        try:
            cell_named(self.cell).complete_options({}, self)
        except OptionError as error:
            raise SettingsError(error.sentence) from error
        by_gate = cell_named(self.cell).has_gate_weights
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise SettingsError("precision must be auto, float32 or bfloat16.")
        if self.compile not in ("off", "on"):
            raise SettingsError("compile must be on or off.")
        for name, low, high in RANGES:
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise SettingsError(
                    "{name} must be from {low} to {high}.",
                    name=name,
                    low=figure_text(low),
                    high=figure_text(high),
                )
        if self.variational not in ("off", "on"):
            raise SettingsError("variational must be on or off.")
        if self.timescales not in ("off", "inverse_gamma"):
            raise SettingsError("timescales must be off or inverse_gamma.")
        special = self.weight_drop or self.variational == "on" or self.timescales != "off"
        if special and not by_gate:
            raise SettingsError("weight_drop, variational and timescales require the lstm cell.")
        if self.fact_scope not in SCOPES:
            raise SettingsError("fact_scope must be one of {choices}.", choices=", ".join(SCOPES))
        if self.pieces not in ("parent", "new"):
            raise SettingsError("pieces must be parent or new.")
        if self.rare_pieces not in ("parent", "new"):
            raise SettingsError("rare_pieces must be parent or new.")
        if self.gap_from >= self.gap_until or self.values_from >= self.values_until:
            raise SettingsError(
                "gap_from and values_from must be less than gap_until and values_until."
            )
        if self.copy_units > min(self.hidden_size, self.embedding_dim):
            raise SettingsError("copy_units must be at most hidden_size and embedding_dim.")
        if self.copy_units and (not by_gate or self.hidden_size == self.embedding_dim):
            raise SettingsError(
                "copy_units requires an lstm whose hidden_size differs from embedding_dim."
            )
        if self.bank_units and (not by_gate or self.num_layers < 2):
            raise SettingsError("bank_units requires the lstm cell and two or more layers.")
        if self.told_flags not in ("off", "on"):
            raise SettingsError("told_flags must be on or off.")
        if self.facts + self.identity > 1:
            raise SettingsError("facts and identity together must be at most 1.")

    def names(self, field: str) -> frozenset[str]:
        """A comma-separated field (`bot_only`, `chain`, `fillers`) as a set of source names."""
        return frozenset(name.strip() for name in getattr(self, field).split(",") if name.strip())

    def to_dict(self) -> dict[str, Any]:
        """All fields, for a row or a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingSettings:
        """The inverse of `to_dict`. Raises SettingsError for an unknown key or a wrong type."""
        return cls().changed(data)

    def changed(self, changes: Mapping[str, Any]) -> TrainingSettings:
        """A copy with some fields changed; text is read as the field's type (`--set key=value`).

        Raises:
            SettingsError: no such key, not of its type, or out of range.
        """
        types: dict[str, type] = {field.name: type(field.default) for field in fields(self)}
        values: dict[str, Any] = {}
        for key, value in changes.items():
            if key not in types:
                raise SettingsError("There is no setting {name}.", name=quoted(key))
            wanted = types[key]
            try:
                if isinstance(value, bool) or not isinstance(value, str | int | float):
                    raise ValueError
                if wanted is int and isinstance(value, str):
                    value = _whole(value)
                values[key] = wanted(value)
                if wanted is int and float(value) != values[key]:
                    raise ValueError
            except (ValueError, OverflowError) as error:
                raise _mistyped(key, wanted) from error
        return replace(self, **values)


def _whole(typed: str) -> int | float | str:
    """A whole number as people write it, 1e9 and 8.0 too; anything else as it was typed."""
    try:
        return int(typed)
    except ValueError:
        number = float(typed)
        return int(number) if number.is_integer() else number


def _mistyped(name: str, wanted: type) -> SettingsError:
    if wanted is int:
        return SettingsError("{name} must be a whole number.", name=name)
    if wanted is float:
        return SettingsError("{name} must be a number.", name=name)
    return SettingsError("{name} must be a text.", name=name)


RANGES: list[tuple[str, float, float]] = [
    ("vocab_size", 260, 65_536),
    ("embedding_dim", 4, 8192),
    ("hidden_size", 4, 8192),
    ("num_layers", 1, 8),
    ("dropout", 0, 0.9),
    ("weight_drop", 0, 0.9),
    ("forget_bias", -10, 10),
    ("steps", 1, 100_000_000),
    ("batch_tokens", 64, 4_194_304),
    ("window", 8, 65_536),
    ("learning_rate", 1e-7, 1),
    ("embedding_rate", 0, 100),
    ("final_learning_rate", 0, 1),
    ("warmup", 0, 10_000_000),
    ("weight_decay", 0, 1),
    ("average_from", 0, 1),
    ("clip", 1e-6, 1e6),
    ("threads", 1, 256),
    ("facts", 0, 1),
    ("identity", 0, 1),
    ("answer_weight", 0, 100),
    ("decision_weight", 0, 100),
    ("user_weight", 0, 100),
    ("max_gap", 0, 64),
    ("gap_from", -1, 1),
    ("gap_until", 0, 2),
    ("alone_until", 0, 1),
    ("values_from", -1, 1),
    ("values_until", 0, 2),
    ("made_up", 0, 1),
    ("loose", 0, 1),
    ("drilled", 0, 1),
    ("slips", 0, 1),
    ("copy_units", 0, 8192),
    ("bank_units", 0, 8192),
    ("redraw_below", 0, 1_000_000),
    ("cell_limit", 0, 1e6),
    ("cell_penalty", 0, 1),
    ("joined", 0, 1),
    ("untidy", 0, 1),
    ("pool_tokens", 1000, 1_000_000_000),
    ("max_dialogue", 16, 65_536),
    ("evaluate_every", 1, 100_000_000),
    ("save_every", 1, 100_000_000),
]

PRESETS: dict[str, TrainingSettings] = {
    # Minutes on a laptop: shows the whole path, learns little.
    "tiny": TrainingSettings(
        vocab_size=1024,
        embedding_dim=96,
        hidden_size=128,
        num_layers=1,
        steps=400,
        warmup=40,
        batch_tokens=2048,
        pool_tokens=60_000,
        evaluate_every=50,
        save_every=50,
        max_gap=2,
        facts=0.3,
        learning_rate=4e-3,
    ),
    # What is bundled: some hours on one or two cores.
    "base": TrainingSettings(),
    # A night on a strong CPU.
    "large": TrainingSettings(
        vocab_size=8192,
        embedding_dim=512,
        hidden_size=768,
        num_layers=2,
        steps=30_000,
        batch_tokens=8192,
        dropout=0.2,
        max_gap=24,
        facts=0.5,
        fact_scope="all",
        learning_rate=1.5e-3,
    ),
    # An hour on one GPU.
    "gpu": TrainingSettings(
        vocab_size=8192,
        embedding_dim=512,
        hidden_size=1024,
        num_layers=2,
        steps=40_000,
        batch_tokens=32_768,
        pool_tokens=3_000_000,
        dropout=0.3,
        max_gap=40,
        facts=0.5,
        fact_scope="all",
        device="cuda",
        learning_rate=1e-3,
        warmup=1000,
    ),
}
