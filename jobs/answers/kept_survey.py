"""Keeps the survey of the catalog beside the reports: it is made again only where what it says may have changed.

It is kept with a digest of all that it was made from. The failures before the night alone follow the date too: they are
counted again where a picture was asked for since.
"""

from dataclasses import replace
from datetime import date

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from jobs.answers.fetch_health import host_rows
from jobs.answers.survey import survey
from jobs.engine.night import Night
from jobs.live.functions import digest_of, rules_by_retailer
from jobs.live.products import tonights_sources
from jobs.live.settled import files_of, inputs_digest
from lake import snapshots
from reports.facts import SURVEY_FILE, Survey
from schemas.tables import FETCHES, STAGE_TABLES
from schemas.version import program_version


@dataclass(frozen=True)
class Kept:
    """A survey, and what it was made from."""

    made_from: str  # hex
    night: date
    last_asked: date | None  # the last night in which a picture was asked for
    survey: Survey


KEPT = TypeAdapter(Kept)


def surveyed(night: Night) -> Survey:
    """The survey of the catalog as it is now: the kept one, if it would say the same."""
    return night.kept("survey", lambda: _known(night) or survey(night))


def keep(night: Night) -> None:
    """Keep the survey of this night for the next one."""
    now, kept = surveyed(night), _read(night)
    if kept and kept.survey == now:
        return
    last = night.tables.sql(f"select max(night) night from {FETCHES.name}", [FETCHES])["night"][0].as_py()  # noqa: S608
    path = night.settings.reports / SURVEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(KEPT.dump_json(Kept(_made_from(night), night.today, last, now)))
    new.replace(path)


def _known(night: Night) -> Survey | None:
    """The kept survey, with the failures before this night."""
    kept = _read(night)
    if kept is None:
        return None
    same_before = kept.last_asked is None or kept.last_asked < min(kept.night, night.today)
    return kept.survey if same_before or kept.night == night.today else replace(kept.survey, hosts=host_rows(night))


def _read(night: Night) -> Kept | None:
    """What is kept, if it was made from what there is now."""
    try:
        kept: Kept = KEPT.validate_json((night.settings.reports / SURVEY_FILE).read_bytes())
    except (OSError, ValidationError):  # none yet, or of another program
        return None
    return kept if kept.made_from == _made_from(night) else None


def _made_from(night: Night) -> str:
    """A digest of all that a survey is made from, but for the date."""
    version = snapshots.current(night.store)
    live = snapshots.manifest(night.store, version).content_digest if version is not None else ""
    tables = (name for table in STAGE_TABLES for name in (table.name, *sorted(files_of(night, table)[1])))
    sources = (part for one in sorted(tonights_sources(night).items()) for part in one)
    rules = repr(rules_by_retailer(night))
    return digest_of(program_version(), inputs_digest(night), rules, *sources, str(version), live, *tables).hex()
