"""Forms of feeds that shops and networks send are read as they are meant."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.udfs.feeds.small_feeds import read

FORMS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("forms.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["form"])
def test_a_form_is_read_as_it_is_meant(form: dict[str, Any]) -> None:
    rows, summary = read(form["feed"].encode())
    assert summary.dialect == form["dialect"], summary.dialect_reason
    found = {name: _plain(rows[0][name]) for name in form["first"]}
    assert found == form["first"], summary.dialect_file
    assert summary.rejects == form.get("rejects", {})


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | str | list) else str(value)
