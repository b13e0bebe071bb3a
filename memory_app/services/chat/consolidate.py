"""Consolidation in the worker: rehearse a chat, fit the adapter, examine it, store all of it.

As with runs the row decides and the message is a hint. A worker claims the row by one conditional
UPDATE that raises its fence; every later write requires that fence. What was learned is stored when
the rehearsal is done, so that a worker that resumes doesn't repeat it. The adapter is stored in the
transaction that requires the version of the long-term memory that it was fitted to.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from memory_app import outage_log, runtime
from memory_app.core.consolidation.exam import personal_exam
from memory_app.core.consolidation.fit import fit, resolve
from memory_app.core.consolidation.rehearsal import Memory, rehearse
from memory_app.core.consolidation.statistics import Statistics, statistics_file, statistics_of
from memory_app.core.consolidation.topics import topics_of
from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.messages import Sentence
from memory_app.core.model.checkpoint import Checkpoint, CheckpointError
from memory_app.core.model.replay import configure_process
from memory_app.models import (
    Chat,
    Consolidation,
    ConsolidationStatus,
    LongTermMemory,
    Person,
    Turn,
)
from memory_app.process_liveness import is_dead, process_id
from memory_app.refusal import Refused
from memory_app.services.chat.consolidation_progress import STAGES, ConsolidationProgress
from memory_app.services.chat.long_term import (
    WAITING,
    adapter_store,
    memories_of,
    remembered,
)
from memory_app.services.chat.memory import state_after
from memory_app.services.operations.worker_queue import tell_worker
from memory_app.services.training.leases import patiently

log = logging.getLogger(__name__)
#: Deaths of workers over one chat, after which the chat counts as the cause.
MOST_DEATHS = 3
#: Rows of the engine that asks.
ROWS = 64
#: Tries to store an adapter before another change came first.
TRIES = 5


class _Lost(Exception):
    """Another worker has the row, or the chat was forgotten: nothing is stored."""


class Workshop:
    """A checkpoint with what every consolidation on it needs; one thread uses it."""

    def __init__(self, sha256: str, on_progress: Callable[[float], None] = lambda _: None) -> None:
        configure_process()
        self.checkpoint: Checkpoint = runtime.load_checkpoint_by_sha(sha256)
        topics_of(self.checkpoint.model.config.language)
        tokenizer = self.checkpoint.tokenizer
        self.engine = Engine(
            ModelRunner(self.checkpoint.model),
            end_id=tokenizer.end_id,
            banned=(tokenizer.user_id, tokenizer.bot_id),
            max_batch=ROWS,
            slice_length=1024,
            capture_gates=False,
        )
        self.statistics: Statistics = statistics_of(self.checkpoint, _folder(), on_progress)


def consolidation_execute(
    *, key: UUID, on_progress: Callable[[int], None] = lambda percent: None
) -> None:
    """Remember one chat for good; a duplicate does nothing.

    Raises:
        OperationalError, InterfaceError, OSError: an outage; the row waits for its end.
    """
    row = _claim(key)
    if row is None:
        return
    try:
        _consolidate(row, on_progress)
    except _Lost:
        log.info("a consolidation was taken back", extra={"consolidation": str(key)})
    except (Refused, CheckpointError):
        _fail(row, Sentence("The memory of this chat can't be read."))
    except Exception as fault:
        if outage_log.failed(fault, at="consolidation"):
            # The chat isn't at fault: it is taken up again when the database is back.
            patiently(lambda: _give_back(row))
            raise
        log.exception("a consolidation broke", extra={"consolidation": str(key)})
        _fail(row, Sentence("Failed with {kind}.", {"kind": type(fault).__name__}))


def _claim(key: UUID) -> Consolidation | None:
    row = Consolidation.objects.filter(pk=key).first()
    if row is None or row.status not in WAITING:
        return None
    lost = row.status == ConsolidationStatus.RUNNING
    if lost and not is_dead(row.process, row.heartbeat):
        return None
    died = lost and row.process != process_id()
    if died and row.deaths + 1 >= MOST_DEATHS:
        times = {"n": str(row.deaths + 1)}
        _fail(row, Sentence("The worker died {n} times while it worked on this chat.", times))
        return None
    # Conditional on the row as it was read: the row count decides a race.
    won = Consolidation.objects.filter(pk=key, fence=row.fence, status=row.status).update(
        fence=row.fence + 1,
        deaths=row.deaths + died,
        status=ConsolidationStatus.RUNNING,
        process=process_id(),
        heartbeat=timezone.now(),
    )
    rows = Consolidation.objects.select_related("owner", "checkpoint", "chat__head")
    return rows.filter(pk=key, fence=row.fence + 1).first() if won else None


def _ours(row: Consolidation) -> "models.QuerySet[Consolidation]":
    return Consolidation.objects.filter(
        pk=row.pk, fence=row.fence, status=ConsolidationStatus.RUNNING
    )


def _give_back(row: Consolidation) -> None:
    """Return the row to the queue."""
    _ours(row).update(status=ConsolidationStatus.QUEUED, process="")


def _fail(row: Consolidation, reason: Sentence) -> None:
    Consolidation.objects.filter(pk=row.pk, fence=row.fence, status__in=WAITING).update(
        status=ConsolidationStatus.FAILED, error_said=reason.to_dict()
    )


def _consolidate(row: Consolidation, on_progress: Callable[[int], None]) -> None:
    began = time.process_time()

    def write(percent: int, progress: dict[str, Any]) -> None:
        now = timezone.now()
        if not _ours(row).update(done=percent, progress=progress, heartbeat=now):
            raise _Lost
        on_progress(percent)

    progress = ConsolidationProgress(_stages(row), write)
    shop = Workshop(row.checkpoint.sha256, progress.share)
    once = time.process_time() - began
    head = row.chat.head
    state = state_after(turn=head, checkpoint=row.checkpoint)
    if row.learned is None:
        progress.enter("rehearsal")
        learned = rehearse(
            shop.checkpoint, shop.engine, state, said_in(head), on_progress=progress.count
        )
        if not _ours(row).update(learned=[memory.to_dict() for memory in learned]):
            raise _Lost
    else:
        learned = [Memory.from_dict(own) for own in row.learned]
    for _attempt in range(TRIES):
        version = _version(row)
        others = memories_of(remembered(row.owner, row.checkpoint).exclude(pk=row.pk))
        chats = {**others, str(row.chat_id): learned}
        progress.enter("fit")
        adapter = fit(
            shop.checkpoint, shop.engine, shop.statistics, chats, on_progress=progress.count
        )
        seconds = time.process_time() - began - once
        progress.enter("exam")
        figures: dict[str, object] = {}
        if learned:
            exam = personal_exam(
                shop.checkpoint, shop.engine, learned, state, adapter, on_progress=progress.count
            )
            size = len(adapter.data) if adapter is not None else 0
            rank = adapter.rank if adapter is not None else 0
            figures = {**exam, "seconds": round(seconds, 2), "bytes": size, "rank": rank}
        with transaction.atomic():
            Person.objects.select_for_update().get(pk=row.owner_id)
            if _version(row) != version:
                continue
            highest = Consolidation.objects.filter(owner=row.owner_id).aggregate(
                last=models.Max("place")
            )["last"]
            stored = (
                _ours(row)
                .filter(chat__deleted=None)
                .update(
                    status=ConsolidationStatus.FINISHED,
                    memories=[memory.to_dict() for memory in learned],
                    learned=None,
                    place=(highest or 0) + 1,
                    figures=figures,
                    done=100,
                )
            )
            if not stored:
                raise _Lost
            adapter_store(
                owner=row.owner, checkpoint=row.checkpoint, adapter=adapter, version=version + 1
            )
        on_progress(100)
        return
    _give_back(row)


def _stages(row: Consolidation) -> list[str]:
    """What is left to do: kept statistics and a stored rehearsal aren't."""
    path = statistics_file(row.checkpoint.sha256, _folder())
    kept = {"statistics": path.is_file(), "rehearsal": row.learned is not None}
    return [stage for stage in STAGES if not kept.get(stage)]


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "consolidation"


