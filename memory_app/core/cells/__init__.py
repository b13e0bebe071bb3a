"""The recurrent cells, by name. Each folder here is one cell and the only place that knows it."""

from __future__ import annotations

from memory_app.core.cells.article_lstm import ArticleLSTM
from memory_app.core.cells.base import Cell, Gate, Memory, OptionError, Shape, Sizes
from memory_app.core.cells.lstm import LSTM
from memory_app.core.cells.tanh_rnn import TanhRNN
from memory_app.core.cells.xlstm import XLSTM

__all__ = [
    "Cell",
    "Gate",
    "Memory",
    "OptionError",
    "Shape",
    "Sizes",
    "cell_named",
    "cell_names",
    "chat_cell_names",
    "register",
]

_CELLS: dict[str, Cell] = {}


def register(cell: Cell) -> None:
    """Make a cell known by its name."""
    _CELLS[cell.name] = cell


for _cell in (LSTM(), XLSTM(), TanhRNN(), ArticleLSTM()):
    register(_cell)


def cell_named(name: str) -> Cell:
    """The cell of this name. Raises KeyError where there is none."""
    return _CELLS[name]


def cell_names() -> tuple[str, ...]:
    """Every cell's name."""
    return tuple(_CELLS)


def chat_cell_names() -> tuple[str, ...]:
    """The names of the cells that chats run on."""
    return tuple(name for name, cell in _CELLS.items() if cell.serves_chats)
