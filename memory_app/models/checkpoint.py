"""Trained models, and which of them is live."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from memory_app.core.cells import cell_named, chat_cell_names
from memory_app.core.model.config import CHAT_TASK, ModelConfig
from memory_app.models.sequenced import Sequenced


class Checkpoint(Sequenced):
    """A trained model; its files are in DATA_DIR/checkpoints/<path> (registry.py)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    cell = models.CharField(max_length=32)
    language = models.CharField(max_length=16)
    path = models.CharField(max_length=500)
    live = models.BooleanField(default=False)
    bundled = models.BooleanField(default=False)
    config = models.JSONField(default=dict)
    # The checkpoint whose weights its training began from.
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    # The model card, Markdown; rendered through the same sanitiser as a reply.
    card = models.TextField(blank=True, default="")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["sequence", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["language"], condition=models.Q(live=True), name="one_live_a_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.sha256[:12]})"

    @property
    def num_layers(self) -> int:
        return int(self.config["num_layers"])

    @property
    def hidden_size(self) -> int:
        return int(self.config["hidden_size"])

    @property
    def shape(self) -> dict[str, str | int]:
        """The settings that a run from these weights can't choose.

        Without the hidden size: the new model may be wider.
        """
        keys = ("cell", "vocab_size", "embedding_dim", "num_layers")
        return {key: self.config[key] for key in keys}

    @property
    def model_config(self) -> ModelConfig:
        """The sizes of the model."""
        return ModelConfig.from_dict(self.config)

    @property
    def task(self) -> str:
        """The task that it was trained for."""
        return str(self.config.get("task") or CHAT_TASK)

    @property
    def serves_chats(self) -> bool:
        """Whether it was trained for chat on a cell that the engine runs; others are for study."""
        return self.task == CHAT_TASK and self.cell in chat_cell_names()

    @property
    def state_bytes(self) -> int:
        """The size of one state in float32."""
        return self.model_config.state_bytes

    def to_client(self) -> dict[str, Any]:
        """The checkpoint as `chat.ready` and `turns.json` send it."""
        cell = cell_named(self.cell)
        parts: dict[str, list[int]] = {}
        for layer in self.model_config.layer_parts:
            parts |= {name: list(shape) for name, shape in layer.items()}
        return {
            "id": str(self.pk),
            "sha256": self.sha256,
            "name": self.name,
            "language": self.language,
            "cell": self.cell,
            "state_parts": {name: parts[name] for name in cell.state_parts},
            "gate_names": list(cell.strip_gates),
        }


class Promotion(models.Model):
    """A change of the live checkpoint of a language; a rollback is one, too."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="promotions")
    previous = models.ForeignKey(
        Checkpoint, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    language = models.CharField(max_length=16)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.checkpoint} @ {self.at:%Y-%m-%d %H:%M}"
