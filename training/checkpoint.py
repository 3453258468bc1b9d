"""The state of a training run on disk, so that a killed run goes on to the same weights."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

EVERY_STEPS = 100


Parts = Mapping[str, nn.Module | torch.optim.Optimizer]
"""What a run is made of, by name."""


@dataclass(frozen=True)
class Checkpoint:
    """One file; written whole or not at all. Another plan has another file."""

    path: Path

    @classmethod
    def of(cls, folder: Path, name: str, plan: Any) -> "Checkpoint":
        """The checkpoint of the run `name` with `plan`, a dataclass."""
        key = hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder / f"{name}-{key}.pt")

    def restore(self, parts: Parts) -> int:
        """Load every part; returns the step to go on from, 0 where there is no checkpoint."""
        if not self.path.exists():
            return 0
        state = torch.load(self.path, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["step"])

    def save(self, step: int, parts: Parts, surely: bool = False) -> None:
        """Keep the state after `step` steps; unless `surely`, most calls write nothing."""
        if step % EVERY_STEPS and not surely:
            return
        fresh = self.path.with_suffix(".new")
        torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, fresh)
        fresh.replace(self.path)
