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

NO_SETTINGS = {"SETTINGS", "HOME", "COMMAND", "DEVICE", "INTRA_OP_THREADS"}
"""Variables that are read elsewhere: this file's place, the DAG's, and what a worker's models run on."""
FREE_NAMES = "FEED_", "TEST_"
"""Beginnings of the names of feeds' secrets, which the specs choose, and of what tests are told."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SparkSettings(_Group):
    """Where the workers run."""

    master: str = Field("local[*,4]", description="Spark master; `local[*]` alone never tries a task twice")
    driver_memory: str = Field("2g", description="heap of the driver's JVM; keys alone pass through it")
    tasks: int = Field(0, ge=0, description="tasks a chunk; 0: one for each core that Spark has")
    conf: dict[str, str] = Field(default_factory=dict, description="further Spark options, as Spark names them")
    few_rows: int = Field(2_000, ge=0, description="up to so many due rows run without Spark")


class WorkSettings(_Group):
    """How much at once."""

    chunk_rows: int = Field(20_000, ge=1, description="rows of one commit; a kill loses at most one chunk")
    batch_rows: int = Field(32, ge=1, description="pictures a batch; small batches keep workers' memory flat")
    text_batch_rows: int = Field(2_000, ge=1, description="texts a batch")
    model_threads: int = Field(0, ge=0, description="threads of a model; 0: one under Spark, every core without")
    row_seconds: float = Field(120, gt=0, description="a row that takes longer in a child of its own is rejected")


class FeedSettings(_Group):
    """Bounds of a feed."""

    folder: Path = Field(Path("feeds"), description="feeds given as files must lie below this folder")
    max_bytes: int = Field(4 << 30, ge=1, description="bytes of a feed, unpacked")
    max_offer_bytes: int = Field(1 << 20, ge=1, description="bytes of one offer")


class FetchSettings(_Group):
    """How pictures are fetched. What a host allows is in the retailer's spec."""

    user_agent: str = Field("selvedge/0.1 (+mailto:catalog@example.org)", description="who asks, with a contact")
    deadline_seconds: float = Field(4 * 3600, gt=0, description="then fetch ends; what was not tried stays due")
    picture_seconds: float = Field(60, gt=0, description="for one picture, redirects and retries included")
    connect_seconds: float = Field(10, gt=0, description="to connect")
    max_bytes: int = Field(20 << 20, ge=1, description="bytes of a picture")
    max_pixels: int = Field(
        50_000_000,
        ge=1,
        le=64_000_000,
        description="pixels of a picture, asked before it is decoded; at most 64 million",
    )
    shard_bytes: int = Field(256 << 20, ge=1, description="bytes of a shard")
    recheck_nights: int = Field(30, ge=0, description="a known URL is asked again once in so many nights; 0: never")


class ChoiceSettings(_Group):
    """Thresholds. They are applied where scores are read: moving one runs no model again."""

    wanted: float = Field(0.41, ge=0, le=1, description="a picture below this is turned away (the filter names it)")
    unsure: float = Field(0.88, ge=0, le=1, description="a kept picture below this is marked unsure in the report")
    text: float = Field(0.8, ge=0, le=1, description="the text decides a category from this probability")
    text_within: float = Field(
        0.75, ge=0, le=1, description="from here the text names the finer node within what is shown"
    )
    out_of_scope: float = Field(0.95, ge=0, le=1, description="the text says that no garment is sold")
    leans_out_of_scope: float = Field(0.9, ge=0, le=1, description="from here pictures alone decide no category")
    image: float = Field(0.5, ge=0, le=1, description="the pictures decide a category from this score")
    box: float = Field(0.3, ge=0, le=1, description="a detected box counts from this score")
    box_area: float = Field(0.005, ge=0, le=1, description="a box counts from this share of its picture")
    duplicate_bits: int = Field(8, ge=0, le=64, description="hash bits by which copies of a picture may differ")


class ReportSettings(_Group):
    """The run report."""

    thumbnails: int = Field(24, ge=0, description="pictures of each kind")
    thumbnail_px: int = Field(132, ge=16, description="longest side")
    jump_addresses: int = Field(10, ge=0, description="a class of failed fetches jumped where so many more addresses")
    jump_percent: float = Field(50, ge=0, description="... and so much more than before this night fail with it")


class Settings(BaseSettings):
    """All settings of a run."""

    model_config = SettingsConfigDict(env_prefix="SELVEDGE_", env_nested_delimiter="__", extra="forbid", frozen=True)

    lake: str = Field("var/lake", description="the lake's root: a folder or s3://bucket/prefix")
    mappings: Path = Field(Path("mappings"), description="what operators edit")
    models: Path = Field(Path("models"), description="promoted weights")
    reports: Path = Field(Path("var/reports"), description="where run reports are written")
    lease_seconds: float = Field(600, gt=0, description="a lease that is not renewed for so long is free")
    spark: SparkSettings = SparkSettings()
    work: WorkSettings = WorkSettings()
    feeds: FeedSettings = FeedSettings()
    fetch: FetchSettings = FetchSettings()
    choice: ChoiceSettings = ChoiceSettings()
    report: ReportSettings = ReportSettings()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        file = InitSettingsSource(settings_cls, _file()[0])
        return named["init_settings"], named["env_settings"], file

    @property
    def digest(self) -> str:
        """sha256 of all settings, hexadecimal, for logs and manifests."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; raises WrongInput with the variable, or the file and its line."""
    _check_variables()
    try:
        return Settings(**overrides)
    except SettingsError as error:  # names the group of settings alone
        group = _variable(re.findall(r'field "(\w+)"', str(error)))
        stated = [name for name in sorted(os.environ) if name.startswith(group)]
        raise WrongInput(", ".join(stated), None, 'must be JSON, such as {"name": "value"}') from None
    except ValidationError as error:
        lines = _file()[1]
        raise _in_the_environment(error.errors()[0], lines) or first_error(_path(), error, lines) from None


def _check_variables() -> None:
    """Raise WrongInput for a variable that reads like a setting and is none, which would be passed over in silence."""
    for variable in sorted(os.environ):
        name = variable.removeprefix("SELVEDGE_")
        group = name.partition("__")[0].lower()
        if name == variable or group in Settings.model_fields or name in NO_SETTINGS or name.startswith(FREE_NAMES):
            continue
        meant = get_close_matches(group, Settings.model_fields, n=1)
        hint = f"; {_variable([meant[0], *name.lower().split('__')[1:]])} may be meant" if meant else ""
        raise WrongInput(variable, None, f"no such setting{hint}")


def _in_the_environment(problem: Any, lines: dict[Place, int]) -> WrongInput | None:
    """The error, where a variable states the value: its own, or that of a group of settings as JSON."""
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
    """What the settings file says, and on which lines; nothing where there is none and none was named."""
    is_stated = "SELVEDGE_SETTINGS" in os.environ
    return read_yaml(_path()) if is_stated or _path().exists() else ({}, {})
