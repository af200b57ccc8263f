"""What a channel shows as an article's price: what anybody would pay for one, and until when."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.pricing.domain.lists import Buyer, Price, PriceList, choose_price, offered_lists
from crosslane.pricing.domain.pricing import brought_to_basis
from crosslane.pricing.domain.tax import Basis, Destination, Tax, TaxTable


class ShownPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit costs anybody who buys it in a channel, promotions left aside.

    Args:
        unit_price_milli: 1/1000 minor unit, with tax where the channel's prices have it.
        was_milli: what it will cost again when a price that ends has ended, None unless that is
            more.
        includes_tax: whether tax is in both.
        currency: ISO 4217.
        price_list: code of the list that decides.
        ends_at: when the price ends, None when it is open.
    """

    unit_price_milli: int
    was_milli: int | None
    includes_tax: bool
    currency: str
    price_list: str
    ends_at: datetime | None


class Showing(msgspec.Struct, frozen=True):
    """A price, and when it may be another one.

    Args:
        price: None when no list has one.
        changes_at: when a list or a price begins or ends next, None when none does.
    """

    price: ShownPrice | None
    changes_at: datetime | None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What a listed price is brought to.

    Args:
        taxes: to know the tax inside it.
        tax_class: of the article.
        tax: what the sale bears.
        basis: what the channel shows.
        at: instant.
    """

    taxes: TaxTable
    tax_class: str
    tax: Tax
    basis: Basis
    at: datetime

    def milli(self, listed: PriceList, unit_price_milli: int) -> int:
        """Return a unit price of a list as the channel shows it, 1/1000 minor unit."""
        contained = 0
        if listed.basis == "gross":
            contained = self.tax.rate_bp
            if listed.tax_country is not None:
                home = Destination(listed.tax_country)
                contained = self.taxes.rate(home, self.tax_class, self.at).rate_bp
        return brought_to_basis(
            unit_price_milli, contained_bp=contained, rate_bp=self.tax.rate_bp, basis=self.basis
        )


def show(
    price_lists: Sequence[PriceList],
    prices: Mapping[UUID, Sequence[Price]],
    buyer: Buyer,
    frame: Frame,
) -> Showing:
    """Return what an article costs a buyer of one unit, by the first list that has a price for it.

    Args:
        price_lists: all there are.
        prices: rows of the article by list, running ones and those to come.
        buyer: who would buy, and when.
        frame: what prices are brought to.
    """
    shown = None
    for each in offered_lists(price_lists, buyer):
        rows = prices.get(each.id, ())
        if (chosen := choose_price(rows, 1, buyer.at)) is not None:
            shown = _shown(each, chosen, rows, frame)
            break
    theirs = [each for each in price_lists if each.id in prices]
    return Showing(shown, _changes_at(theirs, prices, buyer.at))


def _shown(listed: PriceList, chosen: Price, rows: Sequence[Price], frame: Frame) -> ShownPrice:
    open_rows = [row for row in rows if row.valid_to is None]
    usual = choose_price(open_rows, 1, frame.at) if chosen.valid_to is not None else None
    before = frame.milli(listed, usual.unit_price_milli) if usual is not None else 0
    now = frame.milli(listed, chosen.unit_price_milli)
    return ShownPrice(
        unit_price_milli=now,
        was_milli=before if before > now else None,
        includes_tax=frame.basis == "gross",
        currency=listed.currency,
        price_list=listed.code,
        ends_at=chosen.valid_to,
    )


def _changes_at(
    lists: Iterable[PriceList], prices: Mapping[UUID, Sequence[Price]], at: datetime
) -> datetime | None:
    rows = [*lists, *(row for theirs in prices.values() for row in theirs)]
    instants = [i for row in rows for i in (row.valid_from, row.valid_to) if i is not None]
    return min((instant for instant in instants if instant > at), default=None)
