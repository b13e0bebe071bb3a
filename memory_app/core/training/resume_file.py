"""A resumable save: weights, optimizer, random state and position, whole or not at all.

safetensors and JSON only; the generators' states are among the tensors.

Whoever carries a run out has a number, higher with each that took it over (its fence), and writes
into a file of that number alone. So one that was taken over and doesn't know it yet can't touch the
save of the one that goes on, and whoever comes next reads the file of the highest number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from memory_app.core.atomic_files import whole_file
from memory_app.core.messages import SentenceError

POSITION_KEY, PARKED_KEY, CARRIED_KEY = "position", "parked", "carried"
SAVE_FORMAT_VERSION = 1
CPU = torch.device("cpu")
_NAME = re.compile(r"save(?:-(\d+))?\.safetensors")


class SaveError(SentenceError):
    """A save that can't be written, or doesn't belong to this run; one sentence for a person."""


def save_file(folder: Path, fence: int = 0) -> Path:
    """The one file that the holder of this fence may write; 0 for a run that nobody shares."""
    return folder / (f"save-{fence:06d}.safetensors" if fence else "save.safetensors")


def _saves(folder: Path) -> dict[int, Path]:
    """The saves that are there, by fence."""
    found = ((_NAME.fullmatch(path.name), path) for path in folder.glob("save*.safetensors"))
    return {int(name.group(1) or 0): path for name, path in found if name}


def newest_save(folder: Path) -> Path | None:
    """The save to go on from: that of the highest fence, whoever wrote last."""
    saves = _saves(folder)
    return saves[max(saves)] if saves else None


def remove_saves(folder: Path, *, below: int | None = None) -> None:
    """Remove all saves, or those of lower fences, and what was left of them half written."""
    for path in [*folder.glob("save*.safetensors"), *folder.glob(".save*.part")]:
        name = _NAME.fullmatch(path.name.removeprefix(".").removesuffix(".part"))
        if name and (below is None or int(name.group(1) or 0) < below):
            path.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def write_save(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    position: dict[str, Any],
    *,
    fence: int = 0,
    generators: Sequence[Tensor] = (),
    device_generators: Sequence[Tensor] = (),
    mean: AveragedModel | None = None,
    parked: Tensor | None = None,
    carried: Sequence[Tensor] = (),
) -> None:
    """Write the save beside the old one and put it in its place by one rename.

    `generators` are the states of the other processes' generators, when several train together;
    `device_generators` those of all processes' GPUs, which draw their own dropout; `mean` the
    weights averaged so far, where a run averages them; `parked` the embedding's rows that stay;
    `carried` the state within a batch, for a run that ends there.

    Raises:
        SaveError: the disk is full or can't be written; the old save is as it was.
    """
    tensors: dict[str, Tensor] = {"rng": torch.get_rng_state()}
    for rank, state in enumerate(generators, start=1):
        tensors[f"rng/{rank}"] = state
    for rank, state in enumerate(device_generators):
        tensors[f"rng/cuda/{rank}"] = state
    for name, parameter in model.named_parameters():
        tensors[f"model/{name}"] = parameter.detach().cpu().contiguous()
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"adam/{name}/{key}"] = value.detach().cpu().contiguous()
    if mean is not None and int(mean.n_averaged):
        tensors["mean/n"] = mean.n_averaged.detach().cpu()
        for name, parameter in mean.module.named_parameters():
            tensors[f"mean/{name}"] = parameter.detach().cpu().contiguous()
    if parked is not None:
        tensors[PARKED_KEY] = parked.cpu()
    for index, tensor in enumerate(carried):
        tensors[f"{CARRIED_KEY}/{index:04d}"] = tensor.detach().cpu().contiguous()
    text = json.dumps({"format_version": SAVE_FORMAT_VERSION, **position})
    data = save(tensors, {POSITION_KEY: text})
    path = save_file(folder, fence)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(path, part=_part(path)) as file:
            file.write(data)
    except OSError as error:
        raise SaveError(
            "The save of step {step} couldn't be written: {reason}.",
            step=position["step"],
            reason=error.strerror,
        ) from error
    remove_saves(folder, below=fence)


def saved_parked(folder: Path) -> Tensor | None:
    """The newest save's parked rows, bool [vocab]; None without a save, or with an older one."""
    path = newest_save(folder)
    if path is None:
        return None
    try:
        with safe_open(path, framework="pt") as save_:
            names = save_.keys()
            return save_.get_tensor(PARKED_KEY) if PARKED_KEY in names else None
    except Exception:  # as in read_save, which says so
        return None


def saved_carried(folder: Path, device: torch.device = CPU) -> tuple[Tensor, ...] | None:
    """The state within a batch, if the newest save has one.

    Raises:
        SaveError: the save is damaged.
    """
    path = newest_save(folder)
    if path is None:
        return None
    try:
        with safe_open(path, framework="pt") as save_:
            tensors = save_.keys()
            names = sorted(name for name in tensors if name.startswith(f"{CARRIED_KEY}/"))
            return tuple(save_.get_tensor(name).to(device) for name in names) or None
    except Exception as error:
        raise SaveError("The save is damaged.") from error


def read_save(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    rank: int = 0,
    device: torch.device = CPU,
    mean: AveragedModel | None = None,
) -> dict[str, Any] | None:
    """Put the newest save back into model, optimizer and generators; its position, None without.

    A save that was written on a CPU has nothing for a GPU's generator, which then stays as seeded.

    Raises:
        SaveError: the save is damaged or of another model.
    """
    path = newest_save(folder)
    if path is None:
        return None
    try:
        tensors = load_file(path)
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        position = json.loads(header["__metadata__"][POSITION_KEY])
    except Exception as error:  # the library raises a type of its own, unnamed in its API
        raise SaveError("The save is damaged.") from error
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            stored = tensors.get(f"model/{name}")
            if stored is None or stored.shape != parameter.shape:
                raise SaveError("The save belongs to a model of another shape.")
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
        if mean is not None and "mean/n" in tensors:
            mean.n_averaged.copy_(tensors["mean/n"])
            for name, parameter in mean.module.named_parameters():
                parameter.copy_(tensors[f"mean/{name}"])
    generator = tensors.get(f"rng/{rank}" if rank else "rng")
    if generator is not None:
        torch.set_rng_state(generator)
    on_device = tensors.get(f"rng/cuda/{rank}")
    if device.type == "cuda" and on_device is not None:
        torch.cuda.set_rng_state(on_device, device)
    return position
