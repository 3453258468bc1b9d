"""The text of the numbers: valid for both readers, whatever a name or a number is."""

import math
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from reports import metrics
from reports.facts import GateRow
from reports.metrics import Metric, Numbers, RetailerNumbers, StageNumbers, VersionNumbers, metrics_text, success_text

NUMBERS = Numbers(
    program="0.1.0",
    exit_code=4,
    began=1_767_960_000.25,
    ended=1_767_963_600.0,
    stages=[StageNumbers("acquire", 3, 1, 2, 0, 4.5, 2**20), StageNumbers("parse", 9, 6, 1, 2, 0.125, 2**21)],
    retailers=[RetailerNumbers("lane", True, 1_767_900_000.0, 1234), RetailerNumbers("new", False)],
    files={("lane", "women"): 1_767_800_000.0},
    live_rows={("parse", "lane", "rejected"): 2, ("parse", "lane", "done"): 7},
    gates=[GateRow("canary", "", 0.9995, 0.999, True, ""), GateRow("offer_drop", "lane", 41.5, 30, False, "")],
    version=VersionNumbers(12, 1_767_870_000.0, {"lane": 5}, {"lane": 4}),
    lake={"shards": 5_000_000_000, "other": 0},
)
SAMPLE = re.compile(r'(selvedge_[a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\S+)')


def test_a_run_in_full() -> None:
    lines = metrics_text(NUMBERS).splitlines()
    assert lines[:6] == [
        "# HELP selvedge_build_info Version of the program that wrote these numbers.",
        "# TYPE selvedge_build_info gauge",
        'selvedge_build_info{version="0.1.0"} 1',
        "# HELP selvedge_run_exit_code Exit code of the last run: 0 done, 4 done with a retailer held, else failed.",
        "# TYPE selvedge_run_exit_code gauge",
        "selvedge_run_exit_code 4",
    ]
    for line in (
        "selvedge_run_start_timestamp_seconds 1767960000.25",
        "selvedge_run_end_timestamp_seconds 1767963600",
        'selvedge_stage_due_rows{stage="parse"} 9',
        'selvedge_stage_rows{stage="parse",result="pending"} 2',
        "# UNIT selvedge_stage_duration_seconds seconds",
        'selvedge_stage_duration_seconds{stage="parse"} 0.125',
        "# UNIT selvedge_lake_bytes bytes",
        'selvedge_stage_peak_memory_bytes{stage="acquire"} 1048576',
        'selvedge_live_rows{stage="parse",retailer="lane",result="done"} 7',
        'selvedge_retailer_held{retailer="lane"} 1',
        'selvedge_retailer_held{retailer="new"} 0',
        'selvedge_feed_acquired_timestamp_seconds{retailer="lane"} 1767900000',
        'selvedge_feed_file_acquired_timestamp_seconds{retailer="lane",file="women"} 1767800000',
        'selvedge_feed_bytes{retailer="lane"} 1234',
        'selvedge_gate_value{gate="canary"} 0.9995',
        'selvedge_gate_bound{gate="offer_drop",retailer="lane"} 30',
        'selvedge_gate_passed{gate="offer_drop",retailer="lane"} 0',
        'selvedge_gate_passed{gate="canary"} 1',
        "selvedge_snapshot_version 12",
        "selvedge_snapshot_published_timestamp_seconds 1767870000",
        'selvedge_snapshot_garments{retailer="lane"} 5',
        'selvedge_snapshot_products{retailer="lane"} 4',
        'selvedge_lake_bytes{folder="shards"} 5000000000',
    ):
        assert line in lines
    assert not [line for line in lines if 'retailer="new"' in line and "feed" in line], "no feed, no number"


@pytest.mark.parametrize(
    "text", [metrics_text(NUMBERS), metrics_text(Numbers("1", 2, 1, 2)), success_text(1_767_963_600.5)]
)
def test_the_text_is_valid_in_both_formats(text: str) -> None:
    """Each family once, with its lines together, HELP and TYPE first; no series twice; a unit that ends the name."""
    assert text.endswith("\n# EOF\n")
    family, seen, series = "", set(), set()
    for line in text.splitlines()[:-1]:
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in seen
            seen.add(family)
        elif line.startswith("#"):
            kind, name, said = line[2:].split()
            assert name == family
            assert said == "gauge" if kind == "TYPE" else (kind == "UNIT" and name.endswith(f"_{said}"))
        else:
            found = SAMPLE.fullmatch(line)
            assert found and found[1] == family and found[1] + (found[2] or "") not in series
            series.add(found[1] + (found[2] or ""))
            float(found[3])


def test_what_was_not_found_is_left_out() -> None:
    text = metrics_text(Numbers("0.1.0", 2, 1.0, 2.0))
    assert set(re.findall("^selvedge_[a-z_]+", text, re.MULTILINE)) == {
        "selvedge_build_info", "selvedge_run_exit_code", "selvedge_run_start_timestamp_seconds",
        "selvedge_run_end_timestamp_seconds",
    }  # fmt: skip


def test_every_metric_is_written() -> None:
    declared = {one.name for one in vars(metrics).values() if isinstance(one, Metric)}
    assert set(re.findall("^selvedge_[a-z_]+", metrics_text(NUMBERS) + success_text(0), re.MULTILINE)) == declared


@pytest.mark.parametrize(
    ("value", "said"),
    [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (1e-9, "1e-09"), (1e300, "1e+300")],
)
def test_a_number_of_any_size(value: float, said: str) -> None:
    text = metrics_text(replace(NUMBERS, gates=[GateRow("canary", "", value, 0, True, "")]))
    assert f'selvedge_gate_value{{gate="canary"}} {said}\n' in text


def test_a_name_cannot_leave_its_label() -> None:
    text = metrics_text(replace(NUMBERS, retailers=[RetailerNumbers('a"} 1\n\\', False)]))
    assert 'selvedge_retailer_held{retailer="a\\"} 1\\n\\\\"} 0\n' in text


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_finds_nothing_to_say() -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics_text(NUMBERS), capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
