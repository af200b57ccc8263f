"""Fetching orders from Square: what was changed since the last time, page by page.

Rules: ``SearchOrders`` of the Orders API. It searches ten locations at a time; those of the
connection are asked for one group after the other. What is asked for has an end, so that pages stay
what they are while orders change.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from crosslane.channels.adapters.fetching import Page, first_instant, instant_text, one_line
from crosslane.channels.adapters.square.calling import request, why
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Refused, Talk

PATH = "v2/orders/search"
PAGE_ORDERS = 200
LOCATIONS_MAX = 10
# Square finds what was changed a moment later.
SETTLED_SECONDS = 60


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far orders were fetched.

    Args:
        after: from when on they are wanted.
        before: until when, of a time of which some are still to come.
        group: which locations are asked for.
        page: Square's own cursor within them.
    """

    after: datetime
    before: datetime | None = None
    group: int = 0
    page: str = ""


class _Answer(msgspec.Struct):
    """What is needed of a page; its orders stay as they were sent."""

    orders: list[msgspec.Raw] = []
    cursor: str | None = None


def fetch_orders(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch a page of orders that were changed.

    Raises:
        Later: Square does not answer as it says.
        Refused: the connection names no location, or has no token.
    """
    places = sorted(set(talk.locations.values()))
    if not places:
        raise Refused("location-unknown", "The connection names no location of Square's")
    at = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor(after=first_instant(talk))
    before = at.before or talk.now - timedelta(seconds=SETTLED_SECONDS)
    begin = at.group * LOCATIONS_MAX
    group = places[begin : begin + LOCATIONS_MAX]
    if before <= at.after or not group:
        return Page(cursor=msgspec.json.encode(Cursor(after=at.after)).decode())
    body: dict[str, Any] = {
        "location_ids": group,
        "limit": PAGE_ORDERS,
        "query": {
            "filter": {
                "date_time_filter": {
                    "updated_at": {
                        "start_at": instant_text(at.after),
                        "end_at": instant_text(before),
                    }
                }
            },
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        },
    }
    if at.page:
        body["cursor"] = at.page
    answer = yield request(talk, PATH, body)
    if not answer.is_good:
        raise Later(f"Square answers {answer.status} {why(answer)[0]}")
    try:
        told = msgspec.json.decode(answer.body, type=_Answer)
    except msgspec.MsgspecError:
        raise Later("Square's answer is no page of orders") from None
    more = bool(told.cursor) or begin + LOCATIONS_MAX < len(places)
    if told.cursor:
        then = Cursor(after=at.after, before=before, group=at.group, page=told.cursor)
    elif more:
        then = Cursor(after=at.after, before=before, group=at.group + 1)
    else:
        then = Cursor(after=before)
    records = [one_line(bytes(one)) for one in told.orders]
    return Page(records=records, cursor=msgspec.json.encode(then).decode(), more=more)
