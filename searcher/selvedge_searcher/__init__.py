"""Opens a selvedge snapshot for a search tier: garments, products and vectors, checked against their manifest."""

from selvedge_searcher.changes import changes
from selvedge_searcher.errors import (
    EncoderMismatch,
    LakeUnreachable,
    PhotoRefused,
    SchemaUnknown,
    SnapshotDamaged,
    SnapshotError,
    SnapshotMissing,
)
from selvedge_searcher.follow import Step, follow
from selvedge_searcher.lake import prune
from selvedge_searcher.snapshot import Segment, Snapshot
from selvedge_searcher.snapshot import open_snapshot as open
from selvedge_searcher.where import Where

__all__ = [
    "EncoderMismatch",
    "LakeUnreachable",
    "PhotoRefused",
    "SchemaUnknown",
    "Segment",
    "Snapshot",
    "SnapshotDamaged",
    "SnapshotError",
    "SnapshotMissing",
    "Step",
    "Where",
    "changes",
    "follow",
    "open",
    "prune",
]
