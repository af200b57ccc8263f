"""Judging rows of a price import: each is accepted or refused, none holds up the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.catalog import UnknownSku
from crosslane.kernel import Instant, Refusal, RowProblem, require_quantity
from crosslane.pricing.domain.lists import Price, require_validity
from crosslane.pricing.domain.pricing import UNIT_PRICE_MILLI_MAX
from crosslane.pricing.errors import PriceOutOfRange, PriceTwice


class PriceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit price of the list.

    Args:
        sku: what is priced.
        unit_price_milli: price of one unit in 1/1000 minor unit, on the list's basis.
        quantity_min: least quantity for this price.
        valid_from: first instant; that of the whole import when left out.
        valid_to: instant from which it does not hold any more.
    """

    sku: str
    unit_price_milli: int
    quantity_min: int = 1
    valid_from: Instant | None = None
    valid_to: Instant | None = None


def judge_prices(
    rows: Sequence[PriceRow],
    *,
    price_list_id: UUID,
    variant_ids: Mapping[str, UUID],
    valid_from: datetime,
) -> tuple[list[Price], list[RowProblem]]:
    """Decide which rows can be stored.

    Args:
        rows: as given.
        price_list_id: the list they are for.
        variant_ids: the variants that exist, by SKU as given.
        valid_from: start of rows that name none.

    Returns:
        The prices to store, and one problem for each row that is refused.
    """
    prices: list[Price] = []
    problems: list[RowProblem] = []
    first: dict[tuple[UUID, int, datetime], int] = {}
    for place, row in enumerate(rows):
        try:
            price = _price(row, f"/rows/{place}", price_list_id, variant_ids, valid_from)
            key = price.variant_id, price.quantity_min, price.valid_from
            if (earlier := first.setdefault(key, place)) != place:
                raise PriceTwice(pointer=f"/rows/{place}", row=earlier)
        except Refusal as refusal:
            problems.append(RowProblem.of(place, refusal, key=row.sku))
        else:
            prices.append(price)
    return prices, problems


def _price(
    row: PriceRow,
    pointer: str,
    price_list_id: UUID,
    variant_ids: Mapping[str, UUID],
    valid_from: datetime,
) -> Price:
    variant_id = variant_ids.get(row.sku)
    if variant_id is None:
        raise UnknownSku(pointer=f"{pointer}/sku", sku=row.sku[:64])
    if not 0 <= row.unit_price_milli <= UNIT_PRICE_MILLI_MAX:
        raise PriceOutOfRange(pointer=f"{pointer}/unit_price_milli", most=UNIT_PRICE_MILLI_MAX)
    begins = row.valid_from or valid_from
    require_validity(begins, row.valid_to, pointer)
    return Price(
        price_list_id=price_list_id,
        variant_id=variant_id,
        quantity_min=require_quantity(row.quantity_min, pointer=f"{pointer}/quantity_min"),
        unit_price_milli=row.unit_price_milli,
        valid_from=begins,
        valid_to=row.valid_to,
    )
