"""The rejects of everything that is live, read from the stages' tables; nothing is stored twice."""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.stages.declared import records
from jobs.stages.record import rejects_of
from reports.facts import RejectRow
from schemas.rejects import MEANINGS, Code

SAMPLES = 8


def reject_rows(night: Night) -> list[RejectRow]:
    """A row for each code of each stage, in the order of the stages, with the most frequent code of each first."""
    return [row for record in records() for row in _rows(record.name, rejects_of(night, record))]


def _rows(stage: str, found: pa.Table) -> list[RejectRow]:
    counts = {one["values"]: one["counts"] for one in pc.value_counts(found["code"]).to_pylist()}
    rows = []
    for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        of_code = found.filter(pc.equal(found["code"], code))
        some = of_code.sort_by([("what", "ascending"), ("detail", "ascending")]).slice(0, SAMPLES).to_pylist()
        samples = [f"{row['what']}  {row['detail'] or ''}" for row in some]
        meaning = MEANINGS[Code(code)]
        rows.append(RejectRow(stage, code, meaning.text, str(meaning.acts), count, samples))
    return rows
