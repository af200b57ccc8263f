"""What a message tells, decided from the state of an order; pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from crosslane.kernel import rounded_ratio
from crosslane.orders import Charge, OrderLine, OrderState, Stage, worth
from crosslane.organization import PolicyKind
from crosslane.returns import Return

Topic = Literal[
    "confirmed",
    "shipped",
    "exchange_sent",
    "pickup_ready",
    "delayed",
    "cancelled",
    "return_requested",
    "return_authorized",
    "return_declined",
    "return_cancelled",
    "return_received",
    "return_expired",
    "refunded",
]
MessageState = Literal["due", "sent", "not_sendable", "failed"]

NO_ADDRESS = "no e-mail address is known"
NO_SERVER = "no mail server is set"
MESSAGE_ID_DIGITS = 32
# What a till or a marketplace sold is changed where it was bought.
CHANGED_ELSEWHERE = frozenset({"store", "marketplace"})


class Messages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What customers of a channel are told of by message.

    Args:
        topics: a marketplace that writes to its customers itself has none.
    """

    topics: frozenset[Topic] = frozenset(get_args(Topic))


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
            Of a return they are lines of it.
        parcel_id: the parcel that left.
        work_id: the fulfillment order that lies ready.
        tracking_number: the carrier's number of the parcel.
        tracking_url: where a vendor's parcel can be followed; a label has its own.
        reason: why, in words meant for the customer.
        return_id: the return it is about.
        gross: what was given for units by line of the order, in minor units with tax.
        refund_minor: given in all, with tax; None where no money is told.
        charges: delivery given back and what was kept back, from the customer's side.
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
    return_id: UUID | None = None
    gross: Mapping[UUID, int] = {}
    refund_minor: int | None = None
    charges: Sequence["StoryCharge"] = ()


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
        changeable_until: until when the customer may change it on its page.
        tracking_number: as the carrier shows it.
        tracking_url: where the parcel is followed, "" when there is no page.
        store: where to collect.
        pickup_code: what to show there.
        whole: the order has nothing else left.
        reason: why, in words meant for the customer.
        return_number: of the return it is about, "" for none.
        return_method: post or counter.
        is_claim: nothing came back for what is given.
        return_until: when the return is given up if nothing comes.
        refund_to: where the money goes: original, stored_value, cash or on_account; exchange when
            other goods are sent.
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
    changeable_until: datetime | None = None
    tracking_number: str = ""
    tracking_url: str = ""
    store: Store | None = None
    pickup_code: str = ""
    whole: bool = False
    reason: str = ""
    return_number: str = ""
    return_method: str = ""
    is_claim: bool = False
    return_until: datetime | None = None
    refund_to: str = ""


def is_told(occasion: Occasion, state: OrderState, back: Return | None = None) -> bool:
    """Tell whether an occasion is news to the customer.

    A confirmation needs something that is still to come: who carries the goods out has a receipt,
    and so has who brings them back to the counter. Waiting for stock is told by the confirmation
    when it begins before or with it. What a return has gone past is not told any more.

    Args:
        occasion: what happened.
        state: the order.
        back: the return it is about, as it is now.
    """
    left = [line for line in state.stock_lines if _uncancelled(state, line)]
    if back is not None and _has_receipt(state, back):
        return False
    match occasion.topic:
        case "return_requested":
            # Where a rule lets it come at once, that is told instead.
            return back is not None and back.state == "requested"
        case "return_authorized":
            return back is not None and back.kind != "claim" and back.received_at is None
        case "return_received":
            return back is not None and back.settled_at is None
        case "confirmed":
            comes = any(line.method != "carry_out" for line in left)
            return comes and not state.troubles
        case "delayed":
            known = occasion.at > state.order.recorded_at and not state.troubles
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


def return_lines_of(occasion: Occasion, state: OrderState, back: Return) -> list[StoryLine]:
    """Return the goods of a return that a message names; by lines of the order where money is."""
    titles = {line.id: line.title for line in state.lines}
    told: list[StoryLine] = []
    for line in back.lines:
        named = line.order_line_id if occasion.gross else line.id
        units = occasion.units.get(named, 0) if named else 0
        units = line.requested if not occasion.units else units
        if units:
            title = titles.get(line.order_line_id or line.id, line.sku)
            gross = occasion.gross.get(named) if named else None
            told.append(StoryLine(title=title, sku=line.sku, quantity=units, gross_minor=gross))
    return told


def refund_to(back: Return) -> str:
    """Return where the money of a return goes, ``exchange`` when other goods are sent."""
    return "exchange" if back.exchange else back.refund_method


def is_sent_in_exchange(occasion: Occasion, state: OrderState) -> bool:
    """Tell whether all that a parcel holds replaces what came or comes back."""
    lines = [line for line in state.lines if line.id in occasion.units]
    return bool(lines) and all(line.cause in ("exchange", "replacement") for line in lines)


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


def _has_receipt(state: OrderState, back: Return) -> bool:
    """Tell whether goods were carried out, and come back over a counter too."""
    lines = [line for line in state.lines if line.id in {one.order_line_id for one in back.lines}]
    return back.method == "counter" and all(line.method == "carry_out" for line in lines)


def _line(line: OrderLine, quantity: int, gross_minor: int | None = None) -> StoryLine:
    return StoryLine(title=line.title, sku=line.sku, quantity=quantity, gross_minor=gross_minor)


def _uncancelled(state: OrderState, line: OrderLine) -> int:
    return line.quantity - state.buckets.units(line.id, Stage.CANCELLED)


def _waiting(state: OrderState, line: OrderLine) -> int:
    units = state.buckets.units
    return units(line.id, Stage.OPEN) + units(line.id, Stage.BACKORDERED)
