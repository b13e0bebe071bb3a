"""The engine of one checkpoint: step = schedule → run → postprocess. No threads, no clock."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection

import torch

from memory_app.core.engine.held_reply import HeldReply
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.engine.request import FinishReason, Output, Request, Status, TokenEvent
from memory_app.core.engine.scheduler import Scheduler
from memory_app.core.model.state import State
from memory_app.core.sampling.batched import Sampler
from memory_app.core.sampling.settings import is_loop

logger = logging.getLogger(__name__)


class Engine:
    """Every running reply advances by one token a step; others join and leave between steps.

    One thread calls it. A token is put out in the step that feeds it, one after the step that
    sampled it, together with the gates of its own feeding (the same as a trace would show).
    """

    def __init__(
        self,
        runner: ModelRunner,
        *,
        end_id: int,
        banned: Collection[int],
        max_batch: int = 64,
        max_waiting: int = 256,
        slice_length: int | None = None,
        capture_gates: bool = True,
    ) -> None:
        self.runner = runner
        self.scheduler = Scheduler(max_batch, max_waiting, slice_length or runner.slice_length)
        self._end_id = end_id
        self._running = runner.pool(max_batch)
        self._sampler = Sampler(max_batch, end_id=end_id, banned=banned)
        self._feed = torch.zeros(max_batch, dtype=torch.int64)  # what each running row is fed next
        strip = len(runner.config.kind.strip_gates)
        self._gates = torch.zeros(max_batch, runner.config.num_layers, strip)
        self._capture_gates = capture_gates
        self._aborted: list[Request] = []
        self._banned = banned
        self._held: dict[Request, HeldReply] = {}
        self._adapters = runner.adapter_rows(max_batch)

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return self.scheduler.has_work

    def add(self, request: Request) -> None:
        """Take a request; it joins in the next step if there is room.

        Raises:
            EngineFull: too many wait already.
            ValueError: a state or adapter of another shape, or an id outside the vocabulary.
        """
        config = self.runner.config
        if not request.state.fits(config):
            raise ValueError("The state has another shape than the checkpoint's.")
        if request.adapter is not None and not request.adapter.fits(config):
            raise ValueError("The adapter has another shape than the checkpoint's.")
        if max(request.prompt_ids) >= config.vocab_size:
            raise ValueError("A token id lies outside the checkpoint's vocabulary.")
        self.scheduler.add(request)

    def abort(self, request: Request) -> None:
        """End a request as stopped at the next step; its tokens so far are its reply."""
        self._aborted.append(request)

    @torch.inference_mode()
    def step(self) -> list[Output]:
        """One step for everybody. What raises ends those who were in it; the engine lives on."""
        outputs = self._leave_aborted()
        outputs += self._prefill()
        try:
            outputs += self._decode()
        except Exception:
            running = list(self.scheduler.running)
            logger.exception("A batch of %d replies failed.", len(running))
            outputs += [self._finish(request, "failed") for request in running]
        return outputs + self._advance_held()

    def _leave_aborted(self) -> list[Output]:
        aborted, self._aborted = self._aborted, []
        return [
            self._finish(request, "stopped")
            for request in aborted
            if request.status is not Status.FINISHED
        ]

    def _finish(self, request: Request, reason: FinishReason) -> Output:
        moved = self.scheduler.finish(request, reason)
        self._held.pop(request, None)
        if request.row >= 0:
            self._adapters.drop(request.row)
        if moved is not None:
            self._running.copy(self._running, moved, request.row)
            self._sampler.move(moved, request.row)
            self._adapters.move(moved, request.row)
            self._feed[request.row] = self._feed[moved]
        return Output(request, finish_reason=reason)

    def _prefill(self) -> list[Output]:
        """Feed slices of prompts, all but their last token, as far as the scheduler lets it."""
        outputs: list[Output] = []
        self.scheduler.begin_step()
        while True:
            requests, length = self.scheduler.next_slice()
            if not requests:
                return outputs
            try:
                if length:
                    self._feed_slice(requests, length)
            except Exception:
                logger.exception("A slice of %d prompts failed.", len(requests))
                outputs += [self._finish(request, "failed") for request in requests]
                continue
            for request in requests:
                if not request.prefill_left:
                    self._promote(request)

    def _feed_slice(self, requests: list[Request], length: int) -> None:
        ids = torch.tensor(
            [request.prompt_ids[request.fed : request.fed + length] for request in requests],
            dtype=torch.int64,
        )
        after = self.runner.feed(ids, State.cat([request.fed_state for request in requests]))
        for row, request in enumerate(requests):
            request.fed_state = after.select(row)
            request.fed += length

    def _promote(self, request: Request) -> None:
        self.scheduler.promote(request)
        self._running.load(request.row, request.fed_state.layers)
        self._sampler.put(request.row, request.sampling)
        self._adapters.put(request.row, request.adapter)
        self._feed[request.row] = request.prompt_ids[-1]

    def _decode(self) -> list[Output]:
        """Feed each running row its latest token and sample the next."""
        running = self.scheduler.running
        n = len(running)
        if not n:
            return []
        gates = self._gates[:n] if self._capture_gates else None
        top = self.runner.advance(self._running, self._feed[:n], gates)
        ids, logprobs = self._sampler.sample(self.runner.logits(top, self._adapters), n)
        self._feed[:n] = ids
        means = [] if gates is None else gates.double().round_(decimals=4).tolist()
        outputs, ended = [], []
        for request, token_id, logprob in zip(
            running, ids.tolist(), logprobs.tolist(), strict=True
        ):
            if request.reply_ids:
                event = TokenEvent(
                    request.reply_ids[-1], request.logprob, means[request.row] if means else []
                )
                outputs.append(Output(request, event))
            reason = request.closing or self._sampled(request, token_id, logprob)
            if reason is not None:
                ended.append((request, reason))
        return outputs + [self._finish(request, reason) for request, reason in ended]

    def _advance_held(self) -> list[Output]:
        """A few tokens of a held request's prompt, or one of its reply."""
        request = self.scheduler.next_held()
        if request is None:
            return []
        try:
            if request not in self._held:
                self._held[request] = HeldReply(
                    self.runner.model, request, end_id=self._end_id, banned=self._banned
                )
            reply = self._held[request]
            if reply.prefill():
                return []
            token_id, logprob, means = reply.decode()
        except Exception:
            logger.exception("A held reply failed.")
            return [self._finish(request, "failed")]
        outputs = []
        if request.reply_ids:
            event = TokenEvent(
                request.reply_ids[-1], request.logprob, means if self._capture_gates else []
            )
            outputs.append(Output(request, event))
        reason = request.closing or self._sampled(request, token_id, logprob)
        if reason is not None:
            outputs.append(self._finish(request, reason))
        return outputs

    def _sampled(self, request: Request, token_id: int, logprob: float) -> FinishReason | None:
        """Take the sampled token into the reply; the reason to end at once, if there is one."""
        if not math.isfinite(logprob):
            logger.error("The model gave values that are not finite.")
            return "failed"
        if token_id == self._end_id:
            return "end"
        request.reply_ids.append(token_id)
        request.logprob = logprob
        if len(request.reply_ids) >= request.sampling.max_tokens:
            request.closing = "length"
        elif len(request.reply_ids) >= request.sampling.min_tokens and is_loop(request.reply_ids):
            request.closing = "loop"
        return None
