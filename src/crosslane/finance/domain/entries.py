"""What every entry is made of: who sold, what caused it, on which business day it counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane.ledger import Entry, Posting

CLEARING = "clearing"
TAX = "tax_payable"


class Seller(msgspec.Struct, frozen=True):
    """Who sold, as postings name it.

    Args:
        entity_id: the selling legal entity.
        channel_id: selling channel, which decides brand and market too.
        timezone: IANA zone in which the channel's days begin and end.
    """

    entity_id: UUID
    channel_id: UUID
    brand_id: UUID
    market_id: UUID
    timezone: str


class Cause(msgspec.Struct, frozen=True):
    """The event an entry is due to, and when that happened in the business."""

    kind: str
    id: str
    occurred_at: datetime


class Stockholders(msgspec.Struct, frozen=True):
    """Whose goods are where.

    Args:
        book_currencies: currency of each legal entity's books, in which its costs are; an owner
            that is none is a vendor, whose goods are not ours.
    """

    book_currencies: Mapping[UUID, str]


def tax_code(jurisdiction: str, rate_bp: int) -> str:
    """Return the code under which tax of a place and rate is posted, such as ``GB:2000``."""
    return f"{jurisdiction}:{rate_bp}"


def business_day(moment: datetime, timezone: str) -> date:
    """Return the calendar day of an instant where the channel is."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return the first instant of a day where the channel is, and the first one after it.

    A day on which clocks change has 23 or 25 hours.
    """
    zone = ZoneInfo(timezone)
    midnights = (datetime.combine(d, time.min, zone) for d in (day, day + timedelta(days=1)))
    start, end = (midnight.astimezone(UTC) for midnight in midnights)
    return start, end


def posting(
    seller: Seller,
    account: str,
    currency: str,
    minor: int,
    *,
    entity_id: UUID | None = None,
    line_id: UUID | None = None,
    location_id: UUID | None = None,
    code: str | None = None,
) -> Posting:
    """Return a posting with the dimensions of who sold; a debit is positive."""
    return Posting(
        entity_id=entity_id or seller.entity_id,
        account=account,
        currency=currency,
        minor=minor,
        line_id=line_id,
        channel_id=seller.channel_id,
        location_id=location_id,
        brand_id=seller.brand_id,
        market_id=seller.market_id,
        tax_code=code,
    )


def entry_of(cause: Cause, timezone: str, postings: Sequence[Posting]) -> Entry | None:
    """Return the entry of some postings on the business day of a time zone, None without any."""
    worth = [posting for posting in postings if posting.minor]
    if not worth:
        return None
    return Entry(
        cause_kind=cause.kind,
        cause_id=cause.id,
        occurred_at=cause.occurred_at,
        day=business_day(cause.occurred_at, timezone),
        postings=worth,
    )
