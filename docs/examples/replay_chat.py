"""Check a chat's memory from outside: torch, safetensors and tokenizers are all it takes.

    python replay_chat.py CHECKPOINT_FOLDER turns.json STATES_FOLDER

STATES_FOLDER holds, for each committed turn, <turn>.state.safetensors and, if you like,
<turn>.trace.safetensors, as downloaded from /turn/<turn>/. Every turn's ids are fed to the layers,
written out below, from the parent's state; the largest differences (relative above 1) are printed.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn.functional import gelu, linear, logsigmoid, normalize

Named = dict[str, torch.Tensor]  # PART.LAYER or GATE.LAYER


class Plain:
    """The checkpoint in plain PyTorch."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.cell = config["cell"]
        self.blocks = config.get("blocks") or [{"kind": "lstm"}] * config["num_layers"]
        self.lower = [block["kind"] for block in self.blocks].count("lstm")
        self.w = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id
        self.user, self.bot, self.end = tokens("<|user|>"), tokens("<|bot|>"), tokens("<|end|>")

    def feed(self, ids: list[int], state: Named) -> tuple[torch.Tensor, Named, Named]:
        """Logits after each id [T, vocab], the state after the last, the gates [T, …]."""
        embedding = self.w["embedding.weight"]
        h = e = embedding[torch.tensor(ids)]
        r, after, gates = torch.zeros_like(e), {}, {}
        for n, block in enumerate(self.blocks):
            if block["kind"] == "lstm":
                h, parts, seen = self.lstm(n, h, state)
            else:
                r, parts, seen = self.block(n, block, h, e, r, state)
            after |= {f"{name}.{n}": value for name, value in parts.items()}
            gates |= {f"{name}.{n}": value.flatten(1) for name, value in seen.items()}
        out = h if self.lower == len(self.blocks) else torch.cat((h, r), 1)
        if "projection.weight" in self.w:
            out = linear(out, self.w["projection.weight"])
        return linear(out, self.w.get("head.weight", embedding), self.w["head.bias"]), after, gates

    def lstm(self, n: int, x: torch.Tensor, state: Named) -> tuple[torch.Tensor, Named, Named]:
        """A layer of torch.nn.LSTM."""
        under = f"{self.cell}.lstm." if self.lower < len(self.blocks) else f"{self.cell}."
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w_ih, w_hh, b_ih, b_hh = (self.w[f"{under}{name}_l{n}"] for name in names)
        h, c = (state.get(f"{part}.{n}", torch.zeros(w_hh.shape[1])) for part in "hc")
        rows = []
        for token in x:
            i, f, g, o = (w_ih @ token + b_ih + w_hh @ h + b_hh).chunk(4)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            c = f * c + i * g
            h = o * c.tanh()
            rows.append(torch.stack((i, f, g, o, c, h)))
        seen = dict(zip("ifgoch", torch.stack(rows, 1), strict=True))
        return seen["h"], {"h": h, "c": c}, seen

    def block(self, n, sizes, h, e, r, state) -> tuple[torch.Tensor, Named, Named]:
        """An mLSTM block: r [T, embed] with what it adds."""
        under = f"{self.cell}.blocks.{n - self.lower}."
        w = {k.removeprefix(under): v for k, v in self.w.items() if k.startswith(under)}
        heads, key, value = sizes["heads"], sizes["key"], sizes["value"]

        def norm(x: torch.Tensor, name: str) -> torch.Tensor:
            return x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * w[f"{name}.weight"]

        def map_of(x: torch.Tensor, name: str) -> torch.Tensor:
            return linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))

        mixed = map_of(torch.cat((norm(h, "norm_h"), norm(e + r, "norm_r")), 1), "mix")
        past = torch.cat((state.get(f"shift.{n}", torch.zeros(3, sizes["width"])), mixed))
        address = map_of(past.unfold(0, 3, 1).transpose(1, 2).flatten(1), "address")
        keys = address[:-1] + map_of(mixed, "own_key")
        q, k = (normalize(x.view(-1, heads, key), dim=-1, eps=1e-6) for x in (address[1:], keys))
        v, o = map_of(mixed, "value").view(-1, heads, value), map_of(mixed, "output_gate").sigmoid()
        i, f = map_of(mixed, "gates").chunk(2, 1)
        i, f = 15 * torch.tanh(i / 15), logsigmoid(f)
        shapes = {"C": (heads, key, value), "n": (heads, key), "m": (heads,)}
        c, total, m = (state.get(f"{p}.{n}", torch.zeros(s)) for p, s in shapes.items())
        read, size = [], []
        for t in range(len(e)):  # C and n are kept divided by exp(m)
            m, before = torch.maximum(f[t] + m, i[t]), m
            keep, write = (f[t] + before - m).exp()[:, None], (i[t] - m).exp()[:, None] * k[t]
            c = keep[..., None] * c + write[..., None] * v[t][:, None]
            total = keep * total + write
            scale = torch.maximum((total * q[t]).sum(1).abs(), (-m).exp())[:, None]
            read.append((torch.einsum("hkv,hk->hv", c, q[t]) / scale).flatten())
            size.append(c.flatten(1).norm(dim=1) * m.exp())
        out = torch.stack(read)
        r = r + map_of(o * out, "output")
        both = torch.cat((norm(h, "norm_h"), norm(e + r, "norm_up")), 1)
        r = r + map_of(gelu(map_of(both, "up")), "down")
        seen = {"i": i.exp(), "f": f.exp(), "o": o, "q": q, "k": k, "v": v, "h": out}
        parts = {"C": c, "n": total, "m": m, "shift": past[-3:]}
        return r, parts, seen | {"size": torch.stack(size)}


