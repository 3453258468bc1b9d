"""Every stage has one record, under the name by which it is listed."""

from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import jobs.stages
from jobs.stage_list import STAGE_NAMES, STAGES
from jobs.stages.declared import record_of, records
from schemas.rejects import Code
from schemas.tables import STAGE_TABLES


def test_a_record_has_the_name_under_which_it_is_listed() -> None:
    assert [record.name for record in records()] == list(STAGE_NAMES)


def test_every_module_with_a_record_is_listed() -> None:
    modules = [found.name for found in iter_modules(jobs.stages.__path__)]
    with_record = {name for name in modules if hasattr(import_module(f"jobs.stages.{name}"), "STAGE")}
    assert with_record == set(STAGE_NAMES)


def test_every_table_is_written_by_one_stage() -> None:
    written = Counter(table.name for record in records() for table in record.tables)
    assert written == {table.name: 1 for table in STAGE_TABLES}


def test_every_code_is_given_by_a_stage() -> None:
    assert frozenset().union(*(record.codes for record in records())) == set(Code)


def test_a_scheduler_knows_the_order_the_hours_and_what_may_be_split() -> None:
    listed = {stage.name: (stage.hours, stage.by_retailer) for stage in STAGES}
    hours = {"acquire": 2, "parse": 2, "fetch": 5, "screen": 4, "detect": 6, "embed": 6}
    order = ("acquire", "parse", "fetch", "screen", "classify", "map", "fingerprint", "dedup", "detect", "choose",
             "embed", "publish")  # fmt: skip
    assert listed == {name: (hours.get(name, 1), name in ("acquire", "parse")) for name in order}
    assert order == STAGE_NAMES


def test_a_stage_needs_stages_before_it_and_the_last_one_all() -> None:
    known: dict[str, set[str]] = {}
    for stage in STAGES:
        assert set(stage.needs) <= known.keys()
        known[stage.name] = set(stage.needs).union(*(known[name] for name in stage.needs))
    assert known["publish"] == set(STAGE_NAMES) - {"publish"}


def test_a_record_is_found_by_name_once() -> None:
    assert record_of("screen") is record_of("screen")
