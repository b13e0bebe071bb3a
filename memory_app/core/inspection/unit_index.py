"""The outputs of every unit over a text, a byte each and unit by unit: what a search reads.

Derived from weights and text alone, so it may be deleted at any time and built again. It knows no
text: token ids and where each stretch begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from safetensors.numpy import load_file, save_file

from memory_app.core.atomic_files import whole_folder
from memory_app.core.inspection.trace import LayerTrace, trace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

INDEX_FORMAT_VERSION = 1
#: The largest step: a value is step / 127 · scale.
TOP = 127
#: Of a quantity without bounds: the share of the first tokens' |values| that the steps tell apart.
KEPT_SHARE = 0.999
_SCALED_FROM = 2_000  # tokens
_SMALLEST_SCALE = 0.1

Array = np.ndarray[Any, np.dtype[Any]]


class IndexDamaged(ValueError):
    """The files aren't an index of this version for these weights."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Token ids (at least one), fed from `state` (batch 1)."""

    state: State
    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class IndexLayer:
    """One layer: `steps` int8 [units, T] of its quantity `gate`; value = step / 127 · `scale`.

    `means`: of each write and keep gate, and of |value|, float32 [units], over all T tokens,
    computed before rounding.
    """

    gate: str
    scale: float
    steps: Array
    means: dict[str, Array]

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.steps.shape[0])

    def values(self, unit: int, first: int = 0, stop: int | None = None) -> Array:
        """One unit's values at the tokens first … stop - 1, float32; off by scale / 254 at most."""
        return np.asarray(self.steps[unit, first:stop], np.float32) * np.float32(self.scale / TOP)


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """`ids` int32 [T]; `starts` int64 [stretches + 1]: where each begins, and T."""

    checkpoint_sha256: str
    ids: Array
    starts: Array
    layers: tuple[IndexLayer, ...]

    @property
    def tokens(self) -> int:
        """T."""
        return int(self.ids.shape[0])

    def stretch_of(self, token: int) -> int:
        """The number of the stretch that holds a token."""
        return int(np.searchsorted(self.starts, token, side="right")) - 1

    def around(self, token: int, width: int) -> tuple[int, int]:
        """(first, stop) of up to `width` tokens on each side of one, within its stretch."""
        number = self.stretch_of(token)
        first, stop = int(self.starts[number]), int(self.starts[number + 1])
        return max(first, token - width), min(stop, token + width + 1)


def indexed_gate(config: ModelConfig, layer: int) -> str:
    """The quantity that is indexed: the layer's output, or else what carries its memory."""
    kind = config.kind
    names = [gate.name for gate in kind.layer_gates(config, layer)]
    output = kind.output_part
    if output in names:
        width = kind.gate_width(config, layer, output)
        if width == kind.unit_count(config, layer):
            return output
    return config.memory_of(layer).gate


