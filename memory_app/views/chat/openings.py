"""Three openings for an empty chat: small experiments that show what a memory does."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from memory_app.languages import base_of, foreign_language

# Sent to the model, so in the model's language; each step has its meaning in English beside it,
# which is translated for a reader of another language.
_SAID: dict[str, dict[str, str]] = {
    "zh": {
        "我叫小梅。": gettext_noop("My name is Xiaomei."),
        "我喜欢音乐。": gettext_noop("I like music."),
        "你今天好吗？": gettext_noop("How are you today?"),
        "我叫什么名字？": gettext_noop("What is my name?"),
        "我住在杭州。": gettext_noop("I live in Hangzhou."),
        "不对，我住在成都。": gettext_noop("No, I live in Chengdu."),
        "我住在哪里？": gettext_noop("Where do I live?"),
        "我有一只狗。": gettext_noop("I have a dog."),
        "我养了什么宠物？": gettext_noop("What pet do I have?"),
        "你知道我的名字吗？": gettext_noop("Do you know my name?"),
    },
    "en": {
        step: step
        for step in (
            gettext_noop("My name is Clara."),
            gettext_noop("I like music."),
            gettext_noop("How are you today?"),
            gettext_noop("What is my name?"),
            gettext_noop("I live in Oslo."),
            gettext_noop("No, I live in Rome."),
            gettext_noop("Where do I live?"),
            gettext_noop("I have a dog."),
            gettext_noop("What pet do I have?"),
            gettext_noop("Do you know my name?"),
        )
    },
}
_LENGTHS = (4, 3, 3)


def openings(language: str) -> list[dict[str, Any]]:
    """Name, steps, the steps' language, what to watch for; `meanings`: the steps in the reader's
    language, where that is another one."""
    spoken = base_of(language) if base_of(language) in _SAID else "en"
    messages = iter(_SAID[spoken].items())
    words = (
        (
            _("A name, small talk, and the name again"),
            _("Watch: the name is said only once. At the end, only the state can still hold it."),
        ),
        (
            _("Tell a place, then correct it"),
            _(
                "Watch: the correction should count. See what the forget gate f does when it "
                "arrives."
            ),
        ),
        (
            _("Ask about something you said, and something you didn’t"),
            _("Watch: it should know the pet and admit that it doesn’t know the name."),
        ),
    )
    rows = []
    for (name, watch), length in zip(words, _LENGTHS, strict=True):
        steps = [next(messages) for _step in range(length)]
        meanings = [_(meaning) for _text, meaning in steps] if foreign_language(spoken) else []
        rows.append(
            {
                "name": name,
                "steps": [text for text, _meaning in steps],
                "meanings": meanings,
                "language": spoken,
                "watch": watch,
            }
        )
    return rows


def first_step(language: str) -> tuple[str, str]:
    """The first message of an opening to a model of this language, and its language."""
    spoken = base_of(language) if base_of(language) in _SAID else "en"
    return next(iter(_SAID[spoken])), spoken
