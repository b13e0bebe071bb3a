"""The cell `list`: what a reply names of five things told, and what was never told."""

import pytest

from memory_app.core.evaluation.exam.listing import (
    LIST_FACTS,
    LIST_GAP,
    Listing,
    count_named,
    draw_listings,
    named,
)
from memory_app.core.evaluation.exam.texts import exam_texts_of
from memory_app.core.evaluation.recall import Question, contains_value

TEXTS = exam_texts_of("en")


@pytest.fixture(scope="module")
def listings():
    return draw_listings(30, 1, TEXTS)


def test_five_things_are_told_and_the_rest_of_their_values_are_candidates(listings):
    for listing in listings:
        said = [text for text, _ in listing.question.told[:-LIST_GAP]]
        assert len(said) == len(listing.told) == LIST_FACTS
        assert all(map(contains_value, said, listing.told))
        assert not {v.lower() for v in listing.told} & {v.lower() for v in listing.never_told}
        assert len(listing.never_told) >= LIST_FACTS * 7 - LIST_FACTS
        assert not any(contains_value(listing.question.text, value) for value in listing.never_told)


def test_seed_and_n_fix_the_listings(listings):
    assert draw_listings(30, 1, TEXTS) == listings
    assert draw_listings(30, 2, TEXTS) != listings


def test_one_that_names_all_it_was_told_names_five_and_nothing_false(listings):
    replies = [" and ".join(listing.told).upper() for listing in listings]
    assert count_named(listings, replies) == {"named": 30 * LIST_FACTS, "false": 0}


def test_one_that_names_everything_has_five_false_ones_at_most(listings):
    replies = ["; ".join((*listing.told, *listing.never_told)) for listing in listings]
    counts = count_named(listings, replies)
    assert counts["false"] == 30 * LIST_FACTS
    assert counts["named"] >= 29 * LIST_FACTS


BOOK = Listing(
    Question((), "What do you know about me?", ""),
    told=("red wine", "Oslo", "drums"),
    never_told=("wine", "beer", "Rome", "ice drums"),
)


@pytest.mark.parametrize(
    ("reply", "right", "wrong"),
    [
        ("You drink red wine and live in oslo.", 2, 0),
        ("You drink wine, in Oslo.", 1, 1),
        ("You play ice drums.", 0, 1),
        ("You play ice drums and drums.", 1, 1),
        ("You love beer, beer and beer.", 0, 1),
        ("Wines, beers, Romeo and an Osloer.", 0, 0),
        ("You haven't told me anything.", 0, 0),
        ("", 0, 0),
    ],
)
def test_values_count_as_whole_words_once_each_the_longest_first(reply, right, wrong):
    assert count_named([BOOK], [reply]) == {"named": right, "false": wrong}


def test_a_longer_value_hides_the_one_within_it():
    assert named("a red wine", ("wine", "red wine")) == {"red wine"}
    assert named("a red wine and a wine", ("wine", "red wine")) == {"wine", "red wine"}
