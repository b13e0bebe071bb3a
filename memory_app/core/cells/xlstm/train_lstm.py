"""One LSTM layer over a sequence with its gradient, on a CPU: two to three times torch.nn.LSTM's.

torch runs an LSTM that needs a gradient in float32, or in bfloat16 by an operator for each gate and
token, and adds up the weights' gradients token by token. Here a token costs one GEMM by weights
that are laid out once, and all that can be done for the whole sequence is done at once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from memory_app.core.cells.packed_linear import PackedLinear


class _Sequence(Function):
    """x [T, B, in] and the weights of `dtype`, h and c float32 [B, hidden] → h_1 … h_T, c_T."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        length, batch, _ = x.shape
        hidden = w_hh.shape[1]
        gates = functional.linear(x, w_ih, bias)  # [T, B, 4 hidden], becomes i f g o
        outputs = x.new_empty(length + 1, batch, hidden)
        cells = c.new_empty(length + 1, batch, hidden)
        outputs[0], cells[0] = h, c
        recurrent = PackedLinear(w_hh, x.dtype)
        for t in range(length):
            pre = gates[t].add_(recurrent(outputs[t]))
            pre[:, : 2 * hidden].sigmoid_()
            pre[:, 2 * hidden : 3 * hidden].tanh_()
            pre[:, 3 * hidden :].sigmoid_()
            i, f, g, o = pre.chunk(4, dim=1)
            cell = torch.mul(f, cells[t], out=cells[t + 1]).addcmul_(i.to(c.dtype), g)
            torch.mul(cell.tanh().to(x.dtype), o, out=outputs[t + 1])
        ctx.save_for_backward(x, w_ih, w_hh, gates, outputs, cells)
        return outputs[1:], cells[-1]

    @staticmethod
    def backward(ctx: Any, d_outputs: Tensor, d_cell: Tensor) -> tuple[Tensor | None, ...]:
        x, w_ih, w_hh, gates, outputs, cells = ctx.saved_tensors
        length, batch, hidden = d_outputs.shape
        i, f, g, o = gates.chunk(4, dim=2)
        tanh_c = cells[1:].tanh()
        # dz of i, f, g is dc times these, dz of o is dh times `to_o`; dc gets dh times `to_c`.
        to_cell = torch.stack((g * i * (1 - i), cells[:-1] * f * (1 - f), i * (1 - g * g)), dim=2)
        to_o = tanh_c * o * (1 - o)
        to_c = o * (1 - tanh_c * tanh_c)
        d_pre = torch.empty_like(gates)  # [T, B, 4 hidden]
        recurrent = PackedLinear(w_hh.t(), x.dtype)
        d_h = torch.zeros_like(d_cell)
        for t in range(length - 1, -1, -1):
            d_h = d_h + d_outputs[t]
            d_cell = d_cell.addcmul(d_h, to_c[t])
            own = d_pre[t]
            torch.mul(to_cell[t], d_cell.unsqueeze(1), out=own.view(batch, 4, hidden)[:, :3])
            torch.mul(to_o[t], d_h, out=own[:, 3 * hidden :])
            d_cell = d_cell * f[t]
            d_h = recurrent(own).to(d_cell.dtype)
        flat = d_pre.flatten(0, 1)
        needs = ctx.needs_input_grad
        return (
            functional.linear(d_pre, w_ih.t()) if needs[0] else None,
            d_h,
            d_cell,
            flat.t() @ x.flatten(0, 1) if needs[3] else None,
            flat.t() @ outputs[:-1].flatten(0, 1) if needs[4] else None,
            flat.sum(0) if needs[5] else None,
        )


def lstm_sequence(
    x: Tensor, h: Tensor, c: Tensor, weights: tuple[Tensor, Tensor, Tensor, Tensor],
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """x [B, T, in], h and c [B, hidden], nn.LSTM's weights → (outputs [B, T, hidden], h', c').

    GEMMs in `dtype`, c in float32; what is returned is float32.
    """
    w_ih, w_hh, b_ih, b_hh = weights
    inputs = x.transpose(0, 1).to(dtype).contiguous()
    outputs, cell = _Sequence.apply(
        inputs, h, c, w_ih.to(dtype), w_hh.to(dtype), (b_ih + b_hh).to(dtype)
    )
    outputs = outputs.float()
    return outputs.transpose(0, 1), outputs[-1], cell
