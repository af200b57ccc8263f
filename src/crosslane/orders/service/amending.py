"""Amendments: lines added, a price changed, goods sent elsewhere. The original stays as it was."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane import customers, organization, pricing
from crosslane.customers import Address
from crosslane.kernel import Refusal, line_amount, new_id
from crosslane.orders import events
from crosslane.orders.domain import (
    NOWHERE,
    Charge,
    Move,
    OrderState,
    Stage,
    Sum,
    handed_over_units,
    is_settled,
    kept_units,
    remaining,
)
from crosslane.orders.errors import (
    AddressFixed,
    NoSuchLine,
    OrderChanged,
    OrderClosed,
)
from crosslane.orders.service.adding import Adding, Owing, draft_added, pay_more, wait_for
from crosslane.orders.service.moving import charged
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.placing.wishes import (
    LINES_MAX,
    TENDERS_MAX,
    LineWish,
    Reason,
    TenderWish,
)
from crosslane.orders.service.resourcing import find_new_stock
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


class Amended(msgspec.Struct, frozen=True):
    """What an amendment did.

    Args:
        amendment_no: its number on the order.
        gross_delta_minor: what the customer pays more, negative for less.
        currency: of that amount.
    """

    amendment_no: int
    gross_delta_minor: int
    currency: str


class AddLines(OfOrder, frozen=True, kw_only=True):
    """More goods on an order, at today's prices.

    Args:
        order_id: the order.
        lines: what is added.
        tenders: how it is paid; what the order's own tenders still cover needs none.
        reason: for the record.
        version: the order must still be at it, None for whatever it is at.
    """

    lines: Annotated[list[LineWish], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    tenders: Annotated[list[TenderWish], msgspec.Meta(max_length=TENDERS_MAX)] = msgspec.field(
        default_factory=list
    )
    reason: Reason
    version: int | None = None


class ChangePrice(OfOrder, frozen=True, kw_only=True):
    """Another price for the units of a line that are neither cancelled nor back.

    Args:
        order_id: the order; likewise its line.
        unit_price_milli: new price of one unit in 1/1000 minor unit, with tax where the channel's
            prices include it.
        reason: for the record.
        version: the order must still be at it, None for whatever it is at.
    """

    line_id: UUID
    unit_price_milli: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    reason: Reason
    version: int | None = None


class ChangeAddress(OfOrder, frozen=True, kw_only=True):
    """Another address in the same country, before anything is released to a location.

    Args:
        order_id: the order.
        ship_to: where it goes instead.
        reason: for the record.
        version: the order must still be at it, None for whatever it is at.
    """

    ship_to: Address
    reason: Reason
    version: int | None = None


async def open_order(tx: Tx, command: Command[Any]) -> tuple[Sheet, OrderState, Doing]:
    """Lock the order that a command changes, for its next amendment.

    Args:
        tx: open transaction.
        command: its body names the order, and the version it must still be at.

    Raises:
        NoSuchOrder: there is none.
        OrderChanged: it is at another version.
        OrderClosed: nothing can be changed on it any more.
    """
    wish = command.body
    sheet = await Sheet.open(tx, [wish.order_id])
    state = sheet.state(wish.order_id)
    if wish.version is not None and wish.version != state.order.version:
        raise OrderChanged(version=state.order.version)
    if is_settled(state):
        raise OrderClosed
    return sheet, state, Doing(command, tx.now, f"amendment:{state.amendments + 1}")


async def add_lines(tx: Tx, commands: Sequence[Command[AddLines]]) -> list[Amended]:
    """Add lines: priced by today, sourced at once, paid by the order's tenders or new ones."""
    wish = commands[0].body
    sheet, state, doing = await open_order(tx, commands[0])
    adding = Adding(state=state, actor=commands[0].actor, wishes=wish.lines, cause="amendment")
    (drafted,) = await draft_added(tx, [adding])
    if isinstance(drafted, Refusal):
        raise drafted
    delta = sum(line.gross_minor for line in drafted.lines if not line.is_bundle)
    (paid,) = await pay_more(tx, [Owing(state=state, more_minor=delta, tenders=wish.tenders)])
    if isinstance(paid, Refusal):
        raise paid
    sheet.add_lines(state.order.id, drafted.lines, drafted.attributions, doing)
    told = [{"sku": line.sku, "quantity": line.quantity} for line in drafted.lines]
    no = sheet.amend(state.order.id, "add", wish.reason, told, delta, doing)
    wait_for(paid, sheet, state.order.id, no, doing)
    await find_new_stock(tx, sheet, [state.order.id], doing)
    sheet.announce(
        events.OrderAmended(
            order_id=state.order.id, amendment_no=no, amendment_kind="add", gross_delta_minor=delta
        ),
        doing,
    )
    await sheet.write(tx)
    return [Amended(no, delta, state.order.currency)]


