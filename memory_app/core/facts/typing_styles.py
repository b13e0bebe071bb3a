"""As people type: any case, with or without a full stop, small words around, a rare typo."""

from __future__ import annotations

import random

NEAT, NO_STOP, LOWER, LOWER_CARRIER, LOWER_VALUE, UPPER = range(6)
_STYLES = (NEAT, NO_STOP, LOWER, LOWER_CARRIER, LOWER_VALUE, UPPER)
_STYLE_CUMULATIVE = (0.38, 0.52, 0.78, 0.89, 0.97, 1.0)

_STATEMENT_PREFIXES = (
    *("well, ", "so, ", "so ", "btw, ", "by the way, ", "hi, ", "hello, ", "hey, ", "ok, "),
    *("okay, ", "also, ", "oh, ", "just so you know, ", "you know, ", "and ", "hello! ", "hi! "),
    *("fun fact: ", "good to know: ", "for your information, ", "ah, ", "yes, ", "thanks, "),
)
_STATEMENT_SUFFIXES = (
    *(" by the way", ", by the way", " btw", " :)", ", you know", " haha", "!", "!!", " ;)"),
    *(", just so you know", ", how about you?", ", and you?", " lol", "...", ", ok?"),
)
_QUESTION_PREFIXES = (
    *(
        "so, ",
        "so ",
        "hey, ",
        "ok, ",
        "now, ",
        "and ",
        "well, ",
        "tell me, ",
        "btw, ",
        "by the way, ",
    ),
    *("quick question: ", "question: ", "ok so ", "hmm, ", "oh, ", "one more thing: ", "please, "),
)
_QUESTION_SUFFIXES = (
    " again",
    ", please",
    " please",
    ", do you remember",
    ", bot",
    " again, please",
)
_SENTENCES = (
    *("It's been a long day.", "I just got back from work.", "The weather is nice today."),
    *("I hope you are well.", "I'm a bit tired.", "It's nice to talk to you.", "What a day!"),
    *("I have some time to chat.", "I'm new here.", "I've never talked to a bot before."),
    *("Let me tell you something.", "I want to tell you about myself.", "Here is one more thing."),
    *("I'll tell you a bit more.", "Listen.", "Please remember this.", "Don't forget it."),
)


def draw_style(rng: random.Random) -> int:
    """One person's way of typing."""
    x = rng.random()
    for style, bound in zip(_STYLES, _STYLE_CUMULATIVE, strict=True):
        if x < bound:
            return style
    return NEAT


def capitalised(text: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def as_sentence(text: str) -> str:
    """A bot's sentence: capital first, a full stop unless it ends in a mark already."""
    return text[:1].upper() + text[1:] + ("" if text[-1] in ".!?)" else ".")


def mistyped(rng: random.Random, template: str) -> str:
    """Swap or drop a letter inside one longer word of the carrier, never inside a {field}."""
    words = template.split(" ")
    places = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha()]
    if not places:
        return template
    place = rng.choice(places)
    word = words[place]
    at = rng.randrange(1, len(word) - 1)
    if rng.random() < 0.5:
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        words[place] = word[:at] + word[at + 1 :]
    return " ".join(words)


