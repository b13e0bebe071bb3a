"""Who is fed next, by counting tokens: no model, no clock."""

import pytest
import torch

from memory_app.core.cells.hold import Hold
from memory_app.core.engine.request import Request, Status
from memory_app.core.engine.scheduler import PATIENCE, Scheduler
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

BLANK = State.of_parts(h=torch.zeros(1, 1, 1), c=torch.zeros(1, 1, 1))
SLICE = 16
LONGEST = 2048


class Stub:
    """Steps a scheduler as an engine does, and samples nothing but a count."""

    def __init__(self, max_batch=64, max_waiting=256):
        self.scheduler = Scheduler(max_batch, max_waiting, SLICE)
        self.number = 0
        self.ended = []

    def add(self, prompt, *, reply=20, group=None, address=None, hold=None):
        self.number += 1
        sampling = Sampling(max_tokens=reply)
        request = Request(self.number, [5] * (prompt + 1), BLANK, sampling, group, address, hold)
        self.scheduler.add(request)
        return request

    def step(self):
        """One step; returns the (request, tokens) fed in each slice of it."""
        fed = []
        self.scheduler.begin_step()
        while (chosen := self.scheduler.next_slice())[0]:
            requests, length = chosen
            assert length > 0 or any(not request.prefill_left for request in requests)
            for request in requests:
                request.fed += length
                fed.append((request, length))
                assert request.prefill_left >= 0
                if not request.prefill_left:
                    self.scheduler.promote(request)
        for row, request in enumerate(list(self.scheduler.running)):
            assert len(self.scheduler.running) <= self.scheduler.max_batch
            assert self.scheduler.running[row].row == row
            request.reply_ids.append(7)
        for request in [r for r in self.scheduler.running if self.is_done(r)]:
            self.scheduler.finish(request, "length")
            self.ended.append(request)
        return fed

    @staticmethod
    def is_done(request):
        return len(request.reply_ids) > request.sampling.max_tokens

    def steps_until(self, condition, most=10_000):
        count = 0
        while not condition():
            self.step()
            count += 1
            assert count < most
        return count


def first_token(request):
    return lambda: not request.is_new


@pytest.mark.parametrize("groups", [[None] * 16, ["one person"] * 16, range(16)])
@pytest.mark.parametrize("streams", [0, 5])
def test_a_short_prompt_is_not_behind_sixteen_of_the_longest(groups, streams):
    alone = Stub()
    alone_steps = alone.steps_until(first_token(alone.add(4)))
    stub = Stub()
    for _ in range(streams):
        stub.add(4, reply=512)
    for group in groups:
        stub.add(LONGEST, group=group)
    for before in range(30):
        if before >= 10:
            short = stub.add(4, group="another")
            fed_beside = []
            steps = 0
            while short.is_new:
                fed_beside += [n for request, n in stub.step() if request is not short]
                steps += 1
            assert steps == alone_steps
            # One slice may come first because its prompt was passed over; no more than that.
            assert sum(fed_beside) <= SLICE * 2
        else:
            stub.step()


def test_the_longest_prompt_is_read_while_short_ones_never_cease():
    stub = Stub()
    long = stub.add(LONGEST)
    steps = 0
    while long.status is Status.PREFILL:
        stub.add(10, reply=3)
        stub.add(SLICE, reply=3)
        stub.step()
        steps += 1
        assert long.passed_over <= PATIENCE + 1
        assert steps <= (PATIENCE + 2) * LONGEST / SLICE
    stub.steps_until(lambda: long in stub.ended)


@pytest.mark.parametrize("max_batch", [1, 2])
def test_neither_does_it_starve_where_rows_are_few(max_batch):
    stub = Stub(max_batch=max_batch, max_waiting=100_000)
    long = stub.add(LONGEST)
    steps = 0
    while long.status is Status.PREFILL:
        for _ in range(max_batch + 1):
            stub.add(2, reply=4)
        stub.step()
        steps += 1
        assert steps <= 3000
    stub.steps_until(lambda: long in stub.ended)


def test_alone_the_longest_prompt_is_read_in_as_few_slices_as_it_has():
    stub = Stub()
    long = stub.add(LONGEST)
    assert stub.steps_until(lambda: long.status is Status.RUNNING) <= LONGEST / SLICE + 1


def test_a_step_with_running_replies_feeds_no_more_than_one_slice():
    stub = Stub()
    stub.add(1, reply=512)
    for number in range(40):
        stub.add(3 + number % 5, reply=30)
        stub.add(900)
        running = bool(stub.scheduler.running)
        fed = stub.step()
        if running:
            assert sum(n for _, n in fed) <= 2 * SLICE  # side by side they cost less each


def test_many_long_prompts_of_one_person_delay_anothers_no_more_than_one_does():
    def steps_beside(count):
        stub = Stub()
        for _ in range(count):
            stub.add(LONGEST, group="many")
        stub.step()
        own = stub.add(LONGEST, group="another")
        return stub.steps_until(first_token(own))

    # PATIENCE serves the oldest now and then; but for that it would be the same.
    assert steps_beside(16) <= steps_beside(1) * (PATIENCE + 2) / (PATIENCE + 1)


@pytest.mark.parametrize("length", [LONGEST, 200])
def test_many_persons_of_one_address_delay_another_address_no_more_than_one_does(length):
    def steps_beside(count):
        stub = Stub()
        for number in range(count):
            stub.add(LONGEST, group=number, address="crowded")
        stub.step()
        own = stub.add(length, group="another", address="quiet")
        return stub.steps_until(first_token(own))

    assert steps_beside(16) <= steps_beside(1) * (PATIENCE + 2) / (PATIENCE + 1)


