"""Words a dialogue about relations; what the bot says is right by what was told so far."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from memory_app.core.facts import typing_styles
from memory_app.core.facts.fact_sampler import Fillers
from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.relations.catalogue import Catalogue
from memory_app.core.facts.relations.person import Owner
from memory_app.core.facts.relations.record import Memory, Told, Topic

#: “What do you know about me?” names at most so many things, the last told.
LISTED = 5
#: Shares of the questions that are direct, and that go around what is asked for.
DIRECT, AROUND = 0.6, 0.22
#: How often an answer is worded as the fact was told, where that can be turned round.
MIRRORED = 0.7
#: Shares of the exchanges in between: of the bot and its memory, of the world, of feelings.
MEMORY_TALK, WORLD, FEELINGS = 0.1, 0.08, 0.12


class RelationWriter:
    """The turns of one dialogue, as one user types.

    answer_turns, filler_turns, slipped: as in FactDialogue. asked: (bot turn, topic, answer, the
    value that it replaced) of each question.
    """

    def __init__(
        self,
        rng: random.Random,
        catalogue: Catalogue,
        fillers: Fillers,
        noise: float,
        loose: float,
        slips: float,
        wrong_value: Callable[[Told], str],
    ) -> None:
        self.rng, self.catalogue, self.fillers = rng, catalogue, fillers
        self.noise, self.loose, self.slips = noise, loose, slips
        self.wrong_value = wrong_value
        self.talk, self.person = catalogue.talk, catalogue.person
        self.grammar = catalogue.language.grammar
        self.typing = catalogue.language.typing_styles
        untidy = rng.random() < noise
        self.style = typing_styles.draw_style(rng) if untidy else typing_styles.NEAT
        self.memory = Memory()
        self.turns: list[tuple[str, str]] = []
        self.answer_turns: dict[int, float] = {}
        self.filler_turns: set[int] = set()
        self.slipped: set[int] = set()
        self.mentions: list[tuple[int, Told]] = []
        self.told: list[tuple[int, Topic]] = []
        self.asked: list[tuple[int, Topic, str, str]] = []

    # Turns and typing

    def exchange(self, user: str, bot: str) -> int:
        """Add one exchange; returns the index of the bot's turn."""
        self.turns += [("user", user), ("bot", bot)]
        return len(self.turns) - 1

    def _style(self) -> int:
        if self.rng.random() < 0.8 or self.rng.random() >= self.noise:
            return self.style
        return typing_styles.draw_style(self.rng)

    def _typed(self, template: str, fields: dict[str, str], style: int) -> str:
        """A template of words and {v}, filled as this person types."""
        rng = self.rng
        if self.loose and rng.random() < self.loose:
            template = self.typing.loosened(rng, template)
        return typing_styles.fill(rng, style, template, fields, 0.03 * self.noise)

    def _statement(self, style: int, text: str) -> str:
        if self.rng.random() >= self.noise:
            return self.grammar.as_sentence(text)
        return self.typing.statement(self.rng, style, text)

    def _request(self, text: str) -> str:
        """What the bot is to do, as typed; a question only where it is worded as one."""
        mark = self.grammar.question_mark if text.startswith("can ") else self.grammar.stop
        return self.typing.finished(self.rng, self._style(), text, mark)

    def _question(self, style: int, text: str) -> str:
        mark = self.grammar.mark_of(text)
        if self.rng.random() >= self.noise:
            return capitalised(text) + mark
        return self.typing.question(self.rng, style, text, mark)

    # Clauses

    def told_clause(self, told: Told) -> str:
        """The user's words, values still to be filled in."""
        return told.topic.clause(self.person, told.clause, v="{v}", a="{a}")

    def answer_clause(self, told: Told) -> str:
        """The bot's words for a fact, begun as it was told where that can be turned round."""
        relation = told.topic.relation
        if relation.answers:
            template = self.rng.choice(relation.answers)
            return template.format(n=told.topic.noun, **told.fields(self.grammar))
        mirrored = told.clause in relation.say and self.rng.random() < MIRRORED
        template = told.clause if mirrored else told.topic.sayable(relation.say)[0]
        return told.topic.said_back(self.person, template, **told.fields(self.grammar))

    def _noun(self, topic: Topic) -> str:
        """The thing asked for in the user's words."""
        if topic.relation.of == "bot":
            return topic.relation.about
        return topic.clause(self.person, topic.relation.noun)

    def _about(self, topic: Topic) -> str:
        return topic.clause(self.person, topic.about)

    def noun_back(self, topic: Topic) -> str:
        """The thing asked for in the bot's words."""
        if topic.relation.of == "bot":
            return topic.relation.noun
        return topic.said_back(self.person, topic.relation.noun)

    # Telling

    def tell(self, facts: Sequence[Told]) -> None:
        """Tell one to three facts in one message, and acknowledge them."""
        rng, grammar = self.rng, self.grammar
        style = self._style()
        clauses = [
            self._typed(self.told_clause(fact), fact.fields(grammar), style) for fact in facts
        ]
        if len(clauses) > 1 and rng.random() < 0.4:
            text = f"{grammar.stop} ".join(map(capitalised, clauses))
        else:
            text = grammar.joined(clauses)
        self._learn(facts, self.exchange(self._statement(style, text), self._acknowledge(facts)))

    def _learn(self, facts: Sequence[Told], turn: int) -> None:
        for fact in facts:
            self.memory.tell(fact)
            self.mentions.append((turn - 1, fact))
            self.told.append((turn - 1, fact.topic))

    def _acknowledge(self, facts: Sequence[Told]) -> str:
        rng = self.rng
        if self._slips():
            fact = rng.choice(list(facts))
            facts = [Told(fact.topic, self.wrong_value(fact), fact.clause)]
        elif rng.random() < 0.5:
            return rng.choice(self.talk.plain_acks)
        clauses = [self.answer_clause(fact) for fact in facts]
        return rng.choice(self.talk.echoes).format(c=self.grammar.joined(clauses))

    def _slips(self) -> bool:
        """Whether the bot's next turn is wrong, which it is marked as: at no loss."""
        if not self.slips or self.rng.random() >= self.slips:
            return False
        self.slipped.add(len(self.turns) + 1)
        return True

    def correct(self, new: Told, old: str, *, at_once: bool) -> None:
        """Another value for what was told; with at_once nothing was said since."""
        rng, talk = self.rng, self.talk
        style = self._style()
        fields = new.fields(self.grammar)
        if at_once and rng.random() < 0.5:
            text = typing_styles.fill(
                rng, style, rng.choice(talk.corrections_bare), fields | {"o": old}, 0.0
            )
        else:
            clause = self._typed(self.told_clause(new), fields, style)
            text = rng.choice(talk.corrections).format(t=clause)
        reply = rng.choice(talk.corrected).format(c=self.answer_clause(new))
        said = self.typing.finished(rng, style, text, self.grammar.stop)
        self._learn([new], self.exchange(said, capitalised(reply)))

    def forget(self, told: Told) -> None:
        """Taken back: from now on it isn't known."""
        rng, talk, topic = self.rng, self.talk, told.topic
        x = rng.random()
        if x < 0.45:
            text = rng.choice(talk.forget).format(m=self._noun(topic))
        elif x < 0.8:
            text = rng.choice(talk.forget_about).format(m=self._about(topic))
        else:
            clause = self.told_clause(told).format_map(told.fields(self.grammar))
            text = rng.choice(talk.forget_clause).format(t=clause)
        turn = self.exchange(self._request(text), rng.choice(talk.forgets))
        self.answer_turns[turn] = 1.0
        self.memory.forget(topic)

    def forget_all(self) -> None:
        """Everything taken back."""
        text = self.rng.choice(self.talk.forget_all)
        turn = self.exchange(self._request(text), self.rng.choice(self.talk.forgets))
        self.answer_turns[turn] = 1.0
        self.memory.forget_all()

    # Asking

    def _asks(self, topic: Topic) -> tuple[str, bool]:
        """A question for a topic as typed, and whether it asks what was said about it."""
        rng, talk = self.rng, self.talk
        style = self._style()
        x = rng.random()
        about = x > DIRECT + AROUND
        if x < DIRECT:
            text = topic.clause(self.person, rng.choice(topic.sayable(topic.relation.ask)))
        elif not about:
            text = rng.choice(talk.ask_noun).format(m=self._noun(topic))
        else:
            text = rng.choice(talk.ask_about).format(m=self._about(topic))
        if self.loose and rng.random() < self.loose:
            text = self.typing.loosened(rng, text)
        if rng.random() < 0.03 * self.noise:
            text = typing_styles.mistyped(rng, text)
        return self._question(style, text), about

    def ask(self, topic: Topic, question: str = "") -> None:
        """Ask for a topic, and answer what is known of it, or that nothing is."""
        typed, about = (question, False) if question else self._asks(topic)
        told = self.memory.known(topic)
        if told is None:
            self._answer(topic, typed, self._dont_know(topic), "")
            return
        if self._slips():
            wrong = Told(topic, self.wrong_value(told), told.clause)
            reply = self.grammar.as_sentence(self.answer_clause(wrong))
            self.exchange(typed, reply)
            return
        templates = self.talk.answers_about if about else self.talk.answers
        reply = self.rng.choice(templates).format(c=self.answer_clause(told))
        self._answer(topic, typed, self.grammar.as_sentence(reply), told.value)

    def _dont_know(self, topic: Topic) -> str:
        forgotten = topic.key in {other.key for other in self.memory.forgotten}
        texts = self.talk.forgotten if forgotten else self.talk.dont_know
        return self.rng.choice(texts).format(n=self.noun_back(topic))

    def _answer(self, topic: Topic, question: str, reply: str, value: str) -> None:
        turn = self.exchange(question, reply)
        self.answer_turns[turn] = 1.0
        replaced = self.memory.replaced(topic) if value else ""
        self.asked.append((turn, topic, value, replaced))
        if value and (told := self.memory.known(topic)) is not None:
            self.mentions.append((turn, told))

    def ask_same_of(self, topic: Topic, owner: Owner | None) -> None:
        """“And my wife?” after the same was asked of somebody else."""
        text = self.rng.choice(self.talk.and_of).format(p=owner.text if owner else "me")
        other = Topic(topic.relation, owner, topic.noun)
        self.ask(other, self._question(self._style(), text))

    def ask_who_told(self, topic: Topic) -> None:
        """Who told it, or whether it was told."""
        rng, talk = self.rng, self.talk
        told = self.memory.known(topic)
        did = rng.random() < 0.4
        nouns, clauses = (talk.did_i_tell, ()) if did else (talk.who_told, talk.who_told_clause)
        if told is not None and clauses and rng.random() < 0.4:
            clause = self.told_clause(told).format_map(told.fields(self.grammar))
            text = rng.choice(clauses).format(t=clause)
        else:
            text = rng.choice(nouns).format(m=self._noun(topic))
        question = self._question(self._style(), text)
        if told is None:
            texts = talk.didnt_tell if did else talk.told_by_nobody
            self._answer(topic, question, rng.choice(texts).format(n=self.noun_back(topic)), "")
            return
        texts = talk.did_tell if did else talk.told_by_you
        reply = rng.choice(texts).format(c=self.answer_clause(told))
        self._answer(topic, question, self.grammar.as_sentence(reply), told.value)

    def confirm(self, told: Told, other: str) -> None:
        """“Is it true that …”: with the true value or another; the answer says the true one."""
        rng = self.rng
        right = rng.random() < 0.5
        asked = told if right else Told(told.topic, other, told.clause)
        clause = self.told_clause(asked).format_map(asked.fields(self.grammar))
        question = self._question(self._style(), rng.choice(self.talk.confirm).format(t=clause))
        texts = self.talk.confirmed if right else self.talk.denied
        reply = rng.choice(texts).format(c=self.answer_clause(told))
        self._answer(told.topic, question, self.grammar.as_sentence(reply), told.value)

    def ask_all(self) -> None:
        """What is known of the speaker, of somebody, or at all: the last LISTED things."""
        rng, talk = self.rng, self.talk
        known = [told for told in self.memory.told if told.topic.relation.of != "bot"]
        persons = [told.topic.key[1] for told in known if told.topic.key[1]]
        mine = [told for told in known if not told.topic.key[1]]
        x = rng.random()
        person = rng.choice(persons) if persons and x < 0.3 else ""
        if person:
            text = rng.choice(talk.list_of).format(p=person)
            known = [told for told in known if told.topic.key[1] == person]
        elif (mine or not known) and x < 0.7:
            text = rng.choice(talk.list_mine)
            known = mine
        else:
            text = rng.choice(talk.list_all)
        known = known[-LISTED:]
        if known:
            joined = self.grammar.joined([self.answer_clause(told) for told in known])
            reply = self.grammar.as_sentence(rng.choice(talk.listed).format(c=joined))
        else:
            reply = rng.choice(talk.nothing_known)
        turn = self.exchange(self._question(self._style(), text), reply)
        self.answer_turns[turn] = 1.0
        self.mentions += [(turn, told) for told in known]

    # Between

    def fill(self, count: int) -> None:
        """Exchanges about something else: the caller's, of memory, the world, feelings."""
        rng, catalogue = self.rng, self.catalogue
        for _ in range(count):
            x = rng.random()
            if x < MEMORY_TALK:
                says, replies = rng.choice(catalogue.memory_talk)
            elif x < MEMORY_TALK + WORLD:
                says, replies = (rng.choice(catalogue.world),), self.talk.world_replies
            elif x < MEMORY_TALK + WORLD + FEELINGS:
                says, replies = rng.choice(catalogue.feelings)
            else:
                for said, reply in self.fillers(rng, 1):
                    self.filler_turns.add(self.exchange(said, reply))
                continue
            said = rng.choice(says)
            if rng.random() < 0.4 * self.noise:
                said = said.lower()
                said = said.rstrip(".?") or said if rng.random() < 0.5 else said
            self.exchange(said, rng.choice(replies))
