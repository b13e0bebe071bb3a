"""What is told to a person: a sentence with gaps, and what fills them.

The core speaks English and knows no other language. Whoever shows a sentence looks its template up
in a catalogue and fills the gaps of what stands there (memory_app/translate_messages.py), so the
template is always written out where it is raised: one put together beforehand can't be looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The template of a text that is nobody's to translate: a library's words, a person's own.
VERBATIM = "{text}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template in English whose {gaps} are filled by `values`; one may be a sentence itself."""

    template: str
    values: Mapping[str, str | Sentence] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values) if self.values else self.template

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types: what a row or another process can keep."""
        values = {
            name: value.to_dict() if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return {"template": self.template, "values": values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Sentence:
        """The inverse of `to_dict`."""
        values = {
            name: cls.from_dict(value) if isinstance(value, Mapping) else value
            for name, value in data["values"].items()
        }
        return cls(data["template"], values)


def quoted(name: object) -> str:
    """A name within a sentence, in typographic quotes; what can't be printed as its escape."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))
    return f"“{text}”"


class SentenceError(ValueError):
    """An error whose message is one sentence for a person, which may be shown in any language.

    RunError("There is no corpus {name}.", name=quoted(name)); or a Sentence that is there already.
    `field` is that of the form which has to be changed, where it is one.
    """

    def __init__(self, said: str | Sentence, *, field: str = "", **values: Any) -> None:
        if not isinstance(said, Sentence):
            filled = {k: v if isinstance(v, Sentence) else str(v) for k, v in values.items()}
            said = Sentence(said, filled)
        self.sentence = said
        self.field = field
        super().__init__(str(self.sentence))


def sentence_of(fault: BaseException) -> Sentence:
    """What an error says; of one that was not made to be shown, its own words."""
    if isinstance(fault, SentenceError):
        return fault.sentence
    return Sentence(VERBATIM, {"text": str(fault)})
