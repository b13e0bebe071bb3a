"""What the core and the services say, in the language of whoever reads it."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext

from memory_app.core.messages import VERBATIM, Sentence, sentence_of


def in_words(said: Sentence | BaseException) -> str:
    """A sentence, or what an error says, in the active language."""
    sentence = said if isinstance(said, Sentence) else sentence_of(said)
    values = {
        name: in_words(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    template = sentence.template
    if template != VERBATIM:
        template = gettext(template)
    return template.format(**values) if values else template


#: The same, put into words only where it is shown.
in_words_later = lazy(in_words, str)


def kept_in_words(said: Mapping[str, Any] | None, text: str) -> str:
    """What a row keeps of a sentence (`Sentence.to_dict`); without one, its text as it stands."""
    return in_words(Sentence.from_dict(said)) if said else text
