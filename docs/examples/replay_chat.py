"""Check a chat's memory from outside: torch, safetensors and tokenizers are all it takes.

    python replay_chat.py CHECKPOINT_FOLDER turns.json STATES_FOLDER

STATES_FOLDER holds, for each committed turn, <turn>.state.safetensors and, if you like,
<turn>.trace.safetensors, as downloaded from /turn/<turn>/. Every turn's ids are fed to a plain
torch.nn.LSTM from the parent's state; the largest differences are printed as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer


class Plain:
    """The checkpoint in plain PyTorch."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        weights = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        self.layers, self.hidden = config["num_layers"], config["hidden_size"]
        self.lstm = torch.nn.LSTM(
            config["embedding_dim"], self.hidden, self.layers, batch_first=True
        )
        self.lstm.load_state_dict(
            {k.removeprefix("lstm."): v for k, v in weights.items() if k.startswith("lstm.")}
        )
        self.embedding, self.bias = weights["embedding.weight"], weights["head.bias"]
        self.head = weights.get("head.weight", self.embedding)
        self.projection = weights.get("projection.weight")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.user, self.bot, self.end = (
            tokenizer.token_to_id(name) for name in ("<|user|>", "<|bot|>", "<|end|>")
        )

    def blank(self) -> tuple[torch.Tensor, torch.Tensor]:
        zeros = torch.zeros(self.layers, 1, self.hidden)
        return zeros, zeros.clone()

    def feed(self, ids: list[int], state: tuple) -> tuple[torch.Tensor, tuple]:
        """Logits after each id [T, vocab], and the state after the last."""
        out, state = self.lstm(self.embedding[torch.tensor(ids)][None], state)
        if self.projection is not None:
            out = out @ self.projection.T
        return (out @ self.head.T + self.bias)[0], state

    def gates(self, ids: list[int], state: tuple) -> dict[str, torch.Tensor]:
        """i f g o c h of every token, layer and unit, one token at a time: [T, layers, hidden]."""
        seen: dict[str, list] = {name: [] for name in "ifgoch"}
        h, c = [s.clone() for s in state[0]], [s.clone() for s in state[1]]
        for token in ids:
            x = self.embedding[token][None]
            columns: dict[str, list] = {name: [] for name in "ifgoch"}
            for layer in range(self.layers):
                w_ih, w_hh, b_ih, b_hh = self.lstm.all_weights[layer]
                i, f, g, o = (x @ w_ih.T + b_ih + h[layer] @ w_hh.T + b_hh).chunk(4, 1)
                i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
                c[layer] = f * c[layer] + i * g
                x = h[layer] = o * c[layer].tanh()
                for name, value in zip("ifgoch", (i, f, g, o, c[layer], x), strict=True):
                    columns[name].append(value[0])
            for name, column in columns.items():
                seen[name].append(torch.stack(column))
        return {name: torch.stack(column) for name, column in seen.items()}


@torch.no_grad()
def check(folder: Path, chat: dict[str, Any], files: Path) -> dict[str, float]:
    """The largest differences over all committed turns of a chat."""
    plain = Plain(folder)
    states: dict[str | None, tuple] = {None: plain.blank()}
    worst = {"turns": 0.0, "state": 0.0, "trace": 0.0, "greedy_logit": 0.0}
    for turn in chat["turns"]:
        if turn["status"] not in ("complete", "stopped", "length"):
            continue
        prompt = [plain.user, *turn["user_token_ids"], plain.end, plain.bot]
        reply = turn["reply_token_ids"]
        ids = [*prompt, *reply, plain.end]
        before = states[turn["parent"]]
        logits, after = plain.feed(ids, before)
        states[turn["id"]] = after
        stored = load_file(files / f"{turn['id']}.state.safetensors")
        for name, value in zip("hc", after, strict=True):
            difference = float((value[:, 0] - stored[name]).abs().max())
            worst["state"] = max(worst["state"], difference)
        trace = files / f"{turn['id']}.trace.safetensors"
        if trace.exists():
            told = load_file(trace)
            assert told["token_ids"].tolist() == ids
            for name, value in plain.gates(ids, before).items():
                worst["trace"] = max(worst["trace"], float((value - told[name]).abs().max()))
        if turn["sampling"]["temperature"] == 0 and turn["sampling"]["repetition_penalty"] == 1:
            logits[:, [plain.user, plain.bot]] = -torch.inf
            for place, token in enumerate(reply, start=len(prompt) - 1):
                row = logits[place].clone()
                if place - len(prompt) + 1 < turn["sampling"]["min_tokens"]:
                    row[plain.end] = -torch.inf
                worst["greedy_logit"] = max(
                    worst["greedy_logit"], float(row.max() - logits[place, token])
                )
        worst["turns"] += 1
    return worst


if __name__ == "__main__":
    chat = json.loads(Path(sys.argv[2]).read_text())
    print(json.dumps(check(Path(sys.argv[1]), chat, Path(sys.argv[3]))))
