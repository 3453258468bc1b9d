"""A network whose batch norms are part of its convolutions, so that a few photos a step can train it further."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from schemas.errors import WrongInput


def fold(module: nn.Module) -> None:
    """Put every batch norm of `module`, in evaluation mode, into the convolution that stands before it."""
    for child in module.modules():
        before: str | None = None
        for name, part in list(child.named_children()):
            if isinstance(part, nn.BatchNorm2d) and before is not None:
                setattr(child, before, fuse_conv_bn_eval(getattr(child, before), part))
                setattr(child, name, nn.Identity())
            before = name if isinstance(part, nn.Conv2d) else None


def load_release(module: nn.Module, release: Path, example: Tensor) -> None:
    """Copy the weights of a release's graph into the convolutions of `module`, which was folded.

    Both run their convolutions in the same order. A release may lack those that run last: they keep their weights. A
    release of another network is a `WrongInput`.
    """
    ran: list[nn.Conv2d] = []
    hooks = [
        part.register_forward_hook(lambda part, *_: ran.append(part))
        for part in module.modules()
        if isinstance(part, nn.Conv2d)
    ]
    with torch.no_grad():
        module(example)
    for hook in hooks:
        hook.remove()
    stored = convolutions(release / "model.onnx")
    if [weight.shape for weight, _ in stored] != [tuple(part.weight.shape) for part in ran[: len(stored)]]:
        raise WrongInput(release, None, "is no release of this network; to act: whoever trains (start from another)")
    with torch.no_grad():
        for part, (weight, bias) in zip(ran, stored, strict=False):
            part.weight.copy_(torch.from_numpy(weight))
            assert part.bias is not None
            part.bias.copy_(torch.from_numpy(bias))


def convolutions(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of each convolution of a graph, fp32, in the order in which they run."""
    graph = onnx.load(path).graph
    numbers = {
        initializer.name.removesuffix(".half"): numpy_helper.to_array(initializer).astype(np.float32)
        for initializer in graph.initializer
    }
    return [(numbers[node.input[1]], numbers[node.input[2]]) for node in graph.node if node.op_type == "Conv"]
