"""What the text says is sold, and for whom."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Query, Stage, run_stage
from jobs.live.functions import classify_function
from jobs.live.views import offers
from schemas.table import DONE
from schemas.tables import TEXTS
from udfs.text.classify import classify as read


@dataclass(frozen=True)
class Classifying:
    """Language, leaf and gender of each text."""

    folder: Path

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        answer = read(batch, self.folder)
        count = batch.num_rows
        columns = {name: answer[name] for name in answer.schema.names} | {
            "text_key": batch["text_key"],
            "status": pa.array([DONE] * count),
            "code": pa.nulls(count, pa.string()),
            "detail": pa.nulls(count, pa.string()),
        }
        schema = pa.schema([field for field in TEXTS.schema if field.name != "function"])
        return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)


def stage(night: Night) -> Stage:
    work = Classifying(night.model("text"))
    rows = night.settings.work.text_batch_rows
    return Stage("classify", TEXTS, classify_function(night), _texts(night), work, rows)


def classify(night: Night) -> Counts:
    return run_stage(night.bench, stage(night))


def _texts(night: Night) -> Query:
    """Distinct texts of the live offers: offers of one text key agree in all that the classifier reads."""
    found = offers(night)
    sql = f"""
        select text_key, title, description, brand, category_path, gender from (
            select *, row_number() over (partition by text_key) place
            from (select text_key, title, description, brand, category_path, gender from ({found.sql}))
        ) where place = 1"""  # noqa: S608
    return Query(sql, found.tables)
