"""What is right, and what the fit learns of it."""

from pathlib import Path
from typing import Any

from tests.udfs.rules.mappings import TAXONOMY
from training.data.tables import read_rows
from training.joined import TRUTH, Example, Product, fitted, is_right, products, report
from udfs.rules.joined import FEATURES, Case


def example(nodes: tuple[str, ...], leaves: list[tuple[str, float]], depicts: str, score: float = 0.9) -> Example:
    seen: dict[str, Any] = {"depicts": depicts, "depicts_score": score, "boxes": []}
    return Example(Product("shop", "en", nodes, False, {}, Path("a.jpg")), Case(leaves, [seen], TAXONOMY))


def test_the_rest_of_a_class_is_right_where_no_candidate_is_the_category() -> None:
    torn = [("sneakers", 0.5), ("dress", 0.2)]
    assert example(("sneakers",), torn, "shoes").right.tolist() == [True, False, False]
    assert example(("boots",), torn, "shoes").right.tolist() == [False, False, True]
    assert example(("hat", "dress"), torn, "shoes").right.tolist() == [False, True, False]


def test_a_coarser_category_is_right_but_not_exactly() -> None:
    assert is_right("ankle_boots", ("boots",), TAXONOMY) and is_right("shoes", ("boots",), TAXONOMY)
    assert not is_right("shoes", ("boots",), TAXONOMY, coarse=False)
    assert not is_right("sandals", ("boots",), TAXONOMY)


def test_what_helps_gets_weight() -> None:
    torn = [("skirt", 0.4), ("dress", 0.4)]
    taught = [example((shown,), torn, shown) for shown in ("skirt", "dress") for _ in range(10)]
    weights = fitted(taught)
    assert set(weights.coefficients) == set(FEATURES)
    assert weights.coefficients["picture"] > 0.5
    assert fitted([example(("skirt",), torn, "dress")] * 10).coefficients["picture"] < 0
    said = report([*taught, example(("skirt",), [("skirt", 0.9)], "dress")], weights)
    assert "20 of 21 where the text is not sure" in said
    assert "| joined | 1.000" in said


def test_the_listed_categories_are_in_the_taxonomy_and_find_their_pictures(tmp_path: Path) -> None:
    rows = read_rows(TRUTH)
    assert {node for row in rows for node in row["nodes"].split("|")} <= set(TAXONOMY.nodes)
    first = rows[0]
    (tmp_path / "views.tsv").write_text(f"source\tproduct_id\tfile\n{first['source']}\t{first['product_id']}\ta.jpg\n")
    told = f"{first['source']}\t{first['product_id']}\tNora\t\t\tMen/Shoes\n{first['source']}\tno such\tNora\t\t\t\n"
    (tmp_path / "products.tsv").write_text(f"source\tproduct_id\ttitle\tdescription\tbrand\tcategory\n{told}")
    (found,) = products(tmp_path)
    assert (found.text["category_path"], found.picture.name) == (["Men", "Shoes"], "a.jpg")
