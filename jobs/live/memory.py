"""The one place where a stage finds that it need not ask, or for some retailers alone."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.engine.night import Night
from jobs.engine.stage import Counts
from jobs.live import touched
from jobs.live.settled import asked_now, is_settled, settle
from schemas.table import Table


@dataclass(frozen=True)
class Memory:
    """What a stage remembers of what it asked when nothing was due."""

    stage: str
    tables: tuple[Table, ...]
    """Those that it writes."""
    more: Callable[[Night], str] = lambda night: ""
    """What it asks besides, such as the date."""

    def run(self, night: Night, work: Callable[[Night], Counts]) -> Counts:
        """Work off what is due. `work` gets the night among those retailers for which the stage has to ask."""
        before = asked_now(night, self.tables, self.more(night))
        if is_settled(night, self.stage, before):
            return Counts(settled=before.digest)
        if self.stage not in touched.ASKS:
            return settle(work(night), before, asked_now(night, self.tables, self.more(night)))
        asked = touched.question(night, self.stage)
        counts = work(night.among(asked.retailers)) if asked.retailers else Counts(complete=True)
        counts.note = touched.note(night, self.stage, asked, counts)
        return settle(counts, before, asked_now(night, self.tables, self.more(night)))

    def due(self, night: Night, count: Callable[[Night], int]) -> int:
        """How many rows are due, by the same rule."""
        if is_settled(night, self.stage, asked_now(night, self.tables, self.more(night))):
            return 0
        if self.stage not in touched.ASKS:
            return count(night)
        retailers = touched.question(night, self.stage).retailers
        return count(night.among(retailers)) if retailers else 0
