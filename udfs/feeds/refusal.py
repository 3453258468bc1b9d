"""A feed that cannot be used as a whole."""

from schemas.rejects import Code


class FeedRefused(Exception):
    """Ends a reading. `detail` is one line: what, where, and who has to act."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
