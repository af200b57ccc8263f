"""Carts: a set of operations, folded into what the customer wants to buy.

Operations have ids and are never changed. They are folded in the order of (base version, id), which
rests on the operations alone: an author who has seen another operation has a higher base version,
so what comes later knows of what came before, and two who did not know of each other are ordered by
their ids. So every place that has the same operations, in whatever order and however often they
came, sees the same cart.

A line's id is used once: after its removal no operation brings it back. Everything else is a
register of which the last operation counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.kernel import QUANTITY_MAX
from crosslane.organization import Method

LINES_MAX = 500
OPERATIONS_MAX = 5_000

TenderMethod = Literal["card", "on_account", "cash", "marketplace", "stored_value"]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Code = Annotated[str, msgspec.Meta(max_length=64)]
Units = Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Milli = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
Ignored = Literal["line-exists", "line-removed", "line-unknown", "too-many-lines"]


class Change(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """What an operation does to a cart."""


class AddLine(Change, frozen=True, tag="add"):
    """Put goods in.

    Args:
        line_id: id of the line to be, made by the author.
        sku: what.
        quantity: units.
        unit_price_milli: price in 1/1000 minor unit that the channel has agreed with the customer;
            only where the channel's policy lets it. Otherwise prices are computed here.
    """

    line_id: UUID
    sku: Sku
    quantity: Units
    unit_price_milli: Milli | None = None


class ChangeLine(Change, frozen=True, tag="change"):
    """Want another number of units."""

    line_id: UUID
    quantity: Units


class RemoveLine(Change, frozen=True, tag="remove"):
    """Take a line out for good."""

    line_id: UUID


class SetAddress(Change, frozen=True, tag="address"):
    """Say where shipped goods go.

    Args:
        address_id: snapshot of the address, kept by customers.
        customer_id: whose address it is; the buyer where nobody else is named.
    """

    address_id: UUID
    customer_id: UUID


class SetBuyer(Change, frozen=True, tag="buyer"):
    """Say who buys."""

    customer_id: UUID


class SetOption(Change, frozen=True, tag="option"):
    """Say how goods reach the customer.

    Args:
        method: shipped, picked up, shipped to a store, or carried out.
        line_id: the line it is for, None for all lines that have no option of their own.
        store: code of the store, for all methods but shipping.
        service: delivery service of shipped goods; counts only without a line.
        shipping_minor: what the channel has charged for delivery, where it may dictate prices;
            counts only without a line.
    """

    method: Method
    line_id: UUID | None = None
    store: Code = ""
    service: Code = ""
    shipping_minor: Minor | None = None


class SetCoupon(Change, frozen=True, tag="coupon"):
    """Give a coupon, or take it back."""

    code: Code
    dropped: bool = False


class SetTender(Change, frozen=True, tag="tender"):
    """Say how a part is paid, or take that back.

    Args:
        tender_id: id of the tender, made by the author.
        method: way of paying.
        minor: minor units paid this way, None for the rest.
        token: the provider's stand-in for a card.
        provider: code of the provider.
        account: gift card or store credit, as its look-up names it.
        dropped: it is taken back.
    """

    tender_id: UUID
    method: TenderMethod
    minor: Minor | None = None
    token: Annotated[str, msgspec.Meta(max_length=200)] = ""
    provider: Code = ""
    account: UUID | None = None
    dropped: bool = False


AnyChange = (
    AddLine | ChangeLine | RemoveLine | SetAddress | SetBuyer | SetOption | SetCoupon | SetTender
)


class Operation(msgspec.Struct, frozen=True):
    """One edit of a cart.

    Args:
        id: identifier, made by its author.
        base_version: number of operations its author had seen.
        actor: who made it, as ``kind:id``.
        change: what it does.
    """

    id: UUID
    base_version: int
    actor: str
    change: AnyChange


class Option(msgspec.Struct, frozen=True):
    """How goods reach the customer; see :class:`SetOption`."""

    method: Method
    store: str = ""


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """Goods in a cart.

    Args:
        id: identifier.
        sku: what.
        quantity: units.
        option: how they reach the customer, None for the cart's way.
        unit_price_milli: price the channel has agreed with the customer, None where it is ours.
        added_by: who put them in, as ``kind:id``.
    """

    id: UUID
    sku: str
    quantity: int
    option: Option | None = None
    unit_price_milli: int | None = None
    added_by: str


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """How a part is paid; see :class:`SetTender`."""

    id: UUID
    method: TenderMethod
    minor: int | None
    token: str
    provider: str
    account: UUID | None = None


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart's operations make of it.

    Args:
        version: number of operations.
        lines: goods, in the order they were put in.
        buyer_id: who buys, None while nobody has said.
        address_id: where shipped goods go.
        option: how goods without an option of their own reach the customer.
        service: delivery service of shipped goods, "" for the channel's usual one.
        shipping_minor: what the channel has charged for delivery, None where the price is ours.
        coupons: codes given.
        tenders: how it is paid.
        ignored: operations that could do nothing, with the reason.
    """

    version: int
    lines: tuple[CartLine, ...] = ()
    buyer_id: UUID | None = None
    address_id: UUID | None = None
    option: Option | None = None
    service: str = ""
    shipping_minor: int | None = None
    coupons: tuple[str, ...] = ()
    tenders: tuple[Tender, ...] = ()
    ignored: tuple[tuple[UUID, Ignored], ...] = ()


