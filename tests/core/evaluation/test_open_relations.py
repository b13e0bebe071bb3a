"""The cell `open` asks for nothing that training asks for."""

import re

from memory_app.core.evaluation.exam.texts import exam_texts_of
from memory_app.core.facts.relations import catalogue_of

#: Words that questions of any kind have.
COMMON = """
what which who when where how is are was my i me do did the a an to of for in on at with does his
her our we have has you your it that as by from or and be been name called thing kind much many long
most more old new like love happy one say said tell told can don time year day month about put get
they out make work best
"""


def content(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return {word.rstrip("s") for word in words if len(word) > 2 and word not in COMMON.split()}


def test_no_question_shares_three_words_of_its_own_with_a_trained_one():
    trained = [
        (relation.name, set().union(*map(content, relation.ask)))
        for relation in catalogue_of("en").relations
        if not relation.held_out
    ]
    texts = exam_texts_of("en")
    assert texts is not None
    near = {
        (relation.key, name): sorted(shared)
        for relation in texts.relations
        if not relation.usual
        for name, words in trained
        if len(shared := set().union(*map(content, relation.ask)) & words) >= 3
    }
    assert near == {}
