"""The completion task: what it reads, what it writes, and that a run learns and can be resumed."""

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.data.json_shapes import from_json
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.run_settings import PRESETS, TrainingSettings
from memory_app.core.sampling.settings import Sampling
from memory_app.core.tasks import COMPLETION
from memory_app.core.tasks.completion.batches import Epochs
from memory_app.core.tasks.completion.countdown import Countdown, letters_at
from memory_app.core.tasks.completion.figures import per_character
from memory_app.core.tasks.completion.forms import (
    Fit,
    distance,
    fit,
    forms_in,
    forms_of,
    marked_beginning,
)
from memory_app.core.tasks.completion.scores import read, text_bits
from memory_app.core.tasks.completion.task import countdown_in, marks_in
from memory_app.core.tasks.completion.texts import Text, examples, opening_ids, texts_of
from memory_app.core.tasks.completion.writing import continuation, write_texts
from memory_app.core.text.characters import character_tokenizer
from memory_app.core.text.lines import Mark, marked
from memory_app.core.training.run import run
from memory_app.core.training.trainer import TrainingError
from tests.core.training.test_trainer import Curve

#: Two "tunes": lines of 3 and 5 letters, and of 2, 4 and 2.
TUNES = {"短歌": (3, 5), "长歌": (2, 4, 2)}


def rows(seed: int, count: int) -> list[list[tuple[str, str]]]:
    draw = random.Random(seed)
    written = []
    for _ in range(count):
        tune = draw.choice(sorted(TUNES))
        lines = ["".join(draw.choices("山水花月", k=length)) for length in TUNES[tune]]
        written.append([("user", tune), ("bot", "，".join(lines) + "。")])
    return written


SOURCE = Source("songs", rows(1, 300), rows(2, 40))
SETTINGS = PRESETS["completion"].changed(
    {
        "vocab_size": 300,
        "embedding_dim": 32,
        "hidden_size": 32,
        "num_layers": 1,
        "steps": 300,
        "warmup": 5,
        "evaluate_every": 100,
        "batch_tokens": 512,
        "learning_rate": 2e-2,
        "embedding_rate": 3.0,
        "save_every": 10,
        "precision": "float32",
        "average_from": 1.0,
    }
)


@pytest.fixture(scope="module")
def trained(songs_folder: Path) -> Checkpoint:
    return load_checkpoint(songs_folder)


def test_a_row_of_a_corpus_is_a_text_alone_or_behind_its_prime() -> None:
    alone = from_json(json.dumps({"text": "山高水长"}))
    behind = from_json(json.dumps({"prime": "短歌", "text": "山高"}))
    talk = [("user", "a"), ("bot", "b"), ("user", "c"), ("bot", "d")]
    assert texts_of([alone.turns, behind.turns, talk]) == [
        Text("", "山高水长"),
        Text("短歌", "山高"),
    ]


def test_it_is_fed_behind_its_prime_and_only_the_text_and_its_end_are_guessed() -> None:
    tokenizer = character_tokenizer(["短歌" + marked("山高，")], 300)
    (example,) = examples(tokenizer, [[("user", "短歌"), ("bot", "山高，")]], marks=True, limit=99)
    assert example.ids[: example.start].tolist() == opening_ids(tokenizer, "短歌")
    assert tokenizer.decode(example.ids[example.start :].tolist()) == marked("山高，")
    assert example.encoded().weights.tolist() == [0.0] * 5 + [1.0] * 5
    (cut,) = examples(tokenizer, [[("user", "短歌"), ("bot", "山高，")]], marks=False, limit=6)
    assert cut.ids[-1] != tokenizer.end_id
    assert examples(tokenizer, [[("user", "短歌"), ("bot", "山")]], marks=False, limit=5) == []


def test_an_epoch_holds_each_text_as_often_as_its_weight_says() -> None:
    tokenizer = character_tokenizer([text for row in SOURCE.train for _, text in row], 300)
    twice = Source("songs", SOURCE.train[:20], weight=1.5)
    epochs = Epochs(SETTINGS, [twice], tokenizer)
    batches = epochs.pool(3, 0.0)
    assert sum(len(batch.ids) for batch in batches) == 30
    again = epochs.pool(3, 0.9)
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(batches, again, strict=True))
    with pytest.raises(TrainingError, match="no plain text"):
        Epochs(SETTINGS, [Source("talk", [[("user", "a")] * 4])], tokenizer)


def test_a_form_is_the_sequences_of_lengths_that_recur() -> None:
    texts = [Text("短歌", "山山山，水水水水水。")] * 20 + [Text("短歌", "山，水。")] * 2
    assert forms_of(texts) == {"短歌": [[3, 5]]}
    assert forms_of(texts[:10]) == {}
    assert forms_of([Text("", "山，水。")] * 30) == {}


def test_a_wrong_line_counts_once_and_so_does_a_missing_one() -> None:
    assert distance([5, 4, 7], [5, 7]) == 1
    assert distance([], [5, 7]) == 2
    assert fit("山水，山水花月，水。", [[2, 4, 2], [9]]) == Fit(2, 3)
    assert fit("山水，山水花月，山水。", [[9], [2, 4, 2]]).whole
    assert fit("", [[2, 4]]) == Fit(0, 2)


def test_a_beginning_is_marked_as_if_it_went_on_in_its_form() -> None:
    forms = [[9, 9], [2, 4, 2]]
    marks = (Mark(2, 2).written(), Mark(4, 1).written())
    assert marked_beginning("山水，花", forms) == f"{marks[0]}山水，{marks[1]}花"
    assert marked_beginning("山水花月山，", forms)[0] == Mark(5, 1).written()
    assert marked_beginning("山", [])[0] == Mark(7, 7).written()
    assert marked_beginning("，。", forms) == "，。"


