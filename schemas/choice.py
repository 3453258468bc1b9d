"""The input of the stage `choose`: one row per product, with its pictures as a list."""

import pyarrow as pa

from schemas.table import DIGEST
from schemas.tables import BOXES, SCREEN_CLASSES, TEXTS, VERDICTS

PICTURES_TO_CHOOSE = pa.list_(pa.struct([
    ("url", pa.string()),
    ("rank", pa.int32()),  # position in the feed, from 0
    ("picture", pa.binary(32)),  # null if it was not fetched
    ("code", pa.string()),  # why it was rejected before the models saw it; null: it was not
    ("detail", pa.string()),
    ("width", pa.int32()),
    ("height", pa.int32()),
    ("group", pa.binary(32)),  # of near-duplicate pictures; null: it has none
    *((name, pa.float32()) for name in SCREEN_CLASSES),
    ("depicts", pa.string()),
    ("depicts_score", pa.float32()),
    ("boxes", BOXES.schema.field("boxes").type),
]))  # fmt: skip

PRODUCTS_TO_CHOOSE = pa.schema([
    ("product_key", DIGEST),
    ("product_id", pa.string()),
    ("retailer", pa.string()),
    ("title", pa.string()),
    ("gender", pa.string()),  # as the shop states it, like age
    ("age", pa.string()),
    ("verdicts", VERDICTS),  # null: the category is not mapped yet
    ("text_leaf", pa.string()),
    ("text_probability", pa.float32()),
    ("text_leaves", TEXTS.schema.field("leaves").type),  # the best, the surest first
    ("text_gender", pa.string()),
    ("text_gender_probability", pa.float32()),
    ("pictures", PICTURES_TO_CHOOSE),
])  # fmt: skip
