"""What a night would say now of a retailer's files; nothing is kept and nothing is committed."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.answers.notes import future_date, jumped_rejects, last_accepted
from jobs.engine.night import Night
from jobs.live.feeds import State, kinds_of, live_feed, states_after, states_by_retailer
from jobs.live.retailers import FileState
from jobs.stages.acquire import Judged, judge_feed, reading_options
from lake.feeds import open_feed, path_of
from schemas.rejects import Code
from schemas.retailer import FeedFile
from schemas.table import DONE, REJECTED
from udfs.feeds.check import examine
from udfs.feeds.summary import ACCEPTED, REFUSED, FeedSummary

HELD = "held"
"""The feed is accepted, but the retailer is held: the deletions are withheld."""


@dataclass(frozen=True)
class FeedCheck:
    """The verdict of tonight on a file, and what it holds."""

    file: FeedFile
    summary: FeedSummary
    """What can be read of the file. `status` is accepted, refused or held, `detail` the night's reason."""
    gates: list[dict[str, Any]]
    """`jobs.stages.feed_gates.GateResult` of each gate; none if the feed never came to them."""
    notes: list[str]

    @property
    def is_held(self) -> bool:
        """Whether the night would hold the retailer, and so end with exit code 4."""
        return self.summary.status != ACCEPTED


def check_feed(night: Night, file: FeedFile) -> FeedCheck:
    """Request a retailer's file as the night does, and judge it with the night's own function."""
    before = kinds_of(file, states_by_retailer(night).get(file.name, {}))
    with tempfile.TemporaryDirectory(prefix="selvedge-feed-") as folder:
        path = Path(folder) / "feed"
        judged = judge_feed(night, file, before, path)
        summary = _content(night, file, judged, path)
    newest = judged.state
    after = states_after(before, newest) if judged.is_new else before
    state = FileState(newest, live_feed(night, file, after))
    summary.status = (REFUSED if newest["status"] == REJECTED else HELD) if state.is_held else ACCEPTED
    summary.code = Code(newest["code"]) if newest["code"] else None
    summary.detail = state.reason.removeprefix(f"{file.title}: ") or None
    return FeedCheck(file, summary, newest["gates"] or [], _notes(night, file, judged))


def _content(night: Night, spec: FeedFile, judged: Judged, file: Path) -> FeedSummary:
    """What can be read of the feed; nothing where none came, where something in it was erased, or where its reader
    failed."""
    feed, options = judged.state["feed"], reading_options(night, spec, judged.state["charset"])
    if judged.state["offers"] is None:
        return FeedSummary()
    if judged.to_keep:
        return examine(file, options)
    if not night.store.exists(path_of(feed)):
        return FeedSummary()
    with open_feed(night.store, feed) as source:
        return examine(source, options)


def _notes(night: Night, file: FeedFile, judged: Judged) -> list[str]:
    """What is worth knowing beside the verdict; the night has the same lines about dates and rejects."""
    newest = judged.state
    lines = future_date(newest, night.now()) + jumped_rejects(file.title, _accepted(night, file, judged))
    if not judged.is_new:
        lines.append(f"{file.title}: nothing new since {newest['acquired_at']:%Y-%m-%d %H:%M} UTC")
    if not file.retailer.enabled:
        lines.append(f"{file.title}: `enabled: false` in its spec, so the night does not request its feed")
    return lines


def _accepted(night: Night, file: FeedFile, judged: Judged) -> list[State]:
    """The last two accepted feeds, the newest first."""
    newest = judged.state
    tonight = [newest] if judged.is_new and newest["status"] == DONE else []
    return [*tonight, *last_accepted(night).get((file.name, file.part), [])][:2]
