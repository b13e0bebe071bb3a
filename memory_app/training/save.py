"""A resumable save: weights, optimizer, random state and position, whole or not at all.

safetensors and JSON only; the torch generator's state is one of the tensors.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

SAVE_FILE, POSITION_KEY = "save.safetensors", "position"
SAVE_FORMAT_VERSION = 1


class SaveError(ValueError):
    """A save that does not belong to this run; one sentence for a person."""


def write_save(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, position: dict[str, Any]
) -> None:
    """Write the save beside the old one and put it in its place by one rename."""
    tensors: dict[str, Tensor] = {"rng": torch.get_rng_state()}
    for name, parameter in model.named_parameters():
        tensors[f"model/{name}"] = parameter.detach().cpu().contiguous()
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"adam/{name}/{key}"] = value.detach().cpu().contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{SAVE_FILE}.part"
    text = json.dumps({"format_version": SAVE_FORMAT_VERSION, **position})
    save_file(tensors, part, {POSITION_KEY: text})
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(folder / SAVE_FILE)


def read_save(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Put a save back into model, optimizer and generator; its position, or None without one.

    Raises:
        SaveError: the save is of another model.
    """
    path = folder / SAVE_FILE
    if not path.exists():
        return None
    tensors = load_file(path)
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    position = json.loads(header["__metadata__"][POSITION_KEY])
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            stored = tensors.get(f"model/{name}")
            if stored is None or stored.shape != parameter.shape:
                raise SaveError("The save is of a model of another shape.")
            parameter.copy_(stored)
            state = {
                key.rsplit("/", 1)[1]: value
                for key, value in tensors.items()
                if key.startswith(f"adam/{name}/")
            }
            # Adam's step counter stays on the CPU, its moments go where the parameter is.
            optimizer.state[parameter] = {
                key: value if key == "step" else value.to(parameter.device)
                for key, value in state.items()
            }
    torch.set_rng_state(tensors["rng"])
    return position
