"""Byte-level BPE over HF tokenizers: any UTF-8 round-trips, and only we write control tokens."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as HFTokenizer

from memory_app.core import strict_json
from memory_app.core.messages import SentenceError

USER, BOT, END = "<|user|>", "<|bot|>", "<|end|>"
CONTROL = (USER, BOT, END)
# tokenizer.json of 8 k pieces is about 0.5 MB, of 65 k under 5 MB.
MAX_FILE_BYTES = 8 * 2**20
# A person's text is at most this long in ids, so a piece of more bytes than that serves nothing.
MAX_PIECE = 1024
# What may stand before and behind the pieces: steps whose cost grows with the text alone. A Split
# or a Replace carries a pattern of its author's, which can take for ever on ten characters; a
# dropout gives one text other ids each time.
_STEPS = {
    "normalizer": {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents"},
    "pre_tokenizer": {"ByteLevel", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit"},
    "post_processor": {"ByteLevel"},
    "decoder": {"ByteLevel"},
}
# Where a Sequence keeps its steps.
_PARTS = ("normalizers", "pretokenizers", "processors", "decoders")


#: Of one vocabulary; far above anything this product trains, so more is a mistake or an attack.
MAX_TOKENS = 65_536


class TokenizerError(SentenceError):
    """A tokenizer.json that cannot serve here; its message is one sentence for a person."""


def _byte_of_character() -> dict[str, int]:
    """GPT-2's byte-to-character table, which the byte-level pieces are written in, inverted."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in kept}
    others = [byte for byte in range(256) if byte not in set(kept)]
    table.update({chr(256 + index): byte for index, byte in enumerate(others)})
    return table


_BYTES = _byte_of_character()


def byte_characters() -> list[str]:
    """How each byte is written in tokenizer.json, 0 to 255."""
    return sorted(_BYTES, key=_BYTES.__getitem__)


