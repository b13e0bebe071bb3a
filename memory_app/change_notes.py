"""The sentence that stands for a turn without words: what it did to the memory."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from memory_app.models import Turn, TurnKind


def change_note(turn: Turn) -> str:
    """What a change of the memory did, in the active language; empty for talk."""
    parameters = turn.parameters if isinstance(turn.parameters, dict) else {}
    if turn.kind == TurnKind.EDIT:
        return _edited(parameters)
    if turn.kind == TurnKind.MIND_FILE:
        return _("Memory replaced by a file.")
    if turn.kind not in (TurnKind.TRANSPLANT, TurnKind.BLEND):
        return ""
    places = _places(_entries(parameters.get("what")))
    if turn.kind == TurnKind.TRANSPLANT:
        sentence = _("Memory transplanted: {places} of another turn.")
        return sentence.format(places=places)
    weight = parameters.get("weight")
    share = f"{100 * weight:g}%" if isinstance(weight, int | float) else "?"
    sentence = _("Memory blended: {places}, {share} of it from another turn.")
    return sentence.format(places=places, share=share)


def _edited(parameters: dict[str, Any]) -> str:
    sentences = {
        "set": (_("Memory edited: {places} set."), _("Memory edited: {places} set to {number}.")),
        "scale": (
            _("Memory edited: {places} scaled."),
            _("Memory edited: {places} scaled by {number}."),
        ),
        "clamp": (
            _("Memory edited: {places} limited."),
            _("Memory edited: {places} limited to ±{number}."),
        ),
    }
    for operation, (several, alike) in sentences.items():
        if entries := _entries(parameters.get(operation)):
            numbers = {f"{entry[3]:g}" for entry in entries}
            sentence = alike if len(numbers) == 1 else several
            return sentence.format(places=_places(entries), number=min(numbers))
    return _("Memory edited.")


def _entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _places(entries: list[Any]) -> str:
    """The one part of a layer that is meant, or how many units or places."""
    if len(entries) == 1 and entries[0][2] is None:
        part, layer = entries[0][:2]
        return _("{part} of layer {layer}").format(part=part, layer=layer + 1)
    count = len(entries)
    if any(entry[2] is None for entry in entries):
        return ngettext("one place", "{n} places", count).format(n=f"{count:,}")
    return ngettext("one unit", "{n} units", count).format(n=f"{count:,}")