def build_index(
    model: LanguageModel,
    sha256: str,
    stretches: Sequence[Stretch],
    *,
    folder: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> UnitIndex:
    """Replay the stretches and index what every unit gave out.

    In memory, or with `folder` (which must not exist) in files that are mapped.
    `progress`: called with the tokens done, after each stretch.

    Raises:
        ValueError: no stretch, or one without ids.
        OSError: the folder exists, or can't be written.
    """
    if not stretches:
        raise ValueError("An index needs at least one stretch.")
    if folder is None:
        return _filled(model, sha256, stretches, _in_memory, progress)
    with whole_folder(folder) as part:
        index = _filled(
            model, sha256, stretches, lambda n, shape: _in_file(part / f"layer.{n}.npy", shape),
            progress,
        )  # fmt: skip
        for layer in index.layers:
            layer.steps.flush()  # type: ignore[attr-defined]  # a memmap
        tensors = {"ids": index.ids, "starts": index.starts}
        for number, layer in enumerate(index.layers):
            tensors |= {f"{name}.{number}": mean for name, mean in layer.means.items()}
        save_file(tensors, part / "figures.safetensors")
        (part / "index.json").write_text(
            json.dumps(
                {
                    "format_version": INDEX_FORMAT_VERSION,
                    "checkpoint_sha256": sha256,
                    "layers": [{"gate": one.gate, "scale": one.scale} for one in index.layers],
                }
            )
        )
    return open_index(folder, sha256)


def open_index(folder: Path, sha256: str) -> UnitIndex:
    """An index from its files, mapped, not read.

    Raises:
        IndexDamaged: not an index of this version for these weights.
        OSError: there is none, or it can't be read.
    """
    try:
        head = json.loads((folder / "index.json").read_text())
        if head["format_version"] != INDEX_FORMAT_VERSION or head["checkpoint_sha256"] != sha256:
            raise IndexDamaged("An index of another version, or for other weights.")
        tensors = load_file(folder / "figures.safetensors")
        layers = []
        for number, layer in enumerate(head["layers"]):
            steps = np.load(folder / f"layer.{number}.npy", mmap_mode="r", allow_pickle=False)
            ending = f".{number}"
            means = {
                name.removesuffix(ending): tensor
                for name, tensor in tensors.items()
                if name.endswith(ending)
            }
            layers.append(IndexLayer(str(layer["gate"]), float(layer["scale"]), steps, means))
        index = UnitIndex(sha256, tensors["ids"], tensors["starts"], tuple(layers))
        if any(layer.steps.shape[1] != index.tokens for layer in layers):
            raise IndexDamaged("The layers have another length than the ids.")
    except IndexDamaged:
        raise
    except (KeyError, TypeError, ValueError, EOFError) as fault:
        raise IndexDamaged("The index's files are damaged.") from fault
    return index


def _in_memory(number: int, shape: tuple[int, int]) -> Array:
    return np.zeros(shape, np.int8)


def _in_file(path: Path, shape: tuple[int, int]) -> Array:
    return open_memmap(path, mode="w+", dtype=np.int8, shape=shape)


def _filled(
    model: LanguageModel,
    sha256: str,
    stretches: Sequence[Stretch],
    allocate: Callable[[int, tuple[int, int]], Array],
    progress: Callable[[int], None] | None,
) -> UnitIndex:
    config = model.config
    starts = np.cumsum([0, *(len(stretch.ids) for stretch in stretches)]).astype(np.int64)
    total = int(starts[-1])
    ids = np.concatenate([np.asarray(stretch.ids, np.int32) for stretch in stretches])
    gates = [indexed_gate(config, layer) for layer in range(config.num_layers)]
    scales = _scales(model, stretches, gates)
    steps = [
        allocate(layer, (config.kind.unit_count(config, layer), total))
        for layer in range(config.num_layers)
    ]
    sums: list[dict[str, Array]] = [{} for _ in gates]
    for number, stretch in enumerate(stretches):
        first, stop = int(starts[number]), int(starts[number + 1])
        for layer, seen in enumerate(trace(model, stretch.state, stretch.ids).layers):
            values = seen[gates[layer]]
            scaled = values.mul(TOP / scales[layer]).round().clamp(-TOP, TOP)
            steps[layer][:, first:stop] = scaled.to(torch.int8).t().numpy()
            for name, summed in _sums(config, layer, seen, gates[layer]).items():
                sums[layer][name] = sums[layer].get(name, 0) + summed
        if progress is not None:
            progress(stop)
    layers = tuple(
        IndexLayer(
            gates[layer],
            scales[layer],
            steps[layer],
            {name: (summed / total).astype(np.float32) for name, summed in sums[layer].items()},
        )
        for layer in range(config.num_layers)
    )
    return UnitIndex(sha256, ids, starts, layers)


def _sums(config: ModelConfig, layer: int, seen: LayerTrace, gate: str) -> dict[str, Array]:
    memory = config.memory_of(layer)
    names = [name for name in (memory.write, memory.keep) if name is not None]
    sums = {name: seen[name].double().sum(dim=0).numpy() for name in names}
    return sums | {"size": seen[gate].double().abs().sum(dim=0).numpy()}


def _scales(model: LanguageModel, stretches: Sequence[Stretch], gates: list[str]) -> list[float]:
    """Of each layer the |value| of the largest step: a bound, or nearly the largest of a sample."""
    config = model.config
    kinds = [
        next(one for one in config.kind.layer_gates(config, layer) if one.name == gate)
        for layer, gate in enumerate(gates)
    ]
    if all(kind.bounds is not None for kind in kinds):
        return [max(abs(end) for end in kind.bounds or ()) for kind in kinds]
    samples: list[list[torch.Tensor]] = [[] for _ in gates]
    seen = 0
    for stretch in stretches:
        for layer, layer_trace in enumerate(trace(model, stretch.state, stretch.ids).layers):
            samples[layer].append(layer_trace[gates[layer]].abs().flatten())
        seen += len(stretch.ids)
        if seen >= _SCALED_FROM:
            break
    scales = []
    for kind, sample in zip(kinds, samples, strict=True):
        if kind.bounds is not None:
            scales.append(max(abs(end) for end in kind.bounds))
            continue
        values = torch.cat(sample)
        rank = max(1, round(KEPT_SHARE * values.numel()))
        scales.append(max(float(values.kthvalue(rank).values), _SMALLEST_SCALE))
    return scales
