"""Fetching orders from Amazon: what was updated since the last time, page by page.

Rules: ``searchOrders`` of the Orders API, version 2026-01-01. An order is a record of its own, told
with what was asked. The time asked about ends two minutes ago, as Amazon wants; the next one begins
where it ended, both ends in it. A page that is no longer to be had lets the time begin anew.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from crosslane.channels.adapters.amazon.calling import ask, why
from crosslane.channels.adapters.fetching import Page, first_instant, instant_text, one_line
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Talk

PATH = "/orders/2026-01-01/orders"
INCLUDED = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES"
PAGE_ORDERS = 100
ANSWER_BYTES_MAX = 8 << 20
SETTLED_SECONDS = 120


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far orders were fetched.

    Args:
        after: from when on they are wanted.
        before: until when, of a time of which some pages are still to come.
        token: names the next of them.
    """

    after: datetime
    before: datetime | None = None
    token: str = ""


class _Answer(msgspec.Struct):
    """What is needed of a page; its orders stay as they were sent."""

    class Pagination(msgspec.Struct):
        """Where the next page is."""

        nextToken: str = ""

    orders: list[msgspec.Raw] = []
    pagination: Pagination | None = None


def fetch_orders(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch a page of orders that were updated.

    Raises:
        Later: Amazon does not answer as it says.
    """
    at = _cursor(cursor, talk)
    before = at.before or talk.now - timedelta(seconds=SETTLED_SECONDS)
    if before <= at.after:
        return Page(cursor=cursor)
    query = {
        "lastUpdatedAfter": instant_text(at.after),
        "lastUpdatedBefore": instant_text(before),
        "marketplaceIds": talk.setting("marketplace"),
        "fulfilledBy": "MERCHANT",
        "maxResultsPerPage": PAGE_ORDERS,
        "includedData": INCLUDED,
    }
    if at.token:
        query["paginationToken"] = at.token
    path = f"{PATH.lstrip('/')}?{urlencode(query)}"
    answer = yield from ask(talk, "GET", path, answer_bytes_max=ANSWER_BYTES_MAX)
    if not answer.is_good:
        if at.token and answer.status < 500:
            return Page(cursor=_encoded(Cursor(after=at.after)), more=True)
        raise Later(f"Amazon answers {answer.status} {why(answer)[0]}")
    try:
        told = msgspec.json.decode(answer.body, type=_Answer)
    except msgspec.MsgspecError:
        raise Later("Amazon's answer is no page of orders") from None
    token = told.pagination.nextToken if told.pagination else ""
    then = Cursor(after=at.after, before=before, token=token) if token else Cursor(after=before)
    records = [_record(order) for order in told.orders]
    return Page(records=records, cursor=_encoded(then), more=bool(token))


def _cursor(cursor: str, talk: Talk) -> Cursor:
    if cursor:
        return msgspec.json.decode(cursor, type=Cursor)
    return Cursor(after=first_instant(talk))


def _encoded(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _record(order: msgspec.Raw) -> bytes:
    head = f'{{"op":"searchOrders","path":"{PATH}","status":200,"response":{{"orders":['
    return head.encode() + one_line(bytes(order)) + b"]}}"
