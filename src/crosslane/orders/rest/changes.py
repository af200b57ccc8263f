"""Changes of an order over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.customers import (
    ADDRESS_REFUSALS,
    Address,
)
from crosslane.locations import LocationUnknown
from crosslane.orders import errors
from crosslane.orders.rest.refusals import LINE_REFUSALS
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
    LineWish,
    TenderWish,
)
from crosslane.orders.service.placing.wishes import LINES_MAX, TENDERS_MAX, Code, Reason
from crosslane.orders.service.recalling import RECALL, Recall, Recalled, RecallLine
from crosslane.orders.service.seeking import RESOURCE, Resource, Resourced
from crosslane.payments import DESTINATION_REFUSALS, RefundTo
from crosslane.platform.web import Caller, post


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


class TakingBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units that a location shall not work on any more.

    Args:
        location: its code.
        lines: which units; all that it has not picked yet when absent.
        reason: for the location and the record.
    """

    location: Code
    lines: Annotated[list[RecallLine], msgspec.Meta(max_length=LINES_MAX)] = []
    reason: Reason
    version: int | None = None


@post(
    "/api/v1/orders/{order_id}/recall",
    permission="orders:amend",
    command=RECALL,
    raises=(
        errors.NoSuchOrder,
        errors.NoSuchLine,
        errors.OrderClosed,
        errors.OrderChanged,
        errors.NotReleasedThere,
        errors.PickedAlready,
        errors.VendorWorks,
        LocationUnknown,
    ),
    example=TakingBack(location="S0042", reason="the store has a burst pipe"),
)
async def recall_units(caller: Caller, order_id: UUID, data: TakingBack) -> Recalled:
    """Take work back from a location that has not picked it yet, and look for other stock."""
    wish = Recall(
        order_id=order_id,
        location=data.location,
        lines=data.lines,
        reason=data.reason,
        version=data.version,
    )
    return await caller.submit(RECALL, wish)


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


ROUTES = [
    cancel_order,
    add_order_lines,
    change_line_price,
    change_order_address,
    resource_order,
    recall_units,
    appease_customer,
]
