"""A candidate release is filled before it is promoted, so that the night after has nothing of its stage to do."""

import json
import shutil
from pathlib import Path

import pytest

from schemas.settings import Settings
from schemas.tables import SCREENS
from tests.night.house import REPOSITORY, House
from training.release.promotion import promote
from udfs.runtime.models import digest_of

pytestmark = pytest.mark.night


def candidate(models: Path) -> str:
    """A copy of the promoted filter that counts as another release."""
    digest = json.loads((models / "promoted.json").read_text())["screen"]
    said = json.loads((models / "screen" / digest / "model.json").read_text())
    said["preprocessing"]["trial"] = 1
    said["digest"] = digest_of(said["weights_sha256"], said["preprocessing"], said["numeric_class"])
    folder = models / "screen" / said["digest"][:12]
    shutil.copytree(models / "screen" / digest, folder)
    (folder / "model.json").write_text(json.dumps(said))
    return folder.name


def test_a_filled_candidate_leaves_the_next_night_nothing_to_screen(house: House, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(REPOSITORY / "models", models)
    fresh = candidate(models)
    rows = house.rows(f"select count(*) n from {SCREENS.name}", SCREENS)[0]["n"]
    filled = house.selvedge("models", "fill", "screen", fresh, MODELS=str(models))
    assert filled.code == 0, filled.err
    assert house.rows(f"select count(*) n from {SCREENS.name}", SCREENS)[0]["n"] == 2 * rows
    assert json.loads((models / "promoted.json").read_text())["screen"] != fresh, "filling promotes nothing"
    promote("screen", fresh, models)
    night = house.night(MODELS=str(models))
    assert night.code == 0, night.err
    assert night.json["stages"]["screen"]["due"] == 0


def test_a_moved_threshold_is_counted_before_it_is_moved(house: House) -> None:
    asked = house.selvedge("plan", "--what-if", "wanted=0.999", "--what-if", "text=0.0", "--json")
    assert asked.code == 0, asked.err
    wanted, text = asked.json
    scores = [row["wanted"] for row in house.rows(f"select wanted from {SCREENS.name} where status = 'done'", SCREENS)]
    now = Settings().choice.wanted
    assert wanted["turned_away"] == sum(now <= score < 0.999 for score in scores) > 0
    assert (wanted["setting"], wanted["now"], wanted["moved"], wanted["let_in"]) == ("wanted", now, 0.999, 0)
    assert text["turned_away"] == 0
    for wrong in ("wanted", "wanted=2", "nose=0.5"):
        refused = house.selvedge("plan", "--what-if", wrong)
        assert refused.code == 2
        assert refused.err.count("\n") == 1
