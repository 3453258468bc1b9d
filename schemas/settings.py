"""Every setting, typed. Read from `selvedge.yaml` and `SELVEDGE_*`; secrets only from the environment."""

import hashlib
import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from schemas.errors import WrongInput
from schemas.yaml_lines import Place, first_error, read_yaml, said

NO_SETTINGS = {
    "SETTINGS", "HOME", "COMMAND", "ON_FAILURE", "DEADLINE_HOURS", "DEVICE", "GPU_ADDRESSES", "INTRA_OP_THREADS",
}  # fmt: skip
"""Variables that are read elsewhere: the settings file's path, those of the DAG, and the device of the models."""
FREE_NAMES = "FEED_", "TEST_"
"""Prefixes of variables with free names: feed secrets, whose names are in the specs, and options of the tests."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SparkSettings(_Group):
    """Where the Spark workers run."""

    master: str = Field("local[*,4]", description="Spark master URL; plain `local[*]` would never retry a task")
    driver_memory: str = Field("2g", description="heap of the driver's JVM; only keys pass through it")
    tasks: int = Field(0, ge=0, description="tasks per chunk; 0: one per core of the cluster")
    conf: dict[str, str] = Field(default_factory=dict, description="more Spark options, under Spark's own names")
    few_seconds: float = Field(
        60, ge=0, description="most estimated work, in seconds, that a stage does without Spark; 0: Spark does all"
    )


class WorkSettings(_Group):
    """Sizes of chunks and batches, and limits of the workers."""

    chunk_rows: int = Field(20_000, ge=1, description="rows per commit; if a run is killed, at most one chunk is lost")
    offers_at_once: int = Field(
        2_000_000, ge=1, description="offers of the shops that a stage asks for at once, which bounds memory"
    )
    offers_published_at_once: int = Field(
        250_000, ge=1, description="offers of the shops whose rows `publish` makes at once, which bounds memory"
    )
    batch_rows: int = Field(
        32, ge=1, description="pictures that a stage looks at together; a worker holds twice as many"
    )
    text_batch_rows: int = Field(2_000, ge=1, description="texts per batch")
    model_threads: int = Field(0, ge=0, description="CPU threads per model; 0: one under Spark, all cores without")
    row_seconds: float = Field(
        120, gt=0, description="time limit for one row that is retried alone; a slower row is rejected"
    )


class FeedSettings(_Group):
    """Limits of a feed."""

    folder: Path = Field(Path("feeds"), description="folder of the feeds that are given as files")
    max_bytes: int = Field(4 << 30, ge=1, description="largest feed, in bytes after unpacking")
    max_offer_bytes: int = Field(1 << 20, ge=1, description="largest offer, in bytes")


class FetchSettings(_Group):
    """How pictures are fetched. The rate limits per host are in the retailer's spec."""

    user_agent: str = Field(
        "selvedge/0.1 (+mailto:catalog@example.org)", description="User-Agent of our requests, with a contact address"
    )
    deadline_seconds: float = Field(
        4 * 3600, gt=0, description="fetch stops after this time; pictures not tried yet stay due"
    )
    picture_seconds: float = Field(60, gt=0, description="timeout per picture, including redirects and retries")
    connect_seconds: float = Field(10, gt=0, description="connect timeout")
    max_bytes: int = Field(20 << 20, ge=1, description="largest picture file, in bytes")
    max_pixels: int = Field(
        50_000_000,
        ge=1,
        le=64_000_000,
        description="largest picture, in pixels (width x height), checked before decoding; at most 64 million",
    )
    shard_bytes: int = Field(256 << 20, ge=1, description="size at which a picture shard is closed, in bytes")
    recheck_nights: int = Field(30, ge=0, description="re-fetch each known URL once in this many nights; 0: never")


class ChoiceSettings(_Group):
    """Thresholds. They are applied when scores are read, so changing one does not run a model again."""

    wanted: float = Field(0.41, ge=0, le=1, description="a picture whose `wanted` score is below this is rejected")
    unsure: float = Field(
        0.88,
        ge=0,
        le=1,
        description="a kept picture whose `wanted` score is below this is shown as unsure in the report",
    )
    text: float = Field(0.8, ge=0, le=1, description="lowest probability at which the text decides the category")
    text_within: float = Field(
        0.75,
        ge=0,
        le=1,
        description="where text and pictures decide together: lowest probability at which the category itself is "
        "named, not its class",
    )
    out_of_scope: float = Field(
        0.95, ge=0, le=1, description="lowest probability at which the text says that the product is not a garment"
    )
    leans_out_of_scope: float = Field(
        0.9,
        ge=0,
        le=1,
        description="at this probability of `not a garment`, pictures alone no longer decide the category",
    )
    image: float = Field(0.5, ge=0, le=1, description="lowest score at which the pictures decide the category")
    box: float = Field(0.3, ge=0, le=1, description="lowest score of a detected box that is used")
    box_unsure: float = Field(
        0.08,
        ge=0,
        le=1,
        description="where a garment of known category has no such box: the boxes of its classes from this score on "
        "are taken together",
    )
    box_area: float = Field(0.002, ge=0, le=1, description="smallest box that is used, as a share of its picture")
    duplicate_bits: int = Field(8, ge=0, le=64, description="hash bits by which near-duplicate pictures may differ")


