"""A model's cell as pages and their scripts show it, in the reader's language."""

import math
from typing import Any

from django.utils.translation import gettext as _

from memory_app.core.cells import Gate, Memory
from memory_app.core.model.config import ModelConfig
from memory_app.models import Checkpoint
from memory_app.translate_messages import in_words

#: Pixels of one row of a strip.
STRIP_ROW = 12


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "name": gate.name,
        "label": in_words(gate.label),
        "meaning": in_words(gate.meaning),
        "low": gate.low,
        "high": gate.high,
        "hue": gate.hue or gate.name,
    }


def cell_to_page(config: ModelConfig) -> dict[str, Any]:
    """The gates of a model's layers for the gate view. The first shown keeps the memory.

    `layers` says of each layer what it differs in: its gates, units, and what carries its memory.
    """
    cell, layers = config.kind, range(config.num_layers)
    memories = [config.memory_of(layer) for layer in layers]
    memory = _in_all(config, memories)
    return {
        "gates": [_gate(gate) for gate in cell.gates],
        "first": cell.keep_gate or cell.strip_gates[0],
        "strip": list(cell.strip_gates),
        "memory": memory["name"],
        "memory_label": memory["label"],
        "write": cell.write_gate,
        "keep": cell.keep_gate,
        "has_matrix": any(own.matrix for own in memories),
        "layers": [
            {
                "gates": [_gate(gate) for gate in config.layer_gates(layer).values()],
                "units": cell.unit_count(config, layer),
                "memory": own.gate,
                "write": own.write,
                "keep": own.keep,
                "matrix": own.matrix,
            }
            for layer, own in zip(layers, memories, strict=True)
        ],
    }


def most_units(config: ModelConfig) -> int:
    """Rows of the highest map of any layer."""
    return max(
        config.kind.gate_width(config, layer, gate)
        for layer in range(config.num_layers)
        for gate in config.layer_gates(layer)
    )


def _in_all(config: ModelConfig, memories: list[Memory]) -> dict[str, Any]:
    """What carries the memory, as a gate; where layers differ in it "memory" itself."""
    kinds = config.layer_gates(0)
    if len({own.gate for own in memories}) == 1:
        return _gate(kinds[memories[0].gate])
    return {"name": _("memory"), "label": _("memory"), "hue": kinds[memories[0].gate].hue or "c"}


def _pictures(config: ModelConfig) -> list[dict[str, Any]]:
    """Of each layer the picture of its memory in the panel: pixels, and columns of one matrix."""
    pictures = []
    for layer, parts in enumerate(config.layer_parts):
        part = config.memory_of(layer).part
        if len(parts[part]) > 1:
            matrices, high, block = parts[part]
            wide = matrices * block
        else:
            (units,) = parts[part]
            # Half as wide again as high: the wider it is, the smaller are its squares in the panel.
            block = wide = math.ceil(math.sqrt(1.5 * units))
            high = math.ceil(units / wide)
        sizes = {"width": wide, "height": high, "block": block}
        pictures.append({"part": part, "parts": list(parts), **sizes})
    return pictures


def holds_of(config: ModelConfig) -> dict[str, Any] | None:
    """What the composer offers to hold: entries [gate, layer, null, value]; None for no gate.

    `keep`: the gates that keep the memory, fully open; `write`: those that write to it, shut.
    """
    cell = config.kind
    keep: list[list[Any]] = []
    write: list[list[Any]] = []
    for layer in range(config.num_layers):
        gates, held = config.layer_gates(layer), cell.held_gates(config, layer)
        memory = config.memory_of(layer)
        if memory.keep in held and memory.keep is not None:
            high = gates[memory.keep].high
            keep.append([memory.keep, layer, None, 1.0 if high is None else high])
        if memory.write in held and memory.write is not None:
            low = gates[memory.write].low
            write.append([memory.write, layer, None, 0.0 if low is None else low])
    if not keep and not write:
        return None
    named = {
        f"{name}_{what}": entries[0][at] if what == "name" else f"{entries[0][at]:g}"
        for name, entries in (("keep", keep), ("write", write))
        if entries
        for what, at in (("name", 0), ("value", 3))
    }
    return {"keep": keep, "write": write, **named}


def checkpoint_to_page(row: Checkpoint) -> dict[str, Any]:
    """A checkpoint for the chat page: its state, and the gates of its strips."""
    config = row.model_config
    cell = config.kind
    memories = [config.memory_of(layer) for layer in range(config.num_layers)]
    memory = _in_all(config, memories)
    named = {gate.name: gate for gate in cell.gates}
    # Of layers that differ the panel has what is most worth seeing: outputs and memories.
    kept = {"h", *(own.part for own in memories)}
    same = all(parts.keys() == set(cell.state_parts) for parts in config.layer_parts)
    shown = [part for part in cell.state_parts if same or part in kept]
    return {
        **row.to_client(),
        "num_layers": row.num_layers,
        "hidden_size": row.hidden_size,
        "state_bytes": row.state_bytes,
        "has_ledger": cell.has_ledger,
        "strip": [_gate(cell.gate(name)) for name in cell.strip_gates],
        "strip_height": STRIP_ROW * len(cell.strip_gates),
        "parts": [
            _gate(named[part]) if part in named else {"name": part, "label": part, "hue": "h"}
            for part in shown
        ],
        "pictures": _pictures(config),
        "holds": holds_of(config),
        "memory_part": memory["name"],
        "memory_label": memory["label"],
        "memory_hue": memory["hue"],
    }
