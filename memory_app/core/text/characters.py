"""Vocabularies whose tokens are characters, or bytes: a byte-level BPE that merges nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer as HFTokenizer
from tokenizers import decoders, models, pre_tokenizers

from memory_app.core.text.tokenizer import CONTROL, Tokenizer, byte_characters


def byte_tokenizer() -> Tokenizer:
    """One token a byte."""
    return character_tokenizer((), 0)


def character_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """One token a character: the most frequent that fit into `vocab_size`; others are spelled.

    A character's bytes are merged from its first to its last, so no merge crosses characters. The
    beginnings that several characters share are tokens, too. Bytes and control tokens are always
    there.
    """
    written = byte_characters()
    vocab = {token: index for index, token in enumerate((*CONTROL, *written))}
    merges: list[tuple[str, str]] = []
    counts = Counter(char for text in texts for char in text)
    for char, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        units = [written[byte] for byte in char.encode("utf-8", "replace")]
        new: list[tuple[str, str]] = []
        whole = units[0]
        for unit in units[1:]:
            if whole + unit not in vocab:
                new.append((whole, unit))
            whole += unit
        if len(vocab) + len(new) > vocab_size:
            break
        for first, second in new:
            vocab[first + second] = len(vocab)
        merges += new
    inner = HFTokenizer(models.BPE(vocab=vocab, merges=merges))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(list(CONTROL))
    return Tokenizer(inner)
