"""Why a run failed, as a sentence for a person; a library's own words go to the run's log."""

from memory_app.core.messages import Sentence, sentence_of
from memory_app.services.training.run_error import RunError

#: What torch, CUDA and numpy say where memory is lacking; torch has a type for CUDA's alone.
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "unable to allocate")
_NO_DEVICE = ("cuda", "nvidia", "device type", "device string", "not linked with support for")


def run_fault(fault: BaseException, *, device: str) -> Sentence:
    """The sentence of an error that ended a run on this device."""
    if _is_own(fault):
        return sentence_of(fault)
    generic = Sentence(
        "The training failed with {kind}. The log has the details.", {"kind": type(fault).__name__}
    )
    return _lack(fault, device) or generic


def is_mistake(fault: BaseException) -> bool:
    """Whether the run's settings don't suit its data or this machine; the site is sound."""
    from memory_app.core.training.resume_file import SaveError  # it brings the optimizers along

    if _is_own(fault):
        return not isinstance(fault, SaveError | RunError)
    return _lack(fault, "") is not None


def _is_own(fault: BaseException) -> bool:
    return type(fault).__module__.startswith("memory_app.")


def _lack(fault: BaseException, device: str) -> Sentence | None:
    """What the machine lacks, if a library's error says that."""
    words = str(fault).lower()
    if isinstance(fault, MemoryError) or any(part in words for part in _NO_MEMORY):
        return Sentence(
            "The machine has too little memory for this run. Clone it and choose a smaller hidden"
            " size, fewer layers or fewer tokens in a batch."
        )
    if any(part in words for part in _NO_DEVICE):
        return Sentence(
            "The device {device} can’t be used on this machine. Clone the run and choose cpu.",
            {"device": device},
        )
    return None
