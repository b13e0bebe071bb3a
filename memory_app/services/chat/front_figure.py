"""The figure of the front page: what a sentence leaves in the live model's memory."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import CONTROL
from memory_app.services.chat.memory import chat_model

#: Rows of the figure: enough for a pattern, few enough to tell apart.
UNITS_PER_TOKEN = 3


@dataclass(frozen=True, slots=True)
class FirstLook:
    """The cell states of a few units after each token of one message to a blank memory."""

    tokens: tuple[str, ...]
    layer: int  # from 1
    #: A unit's values, one a token, as shares of its largest: -1 … 1.
    rows: tuple[tuple[float, ...], ...]


@lru_cache(maxsize=8)
def first_look(*, sha256: str, text: str) -> FirstLook | None:
    """The units of the last layer that keep what a token of `text` wrote, token by token.

    Raises:
        Refused: the checkpoint's files can't be used.
    """
    checkpoint = chat_model(sha256=sha256)
    config = checkpoint.model.config
    tokenizer = checkpoint.tokenizer
    ids = tokenizer.prompt_ids(tokenizer.encode(text))
    blank = State.zeros(config)
    # The highest of the layers with the most units.
    counts = [config.kind.unit_count(config, layer) for layer in range(config.num_layers)]
    number = max(range(config.num_layers), key=lambda layer: (counts[layer], layer))
    cells = LayeredTrace(checkpoint.model, blank, ids).layer(number)[config.memory_of(number).gate]
    units = _written_and_kept(cells)
    kept = cells[:, units]  # [T, units]
    rows = (kept / kept.abs().amax(dim=0).clamp_min(1e-6)).T.tolist()
    names = dict(zip((tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id), CONTROL, strict=True))
    stream = tokenizer.stream()
    shown = tuple(names.get(i) or stream.push(i) for i in ids)
    return FirstLook(shown, number + 1, tuple(map(tuple, rows)))


def _written_and_kept(cells: Tensor) -> list[int]:
    """For each token the units that were near zero before it and keep a value from it on.

    cells: [T, hidden]. A unit's score at token t is the smallest of its values from t on, in the
    direction of the last one, less the largest before t.
    """
    blank = torch.zeros(1, cells.shape[1])
    after = (cells * cells[-1].sign()).flip(0).cummin(dim=0).values.flip(0)
    before = torch.cat((blank, cells.abs()[:-1])).cummax(dim=0).values
    score, token_of = (after - before).max(dim=0)
    units: list[int] = []
    for token in range(len(cells)):
        here = ((token_of == token) & (score > 0)).nonzero().flatten()
        best = score[here].topk(min(UNITS_PER_TOKEN, len(here))).indices
        units += here[best].tolist()
    return units
