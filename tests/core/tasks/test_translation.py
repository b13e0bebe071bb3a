"""The translation task: what it reads and writes, its figures, and attention beside the state."""

import json
import random
from itertools import product
from pathlib import Path

import pytest
import torch

from memory_app.core.data.dialogues import Source
from memory_app.core.initialisation.cooccurrence import place_cooccurrence
from memory_app.core.initialisation.initial_model import new_model
from memory_app.core.model.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from memory_app.core.model.config import ConfigError, ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import PRESETS, SettingsError, TrainingSettings
from memory_app.core.tasks import TRANSLATION
from memory_app.core.tasks.translation.batches import Epochs
from memory_app.core.tasks.translation.figures import figures_of, length_group, translated
from memory_app.core.tasks.translation.reading import influence, read
from memory_app.core.tasks.translation.texts import (
    TO_CHINESE,
    TO_ENGLISH,
    Example,
    Pair,
    direction_id,
    direction_of,
    examples,
    pairs_of,
    source_ids,
    valid_examples,
)
from memory_app.core.tasks.translation.writing import translations
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.loss import token_nll, window_loss
from memory_app.core.training.run import run
from memory_app.core.training.run_tokenizer import learn_tokenizer
from memory_app.core.training.trainer import TrainingError
from tests.core.training.test_trainer import Curve

_ANIMALS = {"cat": "猫", "dog": "狗", "bird": "鸟", "fish": "鱼", "horse": "马"}
_VERBS = {"sees": "看见", "likes": "喜欢", "hears": "听见"}


def rows(part: int) -> list[list[tuple[str, str]]]:
    """A toy language's sentences: part 0, a seventh of them, is held out."""
    every = list(product(_ANIMALS, _VERBS, _ANIMALS))
    random.Random(3).shuffle(every)
    chosen = every[:12] if part == 0 else every[12:]
    return [
        [
            ("user", f"The {a} {v} the {b}."),
            ("bot", f"{_ANIMALS[a]}{_VERBS[v]}{_ANIMALS[b]}。"),
        ]
        for a, v, b in chosen
    ]


SOURCE = Source("pairs", rows(1), rows(0))
SETTINGS = PRESETS["translation"].changed(
    {
        "vocab_size": 330,
        "embedding_dim": 24,
        "hidden_size": 48,
        "steps": 220,
        "warmup": 5,
        "evaluate_every": 110,
        "batch_tokens": 512,
        "learning_rate": 2e-2,
        "dropout": 0.0,
        "save_every": 10,
        "precision": "float32",
        "average_from": 1.0,
    }
)


@pytest.fixture(scope="module", params=["off", "on"])
def trained(translation_folders: dict[str, Path], request: pytest.FixtureRequest) -> Checkpoint:
    return load_checkpoint(translation_folders[request.param])


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return learn_tokenizer(SETTINGS, [SOURCE])


def held_out(checkpoint: Checkpoint) -> list[Example]:
    return valid_examples(checkpoint.tokenizer, [SOURCE], 99)["pairs"]


def test_a_row_is_a_pair_whichever_language_comes_first() -> None:
    pair = [("user", "I see."), ("bot", "我看见了。")]
    turned = [("user", "我看见了。"), ("bot", "I see.")]
    others = [[("user", "a"), ("bot", "b")], [("user", "你"), ("bot", "我")], [*pair, *pair]]
    assert pairs_of([pair, turned, *others]) == [Pair("I see.", "我看见了。")] * 2


def test_the_direction_is_told_by_the_script() -> None:
    assert direction_of("我喜欢 books") == TO_ENGLISH
    assert direction_of("I like books") == TO_CHINESE


def test_a_source_is_fed_behind_its_direction_and_only_the_target_is_guessed(
    tokenizer: Tokenizer,
) -> None:
    pair = Pair("The cat sees the dog.", "猫看见狗。")
    for direction in (TO_CHINESE, TO_ENGLISH):
        (row,) = examples(tokenizer, [pair], direction, 99)
        assert row.source_ids == source_ids(tokenizer, pair.source(direction), direction)
        assert row.source_ids[:2] == [tokenizer.user_id, direction_id(tokenizer, direction)]
        assert row.source_ids[-2:] == [tokenizer.end_id, tokenizer.bot_id]
        assert tokenizer.decode(row.ids[row.start :]).strip() == pair.target(direction)
        weights = row.encoded().weights
        assert weights.tolist() == [0.0] * row.start + [1.0] * (len(row.ids) - row.start)
    assert examples(tokenizer, [pair], TO_CHINESE, 8) == []


def test_no_text_can_hold_a_direction(tokenizer: Tokenizer) -> None:
    marks = {direction_id(tokenizer, name) for name in (TO_CHINESE, TO_ENGLISH)}
    assert len(marks) == 2
    assert not marks & set(tokenizer.encode("\ufffe\uffff þÿ \\xfe 猫"))


