"""The baseline beside the translation task: the translation of the most similar sentence."""

import json
from pathlib import Path

from benchmarks.quality.translation import measure, nearest
from memory_app.core.tasks.translation.texts import TO_CHINESE, TO_ENGLISH, Example, Pair
from tests.core.tasks.test_translation import rows

TRAIN = [
    Pair("The cat sees the dog.", "猫看见狗。"),
    Pair("The bird hears the fish.", "鸟听见鱼。"),
]


def test_it_answers_with_the_translation_of_the_most_similar_sentence() -> None:
    asked = [Pair("A bird hears a fish.", "一只鸟听见鱼。"), Pair("The cats see dogs.", "猫看狗。")]
    for direction, answers in (
        (TO_CHINESE, ["鸟听见鱼。", "猫看见狗。"]),
        (TO_ENGLISH, ["The bird hears the fish.", "The cat sees the dog."]),
    ):
        assert nearest(TRAIN, [Example(p, direction, None, 0) for p in asked], direction) == answers


def test_its_figures_stand_beside_the_checkpoints(
    translation_folders: dict[str, Path], tmp_path: Path
) -> None:
    files = []
    for name, part in (("pairs.train", 1), ("pairs.test", 0)):
        lines = [
            json.dumps({"messages": [{"content": text} for _, text in row]}) for row in rows(part)
        ]
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text("\n".join(lines), "utf-8")
    result = measure(translation_folders["off"], files[:1], files[1:])
    baseline = result["baselines"]["nearest"]
    assert baseline["n"] == result["n"] == 2 * len(rows(0))
    assert 0 < baseline["chrf"] < 100
