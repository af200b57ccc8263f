"""What sales do to the books.

A sale is the moment goods leave our hands. It debits ``clearing`` with what the customer owes and
credits revenue, delivery income and tax; it moves the cost of the goods from the owner's inventory
to cost of goods. Goods that were a vendor's until they left have no value in our inventory: what we
owe for them is told by the vendor's own events.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.finance.domain.entries import (
    CLEARING,
    TAX,
    Cause,
    Seller,
    Stockholders,
    entry_of,
    posting,
    tax_code,
)
from crosslane.ledger import Entry, Posting
from crosslane.orders import ChargedSum, HandedOverUnits

REVENUE = "revenue"
SALES_RETURNS = "sales_returns"
CHARGE_ACCOUNTS = {
    "shipping": "shipping_income",
    "fee": "service_income",
    "discount": REVENUE,
    "price_change": REVENUE,
    "appeasement": "appeasements",
    "rounding": "rounding",
}
COST_OF_GOODS = "cost_of_goods"
INVENTORY = "inventory"


class Sale(msgspec.Struct, frozen=True):
    """Goods that left our hands and charges that fell due, in minor units of ``currency``."""

    currency: str
    units: Sequence[HandedOverUnits]
    charges: Sequence[ChargedSum]


def sale_entry(
    cause: Cause,
    seller: Seller,
    sale: Sale,
    stockholders: Stockholders,
    besides: Sequence[Posting] = (),
) -> Entry | None:
    """Return what a sale does to the books, None when nothing was worth anything.

    Args:
        cause: the event.
        seller: who sold.
        sale: what was sold.
        stockholders: whose stock is ours.
        besides: what else it does to the value of stock.
    """
    postings: list[Posting] = list(besides)
    for unit in sale.units:
        postings += worth_postings(
            seller,
            sale.currency,
            REVENUE,
            unit.net_minor,
            unit.tax_minor,
            tax_code(unit.jurisdiction, unit.tax_rate_bp),
            line_id=unit.line_id,
            location_id=unit.location_id,
        )
        postings += _cost(seller, unit, stockholders)
    postings += charge_postings(seller, sale.currency, sale.charges)
    owed = sum(u.net_minor + u.tax_minor for u in sale.units)
    owed += sum(c.net_minor + c.tax_minor for c in sale.charges)
    postings.append(posting(seller, CLEARING, sale.currency, owed))
    return entry_of(cause, seller.timezone, postings)


def charge_postings(seller: Seller, currency: str, charges: Sequence[ChargedSum]) -> list[Posting]:
    """Return the postings of charges, those given back with the opposite sign."""
    return [
        posting
        for charge in charges
        for posting in worth_postings(
            seller,
            currency,
            CHARGE_ACCOUNTS[charge.charge_kind],
            charge.net_minor,
            charge.tax_minor,
            tax_code(charge.jurisdiction, charge.tax_rate_bp),
            line_id=charge.charge_id,
            location_id=None,
        )
    ]


def worth_postings(
    seller: Seller,
    currency: str,
    account: str,
    net_minor: int,
    tax_minor: int,
    code: str,
    *,
    line_id: UUID,
    location_id: UUID | None,
) -> list[Posting]:
    """Return what is earned and its tax, both credited where they are positive."""
    return [
        posting(
            seller,
            name,
            currency,
            -minor,
            line_id=line_id,
            location_id=location_id,
            code=code,
        )
        for name, minor in ((account, net_minor), (TAX, tax_minor))
    ]


def _cost(seller: Seller, unit: HandedOverUnits, stockholders: Stockholders) -> list[Posting]:
    postings: list[Posting] = []
    for cost in unit.costs:
        currency = stockholders.book_currencies.get(cost.owner_id)
        if currency is None:
            continue
        for name, entity_id, minor in (
            (COST_OF_GOODS, seller.entity_id, cost.cost_minor),
            (INVENTORY, cost.owner_id, -cost.cost_minor),
        ):
            postings.append(
                posting(
                    seller,
                    name,
                    currency,
                    minor,
                    entity_id=entity_id,
                    line_id=unit.line_id,
                    location_id=unit.location_id,
                )
            )
    return postings
