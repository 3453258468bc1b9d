"""A candidate release is filled before it is promoted, so that the night after has nothing of its stage to do."""

import json
import shutil
from pathlib import Path

import pytest

from desk.loading import shops_of
from schemas.settings import Settings
from schemas.tables import SCREENS
from tests.night.house import REPOSITORY, Ended, House
from training.release.promotion import promote
from udfs.runtime.models import digest_of

pytestmark = pytest.mark.night


def promoted(models: Path) -> dict[str, str]:
    return dict(json.loads((models / "promoted.json").read_text()))


def chosen(house: House, models: Path) -> dict[str, str]:
    """The category of each live product that has one and is shown."""
    shops = shops_of(house.as_night(models)).values()
    return {product.id: product.category for shop in shops for product in shop.products if product.category}


def candidate(models: Path) -> str:
    """A copy of the promoted filter that counts as another release."""
    digest = promoted(models)["screen"]
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
    assert promoted(models)["screen"] != fresh, "filling promotes nothing"
    other = next(folder.name for folder in (models / "text").iterdir() if folder.name != promoted(models)["text"])
    refused = house.selvedge("whatif", "--model", f"text={other}", MODELS=str(models))
    assert (refused.code, f"selvedge models fill text {other}" in refused.err) == (2, True)
    assert house.selvedge("models", "fill", "text", other, MODELS=str(models)).code == 0
    told = house.selvedge("whatif", "--model", f"text={other}", "--json", MODELS=str(models)).json
    before = chosen(house, models)
    promote("screen", fresh, models)
    promote("text", other, models, "a test")
    night = house.night(MODELS=str(models))
    assert night.code == 0, night.err
    assert [night.json["stages"][name]["due"] for name in ("screen", "classify")] == [0, 0]
    after = chosen(house, models)
    said = {c["product"]: (c["before"], c["after"]) for name in ("gained", "lost", "moved") for c in told[name]}
    assert said == {name: (before.get(name), after.get(name)) for name in before.keys() | after.keys()
                    if before.get(name) != after.get(name)}  # fmt: skip
    assert told["cut_anew"] == [], "the text cuts no picture"
    for wrong in ("text", "text=*", "nose=1989", "embed=" + promoted(models)["embed"]):
        refused = house.selvedge("whatif", "--model", wrong, MODELS=str(models))
        assert (refused.code, refused.err.count("\n")) == (2, 1), wrong


def test_a_second_embedding_is_filled_by_what_is_left_of_a_night_and_searched_beside_the_live_one(
    house: House, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(REPOSITORY / "models", models)
    live = promoted(models)["embed"]
    other = next(folder.name for folder in sorted((models / "embed").iterdir()) if folder.name != live)
    places = {"MODELS": str(models), "SECOND__EMBEDDING": other}
    photo = next((house.shops.folder / house.shops.retailers[0]).glob("images/**/*.jpg"))
    page = tmp_path / "page.html"

    def searched(digest: str) -> Ended:
        return house.selvedge("search", str(photo), "--against", digest, "--out", str(page), **places)

    assert "version 1 has no second embedding; to act: the data engineer (put" in searched(other).err
    refused = house.selvedge("models", "promote", "embed", other, MODELS=str(models))
    garments = house.manifest().rows("garments")
    assert f"{garments} of {garments} live garments have no vector by it; first `selvedge models fill" in refused.err
    assert (refused.code, refused.err.count("\n"), promoted(models)["embed"]) == (2, 1, live)
    none = house.selvedge("models", "fill", "embed", other, "--seconds", "0", MODELS=str(models))
    assert f"0 of {garments} live garments have a vector (0 made, 0 rejected)" in none.err

    night = house.night(**places, SECOND__NIGHT_SECONDS="3600")
    assert night.code == 0, night.err
    (note,) = night.json["notes"]
    assert note.startswith(f"second embedding {other}: 0 of {garments} garments have a vector; `selvedge models fill")
    assert of_second(house) == 0
    night = house.night(**places)
    assert [count["due"] for count in night.json["stages"].values()] == [0] * len(night.json["stages"])
    assert (night.json["published"], night.json["notes"], of_second(house)) == (True, [], garments)
    assert house.manifest().content_digest == house.manifest(1).content_digest
    assert house.night(**places).json["published"] is False
    assert f"second embedding {other}: vectors of {garments} of {garments} garments" in house.selvedge("describe").text

    found = searched(other[:6])
    assert found.code == 0, found.err
    text = page.read_text(encoding="utf-8")
    assert f"live embedding<small>{live}</small>" in text
    assert f"second embedding<small>{other}</small>" in text
    assert "has the second embedding" in searched("ffff").err
    refused = house.selvedge("models", "promote", "embed", other, MODELS=str(models))
    assert "no vector" not in refused.err
    assert "it is worse than" in refused.err
    assert house.selvedge("models", "promote", "embed", other, "--because", "a test", MODELS=str(models)).code == 0
    night = house.night(**places)
    assert (night.json["stages"]["embed"]["due"], night.json["published"]) == (0, True), "each vector was there"
    assert house.manifest().second is None, "it is the live one now"


def of_second(house: House) -> int:
    """How many garments of the live version have a vector in its second embedding."""
    second = house.manifest().second
    assert second is not None
    return second.garments


def test_a_moved_threshold_is_counted_before_it_is_moved(house: House) -> None:
    moves = ("--threshold", "wanted=0.999", "--threshold", "choice.text=0.0")
    asked = house.selvedge("whatif", *moves, "--json")
    assert asked.code == 0, asked.err
    wanted, text = asked.json["counts"]
    scores = [row["wanted"] for row in house.rows(f"select wanted from {SCREENS.name} where status = 'done'", SCREENS)]
    now = Settings().choice.wanted
    assert wanted["turned_away"] == sum(now <= score < 0.999 for score in scores) > 0
    assert (wanted["setting"], wanted["now"], wanted["moved"], wanted["let_in"]) == ("wanted", now, 0.999, 0)
    assert text["turned_away"] == 0
    assert asked.json["lost"], "pictures that nothing wants any more take their products with them"
    assert "more would be accepted" in house.selvedge("whatif", *moves).text
    for wrong in ("wanted", "wanted=2", "nose=0.5"):
        refused = house.selvedge("whatif", "--threshold", wrong)
        assert refused.code == 2
        assert refused.err.count("\n") == 1
