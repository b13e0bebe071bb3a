"""What the pages of units show alike: the checkpoint, coloured tokens, figures of a layer."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from memory_app.core.inspection.unit_contexts import BINS, timescale_counts, timescales
from memory_app.core.inspection.unit_index import IndexLayer, UnitIndex
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.http import PersonRequest
from memory_app.models import Checkpoint
from memory_app.services.chat.units import checkpoints_shown
from memory_app.views.cell_json import cell_to_page
from memory_app.views.inspector.shown_tokens import shown_tokens

#: Steps of colour on each side of 0.
LEVELS = 8
#: Tokens before a context that a split character may have begun in.
_BEFORE = 8

#: The properties of a token (core/inspection/text_properties.py) in words.
PROPERTY_WORDS: dict[str, str | Promise] = {
    "user_speaks": _("The user speaks"),
    "in_question": _("The message asks something"),
    "capital": _("The token begins with a capital"),
    "digit": _("The token has a digit"),
    "punctuation": _("The token is punctuation"),
    "control": _("The token is a control token"),
    "place": _("Place in the message"),
    "exchanges": _("Exchanges so far"),
}


def shown_checkpoint(request: PersonRequest, pk: UUID) -> Checkpoint:
    """The checkpoint, if the person may look at its units, else 404."""
    staff = request.user.is_authenticated and request.user.is_staff
    rows = checkpoints_shown(person=request.person, staff=staff)  # type: ignore[arg-type]
    return get_object_or_404(rows, pk=pk)


def layer_number(checkpoint: Checkpoint, layer: int) -> int:
    """A layer's place from 0, of its number from 1; else 404."""
    if not 1 <= layer <= checkpoint.num_layers:
        raise Http404
    return layer - 1


def coloured(
    tokenizer: Tokenizer, index: UnitIndex, layer: IndexLayer, unit: int, first: int, stop: int,
    at: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The tokens first … stop - 1 with the unit's value and its colour; `at` is marked."""
    tokens = _tokens(tokenizer, index, first, stop)
    for place, (token, value) in enumerate(
        zip(tokens, layer.values(unit, first, stop).tolist(), strict=True), first
    ):
        level = round(value / layer.scale * LEVELS)
        token["value"] = f"{value:.2f}".replace("-", "−")
        token["colour"] = f"v-{'n' if level < 0 else 'p'}{abs(level)}" if level else ""
        token["at"] = place == at
    return tokens


def counted(
    tokenizer: Tokenizer, index: UnitIndex, first: int, stop: int, shared: dict[int, int], n: int
) -> list[dict[str, Any]]:
    """The tokens with how many of a pattern's `n` units are on at each."""
    tokens = _tokens(tokenizer, index, first, stop)
    for place, token in enumerate(tokens, first):
        count = shared.get(place, 0)
        level = round(count / n * LEVELS)
        token["value"] = f"{count}/{n}" if place in shared else ""
        token["colour"] = f"v-p{level}" if level else ""
        token["at"] = False
    return tokens


def _tokens(tokenizer: Tokenizer, index: UnitIndex, first: int, stop: int) -> list[dict[str, Any]]:
    begin = max(int(index.starts[index.stretch_of(first)]), first - _BEFORE)
    return shown_tokens(tokenizer, index.ids[begin:stop].tolist(), first - begin)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars of a layer's timescales: of each bin its words, its count and its place in a picture."""

    bars: list[dict[str, Any]]
    most: int

    #: Sizes of the picture, pixels.
    WIDTH = 520
    HEIGHT = 140


def histogram(
    checkpoint: Checkpoint, number: int, layer: IndexLayer, unit: int | None = None
) -> Histogram | None:
    """The timescales of a layer's units; None for a cell without a keep gate."""
    values = timescales(checkpoint.model_config, number, layer)
    if values is None:
        return None
    counts = timescale_counts(values)
    own = None if unit is None else int((values[unit] >= BINS).sum()) - 1
    most = max(counts)
    width = Histogram.WIDTH / len(BINS)
    bars = []
    for place, count in enumerate(counts):
        height = 100 * count / most
        bars.append(
            {
                "from": f"{BINS[place]:g}",
                "to": f"{BINS[place + 1]:g}" if place + 1 < len(BINS) else "",
                "count": count,
                "left": f"{place * width:.1f}",
                "x": f"{place * width + 2:.1f}",
                "middle": f"{(place + 0.5) * width:.1f}",
                "y": f"{118 - height:.1f}",
                "width": f"{width - 4:.1f}",
                "height": f"{height:.1f}",
                "above": f"{114 - height:.1f}",
                "own": place == own,
            }
        )
    return Histogram(bars, most)


def page_context(checkpoint: Checkpoint, number: int) -> dict[str, Any]:
    """What every page of units has."""
    cell = cell_to_page(checkpoint.model_config)
    return {
        "checkpoint": checkpoint,
        "layer": number + 1,
        "layers": range(1, checkpoint.num_layers + 1),
        "cell": cell,
        "memory": cell["layers"][number],
        "properties": PROPERTY_WORDS.items(),
    }


def gate_words(checkpoint: Checkpoint, number: int, gate: str) -> dict[str, Any]:
    """A layer's gate as a page shows it: name, label, meaning, bounds, hue."""
    cell = cell_to_page(checkpoint.model_config)
    return next(one for one in cell["layers"][number]["gates"] if one["name"] == gate)
