"""A checkpoint folder, loaded and saved: model.safetensors, config.json, tokenizer.json."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.atomic_files import whole_folder
from memory_app.core.model.checkpoint_format import (
    CONFIG_FILE,
    MAX_MODEL_BYTES,
    MODEL_FILE,
    TOKENIZER_FILE,
    CheckpointError,
    check_folder,
    open_file,
    read_config,
)
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

__all__ = [
    "CONFIG_FILE",
    "MODEL_FILE",
    "TOKENIZER_FILE",
    "Checkpoint",
    "CheckpointError",
    "file_sha256",
    "load_checkpoint",
    "read_config",
    "save_checkpoint",
]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One trained model, loaded: the model is float32 and in eval mode, config is config.json."""

    model: LanguageModel
    tokenizer: Tokenizer
    config: dict[str, Any]
    sha256: str
    path: Path


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored_tensors(model: LanguageModel) -> dict[str, Tensor]:
    """The model's parameters under the contract's names; a tied head has no weight of its own."""
    tensors = dict(model.state_dict())
    if model.config.tied:
        tensors.pop("head.weight")
    return tensors


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load a folder of contract section 5.

    Raises:
        CheckpointError: it doesn't pass `check_folder`. Nothing is unpickled or executed.
    """
    folder = Path(folder)
    checked = check_folder(folder)
    shape = checked.shape
    with open_file(folder / MODEL_FILE, MAX_MODEL_BYTES) as file:
        data = file.read()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != checked.sha256:
        raise CheckpointError("model.safetensors changed while it was read.")
    try:
        tensors = load_safetensors(data)
        tokenizer = Tokenizer.load(folder / TOKENIZER_FILE)
    except Exception as error:  # the library raises a type of its own, unnamed in its API
        raise CheckpointError("model.safetensors is damaged.") from error
    model = LanguageModel(shape)
    if shape.tied:
        tensors["head.weight"] = tensors["embedding.weight"]
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    model.eval().requires_grad_(False)
    return Checkpoint(model, tokenizer, checked.config, sha256, folder)


def save_checkpoint(
    folder: Path,
    model: LanguageModel,
    tokenizer: Tokenizer,
    extra: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
) -> str:
    """Publish a checkpoint whole or not at all, and return its sha256.

    `extra` joins config.json (training summary, data, licences).

    Raises:
        CheckpointError: the folder exists already (a checkpoint is never rewritten).
    """
    folder = Path(folder)
    if folder.exists():
        raise CheckpointError("{name} already exists.", name=folder.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.detach().to("cpu", dtype).contiguous().clone()
        for name, tensor in _stored_tensors(model).items()
    }
    data = save_safetensors(tensors, {"format": "pt"})
    config = {**(extra or {}), **model.config.to_dict()}
    with whole_folder(folder) as part:
        (part / MODEL_FILE).write_bytes(data)
        text = json.dumps(config, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        (part / CONFIG_FILE).write_bytes(text.encode())
        (part / TOKENIZER_FILE).write_bytes(tokenizer.to_json().encode())
    return hashlib.sha256(data).hexdigest()
