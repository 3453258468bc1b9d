"""What the next version says of its second embedding, from the rows that `models fill` made."""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.models import ENCODER_PARTS
from jobs.engine.night import Night
from jobs.live.functions import over_pixels
from jobs.live.second import crops, second
from jobs.stages.publish_rows import OfCrops, published_key
from lake.candidate import Candidate, missing_vectors
from lake.encoders import keep_encoder
from lake.published_files import DamagedSnapshot
from lake.second import NextSecond, Sound, garments_of, is_whole, placed, shelved
from lake.segments import Held
from schemas.manifest import Second
from udfs.pictures.decode import PIXELS_REVISION


def next_second(night: Night, candidate: Candidate, banned: pa.Array) -> NextSecond | None:
    """The second embedding of a candidate; None where none is wanted. No `banned` vector lies in its segments.

    What the parent has of it is carried; where that cannot be read, all of it is made anew.
    """
    parent = candidate.parent.second if candidate.parent else None
    release = second(night)
    if release is None:
        return None
    known = parent if parent and parent.model == release.digest.hex() and is_whole(night.store, parent) else None
    folders = {part: night.model(part).folder for part in ENCODER_PARTS} | {"embed": release.folder}
    encoder = keep_encoder(night.store, folders, PIXELS_REVISION)
    garments = garments_of(night.store, candidate)
    cut, function = crops(garments), over_pixels(release.digest)
    keys = pa.array([published_key(crop, function) for crop in cut.to_pylist()], pa.binary(32))

    def over(known: Second | None) -> NextSecond:
        held = Held.of(night.store, known.vectors if known else [])
        lacking = missing_vectors(held, pa.chunked_array([keys]), banned)
        made = OfCrops(night.tables, lacking, cut.take(pc.index_in(lacking, keys)), function)
        offered = Sound(made, night.gates.whole_index.norm_tolerance)
        shelf = shelved(held, keys, offered, banned)
        return NextSecond(release.digest.hex(), encoder, known, shelf, placed(garments["garment_id"], keys, shelf))

    try:
        return over(known)
    except DamagedSnapshot:
        return over(None)
