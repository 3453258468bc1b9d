"""Every table that a stage writes. The published tables are in `schemas.published`."""

import pyarrow as pa

from schemas.table import DIGEST, PRICE, TIME, Table, stage_table

STRINGS = pa.list_(pa.string())
COUNTS = pa.list_(pa.struct([("name", pa.string()), ("count", pa.int64())]))
BOX = pa.list_(pa.float32(), 4)
"""Left, top, right, bottom, each 0..1 of the upright picture."""

FEEDS = stage_table(
    "feeds",
    ("retailer", "attempt"),
    pa.field("retailer", pa.string()),
    pa.field("attempt", pa.int32()),  # a row is written only when something changed, so that the last one is the state
    pa.field("feed", DIGEST),  # sha256 of the bytes as received; null where nothing came
    pa.field("acquired_at", TIME),
    pa.field("url", pa.string()),
    pa.field("bytes", pa.int64()),
    pa.field("etag", pa.string()),
    pa.field("last_modified", pa.string()),
    pa.field("made_at", TIME),  # the date that the feed itself states
    pa.field("dialect", pa.string()),
    pa.field("dialect_reason", pa.string()),
    pa.field("encoding", pa.string()),
    pa.field("offers", pa.int64()),
    pa.field("products", pa.int64()),
    pa.field("rejects", COUNTS),
    pa.field("repairs", COUNTS),
    pa.field("filled", pa.list_(pa.struct([("name", pa.string()), ("share", pa.float64())]))),
    pa.field("unread", pa.list_(pa.struct([("source", pa.string()), ("share", pa.float64()), ("samples", STRINGS),
                                           ("looks_like", pa.string())]))),
    pa.field("gates", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64()), ("bound", pa.float64()),
                                          ("passed", pa.bool_()), ("accepted_because", pa.string())]))),
    pa.field("charset", pa.string()),  # that the server named when it sent the feed
    pa.field("part", pa.string()),  # name of the file in the spec's list `feeds`; null: the retailer's only one
    pa.field("file_kind", pa.string()),  # part or prices; null: the retailer's only one
)  # fmt: skip

OFFERS = stage_table(
    "offers",
    ("retailer", "feed", "position"),
    pa.field("retailer", pa.string()),
    pa.field("feed", DIGEST),
    pa.field("position", pa.int32()),  # 0-based place in the file; -1 for a feed that could not be parsed at all
    pa.field("line", pa.int32()),  # 1-based line of the offer's start tag
    pa.field("offer_id", pa.string()),
    pa.field("product_id", pa.string()),  # retailer:group[:colour]
    pa.field("title", pa.string()),
    pa.field("description", pa.string()),  # text, no HTML
    pa.field("brand", pa.string()),
    pa.field("price", PRICE),
    pa.field("old_price", PRICE),
    pa.field("currency", pa.string()),  # ISO 4217
    pa.field("available", pa.bool_()),
    pa.field("gender", pa.string()),  # as stated by the shop, like the four that follow
    pa.field("age", pa.string()),
    pa.field("colour", pa.string()),
    pa.field("sizes", STRINGS),
    pa.field("category_path", STRINGS),  # from the root down
    pa.field("category_ids", STRINGS),
    pa.field("pictures", STRINGS),  # absolute URLs in the feed's order
    pa.field("url", pa.string()),
    pa.field("text_key", DIGEST),  # sha256 of what the text classifier reads
    pa.field("material", pa.string()),  # as stated by the shop
    pa.field("sale_price", PRICE),  # asked in the nights from sale_from to sale_until, in place of price
    pa.field("sale_from", pa.date32()),  # the first night; null: no beginning
    pa.field("sale_until", pa.date32()),  # the last night; null: no end
)

