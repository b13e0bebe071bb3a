"""Why a run failed, as a sentence for a person; a library's own words go to the run's log."""

from memory_app.core.messages import Sentence, sentence_of

#: What torch, CUDA and numpy say where memory is lacking; torch has a type for CUDA's alone.
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "unable to allocate")
_NO_DEVICE = ("cuda", "nvidia", "device type", "device string", "not linked with support for")


def run_fault(fault: BaseException, *, device: str) -> Sentence:
    """The sentence of an error that ended a run on this device."""
    if type(fault).__module__.startswith("memory_app."):
        return sentence_of(fault)
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
    return Sentence(
        "The training failed with {kind}. The log has the details.", {"kind": type(fault).__name__}
    )
