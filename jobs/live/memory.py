"""The one place where a stage finds that it need not ask, or for some retailers alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jobs.engine.night import Night
from jobs.engine.stage import Counts
from jobs.live import touched
from jobs.live.products import in_groups
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
        counts = self._touched(night, work) if self.stage in touched.ASKS else work(night)
        return settle(counts, before, asked_now(night, self.tables, self.more(night)))

    def _touched(self, night: Night, work: Callable[[Night], Counts]) -> Counts:
        """Work off what is due for the retailers of which something has changed, and note what was asked."""
        asked = touched.question(night, self.stage)
        counts = Counts(complete=True)
        for part in _parts(night, asked.retailers):
            one = work(part)
            counts.add(one)
            counts.complete = counts.complete and one.complete
        counts.note = touched.note(night, self.stage, asked, counts)
        return counts

    def due(self, night: Night, count: Callable[[Night], int]) -> int:
        """How many rows are due, by the same rule. Of several groups of retailers, what two share counts twice."""
        if is_settled(night, self.stage, asked_now(night, self.tables, self.more(night))):
            return 0
        if self.stage not in touched.ASKS:
            return count(night)
        return sum(count(part) for part in _parts(night, touched.question(night, self.stage).retailers))


def _parts(night: Night, retailers: frozenset[str]) -> Iterator[Night]:
    """The night among some retailers, a group after the other, so that memory is bounded by a setting."""
    groups = [*in_groups(night, sorted(retailers), night.settings.work.offers_at_once)]
    for group in groups:
        part = night.among(group)
        yield part
        if len(groups) > 1:
            part.forget()