MERGED = stage_table(
    "merged",
    ("retailer", "source", "attempt", "product_id"),
    pa.field("retailer", pa.string()),
    pa.field("source", DIGEST),  # of the live feeds, how they are read, and the nights for which these products hold
    pa.field("attempt", pa.int32()),  # one more each time when rows of a source were lost
    pa.field("product_id", pa.string()),
    pa.field("feeds", DIGEST),  # the source without its nights
    pa.field("from_night", pa.date32()),  # first night in which the prices hold; null: no beginning
    pa.field("until_night", pa.date32()),  # first one in which they do not hold any more; null: no end
    pa.field("place", pa.int32()),  # 0-based, by product id
    pa.field("count", pa.int32()),  # products of the source: fewer rows are not taken for all of them
    pa.field("offer_ids", STRINGS),  # sorted
    pa.field("title", pa.string()),
    pa.field("brand", pa.string()),
    pa.field("gender", pa.string()),  # as stated, like age and colour
    pa.field("age", pa.string()),
    pa.field("colour", pa.string()),
    pa.field("material", pa.string()),
    pa.field("sizes", STRINGS),  # sorted
    pa.field("category_path", STRINGS),
    pa.field("category_ids", STRINGS),
    pa.field("pictures", STRINGS),  # each once, in the order of the offers sorted by id
    pa.field("url", pa.string()),
    pa.field("price", PRICE),
    pa.field("old_price", PRICE),
    pa.field("currency", pa.string()),
    pa.field("available", pa.bool_()),
    pa.field("text_key", DIGEST),
    pa.field("content", DIGEST),  # of the whole source: of all that no price changes, as stages before publish read it
)

FETCHES = stage_table(
    "fetches",
    ("url", "attempt"),
    pa.field("url", pa.string()),
    pa.field("attempt", pa.int32()),
    pa.field("night", pa.date32()),
    pa.field("fetched_at", TIME),
    pa.field("http_status", pa.int32()),
    pa.field("bytes", pa.int64()),
    pa.field("picture", DIGEST),  # sha256 of the body; null where none came
    pa.field("etag", pa.string()),
    pa.field("last_modified", pa.string()),
    pa.field("final_url", pa.string()),
    pa.field("seconds", pa.float32()),
)

PICTURES = stage_table(
    "pictures",
    ("picture",),
    pa.field("picture", DIGEST),
    pa.field("mime", pa.string()),
    pa.field("width", pa.int32()),  # upright, after EXIF
    pa.field("height", pa.int32()),
    pa.field("shard", pa.string()),
    pa.field("offset", pa.int64()),
    pa.field("length", pa.int64()),
)

UNWANTED_CLASSES = ("sizechart", "texture", "closeup", "banner", "logo")
SCREEN_CLASSES = ("wanted", *UNWANTED_CLASSES)

SCREENS = stage_table(
    "screens",
    ("picture",),
    pa.field("picture", DIGEST),
    *(pa.field(name, pa.float32()) for name in SCREEN_CLASSES),  # probabilities, sum 1
    pa.field("depicts", pa.string()),  # class of a single-garment picture, by the image alone
    pa.field("depicts_score", pa.float32()),
)

TEXTS = stage_table(
    "texts",
    ("text_key",),
    pa.field("text_key", DIGEST),
    pa.field("language", pa.string()),  # en, ja, ru or other
    pa.field("leaf", pa.string()),  # most probable taxonomy leaf, or out_of_scope
    pa.field("probability", pa.float32()),  # calibrated
    pa.field("gender", pa.string()),  # women, men, unisex, girls, boys, kids; null where the text does not say
    pa.field("gender_probability", pa.float32()),
    pa.field("leaves", pa.list_(pa.struct([("leaf", pa.string()), ("probability", pa.float32())]))),  # best five
)

VERDICTS = pa.list_(pa.struct([
    ("rule", pa.string()),  # its place: file name and line
    ("node", pa.string()),  # taxonomy code; null where the rule ignores
    ("ignored_because", pa.string()),
    ("title_word", pa.string()),  # condition that is tried where a product is at hand; null: none
    ("gender", pa.string()),
]))  # fmt: skip

MAPPED = stage_table(
    "mapped",
    ("category_key",),
    pa.field("category_key", DIGEST),  # sha256 of retailer, mapping file, ids and path
    pa.field("retailer", pa.string()),
    pa.field("category_path", STRINGS),
    pa.field("category_ids", STRINGS),
    pa.field("verdicts", VERDICTS),  # rules that can apply, in order; none: unmapped
)

COVERAGE = stage_table(
    "coverage",
    ("retailer", "feed"),
    pa.field("retailer", pa.string()),
    pa.field("feed", DIGEST),
    pa.field("products", pa.int64()),
    pa.field("mapped", pa.int64()),
    pa.field("ignored", pa.int64()),
    pa.field("unmapped", pa.int64()),
    pa.field("rules", COUNTS),  # products a rule
)

LIGHTNESS_BYTES, COLOUR_BYTES = 16 * 16, 8 * 8 * 2
LOOK_BYTES = LIGHTNESS_BYTES + COLOUR_BYTES
DESCRIPTOR_BYTES = 4 * LOOK_BYTES
"""16 x 16 pixels of L and 8 x 8 of a and b, of the looks whole, trimmed, inner and subject of a picture."""

