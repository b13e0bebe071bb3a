"""What can't be done with a run."""

from memory_app.core.messages import SentenceError


class RunError(SentenceError):
    """A run that can't be launched, resumed or carried out; one sentence for a person."""
