"""The errors of this package. None of them affects a snapshot that is already open."""


class SnapshotError(Exception):
    """Base of all errors of this package; its text is one line."""


class SnapshotMissing(SnapshotError):
    """There is no such version, or nothing has been published yet."""


class LakeUnreachable(SnapshotError):
    """The store does not answer or refuses the request. Stay on the version that is open, and try again."""


class SnapshotDamaged(SnapshotError):
    """A file is missing or does not match the manifest. Stay on the version that is open."""


class SchemaUnknown(SnapshotDamaged):
    """Nothing is damaged, but this package is too old for the version: stay on the one that is open, and upgrade."""


class EncoderMismatch(SnapshotError):
    """A vector or an encoder does not belong to this snapshot's encoder."""


class PhotoRefused(SnapshotError):
    """The photo cannot be used: not a picture, damaged, missing, or too large."""
