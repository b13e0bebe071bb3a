"""The shape of a model, as config.json keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memory_app.core.cells import Cell, Gate, Memory, OptionError, Shape, cell_named, cell_names
from memory_app.core.messages import SentenceError
from memory_app.core.text.tokenizer import MAX_TOKENS

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}")
FORMAT_VERSION = 1
#: The task of a checkpoint whose config.json names none (core/tasks).
CHAT_TASK = "chat"
#: Translates sentences, with or without attention (core/model/attention.py).
TRANSLATION_TASK = "translation"
#: Continues texts; its tokens may be characters (core/text/characters.py).
COMPLETION_TASK = "completion"
#: Recognises spoken words; it reads frames of sound.
SPEECH_TASK = "speech"
# Far above anything this product trains; a config beyond it is a mistake or an attack.
MAX_SIZE = MAX_TOKENS
MAX_LAYERS = 16


class ConfigError(SentenceError):
    """A model shape that cannot be built; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes of one model. `options` are what its cell asks for beside them (`Cell.options`)."""

    vocab_size: int
    embedding_dim: int
    hidden_size: int
    num_layers: int
    cell: str = "lstm"
    language: str = "en"
    tied: bool = True
    #: Outputs of the head: 0 for one per token of the vocabulary, else their number (core/tasks).
    outputs: int = 0
    #: Whether the head also reads the source by attention (attention.py).
    attention: bool = False
    #: Numbers of an input frame, which a linear map embeds; 0: the inputs are tokens (core/audio).
    inputs: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("vocab_size", "embedding_dim", "hidden_size"):
            size = getattr(self, name)
            if type(size) is not int or not 1 <= size <= MAX_SIZE:
                raise ConfigError(
                    "{name} must be a whole number from 1 to {most}.", name=name, most=MAX_SIZE
                )
        if type(self.num_layers) is not int or not 1 <= self.num_layers <= MAX_LAYERS:
            raise ConfigError(
                "num_layers must be a whole number from 1 to {most}.", most=MAX_LAYERS
            )
        if self.cell not in cell_names():
            raise ConfigError("cell must be one of {choices}.", choices=", ".join(cell_names()))
        if type(self.tied) is not bool:
            raise ConfigError("tied must be true or false.")
        for name in ("outputs", "inputs"):
            size = getattr(self, name)
            if type(size) is not int or not 0 <= size <= MAX_SIZE:
                raise ConfigError(
                    "{name} must be a whole number from 0 to {most}.", name=name, most=MAX_SIZE
                )
        if type(self.attention) is not bool:
            raise ConfigError("attention must be true or false.")
        if self.outputs and self.attention:
            raise ConfigError("attention must be false where outputs is given.")
        if self.outputs and self.tied:
            raise ConfigError("tied must be false where outputs is given.")
        if self.inputs and not self.outputs:
            raise ConfigError("outputs must be given where inputs is.")
        try:
            options = cell_named(self.cell).complete_options(self.options, self)
        except OptionError as error:
            raise ConfigError(error.sentence) from error
        object.__setattr__(self, "options", options)
        if not isinstance(self.language, str) or not _LANGUAGE.fullmatch(self.language):
            raise ConfigError("language must be a short code such as en or zh.")

    @property
    def kind(self) -> Cell:
        """The cell."""
        return cell_named(self.cell)

    @property
    def layer_parts(self) -> tuple[dict[str, Shape], ...]:
        """Of each layer the state's parts with their shapes, without the batch axis."""
        return self.kind.layer_parts(self)

    @property
    def state_bytes(self) -> int:
        """Bytes of one state."""
        return self.kind.state_bytes(self)

    @property
    def output_size(self) -> int:
        """Width of what the last layer hands on."""
        return self.kind.output_size(self)

    def layer_gates(self, layer: int) -> dict[str, Gate]:
        """What a trace holds of a layer, by name."""
        return {gate.name: gate for gate in self.kind.layer_gates(self, layer)}

    def memory_of(self, layer: int) -> Memory:
        """What carries a layer's memory."""
        return self.kind.memory_of(self, layer)

    def trace_width(self, layer: int) -> int:
        """Values of a trace of one layer at one token."""
        return sum(self.kind.gate_width(self, layer, gate) for gate in self.layer_gates(layer))

    @property
    def has_projection(self) -> bool:
        """Whether outputs are projected to the embedding's width before the (tied) head."""
        return not self.outputs and self.output_size != self.embedding_dim

    @property
    def embedding_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameters of the embedding by name: a row per token, or a linear map of a frame."""
        if self.inputs:
            return {"weight": (self.embedding_dim, self.inputs), "bias": (self.embedding_dim,)}
        return {"weight": (self.vocab_size, self.embedding_dim)}

    @property
    def head_shape(self) -> tuple[int, int]:
        """(outputs, width) of the head."""
        if self.outputs:
            return self.outputs, self.output_size
        return self.vocab_size, self.embedding_dim

    def to_dict(self) -> dict[str, Any]:
        """The fields as config.json writes them, with the format's version."""
        sizes = {name: getattr(self, name) for name in _FIELDS}
        # As configs were before a task had a head, frames or attention of its own.
        for name in ("outputs", "inputs", "attention"):
            if not sizes[name]:
                del sizes[name]
        return {"format_version": FORMAT_VERSION, **sizes, **self.options}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelConfig:
        """Read the fields out of config.json; other keys are left alone.

        Raises:
            ConfigError: a field is missing, of another type, or out of range.
        """
        if data.get("format_version") != FORMAT_VERSION:
            raise ConfigError("format_version must be {version}.", version=FORMAT_VERSION)
        required = ("vocab_size", "embedding_dim", "hidden_size", "num_layers")
        for name in required:
            if name not in data:
                raise ConfigError("config.json lacks {name}.", name=name)
        given = {name: data[name] for name in _FIELDS if name in data}
        known = given.get("cell", "lstm")
        keys = cell_named(known).options if known in cell_names() else {}
        return cls(**given, options={name: data[name] for name in keys if name in data})


_FIELDS = tuple(name for name in ModelConfig.__slots__ if name != "options")
