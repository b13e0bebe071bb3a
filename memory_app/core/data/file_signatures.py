"""Files that are no text at all, told by how they begin: what they are is the reason to refuse.

Nothing here is opened: an archive of many files would have to be unpacked blindly, and a pickle
runs what it likes when it is read.
"""

from __future__ import annotations

from memory_app.core.messages import Sentence

UTF16 = Sentence("text in UTF-16; save it as UTF-8")
_BEGINNINGS = (
    (
        b"PK\x03\x04",
        Sentence(
            "a zip archive (.pt and .npz files are zip archives too); upload its files one by one"
        ),
    ),
    (b"PK\x05\x06", Sentence("an empty zip archive")),
    (b"\x80\x02", Sentence("a pickle, which this site never opens")),
    (b"\x80\x03", Sentence("a pickle, which this site never opens")),
    (b"\x80\x04", Sentence("a pickle, which this site never opens")),
    (b"\x80\x05", Sentence("a pickle, which this site never opens")),
    (b"\x93NUMPY", Sentence("a NumPy array")),
    (b"\x1f\x8b", Sentence("an archive inside an archive")),
    (b"\xfd7zXZ\x00", Sentence("an archive inside an archive")),
    (b"\x28\xb5\x2f\xfd", Sentence("an archive inside an archive")),
    (b"BZh", Sentence("a bzip2 archive; compress it with gzip, xz or Zstandard")),
    (b"7z\xbc\xaf\x27\x1c", Sentence("a 7z archive; upload its files one by one")),
    (b"Rar!\x1a\x07", Sentence("a rar archive; upload its files one by one")),
    (b"PAR1\x15", Sentence("a Parquet file")),
    (b"\x89HDF", Sentence("an HDF5 file")),
    (b"SQLite format 3\x00", Sentence("a database")),
    (b"\x7fELF", Sentence("an executable")),
    (b"MZ\x90", Sentence("an executable")),
    (b"%PDF", Sentence("a PDF")),
    (b"\x89PNG", Sentence("an image")),
    (b"GIF89a", Sentence("an image")),
    (b"GIF87a", Sentence("an image")),
    (b"\xff\xd8\xff", Sentence("an image")),
    (b"\xff\xfe", UTF16),
    (b"\xfe\xff", UTF16),
)
#: So many bytes of a file are looked at.
HEAD = 512


def foreign_kind(head: bytes) -> Sentence | None:
    """What the file with these first bytes is, if it is certainly no text."""
    if head[257:262] == b"ustar":
        return Sentence("a tar archive; upload its files one by one")
    if head[8:10] == b'{"' and 0 < int.from_bytes(head[:8], "little") < 1 << 32:
        return Sentence("a safetensors file, which contains weights, not dialogues")
    known = next((kind for begin, kind in _BEGINNINGS if head.startswith(begin)), None)
    return known or (UTF16 if _is_utf16(head) else None)


def _is_utf16(head: bytes) -> bool:
    """Whether every other byte is zero, as in Latin letters of UTF-16 without its mark."""
    if len(head) < 8:
        return False
    zeros = [head[first::2].count(0) / len(head[first::2]) for first in (0, 1)]
    return max(zeros) > 0.6 and min(zeros) < 0.1
