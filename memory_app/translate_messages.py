"""Messages of the core and the services, in the reader's language."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext

from memory_app.core.messages import VERBATIM, Sentence, sentence_of

#: Signs that Chinese sets without blanks around them.
_HAN = r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"


def _without_blanks(template: str, values: Mapping[str, Any]) -> str:
    """The template without blanks between Chinese and a value in quotes, which has its own room."""
    for name, value in values.items():
        if str(value).startswith("“"):
            place = re.escape(f"{{{name}}}")
            template = re.sub(rf"(?<={_HAN}) (?={place})|(?<={place}) (?={_HAN})", "", template)
    return template


def in_words(source: Sentence | BaseException) -> str:
    """A sentence, or an error's sentence, in the active language."""
    sentence = source if isinstance(source, Sentence) else sentence_of(source)
    values = {
        name: in_words(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    template = sentence.template
    if template != VERBATIM:
        template = _without_blanks(gettext(template), values)
    return template.format(**values) if values else template


#: The same, translated only where it is shown.
in_words_later = lazy(in_words, str)


def kept_in_words(stored: Mapping[str, Any] | None, text: str) -> str:
    """The sentence that a row keeps (`Sentence.to_dict`); without one, its text as it is."""
    return in_words(Sentence.from_dict(stored)) if stored else text


def field_word(label: str) -> str:
    """A field of Django's own forms, which audit entries name in English, as the forms show it."""
    words = gettext(label)
    return words if words != label else capfirst(gettext(label[:1].lower() + label[1:]))
