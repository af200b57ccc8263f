"""The lowest price an article was lately listed at: given when nobody can prove a higher one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.organization import Channel, book
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.pricing.domain.lists import Buyer, PriceList, refuse_list
from crosslane.pricing.domain.shown import Frame
from crosslane.pricing.domain.tax import Destination, Tax
from crosslane.pricing.service.carts import TERMS
from crosslane.pricing.storage.prices import list_prices


class LowestWish(msgspec.Struct, frozen=True):
    """An article that somebody wants to know the lowest price of.

    Args:
        variant_id: the article.
        tax_class: its class.
        channel: whose lists count, as they are offered to anybody.
        at: until when.
        days: for how many days before.
    """

    variant_id: UUID
    tax_class: str
    channel: Channel
    at: datetime
    days: int


class Lowest(msgspec.Struct, frozen=True):
    """What an article was listed at, and the tax it bears.

    Args:
        unit_price_milli: lowest unit price in 1/1000 minor unit, with tax where the channel's
            prices have it; None when it was on no list.
        tax: as it was at the end of the days.
    """

    unit_price_milli: int | None
    tax: Tax


async def lowest_prices(tx: Tx, wishes: Sequence[LowestWish]) -> list[Lowest]:
    """Return the lowest listed price of articles, promotions and special groups left aside.

    Raises:
        TaxRateUnknown: tax is due on one of them but no rate is known.
    """
    terms, organization = await facts.get(tx, TERMS), await book(tx)
    wanted: list[tuple[UUID, UUID, datetime, datetime]] = []
    asked: list[tuple[int, PriceList]] = []
    taxes: list[Tax] = []
    for place, wish in enumerate(wishes):
        seller = organization.entity(wish.channel.entity).country
        there = Destination(wish.channel.country)
        taxes.append(terms.taxes.tax(seller, there, wish.tax_class, wish.at))
        for each in terms.price_lists:
            if _offered(each, wish):
                since = wish.at - timedelta(days=wish.days)
                wanted.append((wish.variant_id, each.id, since, wish.at))
                asked.append((place, each))
    lowest: list[int | None] = [None] * len(wishes)
    found = await list_prices(tx, wanted) if wanted else []
    for (place, each), rows in zip(asked, found, strict=True):
        for row in rows:
            if row.quantity_min == 1:
                wish = wishes[place]
                frame = Frame(
                    taxes=terms.taxes,
                    tax_class=wish.tax_class,
                    tax=taxes[place],
                    basis="gross" if wish.channel.tax_mode == "inclusive" else "net",
                    at=wish.at,
                )
                price = frame.milli(each, row.unit_price_milli)
                before = lowest[place]
                lowest[place] = price if before is None else min(before, price)
    return [Lowest(price, tax) for price, tax in zip(lowest, taxes, strict=True)]


def _offered(price_list: PriceList, wish: LowestWish) -> bool:
    channel = wish.channel
    buyer = Buyer(channel.code, channel.market, None, channel.currency, wish.at)
    return refuse_list(price_list, buyer) is None
