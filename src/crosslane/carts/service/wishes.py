"""What callers may ask of carts, and what they are shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.carts.domain import (
    OPERATIONS_MAX,
    AddLine,
    Cart,
    CartLine,
    CartState,
    Change,
    ChangeLine,
    Contents,
    Ignored,
    Option,
    RemoveLine,
    SetCoupon,
    SetOption,
    SetTender,
    Tender,
)
from crosslane.customers import Address
from crosslane.organization import PolicyKind

OPERATIONS_AT_ONCE_MAX = 200
KEPT_MINUTES_MAX = 90 * 24 * 60
HOLD_MINUTES_MAX = 24 * 60


class Keeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long carts last.

    Args:
        minutes: from the last edit until a cart counts as abandoned.
        hold_minutes: how long stock is kept for a cart that asks for it.
    """

    minutes: Annotated[int, msgspec.Meta(ge=1, le=KEPT_MINUTES_MAX)] = 24 * 60
    hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=HOLD_MINUTES_MAX)] = 15


KEEPING = PolicyKind("carts.keeping", Keeping, Keeping(), ("channel", "brand", "tenant"))


class GiveAddress(Change, frozen=True, tag="address"):
    """Say where shipped goods go."""

    address: Address


class NameBuyer(Change, frozen=True, tag="buyer"):
    """Say who buys; whatever is known of them.

    Args:
        account_number: number of a trade account.
        email: e-mail address.
        phone: telephone number, national in the channel's country or international with ``+``.
        name: how they are called.
    """

    account_number: Annotated[str, msgspec.Meta(max_length=64)] = ""
    email: Annotated[str, msgspec.Meta(max_length=254)] = ""
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


AnyWish = (
    AddLine | ChangeLine | RemoveLine | GiveAddress | NameBuyer | SetOption | SetCoupon | SetTender
)


class OperationWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An edit of a cart.

    Args:
        id: identifier made by the author; the same one again changes nothing.
        base_version: the cart's version the author has seen.
        change: what it does.
    """

    id: UUID
    base_version: Annotated[int, msgspec.Meta(ge=0, le=OPERATIONS_MAX)]
    change: AnyWish


Operations = Annotated[tuple[OperationWish, ...], msgspec.Meta(max_length=OPERATIONS_AT_ONCE_MAX)]


class StartCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin a cart.

    Args:
        channel: code of the channel it buys from.
        locale: of its texts; the channel's when empty.
        source_id: the channel's own number, which the order will have; the cart's id when empty.
        occurred_at: business time it is priced, promised and placed at, where the channel may say
            it; the time it is when absent.
        operations: first edits.
        hold: keep stock for everything in it, or refuse the cart.
    """

    channel: str
    locale: Annotated[str, msgspec.Meta(max_length=20)] = ""
    source_id: Annotated[str, msgspec.Meta(max_length=100)] = ""
    occurred_at: datetime | None = None
    operations: Operations = ()
    hold: bool = False


class EditCart(msgspec.Struct, frozen=True, kw_only=True):
    """Edit a cart: all the operations or none.

    Args:
        cart_id: the cart.
        operations: the edits.
        hold: keep stock for everything that is then in it, or refuse the edits.
    """

    cart_id: UUID
    operations: Operations
    hold: bool = False


class HeldLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units kept for a line.

    Args:
        line_id: line of the cart.
        variant_id: the goods, or a component of the bundle.
        location: code of where they lie.
        quantity: units.
        promised_at: when the customer would have them.
    """

    line_id: UUID
    variant_id: UUID
    location: str
    quantity: int
    promised_at: datetime | None


class CartHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A cart whose stock is kept until an instant."""

    cart_id: UUID
    expires_at: datetime
    lines: tuple[HeldLine, ...]


class IgnoredOperation(msgspec.Struct, frozen=True):
    """An operation that could do nothing, and why."""

    operation_id: UUID
    reason: Ignored


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as its author sees it.

    Args:
        id: identifier.
        version: number of operations; the base version of the next one.
        state: open, abandoned or placed.
        channel: code of its channel.
        locale: of its texts.
        created_at: when it was begun.
        updated_at: when it was last edited.
        expires_at: when it counts as abandoned unless edited.
        source_id: the channel's own number of it.
        occurred_at: business time it is bought at, null for the time it is.
        order_id: the order it became.
        lines: goods.
        buyer_id: who buys.
        address_id: where shipped goods go.
        option: how goods without an option of their own reach the customer.
        service: delivery service of shipped goods.
        shipping_minor: what the channel has charged for delivery, null where the price is ours.
        coupons: codes given.
        tenders: how it is paid.
        ignored: operations that could do nothing.
        held: what is kept for it, as answer to a request to hold; null otherwise.
    """

    id: UUID
    version: int
    state: CartState
    channel: str
    locale: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    source_id: str
    occurred_at: datetime | None
    order_id: UUID | None
    lines: tuple[CartLine, ...]
    buyer_id: UUID | None
    address_id: UUID | None
    option: Option | None
    service: str
    shipping_minor: int | None
    coupons: tuple[str, ...]
    tenders: tuple[Tender, ...]
    ignored: tuple[IgnoredOperation, ...]
    held: CartHeld | None = None


def cart_view(
    cart: Cart, contents: Contents, now: datetime, *, held: CartHeld | None = None
) -> CartView:
    """Return a cart as its author sees it at an instant."""
    return CartView(
        id=cart.id,
        version=contents.version,
        state=cart.state(now),
        channel=cart.channel,
        locale=cart.locale,
        created_at=cart.created_at,
        updated_at=cart.updated_at,
        expires_at=cart.expires_at,
        source_id=cart.source_id,
        occurred_at=cart.occurred_at,
        order_id=cart.order_id,
        lines=contents.lines,
        buyer_id=cart.owner_id or contents.buyer_id,
        address_id=contents.address_id,
        option=contents.option,
        service=contents.service,
        shipping_minor=contents.shipping_minor,
        coupons=contents.coupons,
        tenders=contents.tenders,
        ignored=tuple(IgnoredOperation(*each) for each in contents.ignored),
        held=held,
    )