# Small words that nobody misses, words that anybody may put anywhere, words for other words: no
# list of phrasings is as long as what people write, and so none is to be learned by heart.
_SMALL = frozenset(
    (
        *("my", "is", "the", "a", "an", "what", "what's", "do", "you", "to", "of", "it", "that"),
        *("are", "am", "was", "does", "did", "can", "got", "so", "be", "there", "in", "at", "as"),
        *("i", "i'm", "i've", "have", "me", "would", "for"),
    )
)
_ANYWHERE = (
    *("well", "so", "really", "just", "actually", "honestly", "now", "then", "please", "still"),
    *("maybe", "I think", "I guess", "you know", "you see", "by now", "at the moment", "today"),
    *("these days", "of course", "by the way", "in fact", "um", "uh", "like", "obviously", "also"),
    *("right now", "for the record", "as it happens", "to be honest", "currently", "basically"),
)
_OTHER_WORDS = {
    "called": ("named", "known as"),
    "favourite": ("fav", "preferred", "top", "most loved"),
    "favorite": ("fav", "preferred", "top", "most loved"),
    "live": ("stay", "reside"),
    "job": ("occupation", "profession", "line of work"),
    "remember": ("recall", "know", "have in mind"),
    "know": ("remember", "recall"),
    "told": ("mentioned to", "said to"),
    "have": ("own", "have got", "got"),
    "like": ("love", "enjoy", "prefer"),
    "love": ("like", "adore"),
    "tell": ("remind", "let"),
    "work": ("earn my living", "am employed"),
}
_KEPT_WORDS = 3  # of a carrier this short nothing is left out


def loosened(rng: random.Random, template: str) -> str:
    """The template in other words: some left out, put in or exchanged, never its {fields}."""
    words = template.split(" ")
    x = rng.random()
    if x < 0.35 and len(words) > _KEPT_WORDS:
        small = [at for at, word in enumerate(words) if word.lower() in _SMALL]
        for at in sorted(rng.sample(small, min(len(small), rng.randint(1, 2))), reverse=True):
            del words[at]
    elif x < 0.7:
        for _ in range(rng.randint(1, 2)):
            words.insert(rng.randint(0, len(words)), rng.choice(_ANYWHERE))
    if x > 0.55:
        words = [
            rng.choice(_OTHER_WORDS[word]) if word in _OTHER_WORDS and rng.random() < 0.6 else word
            for word in words
        ]
    return " ".join(words) or template


def _finish(rng: random.Random, style: int, text: str, mark: str) -> str:
    """Case and final mark in this person's style."""
    if style == LOWER:
        text = text.lower()
        if "'" in text and rng.random() < 0.25:
            text = text.replace("'", "")
    elif style == UPPER:
        text = text.upper()
    elif style != LOWER_CARRIER:
        text = text[:1].upper() + text[1:]
    if text[-1] in ".!?)":
        return text
    stop = 0.97 if style == NEAT else 0.0 if style == NO_STOP else 0.3
    if mark == "?":
        stop = 0.97 if style == NEAT else 0.6
    return text + mark if rng.random() < stop else text


def fill(
    rng: random.Random, style: int, template: str, fields: dict[str, str], typo: float = 0.03
) -> str:
    """The template with its value put in, as this person would write the value."""
    if typo and rng.random() < typo:
        template = mistyped(rng, template)
    if style == LOWER_VALUE:
        fields = fields | {"v": fields["v"].lower(), "a": fields["a"].lower()}
    return template.format_map(fields)


def statement(rng: random.Random, style: int, clause: str) -> str:
    """A filled clause as a message: a word before or after it now and then, case, full stop."""
    if rng.random() < 0.16:
        clause = rng.choice(_STATEMENT_PREFIXES) + clause
    if rng.random() < 0.09:
        clause += rng.choice(_STATEMENT_SUFFIXES)
    text = _finish(rng, style, clause, ".")
    x = rng.random()
    if x < 0.06:
        sentence = rng.choice(_SENTENCES)
        if style in (LOWER, LOWER_CARRIER):
            sentence = sentence.lower()
        if x < 0.045:
            return f"{sentence} {text}"
        return f"{text} {sentence}" if text[-1] in ".!?)" else f"{text}. {sentence}"
    return text


def question(rng: random.Random, style: int, clause: str, mark: str = "?") -> str:
    """A filled question as a message."""
    if rng.random() < 0.14:
        clause = rng.choice(_QUESTION_PREFIXES) + clause
    if rng.random() < 0.06:
        clause += rng.choice(_QUESTION_SUFFIXES)
    return _finish(rng, style, clause, mark)
