"""What an order of Amazon says besides its goods, in whichever version of the API it is told."""

from collections.abc import Iterator, Sequence
from typing import Any

from crosslane.channels.adapters.amazon.resource import whole_or_near
from crosslane.channels.adapters.shops import settlement
from crosslane.channels.domain.messages import Cancellation, Message, Order
from crosslane.channels.domain.reports import FulfillmentEvent
from crosslane.customers import Address
from crosslane.orders import StopWish

# Statuses in capitals, without what stands between their words.
WAITING = frozenset({"PENDING", "PENDINGAVAILABILITY"})
OPEN = frozenset({"UNSHIPPED", "PARTIALLYSHIPPED", "INVOICEUNCONFIRMED"})
SENT = frozenset({"SHIPPED"})
OFF = frozenset({"CANCELED", "CANCELLED"})
STUCK = frozenset({"UNFULFILLABLE"})
STATUSES = WAITING | OPEN | SENT | OFF | STUCK

UNPAID = StopWish(kind="payment", reason="Amazon has not cleared the payment yet")
SENT_ALREADY = StopWish(kind="manual", reason="Amazon says it was shipped already")
NOTHING_LEFT = "Amazon wants none of it any more"
UNWANTED = "The buyer asks Amazon to cancel it"
REASON_CHARACTERS_MAX = 500
STORE = "store"
"""Setting of a connection: the store in which orders are collected that name none themselves."""


def status_of(text: str) -> str:
    """Return a status as it is compared here."""
    return text.replace("_", "").upper()


def stops_of(status: str, unwanted: str | None = None) -> tuple[StopWish, ...]:
    """Return what holds an order back from the first moment, besides an address that is not whole.

    Args:
        status: of the order.
        unwanted: why its buyer wants it cancelled, None when they do not.
    """
    found: list[StopWish] = []
    if status in WAITING:
        found.append(UNPAID)
    if status in SENT:
        found.append(SENT_ALREADY)
    elif unwanted is not None:
        reason = f"{UNWANTED}: {unwanted}" if unwanted else UNWANTED
        found.append(StopWish(kind="manual", reason=reason[:REASON_CHARACTERS_MAX]))
    return tuple(found)


def told_order(
    told: dict[str, Any],
    *,
    status: str,
    where: Address | None,
    country: str,
    unwanted: str | None,
    picked_up: bool = False,
    **words: Any,
) -> Order:
    """Return an order.

    Args:
        told: version and instant of it, and its number.
        status: as it is compared here.
        where: it goes, as far as Amazon tells.
        country: of the marketplace.
        unwanted: why its buyer wants it cancelled, None when they do not.
        picked_up: its buyer comes for it, so that it goes nowhere.
        words: all else of the order.
    """
    ship_to, near = whole_or_near(where, country)
    return Order(
        **told,
        **words,
        number=told["source_id"],
        ship_to=None if picked_up else ship_to,
        ship_near=None if picked_up else near,
        stops=stops_of(status, unwanted),
        paid="pending" if status in WAITING else "" if status in OFF else "paid",
    )


def course(
    order: Order, status: str, parcels: Sequence[FulfillmentEvent] = ()
) -> Iterator[Message]:
    """Say an order, and what became of it: paid, sent or off.

    Args:
        order: as it is at this version.
        status: as it is compared here.
        parcels: that Amazon knows of.
    """
    number = order.source_id
    yield order
    if status in OPEN | SENT:
        yield settlement(number, order.event_at, order.channel, "paid")
    if status in OFF:
        yield off(
            {
                "source_id": number,
                "source_version": order.source_version,
                "event_at": order.event_at,
                "channel": order.channel,
            }
        )
        return
    yield from parcels
    if status in SENT and not parcels:
        yield FulfillmentEvent(
            source_id=f"shipped/{number}",
            event_at=order.event_at,
            source_version=order.source_version,
            channel=order.channel,
            order=number,
            step="shipped",
        )


def off(told: dict[str, Any], reason: str = "cancelled at Amazon") -> Cancellation:
    """Return that an order is off.

    Args:
        told: version and instant of it, and its number.
        reason: for the record.
    """
    return Cancellation(**told, reason=reason)


def noted(*words: str) -> str:
    """Return a note of several parts, those that say something."""
    return "\n".join(filter(None, words))
