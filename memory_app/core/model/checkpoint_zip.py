"""A checkpoint's folder as one zip: its three files and the model card, unpacked with suspicion.

Only files of these names come out, each up to its own cap as it really is, not as it declares.
"""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

from memory_app.core.model.checkpoint_format import (
    CONFIG_FILE,
    FILES,
    MAX_CONFIG_BYTES,
    MAX_MODEL_BYTES,
    MODEL_FILE,
    TOKENIZER_FILE,
    CheckpointError,
    open_file,
)
from memory_app.core.text.tokenizer import MAX_FILE_BYTES

#: The model card: written under the first name, read under any.
CARD_FILES = ("README.md", "card.md")
CARD_MAX = 50_000  # characters
_MAX_CARD_BYTES = 4 * CARD_MAX
CAPS = {
    MODEL_FILE: MAX_MODEL_BYTES,
    CONFIG_FILE: MAX_CONFIG_BYTES,
    TOKENIZER_FILE: MAX_FILE_BYTES,
    **dict.fromkeys(CARD_FILES, _MAX_CARD_BYTES),
}
#: Entries of a zip, folders and what macOS adds among them.
_MOST_ENTRIES = 32
_PIECE = 1 << 18


def is_zip(path: Path) -> bool:
    """Whether a plain file begins as a zip does."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def unpack_checkpoint(path: Path, folder: Path, *, limit: int = MAX_MODEL_BYTES) -> str:
    """Unpack a checkpoint's zip into an empty folder; the name of the folder in the zip, or "".

    Raises:
        CheckpointError: it is damaged, holds anything else or a link, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES:
                raise CheckpointError("The zip contains more than a checkpoint’s files.")
            chosen: dict[str, zipfile.ZipInfo] = {}
            parents: set[PurePosixPath] = set()
            for entry in entries:
                place = _place(entry)
                if place is None:
                    continue
                if place.name in chosen:
                    raise CheckpointError("The zip contains {name} twice.", name=place.name)
                chosen[place.name] = entry
                parents.add(place.parent)
            if len(parents) > 1:
                raise CheckpointError("The zip contains files in more than one folder.")
            for name, entry in chosen.items():
                _extract(archive, entry, folder / name, min(CAPS[name], limit))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise CheckpointError("The zip is damaged or has an unsupported format.") from error
    except ValueError as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError("The zip is damaged or has an unsupported format.") from error
    missing = [name for name in FILES if name not in chosen]
    if missing:
        raise CheckpointError("The zip lacks {files}.", files=", ".join(missing))
    return parents.pop().name


def _place(entry: zipfile.ZipInfo) -> PurePosixPath | None:
    """Where a file of the checkpoint lies in the zip; None for a folder, and what macOS adds."""
    place = PurePosixPath(entry.filename)
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise CheckpointError("The zip contains a link or a device.")
    is_climbing = place.is_absolute() or ".." in place.parts or "\\" in entry.filename
    if is_climbing or len(place.parts) > 3:
        raise CheckpointError("The zip contains a path that points outside its folder.")
    if entry.is_dir() or place.parts[0] == "__MACOSX" or place.name == ".DS_Store":
        return None
    if place.name not in CAPS or len(place.parts) > 2:
        raise CheckpointError(
            "The zip contains {name}, which is not part of a checkpoint.",
            name=ascii(place.name[:80]),
        )
    if entry.flag_bits & 1:
        raise CheckpointError("The zip is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CheckpointError("The zip is damaged or has an unsupported format.")
    return place


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int) -> None:
    size = 0
    with archive.open(entry) as packed, target.open("xb") as file:
        while piece := packed.read(_PIECE):
            size += len(piece)
            if size > most:
                raise CheckpointError(
                    "{name} is over {most} MiB.", name=target.name, most=max(1, most >> 20)
                )
            file.write(piece)


def read_card(folder: Path) -> str:
    """The model card beside a checkpoint's files; empty where there is none.

    Raises:
        CheckpointError: a link, too long, or no text.
    """
    # A link, too, is there, even one that leads nowhere: it is refused below.
    name = next((name for name in CARD_FILES if os.path.lexists(folder / name)), None)
    if name is None:
        return ""
    with open_file(folder / name, _MAX_CARD_BYTES) as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or len(text) > CARD_MAX:
        raise CheckpointError(
            "{name} is not a model card: it must be text of at most {most} characters.",
            name=name,
            most=f"{CARD_MAX:,}",
        )
    return text
