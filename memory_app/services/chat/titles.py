"""A chat's title: as its owner wrote it, or from the first message with content."""

from collections.abc import Iterable

import regex

from memory_app.core.text.graphemes import cut, one_line

#: Graphemes of a title that is taken from a message, and code points that a title may have.
FROM_MESSAGE, MOST = 40, 200
#: A title is cut between words where one ends in its last third.
_WORD_FROM = 2 * FROM_MESSAGE // 3
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}'’]+")
# A message of these words alone opens a chat or keeps it going, and has no topic.
_SMALL_TALK = (
    "a afternoon again alright all and are ah aha bot bye cheers cool day dear doing do "
    "evening everybody everyone fine friend goodbye good great greetings guys ha haha hallo "
    "hello hey heya hi hiya hm hmm hola how howdy i'm is it it's k lol man mate maybe mm "
    "morning my nah nice night no nope oh ok okay okey please right salut ciao bonjour "
    "namaste so sup sure test testing thank thanks thanx there thx to today tu ty u uh um "
    "very well what's whats up wow yeah yep yes yo you your "
)
_WORDS = frozenset(_SMALL_TALK.split())
# "how are you" consists of them too, and so would "what is it to you": at most this many.
_MOST_WORDS = 5
#: Letters of a drawn-out greeting; a longer word is something else.
_LONGEST = 12
_CHINESE = regex.compile(
    "(?:你好|您好|大家好|哈[喽啰罗囉]|嗨|嘿|喂|在吗|在么|在嘛|早上好|上午好|中午好|下午好|晚上好|早安|午安|晚安"
    "|早|你好吗|最近好吗|好的|好吧|好|行|可以|是的|是|对|不是|不|没有|嗯|哦|噢|啊|呀|吗|呢|哈|嘻|谢谢|多谢|感谢"
    "|再见|拜拜|测试|试试|你|们)+"
)


def says_something(text: str) -> bool:
    """Whether a message has a topic: no greeting ("hi", "你好"), no "ok", no bare signs."""
    words = _WORD.findall(text.casefold().replace("’", "'"))
    if not words:
        return False
    return len(words) > _MOST_WORDS or not all(map(_is_small_talk, words))


def _is_small_talk(word: str) -> bool:
    # Drawn out, too: "hiii", "okkk", "hellooo".
    short = regex.sub(r"(.)\1+$", r"\1", word) if len(word) <= _LONGEST else word
    return not {word, short}.isdisjoint(_WORDS) or _CHINESE.fullmatch(word) is not None


def is_provisional(title: str) -> bool:
    """Whether a later message may give a better title: this one is empty or a greeting."""
    return not says_something(title)


def title_from(message: str) -> str:
    """The title that a message gives a chat; empty where it has no topic."""
    return own_words(message) if says_something(message) else ""


def title_from_all(messages: Iterable[str]) -> str:
    """The title that a chat's messages give it, oldest first: of the first that says something, or
    the first one's own words."""
    opening = ""
    for message in messages:
        if says_something(message):
            return own_words(message)
        opening = opening or own_words(message)
    return opening


def own_words(message: str) -> str:
    """A message as a title, also a greeting: on one line, cut between words."""
    line = one_line(message)
    title = cut(line, FROM_MESSAGE, characters=MOST, mark="…")
    if title == line or line.startswith(title[:-1] + " "):
        return title
    head, blank, _ = title.rpartition(" ")
    return head.rstrip(" ,;:–-") + "…" if blank and len(head) >= _WORD_FROM else title
