"""Lines of verse: where they end, how long they are, and marks that announce them.

A line ends at a line break or a full-width mark such as ， or 。; its length is its number of
letters, so that 、 within a line counts nothing. A mark stands before a line and says its length
and how many lines follow: a private character of Unicode, which no text means anything by.
"""

from __future__ import annotations

from dataclasses import dataclass

BREAKS = frozenset("，。；：！？\n")
_FIRST_MARK, _MOST = 0xE000, 32
MARKS = frozenset(chr(_FIRST_MARK + k) for k in range(_MOST * _MOST))


@dataclass(frozen=True, slots=True)
class Mark:
    """Letters of a line, and lines after it; each at most 31."""

    letters: int
    lines: int

    def written(self) -> str:
        """The mark's character."""
        lines, letters = (min(number, _MOST - 1) for number in (self.lines, self.letters))
        return chr(_FIRST_MARK + _MOST * lines + letters)

    @classmethod
    def read(cls, char: str) -> Mark | None:
        """The inverse; None for any other character."""
        if char not in MARKS:
            return None
        lines, letters = divmod(ord(char) - _FIRST_MARK, _MOST)
        return cls(letters, lines)


def length_of(line: str) -> int:
    """Letters of a line."""
    return sum(map(_is_letter, line))


def _is_letter(char: str) -> bool:
    return char.isalnum() and char not in MARKS


def lines_of(text: str) -> list[str]:
    """The lines of a text, each with the break that ends it; joined they are the text."""
    lines = [""]
    for char in text:
        if lines[-1] and lines[-1][-1] in BREAKS and char not in BREAKS:
            lines.append("")
        lines[-1] += char
    return lines if lines[-1] else lines[:-1]


def lengths_of(text: str) -> list[int]:
    """The lengths of a text's lines, those without a letter left out."""
    return [length for line in lines_of(text) if (length := length_of(line))]


def marked(text: str) -> str:
    """The text with a mark before each line that has letters; marks of its own are left out."""
    lines = [(line, length_of(line)) for line in lines_of(unmarked(text))]
    after = sum(length > 0 for _, length in lines)
    written = ""
    for line, length in lines:
        if length:
            after -= 1
            written += Mark(length, after).written()
        written += line
    return written


def unmarked(text: str) -> str:
    """The text without any mark."""
    return "".join(char for char in text if char not in MARKS)


def letters_left(text: str, *, ended: bool = True) -> list[int | None]:
    """After each character the letters still to come in its line; None after a break.

    After a mark, and before a line's first letter, that is the whole line. Unless the text has
    `ended`, its last line is what its mark says, or unknown.
    """
    left: list[int | None] = []
    lines = lines_of(text)
    for number, line in enumerate(lines):
        rest: int | None = length_of(line)
        if number == len(lines) - 1 and not ended and line[-1] not in BREAKS:
            mark = Mark.read(line[0])
            rest = mark.letters if mark else None
        for char in line:
            if rest is not None and _is_letter(char):
                rest = max(0, rest - 1)
            left.append(None if char in BREAKS else rest)
    return left
