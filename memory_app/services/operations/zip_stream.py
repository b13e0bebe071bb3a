"""A folder or other files as a zip, piece by piece, so that little of it is in memory."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

PIECE = 1 << 18


class _Out:
    """A write-only file whose content waits until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        #: Bytes that wait.
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def take(self) -> bytes:
        data, self._pieces, self.size = b"".join(self._pieces), [], 0
        return data


def zip_pieces(
    folder: Path, names: Sequence[str], prefix: str, texts: Mapping[str, str] = MappingProxyType({})
) -> Iterator[bytes]:
    """The files of these names under `prefix/`, uncompressed: weights don't get smaller.

    `texts` are further files: their text by their names.
    """
    out = _Out()
    # zipfile writes to any object with write and flush, although its types ask for more.
    sink: Any = out
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, text in texts.items():
            archive.writestr(_about(f"{prefix}/{name}"), text)
        for name in names:
            about = _about(f"{prefix}/{name}")
            size = (folder / name).stat().st_size
            with (
                archive.open(about, "w", force_zip64=size >= zipfile.ZIP64_LIMIT) as inside,
                (folder / name).open("rb") as file,
            ):
                while piece := file.read(PIECE):
                    inside.write(piece)
                    yield out.take()
    yield out.take()


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the zip, small enough for memory."""

    name: str
    data: bytes
    compress: bool = True


def zip_of(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The zip of these files, in pieces of at least `PIECE` bytes, except for the last."""
    out = _Out()
    sink: Any = out
    with zipfile.ZipFile(sink, "w") as archive:
        for entry in entries:
            about = _about(entry.name)
            about.compress_type = zipfile.ZIP_DEFLATED if entry.compress else zipfile.ZIP_STORED
            archive.writestr(about, entry.data)
            if out.size >= PIECE:
                yield out.take()
    yield out.take()


def _about(name: str) -> zipfile.ZipInfo:
    """An entry without a date, so that the same files give the same zip."""
    about = zipfile.ZipInfo(name)
    about.external_attr = 0o644 << 16
    return about