def test_a_chinese_character_is_a_piece_of_its_own(tokenizer: Tokenizer) -> None:
    texts = [tokenizer.decode([token_id]) for token_id in tokenizer.encode("猫喜欢狗。")]
    assert texts == ["猫", "喜", "欢", "狗", "。"]
    assert [tokenizer.decode([i]) for i in tokenizer.encode(" The cat")] == [" The", " cat"]


def test_an_epoch_has_each_pair_in_both_directions(tokenizer: Tokenizer) -> None:
    epochs = Epochs(SETTINGS, [Source("pairs", SOURCE.train, weight=1.5)], tokenizer)
    batches = epochs.pool(2, 0.0)
    assert sum(len(batch.ids) for batch in batches) == 3 * len(SOURCE.train)
    again = epochs.pool(2, 0.7)
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(batches, again, strict=True))
    with pytest.raises(TrainingError, match="no pairs"):
        Epochs(SETTINGS, [Source("talk", [[("user", "a"), ("bot", "b")]])], tokenizer)


def test_some_english_sources_are_read_as_people_type_them(tokenizer: Tokenizer) -> None:
    typed = Epochs(SETTINGS.changed({"untidy": 1}), [SOURCE], tokenizer)
    texts = [tokenizer.decode(row) for batch in typed.pool(0, 0.0) for row in batch.ids.tolist()]
    assert not any("The" in text.partition("。")[0] and text.endswith("。") for text in texts)
    assert any(text.endswith(" the cat.") or " The " in text for text in texts)


def test_embeddings_begin_near_those_of_translations(tokenizer: Tokenizer) -> None:
    model = new_model(SETTINGS, tokenizer.vocab_size)
    place_cooccurrence(model, SETTINGS, [SOURCE], tokenizer)
    unit = torch.nn.functional.normalize(model.embedding.weight.detach(), dim=1)
    (cat,), (bird,) = tokenizer.encode(" likes"), tokenizer.encode(" hears")
    (zh,) = tokenizer.encode("喜")
    assert unit[cat] @ unit[zh] > unit[bird] @ unit[zh]


def test_it_learns_and_says_how_well(trained: Checkpoint) -> None:
    figures = TRANSLATION.metrics(trained, [SOURCE])
    assert figures["n"] == 2 * len(SOURCE.valid)
    assert figures["chrf"] > 80
    assert {"chrf", "bleu", "by_length", "n"} <= figures.keys()
    (group,) = figures["by_length"]
    assert (group["words"], group["chrf"]) == ("5-8", pytest.approx(figures["chrf"]))
    own = figures["directions"][TO_ENGLISH]
    assert own["chrf_interval"][0] <= own["chrf"] <= own["chrf_interval"][1]
    assert own["short"]["n"] == own["n"] == len(SOURCE.valid)
    two = TRANSLATION.metrics(trained, [SOURCE, Source("more", [], SOURCE.valid[:2])])
    assert two["per_source"]["more"]["n"] == 4
    assert two["per_source"]["pairs"]["chrf"] == pytest.approx(figures["chrf"])
    assert TRANSLATION.metrics(trained, []) == {}


def test_lengths_are_grouped_by_the_english_words() -> None:
    assert [length_group(n) for n in (0, 4, 5, 8, 20, 21, 400)] == [
        *("1-4", "1-4", "5-8", "5-8", "13-20", "21+", "21+")
    ]


def test_the_reference_itself_scores_a_hundred(trained: Checkpoint) -> None:
    rows = held_out(trained)
    figures = figures_of(rows, [row.pair.target(row.direction) for row in rows])
    assert figures["chrf"] == pytest.approx(100)


def test_translations_side_by_side_are_those_of_each_alone(trained: Checkpoint) -> None:
    sources = [row.source_ids for row in held_out(trained)]
    for beam in (1, 3):
        together = translations(trained.model, trained.tokenizer, sources, beam=beam)
        alone = [translations(trained.model, trained.tokenizer, [s], beam=beam)[0] for s in sources]
        assert together == alone


def test_greedy_is_the_likeliest_id_at_each_place(trained: Checkpoint) -> None:
    source = held_out(trained)[0].source_ids
    (written,) = translations(trained.model, trained.tokenizer, [source], beam=1)
    target = [*written, trained.tokenizer.end_id]
    reading = read(trained.model, source, target)
    assert [likely[0][0] for likely in reading.likely] == target


def test_a_wider_beam_finds_nothing_less_likely(trained: Checkpoint) -> None:
    model, end = trained.model, trained.tokenizer.end_id
    rows = held_out(trained)
    bits = []
    for beam in (1, 4):
        found = translations(model, trained.tokenizer, [r.source_ids for r in rows], beam=beam)
        every = zip(rows, found, strict=True)
        read_bits = [read(model, row.source_ids, [*ids, end]).bits for row, ids in every]
        bits.append(sum(float(own.mean()) for own in read_bits))
    assert bits[1] <= bits[0] + 1e-4


