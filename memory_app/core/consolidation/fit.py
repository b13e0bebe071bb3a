"""The adapter that makes a blank state say what several chats know.

With ΔP the change of the map after the recurrent layers, fitted are

    Σ w CE(head(P h + ΔP h), token) + ½ ρ tr(ΔP (C + λI) ΔPᵀ)

over outputs h that come from contexts, none of which was told anything: the remembered replies;
abstentions for every topic that isn't remembered; and replies to a new telling of a remembered
topic, which has to win. C is the covariance of outputs where replies are said, so ρ is the price of
a change of anything else. In the coordinates Z = ΔP L, with L Lᵀ = ρ (C + λI), the penalty is ½‖Z‖²
and L-BFGS needs some thirty passes. The cut to a rank keeps the largest singular values of Z: what
is lost is least in the measure of the penalty.

The result is a function of the checkpoint and of the memories alone, in one thread bit for bit.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.consolidation.rehearsal import Memory
from memory_app.core.consolidation.statistics import Statistics
from memory_app.core.consolidation.streams import asked, exchanges_of, outputs_before, turn_ids
from memory_app.core.consolidation.topics import Topic, plan_of, topics_of, words
from memory_app.core.engine.ask import ask
from memory_app.core.engine.core import Engine
from memory_app.core.facts import language_of
from memory_app.core.model.adapter import Adapter
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.state import State

RANK = 32
#: The price of a change, and its share that is paid in any direction.
RHO, LAMBDA = 0.07, 1e-3
#: Memories whose replies weigh 1 together.
USUAL = 5
#: Weights of abstentions and of new tellings beside the remembered replies.
ABSTAINED, RETOLD = 0.5, 1.0
PASSES = 30
#: Contexts that each question is rehearsed in, blank among them.
CONTEXTS = 2
#: New tellings of each remembered topic.
TELLINGS = 4
REPLY_TOKENS = 16
#: The likeliest tokens of each position that take part beside those to be said.
RIVALS = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """What a fit can be varied in."""

    rho: float = RHO
    rank: int = RANK
    abstained: float = ABSTAINED
    retold: float = RETOLD
    contexts: int = CONTEXTS


@dataclass(frozen=True, slots=True)
class _Rows:
    """Outputs [n, hidden] and the token to be said from each, int64 [n]."""

    outputs: Tensor
    tokens: Tensor


def resolve(chats: Mapping[str, Sequence[Memory]], topics: Sequence[Topic]) -> list[Memory]:
    """Of each thing what the last chat that knows it says, in the order of the topics.

    chats: by name, in the order of their consolidation.
    """
    groups = {topic.key: topic.group for topic in topics}
    latest: dict[tuple[str, str], str] = {}
    for name, memories in chats.items():
        latest |= {groups[own.topic]: name for own in memories if own.topic in groups}
    kept = {
        own.topic: own
        for name, memories in chats.items()
        for own in memories
        if own.topic in groups and latest[groups[own.topic]] == name
    }
    return [kept[topic.key] for topic in topics if topic.key in kept]


def fit(
    checkpoint: Checkpoint,
    engine: Engine,
    statistics: Statistics,
    chats: Mapping[str, Sequence[Memory]],
    settings: Settings | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Adapter | None:
    """The adapter of these chats; None where they know nothing.

    chats: by name, in the order of their consolidation. on_progress: the number of questions
    answered, of how many; the fit itself follows.

    Raises:
        ConsolidationError: there is no curriculum in the checkpoint's language.
    """
    chosen = settings or Settings()
    topics = topics_of(checkpoint.model.config.language)
    memories = resolve(chats, topics)
    if not memories:
        return None
    by_key = {topic.key: topic for topic in topics}
    own = [(by_key[memory.topic], memory) for memory in memories]
    told = _remembered(checkpoint, statistics, own, chosen.contexts)
    retold = _retold(checkpoint, engine, own, on_progress)
    groups = {topic.group for topic, _ in own}
    kept = torch.tensor([topic.group not in groups for topic in topics])[statistics.topics]
    abstained = _Rows(statistics.abstained[kept], statistics.said[kept])
    # Each memory pulls as hard as it would among a few.
    parts = ((told, len(memories) / USUAL), (abstained, chosen.abstained), (retold, chosen.retold))
    up, down = _solve(checkpoint, statistics.covariance, parts, chosen)
    return Adapter(checkpoint.sha256, up, down, tuple(chats))


def _remembered(
    checkpoint: Checkpoint,
    statistics: Statistics,
    own: Sequence[tuple[Topic, Memory]],
    contexts: int,
) -> _Rows:
    """Every phrasing from blank and from other contexts, answered as the memory says.

    A phrasing that the state didn't answer gets the likeliest answer of the others.
    """
    tokenizer = checkpoint.tokenizer
    replies: list[tuple[State, Sequence[int], Sequence[int]]] = []
    for topic, memory in own:
        rng = random.Random(f"contexts/{topic.key}")
        known = dict(memory.asked)
        likeliest = memory.asked[0][1]
        for question in topic.questions:
            prompt = tuple(asked(tokenizer, question))
            reply = (*known.get(prompt, likeliest), tokenizer.end_id)
            others = rng.sample(range(1, len(statistics.contexts)), contexts - 1)
            replies += [(statistics.contexts[at], prompt, reply) for at in (0, *others)]
    outputs = outputs_before(checkpoint.model, replies)
    tokens = [token for _, _, reply in replies for token in reply]
    return _Rows(torch.cat(outputs), torch.tensor(tokens))


def _retold(
    checkpoint: Checkpoint,
    engine: Engine,
    own: Sequence[tuple[Topic, Memory]],
    on_progress: Callable[[int, int], None],
) -> _Rows:
    """Another value told in a fresh chat and asked for: what the model answers by itself."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    language = language_of(model.config.language)
    blank = model.blank(1)
    prompts: list[tuple[list[int], str]] = []
    for topic, memory in own:
        rng = random.Random(f"retold/{topic.key}")
        for number in range(TELLINGS):
            plan = plan_of(rng, language)
            fact = plan.fact(topic.slot, topic.kind, other_than=memory.value)
            plan.writer.reserve(fact)
            plan.writer.training = True
            plan.writer.tell([fact])
            plan.writer.fill(number % 2)
            told = turn_ids(tokenizer, exchanges_of(plan.writer.turns))
            question = asked(tokenizer, rng.choice(topic.questions))
            prompts.append(([*told, *question], fact.value))
    replies = ask(
        engine,
        [(blank, prompt) for prompt, _ in prompts],
        max_tokens=REPLY_TOKENS,
        on_progress=on_progress,
    )
    kept: list[tuple[State, Sequence[int], Sequence[int]]] = [
        (blank, prompt, (*reply, tokenizer.end_id))
        for (prompt, value), reply in zip(prompts, replies, strict=True)
        if set(words(value)) <= set(words(tokenizer.decode(reply)))
    ]
    if not kept:
        return _Rows(torch.zeros(0, model.config.output_size), torch.zeros(0, dtype=torch.int64))
    tokens = [token for _, _, reply in kept for token in reply]
    return _Rows(torch.cat(outputs_before(model, kept)), torch.tensor(tokens))


