"""What the digest of a stage's function covers."""

from pathlib import Path

import pytest

from jobs.live import functions
from tests.jobs.lake_of_offers import Shops


def test_products_are_chosen_anew_where_text_and_pictures_are_joined_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Shops(tmp_path).night()
    before, other = functions.choose_function(night), tmp_path / "joined.json"
    other.write_bytes(functions.joined.FILE.read_bytes().replace(b"0.", b"1.", 1))
    monkeypatch.setattr(functions.joined, "FILE", other)
    functions.joined.content.cache_clear()
    try:
        assert functions.choose_function(night) != before
    finally:
        functions.joined.content.cache_clear()
