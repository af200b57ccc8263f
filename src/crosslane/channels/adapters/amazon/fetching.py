"""Fetching orders from Amazon: what was updated since the last time, page by page.

Rules: ``searchOrders`` of the Orders API, version 2026-01-01. An order is a record of its own, told
with what was asked. The time asked about ends two minutes ago, as Amazon wants; the next one begins
where it ended, both ends in it. A page that is no longer to be had lets the time begin anew.

In which store an order is collected version 2026-01-01 does not say. Unless the connection does,
the items of such orders are asked for by ``getOrderItems`` of version 0, which names the store.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from crosslane.channels.adapters.amazon.calling import ask, why
from crosslane.channels.adapters.amazon.orders import IN_STORE
from crosslane.channels.adapters.amazon.selling import STORE
from crosslane.channels.adapters.amazon.shipping import ORDER_NUMBER
from crosslane.channels.adapters.fetching import Page, first_instant, instant_text, one_line
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Talk

PATH = "/orders/2026-01-01/orders"
INCLUDED = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES"
PAGE_ORDERS = 100
ANSWER_BYTES_MAX = 8 << 20
SETTLED_SECONDS = 120
ITEMS_PATH = "/orders/v0/orders/{}/orderItems"


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far orders were fetched.

    Args:
        after: from when on they are wanted.
        before: until when, of a time of which some pages are still to come.
        token: names the next of them.
        items: numbers of orders whose items are still to be asked for.
    """

    after: datetime
    before: datetime | None = None
    token: str = ""
    items: tuple[str, ...] = ()


class _Program(msgspec.Struct):
    """What is needed of an order."""

    orderId: str = ""
    programs: list[str] | None = None


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
    if at.items and not talk.settings.get(STORE):
        return (yield from _items(at, talk))
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
    items = () if talk.settings.get(STORE) else tuple(_collected(told.orders))
    then = Cursor(after=at.after, before=before, token=token) if token else Cursor(after=before)
    then = msgspec.structs.replace(then, items=items)
    records = [_record(b"searchOrders", PATH, b'{"orders":[%b]}' % order) for order in told.orders]
    return Page(records=records, cursor=_encoded(then), more=bool(token or items))


def _collected(orders: Sequence[msgspec.Raw]) -> Iterator[str]:
    """Yield the numbers of orders that are collected in a store."""
    for order in orders:
        try:
            told = msgspec.json.decode(order, type=_Program)
        except msgspec.MsgspecError:
            # Whoever reads it says what is wrong with it.
            continue
        if IN_STORE in (told.programs or ()) and ORDER_NUMBER.fullmatch(told.orderId):
            yield told.orderId


def _items(at: Cursor, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch the items of one order."""
    number, *others = at.items
    path = ITEMS_PATH.format(number)
    answer = yield from ask(talk, "GET", path.lstrip("/"), answer_bytes_max=ANSWER_BYTES_MAX)
    if not answer.is_good:
        said = f"Amazon answers {answer.status} {why(answer)[0]} when asked for its store"
        raise Later(f"{number} is collected: {said}; name it by the setting {STORE} instead")
    if not isinstance(answer.document(), dict):
        raise Later("Amazon's answer is no items of an order")
    records = [_record(b"getOrderItems", path, answer.body)]
    then = msgspec.structs.replace(at, items=tuple(others))
    return Page(records=records, cursor=_encoded(then), more=bool(others or then.token))


def _cursor(cursor: str, talk: Talk) -> Cursor:
    if cursor:
        return msgspec.json.decode(cursor, type=Cursor)
    return Cursor(after=first_instant(talk))


def _encoded(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _record(operation: bytes, path: str, answer: bytes) -> bytes:
    head = b'{"op":"%b","path":"%b","status":200,"response":' % (operation, path.encode())
    return head + one_line(answer) + b"}"
