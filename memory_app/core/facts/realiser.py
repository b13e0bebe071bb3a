"""Words a recall dialogue turn by turn: tells, acknowledges, asks, answers, fills."""

from __future__ import annotations

import random
from collections.abc import Callable

from memory_app.core.facts import typing_styles
from memory_app.core.facts.dialogue_state import Fact, Record, topic_of
from memory_app.core.facts.grammar import capitalised
from memory_app.core.facts.language import Language
from memory_app.core.facts.slots import Slot

#: How often one of a slot's first phrasings is taken, which people use most.
PLAIN_IN_EXAM, PLAIN = 0.25, 0.35
#: How often a name is told together with a greeting, where training tells it.
GREETED = 0.2
#: How often a fact told alone follows what answers the bot ("I'm fine, thanks."), in training.
REPLIED = 0.1
#: How often something else is said in the message that tells, in training.
BESIDE = 0.08


class Writer(Record):
    """Puts what is told and asked into words, as one user types, and records it."""

    def __init__(
        self,
        rng: random.Random,
        fillers: Callable[[random.Random, int], list[tuple[str, str]]],
        language: Language,
        held_out_phrasings: bool,
        loose: float = 0.0,
    ) -> None:
        super().__init__()
        self.rng = rng
        self.loose = loose
        self.fillers = fillers
        self.language = language
        self.templates = language.templates
        self.typing = language.typing_styles
        self.grammar = language.grammar
        self.held_out_phrasings = held_out_phrasings
        self.style = typing_styles.draw_style(rng)
        self.training = False  # what people mostly say and have comes up more often in training
        # Training alone: how often the bot says something wrong, and what it says of a fact then.
        self.slips = 0.0
        self.wrongly: Callable[[Fact], Fact] = lambda fact: fact

    def made_up(self, slot: Slot) -> str:
        """An invented name in the slot's casing."""
        name = self.language.made_up_names.name(self.rng)
        return name.lower() if slot.lower_case else name

    def fill(self, count: int) -> None:
        """Add `count` exchanges that have nothing to do with the facts."""
        if count > 0:
            for user, bot in self.fillers(self.rng, count):
                reply = self.fillers(self.rng, 1)[0][1] if self._slips() else bot
                self.filler_turns.add(self.exchange(user, reply))

    def greet(self) -> None:
        """Open with a greeting."""
        self.exchange(*self.rng.choice(self.templates.greetings))

    def _style(self) -> int:
        return self.style if self.rng.random() < 0.8 else typing_styles.draw_style(self.rng)

    def _clause(self, fact: Fact) -> str:
        return self.rng.choice(fact.slot.clauses).format_map(fact.fields())

    def _slips(self) -> bool:
        """Whether the bot's next turn is a slip, which it is marked as: nothing is to be learned
        from it but not to believe it."""
        if not self.slips or self.rng.random() >= self.slips:
            return False
        self.slipped.add(len(self.turns) + 1)
        return True

    # Telling

    def _tells(self, slot: Slot) -> tuple[str, ...]:
        """The ways to tell this slot's value in this dialogue."""
        if self.held_out_phrasings:
            return slot.held_tell
        return slot.train_tell + slot.more_tell if self.loose else slot.train_tell

    def _asks(self, slot: Slot) -> tuple[str, ...]:
        if self.held_out_phrasings:
            return slot.held_ask
        return slot.train_ask + slot.more_ask if self.loose else slot.train_ask

    def _wraps(self) -> tuple[str, ...]:
        """What stands around the thing asked for where it isn't asked for directly."""
        if self.held_out_phrasings:
            return self.templates.held_ask_any
        more = self.templates.more_ask_any if self.loose else ()
        return self.templates.train_ask_any + more

    def _leaning(self, phrasings: tuple[str, ...]) -> str:
        """One phrasing; now and then one of the first three."""
        if self.rng.random() < (PLAIN if self.training else PLAIN_IN_EXAM):
            return phrasings[self.rng.randrange(min(3, len(phrasings)))]
        return self.rng.choice(phrasings)

    def _loosened(self, template: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
        """In other words now and then; where nothing is to be loose, nothing is drawn either."""
        rng = self.rng
        if not self.loose or rng.random() >= self.loose:
            return template
        x = rng.random()
        if x < 0.2:
            return rng.choice(before) + self.grammar.space + template
        if x < 0.35:
            return template + rng.choice(after)
        return self.typing.loosened(rng, template)

    def tell(self, facts: list[Fact]) -> None:
        """Tell one to three facts in one message, and acknowledge them."""
        rng, space = self.rng, self.grammar.space
        style = self._style()
        typo = 0.03
        asked = facts[0].slot.bot_asks
        if len(facts) == 1 and asked and not self.held_out_phrasings and rng.random() < 0.14:
            question = rng.choice(asked).format_map(facts[0].fields())
            self.exchange(rng.choice(self.templates.leads), question)
            self._bare(facts[0], style)
            return
        clauses = []
        for fact in facts:
            template = self._loosened(
                self._leaning(self._tells(fact.slot)),
                self.templates.before_tell,
                self.templates.after_tell,
            )
            clauses.append(typing_styles.fill(rng, style, template, fact.fields(), typo))
        if len(clauses) == 1:
            text = clauses[0]
            # In some corpora "Hi, I'm Clara" is answered with a name, and Clara forgotten.
            if self.loose and facts[0].slot.greeted and rng.random() < GREETED:
                text = self.templates.greeted.format(
                    hello=rng.choice(self.templates.hellos), t=text
                )
            elif self.training and rng.random() < REPLIED:
                text = rng.choice(self.templates.replies) + space + capitalised(text)
        elif rng.random() < 0.3:
            text = (self.grammar.stop + space).join(map(capitalised, clauses))
        else:
            text = self.grammar.joined(clauses)
        said, reply = self.typing.statement(rng, style, text), self._acknowledge(facts)
        if self.training and rng.random() < BESIDE:
            said, reply = self._beside(said, reply)
        turn = self.exchange(said, reply)
        for fact in facts:
            self.learn(fact, turn)

    def _beside(self, said: str, reply: str) -> tuple[str, str]:
        """The telling with something else in one message, and a reply to one of them or both."""
        rng = self.rng
        other, answer = self.fillers(rng, 1)[0]
        sentences = [self.grammar.closed(text) for text in (said, other)]
        space = self.grammar.space
        if rng.random() < 0.3:
            sentences.reverse()
        return space.join(sentences), rng.choice((reply, answer, reply + space + answer))

    def _bare(self, fact: Fact, style: int) -> None:
        """The value alone, as an answer to a question of the bot's."""
        rng = self.rng
        patterns = fact.slot.bare or self.templates.bare
        template = rng.choice(patterns if rng.random() < 0.75 else fact.slot.train_tell)
        text = typing_styles.fill(rng, style, template, fact.fields(), 0.0)
        turn = self.exchange(self.typing.statement(rng, style, text), self._acknowledge([fact]))
        self.learn(fact, turn)

    def tell_after_question(self, fact: Fact) -> None:
        """Tell what the bot has just said it doesn't know."""
        self._bare(fact, self._style())

    def _acknowledge(self, facts: list[Fact]) -> str:
        rng = self.rng
        if self._slips():
            return self._echo([self.wrongly(fact) for fact in facts])
        x = rng.random()
        if len(facts) > 1:
            if x < 0.5:
                return self._echo(facts)
            fact = rng.choice(facts)
        else:
            fact = facts[0]
            if x < 0.42:
                return rng.choice(self.templates.echoes).format(c=self._clause(fact))
        if x < 0.78 and fact.slot.acks:
            return capitalised(rng.choice(fact.slot.acks).format_map(fact.fields()))
        return rng.choice(self.templates.plain_acks)

    def _echo(self, facts: list[Fact]) -> str:
        echo = self.grammar.joined([self._clause(fact) for fact in facts])
        return self.rng.choice(self.templates.echoes).format(c=echo)

    def update(self, old: Fact, new: Fact) -> None:
        """Correct a told fact."""
        rng = self.rng
        style = self._style()
        fields = new.fields(old.value)
        x = rng.random()
        if style == typing_styles.LOWER_VALUE:
            fields["o"] = fields["o"].lower()
        if self.held_out_phrasings or x < 0.6 or (x < 0.8 and not new.slot.update):
            text = typing_styles.fill(rng, style, self._leaning(self._tells(new.slot)), fields)
            text = rng.choice(self.templates.corrections).format(t=text)
        elif x < 0.8:
            text = typing_styles.fill(rng, style, rng.choice(new.slot.update), fields)
        else:
            text = typing_styles.fill(
                rng, style, rng.choice(self.templates.corrections_bare), fields, 0.0
            )
        # A bare "not Clara, Sara" has sense only while one fact could be meant.
        if x >= 0.8 and len(self.known) > 1 and not self.held_out_phrasings:
            tell = typing_styles.fill(rng, style, self._leaning(new.slot.train_tell), fields)
            text = rng.choice(self.templates.corrections).format(t=tell)
        reply = rng.choice(self.templates.corrected).format(c=self._clause(new))
        turn = self.exchange(self.typing.statement(rng, style, text), reply)
        self.learn(new, turn, old.value)

    # Asking

    def _question(self, slot: Slot, kind: str) -> str:
        rng = self.rng
        style = self._style()
        fields = {"v": "", "a": "", "k": kind, "o": ""}
        if rng.random() < 0.66:
            template = self._leaning(self._asks(slot))
        else:
            template = rng.choice(self._wraps()).format(m=slot.noun)
        loosened = self._loosened(template, self.templates.before_ask, self.templates.after_ask)
        text = typing_styles.fill(rng, style, loosened, fields)
        return self.typing.question(rng, style, text, self.grammar.mark_of(template))

    def ask(self, fact: Fact) -> None:
        """Ask for a told fact and answer it."""
        template = self.rng.choice(self.templates.answers)
        reply = template.format(c=self._clause(fact), v=fact.value)
        turn = self.exchange(self._question(fact.slot, fact.kind), self.grammar.as_sentence(reply))
        self.asked(turn, fact.slot, fact.kind, fact.value)
        self.mentions.append((turn, fact))
        self.recalled.append((turn, topic_of(fact.slot, fact.kind)))

    def ask_unknown(self, slot: Slot, kind: str) -> None:
        """Ask for what was never said, and say so."""
        noun = slot.noun_you.format(k=kind)
        reply = self.rng.choice(self.templates.dont_know).format(n=noun)
        turn = self.exchange(self._question(slot, kind), reply)
        self.asked(turn, slot, kind, "")
        self.unknown.append((turn, topic_of(slot, kind)))

    def ask_wrongly(self, fact: Fact) -> Fact:
        """Ask for a fact, told or not, and answer it wrongly; returns what the answer says."""
        wrong = self.wrongly(fact)
        reply = self.rng.choice(self.templates.answers).format(c=self._clause(wrong), v=wrong.value)
        question = self._question(fact.slot, fact.kind)
        self.slipped.add(self.exchange(question, self.grammar.as_sentence(reply)))
        return wrong

    def ask_two(self, first: Fact, second: Fact) -> None:
        """Two facts in one question."""
        rng = self.rng
        style = self._style()
        asks = [
            rng.choice(fact.slot.train_ask).format_map(fact.fields()) for fact in (first, second)
        ]
        text = self.typing.question(rng, style, self.grammar.joined(asks))
        reply = self.grammar.joined([self._clause(first), self._clause(second)])
        turn = self.exchange(text, self.grammar.as_sentence(reply))
        self.asked(turn, second.slot, second.kind, second.value)
        self.mentions += [(turn, first), (turn, second)]

    def ask_all(self) -> None:
        """Everything that is known, or that nothing is."""
        rng = self.rng
        text = self.typing.question(rng, self._style(), rng.choice(self.templates.ask_all))
        if not self.known:
            turn = self.exchange(text, rng.choice(self.templates.all_unknown))
            self.answer_turns[turn] = 1.0
            return
        joined = self.grammar.joined([self._clause(fact) for fact in self.known.values()])
        reply = self.grammar.as_sentence(rng.choice(self.templates.answer_all).format(c=joined))
        turn = self.exchange(text, reply)
        self.answer_turns[turn] = 1.0
        self.mentions += [(turn, fact) for fact in self.known.values()]

    def confirm(self, fact: Fact, other: Fact) -> None:
        """ "Is it true that …": yes with the true value, no and the true value with another."""
        rng = self.rng
        right = rng.random() < 0.5
        asked = fact if right else other
        template = fact.slot.train_tell[0].format_map(asked.fields())
        text = self.typing.question(rng, self._style(), self.templates.confirm.format(t=template))
        answer = self.templates.confirmed if right else self.templates.denied
        reply = answer.format(c=self._clause(fact))
        turn = self.exchange(text, self.grammar.as_sentence(reply))
        self.asked(turn, fact.slot, fact.kind, fact.value)
        self.mentions.append((turn, fact))
