"""A sound checkpoint's files, changed at random: refused in one sentence, or sound still.

MUTATIONS sets how many; some with every test, a hundred thousand before a release (MUTATION_SEED
repeats a round; `--basetemp` in memory, as /dev/shm, has it done in minutes).
"""

import json
import os
import random
import resource
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memory_app.core.model.checkpoint_format import (
    CONFIG_FILE,
    FILES,
    MODEL_FILE,
    CheckpointError,
    check_folder,
)
from tests.conftest import make_checkpoint

pytestmark = pytest.mark.slow

MUTATIONS = int(os.environ.get("MUTATIONS", "400"))
#: Bytes that may be held at once while one folder of a few dozen kilobytes is looked at, by the
#: system's count and by Python's (of a thousand folders: to count takes longer than to look), and
#: seconds of the processor's time for one.
MEMORY, SECONDS = 200 << 20, 2.0
TRACE_EVERY = 1 + MUTATIONS // 1000
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 1e308, 2**63, 10**400, "", "x", "F64", "\0", "\ud800", [], {}, [[]],
    [1] * 1000, {"a": {}}, [0, 2**64], [-1, 1], "lstm.weight_ih_l0",
)  # fmt: skip


def bytes_changed(rng: random.Random, data: bytes) -> bytes:
    """Flipped, cut, doubled, or with something between."""
    at = rng.randrange(len(data) + 1)
    # The head decides more than the rest: half of the changes fall there.
    if rng.random() < 0.5:
        at = rng.randrange(min(len(data), 4000) + 1)
    match rng.randrange(5):
        case 0:
            return data[:at] + rng.randbytes(1) + data[at + 1 :]
        case 1:
            return data[:at]
        case 2:
            return data[:at] + rng.randbytes(rng.randrange(1, 40)) + data[at:]
        case 3:
            return data[:at] + data[at + rng.randrange(1, 40) :]
        case _:
            return data[:at] + data[max(0, at - 100) :]


def odd_somewhere(rng: random.Random, value: Any) -> Any:
    """The same JSON with one place made odd, renamed or left out."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return rng.choice(ODD)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [*value[:at], odd_somewhere(rng, value[at]), *value[at + 1 :]]
    key = rng.choice(list(value))
    chance = rng.random()
    if chance < 0.1:
        return {name: one for name, one in value.items() if name != key}
    if chance < 0.2:
        return value | {f"{key}{rng.randrange(9)}": value[key]}
    return value | {key: odd_somewhere(rng, value[key])}


def header_changed(rng: random.Random, data: bytes) -> bytes:
    """model.safetensors with another header of the right length."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.dumps(odd_somewhere(rng, json.loads(data[8 : 8 + size]))).encode()
    return struct.pack("<Q", len(header)) + header + data[8 + size :]


def json_changed(rng: random.Random, data: bytes) -> bytes:
    return json.dumps(odd_somewhere(rng, json.loads(data))).encode()


CHANGES: dict[str, list[Callable[[random.Random, bytes], bytes]]] = {
    name: [bytes_changed, header_changed if name == MODEL_FILE else json_changed] for name in FILES
}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path / "small")
    return tmp_path / "small"


def test_whatever_is_changed_is_refused_in_a_sentence_or_sound(sound: Path) -> None:
    seed = int(os.environ.get("MUTATION_SEED", random.randrange(10**6)))
    print(f"MUTATION_SEED={seed}")
    rng = random.Random(seed)
    before = {name: (sound / name).read_bytes() for name in FILES}
    reasons: set[str] = set()
    passed, slowest, most = 0, 0.0, 0
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(MUTATIONS):
        name = rng.choice(FILES)
        (sound / name).write_bytes(rng.choice(CHANGES[name])(rng, before[name]))
        if traced := number % TRACE_EVERY == 0:
            tracemalloc.start()
        began = time.process_time()
        try:
            checked = check_folder(sound)
        except CheckpointError as refused:
            said = str(refused)
            assert said.endswith(".")
            assert "\n" not in said
            assert len(said) < 300
            reasons.add(refused.sentence.template)
        else:
            passed += 1
            json.dumps(checked.config, allow_nan=False)
            assert checked.shape.hidden_size > 0
        finally:
            slowest = max(slowest, time.process_time() - began)
            if traced:
                most = max(most, tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
        (sound / name).write_bytes(before[name])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) << 10
    print(
        f"{MUTATIONS} changes, {passed} of them sound, {len(reasons)} different refusals; "
        f"{slowest:.3f} s and {most:,} bytes at most for one, the process grew by {grown:,}"
    )
    assert slowest < SECONDS
    assert max(most, grown) < MEMORY
    assert check_folder(sound).config == json.loads(before[CONFIG_FILE])
    assert passed < MUTATIONS / 2
    assert len(reasons) > 10
