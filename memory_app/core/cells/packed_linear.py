"""A linear layer whose weight is laid out once for the GEMM instead of at every call."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from memory_app.core.cpu import computes_bfloat16


def fastest_dtype() -> torch.dtype:
    """bfloat16 where the CPU multiplies it natively (AVX512-BF16 or AMX), else float32.

    Elsewhere bfloat16 is emulated and slower than float32. At one row the bytes of the weights
    decide, so bfloat16 is worth about twice the speed.
    """
    return torch.bfloat16 if computes_bfloat16() else torch.float32


class PackedLinear:
    """y = x Wᵀ: x [n, in] contiguous, of `dtype` → [n, out] of `dtype`, summed in float32.

    oneDNN's blocked layout halves the time at one row and saves a tenth at 64. It is reached
    through operators that torch's compiler uses but does not document, so where they are missing
    the plain operator does the same.
    """

    def __init__(self, weight: Tensor, dtype: torch.dtype) -> None:
        self.out_features, self.in_features = weight.shape
        weight = weight.detach().to(dtype).contiguous()
        self._packed: Tensor | None = None
        try:
            packed = torch.ops.mkldnn._reorder_linear_weight(weight)
            torch.ops.mkldnn._linear_pointwise(
                torch.zeros(1, self.in_features, dtype=dtype), packed, None, "none", [], ""
            )
            self._packed = packed
        except (AttributeError, RuntimeError):
            # A build without oneDNN, or one whose oneDNN has no kernel for this dtype.
            self._weight = weight

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed is None:
            return functional.linear(x, self._weight)
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, None, "none", [], "")
