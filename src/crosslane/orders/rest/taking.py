"""Orders over HTTP: placing, finding, reading, deciding together."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.kernel import Page, encode_cursor
from crosslane.locations import LocationUnknown
from crosslane.orders import errors
from crosslane.orders.domain import StopKind
from crosslane.orders.domain.reoptimising import Reoptimised
from crosslane.orders.rest.refusals import PLACE_REFUSALS
from crosslane.orders.service import reading
from crosslane.orders.service.placing import (
    PLACE,
    BuyerWish,
    LineWish,
    Placed,
    PlaceOrder,
    TenderWish,
)
from crosslane.orders.service.problems import RETRY_MONEY, MoneyRetried, RetryMoney
from crosslane.orders.service.reading import OrderSummary, OrderView
from crosslane.orders.service.reoptimising import REOPTIMISE, Reoptimise, find_run
from crosslane.orders.service.waiting import WAITING, wait_for_payment
from crosslane.payments import DESTINATION_REFUSALS
from crosslane.platform.log import Entry
from crosslane.platform.web import Answer, Caller, Paging, get, post

ORDER_BYTES_MAX = 4 << 20
WaitSeconds = Annotated[int, msgspec.Meta(ge=0, le=10)]


@post(
    "/api/v1/orders",
    permission="orders:place",
    command=PLACE,
    also={202: Placed},
    body_bytes_max=ORDER_BYTES_MAX,
    raises=PLACE_REFUSALS,
    example=PlaceOrder(
        channel="web",
        buyer=BuyerWish(email="ada.brown@example.com"),
        lines=[LineWish(sku="85123A", quantity=2), LineWish(sku="22423", quantity=1)],
        tenders=[TenderWish(method="card", token="tok_visa", provider="house")],  # noqa: S106
    ),
)
async def place_order(
    caller: Caller, data: PlaceOrder, wait_seconds: WaitSeconds = 0
) -> Answer[Placed]:
    """Place an order.

    Prices, tax and promise are computed here, stock is allocated at once. With the ``offers`` that
    were shown the order has everything by their dates, or is refused. A card is authorised right
    after; until then a payment stop holds the order back. With ``wait_seconds`` the answer
    waits so long for it, and is 202 when it is still not known.
    """
    placed = await caller.submit(PLACE, data)
    if placed.status != WAITING or not wait_seconds:
        return Answer(body=placed)
    placed = await wait_for_payment(caller.read, placed, seconds=wait_seconds)
    return Answer(body=placed, status=202 if placed.status == WAITING else None)


@get("/api/v1/orders", permission="orders:read")
async def list_orders(
    caller: Caller,
    paging: Paging,
    channel: str | None = None,
    stop: StopKind | None = None,
    placed_from: datetime | None = None,
    placed_before: datetime | None = None,
    open: bool | None = None,
    money_problem: bool | None = None,
    returned: bool | None = None,
) -> Page[OrderSummary]:
    """List orders of all channels, newest first; an associate sees those of the own location.

    These are orders whose goods lie there, were sent from there or are got there. With ``returned``
    only those of which units came back.
    """
    async with caller.read() as tx:
        found = await reading.list_orders(
            tx,
            channel=channel,
            stop=stop,
            placed_from=placed_from,
            placed_before=placed_before,
            is_open=open,
            money_problem=money_problem,
            returned=returned,
            after=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda order: (order.placed_at, order.id))


@get("/api/v1/order-search", permission="orders:read", optional=True)
async def search_orders(caller: Caller, paging: Paging, q: str) -> Page[OrderSummary]:
    """Search orders of all channels by number, channel's number, SKU, e-mail, phone or account.

    What very many orders have is looked for among so many orders a page: one with fewer than its
    limit is the last only when it has no cursor.
    """
    async with caller.read() as tx:
        found = await reading.search(tx, q, after=paging.after(datetime, UUID), limit=paging.limit)
        summaries = await reading.list_summaries(tx, found.order_ids)
    return Page(summaries, encode_cursor(*found.next) if found.next else None)


@get("/api/v1/orders/{order}", permission="orders:read", raises=(errors.NoSuchOrder,))
async def show_order(caller: Caller, order: str) -> Answer[OrderView]:
    """Show an order whole, by its number or id."""
    async with caller.read() as tx:
        view = await reading.order_view(tx, order)
    return Answer(body=view, version=view.version)


@get("/api/v1/orders/{order}/timeline", permission="orders:read", raises=(errors.NoSuchOrder,))
async def show_timeline(caller: Caller, paging: Paging, order: str) -> Page[Entry]:
    """Show what has happened to an order, oldest first, each with who did it."""
    after = paging.after(int)
    async with caller.read() as tx:
        entries = await reading.timeline(
            tx, order, after_no=after[0] if after else 0, limit=paging.limit + 1
        )
    return paging.page(entries, key=lambda entry: (entry.subject_no,))


@post(
    "/api/v1/order-money-retries",
    permission="orders:retry_money",
    command=RETRY_MONEY,
    raises=(errors.NoSuchOrder, errors.NoMoneyProblem, LocationUnknown, *DESTINATION_REFUSALS),
    example=RetryMoney(UUID("018f0000-0000-7000-8000-000000000001")),
)
async def retry_money(caller: Caller, data: RetryMoney) -> MoneyRetried:
    """Ask once more for captures and refunds of an order that did not come through.

    A refund that cannot go back the way it came may go ``to`` stored value or cash instead.
    """
    return await caller.submit(RETRY_MONEY, data)


@post(
    "/api/v1/order-reoptimisations",
    permission="orders:reoptimise",
    command=REOPTIMISE,
    example=Reoptimise(orders=2000, seconds=20),
)
async def reoptimise_orders(caller: Caller, data: Reoptimise) -> Reoptimised:
    """Decide open orders that are not released yet anew, all together, in a worker.

    Promises are kept; an order that has changed meanwhile is left alone. What came of it is shown
    under the id.
    """
    return await caller.submit(REOPTIMISE, data)


@get(
    "/api/v1/order-reoptimisations/{reoptimisation_id}",
    permission="orders:reoptimise",
    raises=(errors.NoSuchReoptimisation,),
)
async def show_reoptimisation(caller: Caller, reoptimisation_id: UUID) -> Reoptimised:
    """Show what came of deciding open orders anew."""
    async with caller.read() as tx:
        return await find_run(tx, reoptimisation_id)


ROUTES = [
    place_order,
    list_orders,
    search_orders,
    show_order,
    show_timeline,
    retry_money,
    reoptimise_orders,
    show_reoptimisation,
]