def apart(ours: Named, path: Path) -> float:
    """The largest difference; an lstm's file stacks its layers."""
    file, worst = load_file(path), 0.0
    for name, value in ours.items():
        part, layer = name.split(".")
        told = file[name] if name in file else file[part][..., int(layer), :]
        worst = max(worst, float(((value - told).abs() / told.abs().clamp(min=1)).max()))
    return worst


@torch.no_grad()
def check(folder: Path, chat: dict, files: Path) -> dict[str, float]:
    """The largest differences over all committed turns of a chat."""
    plain, states = Plain(folder), {None: {}}
    worst = {"turns": 0.0, "state": 0.0, "trace": 0.0, "greedy_logit": 0.0}
    for turn in chat["turns"]:
        if turn["status"] not in ("complete", "stopped", "length"):
            continue
        prompt = [plain.user, *turn["user_token_ids"], plain.end, plain.bot]
        ids = [*prompt, *turn["reply_token_ids"], plain.end]
        logits, states[turn["id"]], gates = plain.feed(ids, states[turn["parent"]])
        gap = {"state": apart(states[turn["id"]], files / f"{turn['id']}.state.safetensors")}
        if (trace := files / f"{turn['id']}.trace.safetensors").exists():
            assert load_file(trace)["token_ids"].tolist() == ids
            gap["trace"] = apart(gates, trace)
        if turn["sampling"]["temperature"] == 0 and turn["sampling"]["repetition_penalty"] == 1:
            rows = logits[len(prompt) - 1 : -2].index_fill(
                1, torch.tensor([plain.user, plain.bot]), -torch.inf
            )
            own = rows.gather(1, torch.tensor(turn["reply_token_ids"])[:, None])[:, 0]
            rows[: turn["sampling"]["min_tokens"], plain.end] = -torch.inf
            gap["greedy_logit"] = float((rows.max(1).values - own).max())
        worst |= {name: max(worst[name], value) for name, value in gap.items()}
        worst["turns"] += 1
    return worst


if __name__ == "__main__":
    chat = json.loads(Path(sys.argv[2]).read_text())
    print(json.dumps(check(Path(sys.argv[1]), chat, Path(sys.argv[3]))))
