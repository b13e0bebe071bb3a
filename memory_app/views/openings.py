"""Three openings for an empty chat: small experiments that show what a memory does."""

from typing import Any

from django.utils.translation import gettext as _

# Said to the model, so in the model's language; what to watch for is in the reader's.
_STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("My name is Clara.", "I like music.", "How are you today?", "What is my name?"),
        ("I live in Oslo.", "No, I live in Rome.", "Where do I live?"),
        ("I have a dog.", "What pet do I have?", "Do you know my name?"),
    ),
    "zh": (
        ("我叫小梅。", "我喜欢音乐。", "你今天好吗？", "我叫什么名字？"),
        ("我住在杭州。", "不对，我住在成都。", "我住在哪里？"),
        ("我有一只狗。", "我养了什么宠物？", "你知道我的名字吗？"),
    ),
}


def openings(language: str) -> list[dict[str, Any]]:
    """Name, steps, the language they are in, and what to watch for."""
    short = language.replace("_", "-").partition("-")[0].lower()
    spoken = short if short in _STEPS else "en"
    words = (
        (
            _("A name, small talk, and the name again"),
            _("Watch: the name is input once. At the end, only the state can still hold it."),
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
    return [
        {"name": name, "steps": steps, "language": spoken, "watch": watch}
        for (name, watch), steps in zip(words, _STEPS[spoken], strict=True)
    ]
