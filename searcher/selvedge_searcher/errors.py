"""What can be wrong with a snapshot. None of these touches a snapshot that is already open."""


class SnapshotError(Exception):
    """Base of all errors of this package; reads as one line."""


class SnapshotMissing(SnapshotError):
    """There is no such version, or nothing was published yet."""


class LakeUnreachable(SnapshotError):
    """The store does not answer, or refuses what was asked of it: stay on the version that is open, and try again."""


class SnapshotDamaged(SnapshotError):
    """A file is missing or is not what the manifest says: stay on the version that is open."""


class SchemaUnknown(SnapshotDamaged):
    """Nothing is damaged, but this package is too old for the version: stay on the one that is open, and upgrade."""


class EncoderMismatch(SnapshotError):
    """A vector or an encoder does not belong to this snapshot's encoder."""


class PhotoRefused(SnapshotError):
    """What should be encoded is no picture, a damaged or missing one, or one too large."""