def _solve(
    checkpoint: Checkpoint,
    covariance: Tensor,
    parts: Sequence[tuple[_Rows, float]],
    settings: Settings,
) -> tuple[Tensor, Tensor]:
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    weight, bias = model.head.weight, model.head.bias
    outputs = torch.cat([rows.outputs for rows, _ in parts])  # (N, H)
    tokens = torch.cat([rows.tokens for rows, _ in parts])  # (N,)
    shares = torch.cat(
        [torch.full((len(rows.tokens),), own / max(1, len(rows.tokens))) for rows, own in parts]
    )
    with torch.no_grad():
        logits = model.logits(outputs)
        logits[:, [tokenizer.user_id, tokenizer.bot_id]] = -torch.inf
        rivals = logits.topk(min(RIVALS, logits.shape[1])).indices.flatten()
        vocabulary = torch.unique(torch.cat((rivals, tokens)))  # (V,)
        head = weight[vocabulary].clone()  # (V, E)
        projected = model.projection(outputs) if model.config.has_projection else outputs
        present = projected @ head.T + bias[vocabulary]  # (N, V)
        size = len(covariance)
        price = settings.rho * (covariance.double() + LAMBDA * torch.eye(size).double())
        root = torch.linalg.cholesky(price).float()  # (H, H)
        white = torch.linalg.solve_triangular(root, outputs.T, upper=False).T.contiguous()
    wanted = torch.searchsorted(vocabulary, tokens)
    z = _minimised(white, head, present, wanted, shares)  # (E, H)
    with torch.no_grad():
        left, values, right = torch.linalg.svd(z, full_matrices=False)
        rank = min(settings.rank, len(values))
        spread = values[:rank].sqrt()
        up = left[:, :rank] * spread
        down = torch.linalg.solve_triangular(root.T, (spread[:, None] * right[:rank]).T, upper=True)
        return up.contiguous(), down.T.contiguous()


def _minimised(
    white: Tensor, head: Tensor, present: Tensor, wanted: Tensor, shares: Tensor
) -> Tensor:
    z = torch.zeros(head.shape[1], white.shape[1], requires_grad=True)
    search = torch.optim.LBFGS(
        [z], max_iter=PASSES, history_size=10, line_search_fn="strong_wolfe",
        tolerance_grad=1e-6, tolerance_change=1e-7,
    )  # fmt: skip

    def closure() -> Tensor:
        search.zero_grad()
        logits = present + (white @ z.T) @ head.T
        losses = functional.cross_entropy(logits, wanted, reduction="none")
        loss = (shares * losses).sum() + 0.5 * (z * z).sum()
        loss.backward()
        return loss

    search.step(closure)
    return z.detach()
