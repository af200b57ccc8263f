"""Fetching orders from a shop: what was changed since the last time, page by page.

A shop ends a webhook after five deliveries that failed, and tells nobody what was said meanwhile.

Rules: "List all orders" of WooCommerce's REST API reference, and the controller of its orders.
``modified_after`` and ``modified_before`` leave out the instant itself, and instants are whole
seconds. Pages are told by their place, which shifts when an order among them changes: so the next
one is asked for from where the last one ended, and only by its place while all of it is of one
second. What lies in the trash stands in no other list, and is asked for by itself.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec

from crosslane.channels.adapters.branches import instant_of
from crosslane.channels.adapters.fetching import Page, first_instant, one_line
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Talk
from crosslane.channels.adapters.woocommerce.rest import reason_told, request

PATH = "orders"
PAGE_ORDERS = 50
LISTS = ("any", "trash")
TOTAL = "x-wp-total"
SECOND = timedelta(seconds=1)
# A shop saves an order and its parts one after the other.
SETTLED_SECONDS = 60


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far orders were fetched.

    Args:
        after: from when on they are wanted.
        before: until when, of a time of which some are still to come.
        list: number of the list that is being read, from 0.
        reached: from when on those of this list are still to come, None for all of the time.
        page: number of the page that comes next of those, from 1.
    """

    after: datetime
    before: datetime | None = None
    list: int = 0
    reached: datetime | None = None
    page: int = 1


class _Changed(msgspec.Struct):
    """What is needed of an order."""

    date_modified_gmt: str | None = None


def fetch_orders(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch a page of orders that were changed.

    Raises:
        Later: the shop does not answer as it says.
    """
    at = _cursor(cursor, talk)
    before = at.before or talk.now.replace(microsecond=0) - timedelta(seconds=SETTLED_SECONDS)
    if before <= at.after:
        return Page(cursor=_encoded(at))
    begin = at.reached or at.after
    query = {
        "modified_after": _text(begin - SECOND),
        "modified_before": _text(before + SECOND),
        "dates_are_gmt": "true",
        "status": LISTS[at.list],
        "orderby": "modified",
        "order": "asc",
        "per_page": PAGE_ORDERS,
        "page": at.page,
    }
    answer = yield request(talk, "GET", f"{PATH}?{urlencode(query)}")
    if not answer.is_good:
        raise Later(f"The shop answers {answer.status}: {' '.join(reason_told(answer))}")
    orders = _orders(answer)
    then = Cursor(after=at.after, before=before, list=at.list)
    if len(orders) == PAGE_ORDERS:
        reached = _changed_at(orders[-1])
        if reached is None or reached <= begin:
            then = msgspec.structs.replace(then, reached=at.reached, page=at.page + 1)
        else:
            then = msgspec.structs.replace(then, reached=reached)
    elif at.list + 1 < len(LISTS):
        then = msgspec.structs.replace(then, list=at.list + 1)
    else:
        then = Cursor(after=before)
    records = [one_line(bytes(order)) for order in orders]
    return Page(records=records, cursor=_encoded(then), more=then.before is not None)


def _orders(answer: Answer) -> list[msgspec.Raw]:
    """Return the orders of a page, each as it was sent.

    Raises:
        Later: it is none: a list of the shop's tells how many there are in all.
    """
    try:
        if TOTAL in answer.headers:
            return msgspec.json.decode(answer.body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        pass
    raise Later("The shop's answer is no page of orders")


def _cursor(cursor: str, talk: Talk) -> Cursor:
    if cursor:
        return msgspec.json.decode(cursor, type=Cursor)
    return Cursor(after=first_instant(talk).replace(microsecond=0))


def _changed_at(order: msgspec.Raw) -> datetime | None:
    """Return when an order was changed, None when it does not say."""
    try:
        told = msgspec.json.decode(order, type=_Changed).date_modified_gmt
        return instant_of(told, "UTC") if told else None
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _encoded(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