def test_bits_per_character_count_a_texts_end_and_have_an_interval() -> None:
    figures = per_character(torch.tensor([10.0, 30.0]).double(), torch.tensor([4, 4]))
    assert figures["bits_per_character"] == 4.0
    assert figures["interval"] == [2.0, 6.0]
    assert (figures["n"], figures["characters"]) == (2, 8)


def test_it_learns_the_form_and_says_how_well(trained: Checkpoint) -> None:
    figures = COMPLETION.metrics(trained, [SOURCE])
    assert figures["form"] >= 0.95
    assert figures["form_interval"][0] <= figures["form"] <= figures["form_interval"][1]
    assert figures["bits_per_character"] < 2.2
    assert figures["n"] == figures["form_texts"] == 40
    assert forms_in(trained.config) == {"长歌": [[2, 4, 2]], "短歌": [[3, 5]]}
    assert marks_in(trained.config)
    assert COMPLETION.metrics(trained, []) == {}


def test_its_state_counts_the_letters_that_are_left(trained: Checkpoint) -> None:
    countdown = countdown_in(trained.config, 32)
    assert countdown is not None
    assert countdown.error < 0.6 * countdown.guess
    assert abs(countdown.correlation) > 0.5
    data = countdown.to_dict()
    again = Countdown.from_dict(data, 32)
    assert again is not None
    assert again.to_dict() == data
    for bad in ({}, [], {**data, "unit": 99}, {**data, "bias": "x"}, {**data, "weights": [1]}):
        assert Countdown.from_dict(bad, 32) is None
    ids = opening_ids(trained.tokenizer, "短歌")
    text = trained.tokenizer.encode(Mark(3, 1).written() + "山水花，")
    left = letters_at(trained.tokenizer, text, ended=False)
    assert left == [3, 2, 1, 0, None]
    falling = countdown.left(read(trained.model, [*ids, *text]).hidden)[len(ids) : -1].tolist()
    assert all(a > b for a, b in pairwise(falling))


def test_what_surprises_it_is_the_sum_of_its_bits(trained: Checkpoint) -> None:
    rows = examples(trained.tokenizer, SOURCE.valid[:9], marks=True, limit=99)
    sums = text_bits(trained.model, rows)
    for row, bits in zip(rows, sums.tolist(), strict=True):
        reading = read(trained.model, row.ids.tolist())
        assert float(reading.bits[row.start :].sum()) == pytest.approx(bits, abs=1e-3)
        chosen = int(row.ids[row.start])
        likely = dict(reading.likely[row.start])
        if chosen in likely:
            assert likely[chosen] == pytest.approx(2.0 ** -float(reading.bits[row.start]), abs=1e-5)


def test_many_texts_side_by_side_are_those_written_alone(trained: Checkpoint) -> None:
    primes = ["短歌", "长歌", "短歌", "歌"]
    samplings = [
        Sampling(temperature=0.9, repetition_penalty=1.0, max_tokens=30, seed=seed)
        for seed in range(len(primes))
    ]
    openings = [opening_ids(trained.tokenizer, prime) for prime in primes]
    together = write_texts(trained.model, trained.tokenizer, openings, samplings)
    for opening, sampling, text in zip(openings, samplings, together, strict=True):
        alone = continuation(trained.model, trained.tokenizer, opening, sampling)
        assert [token for token in alone if token != trained.tokenizer.end_id] == text


def test_a_text_in_parts_is_the_text_at_once(trained: Checkpoint) -> None:
    opening = opening_ids(trained.tokenizer, "长歌")
    settings = {"temperature": 0.9, "repetition_penalty": 1.0, "seed": 5}
    model, tokenizer = trained.model, trained.tokenizer
    whole = continuation(model, tokenizer, opening, Sampling(**settings, max_tokens=40))
    parts: list[int] = []
    while len(parts) < 39 and tokenizer.end_id not in parts:
        part = Sampling(**settings, max_tokens=3)
        parts += continuation(model, tokenizer, [*opening, *parts], part, drawn=len(parts))
    assert parts == whole


def test_a_run_that_was_broken_off_ends_in_the_same_weights(tmp_path: Path) -> None:
    short = SETTINGS.changed({"steps": 60})
    whole = run(COMPLETION, short, [SOURCE], tmp_path / "whole")
    part = run(COMPLETION, short, [SOURCE], tmp_path / "part", [Curve(stop_at=45)])
    assert not part.finished
    rest = run(COMPLETION, short, [SOURCE], tmp_path / "part", resume=True)
    assert rest.sha256 == whole.sha256


@pytest.mark.parametrize("vocabulary", ["pieces", "bytes"])
def test_texts_are_read_in_pieces_and_in_bytes(vocabulary: str, tmp_path: Path) -> None:
    settings = SETTINGS.changed(
        {"vocabulary": vocabulary, "line_marks": "off", "steps": 4, "evaluate_every": 4}
    )
    prose = [[("user", "—"), ("bot", f"The {word} sat on the mat.\n")] for word in ("cat", "dog")]
    result = run(COMPLETION, settings, [Source("prose", prose * 20, prose)], tmp_path)
    assert result.checkpoint is not None
    loaded = load_checkpoint(result.checkpoint)
    assert loaded.tokenizer.vocab_size == (259 if vocabulary == "bytes" else 277)
    figures = COMPLETION.metrics(loaded, [Source("prose", [], prose)])
    assert figures["n"] == 2
    assert "form" not in figures


def test_other_tasks_ignore_the_settings_of_texts() -> None:
    assert TrainingSettings().texts.vocabulary == "pieces"
    assert TrainingSettings().texts.line_marks == "off"
