"""Names of special tokens on the pages: the labels of the chat."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from memory_app.core.text.tokenizer import BOT, CONTROL, END, USER, Tokenizer


def special_words() -> dict[str, str]:
    """Each special token by its name in the vocabulary, in the reader's language."""
    return {USER: _("you"), BOT: _("bot"), END: pgettext("special token", "end")}


def special_names(tokenizer: Tokenizer) -> dict[int, str]:
    """Each special token's name in the vocabulary, by its id."""
    return dict(zip((tokenizer.user_id, tokenizer.bot_id, tokenizer.end_id), CONTROL, strict=True))
