"""Runs `selvedge` and kills it in front of its n-th change of the lake: `python -m tests.jobs.vacuum.dying N WORDS`."""

import os
import signal
import sys
from typing import Any

from deltalake import DeltaTable

import cli.context
from cli.main import main
from lake.store import DiskStore
from tests.year.house import YEARS

CHANGES = ((DiskStore, ("write", "open_output", "delete", "overwrite")),
           (DeltaTable, ("create_write_transaction", "create_checkpoint")))  # fmt: skip
COUNTED = "SELVEDGE_TEST_COUNTED"
"""File that gets the number of changes, if the command lived to its end."""


class Countdown:
    """Ends this process when it reaches 0."""

    def __init__(self, left: int) -> None:
        self.left, self.count = left, 0

    def step(self) -> None:
        if self.count == self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1


def wrap(owner: Any, name: str, countdown: Countdown) -> None:
    done = getattr(owner, name)

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        countdown.step()
        return done(self, *arguments, **named)

    setattr(owner, name, counted)


def run() -> None:
    countdown = Countdown(int(sys.argv.pop(1)))
    for owner, names in CHANGES:
        for name in names:
            wrap(owner, name, countdown)
    cli.context.DAYS_AHEAD = YEARS
    try:
        main()
    finally:
        if COUNTED in os.environ:
            with open(os.environ[COUNTED], "w") as file:  # noqa: PTH123
                file.write(str(countdown.count))


if __name__ == "__main__":
    run()
