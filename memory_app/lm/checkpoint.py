"""A checkpoint folder: model.safetensors, config.json, tokenizer.json. Checked before trusted."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from memory_app.lm.config import ConfigError, ModelConfig
from memory_app.lm.model import LanguageModel
from memory_app.lm.tokenizer import Tokenizer, TokenizerError

MODEL_FILE, CONFIG_FILE, TOKENIZER_FILE = "model.safetensors", "config.json", "tokenizer.json"
# A valid 58 MB file of a million empty tensors costs 949 MB to open, so size, header and the
# number of tensors are bounded before a parser sees the file.
MAX_MODEL_BYTES = 1 << 30
MAX_HEADER_BYTES = 1 << 20
MAX_CONFIG_BYTES = 1 << 20
MAX_TENSORS = 1000
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class CheckpointError(ValueError):
    """A folder that is no checkpoint of ours; its message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One trained model, loaded: the model is float32 and in eval mode, config is config.json."""

    model: LanguageModel
    tokenizer: Tokenizer
    config: dict[str, Any]
    sha256: str
    path: Path


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, limit: int) -> bytes:
    """A regular file's bytes; links are refused, so an imported folder can't point elsewhere."""
    try:
        if path.is_symlink() or not path.is_file():
            raise CheckpointError(f"{path.name} is missing or not a plain file.")
        if path.stat().st_size > limit:
            raise CheckpointError(f"{path.name} is over {limit >> 20} MiB.")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read.") from error


def read_config(folder: Path) -> dict[str, Any]:
    """The whole config.json as a mapping; the model's shape in it is not yet checked."""
    try:
        config = json.loads(_read(folder / CONFIG_FILE, MAX_CONFIG_BYTES))
        # It goes into a database later: NaN, 1e999 and half a character are readable, not storable.
        json.dumps(config, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError("config.json is not JSON.") from error
    if not isinstance(config, dict):
        raise CheckpointError("config.json must hold one JSON object.")
    return config


def _check_header(data: bytes, expected: dict[str, tuple[int, ...]]) -> None:
    """Names, shapes and dtypes by the header alone, before any tensor is made."""
    if len(data) < 8:
        raise CheckpointError("model.safetensors is not a safetensors file.")
    (size,) = struct.unpack("<Q", data[:8])
    if size > min(MAX_HEADER_BYTES, len(data) - 8):
        raise CheckpointError("model.safetensors has a header that is too large.")
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError) as error:
        raise CheckpointError("model.safetensors has a header that is not JSON.") from error
    if not isinstance(header, dict):
        raise CheckpointError("model.safetensors has a header that is not an object.")
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise CheckpointError(f"model.safetensors holds more than {MAX_TENSORS} tensors.")
    missing, extra = expected.keys() - header.keys(), header.keys() - expected.keys()
    if missing or extra:
        name = min(missing or extra)
        fault = "lacks the tensor" if missing else "holds an unknown tensor"
        raise CheckpointError(f"model.safetensors {fault} {name[:80]!r}.")
    for name, shape in expected.items():
        entry = header[name]
        # In a list, since a dtype of [] has no hash to be looked up by.
        if not isinstance(entry, dict) or entry.get("dtype") not in list(DTYPES):
            raise CheckpointError(f"{name} must be float32, float16 or bfloat16.")
        if entry.get("shape") != list(shape):
            raise CheckpointError(f"{name} must have the shape {list(shape)}.")


def _stored_tensors(model: LanguageModel) -> dict[str, Tensor]:
    """The model's parameters under the contract's names; a tied head has no weight of its own."""
    tensors = dict(model.state_dict())
    if model.config.tied:
        tensors.pop("head.weight")
    return tensors


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load a folder of contract section 5.

    Raises:
        CheckpointError: anything missing, oversized, misnamed, misshaped, of another dtype, not
            finite, or a tokenizer that does not fit. Nothing is unpickled or executed.
    """
    folder = Path(folder)
    config = read_config(folder)
    try:
        shape = ModelConfig.from_dict(config)
        tokenizer = Tokenizer.load(folder / TOKENIZER_FILE)
    except (ConfigError, TokenizerError) as error:
        raise CheckpointError(str(error)) from error
    if tokenizer.vocab_size != shape.vocab_size:
        raise CheckpointError("tokenizer.json and config.json differ in vocab_size.")
    with torch.device("meta"):
        expected = {k: tuple(v.shape) for k, v in _stored_tensors(LanguageModel(shape)).items()}
    data = _read(folder / MODEL_FILE, MAX_MODEL_BYTES)
    _check_header(data, expected)
    try:
        tensors = load_safetensors(data)
    except Exception as error:  # the library raises a type of its own, unnamed in its API
        raise CheckpointError("model.safetensors is damaged.") from error
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"{name} holds a value that is not finite.")
    model = LanguageModel(shape)
    if shape.tied:
        tensors["head.weight"] = tensors["embedding.weight"]
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    model.eval().requires_grad_(False)
    return Checkpoint(model, tokenizer, config, hashlib.sha256(data).hexdigest(), folder)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Make a file's bytes, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save_checkpoint(
    folder: Path,
    model: LanguageModel,
    tokenizer: Tokenizer,
    extra: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
) -> str:
    """Publish a checkpoint whole or not at all, and return its sha256.

    Written beside the target, synced, then renamed: a reader sees the old folder or the new
    one, never half of one. `extra` joins config.json (training summary, data, licences).

    Raises:
        CheckpointError: the folder exists already (a checkpoint is never rewritten).
    """
    folder = Path(folder)
    if folder.exists():
        raise CheckpointError(f"{folder.name} exists already.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.detach().to("cpu", dtype).contiguous().clone()
        for name, tensor in _stored_tensors(model).items()
    }
    data = save_safetensors(tensors, {"format": "pt"})
    config = {**(extra or {}), **model.config.to_dict()}
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write_synced(part / MODEL_FILE, data)
        text = json.dumps(config, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        _write_synced(part / CONFIG_FILE, text.encode())
        _write_synced(part / TOKENIZER_FILE, tokenizer.to_json().encode())
        sync(part)
        part.chmod(0o755)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync(folder.parent)
    return hashlib.sha256(data).hexdigest()
