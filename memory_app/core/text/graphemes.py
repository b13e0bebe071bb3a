"""Text that stands on one line of a page: cleaned of what would spoil it, cut between graphemes.

A grapheme is what a reader takes for one character: a family of emoji, a flag, a letter with its
marks. Python's str.isprintable() calls their joiners unprintable, and any emoji newer than its own
tables.
"""

from __future__ import annotations

import regex

#: Code points of one grapheme; more are marks piled up to write over the lines above.
MOST_MARKS = 24
#: What a text keeps of the characters without a shape: joiners, soft hyphens, variation selectors,
#: the marks of a direction that end with their neighbour. Left out are the overrides and isolates,
#: which turn what follows them around, and what makes a name look like another.
_KEPT = (
    "\u00ad\u034f\u061c\u115f\u1160\u180b-\u180d\u180f\u200c-\u200f"
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_BREAK = regex.compile(r"[\p{Cc}\p{Zl}\p{Zp}]")
_HIDDEN = regex.compile(
    rf"(?V1)[\p{{Cs}}\p{{Noncharacter_Code_Point}}\ufff9-\ufffb"
    rf"[\p{{Default_Ignorable_Code_Point}}--[{_KEPT}\U000e0020-\U000e007f]]]"
)
#: Letters of a flag's region (England's); elsewhere they are text that cannot be seen.
_TAGS = regex.compile(r"(?V1)(?<!\U0001f3f4[\U000e0020-\U000e007f]*)[\U000e0020-\U000e007f]")
_COMMANDS = regex.compile(r"(?V1)[\p{Cc}--[\n\t]]|[\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHAPED = regex.compile(r"(?V1)[^\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")
_CLUSTER = regex.compile(r"\X")


def graphemes(text: str) -> list[str]:
    """The text in what a reader takes for characters."""
    return _CLUSTER.findall(text)


def one_line(text: str) -> str:
    """The text as one line: control characters are blanks, white space is one blank.

    What has no shape by itself goes; empty where nothing is left to be seen.
    """
    shown = _TAGS.sub("", _HIDDEN.sub("", _BREAK.sub(" ", text)))
    line = "".join(part[:MOST_MARKS] for part in graphemes(" ".join(shown.split())))
    # An emoji newer than the tables has no category yet.
    return line if _SHAPED.search(line) or regex.search(r"\p{Cn}", line) else ""


def is_one_line(text: str) -> bool:
    """Whether there is no line break, control character or character without a shape in it."""
    return not (_BREAK.search(text) or _HIDDEN.search(text) or _TAGS.search(text))


def printable(text: str) -> str:
    """The text with U+FFFD for what would command a terminal or turn its letters around."""
    return _COMMANDS.sub("\ufffd", text)


def boundary(text: str, at: int) -> int:
    """Where the grapheme begins that the code point `at` belongs to."""
    if at >= len(text):
        return len(text)
    return next(part.start() for part in _CLUSTER.finditer(text) if part.end() > at)


def name_of(text: str, most: int = 200) -> str:
    """A text as the name of something: on one line, at most so many code points."""
    return cut(one_line(text), most, characters=most)


def is_name(text: str, most: int = 200) -> bool:
    """Whether a text can be the name of something as it stands."""
    return 0 < len(text) <= most and text == one_line(text)


def cut(text: str, most: int, *, characters: int | None = None, mark: str = "") -> str:
    """The first `most` graphemes, of at most `characters` code points; `mark` ends what was cut.

    The mark counts as one of them.
    """
    parts = graphemes(text)
    if len(parts) <= most and (characters is None or len(text) <= characters):
        return text
    kept, size = [], len(mark)
    for part in parts[: most - bool(mark)]:
        size += len(part)
        if characters is not None and size > characters:
            break
        kept.append(part)
    return "".join(kept).rstrip() + mark
