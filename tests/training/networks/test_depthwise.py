"""A depthwise layer whose filters stay: the library's answers, and its gradients of inputs and bias."""

import copy

import pytest
import torch

from training.networks.backbone import Span, imagenet
from training.networks.depthwise import FixedDepthwise, fix_depthwise
from training.networks.folded import fold

BLOCKS = [5, 6, 9, 11]
"""3 x 3 that halves, 3 x 3, 5 x 5, 5 x 5 that halves."""


@pytest.mark.parametrize("block", BLOCKS)
def test_answers_and_gradients_are_those_of_the_library(block: int) -> None:
    torch.manual_seed(1)
    theirs = imagenet()
    fold(theirs)
    theirs.requires_grad_(True)
    ours = copy.deepcopy(theirs)
    fix_depthwise(ours)
    channels = ours.network._blocks[block]._block_args.input_filters
    maps = torch.randn(2, channels, 16, 12).to(memory_format=torch.channels_last)
    answers, gradients = [], []
    for network in (theirs, ours):
        inputs = maps.clone().requires_grad_()
        answer = network.blocks(inputs, Span(block, block))
        answer.square().sum().backward()
        layer = network.network._blocks[block]._depthwise_conv
        answers.append(answer.detach())
        gradients.append((inputs.grad, layer.bias.grad))
    assert isinstance(ours.network._blocks[block]._depthwise_conv, FixedDepthwise)
    assert not any("depthwise_conv.weight" in name for name, _ in ours.named_parameters())
    assert torch.allclose(answers[0], answers[1], atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(one.abs().max()))


def test_it_answers_the_same_without_gradients() -> None:
    network = imagenet()
    fold(network)
    maps = torch.randn(1, 40, 16, 12)
    with torch.no_grad():
        before = network.rest(maps)
        fix_depthwise(network)
        after = network.rest(maps)
    assert all(torch.allclose(*pair, atol=1e-5) for pair in zip(before, after, strict=True))
