"""Classifies each text: its language, the category, and the gender."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.models import ModelSource
from jobs.engine.night import Night
from jobs.engine.recheck import OF_A_NETWORK
from jobs.engine.stage import Query
from jobs.live.asked import Asked
from jobs.live.derived import choices_by_text
from jobs.live.functions import classify_function
from jobs.live.rows import taken
from jobs.live.verdict import Verdict, verdict
from jobs.live.views import offers, rows_under
from jobs.stages.record import Rule
from schemas.table import DONE
from schemas.tables import TEXTS
from udfs.text.classify import classify
from udfs.text.model import text_model


@dataclass(frozen=True)
class Classifying:
    """Language, leaf and gender of each text."""

    source: ModelSource

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        answer = classify(batch, text_model(self.source.load()))
        count = batch.num_rows
        columns = {name: answer[name] for name in answer.schema.names} | {
            "text_key": batch["text_key"],
            "status": pa.array([DONE] * count),
            "code": pa.nulls(count, pa.string()),
            "detail": pa.nulls(count, pa.string()),
        }
        schema = pa.schema([field for field in TEXTS.schema if field.name != "function"])
        return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)


def _texts(night: Night) -> Query:
    """The text keys of the live offers."""
    found = offers(night)
    return Query(f"select distinct text_key from ({found.sql})", found.tables)  # noqa: S608


def _read(night: Night, due: pa.Table) -> pa.Table:
    """The due texts. Offers with the same text key are the same for the classifier."""
    found, keys = offers(night), due["text_key"].cast(pa.binary()).combine_chunks()
    query = f"select text_key, title, description, brand, category_path, gender from ({found.sql})"  # noqa: S608
    rows = night.tables.among(query, found.tables, "text_key", keys)
    return taken(rows, pc.index_in(keys, rows["text_key"]))


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    key = next((offer["text_key"] for offer in asked.offers if offer["status"] == DONE), None)
    if key is None:
        return
    least = night.settings.choice.text
    for row in rows_under(night, TEXTS, key, classify_function(night)):
        probability = row["probability"] or 0.0
        found = f"{row['language']}: {row['leaf']} {probability:.2f}, gender {row['gender'] or 'unknown'}"
        unsure = "" if probability >= least else f" (below choice.text {least}, so pictures decide with it)"
        yield verdict("classify", "text", row, found + unsure)


RULE = Rule(
    name="classify",
    table=TEXTS,
    function=classify_function,
    needed=_texts,
    gather=_read,
    work=lambda night: Classifying(night.model_source("text")),
    batch_rows=lambda night: night.settings.work.text_batch_rows,
    tolerance=OF_A_NETWORK,
    derived=choices_by_text,
)
STAGE = RULE.record(verdicts=_verdicts)
