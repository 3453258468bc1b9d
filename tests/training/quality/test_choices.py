"""Which box is chosen for the name of a class: counted on a photo whose answers are known."""

from pathlib import Path

import numpy as np

from schemas.settings import ChoiceSettings
from training.data.street import Photo
from training.quality.choices import NAMES, answers, pieces_by_name, summary
from udfs.pictures.detect import CLASSES, Detection
from udfs.rules.taxonomy import Taxonomy
from udfs.runtime.models import promoted
from udfs.text.model import load

REPOSITORY = Path(__file__).parents[3]
TOP, SHOES = (0.2, 0.1, 0.8, 0.6), (0.4, 0.9, 0.6, 1.0)
BESIDE = (0.0, 0.9, 0.2, 1.0)
PHOTO = Photo(
    Path("none.jpg"),
    "test",
    "test",
    np.array([TOP, SHOES], np.float32),
    np.array([CLASSES.index("top"), CLASSES.index("shoes")]),
    np.zeros((0, 4), np.float32),
    np.ones(len(CLASSES), bool),
)
PIECES = {(name, language): ((name,),) for name in CLASSES for language in NAMES}


def figures(*found: Detection) -> dict[str, dict[str, dict[str, float]]]:
    return summary(list(answers(PHOTO, found, PIECES, ChoiceSettings())))  # type: ignore[return-value]


def test_each_class_that_the_photo_shows_is_asked_for() -> None:
    found = figures(Detection("top", 0.9, TOP), Detection("shoes", 0.8, BESIDE), Detection("bag", 0.7, BESIDE))
    assert {name: group["right"]["value"] for name, group in found.items()} == {
        "all": 0.5, "not the largest": 0.0, "top": 1.0, "shoes": 0.0, "en": 0.5, "ja": 0.5, "ru": 0.5,
    }  # fmt: skip
    assert found["all"]["right"]["count"] == 2
    assert found["all"]["whole"]["value"] == 0.0


def test_where_nothing_fits_it_is_the_whole_picture() -> None:
    found = figures(Detection("top", 0.9, TOP))
    assert (found["shoes"]["whole"]["value"], found["shoes"]["right"]["value"]) == (1.0, 0.0)


def test_a_box_is_right_only_where_it_is_so_in_every_language() -> None:
    pieces = PIECES | {("top", "ja"): ()}
    found = summary(list(answers(PHOTO, [Detection("top", 0.9, TOP)], pieces, ChoiceSettings())))
    assert [found[name]["right"]["value"] for name in ("top", "en", "ja")] == [0.0, 0.5, 0.0]  # type: ignore[index]


def test_the_words_lead_to_pieces_of_their_class() -> None:
    taxonomy = Taxonomy.read(REPOSITORY / "mappings" / "taxonomy.xml")
    pieces = pieces_by_name(taxonomy, load(promoted("text", REPOSITORY / "models")), ChoiceSettings())
    assert len(pieces) == len(CLASSES) * len(NAMES)
    assert [name for (name, _), found in pieces.items() if len(found) != 1 or name not in found[0]] == []
