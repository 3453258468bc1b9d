"""The examples that people copy: the docs page and the sample shop's mapping file."""

import re
from pathlib import Path

from shops.production import categories
from shops.vocabulary import vocabulary
from tests.udfs.rules.mappings import PROJECT, TAXONOMY
from udfs.rules.mapping import IGNORED, MAPPED, UNMAPPED, Mapping, check, decide

PAGE = (PROJECT / "docs" / "mapping.md").read_text(encoding="utf-8")


def test_the_mapping_file_of_the_docs_is_right(tmp_path: Path) -> None:
    (example,) = re.findall("```xml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "example-shop" / "categories.xml"
    path.parent.mkdir()
    path.write_text(example, encoding="utf-8")
    assert check(path, TAXONOMY) == []
    mapping = Mapping.read(path, TAXONOMY)
    knitwear = mapping.verdicts(["Women", "Knitwear"], ["1", "2"])
    assert [decide(knitwear, title, None).node for title in ("Knit dress", "Caps, two", "Crew neck")] == [
        "knit_dress", "knit_cap", "sweater",
    ]  # fmt: skip
    assert decide(mapping.verdicts(["Kids", "Shoes"], []), None, None).node == "shoes"
    assert decide(mapping.verdicts(["a"], ["9000", "1"]), None, "men").node == "shirt"
    assert decide(mapping.verdicts(["Gift Cards"], []), None, None).kind == IGNORED


def test_every_attribute_of_the_schema_is_explained() -> None:
    schema = (PROJECT / "schemas" / "mapping.xsd").read_text(encoding="utf-8")
    names = set(re.findall('attribute name="([a-z]+)"', schema)) - {"retailer", "taxonomy"}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_the_sample_mapping_says_what_the_drawn_shop_sells() -> None:
    mapping = Mapping.read(PROJECT / "mappings" / "atelier-nord" / "categories.xml", TAXONOMY)
    kinds: dict[str, set[str]] = {}
    for (_, sold), category in categories(vocabulary("ru")).items():
        decision = decide(mapping.verdicts(category.path, [str(category.id)]), None, None)
        kinds.setdefault(decision.kind, set()).add(sold)
        assert decision.node in (None, sold)
    assert {"skirt", "boots", "knit_cap"} <= kinds[MAPPED]
    assert {"mug", "toner"} <= kinds[IGNORED]
    assert {"tunic", "handbag", "clutch", "hat", "sunglasses"} <= kinds[UNMAPPED]