def _version(row: Consolidation) -> int:
    memory, _ = LongTermMemory.objects.get_or_create(owner=row.owner, checkpoint=row.checkpoint)
    return memory.version


def said_in(head: Turn | None) -> str | None:
    """All that the person said on the branch; None where a part of the memory has no text."""
    texts: list[str] = []
    turn = head
    seen: set[UUID] = set()
    while turn is not None and turn.pk not in seen:
        seen.add(turn.pk)
        if not turn.is_talk:
            return None
        texts.append(turn.user_text)
        turn = turn.parent
    return "\n".join(reversed(texts))


def memory_refit(*, key: int) -> None:
    """Fit an adapter that is out of date to the chats that are remembered; a duplicate does
    nothing."""
    for _attempt in range(TRIES):
        row = LongTermMemory.objects.select_related("owner", "checkpoint").filter(pk=key).first()
        if row is None or row.fitted == row.version:
            return
        chats = memories_of(remembered(row.owner, row.checkpoint))
        adapter = None
        if any(chats.values()):
            shop = Workshop(row.checkpoint.sha256)
            adapter = fit(shop.checkpoint, shop.engine, shop.statistics, chats)
        with transaction.atomic():
            Person.objects.select_for_update().get(pk=row.owner_id)
            if LongTermMemory.objects.filter(pk=key, version=row.version).exists():
                adapter_store(
                    owner=row.owner,
                    checkpoint=row.checkpoint,
                    adapter=adapter,
                    version=row.version,
                )
                return


