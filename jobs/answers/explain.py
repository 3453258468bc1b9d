"""Every stage's verdict on an offer, a URL or a picture, in order, and what would have to change."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.asked import Asked, of_offer, of_picture, of_url
from jobs.live.verdict import Verdict
from jobs.stages.declared import records
from lake import snapshots
from lake.published_files import read_rows

GARMENT_ID = re.compile(r"[0-9a-f]{32}")


def explain(night: Night, text: str) -> list[Verdict]:
    """Verdicts on a picture's sha256, its URL, a product, garment or offer id; of an offer that is not live any more,
    why it left. Raises WrongInput for what the lake never knew."""
    asked = _asked(night, text)
    said = (verdict for record in records() for verdict in record.verdicts(night, asked))
    return list(dict.fromkeys([*asked.left, *said]))


def _asked(night: Night, text: str) -> Asked:
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return of_picture(night, bytes.fromhex(text))
    if re.match(r"https?://", text):
        return of_url(night, text)
    return of_offer(night, _product_of(night, text) or text)


def _product_of(night: Night, text: str) -> str | None:
    """The product of a garment of the live version."""
    live = snapshots.current(night.store)
    if live is None or not GARMENT_ID.fullmatch(text):
        return None
    manifest = snapshots.manifest(night.store, live)
    garments = read_rows(night.store, "garments", manifest.of("garments"), ["garment_id", "product_id"])
    at = pc.index(garments["garment_id"], pa.scalar(text)).as_py()
    return str(garments["product_id"][at]) if at >= 0 else None
