"""Where a word of a shared chat came from, as a list that the server draws."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from memory_app import limits, services
from memory_app.core.inspection.gauge_value import continues
from memory_app.core.number_text import whole_number
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.models import Turn, TurnKind
from memory_app.reply import storable

#: Words that are listed.
MOST = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A word, its signed share in percent, and where it stands."""

    text: str
    percent: int
    size: int
    turn: int
    is_reply: bool


@dataclass(frozen=True, slots=True)
class TracedWord:
    """The word, the turn that it is in, and the words that it was read from, strongest first."""

    text: str
    turn: int
    sources: list[Source]
    rest: int


def traced_word(turns: Sequence[Turn], turn: str, token: str) -> TracedWord:
    """The word of the reply's token number `token` in the link's turn number `turn`, from 1.

    404 for another turn or number, and for a cell whose memory is no sum over tokens.

    Raises:
        Refused: `rate_limited`; `unavailable`, when the model or a state can't be used.
    """
    place = whole_number(turn, len(turns))
    row = turns[place - 1] if place else None
    if row is None or row.kind != TurnKind.TALK or not row.reply_token_ids:
        raise Http404
    number = whole_number(token, len(row.reply_token_ids) - 1)
    if number is None:
        raise Http404
    limits.enter("traces")
    found = services.token_sources(turn=row, token=number)
    if found is None:
        raise Http404
    numbers = {one.pk: place for place, one in enumerate(turns, 1)}
    tokenizer = found.model.tokenizer
    words: list[tuple[float, str, Turn, bool]] = []
    for own, shares, parts in zip(
        found.turns, found.parts.shares(), found.parts.turns, strict=True
    ):
        if own.kind == TurnKind.TALK:
            signed = [
                share if part >= 0 else -share
                for share, part in zip(shares, parts.tolist(), strict=True)
            ]
            words += [
                (share, text, own, reply) for share, text, reply in _words(own, tokenizer, signed)
            ]
    words.sort(key=lambda word: -abs(word[0]))
    top = words[:MOST]
    return TracedWord(
        _word_at(row, tokenizer, number),
        numbers[row.pk],
        [
            Source(
                text,
                round(100 * share),
                round(100 * abs(share)),
                numbers.get(own.pk, 0),
                reply,
            )
            for share, text, own, reply in top
        ],
        round(100 * (1 - sum(abs(share) for share, *_ in top))),
    )


def _words(
    turn: Turn, tokenizer: Tokenizer, shares: Sequence[float]
) -> list[tuple[float, str, bool]]:
    """The words of a turn's first tokens with the sums of their shares; marks have no text."""
    prompt = len(tokenizer.prompt_ids(turn.user_token_ids))
    ids = tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
    words: list[tuple[float, bytes, bool]] = []
    before = b""
    for place, (token, share) in enumerate(zip(ids, shares, strict=False)):
        piece = b"" if token in tokenizer.special_ids else tokenizer.bytes_of(token)
        if piece and before and continues(before, piece):
            summed, text, reply = words[-1]
            words[-1] = (summed + share, text + piece, reply)
        else:
            words.append((share, piece, place >= prompt))
        before = piece
    return [
        (share, storable(text.decode("utf-8", "replace")).strip(), reply)
        for share, text, reply in words
    ]


def _word_at(turn: Turn, tokenizer: Tokenizer, number: int) -> str:
    """The word that the reply's token belongs to."""
    pieces = [tokenizer.bytes_of(token) for token in turn.reply_token_ids]
    first = stop = number
    while first and continues(pieces[first - 1], pieces[first]):
        first -= 1
    while stop + 1 < len(pieces) and continues(pieces[stop], pieces[stop + 1]):
        stop += 1
    return storable(b"".join(pieces[first : stop + 1]).decode("utf-8", "replace")).strip()
