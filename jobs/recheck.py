"""`selvedge recheck`: makes rows of a stage again, compares them with what is stored, and drops those that are wrong.

A row is wrong if something else than the function of its digest made it: another mapping file, another release. Nobody
would ever look at it again, since it is present. Dropped rows are due in the next night.
"""

import os
from dataclasses import dataclass, field

import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.recheck import Difference, Draw, Recheck, differences
from jobs.live.functions import embed_function
from jobs.stages.declared import record_of, records
from jobs.stages.publish_rows import published_key
from lake import recalled, snapshots
from lake.lease import lease
from lake.segments import NO_KEYS
from lake.vacuum.rows import drop
from schemas.errors import WrongInput
from schemas.tables import VECTORS
from udfs.runtime.device import THREADS
from udfs.runtime.isolation import end_idle

EXAMPLES = 5


@dataclass
class Rechecked:
    """What a recheck found and did. `unmade`: rows that could not be made now, which stay as they are."""

    stage: str
    checked: int = 0
    differing: int = 0
    unmade: int = 0
    dropped: dict[str, int] = field(default_factory=dict)  # rows by table
    published: list[int] = field(default_factory=list)  # versions that hold what differs
    examples: list[Difference] = field(default_factory=list)


def recheck(night: Night, stage: str, retailer: str | None, draw: Draw, repair: bool = False) -> Rechecked:
    """Check the live rows of a stage under its present function, of one retailer or of all.

    With `repair`: drop those that differ. If only a sample was checked and one of it differs, nobody knows which others
    do, so all live rows of the function go. Raises WrongInput for a stage whose rows cannot be made again.
    """
    how = _recheck_of(stage)
    if retailer is not None:
        night.check_names([retailer], "RETAILER")
    os.environ[THREADS] = str(night.settings.work.model_threads or os.cpu_count() or 1)
    with lease(night.store, night.run, night.settings.lease_seconds):
        try:
            night.keep_models()
            looked_at = night if retailer is None else _of_one(night, retailer)
            found, wrong = _compared(looked_at, stage, how, draw)
            if wrong:
                everything = draw.rows is not None
                _end(night, how, how.keys(looked_at) if everything else _keys(how, wrong), found, repair)
        finally:
            night.spark.stop()
            end_idle()
    return found


def _recheck_of(stage: str) -> Recheck:
    known = [record.name for record in records() if record.recheck is not None]
    if stage not in known:
        text = f"{stage}: has no rows that can be made again from the lake; choose one of {', '.join(known)}"
        raise WrongInput("STAGE", None, text)
    found = record_of(stage).recheck
    assert found is not None
    return found


def _of_one(night: Night, retailer: str) -> Night:
    """The same night with the live offers of one retailer. Its functions are those of all retailers."""
    one = Night(night.settings, night.run, night.today, night.progress, began=night.began)
    one.retailers = {retailer: night.retailers[retailer]}
    one.spark = night.spark
    return one


def _compared(night: Night, stage: str, how: Recheck, draw: Draw) -> tuple[Rechecked, list[Difference]]:
    found, wrong = Rechecked(stage), list[Difference]()
    for pair in how.again(night, draw):
        here, unmade = differences(how.table, pair, how.tolerance)
        found.checked += pair.stored.num_rows
        found.unmade += unmade
        found.examples += here[: EXAMPLES - len(found.examples)]
        wrong += [Difference(difference.key, {}, {}) for difference in here]
    found.differing = len(wrong)
    return found, wrong


def _keys(how: Recheck, wrong: list[Difference]) -> pa.Table:
    schema = pa.schema([how.table.stored.field(name) for name in how.table.key])
    return pa.Table.from_pylist([difference.key for difference in wrong], schema)


def _end(night: Night, how: Recheck, keys: pa.Table, found: Rechecked, repair: bool) -> None:
    """Say which versions have published vectors of these keys, and drop the rows, after their places are noted."""
    published = _published(night, how, keys)
    versions = [snapshots.manifest(night.store, number) for number in snapshots.versions(night.store)]
    holding = recalled.holding(night.store, versions, published) if len(published) else []
    found.published = [manifest.version for manifest in holding]
    if repair:
        if holding:
            recalled.recall(night.store, versions, published)
        found.dropped = _drop(night, how, keys)


def _published(night: Night, how: Recheck, keys: pa.Table) -> pa.Array:
    """The published keys of vectors. What other stages make is published anew each night."""
    if how.table is not VECTORS:
        return NO_KEYS
    function = embed_function(night)
    return pa.array([published_key(key, function) for key in keys["vector_key"].to_pylist()], pa.binary(32))


def _drop(night: Night, how: Recheck, keys: pa.Table) -> dict[str, int]:
    """The stage's own rows go last: after a kill, the next recheck finds them and what was made of them again."""
    return {keep.table.name: drop(night.tables, keep) for keep in how.drop(night, keys)}
