"""A hundred uploads and more that mean harm: how each is made, and what it is called.

A pickle among them would make the file CANARY if anything unpickled it. Whole requests, such as
ten gigabytes of body, are in the test itself.
"""

import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zstandard

GOOD = b'{"turns":[{"role":"user","text":"Hi"},{"role":"bot","text":"Hello!"}]}\n'
MIB = 1 << 20


@dataclass
class Corpus:
    """One file for the corpora's form; what isn't said here of its fields is harmless."""

    data: bytes
    filename: str = "talks.jsonl"
    fields: dict[str, str] = field(default_factory=dict)


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mknod, (str(self.path),)


# Archives -------------------------------------------------------------------------------------


def zipped(*entries: tuple[str, bytes], link: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
        if link:
            entry = zipfile.ZipInfo("link.jsonl")
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, link)
    return out.getvalue()


def tarred(name: str, data: bytes = GOOD, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        if link:
            entry.type, entry.linkname = tarfile.SYMTYPE, link
            archive.addfile(entry)
        else:
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def repeated(pack: Callable[[bytes], bytes], mib: int, piece: bytes = b"a") -> bytes:
    """An archive of `mib` MiB on one line, made of members of 32 MiB joined end to end."""
    return pack(piece * (32 * MIB)) * (mib // 32)


def fast_xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


def wide_zstd() -> bytes:
    """A frame that asks for a window of a GiB before its first byte comes out."""
    return b"\x28\xb5\x2f\xfd" + bytes([0, 20 << 3]) + struct.pack("<I", 4 << 3 | 1)[:3] + b"oops"


def npy(canary: Path) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Canary(canary)], dtype=object), allow_pickle=True)
    return out.getvalue()


def turns(*said: tuple[object, object]) -> bytes:
    return json.dumps({"turns": [{"role": role, "text": text} for role, text in said]}).encode()


ANSWER = ("bot", "Hello!")


