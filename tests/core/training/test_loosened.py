"""Facts told and asked for in other words than those of the lists."""

import random
import re

from memory_app.core.facts import generate_dialogue, language_of
from memory_app.core.facts.distractors import own_fillers

ENGLISH = language_of("en")
loosened = ENGLISH.typing_styles.loosened

FIELD = re.compile(r"\{\w+\}")
TEMPLATES = [t for slot in ENGLISH.slots for t in (*slot.train_tell, *slot.train_ask)]


def test_no_field_of_a_template_is_lost_and_none_comes_twice() -> None:
    rng = random.Random(1)
    for template in TEMPLATES:
        for _ in range(20):
            assert FIELD.findall(loosened(rng, template)) == FIELD.findall(template)


def test_most_phrasings_change_and_in_many_ways() -> None:
    rng = random.Random(2)
    made = [loosened(rng, "my name is {v}") for _ in range(200)]
    assert len(set(made)) > 60
    assert made.count("my name is {v}") < 90


def test_words_that_carry_the_question_stay() -> None:
    rng = random.Random(3)
    assert all("name" in loosened(rng, "what is my name") for _ in range(300))


def test_a_dialogue_that_isn_t_loose_is_drawn_as_it_always_was() -> None:
    def drawn(loose: float, seed: int) -> list[tuple[str, str]]:
        rng = random.Random(seed)
        return generate_dialogue(rng, fillers=own_fillers, scope="core", loose=loose).turns

    assert all(drawn(0.0, seed) == drawn(0.0, seed) for seed in range(20))
    assert sum(drawn(0.0, seed) != drawn(0.9, seed) for seed in range(20)) > 15
