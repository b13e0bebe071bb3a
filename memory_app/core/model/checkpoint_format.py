"""A checkpoint folder, checked by its bytes: no torch, no pickle, no more memory than a few MiB.

Everything is bounded before a parser sees it, and the weights are read in pieces. What passes here
loads (checkpoint.py); the schema below is the parameters of model.py, which a test holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from memory_app.core import strict_json
from memory_app.core.messages import SentenceError, quoted
from memory_app.core.model.config import TRANSLATION_TASK, ConfigError, ModelConfig
from memory_app.core.strict_json import StrictJSONError
from memory_app.core.text.round_trip import check_round_trip
from memory_app.core.text.tokenizer import Tokenizer, TokenizerError

MODEL_FILE, CONFIG_FILE, TOKENIZER_FILE = "model.safetensors", "config.json", "tokenizer.json"
FILES = (MODEL_FILE, CONFIG_FILE, TOKENIZER_FILE)
# A valid 58 MB file of a million empty tensors costs 949 MB to open, so size, header and the
# number of tensors are bounded before a parser sees the file.
MAX_MODEL_BYTES = 1 << 30
MAX_HEADER_BYTES = 1 << 20
MAX_CONFIG_BYTES = 1 << 20
MAX_TENSORS = 1000
PIECE = 4 << 20
# Bytes of one value, an unsigned integer of that size, and the bits that are all set in infinity
# and NaN.
DTYPES: dict[str, tuple[int, np.dtype[Any], int]] = {
    "F32": (4, np.dtype("<u4"), 0x7F800000),
    "F16": (2, np.dtype("<u2"), 0x7C00),
    "BF16": (2, np.dtype("<u2"), 0x7F80),
}
Shapes = dict[str, tuple[int, ...]]
# As json writes it; after a backslash that is itself escaped these are six plain characters.
_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


class CheckpointError(SentenceError):
    """A folder that is no checkpoint of ours; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sound folder holds: its whole config.json, the shape in it, the weights' sha256."""

    config: dict[str, Any]
    shape: ModelConfig
    sha256: str


