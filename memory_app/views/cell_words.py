"""A model's cell as pages and their scripts show it, in the reader's language."""

from typing import Any

from memory_app.core.cells import Cell, Gate
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


def cell_to_page(cell: Cell) -> dict[str, Any]:
    """The gates of a cell for the gate view. The first shown is the one that keeps the memory."""
    memory = cell.gate(cell.memory_gate)
    return {
        "gates": [_gate(gate) for gate in cell.gates],
        "first": cell.keep_gate or cell.strip_gates[0],
        "strip": list(cell.strip_gates),
        "memory": memory.name,
        "memory_label": in_words(memory.label),
        "write": cell.write_gate,
        "keep": cell.keep_gate,
    }


def checkpoint_to_page(row: Checkpoint) -> dict[str, Any]:
    """A checkpoint for the chat page: its state, and the gates of its strips."""
    config = row.model_config
    cell = config.kind
    memory = cell.gate(cell.memory_gate)
    named = {gate.name: gate for gate in cell.gates}
    return {
        **row.to_client(),
        "num_layers": row.num_layers,
        "hidden_size": row.hidden_size,
        "state_bytes": row.state_bytes,
        "strip": [_gate(cell.gate(name)) for name in cell.strip_gates],
        "strip_height": STRIP_ROW * len(cell.strip_gates),
        "parts": [
            _gate(named[part]) if part in named else {"name": part, "label": part, "hue": "h"}
            for part in cell.state_parts
        ],
        "memory_part": memory.name,
        "memory_label": in_words(memory.label),
        "memory_hue": memory.hue or memory.name,
    }
