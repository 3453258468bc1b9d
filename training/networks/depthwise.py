"""Depthwise convolutions whose filters stay as they are: in bf16 the library's backward pass took 87% of a step."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Fixed(torch.autograd.Function):
    """A depthwise convolution that passes gradients to its input and its bias, none to its filters."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
        weight = weight.to(maps.dtype)
        ctx.save_for_backward(weight)
        ctx.stride, ctx.padding, ctx.size = stride, padding, maps.shape[2:]
        return functional.conv2d(maps, weight, bias.to(maps.dtype), stride, padding, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, Tensor, None, None]:
        gradient = gradients[0]
        (weight,) = ctx.saved_tensors
        around = weight.shape[2] - 1 - ctx.padding
        spread = gradient if ctx.stride == 1 else _spread(gradient, ctx.stride, ctx.size)
        back = functional.conv2d(spread, weight.flip((2, 3)), padding=around, groups=len(weight))
        return back[:, :, : ctx.size[0], : ctx.size[1]], None, gradient.sum((0, 2, 3), dtype=torch.float32), None, None


def _spread(gradient: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
    """The gradient at the places that the layer read, `stride` apart, zeros between them."""
    batch, channels, rows, columns = gradient.shape
    spread = gradient.new_zeros((batch, *size, channels)).permute(0, 3, 1, 2)
    spread[:, :, : stride * rows : stride, : stride * columns : stride] = gradient
    return spread


class FixedDepthwise(nn.Module):
    """A folded depthwise layer: its bias learns, its filters do not."""

    def __init__(self, layer: nn.Conv2d, padding: nn.Module) -> None:
        super().__init__()
        assert layer.bias is not None
        self.stride, self.even = int(layer.stride[0]), layer.kernel_size[0] // 2
        self.padding = padding
        self.bias = layer.bias
        self.register_buffer("weight", layer.weight.detach())
        self.weight: Tensor

    def forward(self, maps: Tensor) -> Tensor:
        padding = self.even if self.stride == 1 else 0
        if self.stride > 1:
            maps = self.padding(maps)
        if not torch.is_grad_enabled():
            return functional.conv2d(maps, self.weight, self.bias, self.stride, padding, groups=len(self.weight))
        out: Tensor = _Fixed.apply(maps, self.weight, self.bias, self.stride, padding)  # type: ignore[no-untyped-call]
        return out


def fix_depthwise(module: nn.Module) -> None:
    """Put a `FixedDepthwise` in the place of every depthwise layer of the blocks of `module`, which was folded."""
    for child in list(module.modules()):
        layer = getattr(child, "_depthwise_conv", None)
        if isinstance(layer, nn.Conv2d):
            padding = layer.static_padding
            assert isinstance(padding, nn.Module)
            child._depthwise_conv = FixedDepthwise(layer, padding)
