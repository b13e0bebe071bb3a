"""Sentences of the core in the reader's language."""

from django.utils import translation

from memory_app.core.messages import Sentence, quoted
from memory_app.translate_messages import in_words

SHIPS = "{name} ships with the program and can't be deleted."
NO_SETTING = "There is no setting {name}."


def test_chinese_has_no_blank_beside_a_name_in_quotes():
    with translation.override("zh-hans"):
        for template in (SHIPS, NO_SETTING):
            sentence = in_words(Sentence(template, {"name": quoted("a b")}))
            assert "“a b”" in sentence
            assert "” " not in sentence
            assert " “" not in sentence


def test_a_name_keeps_its_own_blanks_and_other_languages_theirs():
    sentence = Sentence(SHIPS, {"name": quoted("中 “x” 文")})
    with translation.override("zh-hans"):
        assert "“中 “x” 文”" in in_words(sentence)
    assert in_words(sentence).startswith("“中 “x” 文” ships")
