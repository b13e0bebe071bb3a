"""The recall curriculum: what every generated dialogue holds to."""

import itertools
import random
import re
from collections import Counter

import pytest

from memory_app.core.evaluation.recall import abstains, contains_value
from memory_app.core.facts import (
    EXAM_KINDS,
    KINDS,
    draw_gap,
    generate_dialogue,
    is_held_out,
    language_of,
)
from memory_app.core.facts.curriculum import CHAT_FACTS
from memory_app.core.facts.distractors import identity_exchanges, own_exchanges, own_fillers
from memory_app.core.facts.realiser import Writer

pytestmark = pytest.mark.slow

ENGLISH = language_of("en")
TALK = ENGLISH.small_talk
SLOTS = ENGLISH.slots
SLOT_BY_KEY = {slot.key: slot for slot in SLOTS}
NAMES = SLOT_BY_KEY["name"].values[""]
CITIES = SLOT_BY_KEY["favourite"].values["city"]
JOBS = SLOT_BY_KEY["job"].values[""]


def marked(rng, count):
    return [("FILLER", "FILLED")] * count


def draw(seed, count, **form):
    rng = random.Random(seed)
    return [generate_dialogue(rng, fillers=marked, **form) for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "gap"),
    [*itertools.product([None, *KINDS], [None]), *itertools.product([None, *EXAM_KINDS], [0, 3])],
)
def test_roles_alternate_and_the_user_begins(kind, gap):
    for made in draw(1, 200, kind=kind, gap=gap):
        assert [role for role, _ in made.turns] == ["user", "bot"] * (len(made.turns) // 2)
        assert all(text.strip() for _, text in made.turns)
        assert not any(re.search(r"[{}]", text) for _, text in made.turns)


def test_the_answer_stands_in_the_answer_turn_and_absence_is_said():
    for made in draw(2, 1500):
        reply = made.turns[made.probe.turn][1]
        assert made.probe.turn in made.answer_turns
        if made.probe.answer:
            assert contains_value(reply, made.probe.answer)
        else:
            assert abstains(reply)


def test_the_answer_was_told_before_the_question():
    for made in draw(3, 1500):
        if made.probe.answer:
            said = " ".join(
                text for role, text in made.turns[: made.probe.turn - 1] if role == "user"
            )
            assert contains_value(said, made.probe.answer), made.turns


def test_answer_and_filler_turns_are_bot_turns_and_apart():
    for made in draw(4, 500):
        assert made.answer_turns
        assert not set(made.answer_turns) & made.filler_turns
        assert all(made.turns[turn][0] == "bot" for turn in made.answer_turns)
        filled = {i + 1 for i, (_, text) in enumerate(made.turns) if text == "FILLER"}
        assert filled == made.filler_turns


def test_one_seed_gives_one_dialogue():
    first, second, other = draw(5, 100), draw(5, 100), draw(6, 100)
    assert first == second
    assert first != other


@pytest.mark.parametrize("gap", [0, 1, 7])
@pytest.mark.parametrize("kind", ["single", "several", "abstain"])
def test_the_gap_is_kept_and_one_question_is_asked(kind, gap):
    for made in draw(7, 100, kind=kind, gap=gap):
        assert len(made.filler_turns) == gap
        last = len(made.turns) - 1
        assert list(made.answer_turns) == [last] == [made.probe.turn]
        assert made.filler_turns == set(range(last - 2 * gap, last, 2))


def test_a_correction_counts_and_names_what_it_replaced():
    for made in draw(8, 400, kind="update", gap=2):
        reply = made.turns[-1][1]
        assert made.probe.replaced
        assert contains_value(reply, made.probe.answer)
        assert not contains_value(reply, made.probe.replaced)
        told = [text for role, text in made.turns if role == "user"]
        places = [i for i, text in enumerate(told) if contains_value(text, made.probe.answer)]
        assert places, told
        assert contains_value(told[0], made.probe.replaced) or contains_value(
            told[1], made.probe.replaced
        )


def test_most_training_dialogues_ask_several_times():
    counts = [len(made.answer_turns) for made in draw(9, 1000)]
    assert sum(2 <= count <= 7 for count in counts) / len(counts) > 0.8


def test_every_slot_and_kind_of_question_comes_up():
    made = draw(10, 3000)
    assert {item.probe.slot for item in made} == set(SLOT_BY_KEY)
    assert {item.probe.kind for item in made} == set(KINDS)
    unknown = sum(len(item.unknown) for item in made)
    assert 0.1 < unknown / sum(len(item.answer_turns) for item in made) < 0.3


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of"):
        draw(1, 1, kind="gossip")
    with pytest.raises(ValueError, match="kind must be one of"):
        draw(1, 1, kind="chat", gap=2)


def test_a_chat_asks_for_what_was_told_last_and_for_what_was_not(monkeypatch):
    asked = Counter()
    ask, ask_unknown = Writer.ask, Writer.ask_unknown

    def known(self, fact):
        assert self.known[fact.key] == fact
        asked["corrected" if fact.key in self.replaced else "told"] += 1
        ask(self, fact)

    def unknown(self, slot, kind):
        assert (slot.key, kind) not in self.known
        asked["unknown"] += 1
        ask_unknown(self, slot, kind)

    monkeypatch.setattr(Writer, "ask", known)
    monkeypatch.setattr(Writer, "ask_unknown", unknown)
    made = draw(20, 300, kind="chat", scope="wide")
    assert min(asked.values()) > 200
    assert all(len({key for _, key in chat.told}) <= CHAT_FACTS for chat in made)


def test_training_tells_of_dogs_and_cats_more_often_than_the_exam_does():
    def share(**form):
        kinds = [kind for made in draw(21, 600, **form) for _, (slot, kind) in made.told
                 if slot == "pet" and kind]  # fmt: skip
        return sum(kind in ("dog", "cat") for kind in kinds) / len(kinds)

    assert share(scope="wide") > 0.4
    assert share(scope="wide", kind="several", gap=2) < 0.25


def test_loose_training_tells_names_with_a_greeting_more_often():
    greeted = re.compile(r"^(hi|hello|hey|hi there|hello there|good morning), ", re.IGNORECASE)

    def count(**form):
        told = (text for made in draw(22, 600, kind="single", scope="core", **form)
                for role, text in made.turns if role == "user")  # fmt: skip
        return sum(greeted.match(text) is not None for text in told)

    assert count(loose=0.45) > 1.3 * count() > 0


@pytest.mark.parametrize("max_gap", [0, 1, 8, 32])
def test_gaps_reach_the_limit_and_never_pass_it(max_gap):
    rng = random.Random(12)
    gaps = [draw_gap(rng, max_gap) for _ in range(4000)]
    assert min(gaps) == 0
    assert max(gaps) == max_gap
    assert sum(gap <= min(4, max_gap) for gap in gaps) / len(gaps) > 0.7


def test_people_type_in_more_than_one_way():
    texts = [
        text for made in draw(13, 400, kind="single") for role, text in made.turns if role == "user"
    ]
    texts = [text for text in texts if text != "FILLER"]
    assert any(text == text.lower() for text in texts)
    assert any(text == text.upper() for text in texts)
    assert any(text.endswith(".") for text in texts)
    assert any(text[-1].isalnum() for text in texts)


def test_lists_are_large_enough_to_be_learned_as_a_rule():
    assert len(NAMES) >= 400
    assert len(CITIES) >= 200
    assert len(JOBS) >= 120
    assert len(own_exchanges()) >= 300
    assert len(set(own_exchanges())) == len(own_exchanges())
    assert 60 <= len(TALK.entries) <= 100


def test_made_up_names_are_new_and_are_used_in_their_share():
    rng = random.Random(14)
    names = {ENGLISH.made_up_names.name(rng) for _ in range(1000)}
    assert len(names) > 900
    assert all(3 <= len(name) <= 14 and name.isalpha() and name[0].isupper() for name in names)
    known = {value.lower() for slot in SLOTS for values in slot.values.values() for value in values}

    def share(made_up):
        made = draw(15, 600, kind="single", gap=0, made_up=made_up)
        asked = [item for item in made if SLOT_BY_KEY[item.probe.slot].name_like]
        return sum(item.probe.answer.lower() not in known for item in asked) / len(asked)

    assert share(0.0) == 0
    assert 0.3 < share(0.5) < 0.7


def test_fillers_of_our_own_do_not_repeat_within_a_gap():
    drawn = own_fillers(random.Random(16), 32)
    assert len(set(drawn)) == 32
    assert set(drawn) <= set(own_exchanges())
    assert len(own_fillers(random.Random(17), 1000)) == 1000


def test_fillers_of_our_own_tell_nobody_anything():
    telling = re.compile(
        r"\b(my name|i live|i'm from|i work|call me|i was born|my favou?rite)", re.I
    )
    for user, bot in own_exchanges():
        assert user
        assert bot
        assert not telling.search(user)
        assert not telling.search(bot)


def test_identity_exchanges_are_drawn_from_their_entries():
    entries = TALK.entries + TALK.of_the_day
    replies = {reply for _, answers in entries for reply in answers} | {
        *TALK.nonsense.unclear,
        *TALK.nonsense.foreign,
    }
    drawn = identity_exchanges(random.Random(18), 300)
    assert {bot for _, bot in drawn} & {*TALK.nonsense.foreign}, "nonsense is answered too"
    assert len(drawn) == 300
    assert all(user and bot in replies for user, bot in drawn)


def test_small_talk_is_whole_and_holds_nothing_that_the_exam_fills_its_gaps_with():
    def plain(text):
        return text.lower().rstrip(".?!")

    exam = {plain(user) for user, _ in own_exchanges()}
    said = [text for says, _ in TALK.of_the_day for text in says]
    assert len(TALK.of_the_day) >= 140
    assert all(text.strip() and "=>" not in text for text in said)
    assert all(reply[-1] in ".?!" for _, replies in TALK.of_the_day for reply in replies)
    assert not exam & {plain(text) for text in said}
    drawn = {user.lower() for user, _ in identity_exchanges(random.Random(19), 300)}
    assert len(drawn & {text.lower() for text in said}) > 60


def test_the_article_follows_the_sound():
    with_article = ENGLISH.grammar.with_article
    assert with_article("engineer") == "an engineer"
    assert with_article("nurse") == "a nurse"


def test_about_one_value_in_seven_is_held_out():
    share = sum(map(is_held_out, NAMES + CITIES + JOBS)) / len(NAMES + CITIES + JOBS)
    assert 0.10 < share < 0.20


def test_slips_say_something_else_than_what_was_told_and_answers_hold_nevertheless():
    slipped, answered_after = 0, 0
    for made in draw(30, 400, kind="chat", scope="wide", slips=0.3):
        said = {(turn, value) for turn, _, value in made.mentions}
        for turn in made.slipped:
            assert made.turns[turn][0] == "bot"
            assert turn not in made.answer_turns
            assert not any(place == turn for place, _ in said)
        slipped += len(made.slipped)
        if made.slipped and made.probe.answer:
            assert made.probe.turn not in made.slipped
            assert contains_value(made.turns[made.probe.turn][1], made.probe.answer)
            answered_after += 1
    assert slipped > 400
    assert answered_after > 200


def test_an_acknowledgement_that_slips_names_another_value():
    wrong = 0
    for made in draw(31, 600, kind="single", scope="core", slips=0.5):
        told = {turn + 1: value for turn, key, value in made.mentions if turn % 2 == 0}
        for turn in made.slipped & told.keys():
            wrong += not contains_value(made.turns[turn][1], told[turn])
            assert not contains_value(made.turns[turn][1], told[turn])
    assert wrong > 200


@pytest.mark.parametrize("gap", [None, 2])
def test_nothing_slips_where_slips_are_not_asked_for_or_the_exam_is_drawn(gap):
    slips = 0.0 if gap is None else 0.9
    assert draw(32, 100, gap=gap, slips=slips) == draw(32, 100, gap=gap)
    assert not any(made.slipped for made in draw(32, 100, gap=gap, slips=slips))


def test_chats_tell_of_several_favourite_things() -> None:
    def favourites(kind):
        made = draw(33, 300, kind=kind, scope="wide")
        return sum(group == "favourite" for one in made for _, (group, _) in one.told) / sum(
            len(one.told) for one in made
        )

    assert favourites("chat") > 1.3 * favourites("several")


def test_training_tells_beside_something_else_now_and_then() -> None:
    def beside(**form):
        said = [text for made in draw(34, 400, kind="single", scope="core", **form)
                for role, text in made.turns if role == "user" and "FILLER" in text]  # fmt: skip
        return sum(text != "FILLER" for text in said), len(said)

    together, _ = beside()
    assert 15 < together < 60
    assert beside(gap=2) == (0, 800)
