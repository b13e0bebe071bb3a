"""Lines of a file that may be packed: gzip, xz or Zstandard, known by its first bytes.

Unpacks in pieces, so a bomb costs a cap's worth of time and no memory. Knows no corpora.
"""

from __future__ import annotations

import io
import itertools
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from memory_app.core.messages import SentenceError

PIECE = 1 << 16
MAX_LINE_BYTES = 4 << 20
#: The byte-order mark of UTF-8.
BOM = b"\xef\xbb\xbf"
MAX_UNPACKED_BYTES = 2 << 30
# What a decoder may take for its window: xz -9 and zstd --ultra --long=27 need this much at most.
MAX_WINDOW_BYTES = 1 << 27


class UnpackError(SentenceError):
    """A file that can't be read to its end; its message is one sentence for a person."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(slots=True)
class _Gzip:
    """zlib's decoder behind the names that the others use."""

    inner: zlib._Decompress

    @property
    def eof(self) -> bool:
        return self.inner.eof

    @property
    def unused_data(self) -> bytes:
        return self.inner.unused_data

    def decompress(self, data: bytes, /) -> bytes:
        return self.inner.decompress(data)


def _decoder(head: bytes) -> tuple[_Decoder, int] | None:
    """A fresh decoder for what begins with these bytes, or None for a plain file.

    With it comes how many packed bytes to feed at once so that at most about 8 MiB come out: the
    tightest packing is 1,032:1 for gzip, some 7,000:1 for xz, 32,768:1 for Zstandard.
    """
    if head.startswith(b"\x1f\x8b"):
        return _Gzip(zlib.decompressobj(wbits=31)), 4096
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MAX_WINDOW_BYTES), 1024
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj(), 256
    return None


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file and nothing else: no link, pipe or device, however it is swapped.

    Raises:
        UnpackError: it is one of those, or can't be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise UnpackError("{name} is a symlink.", name=path.name) from error
        raise UnpackError(
            "{name} can't be read ({reason}).", name=path.name, reason=error.strerror
        ) from error
    file = os.fdopen(descriptor, "rb", buffering=0)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise UnpackError("{name} is not a regular file.", name=path.name)
    return io.BufferedReader(file, PIECE)


Progress = Callable[[int], None]


def pieces(
    file: BinaryIO, name: str, limit: int = MAX_UNPACKED_BYTES, progress: Progress | None = None
) -> Iterator[bytes]:
    """The unpacked bytes in pieces of any size; `progress` gets the number of packed bytes read.

    Raises:
        UnpackError: the archive is damaged or cut short, or unpacks to more than `limit` bytes.
    """
    total = 0

    def read() -> bytes:
        data = file.read(PIECE)
        if progress is not None:
            progress(len(data))
        return data

    data, at = read(), 0
    found = _decoder(data)
    packed = found is not None
    while at < len(data):
        if found is None:
            piece, at = data[at:], len(data)
        else:
            decoder, step = found
            try:
                piece = decoder.decompress(data[at : at + step])
            except (zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
                raise UnpackError("{name} is a damaged archive.", name=name) from error
            at += step
            if decoder.eof:
                # Archives may be joined end to end, and xz pads with zeros between them.
                data, at = (decoder.unused_data + data[at:]).lstrip(b"\0"), 0
                found = None
        total += len(piece)
        if total > limit:
            raise UnpackError(
                "{name} unpacks to more than {most} MiB.", name=name, most=limit >> 20
            )
        yield piece
        if at >= len(data):
            data, at = read(), 0
        if packed and found is None and data:
            if len(data) < 6:  # the first bytes of the next archive may be cut by a read
                data += read()
            data = data.lstrip(b"\0")
            found = _decoder(data)
            if data and found is None:
                raise UnpackError("{name} is a damaged archive.", name=name)
    if found is not None:
        raise UnpackError("{name} is a damaged archive: it is truncated.", name=name)


def split_lines(parts: Iterable[bytes], longest: int = MAX_LINE_BYTES) -> Iterator[bytes | None]:
    """The lines of these pieces without their ends; None stands for one of over `longest` bytes.

    A line ends with LF or CRLF; with CR alone where no LF is among the first bytes, as old Macs and
    some spreadsheets write. A byte-order mark at a line's start is left out: joined files have one
    each.
    """
    rest = b""
    skipping = False
    for piece in _with_line_feeds(iter(parts)):
        found = piece.split(b"\n")
        found[0] = rest + found[0]
        rest = found.pop()
        for line in found:
            if skipping:
                skipping = False
                yield None
            else:
                yield _clean(line) if len(line) <= longest else None
        if len(rest) > longest or skipping:
            skipping, rest = True, b""
    if skipping:
        yield None
    elif rest:
        yield _clean(rest) if len(rest) <= longest else None


def _clean(line: bytes) -> bytes:
    return line.removeprefix(BOM).removesuffix(b"\r")


def _with_line_feeds(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, with CR turned into LF where the file ends its lines by CR alone."""
    head = b""
    for piece in parts:
        head += piece
        if len(head) >= PIECE or b"\n" in head:
            break
    if b"\n" in head or b"\r" not in head[:-1]:
        yield head
        yield from parts
        return
    held = b""  # a CR whose LF may be in the next piece
    for piece in itertools.chain([head], parts):
        piece = held + piece
        held = b"\r" if piece.endswith(b"\r") else b""
        piece = piece.removesuffix(b"\r")
        yield piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def lines(
    file: BinaryIO,
    name: str,
    limit: int = MAX_UNPACKED_BYTES,
    longest: int = MAX_LINE_BYTES,
    progress: Progress | None = None,
) -> Iterator[bytes | None]:
    """`split_lines` of a file that may be packed."""
    return split_lines(pieces(file, name, limit, progress), longest)
