"""A reply that isn't sampled: its tokens as the model would have said them.

Its ids are fed and stored as any reply's, so that the state has read the message and the answer,
and the replay, an export and a verification find nothing special about the turn.
"""

from dataclasses import dataclass
from typing import Any

import torch

from memory_app.core.inspection.trace_queries import gate_means, trace_of
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.replay import configure_process
from memory_app.core.model.state import State
from memory_app.models import Turn
from memory_app.word_filter import crisis_answer

#: What `Turn.parameters` says of such a turn.
FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class FixedToken:
    """As a sampled token's event: logprob at temperature 1, means of the gates by layer."""

    token_id: int
    logprob: float
    gates: list[Any]


def fixed_answer(turn: Turn) -> str:
    """The answer to a turn that was marked as it began; empty for one that is sampled."""
    marked = isinstance(turn.parameters, dict) and FIXED in turn.parameters
    return crisis_answer(turn.user_text) if marked else ""


@torch.inference_mode()
def fixed_tokens(*, turn: Turn, text: str, before: State, model: Checkpoint) -> list[FixedToken]:
    """The tokens of a fixed text in reply to a turn, with what the model thinks of each."""
    configure_process()
    tokenizer = model.tokenizer
    ids = tokenizer.encode(text)
    trace = trace_of(model.model, before, tokenizer.turn_ids(turn.user_token_ids, ids), None)
    first = len(tokenizer.prompt_ids(turn.user_token_ids))
    top = trace.outputs(model.model.config.num_layers - 1)
    logprobs = model.model.logits(top[first - 1 : first - 1 + len(ids)]).float().log_softmax(dim=-1)
    means = gate_means(trace)
    return [
        FixedToken(token_id, float(logprobs[place][token_id]), means[first + place])
        for place, token_id in enumerate(ids)
    ]
