"""What evaluations ask and read in a language beside the curriculum itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from memory_app.core.facts.text_file import Phrases, Texts, any_of


@dataclass(frozen=True, slots=True)
class Exam:
    """abstentions: what counts as "doesn't know or wasn't told", regular expressions; a reply
    matches when one of these stands in it, in any case. prompts: what a run shows replies to."""

    abstentions: Texts
    prompts: Phrases
    _abstains: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_abstains", any_of("abstentions", self.abstentions))

    def abstains(self, reply: str) -> bool:
        """Whether the reply says that it doesn't know or wasn't told."""
        return self._abstains.search(reply.replace("’", "'")) is not None
