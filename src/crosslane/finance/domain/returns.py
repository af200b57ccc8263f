"""What goods that come back do to the books.

What the customer is credited reverses the sale where it was made: in the selling channel and
entity, at the location that had handed the goods over, never at the one that takes them back. What
goods cost comes back the same way, into the stock of whoever owned them as they left; where that is
another entity, the ledger adds what they owe each other. Goods of a blind return were sold nobody
knows where: their channel bears them, and no location.

The location that takes goods back for another is credited for the work, at the expense of the
entity and channel that had sold them.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.finance.domain.entries import CLEARING, Cause, Seller, entry_of, posting, tax_code
from crosslane.finance.domain.sales import SALES_RETURNS, charge_postings, worth_postings
from crosslane.ledger import Entry, Posting
from crosslane.orders import ChargedSum

RETURN_HANDLING = "return_handling"
RETURN_HANDLING_INCOME = "return_handling_income"


class UnitsBack(msgspec.Struct, frozen=True):
    """Units of one line that came back, with what the customer is credited for them.

    Args:
        location_id: where they had been handed over, None when nobody knows.
        net_minor, tax_minor: what is credited, in minor units.
    """

    line_id: UUID
    location_id: UUID | None
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    jurisdiction: str


class Credit(msgspec.Struct, frozen=True):
    """What a customer is credited: units, and charges that are negative when the customer gets it.

    Args:
        currency: of all amounts.
    """

    currency: str
    units: Sequence[UnitsBack]
    charges: Sequence[ChargedSum]


class Origin(msgspec.Struct, frozen=True):
    """Where goods that came back had been sold.

    Args:
        seller: who had sold them.
        sold_at: location that had handed a variant over; not there when nobody knows.
    """

    seller: Seller
    sold_at: Mapping[UUID, UUID]


class HandlingCredit(msgspec.Struct, frozen=True):
    """What a location gets for having taken back what others had sold.

    Args:
        location_id: which.
        entity_id: legal entity it belongs to.
        line_id: the return.
        minor: minor units of ``currency``; negative when a credit is taken back.
    """

    location_id: UUID
    entity_id: UUID
    line_id: UUID
    minor: int
    currency: str


def credit_entry(cause: Cause, seller: Seller, credit: Credit) -> Entry | None:
    """Return what a credit does to the books, None when nothing was worth anything.

    Args:
        cause: the event.
        seller: who had sold.
        credit: what the customer is credited.
    """
    postings: list[Posting] = []
    for unit in credit.units:
        postings += worth_postings(
            seller,
            credit.currency,
            SALES_RETURNS,
            -unit.net_minor,
            -unit.tax_minor,
            tax_code(unit.jurisdiction, unit.tax_rate_bp),
            line_id=unit.line_id,
            location_id=unit.location_id,
        )
    postings += charge_postings(seller, credit.currency, credit.charges)
    owed = sum(c.net_minor + c.tax_minor for c in credit.charges)
    owed -= sum(u.net_minor + u.tax_minor for u in credit.units)
    postings.append(posting(seller, CLEARING, credit.currency, owed))
    return entry_of(cause, seller.timezone, postings)


def handling_entry(cause: Cause, seller: Seller, credit: HandlingCredit) -> Entry | None:
    """Return what the credit of a location for its work does to the books.

    Args:
        cause: the event.
        seller: who had sold what came back, and bears the expense.
        credit: who gets how much.
    """
    postings = [
        posting(seller, RETURN_HANDLING, credit.currency, credit.minor, line_id=credit.line_id),
        posting(
            seller,
            RETURN_HANDLING_INCOME,
            credit.currency,
            -credit.minor,
            entity_id=credit.entity_id,
            line_id=credit.line_id,
            location_id=credit.location_id,
        ),
    ]
    return entry_of(cause, seller.timezone, postings)
