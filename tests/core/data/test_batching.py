"""What a run sees is a function of its seed and position; weights lie where they belong."""

import random

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.data.batching import Mixture, cut
from memory_app.core.data.dialogues import (
    Encoded,
    Fillers,
    Source,
    encode,
    filler_exchanges,
    mask_numbers,
    merge_turns,
    role_weights,
)
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer

TOKENIZER = Tokenizer.train(["do you like tea? yes, tea is fine."] * 3, 290)
TALK = [[("user", f"do you like {n}"), ("bot", f"yes {n}")] for n in range(50)]


def mixture(**changes) -> Mixture:
    small = {"pool_tokens": 3000, "batch_tokens": 256, "window": 32}
    settings = TrainingSettings().changed(small | changes)
    return Mixture(settings, [Source("talk", TALK)], TOKENIZER)


def test_a_pool_is_the_same_whenever_it_is_drawn() -> None:
    first, second = mixture(), mixture()
    first.pool(0, 0.0)
    for a, b in zip(first.pool(3, 0.5), second.pool(3, 0.5), strict=True):
        assert torch.equal(a.ids, b.ids)
        assert torch.equal(a.weights, b.weights)


def test_pools_and_seeds_differ() -> None:
    def ids(batches) -> list:
        return [batch.ids.tolist() for batch in batches]

    assert ids(mixture().pool(0, 0.5)) != ids(mixture().pool(1, 0.5))
    assert ids(mixture().pool(0, 0.5)) != ids(mixture(seed=2).pool(0, 0.5))


def test_an_epoch_draws_every_dialogue_once() -> None:
    whole = mixture(facts=0, identity=0)
    drawn = [whole._draw(0, position)[0][1] for position in range(50)]
    assert sorted(drawn) == sorted(dialogue[0][1] for dialogue in TALK)


def test_the_first_pieces_of_an_answer_weigh_as_much_more_as_asked() -> None:
    dialogue = [("user", "do you like tea?"), ("bot", "yes, tea is fine."), ("bot", "yes")]
    plain = encode(TOKENIZER, dialogue, [0.0, 2.0, 1.0], 100).weights
    weighed = encode(TOKENIZER, dialogue, [0.0, 2.0, 1.0], 100, {1: 3.0}).weights
    first = len(TOKENIZER.prompt_ids(TOKENIZER.encode("do you like tea?")))
    assert np.array_equal(weighed[first : first + 2], 3 * plain[first : first + 2])
    assert np.array_equal(
        np.delete(weighed, [first, first + 1]), np.delete(plain, [first, first + 1])
    )


def test_weights_lie_on_replies_and_their_end_but_never_on_control_openings() -> None:
    dialogue = [("user", "do you like tea?"), ("bot", "yes")]
    encoded = encode(TOKENIZER, dialogue, role_weights(dialogue, bot_only=True), 100)
    user, reply = TOKENIZER.encode("do you like tea?"), TOKENIZER.encode("yes")
    assert encoded.ids.tolist() == TOKENIZER.turn_ids(user, reply)
    opening = len(TOKENIZER.prompt_ids(user))
    assert not encoded.weights[:opening].any()
    assert (encoded.weights[opening:] == 1).all()


@given(
    st.lists(st.integers(2, 90), min_size=1, max_size=40),
    st.integers(64, 600),
    st.integers(8, 64),
)
def test_every_token_is_fed_once_in_windows_of_the_right_size(
    lengths: list[int], batch_tokens: int, window: int
) -> None:
    rng = random.Random(1)
    rows = [
        Encoded(
            np.asarray([rng.randint(1, 200) for _ in range(length)], dtype=np.int32),
            np.ones(length, dtype=np.float32),
        )
        for length in lengths
    ]
    targets = 0
    for batch in cut(rows, batch_tokens, window):
        for inputs, wanted, weights in batch.windows(window):
            assert inputs.shape == wanted.shape == weights.shape
            assert inputs.shape[1] <= window
            assert inputs.shape[0] == 1 or inputs.numel() <= batch_tokens
            targets += int(weights.sum())
    assert targets == sum(length - 1 for length in lengths)


def test_long_dialogues_are_cut_at_a_whole_turn() -> None:
    dialogue = [("user", "tea"), ("bot", "yes")] * 30
    encoded = encode(TOKENIZER, dialogue, role_weights(dialogue, bot_only=False), 50)
    assert len(encoded) <= 50
    assert encoded.ids[-1] == TOKENIZER.end_id


def test_fillers_tell_no_fact_and_keep_their_order() -> None:
    stretches = filler_exchanges(
        [
            [("user", "nice day"), ("bot", "it is"), ("user", "my name is Bo"), ("bot", "hi Bo")],
            [("user", "any plans?"), ("bot", "none")],
        ]
    )
    drawn = Fillers(stretches)(random.Random(1), 5)
    assert len(drawn) == 5
    assert set(drawn) == {("nice day", "it is"), ("any plans?", "none")}


def test_turns_of_one_role_merge_and_the_user_opens() -> None:
    turns = [("bot", "hello"), ("user", "a"), ("user", "b"), ("bot", "c")]
    assert merge_turns(turns) == [("user", "a b"), ("bot", "c")]


def test_long_numbers_are_masked_and_short_ones_are_not() -> None:
    assert mask_numbers("call 010-555 1234 or 42, in 2017") == "call 000-000 0000 or 42, in 2017"


def test_nothing_is_learned_from_a_slip() -> None:
    def unlearned(batches) -> int:
        begins = TOKENIZER.bot_id
        return sum(
            int(weights[at + 1] == 0)
            for batch in batches
            for ids, weights in zip(batch.ids, batch.weights, strict=True)
            for at in (ids[:-1] == begins).nonzero()[:, 0].tolist()
        )

    assert unlearned(mixture(facts=1, identity=0).pool(0, 1.0)) == 0
    assert unlearned(mixture(facts=1, identity=0, slips=0.5).pool(0, 1.0)) > 10


def test_dialogues_about_relations_and_drills_are_mixed_in_where_asked_for() -> None:
    def texts(**changes) -> str:
        batches = mixture(facts=1, identity=0, **changes).pool(0, 1.0)
        return "".join(TOKENIZER.decode(row.tolist()) for batch in batches for row in batch.ids)

    assert texts(relations=1) != texts()
    assert texts(relations=1) == texts(relations=1)
    assert "OK, it's forgotten." in texts(relations=1, pool_tokens=60_000)
    assert "forgotten" not in texts(relations=1, drills=1, pool_tokens=60_000)


def test_a_users_own_words_are_asked_for_and_their_answer_weighs_as_one() -> None:
    talk = [
        ("user", "I have two old dogs at home."),
        ("bot", "nice"),
        ("user", "ok"),
        ("bot", "ok"),
    ]
    settings = TrainingSettings().changed(
        {"pool_tokens": 3000, "facts": 0, "identity": 0, "own_words": 1, "answer_weight": 7}
    )
    pool = Mixture(settings, [Source("talk", [talk] * 50)], TOKENIZER).pool(0, 0.0)
    asked = [
        TOKENIZER.decode(row[weights == 7].tolist())
        for batch in pool
        for row, weights in zip(batch.ids, batch.weights, strict=True)
    ]
    assert any("you have two old dogs at home." in text for text in asked)