def open_file(path: Path, limit: int) -> BinaryIO:
    """A regular file of at most `limit` bytes; a link is refused, however it is swapped.

    Raises:
        CheckpointError: it is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise CheckpointError("{name} is missing or not a regular file.", name=path.name) from error
    file = os.fdopen(descriptor, "rb")
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode) and facts.st_size <= limit:
        return file
    file.close()
    if stat.S_ISREG(facts.st_mode):
        raise CheckpointError("{name} is over {most} MiB.", name=path.name, most=limit >> 20)
    raise CheckpointError("{name} is missing or not a regular file.", name=path.name)


def read_config(folder: Path) -> dict[str, Any]:
    """The whole config.json as a mapping; the model's shape in it is not yet checked."""
    with open_file(folder / CONFIG_FILE, MAX_CONFIG_BYTES) as file:
        data = file.read()
    try:
        config = strict_json.loads(data)
        # It goes into a database later: NaN, 1e999, NUL and half a character can be read, not kept.
        text = json.dumps(config, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise CheckpointError("config.json is not JSON.") from error
    if _NUL.search(text):
        raise CheckpointError("config.json contains a NUL character.")
    if not isinstance(config, dict):
        raise CheckpointError("config.json must contain one JSON object.")
    return config


def tensor_shapes(shape: ModelConfig) -> Shapes:
    """The tensors that model.safetensors holds for this shape, by the contract's names."""
    embed, head = shape.embedding_dim, shape.head_shape
    tensors: Shapes = {f"embedding.{name}": size for name, size in shape.embedding_shapes.items()}
    tensors["head.bias"] = head[:1]
    if not shape.tied:
        tensors["head.weight"] = head
    if shape.has_projection:
        tensors["projection.weight"] = (embed, shape.output_size)
    if shape.attention:
        for name in ("query", "key", "value"):
            tensors[f"attention.{name}.weight"] = (embed, shape.output_size)
    for name, lengths in shape.kind.parameters(shape).items():
        tensors[f"{shape.cell}.{name}"] = lengths
    return tensors


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where one tensor lies, in bytes after the header."""

    name: str
    dtype: str
    begin: int
    end: int


def _read_header(file: BinaryIO, size: int) -> tuple[dict[str, Any], int]:
    """The header as JSON, without its metadata, and where the tensors' bytes begin."""
    head = file.read(8)
    if len(head) < 8:
        raise CheckpointError("model.safetensors is not a safetensors file.")
    (length,) = struct.unpack("<Q", head)
    if length > min(MAX_HEADER_BYTES, size - 8):
        raise CheckpointError("model.safetensors has a header that is too large.")
    try:
        header = strict_json.loads(file.read(length))
    except StrictJSONError as error:
        raise CheckpointError("model.safetensors has a header that is not JSON.") from error
    if not isinstance(header, dict):
        raise CheckpointError("model.safetensors has a header that is not an object.")
    header.pop("__metadata__", None)
    return header, 8 + length


def _tensors(header: dict[str, Any], expected: Shapes) -> list[_Tensor]:
    """Each tensor by the header alone, before any is read: names, dtypes, shapes, places."""
    if len(header) > MAX_TENSORS:
        raise CheckpointError(
            "model.safetensors contains more than {most} tensors.", most=MAX_TENSORS
        )
    missing, extra = expected.keys() - header.keys(), header.keys() - expected.keys()
    if missing or extra:
        name = quoted(min(missing or extra)[:80])
        if missing:
            raise CheckpointError("model.safetensors lacks the tensor {name}.", name=name)
        raise CheckpointError("model.safetensors contains an unknown tensor {name}.", name=name)
    tensors = []
    for name, shape in expected.items():
        entry = header[name]
        # In a list, since a dtype of [] has no hash to be looked up by.
        if not isinstance(entry, dict) or entry.get("dtype") not in list(DTYPES):
            raise CheckpointError("{name} must be float32, float16 or bfloat16.", name=name)
        if entry.get("shape") != list(shape):
            raise CheckpointError(
                "{name} must have the shape {shape}.", name=name, shape=list(shape)
            )
        place = entry.get("data_offsets")
        if not isinstance(place, list) or [type(edge) for edge in place] != [int, int]:
            raise CheckpointError("{name} must have two data_offsets.", name=name)
        if place[1] - place[0] != prod(shape) * DTYPES[entry["dtype"]][0]:
            raise CheckpointError("{name} has data_offsets that don't fit its shape.", name=name)
        tensors.append(_Tensor(name, entry["dtype"], *place))
    return sorted(tensors, key=lambda tensor: tensor.begin)


def _check_places(tensors: Iterable[_Tensor], size: int) -> None:
    """The tensors fill the file: none over another, no gap, nothing after the last."""
    at = 0
    for tensor in tensors:
        if tensor.begin != at:
            raise CheckpointError(
                "{name} doesn't begin where the previous tensor ends.", name=tensor.name
            )
        at = tensor.end
    if at > size:
        raise CheckpointError("model.safetensors is truncated.")
    if at < size:
        raise CheckpointError("model.safetensors has bytes after the last tensor.")


def _check_model(path: Path, shape: ModelConfig) -> str:
    """Check every byte of the weights, and return their sha256."""
    with open_file(path, MAX_MODEL_BYTES) as file:
        size = os.fstat(file.fileno()).st_size
        header, start = _read_header(file, size)
        tensors = _tensors(header, tensor_shapes(shape))
        _check_places(tensors, size - start)
        file.seek(0)
        digest = hashlib.sha256(file.read(start))
        for tensor in tensors:
            _, integer, nonfinite = DTYPES[tensor.dtype]
            bits: np.dtype[Any] = integer
            left = tensor.end - tensor.begin
            while left:
                piece = file.read(min(left, PIECE))
                if len(piece) < min(left, PIECE):
                    raise CheckpointError("model.safetensors changed while it was read.")
                left -= len(piece)
                digest.update(piece)
                if bool(((np.frombuffer(piece, bits) & nonfinite) == nonfinite).any()):
                    raise CheckpointError(
                        "{name} contains a value that is not finite.", name=tensor.name
                    )
    return digest.hexdigest()


def check_folder(folder: Path) -> Checked:
    """Check a folder of contract section 5 without loading it.

    Raises:
        CheckpointError: anything missing, oversized, misnamed, misshaped, of another dtype, not
            finite, or a tokenizer that does not fit. Nothing is unpickled or executed.
    """
    folder = Path(folder)
    config = read_config(folder)
    open_file(folder / TOKENIZER_FILE, MAX_MODEL_BYTES).close()  # a link, or none at all
    try:
        shape = ModelConfig.from_dict(config)
        tokenizer = Tokenizer.load(folder / TOKENIZER_FILE)
    except (ConfigError, TokenizerError) as error:
        raise CheckpointError(error.sentence) from error
    # No other task feeds a source that attention could read.
    if shape.attention and config.get("task") != TRANSLATION_TASK:
        raise CheckpointError("attention is for the task translation only.")
    if tokenizer.vocab_size != shape.vocab_size:
        raise CheckpointError("tokenizer.json and config.json differ in vocab_size.")
    return Checked(config, shape, _check_model(folder / MODEL_FILE, shape))


def check_incoming(folder: Path) -> Checked:
    """`check_folder` of what isn't here yet: its tokenizer has to give every text back, too.

    One that doesn't and was registered before this was asked still loads: chats live on it.

    Raises:
        CheckpointError: as `check_folder`, or the tokenizer changes texts.
    """
    checked = check_folder(folder)
    try:
        check_round_trip(Tokenizer.load(Path(folder) / TOKENIZER_FILE))
    except TokenizerError as error:
        raise CheckpointError(error.sentence) from error
    return checked
