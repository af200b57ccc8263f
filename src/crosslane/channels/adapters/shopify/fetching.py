"""Fetching orders from a shop: what was changed since the last time, page by page.

A shop gives up a webhook that nobody takes for four hours, and removes the subscription after
eight deliveries that failed one after the other; what it would have told is told nobody.

Rules: "Retrieve a list of orders" and "Make paginated requests" of Shopify's Admin REST API. An
order of it is the very body of a webhook, so the same version says the same. A page names the next
one by a word of its own, which takes no filter beside it and ends; then the time begins anew.
"""

import re
from collections.abc import Generator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from crosslane.channels.adapters.fetching import Page, first_instant, instant_text, one_line
from crosslane.channels.adapters.shopify.admin import get
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Talk

PATH = "orders.json"
PAGE_ORDERS = 100
ANSWER_BYTES_MAX = 32 << 20
# A shop tells the second in which an order was changed, and finds it a moment later.
SETTLED_SECONDS = 60
TOKEN = "page_info"  # noqa: S105 - the name of what names a page
TOKEN_CHARACTERS_MAX = 2_000
_NEXT = re.compile(r'<([^>]{1,4000})>\s*;\s*rel="?next"?')


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far orders were fetched.

    Args:
        after: from when on they are wanted.
        before: until when, of a time of which some are still to come.
        token: names the next page of them.
    """

    after: datetime
    before: datetime | None = None
    token: str = ""


class _Answer(msgspec.Struct):
    """What is needed of a page; its orders stay as they were sent."""

    orders: list[msgspec.Raw]


def fetch_orders(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch a page of orders that were changed.

    Raises:
        Later: the shop does not answer as it says.
    """
    at = _cursor(cursor, talk)
    before = at.before or talk.now.replace(microsecond=0) - timedelta(seconds=SETTLED_SECONDS)
    if before <= at.after:
        return Page(cursor=_encoded(at))
    query: dict[str, object] = {"limit": PAGE_ORDERS}
    if at.token:
        query[TOKEN] = at.token
    else:
        times = {"updated_at_min": at.after, "updated_at_max": before}
        query |= {"status": "any", **{name: instant_text(one) for name, one in times.items()}}
    path = f"{PATH}?{urlencode(query)}"
    answer = yield from get(talk, path, answer_bytes_max=ANSWER_BYTES_MAX)
    if not answer.is_good:
        if at.token and answer.status < 500:
            return Page(cursor=_encoded(Cursor(after=at.after)), more=True)
        raise Later(f"The shop answers {answer.status}")
    try:
        orders = msgspec.json.decode(answer.body, type=_Answer).orders
    except (msgspec.MsgspecError, RecursionError):
        raise Later("The shop's answer is no page of orders") from None
    token = _next_page(answer)
    then = Cursor(after=at.after, before=before, token=token) if token else Cursor(after=before)
    records = [one_line(bytes(order)) for order in orders]
    return Page(records=records, cursor=_encoded(then), more=bool(token))


def _cursor(cursor: str, talk: Talk) -> Cursor:
    if cursor:
        return msgspec.json.decode(cursor, type=Cursor)
    return Cursor(after=first_instant(talk).replace(microsecond=0))


def _encoded(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _next_page(answer: Answer) -> str:
    """Return what names the next page, "" when there is none."""
    found = _NEXT.search(answer.headers.get("link", ""))
    told = parse_qs(urlsplit(found[1]).query).get(TOKEN, [""]) if found else [""]
    return told[0][:TOKEN_CHARACTERS_MAX]