async def change_price(tx: Tx, commands: Sequence[Command[ChangePrice]]) -> list[Amended]:
    """Change the price of a line by a charge of its own, which says what changed and why."""
    wish = commands[0].body
    sheet, state, doing = await open_order(tx, commands[0])
    line = state.line(wish.line_id)
    if line is None or line.is_bundle:
        raise NoSuchLine(line=str(wish.line_id))
    channel = (await organization.book(tx)).channel(state.order.channel)
    amount = line_amount(wish.unit_price_milli, kept_units(state, line))
    basis = "gross" if channel.tax_mode == "inclusive" else "net"
    wanted = pricing.split(amount, line.tax_rate_bp, basis)
    change = Sum(wanted.net_minor, wanted.tax_minor) - remaining(state, line)
    charge = Charge(
        id=new_id(),
        order_id=state.order.id,
        kind="price_change",
        line_id=line.id,
        title=wish.reason,
        net_minor=change.net_minor,
        tax_minor=change.tax_minor,
        gross_minor=change.gross_minor,
        tax_rate_bp=line.tax_rate_bp,
        jurisdiction=line.jurisdiction,
        recorded_at=tx.now,
    )
    sheet.add_charge(state.order.id, charge, doing)
    told = [{"line_id": line.id, "unit_price_milli": wish.unit_price_milli}]
    delta = change.gross_minor
    no = sheet.amend(state.order.id, "price", wish.reason, told, delta, doing)
    if any(handed_over_units(state.buckets, each.id) for each in state.stock_lines):
        due = events.ChargesDue(order_id=state.order.id, charges=[charged(charge)])
        sheet.announce(due, doing)
    sheet.announce(
        events.OrderAmended(
            order_id=state.order.id,
            amendment_no=no,
            amendment_kind="price",
            gross_delta_minor=delta,
        ),
        doing,
    )
    await sheet.write(tx)
    return [Amended(no, delta, state.order.currency)]


async def change_address(tx: Tx, commands: Sequence[Command[ChangeAddress]]) -> list[Amended]:
    """Send an order elsewhere; its units are sourced anew, an address stop is resolved."""
    wish = commands[0].body
    sheet, state, doing = await open_order(tx, commands[0])
    order_id = state.order.id
    address = customers.require_address(wish.ship_to, pointer="/ship_to")
    await _refuse_address(tx, state, address)
    owner = state.order.customer_id
    if owner is None:
        raise AddressFixed(reason="nobody is known to ship it to")
    (address_id,) = await customers.snapshot_addresses(tx, [address], owners=[owner])
    sheet.send_to(order_id, address_id, doing)
    for stop in state.open_stops:
        if stop.kind == "address":
            sheet.resolve_stop(order_id, stop, wish.reason, doing)
    back = [
        Move(line.id, b.location_id, b.stage, NOWHERE, Stage.OPEN, b.quantity, doing.why)
        for line in state.stock_lines
        if line.method == "ship"
        for b in state.buckets.of(line.id)
        if b.stage is Stage.ALLOCATED
    ]
    sheet.move(order_id, back, doing)
    await find_new_stock(tx, sheet, [order_id], doing)
    no = sheet.amend(order_id, "address", wish.reason, [], 0, doing)
    sheet.announce(
        events.OrderAmended(
            order_id=order_id, amendment_no=no, amendment_kind="address", gross_delta_minor=0
        ),
        doing,
    )
    await sheet.write(tx)
    return [Amended(no, 0, state.order.currency)]


async def _refuse_address(tx: Tx, state: OrderState, address: Address) -> None:
    on_the_way = (Stage.RELEASED, Stage.PICKED, Stage.PACKED, Stage.HANDED_OVER, Stage.DELIVERED)
    shipped = [line for line in state.stock_lines if line.method == "ship"]
    if not shipped or any(
        state.buckets.units(line.id, stage) for line in shipped for stage in on_the_way
    ):
        raise AddressFixed(reason="units are on their way already")
    before = state.order.ship_address_id
    if before is not None:
        known = (await customers.addresses_by_id(tx, [before]))[before]
        faulty = any(stop.kind == "address" for stop in state.open_stops)
        if not faulty and known.address.country != address.country:
            raise AddressFixed(reason="another country has other prices and taxes")


ADD_LINES = CommandKind("orders.add_lines", AddLines, Amended, add_lines, batch_max=1)
CHANGE_PRICE = CommandKind("orders.change_price", ChangePrice, Amended, change_price, batch_max=1)
CHANGE_ADDRESS = CommandKind(
    "orders.change_address", ChangeAddress, Amended, change_address, batch_max=1
)
