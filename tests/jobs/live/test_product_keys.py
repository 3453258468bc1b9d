"""Keys made by column, next to keys made product by product."""

import hashlib
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.live import product_keys as made
from jobs.live.product_keys import SHOWN, STATED, category_keys, product_keys

ORDERS = {"aa": ("mapping", "text", "image"), "bb": ("text",)}
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "é中", "x" * 300]))
DIGESTS = st.one_of(st.none(), st.sampled_from([bytes(32), b"\xff" * 32]))
LISTS = st.one_of(st.none(), st.lists(st.sampled_from(["", "a", "б"]), max_size=3))
SHOWN_ONE = st.fixed_dictionaries(
    {"url": st.sampled_from(["http://a", "http://б"]), "picture": DIGESTS, "code": TEXTS, "group": DIGESTS,
     "tried": st.booleans()}
)  # fmt: skip
PRODUCT = st.fixed_dictionaries(
    {"product_id": st.sampled_from(["aa:1", "aa:2"]), "retailer": st.sampled_from(["aa", "bb"]), "title": TEXTS,
     "gender": TEXTS, "age": TEXTS, "text_key": DIGESTS, "said": TEXTS, "category_path": LISTS, "category_ids": LISTS,
     "pictures": st.lists(SHOWN_ONE, max_size=3)}
)  # fmt: skip


def digest(parts: list[Any]) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        body = b"\x00" if part is None else b"\x01" + (part if isinstance(part, bytes) else str(part).encode())
        whole.update(len(body).to_bytes(8, "little") + body)
    return whole.digest()


def one_by_one(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for place, product in enumerate(products):
        pictures = product["pictures"]
        if any(p["picture"] for p in pictures) or all(p["tried"] for p in pictures):
            shown = (p[name] for p in pictures for name in SHOWN)
            parts = [*(product[name] for name in STATED), *ORDERS[product["retailer"]], product["said"], *shown]
            found.append({"product_key": digest(parts), "product": place})
    return found


def table(products: list[dict[str, Any]]) -> tuple[pa.Table, pa.DictionaryArray, pa.Table]:
    kinds = [*((name, pa.string()) for name in STATED[:-1]), ("text_key", pa.binary(32))]
    kinds += [(name, pa.list_(pa.string())) for name in ("category_path", "category_ids")]
    whole = pa.Table.from_pylist(products, pa.schema(kinds))
    said = pa.array([product["said"] for product in products], pa.large_string()).dictionary_encode()
    shown = [p | {"product": at} for at, product in enumerate(products) for p in product["pictures"]]
    names = [("url", pa.string()), ("picture", pa.binary()), ("code", pa.string()), ("group", pa.binary())]
    pictures = pa.Table.from_pylist(shown, pa.schema([*names, ("tried", pa.bool_()), ("product", pa.int64())]))
    return pa.concat_tables([whole.slice(0, 2), whole.slice(2)]), said, pictures


@settings(max_examples=60, deadline=None)
@given(st.lists(PRODUCT, max_size=6), st.sampled_from([2, 100]))
def test_keys_by_column_are_those_made_product_by_product(products: list[dict[str, Any]], rows: int) -> None:
    whole, said, pictures = table(products)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(made, "PART_ROWS", rows)
        assert product_keys(whole, said, pictures, ORDERS).to_pylist() == one_by_one(products)


@settings(max_examples=60, deadline=None)
@given(st.lists(PRODUCT, max_size=6))
def test_category_keys_by_column_are_those_made_product_by_product(products: list[dict[str, Any]]) -> None:
    known: dict[Any, bytes] = {}
    for product in products:
        path, ids = (product[name] or () for name in ("category_path", "category_ids"))
        place = (product["retailer"], "\x1e".join(path), "\x1e".join(ids))
        rules = bytes(32) if product["retailer"] == "aa" else None
        known.setdefault(place, digest([product["retailer"], rules, len(ids), *ids, *path]))
    expected = [
        known[p["retailer"], "\x1e".join(p["category_path"] or ()), "\x1e".join(p["category_ids"] or ())]
        for p in products
    ]
    assert category_keys(table(products)[0], {"aa": bytes(32)}).to_pylist() == expected
