"""Fetching orders from eBay: what was changed since the last time, page by page.

Rules: ``getOrders`` of the Fulfillment API, version 1. Pages are told by their place in what was
asked for, so the time that is asked for has an end: what changes meanwhile comes with the next.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from crosslane.channels.adapters.ebay.calling import ask, why
from crosslane.channels.adapters.fetching import Page, first_instant, instant_text, one_line
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Talk

PATH = "sell/fulfillment/v1/order"
PAGE_ORDERS = 50
# eBay finds what was changed a moment later.
SETTLED_SECONDS = 60


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far orders were fetched.

    Args:
        after: from when on they are wanted.
        before: until when, of a time of which some pages are still to come.
        offset: how many of them were fetched.
    """

    after: datetime
    before: datetime | None = None
    offset: int = 0


class _Answer(msgspec.Struct):
    """What is needed of a page; its orders stay as they were sent."""

    orders: list[msgspec.Raw] = []
    next: str | None = None


def fetch_orders(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch a page of orders that were changed.

    Raises:
        Later: eBay does not answer as it says.
    """
    at = _cursor(cursor, talk)
    before = at.before or talk.now - timedelta(seconds=SETTLED_SECONDS)
    if before <= at.after:
        return Page(cursor=cursor)
    query = {
        "filter": f"lastmodifieddate:[{instant_text(at.after)}..{instant_text(before)}]",
        "limit": PAGE_ORDERS,
        "offset": at.offset,
    }
    answer = yield from ask(talk, "GET", f"{PATH}?{urlencode(query)}")
    if not answer.is_good:
        raise Later(f"eBay answers {answer.status} {why(answer)[0]}")
    try:
        told = msgspec.json.decode(answer.body, type=_Answer)
    except msgspec.MsgspecError:
        raise Later("eBay's answer is no page of orders") from None
    more = bool(told.next and told.orders)
    offset = at.offset + len(told.orders)
    then = Cursor(after=at.after, before=before, offset=offset) if more else Cursor(after=before)
    records = [one_line(bytes(order)) for order in told.orders]
    return Page(records=records, cursor=msgspec.json.encode(then).decode(), more=more)


def _cursor(cursor: str, talk: Talk) -> Cursor:
    if cursor:
        return msgspec.json.decode(cursor, type=Cursor)
    return Cursor(after=first_instant(talk))
