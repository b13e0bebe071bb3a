"""Whether a training worker lives: it says so every few seconds, in a row."""

from datetime import timedelta

from django.utils import timezone

from memory_app.models import WorkerHeartbeat

#: A worker that has said nothing for this long is dead.
WORKER_SILENCE = timedelta(seconds=15)


def worker_pulse(*, name: str) -> None:
    """The worker of this name lives."""
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"seen": timezone.now()})


def worker_silence() -> timedelta | None:
    """How long no worker has said that it lives; None where none ever did.

    Of either sign: once the clock was put back, a dead worker's last pulse lies in the future.
    """
    seen = WorkerHeartbeat.objects.order_by("-seen").values_list("seen", flat=True).first()
    return abs(timezone.now() - seen) if seen else None
