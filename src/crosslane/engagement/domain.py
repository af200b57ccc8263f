"""What a message tells, decided from the state of an order; pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.kernel import rounded_ratio
from crosslane.orders import Charge, OrderLine, OrderState, Stage, worth
from crosslane.organization import PolicyKind

Topic = Literal["confirmed", "shipped", "pickup_ready", "delayed", "cancelled"]
MessageState = Literal["due", "sent", "not_sendable", "failed"]

NO_ADDRESS = "no e-mail address is known"
NO_SERVER = "no mail server is set"
MESSAGE_ID_DIGITS = 32


class Messages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What customers of a channel are told of by message.

    Args:
        topics: a marketplace that writes to its customers itself has none.
    """

    topics: frozenset[Topic] = frozenset(
        ("confirmed", "shipped", "pickup_ready", "delayed", "cancelled")
    )


MESSAGES = PolicyKind(
    "engagement.messages", Messages, Messages(), scopes=("channel", "brand", "tenant")
)


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened and that a customer may be told of.

    Args:
        order_id: the order.
        topic: what sort of message it asks for.
        cause: names it for ever; one cause is told once.
        at: when it was recorded.
        trace: trace id of the request it came from.
        units: units by line it is about, 0 for those that wait for stock; empty for all of them.
        parcel_id: the parcel that left.
        work_id: the fulfillment order that lies ready.
        tracking_number: the carrier's number of the parcel.
        tracking_url: where a vendor's parcel can be followed; a label has its own.
        reason: why, in words meant for the customer.
    """

    order_id: UUID
    topic: Topic
    cause: str
    at: datetime
    trace: str
    units: Mapping[UUID, int] = {}
    parcel_id: UUID | None = None
    work_id: UUID | None = None
    tracking_number: str = ""
    tracking_url: str = ""
    reason: str = ""


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Goods in a message; ``gross_minor`` is None where no price is told."""

    title: str
    sku: str
    quantity: int
    gross_minor: int | None = None


class StoryCharge(msgspec.Struct, frozen=True):
    """Money in a message that is not goods."""

    kind: str
    gross_minor: int


class Store(msgspec.Struct, frozen=True):
    """Where goods lie ready."""

    name: str
    lines: list[str]
    phone: str = ""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What a message tells: a snapshot, so that saying it again says the same.

    Args:
        number: of the order.
        brand: name the retailer goes by.
        currency: ISO 4217 code of all amounts.
        timezone: zone its days are told in.
        lines: goods it is about.
        charges: delivery and the like.
        gross_minor: sum of the order, None where no money is told.
        tax_minor: tax in it.
        promised_at: when the customer has everything at the latest.
        waits_for_stock: some units have no stock yet.
        tracking_number: as the carrier shows it.
        tracking_url: where the parcel is followed, "" when there is no page.
        store: where to collect.
        pickup_code: what to show there.
        whole: the order has nothing else left.
        reason: why, in words meant for the customer.
    """

    number: str
    brand: str
    currency: str
    timezone: str
    lines: list[StoryLine]
    charges: list[StoryCharge] = []
    gross_minor: int | None = None
    tax_minor: int | None = None
    promised_at: datetime | None = None
    waits_for_stock: bool = False
    tracking_number: str = ""
    tracking_url: str = ""
    store: Store | None = None
    pickup_code: str = ""
    whole: bool = False
    reason: str = ""


def is_told(occasion: Occasion, state: OrderState) -> bool:
    """Tell whether an occasion is news to the customer.

    A confirmation needs something that is still to come: who carries the goods out has a receipt.
    Waiting for stock is told by the confirmation when it begins before or with it.
    """
    left = [line for line in state.stock_lines if _uncancelled(state, line)]
    match occasion.topic:
        case "confirmed":
            comes = any(line.method != "carry_out" for line in left)
            return comes and not state.open_stops
        case "delayed":
            known = occasion.at > state.order.recorded_at and not state.open_stops
            return known and any(
                _waiting(state, line) for line in left if line.id in occasion.units
            )
        case _:
            return True


def lines_of(occasion: Occasion, state: OrderState) -> list[StoryLine]:
    """Return the goods a message names: bundles as they were bought, or the units in question."""
    if not occasion.units:
        return [
            _line(line, units, share_minor(line, units))
            for line in state.lines
            if line.parent_line_id is None and (units := wanted_units(state, line))
        ]
    return [
        _line(line, occasion.units[line.id] or _waiting(state, line))
        for line in state.lines
        if line.id in occasion.units
    ]


def share_minor(line: OrderLine, units: int) -> int:
    """Return what some units of a line cost with tax, by the rounding of the order's own sums."""
    net = rounded_ratio(line.net_minor, units, line.quantity)
    return net + rounded_ratio(line.tax_minor, units, line.quantity)


def wanted_units(state: OrderState, line: OrderLine) -> int:
    """Return how many units of a line as it was bought are still wanted.

    A bundle has no buckets of its own: it is there as often as its scarcest component.
    """
    parts = [part for part in state.lines if part.parent_line_id == line.id]
    if not line.is_bundle or not parts:
        return _uncancelled(state, line)
    return min(line.quantity * _uncancelled(state, part) // part.quantity for part in parts)


def charges_of(charges: Sequence[Charge]) -> list[StoryCharge]:
    """Return money that is not goods, summed by kind in the order it was added."""
    sums: dict[str, int] = {}
    for charge in charges:
        if not charge.cancelled:
            sums[charge.kind] = sums.get(charge.kind, 0) + charge.gross_minor
    return [StoryCharge(kind, minor) for kind, minor in sums.items() if minor]


def promise_of(state: OrderState) -> datetime | None:
    """Return when everything still to come was promised, None while nobody can say."""
    if any(_waiting(state, line) and not line.promised_at for line in state.stock_lines):
        return None
    dates = [line.promised_at for line in state.stock_lines if _uncancelled(state, line)]
    return max((date for date in dates if date), default=None)


def waits_for_stock(state: OrderState) -> bool:
    """Tell whether some units have no stock yet."""
    return any(_waiting(state, line) for line in state.stock_lines)


def is_cancelled(state: OrderState) -> bool:
    """Tell whether nothing of the order is left."""
    return not any(_uncancelled(state, line) for line in state.stock_lines)


def total_of(state: OrderState) -> tuple[int, int]:
    """Return what the order costs with tax, and the tax in it, in minor units."""
    total = worth(state)
    return total.gross_minor, total.tax_minor


def message_id(tenant: str, cause: str, domain: str) -> str:
    """Return the Message-ID of a cause: the same at every try, so that mailboxes see one message.

    Args:
        tenant: whose message it is.
        cause: what it tells of.
        domain: of the sender's address.
    """
    digest = hashlib.sha256(f"{tenant}\n{cause}".encode()).hexdigest()
    return f"<{digest[:MESSAGE_ID_DIGITS]}@{domain}>"


def _line(line: OrderLine, quantity: int, gross_minor: int | None = None) -> StoryLine:
    return StoryLine(title=line.title, sku=line.sku, quantity=quantity, gross_minor=gross_minor)


def _uncancelled(state: OrderState, line: OrderLine) -> int:
    return line.quantity - state.buckets.units(line.id, Stage.CANCELLED)


def _waiting(state: OrderState, line: OrderLine) -> int:
    units = state.buckets.units
    return units(line.id, Stage.OPEN) + units(line.id, Stage.BACKORDERED)
