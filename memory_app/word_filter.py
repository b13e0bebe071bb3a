"""Words that a host wants neither sent nor said, and words that get a fixed answer.

`WORD_FILTER` is a file with a phrase a line, or `package.module:function`, which takes a text and
the side ("user" or "bot") and returns whether it is refused. It is asked before a message is
stored, and before each token is sent.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from memory_app.core.text.word_list import WordList

#: What a person in need writes. Rather one too many: the answer does no harm.
CRISIS_WORDS = {
    "en": WordList(
        (
            *("suicide", "suicidal", "kill myself", "killing myself", "end my life"),
            *("ending my life", "take my own life", "want to die", "wanna die", "wish i was dead"),
            *("wish i were dead", "better off dead", "hurt myself", "hurting myself"),
            *("harm myself", "cut myself", "cutting myself", "self-harm", "self harm"),
            *("don't want to live", "do not want to live", "dont want to live"),
            *("no reason to live", "kms", "overdose"),
        )
    ),
    "zh-hans": WordList(
        (
            *("自杀", "自殺", "轻生", "輕生", "自残", "自殘", "自伤", "割腕", "想死", "不想活"),
            *("活不下去", "结束生命", "結束生命", "结束自己", "了结自己", "去死算了", "寻死"),
        )
    ),
}
_CRISIS_ANSWER = _(
    "I am only a small language model and can’t help with this, but people can. If you might hurt "
    "yourself, call your local emergency number now, such as 112 in Europe or 911 and 988 in the "
    "USA. findahelpline.com lists people to talk to in your country, free of charge. Please also "
    "tell someone whom you trust."
)


def crisis_language(text: str) -> str:
    """The language of the words in this text that get the fixed answer; empty without any."""
    if not settings.CRISIS_ANSWER:
        return ""
    return next((code for code, words in CRISIS_WORDS.items() if words.match(text)), "")


def crisis_answer(text: str) -> str:
    """The fixed answer to a text with words of a crisis, in their language; else empty."""
    language = crisis_language(text)
    if not language:
        return ""
    with translation.override(language):
        return gettext(_CRISIS_ANSWER)


@lru_cache(maxsize=4)
def _filter(named: str) -> Callable[[str, str], bool]:
    if ":" in named:
        found: Callable[[str, str], bool] = import_string(named.replace(":", "."))
        return found
    lines = Path(named).read_text(encoding="utf-8").splitlines()
    words = WordList(line for line in lines if not line.startswith("#"))
    return lambda text, side: bool(words.match(text))


def is_refused(text: str, side: str) -> bool:
    """Whether the host's filter refuses this text of the user or the bot."""
    return bool(settings.WORD_FILTER) and bool(_filter(settings.WORD_FILTER)(text, side))
