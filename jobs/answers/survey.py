"""What the report, the notes and the result of a night say of the whole catalog.

It takes time with the size of the catalog, so that a night in which nothing has changed takes it from the last one
(`jobs.answers.kept_survey`).
"""

from collections import Counter

import numpy as np
import pyarrow.compute as pc

from jobs.answers.fetch_health import host_rows, pictures_asked
from jobs.answers.file_notes import in_their_files
from jobs.answers.rejects import reject_rows
from jobs.answers.report_pictures import Pictures
from jobs.answers.thresholds import around
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.coverage import coverage_view
from jobs.live.feeds import live_feeds
from jobs.live.placeholders import suspects
from jobs.live.screened import done, scores_of, screened
from jobs.live.views import offers_of
from reports.facts import CoverageRow, Part, RuleRow, Survey, UnmappedRow, Whole
from schemas.rejects import MEANINGS, Code
from schemas.table import DONE, REJECTED
from schemas.tables import UNWANTED_CLASSES
from udfs.rules.coverage import RetailerCoverage
from udfs.rules.mapping import Mapping
from udfs.rules.wording import written

LARGEST = 12


def survey(night: Night) -> Survey:
    """The current state of the tables and of the live version."""
    catalog = Catalog.of(night)
    shown = Pictures(night, catalog)
    return Survey(
        funnel=_funnel(night, catalog),
        rejects=reject_rows(night),
        hosts=host_rows(night),
        asked=pictures_asked(night),
        files=in_their_files(night),
        without_garments=_without_garments(catalog),
        suspected=dict(Counter(suspect.retailer for suspect in suspects(night) if not suspect.turned_away)),
        placeholders=shown.placeholders(),
        turned_away=shown.turned_away(),
        duplicates=shown.duplicates(),
        garments=shown.garments(),
        disagreeing=shown.disagreeing(),
        neighbours=shown.neighbours(),
        coverage=[_coverage(view, night.mappings.get(view.retailer)) for view in coverage_view(night)],
        thresholds=around(night),
    )


def _funnel(night: Night, catalog: Catalog) -> list[Whole]:
    """The steps of the funnel: offers, products, picture URLs, pictures. The parts of each step add up to its total."""
    return [_offers(night), _products(catalog), _addresses(catalog), _pictures(night)]


def _offers(night: Night) -> Whole:
    found = offers_of(live_feeds(night))
    query = f"select status, code, count(*) count from ({found.sql}) group by status, code order by count desc"  # noqa: S608
    rows = night.tables.sql(query, found.tables).to_pylist()
    kept = sum(row["count"] for row in rows if row["status"] == DONE)
    away = [_away(row["code"], row["count"]) for row in rows if row["status"] == REJECTED]
    return Whole("offers", [Part("read", kept, "through"), *away])


def _products(catalog: Catalog) -> Whole:
    rejected = catalog.rejected_products()
    chosen = pc.sum(pc.equal(catalog.chosen["status"], DONE)).as_py() or 0
    waiting = catalog.products.num_rows - chosen - sum(rejected.values())
    away = [_away(code, count) for code, count in sorted(rejected.items(), key=lambda item: -item[1])]
    return Whole("products", [Part("with a garment", chosen, "through"), *away, _waiting(waiting)])


def _addresses(catalog: Catalog) -> Whole:
    states = catalog.url_states
    arrived = pc.sum(pc.is_valid(states["picture"])).as_py() or 0
    codes = Counter(code for code in states["code"].to_pylist() if code is not None)
    away = [_away(code, count) for code, count in codes.most_common()]
    waiting = states.num_rows - arrived - sum(codes.values())
    return Whole("picture URLs", [Part("fetched", arrived, "through"), *away, _waiting(waiting)])


def _pictures(night: Night) -> Whole:
    """Distinct pictures: wanted, or the unwanted class that the screen gives them."""
    rows = screened(night)
    refused = rows.filter(pc.equal(rows["status"], REJECTED))["code"].to_pylist()
    scores = scores_of(done(night))
    likeliest = np.array(UNWANTED_CLASSES)[scores[:, 1:].argmax(axis=1)]
    labels = np.where(scores[:, 0] >= night.settings.choice.wanted, "wanted", likeliest)
    waits = rows["status"].null_count
    counts = dict(Counter({"waiting": waits, **Counter(refused), **Counter(labels.tolist())}).most_common())
    kept, waiting = counts.pop("wanted", 0), counts.pop("waiting", 0)
    away = [Part(label, count, "away") for label, count in counts.items()]
    return Whole("pictures", [Part("wanted", kept, "through"), *away, _waiting(waiting)])


def _away(code: str, count: int) -> Part:
    return Part(code, count, "away", MEANINGS[Code(code)].text)


def _waiting(count: int) -> Part:
    return Part("waiting", count, "waiting", "not tried yet; stays due")


def _coverage(view: RetailerCoverage, mapping: Mapping | None) -> CoverageRow:
    shares, rules = view.shares(), view.all_rules(mapping) if mapping else []
    return CoverageRow(
        retailer=view.retailer,
        products=view.products,
        mapped=shares["mapped"],
        ignored=shares["ignored"],
        unmapped=shares["unmapped"],
        decided_by={source: view.decided_share(source) for source in ("mapping", "text", "image")},
        rules=[
            RuleRow(use.rule, use.node or "ignored", use.products, use.text_differs, use.image_differs)
            for use in sorted((use for use in rules if use.products), key=lambda use: -use.products)
        ],
        idle=[use.rule for use in rules if not use.products],
        largest=[
            UnmappedRow(written(category.path) or "(no category)", category.products, category.titles)
            for category in view.largest_unmapped(LARGEST)
        ],
    )


def _without_garments(catalog: Catalog) -> dict[str, int]:
    """Live retailers without a single garment, with their number of products."""
    done = catalog.chosen.filter(pc.equal(catalog.chosen["status"], DONE))
    found = set(pc.unique(done["retailer"]).to_pylist())
    live = pc.value_counts(catalog.products["retailer"])
    return {
        name: count
        for name, count in zip(live.field("values").to_pylist(), live.field("counts").to_pylist(), strict=True)
        if name not in found
    }
