"""Makes the vectors of a candidate embedding for the garments of the newest version, in advance."""

from dataclasses import replace

from jobs.engine.night import Night
from jobs.engine.stage import Counts, run_stage
from jobs.live.second import live_crops
from jobs.stages.embed import RULE, with_pictures


def fill_embedding(night: Night) -> Counts:
    """Work off what the candidate has not seen. It goes by the version: a night has made it, and it is not in doubt."""
    stage = replace(RULE, needed=lambda night: with_pictures(night, live_crops(night))).tonight(night)
    return run_stage(night.bench, stage)
