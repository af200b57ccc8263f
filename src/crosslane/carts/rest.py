"""Carts over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane import inventory, orders
from crosslane.carriers import ServiceUnknown
from crosslane.carts import errors
from crosslane.carts.domain import AddLine
from crosslane.carts.service import choices, quoting, reading
from crosslane.carts.service.choices import CartChoices
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.holding import HOLD, CartHeld, HoldCart
from crosslane.carts.service.placing import PLACE, PlaceCart
from crosslane.carts.service.quoting import CartQuote
from crosslane.carts.service.wishes import (
    CartView,
    EditCart,
    Operations,
    OperationWish,
    StartCart,
)
from crosslane.customers import ADDRESS_REFUSALS, IDENTITY_REFUSALS, UnknownCustomer
from crosslane.kernel import Instant, Page
from crosslane.locations import LocationUnknown
from crosslane.organization import BadCountry, UnknownChannel
from crosslane.platform.seals import SealsOff
from crosslane.platform.web import Answer, Caller, Paging, get, post
from crosslane.pricing import CART_REFUSALS, QUOTE_CHARACTERS_MAX
from crosslane.sourcing import DELIVERY_REFUSALS, PlaceUnknown

READ, WRITE = "carts:read", "carts:write"
# What keeps the contents of a cart from being bought, and their stock from being kept.
CONTENTS_RAISES = (errors.EmptyCart, errors.NotOnSale, errors.StoreMissing, LocationUnknown)
HOLD_RAISES = (
    *CONTENTS_RAISES,
    *DELIVERY_REFUSALS,
    errors.NotEnoughToHold,
    inventory.OutOfStock,
    inventory.HoldExpired,
    inventory.HoldEnded,
)
EDIT_RAISES = (
    errors.OperationReused,
    errors.TooManyOperations,
    errors.BuyerKnown,
    UnknownCustomer,
    *IDENTITY_REFUSALS,
    *ADDRESS_REFUSALS,
    *HOLD_RAISES,
)
CHECKOUT_RAISES = (errors.NoSuchCart, errors.CartPlaced, *CONTENTS_RAISES)
EXAMPLE_ID = UUID("018f3b5c-7d2a-7c1e-9a44-5b6c7d8e9f00")
EXAMPLE_ADD = OperationWish(
    id=EXAMPLE_ID,
    base_version=0,
    change=AddLine(line_id=EXAMPLE_ID, sku="85123A", quantity=6),
)


class OrderBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order to make of a cart.

    Args:
        version: version the customer agreed to; another one now is refused. None for any.
        quote: signed quote whose prices hold.
        offers: of the ways and dates that were shown; the order keeps them or is refused.
        stops: what holds the order back from the first moment, such as a suspicion of fraud.
    """

    version: int | None = None
    quote: Annotated[str, msgspec.Meta(max_length=QUOTE_CHARACTERS_MAX)] | None = None
    offers: orders.Offers = []
    stops: Annotated[list[orders.StopWish], msgspec.Meta(max_length=orders.STOPS_MAX)] = []


class EditBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Edits of a cart.

    Args:
        operations: the edits.
        hold: keep stock for everything that is then in it, or refuse the edits.
    """

    operations: Operations
    hold: bool = False


@post(
    "/api/v1/carts",
    permission=WRITE,
    command=START,
    raises=(
        UnknownChannel,
        errors.ChannelClosed,
        orders.errors.BackdatingForbidden,
        *EDIT_RAISES,
    ),
    example=StartCart(channel="web", operations=(EXAMPLE_ADD,)),
)
async def start_cart(caller: Caller, data: StartCart) -> Answer[CartView]:
    """Begin a cart, with its first edits when some are given."""
    cart = await caller.submit(START, data)
    return Answer(body=cart, location=f"/api/v1/carts/{cart.id}")


@get("/api/v1/carts", permission=READ)
async def list_carts(
    caller: Caller,
    paging: Paging,
    channel: str | None = None,
    state: Literal["open", "abandoned"] | None = None,
) -> Page[CartView]:
    """List carts that became no order, the latest edited first.

    A customer sees its own, an associate those of its store.
    """
    before = paging.after(Instant, UUID)
    async with caller.read() as tx:
        found = await reading.list_unplaced(
            tx,
            actor=caller.actor,
            channel=channel,
            state=state,
            before=before,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda cart: (cart.updated_at, cart.id))


@get("/api/v1/carts/{cart_id}", permission=READ, raises=(errors.NoSuchCart,))
async def show_cart(caller: Caller, cart_id: UUID) -> CartView:
    """Show a cart."""
    async with caller.read() as tx:
        return await reading.show(tx, cart_id, actor=caller.actor)


@post(
    "/api/v1/carts/{cart_id}/operations",
    permission=WRITE,
    command=EDIT,
    raises=(errors.NoSuchCart, errors.CartPlaced, *EDIT_RAISES),
    example=EditBody((EXAMPLE_ADD,)),
)
async def edit_cart(caller: Caller, cart_id: UUID, data: EditBody) -> CartView:
    """Edit a cart: all the operations or none.

    An operation that has come before changes nothing, and the order in which operations arrive
    does not matter: ``base_version`` says what its author had seen.
    """
    wish = EditCart(cart_id=cart_id, operations=data.operations, hold=data.hold)
    return await caller.submit(EDIT, wish)


@post(
    "/api/v1/carts/{cart_id}/quote",
    permission=READ,
    command=None,
    raises=(*CHECKOUT_RAISES, *CART_REFUSALS, *DELIVERY_REFUSALS, SealsOff),
)
async def quote_cart(caller: Caller, cart_id: UUID) -> CartQuote:
    """Price a cart, sign the prices, and tell when each line would come.

    Placed with the ``quote`` and the ``offers`` before they expire, the same cart costs as much and
    comes by then, or is refused. No stock is kept by this; for that, hold the cart.
    """
    async with caller.read() as tx:
        return await quoting.quote(tx, cart_id, actor=caller.actor)


@get(
    "/api/v1/carts/{cart_id}/choices",
    permission=READ,
    raises=(
        *CHECKOUT_RAISES,
        *CART_REFUSALS,
        errors.PlaceMissing,
        PlaceUnknown,
        ServiceUnknown,
        BadCountry,
        SealsOff,
    ),
)
async def list_choices(
    caller: Caller, cart_id: UUID, country: str = "", postcode: str = ""
) -> CartChoices:
    """Show the ways in which a cart could go: deliveries with price and date, pickups nearby.

    Where the customer is comes from the cart's address unless the query says it. A choice is taken
    as the cart's option; placed with its ``quote`` and ``offer`` it costs and comes as shown, or is
    refused.
    """
    async with caller.read() as tx:
        return await choices.choices(
            tx, cart_id, actor=caller.actor, country=country, postcode=postcode
        )


@post(
    "/api/v1/carts/{cart_id}/hold",
    permission=WRITE,
    command=HOLD,
    raises=(errors.NoSuchCart, errors.CartPlaced, *HOLD_RAISES),
)
async def hold_cart(caller: Caller, cart_id: UUID) -> CartHeld:
    """Keep stock for everything in a cart, for some minutes, or refuse as a whole.

    Asked again, what is held already is held longer, and what the cart does not want any more is
    let go.
    """
    return await caller.submit(HOLD, HoldCart(cart_id=cart_id))


@post(
    "/api/v1/carts/{cart_id}/order",
    permission=WRITE,
    command=PLACE,
    raises=(*CHECKOUT_RAISES, errors.CartChanged, *orders.PLACE_REFUSALS),
    example=OrderBody(version=7),
)
async def place_cart(caller: Caller, cart_id: UUID, data: OrderBody) -> Answer[orders.Placed]:
    """Make an order of a cart; stock held for it is used first.

    With the ``quote`` it costs what was shown, with the ``offers`` it comes when it was shown to
    come, or is refused.
    """
    asked = PlaceCart(
        cart_id=cart_id,
        version=data.version,
        quote=data.quote,
        offers=data.offers,
        stops=data.stops,
    )
    placed = await caller.submit(PLACE, asked)
    return Answer(body=placed, location=f"/api/v1/orders/{placed.number}")


ROUTES = [
    start_cart,
    list_carts,
    show_cart,
    edit_cart,
    list_choices,
    quote_cart,
    hold_cart,
    place_cart,
]
