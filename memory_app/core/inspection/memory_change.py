"""A turn that isn't talk: what it does to the state before it, by its kind and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memory_app.core.inspection import state_edits
from memory_app.core.inspection.state_edits import OPERATIONS, StateEditError
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.state import State

EDIT, TRANSPLANT, BLEND, MIND_FILE = "edit", "transplant", "blend", "mind_file"
#: Kinds whose result has values of another state.
WITH_DONOR = (TRANSPLANT, BLEND, MIND_FILE)


def changed(
    before: State,
    kind: str,
    parameters: Mapping[str, Any],
    given: State | None,
    config: ModelConfig,
) -> State:
    """The state (batch 1) after a turn of this kind; the given states are unchanged.

    `parameters` may have more keys than the kind reads. `given` is the donor of `WITH_DONOR`; its
    hash must be the one in the parameters.

    Raises:
        StateEditError: parameters that aren't such a change, or another donor.
    """
    if kind == EDIT:
        change = {key: parameters[key] for key in OPERATIONS if key in parameters}
        return state_edits.edited(before, change, config)
    if kind not in WITH_DONOR:
        raise StateEditError("This change of the memory is unknown.")
    if given is None or given.sha256() != parameters.get("sha256"):
        raise StateEditError("The memory that this change was made with is missing or damaged.")
    if kind == MIND_FILE:
        state_edits.check_values(given, config)
        return given.clone()
    weight = state_edits.parse_weight(parameters.get("weight", 1.0))
    if (weight < 1) is not (kind == BLEND):
        raise StateEditError("A blend has a weight below 1, and a transplant the weight 1.")
    return state_edits.blended(before, given, parameters.get("what", ()), weight, config)
