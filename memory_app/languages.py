"""The language of a model, named in the reader's language."""

from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _


def base_of(language: str) -> str:
    """ "zh_Hans", "ZH-cn" -> "zh"."""
    return language.replace("_", "-").partition("-")[0].lower()


def language_name(language: str) -> str:
    """The language's name in the reader's language; its code where it has no name here."""
    base = base_of(language)
    names = {"en": _("English"), "zh": _("Chinese")}
    if base in names:
        return names[base]
    try:
        return str(get_language_info(base)["name_translated"])
    except KeyError:
        return language


def foreign_language(language: str) -> str:
    """The name of the model's language where it isn't the reader's, else empty."""
    if not language or base_of(language) == base_of(get_language() or "en"):
        return ""
    return language_name(language)