def test_within_an_address_many_prompts_of_one_person_delay_the_neighbour_as_one_does():
    def steps_beside(count):
        stub = Stub()
        for _ in range(count):
            stub.add(LONGEST, group="many", address="shared")
        stub.step()
        own = stub.add(LONGEST, group="neighbour", address="shared")
        return stub.steps_until(first_token(own))

    assert steps_beside(16) <= steps_beside(1) * (PATIENCE + 2) / (PATIENCE + 1)


def test_a_flood_of_short_prompts_takes_no_more_than_its_share():
    """It would take all of it if short prompts came first whose-ever they are."""
    stub = Stub()
    own = stub.add(LONGEST, group="own")
    fed = {"own": 0, "flood": 0}
    while own.status is Status.PREFILL:
        while sum(r.group == "flood" for r in stub.scheduler.prefilling) < 8:
            stub.add(SLICE, reply=1, group="flood")
        for request, length in stub.step():
            fed[request.group] += length
    assert fed["own"] == LONGEST
    assert fed["flood"] <= LONGEST * 1.5


def test_leaving_and_coming_back_clears_no_debt():
    """Short prompts one after another, so that the account is empty between each two."""
    stub = Stub()
    own = stub.add(LONGEST, group="own")
    fed = {"own": 0, "again": 0}
    while own.status is Status.PREFILL:
        if not any(r.group == "again" for r in stub.scheduler.prefilling):
            stub.add(SLICE, reply=1, group="again")
        for request, length in stub.step():
            fed[request.group] += length
    assert fed["again"] <= LONGEST * 1.5


def test_time_away_earns_nothing():
    def steps(came_before):
        stub = Stub()
        if came_before:
            stub.add(4, group="late")
        for name in ("first", "second"):
            stub.add(LONGEST, group=name)
        for _ in range(150):
            stub.step()
        late = stub.add(LONGEST, group="late")
        return stub.steps_until(first_token(late))

    assert abs(steps(came_before=True) - steps(came_before=False)) <= 2


def test_an_account_is_forgotten_once_nobody_waits():
    stub = Stub()
    for number in range(50):
        stub.add(30, group=number, address=number % 7)
    stub.steps_until(lambda: not stub.scheduler.prefilling)
    shares = stub.scheduler._shares
    assert not shares._persons
    assert not shares._addresses.used


def test_rows_are_kept_for_those_who_have_none():
    stub = Stub(max_batch=16)
    for _ in range(40):
        stub.add(1, reply=500, group="many", address="one")
    for _ in range(5):
        stub.step()
    assert len(stub.scheduler.running) == 14
    neighbour = stub.add(4, group="neighbour", address="one")
    stub.step()
    assert neighbour in stub.scheduler.running
    # The last row is kept for another address.
    third = stub.add(4, group="third", address="one")
    for _ in range(3):
        stub.step()
    assert third.status is Status.PREFILL
    stranger = stub.add(4, group="stranger", address="another")
    stub.step()
    assert stranger in stub.scheduler.running
    assert len(stub.scheduler.running) == 16


def test_held_replies_take_turns_by_person():
    stub = Stub()
    for _ in range(9):
        stub.add(4, group="many", hold=Hold(()))
    own = stub.add(4, group="own", hold=Hold(()))
    served = [stub.scheduler.next_held() for _ in range(20)]
    assert served.count(own) == 10
    assert len(set(served)) == 10


def test_who_waits_knows_how_many_are_before_them():
    stub = Stub()
    requests = [stub.add(LONGEST, group=number) for number in range(3)]
    short = stub.add(4, group="short")
    stub.scheduler.begin_step()
    stub.scheduler.next_slice()
    assert [request.ahead for request in [short, *requests]] == [0, 1, 2, 3]


def test_of_equal_prompts_the_first_comes_first_and_one_by_one():
    stub = Stub()
    requests = [stub.add(200) for _ in range(6)]
    started = []
    while len(started) < 6:
        stub.step()
        started += [r for r in requests if r.status is not Status.PREFILL and r not in started]
    assert started == requests


def test_short_prompts_are_fed_side_by_side():
    stub = Stub()
    for _ in range(8):
        stub.add(4)
    fed = stub.step()
    assert len(fed) == 8
    assert len(stub.scheduler.running) == 8


def test_no_prompt_is_fed_while_no_row_is_free_and_the_oldest_gets_the_next_one():
    stub = Stub(max_batch=2)
    for _ in range(2):
        stub.add(0, reply=10)
    stub.step()
    old = stub.add(SLICE, reply=1)
    for _ in range(5):
        assert stub.step() == []
    stub.add(2, reply=1)
    stub.steps_until(lambda: len(stub.scheduler.running) < 2)
    assert stub.step()[0][0] is old


@pytest.mark.parametrize("fed_steps", [0, 3])
def test_a_prompt_that_is_left_off_gives_way_to_the_others(fed_steps):
    stub = Stub()
    left, other = stub.add(LONGEST), stub.add(LONGEST + 1)
    for _ in range(fed_steps):
        stub.step()
    stub.scheduler.finish(left, "stopped")
    assert left.status is Status.FINISHED
    assert [request for request, _ in stub.step()] == [other]
