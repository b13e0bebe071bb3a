import asyncio
import threading
from types import SimpleNamespace

import pytest
import torch

from memory_app.core.engine.async_engine import AsyncEngine
from memory_app.core.engine.scheduler import EngineFull
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling
from tests.core.engine.small import events_of, make_engine, make_model, make_request, run


@pytest.fixture
def engines(checkpoint):
    """Makes engines and stops them; each loads the small checkpoint unless told otherwise."""
    made = []

    def make(load=lambda key: checkpoint, **options):
        made.append(AsyncEngine(load, dtype=torch.float32, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()


def _submit(engine, model, number=0, key="small", **settings):
    request = make_request(model, number, **settings)
    return engine.submit(key, request.prompt_ids, request.state, request.sampling)


def _expected(model, number, **settings):
    request = make_request(model, number, **settings)
    return [event.token_id for event in events_of(run(make_engine(model), [request]), request)]


async def _read(stream):
    return [event.token_id async for event in stream]


async def _until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_many_streams_at_once_each_give_their_own_reply(engines, model):
    engine = engines(max_batch=8)
    streams = [_submit(engine, model, number, max_tokens=30) for number in range(20)]
    replies = await asyncio.gather(*map(_read, streams))
    for number, reply in enumerate(replies):
        assert reply == _expected(model, number, max_tokens=30)
        assert streams[number].finish_reason in {"length", "loop"}
    assert engine.stats()["open"] == 0
    assert engine.stats()["tokens"] == sum(map(len, replies))


async def test_a_reader_that_stopped_reading_delays_nobody_and_misses_nothing(engines, model):
    engine = engines()
    slow = _submit(engine, model, 1, max_tokens=300, min_tokens=300)
    first = await anext(slow)
    for number in range(2, 5):
        assert await _read(_submit(engine, model, number)) == _expected(model, number)
    await _until(lambda: slow.finish_reason is not None)
    assert len(slow.events) == 300
    assert [first.token_id, *await _read(slow)] == [event.token_id for event in slow.events]


async def test_a_cancelled_reply_stops_with_what_was_put_out(engines, model):
    engine = engines()
    stream = _submit(engine, model, 1, max_tokens=512, min_tokens=512)
    tokens = []
    async for event in stream:
        tokens.append(event.token_id)
        if len(tokens) == 5:
            stream.cancel()
    assert stream.finish_reason == "stopped"
    assert 5 <= len(tokens) < 512
    assert tokens == [event.token_id for event in stream.events]
    assert tokens == _expected(model, 1, max_tokens=512, min_tokens=512)[: len(tokens)]
    stream.cancel()  # after the end, nothing
    assert await _read(_submit(engine, model, 2)) == _expected(model, 2)


async def test_nothing_starts_before_it_is_asked_for_and_stop_is_always_allowed(engines):
    engine = engines()
    engine.stop()
    assert engine.stats() == {"alive": True, "started": False, "open": 0, "running": 0, "models": 0}
    assert "engine" not in {thread.name for thread in threading.enumerate()}


async def test_stop_fails_every_stream_and_the_next_submit_starts_again(engines, model):
    engine = engines(max_batch=2)
    for _ in range(3):
        streams = [
            _submit(engine, model, number, max_tokens=512, min_tokens=512) for number in range(5)
        ]
        await anext(streams[0])
        await asyncio.to_thread(engine.stop)
        for stream in streams:
            assert [event.token_id for event in stream.events][1:] == (await _read(stream))[
                0 if stream is streams[0] else 1 :
            ]
            assert stream.finish_reason == "failed"
        assert "engine" not in {thread.name for thread in threading.enumerate()}
        assert await _read(_submit(engine, model, 7)) == _expected(model, 7)


async def test_a_checkpoint_that_does_not_load_fails_its_replies_and_is_tried_again(
    engines, model, checkpoint
):
    calls = []

    def load(key):
        calls.append(key)
        if len(calls) == 1:
            raise ValueError("not today")
        return checkpoint

    engine = engines(load)
    first = _submit(engine, model, 1)
    assert (await _read(first), first.finish_reason) == ([], "failed")
    assert await _read(_submit(engine, model, 1)) == _expected(model, 1)
    assert calls == ["small", "small"]


async def test_a_slow_load_holds_up_only_those_who_wait_for_it(engines, model, checkpoint):
    ready = threading.Event()

    def load(key):
        if key == "slow":
            ready.wait(20)
        return checkpoint

    engine = engines(load)
    waiting = [_submit(engine, model, number, key="slow") for number in (1, 2, 3)]
    assert await _read(_submit(engine, model, 4)) == _expected(model, 4)
    waiting[1].cancel()
    assert (await _read(waiting[1]), waiting[1].finish_reason) == ([], "stopped")
    ready.set()
    assert await _read(waiting[0]) == _expected(model, 1)
    assert await _read(waiting[2]) == _expected(model, 3)


async def test_the_least_recently_used_idle_checkpoint_is_dropped(engines, model, checkpoint):
    loads = []

    def load(key):
        loads.append(key)
        return checkpoint

    engine = engines(load, max_models=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        await _read(_submit(engine, model, 1, key=key))
    assert loads == ["a", "b", "c", "b"]  # c took b's place, since a was used later
    busy = _submit(engine, model, 1, key="a", max_tokens=512, min_tokens=512)
    await anext(busy)
    await _read(_submit(engine, model, 1, key="d"))
    await _read(_submit(engine, model, 1, key="e"))
    assert len(await _read(busy)) == 511
    await _until(lambda: engine.stats()["models"] == 2)


async def test_replies_on_two_checkpoints_run_side_by_side(engines, model):
    other = make_model(seed=5)
    tokenizer = SimpleNamespace(user_id=0, bot_id=1, end_id=2)
    models = {
        "one": SimpleNamespace(model=model, tokenizer=tokenizer),
        "two": SimpleNamespace(model=other, tokenizer=tokenizer),
    }
    engine = engines(models.__getitem__)
    one = _submit(engine, model, 3, key="one")
    two = _submit(engine, other, 3, key="two")
    assert await _read(one) == _expected(model, 3)
    assert await _read(two) == _expected(other, 3) != _expected(model, 3)


async def test_one_wake_up_of_the_loop_a_step_however_many_streams(engines, model, monkeypatch):
    loop = asyncio.get_running_loop()
    wakes = []
    schedule = loop.call_soon_threadsafe

    def counted(callback, *args, **options):
        if threading.current_thread().name == "engine":
            wakes.append(args)
        return schedule(callback, *args, **options)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted, raising=False)
    engine = engines()
    streams = [_submit(engine, model, n, max_tokens=40, min_tokens=40) for n in range(10)]
    await asyncio.gather(*map(_read, streams))
    assert len(wakes) <= engine.stats()["steps"]
    assert engine.stats()["tokens"] == 400
    assert engine.stats()["steps"] < 100


async def test_a_loop_that_is_gone_takes_its_replies_with_it(engines, model):
    engine = engines()

    def elsewhere():
        async def ask():
            stream = _submit(engine, model, 1, max_tokens=512, min_tokens=512)
            await anext(stream)

        asyncio.run(ask())

    await asyncio.to_thread(elsewhere)
    await _until(lambda: engine.stats()["open"] == 0)
    assert await _read(_submit(engine, model, 2)) == _expected(model, 2)


async def test_two_loops_are_served_by_one_engine(engines, model):
    engine = engines()

    def elsewhere():
        async def ask():
            return await _read(_submit(engine, model, 1))

        return asyncio.run(ask())

    here = asyncio.create_task(_read(_submit(engine, model, 2)))
    assert await asyncio.to_thread(elsewhere) == _expected(model, 1)
    assert await here == _expected(model, 2)


async def test_too_many_open_replies_are_refused_and_room_comes_back(engines, model):
    engine = engines(max_batch=1, max_waiting=2)
    streams = [_submit(engine, model, number) for number in range(3)]
    with pytest.raises(EngineFull):
        _submit(engine, model, 4)
    await asyncio.gather(*map(_read, streams))
    assert await _read(_submit(engine, model, 4)) == _expected(model, 4)


async def test_the_last_places_are_for_those_who_have_none(engines, model):
    engine = engines(max_batch=1, max_waiting=15)

    def ask(number, group):
        request = make_request(model, number)
        return engine.submit("small", request.prompt_ids, request.state, request.sampling, group)

    streams = [ask(number, "many") for number in range(14)]
    with pytest.raises(EngineFull):
        ask(14, "many")
    streams += [ask(15, "a stranger"), ask(16, "another")]
    with pytest.raises(EngineFull):
        ask(17, "too late")
    await asyncio.gather(*map(_read, streams))


async def test_a_request_that_does_not_fit_the_checkpoint_fails_alone(engines, model):
    engine = engines()
    wrong = engine.submit(
        "small", [5], State.of_parts(h=torch.zeros(1, 1, 4), c=torch.zeros(1, 1, 4)), Sampling()
    )
    assert (await _read(wrong), wrong.finish_reason) == ([], "failed")
    assert await _read(_submit(engine, model, 1)) == _expected(model, 1)


async def test_a_thread_that_died_is_replaced(engines, model, monkeypatch):
    engine = engines()
    await _read(_submit(engine, model, 1))
    monkeypatch.setattr(engine._thread, "_step", lambda: 1 / 0)
    stream = _submit(engine, model, 2)
    assert (await _read(stream), stream.finish_reason) == ([], "failed")
    await _until(lambda: not engine.stats()["alive"])
    assert await _read(_submit(engine, model, 2)) == _expected(model, 2)
    assert engine.stats()["alive"]