def corpora(canary: Path) -> dict[str, Corpus]:
    """By name. Each has to be refused whole."""
    evil = Canary(canary)
    bare = {f"a pickle of protocol {n}": pickle.dumps(evil, n) for n in range(6)}
    data_pkl = pickle.dumps(evil, 2)
    files: dict[str, tuple[bytes, str]] = {
        **{name: (data, "talks.pkl") for name, data in bare.items()},
        "a pickle named as JSON lines": (data_pkl, "talks.jsonl"),
        "a pickle in gzip": (gzip.compress(data_pkl), "talks.pkl.gz"),
        "a .pt with data.pkl": (zipped(("archive/data.pkl", data_pkl)), "model.pt"),
        "a .npy of objects": (npy(canary), "talks.npy"),
        "a .npz of objects": (zipped(("x.npy", npy(canary))), "talks.npz"),
        "a zip bomb": (zipped(("zeros.jsonl", bytes(64 * MIB))), "talks.zip"),
        "a zip in a zip": (zipped(("in.zip", zipped(("talks.jsonl", GOOD)))), "talks.zip"),
        "a zip that slips out": (zipped(("../../../tmp/slip", GOOD)), "talks.zip"),
        "a zip with a symlink": (zipped(link="/etc/passwd"), "talks.zip"),
        "a tar": (tarred("talks.jsonl"), "talks.tar"),
        "a tar that slips out": (tarred("../../tmp/slip"), "talks.tar"),
        "a tar with a symlink": (tarred("l.jsonl", link="/etc/passwd"), "talks.tar"),
        "a tar.gz": (gzip.compress(tarred("talks.jsonl")), "talks.tar.gz"),
        "gzip in gzip": (gzip.compress(gzip.compress(GOOD)), "talks.gz.gz"),
        "xz in Zstandard": (zstandard.compress(lzma.compress(GOOD)), "talks.xz.zst"),
        "Zstandard in xz": (lzma.compress(zstandard.compress(GOOD)), "talks.zst.xz"),
        "a zip in gzip": (gzip.compress(zipped(("a", GOOD))), "talks.zip.gz"),
        "a gzip bomb of one line": (repeated(gzip.compress, 2048), "talks.gz"),
        "an xz bomb": (repeated(fast_xz, 512), "talks.xz"),
        "a Zstandard bomb": (repeated(zstandard.compress, 4096), "talks.zst"),
        "a bomb of small lines": (repeated(gzip.compress, 320, b"\n"), "talks.gz"),
        "Zstandard with a window of a GiB": (wide_zstd(), "talks.zst"),
        "a cut gzip": (gzip.compress(os.urandom(4096))[:-9], "talks.gz"),
        "a cut xz": (lzma.compress(os.urandom(4096))[:-9], "talks.xz"),
        "a cut Zstandard": (zstandard.compress(os.urandom(4096))[:-9], "talks.zst"),
        "gzip with rubbish behind it": (gzip.compress(GOOD) + b"rubbish, more", "talks.gz"),
        "two bytes of gzip": (b"\x1f\x8b", "talks.gz"),
        "a bzip2 archive": (b"BZh91AY&SY" + bytes(99), "talks.bz2"),
        "a 7z archive": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "talks.7z"),
        # Text that is none
        "nothing": (b"", "talks.jsonl"),
        "a BOM alone": (b"\xef\xbb\xbf", "talks.jsonl"),
        "a MiB of NUL": (bytes(MIB), "talks.jsonl"),
        "a NUL in a text": (turns(("user", "a\0b"), ANSWER), "talks.jsonl"),
        "a NUL in a line": (GOOD.replace(b"Hi", b"H\0i"), "talks.jsonl"),
        "UTF-16": (GOOD.decode().encode("utf-16"), "talks.jsonl"),
        "bytes of 255": (b"\xff" * 5000, "talks.jsonl"),
        "invalid UTF-8": (GOOD.replace(b"Hi", b"H\xff"), "talks.jsonl"),
        "overlong UTF-8": (GOOD.replace(b"Hi", b"\xc0\xaf"), "talks.jsonl"),
        "half a character": (turns(("user", "a\ud800"), ANSWER), "talks.jsonl"),
        "a million blank lines": (b"\n" * 1_000_000, "talks.jsonl"),
        "a million empty rows": (b"{}\n" * 1_000_000, "talks.jsonl"),
        "a line of 20 MB": (b'{"turns": "' + b"a" * (20 * MIB) + b'"}', "talks.jsonl"),
        "prose": (b"It was dark.\nA storm, it seemed.\nNobody spoke.\n" * 50, "talks.txt"),
        "a page of HTML": (b"<html><script>alert(1)</script></html>", "talks.html"),
        "an SVG that scripts": (b"<svg onload='alert(1)'></svg>", "talks.svg"),
        "a billion laughs": (
            b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
            "talks.xml",
        ),
        "YAML that runs": (b"!!python/object/apply:os.system ['true']\n", "talks.yaml"),
        "a shell script": (b"#!/bin/sh\nrm -rf $HOME\n", "talks.sh"),
        "an image": (b"\x89PNG\r\n\x1a\n" + bytes(99), "talks.png"),
        "a PDF": (b"%PDF-1.7\n%\xe2\xe3", "talks.pdf"),
        "an executable": (b"\x7fELF" + bytes(99), "talks"),
        "a database": (b"SQLite format 3\0" + bytes(99), "talks.sqlite3"),
        "weights": (struct.pack("<Q", 2) + b"{}", "model.safetensors"),
        # Rows that are none
        "an unknown role": (turns(("system", "obey"), ANSWER), "talks.jsonl"),
        "a role that is a list": (turns((["user"], "Hi"), ANSWER), "talks.jsonl"),
        "a role that is null": (turns((None, "Hi"), ANSWER), "talks.jsonl"),
        "an unknown speaker": (b"User: Hi\nNarrator: He said.\nBot: Hello\n", "talks.txt"),
        "an empty text": (turns(("user", " "), ANSWER), "talks.jsonl"),
        "a text that is a number": (turns(("user", 7), ANSWER), "talks.jsonl"),
        "a turn of a million characters": (turns(("user", "a" * MIB), ANSWER), "talks.jsonl"),
        "100,000 turns of one role": (turns(*[("user", "ab")] * 100_000, ANSWER), "talks.jsonl"),
        "nobody answers": (turns(("user", "Hi")), "talks.jsonl"),
        "turns that are an object": (b'{"turns": {"role": "user"}}', "talks.jsonl"),
        "a list of lists": (b"[[1],[2]]" * 9, "talks.json"),
        "deep lists": (b'{"turns":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "talks.jsonl"),
        "deep objects": (b'{"turns":' + b'{"a":' * 100_000, "talks.jsonl"),
        "a number of 9,000 digits": (b'{"turns":' + b"9" * 9000 + b"}", "talks.jsonl"),
        "1e999": (b'{"turns": 1e999}', "talks.jsonl"),
        "NaN": (GOOD.replace(b'{"turns"', b'{"id": NaN, "turns"'), "talks.jsonl"),
        "Infinity": (GOOD.replace(b'{"turns"', b'{"id": Infinity, "turns"'), "talks.jsonl"),
        "a key twice": (GOOD.replace(b'{"turns"', b'{"turns":[],"turns"'), "talks.jsonl"),
        "a role twice": (GOOD.replace(b'"role"', b'"role":"bot","role"'), "talks.jsonl"),
        "three columns": (b"a,b,c\nd,e,f\n", "talks.csv"),
        "quotes that never end": (b'a,"b\n' * 20_000, "talks.csv"),
        "a cell of a MiB": (b"a," + b"b" * MIB + b"\n", "talks.csv"),
        "a NUL in CSV": (b"a,b\0\n", "talks.csv"),
        # Names of files that mean harm, on a file that is refused anyway
        "a name that climbs": (b"prose", "../../../../etc/cron.d/gatescope"),
        "an absolute name": (b"prose", "/etc/passwd"),
        "a name with a NUL": (b"prose", "talks\0.jsonl"),
        "a name that is HTML": (b"prose", "<img src=x onerror=alert(1)>.html"),
        "a suffix of 240 characters": (b"prose", "a." + "b" * 240),
        "a name of dots": (b"prose", "...."),
        "a name of 10,000 characters": (b"prose", "n" * 10_000),
    }
    fields = {
        "a corpus named ../../x": {"name": "../../x"},
        "a corpus named with a NUL": {"name": "a\0b"},
        "a corpus without a name": {"name": "  "},
        "a corpus's name of 10,000 characters": {"name": "n" * 10_000},
        "an unknown split": {"split": "../train"},
        "an unknown language": {"language": "<b>"},
        "a licence with a line break": {"licence": "a\nb"},
        "an attribution of 10,000 characters": {"attribution": "n" * 10_000},
    }
    return {
        **{name: Corpus(data, filename) for name, (data, filename) in files.items()},
        **{name: Corpus(GOOD, fields=said) for name, said in fields.items()},
    }


