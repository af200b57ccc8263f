"""What a caller may ask for when placing an order, and what it is answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.customers import Address, KnownBuyer
from crosslane.kernel import QUANTITY_MAX
from crosslane.orders.domain import Method, RaisedKind, Role, Status
from crosslane.pricing import CART_COUPONS_MAX, QUOTE_CHARACTERS_MAX
from crosslane.sourcing import OFFER_CHARACTERS_MAX

LINES_MAX = 2_000
TENDERS_MAX = 8
STOPS_MAX = 4
OFFERS_MAX = 8

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Offers = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=OFFER_CHARACTERS_MAX)]],
    msgspec.Meta(max_length=OFFERS_MAX),
]


class AttributionWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who gets the credit for a line.

    Args:
        role: what they did.
        staff: code of the staff member, or
        location: code of the store.
        share_bp: share of the role in basis points.
    """

    role: Role
    staff: str = ""
    location: str = ""
    share_bp: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10_000


class LineWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods wanted.

    Args:
        sku: what.
        quantity: how many units.
        method: how the customer gets them; the channel's usual way when absent.
        store: code of the store, for pickup, ship-to-store and carry-out.
        unit_price_milli: price in 1/1000 minor unit that the channel has agreed with the customer;
            only where the channel's policy lets it. Otherwise prices are computed here.
        override_reason: why a person sets this price; takes the permission pricing:override.
        attributions: who gets the credit.
    """

    sku: Code
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
    method: Method | None = None
    store: str = ""
    unit_price_milli: Annotated[int, msgspec.Meta(ge=0, le=10**15)] | None = None
    override_reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    attributions: Annotated[list[AttributionWish], msgspec.Meta(max_length=10)] = []


class BuyerWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who buys; whatever is known of them.

    Args:
        account_number: number of a trade account.
        email: e-mail address.
        phone: telephone number.
        name: how they are called.
    """

    account_number: Annotated[str, msgspec.Meta(max_length=64)] = ""
    email: Annotated[str, msgspec.Meta(max_length=254)] = ""
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class TenderWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a part of the order is paid.

    Args:
        method: card by a provider, on account, cash at the store, taken by the marketplace, or
            stored value: a gift card or store credit.
        minor: minor units paid this way; the rest of the order when absent (one tender only).
        token: the provider's stand-in for a card.
        provider: code of the provider.
        account: gift card or store credit, as its look-up names it; a code never comes here.
    """

    method: Literal["card", "on_account", "cash", "marketplace", "stored_value"]
    minor: Minor | None = None
    token: Annotated[str, msgspec.Meta(max_length=200)] = ""
    provider: Annotated[str, msgspec.Meta(max_length=40)] = ""
    account: UUID | None = None


class StopWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that holds the order back from the first moment, such as a suspicion of fraud."""

    kind: RaisedKind
    reason: Annotated[str, msgspec.Meta(max_length=500)]


class PlaceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order to be placed.

    Args:
        channel: code of the selling channel.
        source_id: the channel's own number; a second order with it is refused.
        placed_at: business time, where the channel may say it; now when absent.
        buyer: who buys, absent for an unknown guest.
        ship_to: where goods are shipped; needed when a line is shipped.
        lines: goods.
        service: delivery service; when empty that of the offers, else the channel's usual one.
        shipping_minor: what the channel has charged for delivery, where it may dictate prices.
        coupons: codes the customer has typed.
        quote: signed quote whose prices hold.
        offers: of ways and dates that were shown; the order keeps them or is refused.
        tenders: how it is paid.
        stops: what holds it back from the first moment.
        locale: language of messages; the channel's when empty.
    """

    channel: Code
    source_id: Annotated[str, msgspec.Meta(max_length=100)] = ""
    placed_at: datetime | None = None
    buyer: BuyerWish | None = None
    ship_to: Address | None = None
    lines: Annotated[list[LineWish], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    service: Annotated[str, msgspec.Meta(max_length=64)] = ""
    shipping_minor: Minor | None = None
    coupons: Annotated[list[str], msgspec.Meta(max_length=CART_COUPONS_MAX)] = []
    quote: Annotated[str, msgspec.Meta(max_length=QUOTE_CHARACTERS_MAX)] | None = None
    offers: Offers = []
    tenders: Annotated[list[TenderWish], msgspec.Meta(max_length=TENDERS_MAX)] = []
    stops: Annotated[list[StopWish], msgspec.Meta(max_length=STOPS_MAX)] = []
    locale: Annotated[str, msgspec.Meta(max_length=20)] = ""


class UnitsHeld(msgspec.Struct, frozen=True, kw_only=True):
    """Units that inventory holds for a line of an order to be placed.

    Args:
        line: place of the line in the order's lines.
        variant_id: the article, or the component of a bundle.
        hold_id: the hold.
        fence: its number when it was last extended.
        location_id: where the units lie.
        quantity: how many.
        promised_at: when the customer was told to have them.
        draft_id: the decision of sourcing that chose them, None where there was nothing to choose.
    """

    line: int
    variant_id: UUID
    hold_id: UUID
    fence: int
    location_id: UUID
    quantity: int
    promised_at: datetime | None
    draft_id: UUID | None = None


class PreparedOrder(PlaceOrder, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order that a module above has prepared; a client never asks for it.

    Args:
        customer_id: who buys, when that is known for certain already.
        known: what customers has told of that buyer and of the address in this transaction.
        holds: stock that was held beforehand.
        happened: it is a fact, such as a sale of a till: an article that is not on sale, a way or
            a time that is not offered and a credit limit refuse it no more.
    """

    customer_id: UUID | None = None
    known: KnownBuyer = KnownBuyer()
    holds: list[UnitsHeld] = []
    happened: bool = False


class PlacedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a line.

    Args:
        allocated: units promised from a location; likewise those handed over at once.
        backordered: units that wait for stock.
        promised_at: when the customer has them at the latest, None while nobody can say.
    """

    id: UUID
    position: int
    sku: str
    quantity: int
    gross_minor: int
    allocated: int
    backordered: int
    promised_at: datetime | None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was taken in."""

    id: UUID
    number: str
    channel: str
    source_id: str
    status: Status
    currency: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    lines: list[PlacedLine]
