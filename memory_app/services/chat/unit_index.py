"""The index in which a checkpoint's units are looked up, and the same of a person's own turns."""

import errno
import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from memory_app import runtime
from memory_app.core.atomic_files import remove_folder
from memory_app.core.facts.reference_text import reference_dialogues
from memory_app.core.inspection.unit_index import (
    IndexDamaged,
    Stretch,
    UnitIndex,
    build_index,
    open_index,
)
from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.state import State
from memory_app.models import Checkpoint, Person, Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.services.chat.memory import DAMAGED, chat_model, state_after

log = logging.getLogger(__name__)
_NO_INDEX = _("The reference text can’t be indexed now. Try again later.")
#: Tokens of the reference text: ten seconds of a core, 1.7 KB a token with the bundled model.
REFERENCE_TOKENS = 12_000
#: Tokens of one's own turns that are searched, the newest first.
OWN_TOKENS = 2_000
_building: dict[str, Future[UnitIndex]] = {}
_open: dict[str, UnitIndex] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class OwnText:
    """The index of a person's own turns: one stretch a turn, in the order of `turns`."""

    index: UnitIndex
    turns: tuple[Turn, ...]

    @property
    def size(self) -> int:
        """Bytes, for the cache."""
        return sum(layer.steps.nbytes for layer in self.index.layers)


def index_folder(sha256: str) -> Path:
    """Where the index of a checkpoint lies."""
    return Path(settings.DATA_DIR) / "units" / sha256


def reference_index(*, checkpoint: Checkpoint) -> UnitIndex | None:
    """The index of the reference text; None while this process builds it, which a call begins.

    Raises:
        Refused: `unavailable`, when the model can't be used or the disk can't be written.
    """
    sha256 = checkpoint.sha256
    with _lock:
        if sha256 in _open:
            return _open[sha256]
        future = _building.get(sha256)
        if future is None:
            try:
                return _remember(open_index(index_folder(sha256), sha256))
            except (IndexDamaged, OSError):
                chat_model(sha256=sha256)  # a checkpoint without files is refused here
                call = _builder(checkpoint)
                _building[sha256] = runtime.compute_aside(call, queue="units")
                return None
        if not future.done():
            return None
        del _building[sha256]
        if future.cancelled():  # the process is being stopped
            return None
        if (fault := future.exception()) is not None:
            log.error("the index of units can't be built", exc_info=fault)
            raise Refused("unavailable", _NO_INDEX) from fault
        return _remember(future.result())


def _builder(checkpoint: Checkpoint) -> Callable[[], UnitIndex]:
    return lambda: reference_build(checkpoint=checkpoint)


def _remember(index: UnitIndex) -> UnitIndex:
    """Keep it open; of as many checkpoints as the process keeps models."""
    _open[index.checkpoint_sha256] = index
    while len(_open) > settings.MEMORY_MAX_MODELS:
        _open.pop(next(iter(_open)))
    return index


def reference_build(
    *,
    checkpoint: Checkpoint,
    tokens: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> UnitIndex:
    """Replay at least `tokens` of the reference text; the index takes the old one's place.

    Raises:
        Refused: `unavailable`, when the model can't be used.
        OSError: the disk can't be written; the old index is gone then, and is built on request.
    """
    model = chat_model(sha256=checkpoint.sha256)
    stretches = _stretches(model, checkpoint.language, tokens or REFERENCE_TOKENS)
    folder = index_folder(checkpoint.sha256)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    # A name of its own: another process, or a command, may build the same index meanwhile.
    fresh = folder.with_name(f".{uuid4().hex}.new")
    index = build_index(model.model, checkpoint.sha256, stretches, folder=fresh, progress=progress)
    _put_in_place(fresh, folder)
    with _lock:
        return _remember(index)


def _put_in_place(fresh: Path, folder: Path) -> None:
    for _attempt in range(10):
        remove_folder(folder)  # files that are mapped stay readable
        try:
            fresh.rename(folder)
            return
        except FileExistsError:
            continue
        except OSError as fault:
            if fault.errno != errno.ENOTEMPTY:
                raise
    shutil.rmtree(fresh, ignore_errors=True)  # the others' index is as good


def _sweep(parent: Path) -> None:
    """Remove what killed builds left, once it is an hour old."""
    for left in parent.glob(".*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)


def index_forget(*, sha256: str) -> None:
    """Remove the index of a checkpoint that is deleted."""
    with _lock:
        _open.pop(sha256, None)
    remove_folder(index_folder(sha256))


def _stretches(model: Model, language: str, tokens: int) -> list[Stretch]:
    encode, blank = model.tokenizer.encode, State.zeros(model.model.config)
    stretches: list[Stretch] = []
    total = 0
    for exchanges in reference_dialogues(language):
        ids: list[int] = []
        for said, reply in exchanges:
            ids += model.tokenizer.turn_ids(encode(said), encode(reply))
        stretches.append(Stretch(blank, ids))
        total += len(ids)
        if total >= tokens:
            return stretches
    raise AssertionError("The reference text is endless.")


def phrase_index(*, checkpoint: Checkpoint, text: str) -> UnitIndex:
    """A message told to a blank memory, as the index of one stretch.

    Raises:
        Refused: `unavailable`, when the model can't be used.
    """
    model = chat_model(sha256=checkpoint.sha256)
    ids = model.tokenizer.prompt_ids(model.tokenizer.encode(text))
    blank = State.zeros(model.model.config)
    return build_index(model.model, checkpoint.sha256, [Stretch(blank, ids)])


def turn_index(*, turn: Turn) -> UnitIndex:
    """A committed turn, from the state before it, as the index of one stretch.

    Raises:
        Refused: `unavailable`, when the model or the state before the turn can't be used.
    """
    model = chat_model(sha256=turn.chat.checkpoint.sha256)
    return build_index(model.model, model.sha256, [_own_stretch(turn, model)])


def own_text(*, person: Person, checkpoint: Checkpoint) -> OwnText | None:
    """The person's newest turns on a checkpoint, indexed in memory; None where there are none.

    Without turns whose gates were held, and those whose state is damaged.

    Raises:
        Refused: `unavailable`, when the model can't be used.
    """
    model = chat_model(sha256=checkpoint.sha256)
    turns: list[Turn] = []
    total = 0
    newest = (
        Turn.objects.of(person)
        .committed()
        .filter(chat__checkpoint=checkpoint, kind=TurnKind.TALK, inherited=False, hold__isnull=True)
        .select_related("chat__checkpoint", "parent")
        .order_by("-chat__activity", "-position")
        .defer("state")
    )
    for turn in newest[:200]:
        count = len(_ids(turn, model))
        if total + count > OWN_TOKENS:
            break
        turns.append(turn)
        total += count
    if not turns:
        return None
    hashed = hashlib.sha256("".join(f"{t.pk}{t.state_sha256}" for t in turns).encode()).hexdigest()

    def make() -> OwnText:
        kept, stretches = [], []
        for turn in turns:
            try:
                stretches.append(_own_stretch(turn, model))
            except Refused:
                continue  # a damaged state: the chat says so
            kept.append(turn)
        if not kept:
            raise Refused("unavailable", DAMAGED)
        return OwnText(build_index(model.model, model.sha256, stretches), tuple(kept))

    return runtime.get_traces().get((person.pk, hashed, "units"), make)


def _own_stretch(turn: Turn, model: Model) -> Stretch:
    before = state_after(turn=turn.parent, checkpoint=turn.chat.checkpoint)
    return Stretch(before, _ids(turn, model))


def _ids(turn: Turn, model: Model) -> list[int]:
    return model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
