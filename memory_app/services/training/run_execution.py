"""A run carried out under its lease; the reason of an early end is written into its row."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from memory_app import outage_log, outages
from memory_app.models import RunStatus, TrainingRun
from memory_app.services.training.leases import Ending, Lease, LeaseLost, patiently
from memory_app.services.training.run_faults import is_mistake, run_fault
from memory_app.services.training.run_log import run_log_write

log = logging.getLogger(__name__)


def run_execute(
    *,
    run_id: UUID,
    again: bool = False,
    callbacks: Sequence[Any] = (),
    ending: Ending = lambda: False,
    group: Any = None,
) -> TrainingRun | None:
    """Carry out a run to its end, or until it is paused or cancelled or its process ends.

    None: another worker has it, it has ended, or there is no such run. A run whose process ends
    returns to the queue and is resumed from its last save. `again` takes one that a person, or a
    fault, has ended. `group`: the processes that train it together (core/training/distributed.py).
    """
    lease = Lease.claim(run_id, again=again)
    if lease is None:
        return None
    # The trainer brings torch's compiler along; a site that never trains never loads it.
    from memory_app.services.training import execute

    with lease:
        try:
            outcome = execute.carry_out(lease, callbacks, ending, group)
            if outcome.checkpoint is None:
                # Of several processes: an evaluation was interrupted, and they go on from the save
                # before it.
                reached = TrainingRun.objects.get(pk=run_id).step
                lease.forget_after(outcome.step)
                patiently(lambda: lease.give_back(step=outcome.step))
                _log_stop(lease, outcome.step, reached)
            else:
                execute.publish(lease, outcome)
        except LeaseLost:
            log.warning("run is no longer ours", extra={"run": str(run_id)})
            if not lease.asked.is_set():
                return None
            row = TrainingRun.objects.filter(pk=run_id).first()
            if row is not None:
                _log_stop(lease, row.saved, row.step)
        except KeyboardInterrupt:
            # A person at the terminal ended it; --resume goes on from its last save.
            lease.write(status=RunStatus.CANCELLED, finished=timezone.now())
            raise
        except Exception as fault:
            if outages.sentence(fault) is outages.AWAY:
                # The run isn't at fault: it waits again, and goes on from its last save.
                outage_log.failed(fault, at="training")
                patiently(lease.give_back)
                return TrainingRun.objects.filter(pk=run_id).first()
            known = type(fault).__module__.startswith("memory_app.")
            facts = {"run": str(run_id), "reason": str(fault)}
            # The run's page says what to change: the overview lists the site's own errors.
            level = logging.WARNING if is_mistake(fault) else logging.ERROR
            log.log(level, "run failed", extra=facts, exc_info=None if known else fault)
            reason = str(fault)[:2000] or type(fault).__name__
            run_log_write(run=lease.run, fence=lease.fence, text=f"failed: {reason}")
            sentence = run_fault(fault, device=str(lease.run.settings.get("device", "cpu")))
            failed = {"error": str(sentence)[:2000], "error_said": sentence.to_dict()}
            patiently(
                lambda: lease.write(status=RunStatus.FAILED, finished=timezone.now(), **failed)
            )
    return TrainingRun.objects.filter(pk=run_id).first()


def _log_stop(lease: Lease, step: int, reached: int) -> None:
    """Why the run has stopped, and which steps are trained again after a resume."""
    status = TrainingRun.objects.filter(pk=lease.run.pk).values_list("status", flat=True).first()
    words = {RunStatus.PAUSED: "paused", RunStatus.CANCELLED: "cancelled"}
    word = words.get(RunStatus(status), "stopped") if status else "stopped"
    text = f"{word} at step {step}"
    if reached > step:
        text += f": the steps up to {reached} were not saved"
    run_log_write(run=lease.run, fence=lease.fence, text=text)
