"""What a scheduler asks of a night: which retailers, until which stage, which gates it lets through.

The DAG imports this module, so it may import nothing that computes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jobs.stage_list import STAGE_NAMES


class WrongRequest(ValueError):
    """A request that no stage can follow."""


def retailers_of(mappings: Path, asked: Mapping[str, Any]) -> list[str]:
    """The retailers of a night. A spec that cannot be read is included: its stage reports file and line."""
    if asked["accept"] and not asked["reason"].strip():
        raise WrongRequest("accept: needs a reason, which the manifest keeps")
    names = [spec.parent.name for spec in sorted(mappings.glob("[!._]*/retailer.yaml")) if _is_enabled(spec)]
    if unknown := sorted(set(asked["retailers"]) - set(names)):
        raise WrongRequest(f"retailers: {', '.join(unknown)}: not enabled; enabled are {', '.join(names)}")
    return [name for name in names if name in (asked["retailers"] or names)]


def is_wanted(stage: str, asked: Mapping[str, Any]) -> bool:
    return STAGE_NAMES.index(stage) <= STAGE_NAMES.index(asked["until"])


def words(stage: str, run: str, retailers: Sequence[str], asked: Mapping[str, Any]) -> list[str]:
    """The arguments of `selvedge` for one task. Without a date: a stage judges by the day on which it runs."""
    found = ["stage", stage, "--run", run]
    found += [word for retailer in retailers for word in ("--retailer", retailer)]
    accepted = [word for gate in asked["accept"] if _judges(stage, retailers, gate) for word in ("--accept", gate)]
    return found + ([*accepted, "--reason", asked["reason"]] if accepted else [])


def _judges(stage: str, retailers: Sequence[str], gate: str) -> bool:
    """Whether a task judges by a gate: `acquire` feeds of its retailers, `publish` the whole version."""
    retailer, of_feed, _ = gate.partition("/")
    return stage == "acquire" and retailer in retailers if of_feed else stage == "publish"


def _is_enabled(spec: Path) -> bool:
    try:
        return bool(yaml.safe_load(spec.read_text())["enabled"])
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError):
        return True
