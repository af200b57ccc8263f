"""Asking a shop for the orders that were changed.

Vendure may tell the time of a change in whole seconds, so that two changes have one. An order is
taken only when its second has passed, and a minute is asked for again: clocks differ. Placing an
order counts as no change there, so what was placed is asked for too.
"""

from collections.abc import Generator
from datetime import datetime, timedelta

import msgspec

from crosslane.channels.adapters import (
    Answer,
    Call,
    Document,
    Page,
    Talk,
    first_instant,
    instant_text,
    one_line,
)
from vendure_adapter.calling import ask

PAGE_ORDERS = 50
SETTLED_SECONDS = 2
AGAIN_SECONDS = 60
ADDRESS = (
    "fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber"
)
ORDERS = f"""
query Orders($start: DateTime!, $end: DateTime!, $take: Int!, $skip: Int!) {{
  orders(options: {{
    filter: {{
      active: {{ eq: false }}
      _or: [
        {{ updatedAt: {{ between: {{ start: $start, end: $end }} }} }}
        {{ orderPlacedAt: {{ between: {{ start: $start, end: $end }} }} }}
      ]
    }}
    sort: {{ id: ASC }} take: $take skip: $skip
  }}) {{
    totalItems
    items {{
      id code state type updatedAt orderPlacedAt currencyCode couponCodes
      totalWithTax shippingWithTax
      customer {{ id firstName lastName emailAddress phoneNumber }}
      shippingAddress {{ {ADDRESS} }}
      billingAddress {{ {ADDRESS} }}
      shippingLines {{ shippingMethod {{ code }} }}
      lines {{ id quantity proratedLinePriceWithTax productVariant {{ id sku name }} }}
      payments {{ id method state amount transactionId }}
      fulfillments {{ id state method trackingCode lines {{ orderLineId quantity }} }}
    }}
  }}
}}
"""


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


def fetch_orders(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
    """Fetch a page of orders that were changed."""
    at = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor(after=first_instant(talk))
    before = at.before or talk.now - timedelta(seconds=SETTLED_SECONDS)
    data = yield from ask(
        talk,
        ORDERS,
        start=instant_text(at.after),
        end=instant_text(before),
        take=PAGE_ORDERS,
        skip=at.offset,
    )
    told = data["orders"]
    offset = at.offset + len(told["items"])
    more = bool(told["items"]) and offset < told["totalItems"]
    then = (
        Cursor(after=at.after, before=before, offset=offset)
        if more
        else Cursor(after=max(at.after, before - timedelta(seconds=AGAIN_SECONDS)))
    )
    records = [one_line(msgspec.json.encode(order)) for order in told["items"]]
    return Page(records=records, cursor=msgspec.json.encode(then).decode(), more=more)