FINGERPRINTS = stage_table(
    "fingerprints",
    ("picture",),
    pa.field("picture", DIGEST),
    pa.field("phash", pa.binary(8)),  # of the whole picture
    pa.field("trimmed_phash", pa.binary(8)),  # of the picture without its even border
    pa.field("descriptor", pa.binary(DESCRIPTOR_BYTES)),
    pa.field("mirrored_phash", pa.binary(8)),
    pa.field("inner_phash", pa.binary(8)),  # of the picture without a twentieth at each side
    pa.field("subject_phash", pa.binary(8)),  # of what stands before the ground, on white
)

DUPLICATES = stage_table(
    "duplicates",
    ("pictures_key",),
    pa.field("pictures_key", DIGEST),  # sha256 of the retailer's name and the picture
    pa.field("retailer", pa.string()),
    pa.field("groups", pa.list_(pa.struct([  # only of versions before 0.2, which had one row per retailer
        ("group_id", pa.binary(32)),
        ("medoid", pa.binary(32)),
        ("members", pa.list_(pa.binary(32))),
        ("largest_distance", pa.int32()),
    ]))),
    pa.field("picture", DIGEST),
    pa.field("medoid", DIGEST),  # of its group, of which it is the id; null: the picture itself
    pa.field("bits", pa.int32()),  # to the medoid
)  # fmt: skip

BOXES = stage_table(
    "boxes",
    ("picture",),
    pa.field("picture", DIGEST),
    pa.field("boxes", pa.list_(pa.struct([("class", pa.string()), ("score", pa.float32()), ("box", BOX)]))),
)

TURNED_AWAY = pa.list_(pa.struct([("url", pa.string()), ("code", pa.string()), ("detail", pa.string())]))

GARMENTS = stage_table(
    "garments",
    ("product_key",),
    pa.field("product_key", DIGEST),  # sha256 over what the choice is made from
    pa.field("product_id", pa.string()),
    pa.field("retailer", pa.string()),
    pa.field("category", pa.string()),  # taxonomy code
    pa.field("category_source", pa.string()),  # mapping, text, image
    pa.field("gender", pa.string()),
    pa.field("garments", pa.list_(pa.struct([
        ("garment_id", pa.string()),
        ("vector_key", pa.binary(32)),  # sha256 of picture and box
        ("picture", pa.binary(32)),
        ("url", pa.string()),
        ("class", pa.string()),
        ("box", BOX),
        ("score", pa.float32()),
        ("rank", pa.int32()),
        ("whole_picture", pa.bool_()),  # no box fits what is sold
    ]))),
    pa.field("turned_away", TURNED_AWAY),
)  # fmt: skip

EMBEDDING_SIZE = 256
CODE_BYTES = 16

VECTORS = stage_table(
    "vectors",
    ("vector_key",),
    pa.field("vector_key", DIGEST),
    pa.field("picture", DIGEST),
    pa.field("box", BOX),
    pa.field("embedding", pa.list_(pa.float32(), EMBEDDING_SIZE)),  # unit length
    pa.field("shape_code", pa.binary(CODE_BYTES)),
    pa.field("colour_code", pa.binary(CODE_BYTES)),
)

RUNS = Table(
    "runs",
    ("run", "stage"),
    pa.schema([
        pa.field("run", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("started_at", TIME),
        pa.field("due", pa.int64()),
        pa.field("done", pa.int64()),
        pa.field("rejected", pa.int64()),
        pa.field("pending", pa.int64()),
        pa.field("seconds", pa.float64()),
        pa.field("pictures_per_second", pa.float64()),
        pa.field("peak_mib", pa.float64()),
        pa.field("outcome", pa.string()),
        pa.field("spark_tasks", pa.int32()),  # side by side; null: the driver's own processes did the work
        pa.field("settled", DIGEST),  # of all that was asked when nothing was due; null: something was
        # the same, a digest a retailer, with the versions of the tables that were asked: see jobs.live.touched
        pa.field("asked_of", pa.list_(pa.binary())),
        pa.field("asked_at", pa.list_(pa.struct([("table", pa.string()), ("version", pa.int64()),
                                                 ("files", pa.binary())]))),
    ]),
)  # fmt: skip

STAGE_TABLES = (
    FEEDS,
    OFFERS,
    MERGED,
    FETCHES,
    PICTURES,
    SCREENS,
    TEXTS,
    MAPPED,
    COVERAGE,
    FINGERPRINTS,
    DUPLICATES,
    BOXES,
    GARMENTS,
    VECTORS,
)