def test_a_reading_says_what_the_run_was_trained_on(trained: Checkpoint) -> None:
    model = trained.model
    row = held_out(trained)[1]
    target = row.ids[row.start :].tolist()
    reading = read(model, row.source_ids, target)
    ids = torch.tensor(row.ids, dtype=torch.long)[None]
    weights = torch.from_numpy(row.encoded().weights)[None]
    hidden = model.hidden_at
    nll = token_nll(model, compiled=False)
    window = (ids[:, :-1], ids[:, 1:], weights[:, 1:])
    total, _ = window_loss(hidden, nll, *window, None, model.attention)
    assert float(reading.bits.sum()) * 0.6931471806 == pytest.approx(float(total), abs=1e-4)
    assert reading.path.shape == (len(row.ids) + 1, 2)
    assert reading.change.shape == (len(row.ids),)
    if model.attention is None:
        assert reading.attention is None
        assert reading.by_attention is None
    else:
        assert reading.attention is not None
        assert reading.attention.shape == (len(target), row.start - 1)
        assert torch.allclose(reading.attention.sum(1), torch.ones(len(target)))


def test_a_word_that_is_left_out_takes_its_translation_with_it(trained: Checkpoint) -> None:
    tokenizer = trained.tokenizer
    source = source_ids(tokenizer, "The cat likes the dog.", TO_CHINESE)
    target = [*tokenizer.encode("猫喜欢狗。"), tokenizer.end_id]
    spans = [(place, place + 1) for place in range(2, len(source) - 2)]
    found = influence(trained.model, source, target, spans)
    assert found.shape == (len(spans), len(target))
    places = [tokenizer.decode([source[first]]) for first, _ in spans]
    assert places[int(found[:, 0].argmax())] == " cat"
    assert places[int(found[:, 1].argmax())] == " likes"


def test_attention_changes_no_state(translation_folders: dict[str, Path]) -> None:
    loaded = load_checkpoint(translation_folders["on"])
    plain = LanguageModel(ModelConfig.from_dict({**loaded.config, "attention": False})).eval()
    kept = {k: v for k, v in loaded.model.state_dict().items() if not k.startswith("attention.")}
    plain.load_state_dict(kept)
    ids = torch.tensor([source_ids(loaded.tokenizer, "The cat sees the dog.", TO_CHINESE)])
    outputs, state = loaded.model.hidden(ids)
    same, other = plain.hidden(ids)
    assert torch.equal(outputs, same)
    assert all(map(torch.equal, state.tensors(), other.tensors()))
    names = {name for name in loaded.model.state_dict() if name.startswith("attention.")}
    assert names == {f"attention.{part}.weight" for part in ("query", "key", "value")}


def test_attention_can_be_added_to_a_state_that_is_trained(
    translation_folders: dict[str, Path], tmp_path: Path
) -> None:
    settings = SETTINGS.changed({"attention": "on", "steps": 1, "learning_rate": 1e-7})
    parent = translation_folders["off"]
    result = run(TRANSLATION, settings, [SOURCE], tmp_path, start_from=parent)
    assert result.checkpoint is not None
    before, after = load_checkpoint(parent), load_checkpoint(result.checkpoint)
    assert after.model.attention is not None
    kept = after.model.state_dict()
    for name, tensor in before.model.state_dict().items():
        assert torch.allclose(kept[name], tensor, atol=1e-4)


def test_a_config_without_attention_is_as_before() -> None:
    config = ModelConfig(300, 8, 8, 1)
    assert "attention" not in config.to_dict()
    assert ModelConfig.from_dict(config.to_dict()) == config
    with pytest.raises(ConfigError, match="true or false"):
        ModelConfig.from_dict({**config.to_dict(), "attention": 1})
    with pytest.raises(ConfigError, match="where outputs is given"):
        ModelConfig(300, 8, 8, 1, outputs=1, tied=False, attention=True)


def test_attention_is_for_translation_alone(
    translation_folders: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="translation only"):
        TrainingSettings().changed({"attention": "on"})
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes((translation_folders["on"] / name).read_bytes())
    config = json.loads((translation_folders["on"] / "config.json").read_text("utf-8"))
    del config["task"]
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(CheckpointError, match="translation only"):
        load_checkpoint(tmp_path)


def test_the_whole_text_comes_out(trained: Checkpoint) -> None:
    rows = held_out(trained)
    outputs = translated(trained.model, trained.tokenizer, rows, beam=1)
    right = sum(o == r.pair.target(r.direction) for o, r in zip(outputs, rows, strict=True))
    assert right > len(rows) / 2


@pytest.mark.parametrize("attention", ["off", "on"])
def test_a_run_that_was_broken_off_ends_in_the_same_weights(attention: str, tmp_path: Path) -> None:
    short = SETTINGS.changed({"steps": 40, "attention": attention, "dropout": 0.1})
    whole = run(TRANSLATION, short, [SOURCE], tmp_path / "whole")
    part = run(TRANSLATION, short, [SOURCE], tmp_path / "part", [Curve(stop_at=25)])
    assert not part.finished
    rest = run(TRANSLATION, short, [SOURCE], tmp_path / "part", resume=True)
    assert rest.sha256 == whole.sha256