def fold(operations: Iterable[Operation]) -> Contents:
    """Return what a set of operations makes of a cart, whatever order they come in."""
    known = {operation.id: operation for operation in operations}
    folding = _Folding()
    for operation in sorted(known.values(), key=lambda each: (each.base_version, each.id)):
        folding.apply(operation)
    return folding.contents(version=len(known))


class _Folding:
    def __init__(self) -> None:
        self._lines: dict[UUID, CartLine] = {}
        self._removed: set[UUID] = set()
        self._buyer_id: UUID | None = None
        self._address: SetAddress | None = None
        self._option: SetOption | None = None
        self._coupons: dict[str, None] = {}
        self._tenders: dict[UUID, Tender] = {}
        self._ignored: list[tuple[UUID, Ignored]] = []

    def apply(self, operation: Operation) -> None:
        match operation.change:
            case AddLine() as add:
                reason = self._add(add, operation.actor)
            case ChangeLine(line_id, quantity):
                reason = self._replace(line_id, quantity=quantity)
            case RemoveLine(line_id):
                reason = self._remove(line_id)
            case SetOption(line_id=None) as option:
                reason, self._option = None, option
            case SetOption(method, line_id, store) if line_id is not None:
                reason = self._replace(line_id, option=Option(method, store))
            case register:
                reason = None
                self._set(register)
        if reason is not None:
            self._ignored.append((operation.id, reason))

    def contents(self, version: int) -> Contents:
        buyer_id = self._buyer_id
        if buyer_id is None and self._address is not None:
            buyer_id = self._address.customer_id
        option = self._option
        return Contents(
            version=version,
            lines=tuple(self._lines.values()),
            buyer_id=buyer_id,
            address_id=self._address.address_id if self._address else None,
            option=Option(option.method, option.store) if option else None,
            service=option.service if option else "",
            shipping_minor=option.shipping_minor if option else None,
            coupons=tuple(self._coupons),
            tenders=tuple(self._tenders.values()),
            ignored=tuple(self._ignored),
        )

    def _add(self, add: AddLine, actor: str) -> Ignored | None:
        if add.line_id in self._removed:
            return "line-removed"
        if add.line_id in self._lines:
            return "line-exists"
        if len(self._lines) >= LINES_MAX:
            return "too-many-lines"
        self._lines[add.line_id] = CartLine(
            id=add.line_id,
            sku=add.sku,
            quantity=add.quantity,
            unit_price_milli=add.unit_price_milli,
            added_by=actor,
        )
        return None

    def _replace(self, line_id: UUID, **fields: int | Option) -> Ignored | None:
        line = self._lines.get(line_id)
        if line is None:
            return self._missing(line_id)
        self._lines[line_id] = msgspec.structs.replace(line, **fields)
        return None

    def _remove(self, line_id: UUID) -> Ignored | None:
        if self._lines.pop(line_id, None) is None:
            return self._missing(line_id)
        self._removed.add(line_id)
        return None

    def _missing(self, line_id: UUID) -> Ignored:
        return "line-removed" if line_id in self._removed else "line-unknown"

    def _set(self, change: AnyChange) -> None:
        match change:
            case SetAddress():
                self._address = change
            case SetBuyer(customer_id):
                self._buyer_id = customer_id
            case SetCoupon(code, dropped):
                self._coupons.pop(code, None)
                if not dropped:
                    self._coupons[code] = None
            case SetTender():
                self._tenders.pop(change.tender_id, None)
                if not change.dropped:
                    self._tenders[change.tender_id] = Tender(
                        id=change.tender_id,
                        method=change.method,
                        minor=change.minor,
                        token=change.token,
                        provider=change.provider,
                        account=change.account,
                    )
            case _:
                raise TypeError(change)


CartState = Literal["open", "abandoned", "placed"]


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart apart from its contents.

    Args:
        id: identifier.
        channel: code of the channel it buys from.
        locale: of its texts.
        owner_id: the only customer who may see it, None for a guest's or a shop's.
        location_id: the store it was begun in, None elsewhere.
        begun_by: who began it, as ``kind:id``.
        created_at: when it was begun.
        updated_at: when it was last edited.
        expires_at: when it counts as abandoned unless edited.
        source_id: the channel's own number of it, "" for none.
        occurred_at: business time it is priced, promised and placed at, None for the time it is.
        order_id: the order it became.
    """

    id: UUID
    channel: str
    locale: str
    owner_id: UUID | None
    location_id: UUID | None
    begun_by: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    source_id: str = ""
    occurred_at: datetime | None = None
    order_id: UUID | None = None

    def state(self, now: datetime) -> CartState:
        """Return what has become of it: time alone makes an open cart an abandoned one."""
        if self.order_id is not None:
            return "placed"
        return "open" if now < self.expires_at else "abandoned"
