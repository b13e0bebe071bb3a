"""Whatever is done to a chat, each stored state is the replay of its branch, hash for hash.

The definition is written out here: a turn's history is a list of events from the blank memory on,
and its state is what remains after them. SEQUENCES sets how many random sequences are tried.
"""

import json
import os
import random
from functools import lru_cache
from uuid import uuid4

import pytest
import torch
from torch.nn.functional import linear

from memory_app import runtime, services
from memory_app.chat_file.content import spoken
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from memory_app.services.chat.fork import chat_fork
from memory_app.services.chat.verify import turns_verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SEQUENCES = int(os.environ.get("SEQUENCES", "20"))
STEPS = 12
TEXTS = ("My name is Clara.", "I have a cat.", "你好", "What is my name?", "Hi")


class Play:
    """One person's chats under random acts, beside the history that each turn should have."""

    def __init__(self, seed, person, checkpoint, model):
        self.random = random.Random(seed)
        self.person, self.model, self.config = person, model, model.model.config
        self.plain = sorted(set(range(model.tokenizer.vocab_size)) - model.tokenizer.special_ids)
        self.histories = {None: ()}
        self.chat = Chat.objects.create(owner=person, checkpoint=checkpoint)
        self.state = lru_cache(maxsize=None)(self._state)

    def _state(self, history):
        """The state after a history, from the blank one: the definition."""
        if not history:
            return State.zeros(self.config)
        before, (kind, *what) = self.state(history[:-1]), history[-1]
        if kind == "talk":
            ids, hold = what
            return self._fed(before, ids, json.loads(hold)) if hold else self._plain(before, ids)
        after = before.clone()
        if kind == "edit":
            operation, entries = what
            for part, layer, unit, number in entries:
                values = after.layers[layer][part][0]
                number = torch.tensor(number)
                for index in range(len(values)) if unit is None else [unit]:
                    values[index] = number if operation == "set" else number * values[index]
            return after
        donor, places, weight = what
        given = self.state(donor)
        if kind == "mind_file":
            return given
        for part, layer in places:
            own = before.layers[layer][part][0]
            mixed = weight * given.layers[layer][part][0] + (1 - weight) * own
            after.layers[layer][part][0] = mixed
        return after

    def _plain(self, before, ids):
        return replay(self.model.model, before, list(ids))

    def _fed(self, before, ids, hold):
        """The LSTM written out, with gates held unit by unit."""
        with torch.inference_mode():
            parts = before.clone().layers
            for token_id in ids:
                x = self.model.model.embedding(torch.tensor([token_id]))
                for layer, own in enumerate(parts):
                    w_ih, w_hh, b_ih, b_hh = self.model.model.layers.gate_weights(layer)
                    pre = linear(x, w_ih, b_ih) + linear(own["h"], w_hh, b_hh)
                    i, f, g, o = pre.chunk(4, dim=-1)
                    f = f + hold["forget_bias"]
                    gates = {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}
                    for gate, at, unit, value in hold["freeze"]:
                        if at == layer:
                            gates[gate][0, slice(None) if unit is None else unit] = value
                    own["c"] = gates["f"] * own["c"] + gates["i"] * gates["g"]
                    own["h"] = x = gates["o"] * own["c"].tanh()
            return State(parts).clone()

    # ---- what there is

    @property
    def head(self):
        return Chat.objects.values_list("head_id", flat=True).get(pk=self.chat.pk)

    def committed(self, **more):
        turns = Turn.objects.filter(chat=self.chat, **more).committed().oldest_first()
        return list(turns.defer("state"))

    def pick(self, turns):
        return self.random.choice(turns) if turns else None

    def branch(self):
        parents = dict(self.chat.turns.values_list("pk", "parent_id"))
        step, keys = self.head, []
        while step is not None:
            keys.insert(0, step)
            step = parents[step]
        return keys

    # ---- acts

    def send(self, target=None, text=None, status="complete", **more):
        reply = self.random.choices(self.plain, k=self.random.randrange(8))
        if target is None:
            text = self.random.choice(TEXTS)
        begun = services.turn_begin(
            chat=self.chat, client_turn_id=uuid4(), text=text, target=target, **more
        )
        turn = services.turn_commit(
            turn=begun.turn,
            model=begun.model,
            before=begun.before,
            reply_ids=reply,
            reply_text=spoken(self.model.tokenizer, reply),
            status=status,
        )
        ids = tuple(self.model.tokenizer.turn_ids(turn.user_token_ids, reply))
        hold = json.dumps(turn.hold) if turn.hold else None
        self.note(turn.pk, turn.parent_id, ("talk", ids, hold))

    def hold(self):
        entries = [
            [
                self.random.choice("ifgo"),
                self.random.randrange(2),
                self.random.choice([None, self.random.randrange(16)]),
                round(self.random.random(), 3),
            ]
            for _ in range(self.random.randrange(3))
        ]
        bias = self.random.choice([0, 0.5, -2])
        self.send(hold={"freeze": entries, "forget_bias": bias})

    def stop(self):
        self.send(status="stopped")

    def regenerate(self):
        if turn := self.pick(self.committed(kind="talk")):
            self.send(target=turn.pk)

    def edit(self):
        if turn := self.pick(self.committed(kind="talk")):
            self.send(target=turn.pk, text=self.random.choice(TEXTS))

    def goto(self):
        if turn := self.pick(self.committed()):
            services.head_move(chat=self.chat, turn=turn.pk)

    def fork(self):
        turn = self.pick(self.committed())
        if turn is None:
            return
        parents = dict(self.chat.turns.values_list("pk", "parent_id"))
        path = [turn.pk]
        while parents[path[0]] is not None:
            path.insert(0, parents[path[0]])
        self.chat = chat_fork(turn=turn)
        for old, new in zip(path, self.chat.turns.oldest_first(), strict=True):
            assert new.inherited
            self.histories[new.pk] = self.histories[old]

    def undo(self):
        if branch := self.branch():
            services.head_move(chat=self.chat, turn=branch[-2] if len(branch) > 1 else None)

    def blank(self):
        services.head_move(chat=self.chat, turn=None)

    def forget(self):
        branch = self.branch()
        if not branch:
            return
        at = self.random.randrange(len(branch))
        done = services.memory_forget(chat=self.chat, client_turn_id=uuid4(), turn=branch[at])
        # As if it had never been: its event is left out of the history of each later turn.
        history = self.histories[branch[at - 1]] if at else ()
        for key, old in zip(done.turns, branch[at + 1 :], strict=True):
            history = (*history, self.histories[old][-1])
            self.histories[key] = history
        assert done.head == (done.turns[-1] if done.turns else branch[at - 1] if at else None)

    def set(self):
        operation = self.random.choice(["set", "scale"])
        entries = tuple(
            (
                self.random.choice("hc"),
                self.random.randrange(2),
                self.random.choice([None, self.random.randrange(16)]),
                round(self.random.uniform(-1, 1), 3),
            )
            for _ in range(self.random.randrange(1, 4))
        )
        at = self.pick([*(turn.pk for turn in self.committed()), None])
        done = services.memory_set(
            chat=self.chat,
            client_turn_id=uuid4(),
            turn=at,
            change={operation: [list(entry) for entry in entries]},
        )
        self.note(done.head, at, ("edit", operation, entries))

    def blend(self):
        turns = list(Turn.objects.filter(chat__owner=self.person).committed().oldest_first())
        source, own = self.pick(turns), self.pick(self.committed())
        if source is None or own is None:
            return
        places = tuple({(self.random.choice("hc"), self.random.randrange(2)): 0})
        weight = self.random.choice([0.0, 0.25, 0.5, 1.0])
        done = services.memory_transplant(
            chat=self.chat,
            client_turn_id=uuid4(),
            turn=own.pk,
            source=source.pk,
            what=[[part, layer, None] for part, layer in places],
            weight=weight,
        )
        self.note(done.head, own.pk, ("blend", self.histories[source.pk], places, weight))

    def load(self):
        turns = list(Turn.objects.filter(chat__owner=self.person).committed().oldest_first())
        if source := self.pick(turns):
            about = {"checkpoint_sha256": self.model.sha256}
            data = State.from_bytes(source.state, self.config).to_safetensors(about, self.config)
            at = self.head
            done = services.memory_load(chat=self.chat, data=data)
            self.note(done.head, at, ("mind_file", self.histories[source.pk], (), 1))

    def export_and_import(self):
        from memory_app.chat_file.write import document

        self.chat.refresh_from_db()
        turns = list(self.chat.turns.oldest_first())
        data = json.dumps(document(self.chat, turns)).encode()
        replayed = services.chat_replay(data=data)
        assert replayed.differing == 0
        self.chat = services.chat_import(person=self.person, replayed=replayed)
        kept = [turn for turn in turns if turn.status != "running"]
        for old, new in zip(kept, self.chat.turns.oldest_first(), strict=True):
            if old.is_committed:
                self.histories[new.pk] = self.histories[old.pk]

    def restart(self):
        """The process dies in the middle of a reply; the next one ends its turn."""
        begun = services.turn_begin(chat=self.chat, client_turn_id=uuid4(), text="And?")
        runtime.stop()
        Turn.objects.filter(pk=begun.turn.pk).update(process="gone:1", heartbeat=None)
        services.turn_interrupt(turn=begun.turn)

    def note(self, key, parent, event):
        self.histories[key] = (*self.histories[parent], event)

    def act(self):
        acts = [
            self.send, self.send, self.send, self.hold, self.stop, self.regenerate, self.edit,
            self.goto, self.fork, self.undo, self.forget, self.forget, self.set, self.blend,
            self.blank, self.load, self.export_and_import, self.restart,
        ]  # fmt: skip
        act = self.random.choice(acts)
        act()
        return act.__name__

    def check(self, done):
        turns = Turn.objects.filter(chat__owner=self.person).committed()
        for key, sha256, data in turns.values_list("pk", "state_sha256", "state"):
            expected = self.state(self.histories[key])
            assert sha256 == expected.sha256(), done
            assert bytes(data) == expected.to_bytes(), done


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_every_state_is_the_replay_of_its_history(alice, checkpoint, model, seed):
    play = Play(seed, alice.person, checkpoint, model)
    done = [play.act() for _ in range(STEPS)]
    play.check(done)
    faults = [verdict.reason for verdict in turns_verify() if verdict.reason]
    assert faults == [], done