# Checkpoints ----------------------------------------------------------------------------------

MODEL, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
Files = dict[str, bytes]


def header_of(data: bytes) -> tuple[dict, bytes]:
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def weights(header: object, tail: bytes = b"", size: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if size is None else size) + raw + tail


def checkpoints(sound: Files, canary: Path) -> dict[str, Files]:
    """By name: the three files of a sound checkpoint, with one of them made to harm."""
    header, tail = header_of(sound[MODEL])
    config, tokenizer = json.loads(sound[CONFIG]), json.loads(sound[TOKENIZER])
    names = [name for name in header if name != "__metadata__"]
    first = min(names, key=lambda name: header[name]["data_offsets"][0])
    last = max(names, key=lambda name: header[name]["data_offsets"][0])
    evil = pickle.dumps(Canary(canary), 2)

    def one(**changes: object) -> bytes:
        """The weights with the first tensor's entry changed."""
        return weights({**header, first: {**header[first], **changes}}, tail)

    def valued(value: bytes) -> bytes:
        return weights(header, value + tail[len(value) :])

    def configured(**changes: object) -> bytes:
        return json.dumps({**config, **changes}).encode()

    def tokens(**changes: object) -> bytes:
        return json.dumps({**tokenizer, **changes}).encode()

    def modelled(**changes: object) -> bytes:
        return tokens(model={**tokenizer["model"], **changes})

    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    million = b"{" + b",".join(b'"%d":[]' % n for n in range(1_000_000)) + b"}"
    slow = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}
    slow["invert"] = False  # type: ignore[assignment]
    replace = {"type": "Replace", "pattern": {"Regex": "(.*)*x"}, "content": "a" * 9999}
    twice = json.dumps(header)[:-1] + f', "{first}": {json.dumps(header[first])}}}'
    begin, end = header[last]["data_offsets"]
    overlap = {**header, last: {**header[last], "data_offsets": [begin - 4, end - 4]}}
    models = {
        "weights that are a pickle": evil,
        "weights that are a .pt": zipped(("archive/data.pkl", evil)),
        "weights that are empty": b"",
        "a header of 2^63 bytes": weights(b"{}", size=1 << 63),
        "a header of 2^64-1 bytes": weights(b"{}", size=(1 << 64) - 1),
        "a header of 50 MB": weights(b" " * (50 * MIB)),
        "a million empty tensors": weights(million),
        "thousands of empty tensors": weights(
            {**header, **{str(n): empty for n in range(9000)}}, tail
        ),
        "a header that is a list": weights([1]),
        "a header of deep nesting": weights(b"[" * 500_000),
        "a header that isn't JSON": weights(b"\xff\xfe{"),
        "a tensor named twice": weights(twice.encode(), tail),
        "tensors over one another": weights(overlap, tail),
        "a gap between tensors": one(data_offsets=[8, header[first]["data_offsets"][1] + 8]),
        "offsets of 10^18": one(data_offsets=[10**18, 10**18 + 4]),
        "negative offsets": one(data_offsets=[-4, 0]),
        "offsets that are strings": one(data_offsets=["0", "4"]),
        "bytes after the last tensor": weights(header, tail + b"rubbish"),
        "cut weights": weights(header, tail[:-5]),
        "NaN weights": valued(struct.pack("<f", float("nan"))),
        "infinite weights": valued(struct.pack("<f", float("-inf"))),
        "another dtype": one(dtype="F64"),
        "a dtype of objects": one(dtype=["O"]),
        "another shape": one(shape=[1]),
        "a shape of 10^12": one(shape=[10**12, 10**12]),
        "a missing tensor": weights({k: v for k, v in header.items() if k != first}, tail),
        "an unknown tensor": weights({**header, "../../evil": empty}, tail),
    }
    configs = {
        "a config that is a pickle": evil,
        "a vocabulary of 10^12": configured(vocab_size=10**12),
        "a hidden size of 65,536": configured(hidden_size=65_536),
        "a thousand million layers": configured(num_layers=10**9),
        "layers of true": configured(num_layers=True),
        "a hidden size of 1e308": configured(hidden_size=1e308),
        "a config with NaN": configured(loss=float("nan")),
        "a config with a NUL": configured(name="a\0b"),
        "a config of deep nesting": b"[" * 500_000,
        "a config of 9 MB": configured(filler="a" * (9 * MIB)),
        "a config with a key twice": sound[CONFIG].rstrip()[:-1] + b', "cell": "lstm"}',
        "an unknown cell": configured(cell="__import__('os')"),
        "a language that climbs": configured(language="../../zh"),
    }
    tokenizers = {
        "a tokenizer that is a pickle": evil,
        "a tokenizer of 20 MB": b" " * (20 * MIB),
        "a tokenizer of deep nesting": b'{"model":' * 100_000,
        "a vocabulary of 200,000": modelled(vocab={str(n): n for n in range(200_000)}),
        "a piece of a million characters": modelled(vocab={"a" * MIB: 0}),
        "a gap of 2^31 in the vocabulary": modelled(vocab={"a": 0, "b": 2**31}),
        "a tokenizer without its control tokens": tokens(added_tokens=[]),
        "a pattern that takes for ever": tokens(pre_tokenizer=slow),
        "a replacement that grows": tokens(normalizer=replace),
        "a control token that isn't special": tokens(
            added_tokens=[{**one, "special": False} for one in tokenizer["added_tokens"]]
        ),
        "a text that merges into a control token": modelled(
            merges=[*tokenizer["model"]["merges"], ["<|end", "|>"]]
        ),
        "a dropout": modelled(dropout=0.5),
        "another model of pieces": tokens(model={"type": "WordPiece", "vocab": {"a": 0}}),
        "a tokenizer with a key twice": sound[TOKENIZER].rstrip()[:-1] + b', "normalizer": null}',
    }
    attacks = {MODEL: models, CONFIG: configs, TOKENIZER: tokenizers}
    return {
        name: {**sound, part: data} for part, some in attacks.items() for name, data in some.items()
    }
