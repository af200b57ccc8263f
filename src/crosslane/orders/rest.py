"""Orders over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.customers import (
    ADDRESS_REFUSALS,
    IDENTITY_REFUSALS,
    Address,
    UnknownCustomer,
)
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown
from crosslane.orders import errors
from crosslane.orders.domain import RaisedKind, StopKind
from crosslane.orders.domain.reoptimising import Reoptimised
from crosslane.orders.service import reading
from crosslane.orders.service.amending import (
    ADD_LINES,
    CHANGE_ADDRESS,
    CHANGE_PRICE,
    AddLines,
    Amended,
    ChangeAddress,
    ChangePrice,
)
from crosslane.orders.service.appeasing import APPEASE, Appease, Appeased
from crosslane.orders.service.cancelling import CANCEL, Cancelled, CancelLine, CancelUnits
from crosslane.orders.service.placing import (
    PLACE,
    BuyerWish,
    LineWish,
    Placed,
    PlaceOrder,
    TenderWish,
)
from crosslane.orders.service.placing.wishes import LINES_MAX, TENDERS_MAX, Reason
from crosslane.orders.service.problems import RETRY_MONEY, MoneyRetried, RetryMoney
from crosslane.orders.service.reading import OrderSummary, OrderView
from crosslane.orders.service.reoptimising import REOPTIMISE, Reoptimise, find_run
from crosslane.orders.service.seeking import RESOURCE, Resource, Resourced
from crosslane.orders.service.stops import (
    RAISE_STOP,
    RESOLVE_STOP,
    RaiseStop,
    ResolveStop,
    StopAnswer,
)
from crosslane.orders.service.waiting import WAITING, wait_for_payment
from crosslane.organization import UnknownChannel
from crosslane.payments import DESTINATION_REFUSALS, TENDER_REFUSALS, RefundTo
from crosslane.platform.log import Entry
from crosslane.platform.web import Answer, Caller, Paging, get, post
from crosslane.pricing import CART_REFUSALS, COUPON_REFUSALS, GOODS_REFUSALS, QUOTE_REFUSALS
from crosslane.sourcing import DELIVERY_REFUSALS, OFFER_REFUSALS

ORDER_BYTES_MAX = 4 << 20

# What wished lines and their payment are refused for, here and below.
LINE_REFUSALS = (
    errors.SkuNotOnSale,
    errors.MethodRefused,
    errors.StoreNeeded,
    errors.StoreUnfit,
    LocationUnknown,
    errors.AddressNeeded,
    errors.TendersDiffer,
    *GOODS_REFUSALS,
    *TENDER_REFUSALS,
)
PLACE_REFUSALS = (
    UnknownChannel,
    UnknownCustomer,
    errors.SourceIdTaken,
    errors.BackdatingForbidden,
    errors.PaidAtTheTill,
    errors.NotEnoughStock,
    *LINE_REFUSALS,
    *IDENTITY_REFUSALS,
    *ADDRESS_REFUSALS,
    *CART_REFUSALS,
    *COUPON_REFUSALS,
    *QUOTE_REFUSALS,
    *DELIVERY_REFUSALS,
    *OFFER_REFUSALS,
)

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
async def search_orders(caller: Caller, q: str) -> list[OrderSummary]:
    """Search orders of all channels by number, channel's number, SKU, e-mail, phone or account."""
    async with caller.read() as tx:
        return await reading.search_orders(tx, q)


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


class Cancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is no longer wanted; no lines cancel everything not handed over yet."""

    lines: Annotated[list[CancelLine], msgspec.Meta(max_length=LINES_MAX)] = []
    reason: Reason
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/cancellation",
    permission="orders:cancel",
    command=CANCEL,
    raises=(
        errors.NoSuchOrder,
        errors.NoSuchLine,
        errors.NothingToCancel,
        errors.OrderChanged,
        errors.OrderClosed,
    ),
    example=Cancellation(reason="ordered twice by mistake"),
)
async def cancel_order(caller: Caller, order_id: UUID, data: Cancellation) -> Cancelled:
    """Cancel units of an order, or all that is left of it."""
    wish = CancelUnits(
        order_id=order_id, lines=data.lines, reason=data.reason, version=data.version
    )
    return await caller.submit(CANCEL, wish)


class MoreLines(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """More goods, and how they are paid."""

    lines: Annotated[list[LineWish], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    tenders: Annotated[list[TenderWish], msgspec.Meta(max_length=TENDERS_MAX)] = []
    reason: Reason
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/lines",
    permission="orders:amend",
    command=ADD_LINES,
    raises=(
        errors.NoSuchOrder,
        errors.OrderClosed,
        errors.OrderChanged,
        errors.NotTakenAlong,
        *LINE_REFUSALS,
    ),
    example=MoreLines(
        lines=[LineWish(sku="22423", quantity=1)],
        tenders=[TenderWish(method="cash")],
        reason="the customer called",
    ),
)
async def add_order_lines(caller: Caller, order_id: UUID, data: MoreLines) -> Amended:
    """Add lines to an order, at today's prices."""
    wish = AddLines(
        order_id=order_id,
        lines=data.lines,
        tenders=data.tenders,
        reason=data.reason,
        version=data.version,
    )
    return await caller.submit(ADD_LINES, wish)


class NewPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another price for the units of a line that are not cancelled."""

    unit_price_milli: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    reason: Reason
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/lines/{line_id}/price",
    permission="orders:amend",
    command=CHANGE_PRICE,
    raises=(errors.NoSuchOrder, errors.NoSuchLine, errors.OrderClosed, errors.OrderChanged),
    example=NewPrice(unit_price_milli=199_000, reason="price matched"),
)
async def change_line_price(
    caller: Caller, order_id: UUID, line_id: UUID, data: NewPrice
) -> Amended:
    """Change the price of a line; the difference becomes a charge of its own."""
    wish = ChangePrice(
        order_id=order_id,
        line_id=line_id,
        unit_price_milli=data.unit_price_milli,
        reason=data.reason,
        version=data.version,
    )
    return await caller.submit(CHANGE_PRICE, wish)


class NewAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where an order goes instead."""

    ship_to: Address
    reason: Reason
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/address",
    permission="orders:amend",
    command=CHANGE_ADDRESS,
    raises=(
        errors.NoSuchOrder,
        errors.AddressFixed,
        errors.OrderClosed,
        errors.OrderChanged,
        *ADDRESS_REFUSALS,
    ),
    example=NewAddress(
        ship_to=Address(
            country="GB",
            lines=("12 High Street",),
            city="Oxford",
            postcode="OX1 4AA",
            name="Ada Brown",
        ),
        reason="the customer has moved",
    ),
)
async def change_order_address(caller: Caller, order_id: UUID, data: NewAddress) -> Amended:
    """Send an order elsewhere in the same country, before anything is released."""
    wish = ChangeAddress(
        order_id=order_id, ship_to=data.ship_to, reason=data.reason, version=data.version
    )
    return await caller.submit(CHANGE_ADDRESS, wish)


class Resourcing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Deciding anew where an order comes from; ``forgive`` asks locations that failed it again."""

    forgive: bool = False
    reason: Reason
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/resourcing",
    permission="orders:amend",
    command=RESOURCE,
    raises=(
        errors.NoSuchOrder,
        errors.OrderClosed,
        errors.OrderChanged,
        errors.NothingToResource,
        errors.NoOtherStock,
    ),
    example=Resourcing(reason="the parcel was to leave today"),
)
async def resource_order(caller: Caller, order_id: UUID, data: Resourcing) -> Resourced:
    """Decide anew which locations serve what of an order nobody works on yet."""
    wish = Resource(
        order_id=order_id, forgive=data.forgive, reason=data.reason, version=data.version
    )
    return await caller.submit(RESOURCE, wish)


class Goodwill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money given back without anything coming back.

    Args:
        minor: how much, with tax, in minor units of the order's currency.
        line: the line it is for, the whole order when absent.
        reason: for the customer and the record.
        refund_to: where a refund goes; the way the money came when absent.
    """

    minor: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    line: UUID | None = None
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    refund_to: RefundTo | None = None
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/appeasement",
    permission="orders:appease",
    command=APPEASE,
    raises=(
        errors.NoSuchOrder,
        errors.NoSuchLine,
        errors.OrderChanged,
        errors.GivenBackAboveCharged,
        errors.NoAppeasementBudget,
        errors.AppeasementAboveBudget,
        *DESTINATION_REFUSALS,
    ),
    example=Goodwill(minor=500, reason="the parcel came three days late"),
)
async def appease_customer(caller: Caller, order_id: UUID, data: Goodwill) -> Appeased:
    """Give money back as goodwill, within the budget of the caller's role."""
    wish = Appease(
        order_id=order_id,
        line_id=data.line,
        minor=data.minor,
        reason=data.reason,
        refund_to=data.refund_to,
        version=data.version,
    )
    return await caller.submit(APPEASE, wish)


class NewStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds an order back."""

    kind: RaisedKind
    reason: Reason


@post(
    "/api/v1/orders/{order_id}/stops",
    permission="orders:stop",
    command=RAISE_STOP,
    raises=(errors.NoSuchOrder, errors.OrderClosed),
    example=NewStop("fraud", "the card's country differs from the address"),
)
async def raise_stop(caller: Caller, order_id: UUID, data: NewStop) -> StopAnswer:
    """Hold an order back."""
    return await caller.submit(RAISE_STOP, RaiseStop(order_id, data.kind, data.reason))


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found, for the record."""

    resolution: Reason


@post(
    "/api/v1/orders/{order_id}/stops/{stop_id}/resolution",
    permission="orders:stop",
    command=RESOLVE_STOP,
    raises=(errors.NoSuchOrder, errors.NoSuchStop, errors.StopNotYours),
    example=Resolution("the customer confirmed the order by telephone"),
)
async def resolve_stop(
    caller: Caller, order_id: UUID, stop_id: UUID, data: Resolution
) -> StopAnswer:
    """Let an order go; resolving a kind of stop takes a permission of its own."""
    return await caller.submit(RESOLVE_STOP, ResolveStop(order_id, stop_id, data.resolution))


ROUTES = [
    place_order,
    list_orders,
    search_orders,
    show_order,
    show_timeline,
    retry_money,
    reoptimise_orders,
    show_reoptimisation,
    cancel_order,
    add_order_lines,
    change_line_price,
    change_order_address,
    resource_order,
    appease_customer,
    raise_stop,
    resolve_stop,
]
