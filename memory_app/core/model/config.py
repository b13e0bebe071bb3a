"""The shape of a model, as config.json keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from memory_app.core.messages import SentenceError

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}")
CELLS = ("lstm", "tanh_rnn", "article_lstm")
FORMAT_VERSION = 1
# Far above anything this product trains; a config beyond it is a mistake or an attack.
MAX_SIZE = 65_536
MAX_LAYERS = 16


class ConfigError(SentenceError):
    """A model shape that cannot be built; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes of one model. `article_tanh` matters to the cell `article_lstm` alone (g = tanh)."""

    vocab_size: int
    embedding_dim: int
    hidden_size: int
    num_layers: int
    cell: str = "lstm"
    language: str = "en"
    tied: bool = True
    article_tanh: bool = False

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
        if self.cell not in CELLS:
            raise ConfigError("cell must be one of {choices}.", choices=", ".join(CELLS))
        if type(self.tied) is not bool or type(self.article_tanh) is not bool:
            raise ConfigError("tied and article_tanh must be true or false.")
        if not isinstance(self.language, str) or not _LANGUAGE.fullmatch(self.language):
            raise ConfigError("language must be a short code such as en or zh.")

    @property
    def has_projection(self) -> bool:
        """Whether h has to be brought to the embedding's width before the (tied) head."""
        return self.hidden_size != self.embedding_dim

    def to_dict(self) -> dict[str, Any]:
        """The fields as config.json writes them, with the format's version."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

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
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})