class ReportSettings(_Group):
    """The run report."""

    thumbnails: int = Field(24, ge=0, description="pictures of each kind in the report")
    thumbnail_px: int = Field(132, ge=16, description="longest side of a thumbnail, in pixels")
    jump_addresses: int = Field(
        10,
        ge=0,
        description="a failure class is reported as jumped if it has more than this many new failing addresses",
    )
    jump_percent: float = Field(
        50, ge=0, description="... and also grew by more than this percentage since the last night"
    )


class MetricsSettings(_Group):
    """The numbers of a night for Prometheus."""

    folder: Path | None = Field(
        None, description="folder for `selvedge.prom`, such as node exporter's textfile folder; none: not written"
    )


class VacuumSettings(_Group):
    """What `selvedge vacuum` keeps beside what is live."""

    nights: int = Field(30, ge=1, description="rows, raw feeds and reports that one of the last nights needed are kept")
    versions: int = Field(14, ge=2, description="versions that are kept, newest first; the live one always is")
    months: int = Field(12, ge=0, description="... and the first version of each of the last months, to roll back to")


class SecondSettings(_Group):
    """An embedding beside the live one, to be compared with it."""

    embedding: str | None = Field(
        None, description="digest of a release of `embed`: versions carry its vectors too, as far as they are made"
    )
    night_seconds: float = Field(
        0, ge=0, description="a night makes its vectors until so long after it began; 0: `models fill` alone does"
    )


class Settings(BaseSettings):
    """All settings of a run."""

    model_config = SettingsConfigDict(env_prefix="SELVEDGE_", env_nested_delimiter="__", extra="forbid", frozen=True)

    lake: str = Field("var/lake", description="root of the lake: a folder, or s3://bucket/prefix")
    mappings: Path = Field(Path("mappings"), description="folder of mappings, specs and gates, which operators edit")
    models: Path = Field(Path("models"), description="folder of the model releases")
    reports: Path = Field(Path("var/reports"), description="folder for run reports")
    lease_seconds: float = Field(600, gt=0, description="a lease that was not renewed for this long is free")
    spark: SparkSettings = SparkSettings()
    work: WorkSettings = WorkSettings()
    feeds: FeedSettings = FeedSettings()
    fetch: FetchSettings = FetchSettings()
    choice: ChoiceSettings = ChoiceSettings()
    report: ReportSettings = ReportSettings()
    metrics: MetricsSettings = MetricsSettings()
    vacuum: VacuumSettings = VacuumSettings()
    second: SecondSettings = SecondSettings()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        file = InitSettingsSource(settings_cls, _file()[0])
        return named["init_settings"], named["env_settings"], file

    @property
    def digest(self) -> str:
        """sha256 of all settings, in hexadecimal, for reports."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process. Raises WrongInput with the variable, or with the file and line."""
    _check_variables()
    try:
        return Settings(**overrides)
    except SettingsError as error:  # it names only the group of settings
        group = _variable(re.findall(r'field "(\w+)"', str(error)))
        stated = [name for name in sorted(os.environ) if name.startswith(group)]
        raise WrongInput(", ".join(stated), None, 'must be JSON, such as {"name": "value"}') from None
    except ValidationError as error:
        lines = _file()[1]
        raise _in_the_environment(error.errors()[0], lines) or first_error(_path(), error, lines) from None


def _check_variables() -> None:
    """Raise WrongInput for a SELVEDGE_* variable that is not a setting, which would otherwise be ignored silently."""
    for variable in sorted(os.environ):
        name = variable.removeprefix("SELVEDGE_")
        group = name.partition("__")[0].lower()
        if name == variable or group in Settings.model_fields or name in NO_SETTINGS or name.startswith(FREE_NAMES):
            continue
        meant = get_close_matches(group, Settings.model_fields, n=1)
        hint = f"; did you mean {_variable([meant[0], *name.lower().split('__')[1:]])}?" if meant else ""
        raise WrongInput(variable, None, f"no such setting{hint}")


def _in_the_environment(problem: Any, lines: dict[Place, int]) -> WrongInput | None:
    """The error, if the value comes from a variable: its own one, or one that holds a whole group as JSON."""
    place: Place = problem["loc"]
    for end in range(len(place), 0, -1):
        if (variable := _variable(place[:end])) in os.environ and (end == len(place) or place not in lines):
            inside = ".".join(map(str, place[end:]))
            return WrongInput(variable, None, f"{inside}: {said(problem)}" if inside else said(problem))
    return None


def _variable(place: Iterable[str | int]) -> str:
    return "SELVEDGE_" + "__".join(str(part).upper() for part in place)


def _path() -> Path:
    return Path(os.environ.get("SELVEDGE_SETTINGS", "selvedge.yaml"))


def _file() -> tuple[dict[str, Any], dict[Place, int]]:
    """The content of the settings file, with its lines; empty if there is no file and none was named."""
    is_stated = "SELVEDGE_SETTINGS" in os.environ
    return read_yaml(_path()) if is_stated or _path().exists() else ({}, {})
