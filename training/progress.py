"""How far a training command is: a bar on a terminal, a plain line every few seconds elsewhere."""

import sys
import time

BETWEEN_LINES_S = 15.0


class Progress:
    """Counts up to `total` of what `name` says."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total = name, total
        self.started = self.printed = time.monotonic()

    def reached(self, count: int, note: str = "") -> None:
        """Say that `count` are done; most calls print nothing."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if count < self.total and now - self.printed < (0.2 if terminal else BETWEEN_LINES_S):
            return
        self.printed = now
        line = f"{self.name}: {count}/{self.total} after {now - self.started:.0f} s {note}".rstrip()
        end = "\r" if terminal and count < self.total else "\n"
        print(line, end=end, file=sys.stderr, flush=True)
