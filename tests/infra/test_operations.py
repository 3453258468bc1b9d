"""The runbook says what the code does."""

import yaml

from infra.settings_table import PAGE, rows, with_table
from reports import metrics
from schemas import errors
from schemas.settings import Settings
from tests.docs.pages import names, section
from tests.docs.pages import rows as cells

EXIT_CODES = {errors.Stop: "failed", errors.WrongInput: "wrong", errors.RefusedByGate: "refused the snapshot"}


def test_settings_table_is_current() -> None:
    assert with_table(PAGE.read_text()) == PAGE.read_text(), "run `make settings`"


def test_every_setting_is_explained() -> None:
    found = dict(rows(Settings))
    assert "spark.master" in found
    assert [name for name, field in found.items() if not field.description] == []


def test_exit_codes_of_the_runbook_are_those_of_the_errors() -> None:
    page = PAGE.read_text().splitlines()
    for error, meaning in EXIT_CODES.items():
        line = next(line for line in page if line.startswith(f"| {error.exit_code} |"))
        assert meaning in line


def test_the_page_lists_every_metric_with_its_labels() -> None:
    table = cells(section(PAGE.read_text(), "## Numbers for machines"))
    listed = {name: names(labels) for metric, labels, _ in table for name in names(metric)}
    declared = {one.name: list(one.labels) for one in vars(metrics).values() if isinstance(one, metrics.Metric)}
    assert listed == declared


def test_the_page_lists_every_alert() -> None:
    alerts = yaml.safe_load((PAGE.parents[1] / "infra" / "alerts.yaml").read_text())["groups"][0]["rules"]
    table = cells(section(PAGE.read_text(), "### Alerts"))
    assert [names(row[0])[0] for row in table] == [rule["alert"] for rule in alerts if "alert" in rule]
