"""The alert rules and the dashboard ask for metrics that a night writes, and the rules do what they say."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports import metrics
from tests.docs.test_links import anchors

REPOSITORY = Path(__file__).resolve().parents[2]
ALERTS = REPOSITORY / "infra" / "alerts.yaml"
TRIED = Path(__file__).with_name("alerts_test.yaml")
RULES: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((REPOSITORY / "infra" / "grafana.json").read_text())

WRITTEN = {one.name: set(one.labels) for one in vars(metrics).values() if isinstance(one, metrics.Metric)}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
ADDED = {"instance", "job"}
"""Labels that Prometheus itself adds."""

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def queries() -> Iterator[tuple[str, str]]:
    """Where a query stands, and the query."""
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]


def unknown(query: str) -> set[str]:
    """Metrics that no night writes, and labels that none of the query's metrics has."""
    names = set(re.findall(r"\bselvedge[\w:]+", query))
    known = set().union(*(WRITTEN.get(name, {"retailer", "stage"}) for name in names), ADDED)
    selected = re.findall(r"[{,]\s*(\w+)\s*[!=]", query)
    grouped = re.findall(r"(?:by|on|ignoring|without) \(([^)]*)\)", query)
    labels = {*selected, *(label.strip() for group in grouped for label in group.split(","))}
    return (names - WRITTEN.keys() - RECORDED) | (labels - known)


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_a_query_asks_for_what_a_night_writes(place: str, query: str) -> None:
    assert "selvedge" in query
    assert unknown(query) == set()


@pytest.mark.parametrize(
    "query", ["selvedge_gone > 1", 'selvedge_lake_bytes{part="x"}', "sum by (part) (selvedge_lake_bytes)"]
)
def test_an_unknown_name_is_found(query: str) -> None:
    assert unknown(query)


def test_an_alert_says_what_to_do_and_where_it_stands() -> None:
    for alert in (rule for rule in RULES if "alert" in rule):
        said = alert["annotations"]
        assert said["summary"] and said["description"]
        page, _, anchor = said["runbook"].partition("#")
        assert anchor in anchors(REPOSITORY / page), alert["alert"]


def test_every_alert_is_tried_by_one_that_fires_and_one_that_does_not() -> None:
    cases = [case for test in yaml.safe_load(TRIED.read_text())["tests"] for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case.get("exp_alerts")}
    silent = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    assert fires == silent == {rule["alert"] for rule in RULES if "alert" in rule}


def test_panels_of_the_dashboard_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@promtool
def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    """As rules, since `promtool` parses no query alone."""
    rules = [{"record": f"query:{at}", "expr": query} for at, (_, query) in enumerate(queries())]
    (tmp_path / "queries.yaml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "queries.yaml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
@pytest.mark.parametrize("words", [["check", "rules", str(ALERTS)], ["test", "rules", str(TRIED)]])
def test_prometheus_takes_the_rules(words: list[str]) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
