"""The sentiment task: what it reads, what it scores, and that a run learns and can be resumed."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.run_settings import PRESETS, TrainingSettings
from memory_app.core.tasks import CHAT, SENTIMENT
from memory_app.core.tasks.sentiment.batches import Epochs, label_batch, token_weights
from memory_app.core.tasks.sentiment.few_units import few_units
from memory_app.core.tasks.sentiment.figures import binary_figures
from memory_app.core.tasks.sentiment.scores import (
    changes,
    final_states,
    held_scores,
    read_alone,
    unit_weights,
)
from memory_app.core.tasks.sentiment.task import unit_in
from memory_app.core.tasks.sentiment.texts import (
    Example,
    examples,
    label_of,
    lowered,
    text_ids,
)
from memory_app.core.tasks.sentiment.units import SentimentUnit, strongest_unit
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.text.words import words_of
from memory_app.core.training.run import run
from memory_app.core.training.trainer import TrainingError
from tests.core.training.test_trainer import Curve

GOOD = ("lovely", "great", "sweet", "bright")
BAD = ("awful", "bad", "bitter", "dark")


def rows(seed: int, count: int) -> list[list[tuple[str, str]]]:
    draw = random.Random(seed)
    written = []
    for _ in range(count):
        good = draw.random() < 0.5
        text = f"A {draw.choice(GOOD if good else BAD)} {draw.choice(('film', 'song', 'meal'))}"
        written.append([("user", text), ("bot", "positive" if good else "negative")])
    return written


SOURCE = Source("reviews", rows(1, 400), rows(2, 60))
SETTINGS = PRESETS["sentiment"].changed(
    {
        "vocab_size": 300,
        "embedding_dim": 16,
        "hidden_size": 12,
        "num_layers": 2,
        "dropout": 0.1,
        "steps": 60,
        "warmup": 5,
        "evaluate_every": 20,
        "batch_texts": 32,
        "learning_rate": 1e-2,
        "save_every": 10,
        "precision": "float32",
    }
)
TOKENIZER = Tokenizer.train([text for row in SOURCE.train for _, text in row], 300)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    result = run(SENTIMENT, SETTINGS, [SOURCE], tmp_path_factory.mktemp("run"), name="reviews")
    assert result.checkpoint is not None
    return load_checkpoint(result.checkpoint)


def test_labels_are_read_in_any_case_and_others_are_left_out() -> None:
    assert [label_of(text) for text in (" Positive", "neg", "1", "0", "好评", "neutral", "")] == [
        1,
        0,
        1,
        0,
        1,
        None,
        None,
    ]
    mixed = [[("user", "A"), ("bot", "neutral")], [("user", "B"), ("bot", "pos")], [("user", "C")]]
    (only,) = examples(TOKENIZER, mixed, 8)
    assert only.ids.tolist() == text_ids(TOKENIZER, "b", 8)


def test_lower_case_keeps_every_place() -> None:
    text = "İSTANBUL Straße ΣΑΣ 好"
    assert len(lowered(text)) == len(text)
    assert lowered("GREAT Film") == "great film"


@pytest.mark.parametrize(
    "text",
    ["A GREAT film, isn't it?", "好看的电影 great", "  two  spaces ", "emoji 👨‍👩‍👧 ok", "x" * 9],
)
def test_words_joined_are_the_text_and_their_tokens_follow_each_other(text: str) -> None:
    ids = TOKENIZER.encode(lowered(text))
    words = words_of(TOKENIZER, text, ids)
    assert "".join(word.text for word in words) == text
    assert words[0].first == 0
    assert words[-1].stop == len(ids)
    assert all(before.stop == after.first for before, after in pairwise(words))


def test_a_step_weighs_the_last_score_most_and_the_first_least() -> None:
    weights = token_weights(5, 0.3)
    assert weights[-1] == 1
    assert weights[:-1].sum() == pytest.approx(0.3)
    assert list(weights) == sorted(weights)
    assert token_weights(5, 0.0).tolist() == [0, 0, 0, 0, 1]
    batch = label_batch([Example(np.arange(3, dtype=np.int32), 1)], 0.0)
    ((inputs, labels, at),) = batch.windows(512)
    assert (inputs.tolist(), labels.tolist(), at.tolist()) == (
        [[0, 1, 2]],
        [[1, 1, 1]],
        [[0, 0, 1]],
    )


def test_an_epoch_is_a_function_of_its_number_and_holds_each_text_by_its_weight() -> None:
    sources = [replace(SOURCE, weight=2.0), Source("half", rows(3, 100), weight=0.5)]
    epochs = Epochs(SETTINGS, sources, TOKENIZER)
    first, again, second = (epochs.pool(index, 0.0) for index in (0, 0, 1))
    assert sum(len(batch.ids) for batch in first) == 2 * 400 + 50
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(first, again, strict=True))
    assert not all(
        a.ids.shape == b.ids.shape and torch.equal(a.ids, b.ids)
        for a, b in zip(first, second, strict=True)
    )


def test_corpora_without_a_label_are_refused_in_one_sentence() -> None:
    talk = Source("talk", [[("user", "hi"), ("bot", "hello")]])
    with pytest.raises(TrainingError, match="label positive or negative"):
        Epochs(SETTINGS, [talk], TOKENIZER)


def test_figures_are_those_computed_by_hand() -> None:
    figures = binary_figures(torch.tensor([2.0, 1.0, -1.0, 0.5]), torch.tensor([1, 1, 1, 0]))
    assert figures["confusion"] == {
        "positive": {"positive": 2, "negative": 1},
        "negative": {"positive": 1, "negative": 0},
    }
    assert figures["accuracy"] == 0.5
    assert figures["precision"] == figures["recall"] == figures["f1"] == pytest.approx(2 / 3)
    assert figures["majority"] == 0.75
    assert figures["auc"] == pytest.approx(2 / 3)  # of three pairs, two in order
    assert figures["roc"][0] == [0, 0]
    assert figures["roc"][-1] == [1, 1]
    assert binary_figures(torch.zeros(4), torch.tensor([1, 0, 1, 0]))["auc"] == 0.5  # all ties
    assert "auc" not in binary_figures(torch.ones(2), torch.ones(2))


def test_the_strongest_unit_is_the_one_that_separates() -> None:
    hidden = torch.tensor([[0.1, -0.9], [0.9, -0.2], [0.2, 0.4], [0.8, 0.7]])
    unit = strongest_unit(hidden, torch.tensor([1, 1, 0, 0]), 1)
    assert (unit.layer, unit.unit, unit.sign, unit.accuracy) == (1, 1, -1, 1.0)
    assert unit.threshold == pytest.approx(0.1)
    assert unit.share_right(hidden, torch.tensor([1, 1, 0, 0])) == 1.0
    assert SentimentUnit.from_dict(unit.to_dict(), 2, 2) == unit
    for bad in (None, [], {}, {**unit.to_dict(), "unit": 9}, {**unit.to_dict(), "threshold": "x"}):
        assert SentimentUnit.from_dict(bad, 2, 2) is None


def test_few_units_score_as_well_as_all_and_the_others_weigh_nothing() -> None:
    torch.manual_seed(1)
    labels = torch.randint(0, 2, (400,))
    hidden = torch.randn(400, 20) * 0.3
    hidden[:, 3] += labels - 0.5
    hidden[:, 7] -= labels - 0.5
    head = few_units(hidden[:300], labels[:300], hidden[300:], labels[300:])
    read = (head.weight != 0).nonzero().flatten().tolist()
    assert {3, 7} <= set(read)
    assert len(read) < 10
    assert head.weight[3] > 0 > head.weight[7]
    assert head.accuracy(hidden[300:], labels[300:]) > 0.9


def test_it_learns_and_its_checkpoint_says_what_it_is_and_how_good(trained: Checkpoint) -> None:
    config = trained.config
    assert (config["task"], config["outputs"], config["tied"]) == ("sentiment", 1, False)
    assert trained.model.head.weight.shape == (1, 12)
    figures = SENTIMENT.metrics(trained, [SOURCE])
    assert figures["accuracy"] >= 0.95
    assert figures["n"] == 60
    assert figures["unit_accuracy"] >= 0.9
    assert config["training"]["validation"]["reviews"]["accuracy"] == figures["accuracy"]
    assert unit_in(config)["layer"] == 1
    assert 1 <= config["training"]["validation"]["units_read"] < 12
    assert SENTIMENT.metrics(trained, [Source("none", [])]) == {}


def test_a_resumed_run_ends_in_the_same_weights_the_best_ones_included(tmp_path: Path) -> None:
    whole = run(SENTIMENT, SETTINGS, [SOURCE], tmp_path / "whole")
    part = run(SENTIMENT, SETTINGS, [SOURCE], tmp_path / "part", [Curve(stop_at=31)])
    assert not part.finished
    assert (tmp_path / "part" / "best.safetensors").is_file()
    rest = run(SENTIMENT, SETTINGS, [SOURCE], tmp_path / "part", resume=True)
    assert rest.sha256 == whole.sha256


def test_it_begins_from_a_language_model_of_its_shape(tmp_path: Path) -> None:
    chat = SETTINGS.changed({"task": "chat", "steps": 3, "pool_tokens": 2000})
    spoken = run(CHAT, chat, [SOURCE], tmp_path / "lm")
    assert spoken.checkpoint is not None
    parent = load_checkpoint(spoken.checkpoint)
    none = SETTINGS.changed({"steps": 1, "learning_rate": 1e-7, "evaluate_every": 1})
    result = run(SENTIMENT, none, [SOURCE], tmp_path / "tuned", start_from=spoken.checkpoint)
    assert result.checkpoint is not None
    tuned = load_checkpoint(result.checkpoint)
    for name in ("embedding.weight", "lstm.weight_hh_l1"):
        assert torch.allclose(
            tuned.model.state_dict()[name], parent.model.state_dict()[name], atol=1e-3
        )
    assert tuned.config["training"]["parent"] == parent.sha256


def test_a_batch_scores_as_each_text_alone(trained: Checkpoint) -> None:
    texts = [
        text_ids(trained.tokenizer, text, 64) for text in ("a great film", "bad", "a dark song")
    ]
    logits, hidden = final_states(trained.model, texts)
    for ids, logit, h in zip(texts, logits, hidden, strict=True):
        alone = read_alone(trained.model, ids)
        assert alone.logits[-1] == pytest.approx(float(logit), abs=1e-5)
        assert torch.allclose(alone.hidden[-1], h, atol=1e-5)


def test_what_the_units_changed_sums_to_the_score(trained: Checkpoint) -> None:
    reading = read_alone(trained.model, text_ids(trained.tokenizer, "a great film", 64))
    moved = changes(trained.model, reading)
    bias = float(trained.model.head.bias)
    assert torch.allclose(moved.sum(1).cumsum(0) + bias, reading.logits, atol=1e-5)


def test_a_unit_held_where_it_is_changes_nothing_and_elsewhere_moves_the_score(
    trained: Checkpoint,
) -> None:
    ids = text_ids(trained.tokenizer, "a great film", 64)
    model = trained.model
    reading = read_alone(model, ids[:1])
    unit = int(unit_weights(model).abs().argmax())
    value = float(reading.hidden[0, unit])
    free = held_scores(model, ids[:1], 1, unit, [value])
    assert free[0, 0] == pytest.approx(float(reading.logits[0]), abs=1e-5)
    low, high = held_scores(model, ids, 1, unit, [-1.0, 1.0])
    rises = bool(unit_weights(model)[unit] > 0)
    assert bool(high[0] > low[0]) is rises
    assert low.shape == (len(ids),)


def test_the_article_is_there_to_the_letter() -> None:
    settings = PRESETS["article-sentiment"]
    assert settings.model.outputs == 1
    assert (settings.model.num_layers, settings.model.hidden_size) == (2, 128)
    assert settings.regularisation.dropout == 0.2
    assert settings.regularisation.embedding_dropout == "off"
    assert settings.labels.batch_texts == 64
    assert settings.optimisation.steps == 10 * settings.execution.evaluate_every
    assert isinstance(settings, TrainingSettings)
