"""The runbook says what the code does."""

from infra.settings_table import PAGE, rows, with_table
from schemas import errors
from schemas.settings import Settings

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
