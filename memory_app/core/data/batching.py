"""Which tokens a run sees, as a function of its seed and its position alone.

A pool is a few hundred thousand tokens of whole dialogues, sorted by length and cut into
batches of rows of nearly one length; a batch is fed in windows, the state carried from window
to window and blank at the batch's start. A run resumes at (pool, batch).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from memory_app.core.data.dialogues import (
    Dialogue,
    Encoded,
    Fillers,
    Source,
    encode,
    filler_exchanges,
    mask_numbers,
    role_weights,
    untidy,
)
from memory_app.core.data.word_tokens import one_piece_words
from memory_app.core.facts import FactDialogue, generate_dialogue, language_of
from memory_app.core.facts.relations import (
    Form,
    ask_own_words,
    catalogue_of,
    generate_relation_dialogue,
)
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer

#: Share of a fact dialogue's stretches of other talk that are about the bot itself: it is asked
#: who it is in the middle of chats, too.
ABOUT_THE_BOT = 0.2
#: Share of the corpora's exchanges between facts that are answered as somebody answers who listens.
LISTENED = 0.35
#: Share of the fact dialogues with hardly anything in between: which word belongs to which question
#: is learned there from several times as many questions a token.
COMPACT = 0.4


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of nearly one length: ids and weights [B, L], zeros after a row's end."""

    ids: Tensor
    weights: Tensor

    def windows(self, width: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """(inputs, targets, target weights), each [B, ≤ width], in order."""
        for start in range(0, self.ids.shape[1] - 1, width):
            stop = min(start + width, self.ids.shape[1] - 1)
            yield (
                self.ids[:, start:stop],
                self.ids[:, start + 1 : stop + 1],
                self.weights[:, start + 1 : stop + 1],
            )


class Mixture:
    """Draws pools of dialogues from corpora, the fact generator and the identity exchanges."""

    def __init__(
        self, settings: TrainingSettings, sources: Sequence[Source], tokenizer: Tokenizer
    ) -> None:
        self.curriculum, self.corpora = settings.curriculum, settings.corpora
        self.optimisation = settings.optimisation
        self.tokenizer = tokenizer
        self.sources = sources
        self.code = settings.model.language
        self.language = language_of(self.code)
        bot_only, chain = self.corpora.names("bot_only"), self.corpora.names("chain")
        self._bot_only = [source.name in bot_only for source in sources]
        self._chained = [source.name in chain for source in sources]
        fillers = self.corpora.names("fillers")
        stretches = filler_exchanges(
            dialogue
            for source in sources
            if not fillers or source.name in fillers
            for dialogue in source.train
        )
        self._corpus_fillers = Fillers(stretches) if stretches else None
        drilled = self.curriculum.drilled or self.curriculum.relations
        self._words = one_piece_words(tokenizer) if drilled else []
        self._orders: dict[tuple[int, int], list[int]] = {}
        self._mean_tokens = [self._estimate(source) for source in sources]

    def _estimate(self, source: Source) -> float:
        rng = random.Random(source.name)
        sample = [rng.choice(source.train) for _ in range(50)]
        words = sum(len(text.split()) + 2 for dialogue in sample for _, text in dialogue)
        return max(words * 1.4 / 50, 4.0)

    def _fillers(self, rng: random.Random, count: int) -> list[tuple[str, str]]:
        """What parts a fact from its question: talk of the corpora, now and then of the bot."""
        if self._corpus_fillers is None or rng.random() < ABOUT_THE_BOT:
            return self.language.small_talk.exchanges(rng, count)
        listening = self.language.backchannels.reply
        drawn = self._corpus_fillers(rng, count)
        return [
            (said, (listening(rng, said) or reply) if rng.random() < LISTENED else reply)
            for said, reply in drawn
        ]

    def _draw(self, source: int, position: int) -> Dialogue:
        """The dialogue at a position of the endless stream of epochs of one source."""
        dialogues = self.sources[source].train
        epoch, place = divmod(position, len(dialogues))
        if (source, epoch) not in self._orders:
            order = list(range(len(dialogues)))
            random.Random(f"{self.optimisation.seed}/{source}/{epoch}").shuffle(order)
            self._orders = {k: v for k, v in self._orders.items() if k[0] != source}
            self._orders[source, epoch] = order
        return dialogues[self._orders[source, epoch][place]]

    def _corpus_dialogues(self, pool: int, rng: random.Random) -> Iterator[Encoded]:
        corpora, own_words = self.corpora, self.curriculum.own_words
        share = 1 - self.curriculum.facts - self.curriculum.identity
        sizes = [
            source.weight * len(source.train) * mean
            for source, mean in zip(self.sources, self._mean_tokens, strict=True)
        ]
        for index in range(len(self.sources)):
            tokens = corpora.pool_tokens * share * sizes[index] / sum(sizes)
            count = max(1, round(tokens / self._mean_tokens[index]))
            position, stop = pool * count, (pool + 1) * count
            while position < stop:
                run = rng.randint(3, 6) if self._chained[index] else 1
                if corpora.joined and rng.random() < corpora.joined:
                    run *= 2
                dialogue = [t for k in range(run) for t in self._draw(index, position + k)]
                position += run
                dialogue = [
                    (role, untidy(rng, text))
                    if role == "user" and rng.random() < corpora.untidy
                    else (role, text)
                    for role, text in dialogue
                ]
                asked: set[int] = set()
                if own_words and rng.random() < own_words:
                    dialogue, asked = ask_own_words(rng, catalogue_of(self.code), dialogue)
                weights = role_weights(dialogue, bot_only=self._bot_only[index])
                for turn in asked:
                    weights[turn - 1 : turn + 1] = [0.0, self.curriculum.answer_weight]
                yield self._encode([(role, mask_numbers(text)) for role, text in dialogue], weights)

    def _written(self, rng: random.Random, **form: Any) -> FactDialogue:
        """A fact dialogue of this run's kinds of facts, with this run's fillers."""
        return generate_dialogue(
            rng,
            fillers=self._fillers,
            loose=self.curriculum.loose,
            words=self._words,
            scope=self.curriculum.fact_scope,
            slips=self.curriculum.slips,
            language=self.language,
            **form,
        )

    def _of_relations(self, rng: random.Random, max_gap: int) -> FactDialogue:
        """A dialogue about relations of this run's form, with this run's fillers."""
        curriculum = self.curriculum
        form = Form(
            max_facts=curriculum.relation_facts,
            max_gap=min(max_gap, 1) if rng.random() < COMPACT else max_gap,
            drills=curriculum.drills,
            any_word=curriculum.drilled,
            made_up=curriculum.made_up,
            noise=curriculum.typing_noise,
            loose=curriculum.loose,
            slips=curriculum.slips,
        )
        return generate_relation_dialogue(
            rng, fillers=self._fillers, form=form, words=self._words, language=self.code
        )

    def examples(self, count: int, max_gap: int = 3) -> list[FactDialogue]:
        """Fact dialogues as they are at the curriculum's end, but for shorter gaps."""
        rng = random.Random(f"{self.optimisation.seed}/examples")
        made_up, drilled = self.curriculum.made_up, self.curriculum.drilled
        return [
            self._written(rng, max_gap=max_gap, made_up=made_up, drilled=drilled)
            for _ in range(count)
        ]

    def _fact_dialogues(self, progress: float, rng: random.Random) -> Iterator[Encoded]:
        """Few values, one fact, asked for at once; then all values, several facts, growing gaps.

        With hundreds of values from the start a model learns the form of an answer and then
        stands still: no value recurs often enough to be worth storing. Nor is anything learned
        of a fact ten exchanges back before the one just told can be answered for.
        """
        curriculum = self.curriculum
        wanted = self.corpora.pool_tokens * curriculum.facts
        max_gap = round(
            curriculum.max_gap * _rise(progress, curriculum.gap_from, curriculum.gap_until)
        )
        most_values = round(
            6 * 100 ** _rise(progress, curriculum.values_from, curriculum.values_until)
        )
        late = progress >= curriculum.values_until
        made_up, drilled = (curriculum.made_up, curriculum.drilled) if late else (0.0, 0.0)
        until = curriculum.alone_until
        alone = 0.6 * (1 - _rise(progress, 0.0, until)) if until else 0.0
        while wanted > 0:
            if curriculum.relations and rng.random() < curriculum.relations:
                made = self._of_relations(rng, max_gap)
            else:
                kind = "single" if rng.random() < alone else None
                made = self._written(
                    rng,
                    max_gap=min(max_gap, 1) if rng.random() < COMPACT else max_gap,
                    kind=kind,
                    made_up=made_up,
                    drilled=drilled,
                    most_values=most_values,
                )
            weights = []
            for turn, (role, _) in enumerate(made.turns):
                if role == "user":
                    weights.append(curriculum.user_weight)
                elif turn in made.slipped:
                    weights.append(0.0)
                elif turn in made.answer_turns:
                    weights.append(curriculum.answer_weight * made.answer_turns[turn])
                else:
                    weights.append(0.5 if turn in made.filler_turns else 1.0)
            decisions = dict.fromkeys(made.answer_turns, curriculum.decision_weight)
            encoded = self._encode(made.turns, weights, decisions)
            wanted -= len(encoded)
            yield encoded

    def _identity_dialogues(self, rng: random.Random) -> Iterator[Encoded]:
        wanted = self.corpora.pool_tokens * self.curriculum.identity
        while wanted > 0:
            exchanges = self.language.small_talk.exchanges(rng, rng.randint(2, 6))
            dialogue = [
                turn for said, reply in exchanges for turn in (("user", said), ("bot", reply))
            ]
            encoded = self._encode(dialogue, role_weights(dialogue, bot_only=True))
            wanted -= len(encoded)
            yield encoded

    def _encode(
        self,
        dialogue: Dialogue,
        weights: Sequence[float],
        decisions: Mapping[int, float] = MappingProxyType({}),
    ) -> Encoded:
        return encode(self.tokenizer, dialogue, weights, self.corpora.max_dialogue, decisions)

    def pool(self, index: int, progress: float) -> list[Batch]:
        """The batches of one pool, in a fixed order; `progress` 0…1 moves the curriculum."""
        rng = random.Random(f"{self.optimisation.seed}/pool/{index}")
        drawn: list[Encoded] = []
        if self.sources and self.curriculum.facts + self.curriculum.identity < 1:
            drawn += self._corpus_dialogues(index, rng)
        if self.curriculum.facts:
            drawn += self._fact_dialogues(progress, rng)
        if self.curriculum.identity:
            drawn += self._identity_dialogues(rng)
        batches = cut(drawn, self.optimisation.batch_tokens, self.optimisation.window)
        rng.shuffle(batches)
        return batches


def _rise(progress: float, start: float, stop: float) -> float:
    """0 until `start`, 1 from `stop` on, straight between."""
    return min(1.0, max(0.0, (progress - start) / (stop - start)))


def cut(dialogues: Sequence[Encoded], batch_tokens: int, window: int) -> list[Batch]:
    """Rows sorted by length, as many together as one window of `batch_tokens` takes."""
    ordered = sorted((d for d in dialogues if len(d) > 1), key=len)
    batches: list[Batch] = []
    start = 0
    while start < len(ordered):
        stop = start
        while stop < len(ordered):
            width = min(len(ordered[stop]), window)
            if stop > start and (stop - start + 1) * width > batch_tokens:
                break
            stop += 1
        batches.append(pad(ordered[start:stop]))
        start = stop
    return batches


def pad(rows: Sequence[Encoded]) -> Batch:
    """Rows side by side, zeros (of no weight) behind the shorter ones."""
    width = max(len(row) for row in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    weights = np.zeros((len(rows), width), dtype=np.float32)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row.ids
        weights[index, : len(row)] = row.weights
    return Batch(torch.from_numpy(ids), torch.from_numpy(weights))
