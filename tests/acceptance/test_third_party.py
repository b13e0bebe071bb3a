"""A program that knows only torch, safetensors and tokenizers computes the same memory."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import make_checkpoint

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "docs/examples/replay_chat.py"


def download(client, chat, folder: Path) -> dict:
    turns = client.get(f"/chat/{chat.pk}/turns.json").json()
    (folder / "turns.json").write_text(json.dumps(turns))
    for turn in turns["turns"]:
        for part in ("state", "trace"):
            answer = client.get(f"/turn/{turn['id']}/{part}.safetensors")
            assert answer.status_code == 200
            body = b"".join(answer) if answer.streaming else answer.content
            (folder / f"{turn['id']}.{part}.safetensors").write_bytes(body)
    return turns


def check(checkpoint_folder: Path, folder: Path) -> dict[str, float]:
    # -I: nothing of this repository is importable, so nothing of it can help.
    done = subprocess.run(
        [sys.executable, "-I", EXAMPLE, checkpoint_folder, folder / "turns.json", folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.django_db(transaction=True)
async def test_states_traces_and_greedy_choices_agree_within_the_contract(
    open_socket, alice, chat, checkpoint_folder: Path, tmp_path: Path
) -> None:
    from asgiref.sync import sync_to_async

    socket = await open_socket(alice, chat)
    greedy = {"temperature": 0, "repetition_penalty": 1, "min_tokens": 5, "max_tokens": 40}
    first = (await socket.say("Hello, my name is Clara", **greedy))[-1]
    await socket.say("你好 <|end|> 🙂", max_tokens=30, temperature=1.3)
    await socket.say("what is my name", **greedy)
    # A sibling and a branch: the tree, not the order, says what a turn was fed from.
    await socket.send(
        "turn.edit", client_turn_id=uuid4(), turn=first["turn"], text="I am Bo", sampling=greedy
    )
    await socket.until("turn.finished")
    await socket.say("and now?", max_tokens=12)
    turns = await sync_to_async(download, thread_sensitive=True)(alice.client, chat, tmp_path)
    assert len(turns["turns"]) == 5
    assert len({turn["parent"] for turn in turns["turns"]}) == 4
    worst = check(checkpoint_folder, tmp_path)
    assert worst["turns"] == 5
    assert worst["state"] <= 1e-4
    assert worst["trace"] <= 1e-4
    assert worst["greedy_logit"] <= 0.25


@pytest.mark.django_db(transaction=True)
async def test_it_replays_a_matrix_memory_too(open_socket, alice, tmp_path: Path) -> None:
    from asgiref.sync import sync_to_async

    from memory_app import registry
    from memory_app.models import Chat

    def begin() -> Chat:
        make_checkpoint(tmp_path / "xlstm", cell="xlstm", num_layers=4)
        row = registry.register(tmp_path / "xlstm")
        return Chat.objects.create(owner=alice.person, checkpoint=row)

    chat = await sync_to_async(begin)()
    socket = await open_socket(alice, chat)
    greedy = {"temperature": 0, "repetition_penalty": 1, "min_tokens": 5, "max_tokens": 30}
    await socket.say("Hello, my name is Clara", **greedy)
    await socket.say("what is my name", **greedy)
    await sync_to_async(download, thread_sensitive=True)(alice.client, chat, tmp_path)
    worst = check(tmp_path / "xlstm", tmp_path)
    assert worst["turns"] == 2
    assert max(worst["state"], worst["trace"]) <= 1e-4
    assert worst["greedy_logit"] <= 0.25


@pytest.mark.django_db(transaction=True)
async def test_the_program_notices_a_state_that_is_not_the_replay(
    open_socket, alice, chat, checkpoint_folder: Path, tmp_path: Path
) -> None:
    from asgiref.sync import sync_to_async

    socket = await open_socket(alice, chat)
    await socket.say("one")
    await socket.say("two")
    turns = await sync_to_async(download, thread_sensitive=True)(alice.client, chat, tmp_path)
    changed = json.loads((tmp_path / "turns.json").read_text())
    changed["turns"][0]["user_token_ids"][0] ^= 1
    (tmp_path / "turns.json").write_text(json.dumps(changed))
    assert len(turns["turns"]) == 2
    with pytest.raises(AssertionError):
        check(checkpoint_folder, tmp_path)  # the trace names other ids
    for turn in turns["turns"]:
        (tmp_path / f"{turn['id']}.trace.safetensors").unlink()
    assert check(checkpoint_folder, tmp_path)["state"] > 1e-4