def known_now(owner: Person) -> list[tuple[Consolidation, Memory]]:
    """What is known without a state, each with the chat that it comes from, in the topics' order
    of each checkpoint."""
    found: list[tuple[Consolidation, Memory]] = []
    rows = Consolidation.objects.filter(owner=owner, chat__deleted=None).exclude(place=None)
    by_checkpoint: dict[UUID, list[Consolidation]] = {}
    for row in rows.select_related("chat", "checkpoint").order_by("place"):
        by_checkpoint.setdefault(row.checkpoint_id, []).append(row)
    for own in by_checkpoint.values():
        chats = {
            str(row.chat_id): [Memory.from_dict(memory) for memory in row.memories] for row in own
        }
        source = {id(memory): row for row in own for memory in chats[str(row.chat_id)]}
        topics = topics_of(own[0].checkpoint.language)
        found += [(source[id(memory)], memory) for memory in resolve(chats, topics)]
    return found


def consolidations_next() -> bool:
    """Notify the workers of the chat that waits longest; returns whether there is one."""
    rows = Consolidation.objects.filter(status=ConsolidationStatus.QUEUED).order_by("sequence")
    key = rows.values_list("pk", flat=True).first()
    if key is not None:
        tell_worker("consolidate", str(key))
    return key is not None


def consolidations_recover() -> None:
    """Notify the workers of what lost its worker, of the next that waits, and of adapters that are
    out of date."""
    running = Consolidation.objects.filter(status=ConsolidationStatus.RUNNING)
    for row in running.only("pk", "process", "heartbeat"):
        if is_dead(row.process, row.heartbeat):
            tell_worker("consolidate", str(row.pk))
    consolidations_next()
    outdated = LongTermMemory.objects.exclude(fitted=models.F("version"))
    # An adapter that was never fitted waits for its first consolidation.
    for key in outdated.filter(fitted__gt=0).values_list("pk", flat=True):
        tell_worker("refit", key)


def consolidate_now(
    *, chat: Chat, row: Consolidation, on_progress: Callable[[int], None] = lambda percent: None
) -> Consolidation:
    """Remember a chat in this process; returns its row when that is done.

    Raises:
        Refused: `unavailable`, with the reason why it failed or is done elsewhere.
    """
    consolidation_execute(key=row.pk, on_progress=on_progress)
    after = Consolidation.objects.filter(chat=chat.pk).first()
    if after is None or after.status != ConsolidationStatus.FINISHED:
        said = after.error_said if after is not None else {}
        reason = str(Sentence.from_dict(said)) if said else "Another process works on this chat."
        raise Refused("unavailable", reason)
    return after
