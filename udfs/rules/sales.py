"""What is asked in a night for offers whose sale price holds for some nights alone."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

SALE_COLUMNS = ("price", "old_price", "sale_price", "sale_from", "sale_until")
"""What `priced_on` reads of `schemas.tables.OFFERS`."""


def nights_of(offers: pa.Table, night: date) -> tuple[date | None, date | None]:
    """The nights around a night in which `priced_on` gives what it gives in that one: the first, and the first after.

    None: there is no bound. offers: `SALE_COLUMNS`.
    """
    dated = offers.filter(pc.is_valid(offers["sale_price"]))
    begins = pc.unique(dated["sale_from"].drop_null()).to_pylist()
    turns = [*begins, *(last + timedelta(days=1) for last in pc.unique(dated["sale_until"].drop_null()).to_pylist())]
    past, ahead = [turn for turn in turns if turn <= night], [turn for turn in turns if turn > night]
    return max(past, default=None), min(ahead, default=None)


def priced_on(offers: pa.Table, night: date) -> pa.Table:
    """The offers with `price` and `old_price` as they are in a night: only sales with a beginning or an end change.

    offers: `SALE_COLUMNS` and any others. The higher one of price and old price is struck through during a sale.
    """
    sale = offers["sale_price"]
    if sale.null_count == offers.num_rows:
        return offers
    begun = pc.fill_null(pc.less_equal(offers["sale_from"], pa.scalar(night)), True)
    lasts = pc.fill_null(pc.greater_equal(offers["sale_until"], pa.scalar(night)), True)
    holds = pc.and_(pc.is_valid(sale), pc.and_(begun, lasts))
    struck = pc.max_element_wise(offers["price"], offers["old_price"])
    columns = {
        "price": pc.if_else(holds, sale, offers["price"]),
        "old_price": pc.if_else(holds, struck, offers["old_price"]),
    }
    for name, column in columns.items():
        offers = offers.set_column(offers.schema.get_field_index(name), name, column.cast(sale.type))
    return offers
