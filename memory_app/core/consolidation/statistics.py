"""What is the same for every chat of a checkpoint: computed once and kept in a file.

Contexts: states that a rehearsed question is asked from, blank and after other talk. The covariance
of the last layer's outputs where replies are said. The outputs from which the model says that it
doesn't know a topic.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.core.atomic_files import whole_file
from memory_app.core.consolidation.streams import (
    asked,
    exchanges_of,
    outputs_before,
    state_after,
    turn_ids,
)
from memory_app.core.consolidation.topics import SCOPE, Topic, plan_of, topics_of
from memory_app.core.evaluation.decode_greedy import greedy_ids
from memory_app.core.facts import Language, generate_dialogue, language_of
from memory_app.core.facts.distractors import identity_exchanges
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

#: Of the file; a change of anything that is computed here needs another.
FORMAT_VERSION = 1
SEED = "consolidation"
#: Exchanges of small talk; exchanges after two facts; tokens of small talk. The first is blank.
CONTEXTS = (
    ("talk", 0),
    ("talk", 1),
    ("talk", 2),
    ("facts", 1),
    ("talk", 3),
    ("long", 400),
    ("long", 900),
    ("long", 1800),
    ("facts", 3),
    ("talk", 1),
)
#: Questions of each topic, and contexts of each question, of which abstentions are taken.
ABSTENTIONS, ABSTENTION_CONTEXTS = 4, 2
#: The pieces of an abstention that decide it.
DECISIVE = 2
#: Positions of the covariance, and the share of them in dialogues that tell facts.
POSITIONS, FACT_SHARE = 9_000, 0.4
LONGEST = 1_200
REPLY_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Statistics:
    """contexts: states of batch 1. covariance [hidden, hidden]. abstained [n, hidden] with the
    token said there, int64 [n], and the number of its topic, int64 [n]."""

    contexts: tuple[State, ...]
    covariance: Tensor
    abstained: Tensor
    said: Tensor
    topics: Tensor


def statistics_of(
    checkpoint: Checkpoint, folder: Path, on_progress: Callable[[float], None] = lambda _: None
) -> Statistics:
    """Those in the file of this checkpoint in `folder`, or computed and stored there.

    Raises:
        ConsolidationError: there is no curriculum in the checkpoint's language.
    """
    topics_of(checkpoint.model.config.language)
    path = statistics_file(checkpoint.sha256, folder)
    if path.is_file():
        return _read(checkpoint, path)
    made = compute(checkpoint, on_progress)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(save_safetensors(_tensors(made)))
    return made


def statistics_file(sha256: str, folder: Path) -> Path:
    """Where the statistics of a checkpoint are kept in `folder`."""
    return folder / f"{sha256}.v{FORMAT_VERSION}.safetensors"


@torch.inference_mode()
def compute(
    checkpoint: Checkpoint, on_progress: Callable[[float], None] = lambda _: None
) -> Statistics:
    """The statistics anew; `on_progress` is told the share that is done."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    language = language_of(model.config.language)
    rng = random.Random(SEED)
    contexts = tuple(
        state_after(model, _context(rng, tokenizer, language, kind, count))
        for kind, count in CONTEXTS
    )
    on_progress(0.15)
    topics = topics_of(model.config.language)
    abstained, said, numbers = _abstentions(checkpoint, contexts, topics, language)
    on_progress(0.4)
    covariance = _covariance(checkpoint, language, lambda share: on_progress(0.4 + 0.6 * share))
    return Statistics(contexts, covariance, abstained, said, numbers)


def _context(
    rng: random.Random, tokenizer: Tokenizer, language: Language, kind: str, count: int
) -> list[int]:
    if kind == "facts":
        plan = plan_of(rng, language)
        plan.tell_all(plan.facts(2), 0)
        plan.writer.fill(count)
        return turn_ids(tokenizer, exchanges_of(plan.writer.turns))
    if kind == "talk":
        return turn_ids(tokenizer, identity_exchanges(rng, count, language))
    ids: list[int] = []
    while len(ids) < count:
        ids += turn_ids(tokenizer, identity_exchanges(rng, 5, language))
    return ids


def _abstentions(
    checkpoint: Checkpoint,
    contexts: Sequence[State],
    topics: Sequence[Topic],
    language: Language,
) -> tuple[Tensor, Tensor, Tensor]:
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    rng = random.Random(f"{SEED}/abstentions")
    questions = [
        (number, asked(tokenizer, question), contexts[place])
        for number, topic in enumerate(topics)
        for question in topic.questions[:ABSTENTIONS]
        for place in rng.sample(range(len(contexts)), ABSTENTION_CONTEXTS)
    ]
    prompts = [prompt for _, prompt, _ in questions]
    before = State.cat([state for *_, state in questions])
    replies = greedy_ids(model, tokenizer, prompts, REPLY_TOKENS, before)
    kept = [
        (number, state, prompt, [*reply, tokenizer.end_id][:DECISIVE])
        for (number, prompt, state), reply in zip(questions, replies, strict=True)
        if language.exam.abstains(tokenizer.decode(reply))
    ]
    outputs = outputs_before(model, [(state, prompt, reply) for _, state, prompt, reply in kept])
    said = [token for *_, reply in kept for token in reply]
    numbers = [number for number, *_, reply in kept for _ in reply]
    return torch.cat(outputs), torch.tensor(said), torch.tensor(numbers)


def _covariance(
    checkpoint: Checkpoint, language: Language, on_progress: Callable[[float], None]
) -> Tensor:
    """E[h hᵀ] over the positions from which replies are said, in dialogues of training's kind."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    rng = random.Random(f"{SEED}/covariance")
    fillers = partial(identity_exchanges, language=language)
    size = model.config.output_size
    total, positions = torch.zeros(size, size, dtype=torch.float64), 0
    while positions < POSITIONS:
        if rng.random() < FACT_SHARE:
            drawn = generate_dialogue(rng, fillers=fillers, scope=SCOPE, language=language)
            exchanges = exchanges_of(drawn.turns)
        else:
            exchanges = identity_exchanges(rng, 8, language)
        ids: list[int] = []
        at: list[int] = []
        for user, bot in exchanges:
            prompt, reply = asked(tokenizer, user), tokenizer.encode(bot)
            at += range(len(ids) + len(prompt) - 1, len(ids) + len(prompt) + len(reply))
            ids += [*prompt, *reply, tokenizer.end_id]
        if len(ids) > LONGEST:
            continue
        outputs = model.hidden(torch.tensor([ids]))[0][0, at].double()  # (n, H)
        total += outputs.T @ outputs
        positions += len(outputs)
        on_progress(min(1.0, positions / POSITIONS))
    return (total / positions).float()


def _tensors(made: Statistics) -> dict[str, Tensor]:
    contexts = {
        f"context.{place}.{layer}.{part}": tensor.contiguous()
        for place, state in enumerate(made.contexts)
        for layer, parts in enumerate(state.layers)
        for part, tensor in parts.items()
    }
    return contexts | {
        "covariance": made.covariance,
        "abstained": made.abstained,
        "said": made.said,
        "topics": made.topics,
    }


def _read(checkpoint: Checkpoint, path: Path) -> Statistics:
    tensors = load_file(path)
    blank = checkpoint.model.blank(1)
    contexts = tuple(
        State(
            tuple(
                {part: tensors[f"context.{place}.{layer}.{part}"] for part in parts}
                for layer, parts in enumerate(blank.layers)
            )
        )
        for place in range(len(CONTEXTS))
    )
    rest = (tensors[name] for name in ("covariance", "abstained", "said", "topics"))
    return Statistics(contexts, *rest)
