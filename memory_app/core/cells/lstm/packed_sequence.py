"""One LSTM layer over a sequence, its weights laid out once instead of at every call."""

from __future__ import annotations

import torch
from torch import Tensor

LSTM_MODE = 2  # torch's number of the cell in mkldnn_rnn_layer


class PackedSequence:
    """The sequence form of one layer: many tokens a call, state in and state out.

    torch.nn.LSTM lays the weights out anew at every call, which costs as much as about 20 tokens
    (measured on 832 units), so a short slice of a prompt would mostly pay for that. oneDNN takes
    weights that are laid out already, through operators that torch's compiler uses but does not
    document; where they are missing, torch.lstm in float32 does the same.
    """

    def __init__(self, weights: list[Tensor], dtype: torch.dtype) -> None:
        """Take `weights` of torch.nn.LSTM: w_ih, w_hh, b_ih, b_hh, gates in the order i f g o."""
        self.dtype = dtype
        self.hidden_size = weights[1].shape[1]
        width = weights[0].shape[1]
        w_ih, w_hh, *biases = (weight.detach().to(dtype).contiguous() for weight in weights)
        self._packed: list[Tensor] | None = None
        try:
            laid_out = torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight(
                w_ih, w_hh, self.hidden_size, False, True, False, None
            )
            self._packed = [*laid_out, *biases]
            blank = torch.zeros(1, self.hidden_size)
            self(torch.zeros(1, 1, width, dtype=dtype), blank, blank)
        except (AttributeError, RuntimeError, TypeError):
            # A build without oneDNN, or one whose oneDNN has no kernel for this dtype.
            self._packed = None
            self._weights = [weight.detach().float() for weight in weights]

    def __call__(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [T, n, in] of `dtype`, h and c float32 [n, hidden] → (outputs [T, n, hidden], h', c').

        Everything must be contiguous: the operator reads raw memory.

        c stays float32 between calls: rounded to bfloat16 it would drift over a long prompt.
        """
        if self._packed is None:
            state = (h.unsqueeze(0), c.unsqueeze(0))
            outputs, h, c = torch.lstm(
                x.float(), state, self._weights, True, 1, 0.0, False, False, False
            )
            return outputs.to(self.dtype), h[0], c[0]
        w_ih, w_hh, b_ih, b_hh = self._packed
        outputs, h, c, _ = torch.ops.aten.mkldnn_rnn_layer(
            x, w_ih, w_hh, b_ih, b_hh, h.to(self.dtype), c,
            False, [], LSTM_MODE, self.hidden_size, 1, True, False, False, False,
        )  # fmt: skip
        shape = (x.shape[1], self.hidden_size)
        return outputs, h.reshape(shape).float(), c.reshape(shape)
