"""Prices of many offers: what is asked, what is struck through, in which currency; amounts are whole hundredths."""

from typing import NamedTuple

import numpy as np

from schemas.table import PRICE
from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.markup.walk import Slots
from udfs.feeds.offers.rows import MAX_CACHED, Cached, Rows, Texts, present
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.values.prices import iso_currency, parse_price
from udfs.feeds.values.sale_dates import Nights, nights_of

Amount = tuple[int | None, str | None]
"""Hundredths and currency, each None where the text does not say."""
MAX_DIGITS = 15
NONE: Amount = (None, None)


class Amounts(NamedTuple):
    """One value an offer. `unreadable` holds the text of a price that is no number.

    A sale price that holds for some nights alone stands in `sale` with its nights; `asked` and `struck` are what holds
    in the others.
    """

    asked: list[int | None]
    struck: list[int | None]
    currencies: list[str | None]
    unreadable: list[str | None] | None
    sale: list[int | None]
    nights: list[Nights | None]


class AmountReader:
    """Reads the price columns of one feed's batches."""

    def __init__(self, dialect: Dialect, slots: dict[str, Slots], repairs: Repairs) -> None:
        self._mark, self._slots, self._repairs = dialect.decimal_mark, slots, repairs
        self._amounts: Cached[Amount] = Cached(self._amount)
        self._currencies: Cached[str | None] = Cached(iso_currency)
        self._rounded: set[str] = set()  # texts whose amount is stated more precisely than it is kept

    def read(self, rows: Rows) -> Amounts:
        """The amounts of a batch."""
        regular_texts = rows.texts(self._slots["price"])
        blank = [NONE] * rows.size
        regular = self._read(regular_texts) or blank
        sale = self._read(rows.texts(self._slots["sale_price"]))
        old = self._read(rows.texts(self._slots["old_price"]))
        nights = rows.nothing() if sale is None else self._nights(rows)
        apart: list[int | None] = rows.nothing()
        if sale is not None:
            for place in present(nights):
                if 0 < (sale[place][0] or 0) < (regular[place][0] or 0):
                    apart[place], sale[place] = sale[place][0], (None, sale[place][1])
                else:
                    nights[place] = None
        if sale is None and old is None:
            asked: list[int | None] = [amount or None for amount, _ in regular]
            struck: list[int | None] = rows.nothing()
            currencies = [currency for _, currency in regular]
        else:
            every = (regular, sale or blank, old or blank)
            asked, struck = _reconciled(*every)
            currencies = [next(filter(None, (one[1] for one in stated)), None) for stated in zip(*every, strict=True)]
        if stated := rows.texts(self._slots["currency"]):
            known = self._currencies.each(stated)
            currencies = [one or other for one, other in zip(currencies, known, strict=True)]
        return Amounts(asked, struck, currencies, self._unreadable(regular_texts, regular, asked), apart, nights)

    def _nights(self, rows: Rows) -> list[Nights | None]:
        """The nights in which the offers' sale prices hold; None where nothing is said of them, or nothing readable."""
        read = [rows.texts(self._slots[name]) for name in ("sale_dates", "sale_from", "sale_until")]
        found: list[Nights | None] = rows.nothing()
        if not any(read):
            return found
        columns = [texts or rows.nothing() for texts in read]
        for place, (dates, begins, ends) in enumerate(zip(*columns, strict=True)):
            if dates or begins or ends:
                found[place] = nights_of(dates or "", begins or "", ends or "")
                self._repairs[Repair.SALE_DATES_UNREAD] += found[place] is None
        return found

    def _read(self, texts: Texts | None) -> list[Amount] | None:
        if not texts:
            return None
        found = [amount or NONE for amount in self._amounts.each(texts)]
        if self._rounded:
            self._repairs[Repair.PRICE_ROUNDED] += sum(text in self._rounded for text in texts)
        return found

    def _amount(self, text: str) -> Amount:
        if (
            text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
        ):  # the commonest form, read as parse_price does
            return 10**PRICE.scale * int(text), None
        price = parse_price(text, self._mark)
        if price.is_rounded and len(self._rounded) < MAX_CACHED:
            self._rounded.add(text)
        return None if price.amount is None else int(price.amount.scaleb(PRICE.scale)), price.currency

    def _unreadable(self, texts: Texts | None, regular: list[Amount], asked: list[int | None]) -> Texts | None:
        if texts is None or None not in asked:
            return None
        lacking = [place for place, amount in enumerate(asked) if amount is None and texts[place]]
        self._repairs[Repair.PRICE_OF_ZERO] += sum(regular[place][0] == 0 for place in lacking)
        bad = [place for place in lacking if regular[place][0] is None]
        if not bad:
            return None
        found: Texts = [None] * len(texts)
        for place in bad:
            found[place] = texts[place]
        return found


def _reconciled(*amounts: list[Amount]) -> tuple[list[int | None], list[int | None]]:
    """Of price, sale price and old price the lower of the first two is asked; the higher of price and old price is
    struck through if it is higher than that. So a sale price above the price is none."""
    stated = np.array([[amount or 0 for amount, _ in column] for column in amounts], np.int64)  # (3, N), 0: none
    lowest = np.where(stated[:2] > 0, stated[:2], np.iinfo(np.int64).max).min(axis=0)
    asked = np.where((stated[:2] > 0).any(axis=0), lowest, 0)
    highest = np.maximum(stated[0], stated[2])
    struck = np.where((asked > 0) & (highest > asked), highest, 0)
    return [amount or None for amount in asked.tolist()], [amount or None for amount in struck.tolist()]
