"""Whatever is no message gets an `error`, and the socket stays open."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from memory_app.models import Turn
from memory_app.protocol import CLIENT_TYPES, encode, parse
from memory_app.refusal import Refused

KEY = "7b0c9a52-6c1a-4f4e-9d43-1f3f3c9b1a11"
OK = {"type": "turn.send", "client_turn_id": KEY, "text": "Hi"}


def _send(**fields: object) -> str:
    return json.dumps(OK | fields)


def _sampling(**fields: object) -> str:
    return json.dumps(OK | {"sampling": fields})


def _without(name: str) -> str:
    return json.dumps({key: value for key, value in OK.items() if key != name})


NOT_IDS = [
    None, 1, 1.5, True, [], {}, "", "x", "0", KEY[:-1], KEY + "0", KEY.replace("-", ""),
    "{" + KEY + "}", "urn:uuid:" + KEY, KEY.replace("-", "_"), " " + KEY, KEY + "\n",
    KEY.replace("7", "７"), "g" + KEY[1:],
]  # fmt: skip
FRAMES = {
    "invalid": [
        "", " ", "\0", "hello", "{", "}", "[", "[]", "[[]]", "null", "true", "0", "1e999", '"x"',
        "NaN", "-Infinity", "{}", '{"type":NaN}', '{"type":Infinity}', '{"type":}', "{'type':1}",
        '{"type":"ping"', '{"type":"ping"}}', '{"type":"ping"} {"type":"ping"}', "\ufeff{}",
        "1" * 5000, '{"type":' + "1" * 5000 + "}", '{"type":"turn.send","text":' + "9" * 5000 + "}",
        "[" * 30_000, "[" * 30_000 + "]" * 30_000, '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"type":1}', '{"type":null}', '{"type":[]}', '{"type":{}}', '{"type":true}',
        '{"Type":"ping"}', '{"type ":"ping"}',
        *(_send(client_turn_id=value) for value in NOT_IDS), _without("client_turn_id"),
        *(_send(text=value) for value in (None, 1, True, [], {}, "", "\0", "a\0b")),
        _without("text"),
        *(_send(text=value) for value in ("\ud800", "a\udfffb", "\udc00\ud800")),
        *(_send(sampling=value) for value in (1, "x", True, [], [1])),
        *(_send(hold=value) for value in (1, "x", True, [], {"freeze": {}}, {"bias": 1})),
        *(_sampling(temperature=value) for value in (-1, 2.1, "1", True, None, [], 10**400)),
        *(_sampling(top_k=value) for value in (-1, 1001, 1.5, "1", False)),
        *(_sampling(top_p=value) for value in (0, -0.1, 1.1, "1", True)),
        *(_sampling(min_p=value) for value in (1, -0.1, "0", False)),
        *(_sampling(repetition_penalty=value) for value in (0.9, 2.1, "1", True)),
        *(_sampling(min_tokens=value) for value in (-1, 513, 1.5, True)),
        *(_sampling(max_tokens=value) for value in (0, 513, 2.5, "3", True)),
        *(_sampling(seed=value) for value in (-1, 2**53, 0.5, "1", True)),
        _sampling(unknown=1), _send().replace("}", ',"sampling":{"temperature":NaN}}'),
        _send().replace("}", ',"sampling":{"temperature":1e999}}'),
        *(json.dumps({"type": "turn.stop", "turn": value}) for value in NOT_IDS),
        '{"type":"turn.stop"}', '{"type":"memory.goto"}', '{"type":"turn.regenerate"}',
        '{"type":"memory.goto","turn":0}', '{"type":"memory.goto","turn":"null"}',
        *(
            json.dumps({"type": "stream.resume", "turn": KEY, "after": value})
            for value in (None, "0", 0.0, True, -2, 2**31, 10**400, [])
        ),
        json.dumps({"type": "stream.resume", "turn": KEY}),
        json.dumps({"type": "turn.edit", "client_turn_id": KEY, "turn": KEY}),
        json.dumps({"type": "turn.regenerate", "client_turn_id": KEY}),
    ],
    "unknown_type": [
        '{"type":""}', '{"type":"Ping"}', '{"type":"ping "}', '{"type":"turn.finished"}',
        '{"type":"turn_send"}', '{"type":"memory.dream"}', '{"type":"memory.paint"}',
        '{"type":"websocket.receive"}', '{"type":"__class__"}', '{"type":"receive"}',
        '{"type":"turn.started","frame":{"turn":"x"}}',
    ],
    "too_long": [
        _send(text="a" * 4001), _send(text="🐈" * 4001), " " * 65_537, "[" * 100_000,
        *('{"type":"ping","pad":"' + pad + '"}' for pad in ("x" * 65_536, "é" * 40_000)),
    ],
    "not_found": [
        json.dumps({"type": "turn.stop", "turn": KEY}),
        json.dumps({"type": "memory.goto", "turn": KEY}),
        json.dumps({"type": "stream.resume", "turn": KEY, "after": -1}),
        json.dumps({"type": "turn.regenerate", "client_turn_id": KEY, "turn": KEY}),
        json.dumps({"type": "turn.edit", "client_turn_id": KEY, "turn": KEY, "text": "x"}),
    ],
}  # fmt: skip


def test_there_are_enough_of_them():
    assert sum(len(frames) for frames in FRAMES.values()) >= 150


@pytest.mark.django_db(transaction=True)
async def test_every_malformed_frame_gets_its_error_and_the_socket_stays_open(
    open_socket, alice, chat, caplog
):
    socket = await open_socket(alice, chat)
    for code, frames in FRAMES.items():
        for frame in frames:
            await socket.send_text(frame)
            answer = await socket.next()
            told = (frame[:80], answer)
            assert answer["type"] == "error", told
            assert answer["code"] == code, told
            assert answer["detail"], told
            known = f'"client_turn_id": "{KEY}"' in frame and code != "too_long"
            if known or (code == "too_long" and len(frame) < 65_536 and KEY in frame):
                assert answer["client_turn_id"] == KEY, told
            else:
                assert answer.keys() == {"type", "code", "detail"}, told
    for data in (b"", b"\0", b"\xff\xfe", json.dumps(OK).encode(), b"x" * 200_000):
        await socket.send_bytes(data)
        assert (await socket.next())["code"] == "invalid"
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"
    assert await Turn.objects.acount() == 0
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.django_db(transaction=True)
async def test_a_handler_that_breaks_is_told_of_and_the_socket_stays_open(
    open_socket, alice, chat, monkeypatch
):
    from memory_app import services

    def broken(**_facts):
        raise RuntimeError("this is a test")

    monkeypatch.setattr(services, "turn_begin", broken)
    socket = await open_socket(alice, chat)
    key = str(uuid4())
    await socket.send("turn.send", client_turn_id=key, text="Hi")
    answer = await socket.next()
    assert (answer["code"], answer["client_turn_id"]) == ("unavailable", key)
    assert "test" not in answer["detail"]
    await socket.send("ping")
    assert (await socket.next())["type"] == "pong"


@pytest.mark.django_db(transaction=True)
async def test_details_are_in_the_language_of_the_page(open_socket, alice, chat):
    german = [(b"accept-language", b"de-DE, xx;q=0.9"), (b"cookie", b"django_language=../../x")]
    for headers in ([], german):
        socket = await open_socket(alice, chat, headers=headers)
        await socket.send_text("{")
        assert (await socket.next())["detail"] == "The message isn't JSON."


@pytest.mark.django_db(transaction=True)
async def test_the_core_is_refusing_in_the_language_of_the_page(open_socket, alice, chat):
    """Sampling settings are looked at by the core, which says why in English."""
    said = []
    for language in (b"en", b"zh-hans"):
        socket = await open_socket(alice, chat, headers=[(b"accept-language", language)])
        await socket.send_text(_sampling(temperature=9))
        said.append((await socket.next())["detail"])
    assert said == ["temperature must be a number from 0 to 2.", "temperature 必须是 0 到 2 的数。"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(KEY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(CLIENT_TYPES) | st.text()},
    optional=dict.fromkeys(
        ("client_turn_id", "text", "turn", "after", "sampling", "hold"), json_values
    ),
)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | messages.map(json.dumps) | json_values.map(json.dumps))
def test_parsing_gives_a_whole_message_or_a_refusal_and_nothing_else(frame):
    try:
        message = parse(frame)
    except Refused:
        return
    assert message["type"] in CLIENT_TYPES
    for name in ("client_turn_id", "turn"):
        assert isinstance(message.get(name), UUID | None)
    if "text" in message:
        assert 1 <= len(message["text"]) <= 4000
        encode({"type": "error", "code": "invalid", "detail": message["text"]}).encode()


@given(
    st.text(
        min_size=1, max_size=4000, alphabet=st.characters(exclude_characters="\0", codec="utf-8")
    )
)
def test_any_text_of_whole_characters_passes_unchanged(text):
    message = parse(json.dumps(OK | {"text": text}, ensure_ascii=False))
    assert message["text"] == text
    assert (
        json.loads(encode({"type": "error", "code": "invalid", "detail": text}))["detail"] == text
    )