def _check(file: Any) -> None:
    """Bound what the library would be told to do, before it is told.

    Raises:
        TokenizerError: it isn't a BPE, or holds a step that this product doesn't run.
    """
    model = file.get("model") if isinstance(file, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        raise TokenizerError("tokenizer.json is not a Hugging Face tokenizer.")
    if model.get("type", "BPE") != "BPE":
        raise TokenizerError("tokenizer.json must contain a byte-level BPE.")
    if model.get("dropout"):
        raise TokenizerError("tokenizer.json has dropout, so one text has many tokenizations.")
    added = file.get("added_tokens") or []
    if not isinstance(added, list) or len(model["vocab"]) + len(added) > MAX_TOKENS:
        raise TokenizerError("tokenizer.json contains more than {most} tokens.", most=MAX_TOKENS)
    if any(len(piece) > MAX_PIECE for piece in model["vocab"]):
        raise TokenizerError(
            "tokenizer.json contains a token of more than {most} characters.", most=MAX_PIECE
        )
    # A text must never become a control token: neither whole, as an added token that isn't special
    # would, nor merged from pieces.
    special = {
        one.get("content") for one in added if isinstance(one, dict) and one.get("special") is True
    }
    if not special.issuperset(CONTROL):
        raise TokenizerError(
            "tokenizer.json must contain the special tokens {choices}.", choices=" ".join(CONTROL)
        )
    merges = model.get("merges") or []
    if model.get("ignore_merges") or any(_merged(merge) in CONTROL for merge in merges):
        raise TokenizerError("tokenizer.json lets plain text become a control token.")
    for place, known in _STEPS.items():
        _check_step(place, file.get(place), known)


def _merged(merge: Any) -> str:
    """The piece that a merge makes: ["a", "b"], or "a b" in older files."""
    return merge.replace(" ", "") if isinstance(merge, str) else "".join(map(str, merge))


def _check_step(place: str, step: Any, known: set[str], depth: int = 0) -> None:
    kind = step.get("type") if isinstance(step, dict) else None
    if step is None or kind in known:
        return
    if kind == "Sequence" and depth == 0:
        parts = [part for name in _PARTS for part in step.get(name) or []]
        if parts and len(parts) <= 8:
            for part in parts:
                _check_step(place, part, known, depth + 1)
            return
    raise TokenizerError(
        "tokenizer.json has an unsupported {part}: {kind}.", part=place, kind=str(kind)[:40]
    )


class Tokenizer:
    """Text to ids and back. Ids of control tokens come from `prompt_ids` and `turn_ids` alone."""

    def __init__(self, inner: HFTokenizer) -> None:
        self._inner = inner
        # Without this the text "<|end|>" typed by a user would become the control token.
        inner.encode_special_tokens = True
        ids = [inner.token_to_id(token) for token in CONTROL]
        known_ids = [token_id for token_id in ids if token_id is not None]
        if len(known_ids) != len(CONTROL):
            raise TokenizerError(
                "tokenizer.json must contain the tokens {choices}.", choices=" ".join(CONTROL)
            )
        self.user_id, self.bot_id, self.end_id = known_ids
        self.special_ids = frozenset(known_ids)
        # Every id's bytes, once: streaming and decoding are then look-ups.
        self._pieces: list[bytes] = []
        for token_id in range(self.vocab_size):
            piece = inner.id_to_token(token_id)
            if piece is None:
                raise TokenizerError("tokenizer.json has gaps between its token ids.")
            known = token_id not in self.special_ids and all(char in _BYTES for char in piece)
            self._pieces.append(bytes(_BYTES[char] for char in piece) if known else b"")

    @property
    def vocab_size(self) -> int:
        """Number of ids, control tokens included."""
        return self._inner.get_vocab_size()

    @property
    def pieces(self) -> Sequence[bytes]:
        """What each id stands for; nothing for a control token."""
        return self._pieces

    def added_texts(self) -> list[str]:
        """The tokens that are taken whole out of a text, beside the control tokens."""
        added = self._inner.get_added_tokens_decoder().values()
        return [token.content for token in added if token.content not in CONTROL]

    def encode(self, text: str) -> list[int]:
        """The ids of a person's text; never a control token, whatever the text says.

        Raises:
            TokenizerError: the text holds a lone surrogate, so it has no UTF-8.
        """
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise TokenizerError(
                "The text contains half a character (a lone surrogate)."
            ) from error
        return self._inner.encode(text, add_special_tokens=False).ids

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for trusted text in bulk (training); same ids, several times faster."""
        return [item.ids for item in self._inner.encode_batch_fast(texts, add_special_tokens=False)]

    def bytes_of(self, token_id: int) -> bytes:
        """The UTF-8 bytes (maybe a part of a character) that one id stands for."""
        return self._pieces[token_id]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD, control tokens nothing."""
        return b"".join(self._pieces[token_id] for token_id in ids).decode("utf-8", "replace")

    def stream(self) -> TextStream:
        """A decoder for ids that come one at a time."""
        return TextStream(self)

    def prompt_ids(self, user_ids: Sequence[int]) -> list[int]:
        """What is fed before a reply: <|user|> U <|end|> <|bot|>."""
        return [self.user_id, *user_ids, self.end_id, self.bot_id]

    def turn_ids(self, user_ids: Sequence[int], reply_ids: Sequence[int]) -> list[int]:
        """A whole turn as the canonical replay feeds it: <|user|> U <|end|> <|bot|> R <|end|>."""
        return [*self.prompt_ids(user_ids), *reply_ids, self.end_id]

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int, *, single_han: bool = False) -> Tokenizer:
        """Learn `vocab_size` pieces (all 256 bytes and the control tokens among them).

        `single_han`: no piece holds more than one Chinese character.
        """
        inner = HFTokenizer(models.BPE())
        words = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alone = pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated")
        inner.pre_tokenizer = pre_tokenizers.Sequence([alone, words]) if single_han else words
        inner.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=list(CONTROL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(texts, trainer)
        # What was never merged in training isn't merged later: the step itself is needed no more.
        inner.pre_tokenizer = words
        return cls(inner)

    def to_json(self) -> str:
        """The text of tokenizer.json."""
        return self._inner.to_str(pretty=False)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read tokenizer.json.

        Raises:
            TokenizerError: missing, too large, not a tokenizer, or not a byte-level BPE of ours.
        """
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise TokenizerError("tokenizer.json cannot be read.") from error
        if len(data) > MAX_FILE_BYTES:
            raise TokenizerError("tokenizer.json is over {most} MiB.", most=MAX_FILE_BYTES >> 20)
        try:
            _check(strict_json.loads(data))
            inner = HFTokenizer.from_str(data.decode("utf-8"))
        except TokenizerError:
            raise
        except BaseException as error:
            # The library raises bare Exception for a malformed file, and a panic is not even that.
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            raise TokenizerError("tokenizer.json is not a Hugging Face tokenizer.") from error
        if not isinstance(inner.model, models.BPE):
            raise TokenizerError("tokenizer.json must contain a byte-level BPE.")
        inner.no_truncation()
        inner.no_padding()
        return cls(inner)


class TextStream:
    """Turns ids into text as they come, holding back the bytes of an incomplete character.

    The texts joined (with the last `flush`) equal `Tokenizer.decode` of all the ids.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """The whole characters that this id completes; may be empty."""
        return self._decoder.decode(self._tokenizer.bytes_of(token_id))

    def flush(self) -> str:
        """What is left at the end: U+FFFD for an unfinished character, else nothing."""
        return self._decoder.decode(b"", final=True)
