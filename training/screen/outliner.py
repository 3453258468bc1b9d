"""Where a picture's subject is: a small head on the frozen backbone, kept beside the code that reads it."""

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from training.networks.backbone import Maps
from training.networks.pyramid import TopDown, block

WEIGHTS = Path(__file__).with_name("outliner.safetensors")
WIDTH = 48
SAYS = "training"
"""The one key of the file's own description: of several the order would change from run to run."""


class Outliner(nn.Module):
    """Maps of stride 8, 16 and 32 to logits [B, side / 8, side / 8] that a place belongs to the subject."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = TopDown(WIDTH)
        self.answer = nn.Sequential(block(WIDTH, WIDTH // 2), nn.Conv2d(WIDTH // 2, 1, 1))

    def forward(self, stride8: Tensor, stride16: Tensor, stride32: Tensor) -> Tensor:
        return self.answer(self.joined(stride8, stride16, stride32))[:, 0]

    def outline(self, maps: Maps) -> Tensor:
        """How probably each place [B, side / 8, side / 8] belongs to the subject."""
        return self(maps.stride8, maps.stride16, maps.stride32).sigmoid()


def save(outliner: Outliner, says: dict[str, str], path: Path = WEIGHTS) -> None:
    """Write the weights, with what is to be said of them; the same give the same bytes."""
    weights = {name: value.contiguous() for name, value in outliner.state_dict().items()}
    save_file(weights, path, {SAYS: json.dumps(says, sort_keys=True)})


def load(path: Path = WEIGHTS) -> Outliner:
    """The trained head, frozen, in evaluation mode."""
    outliner = Outliner().eval()
    with safe_open(path, "pt") as file:
        outliner.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    for parameter in outliner.parameters():
        parameter.requires_grad_(False)
    return outliner


def said_of(path: Path = WEIGHTS) -> dict[str, str]:
    """What was written with the weights."""
    with safe_open(path, "pt") as file:
        return dict(json.loads(file.metadata()[SAYS]))
