"""Canonical messages beside orders: what became of goods and money, who people are, what is sold.

Facts and corrections; none of them is a wish to sell. See ``messages.py`` for orders and supply.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from crosslane.channels.domain.told import LINES_MAX, Minor, PriceMilli, Told
from crosslane.customers import Address
from crosslane.kernel import QUANTITY_MAX, Instant

NUMBERS_MAX = 250
# Some formats have nine digits for a control number, some have fourteen.
CONTROL_MAX = 10**14 - 1
PLACE_MAX = 999_999

Text = Annotated[str, msgspec.Meta(max_length=500)]
Prose = Annotated[str, msgspec.Meta(max_length=20_000)]
Short = Annotated[str, msgspec.Meta(max_length=100)]
Currency = Annotated[str, msgspec.Meta(max_length=3)]


class MovedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units of an order that went some way.

    Args:
        id: the channel's own name of the order's line; likewise of the article.
        sku: the article.
        gtin: its number by GS1.
        quantity: units.
        title: what the channel calls it.
        lot: batch or serial number.
    """

    id: Short = ""
    article: Short = ""
    sku: Short = ""
    gtin: Short = ""
    quantity: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
    title: Text = ""
    lot: Short = ""


class FulfillmentEvent(
    Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="fulfillment"
):
    """Something happened to goods on their way, which ``source_id`` names.

    Args:
        order: the channel's own number of the order, "" when it is about no order.
        step: what happened.
        lines: which goods; all of the order when there are none.
        location: the place it happened at or from; likewise to.
        carrier: who carries them; likewise the service.
        tracking: numbers of the parcels; likewise addresses where they can be followed.
        due_at: when they are expected.
        ship_to: where they go.
        reason: why, of what went wrong.
    """

    order: Short = ""
    step: Literal[
        "requested",
        "accepted",
        "rejected",
        "packed",
        "ready",
        "shipped",
        "in_transit",
        "delivered",
        "collected",
        "received",
        "failed",
        "cancelled",
    ]
    lines: Annotated[tuple[MovedGoods, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    location: Short = ""
    to: Short = ""
    carrier: Text = ""
    service: Text = ""
    tracking: Annotated[tuple[Text, ...], msgspec.Meta(max_length=NUMBERS_MAX)] = ()
    links: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=2_000)], ...],
        msgspec.Meta(max_length=NUMBERS_MAX),
    ] = ()
    due_at: Instant | None = None
    ship_to: Address | None = None
    reason: Text = ""


class MoneyEvent(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="money"):
    """Something happened to money, which ``source_id`` names.

    Args:
        order: the channel's own number of the order, "" when it is about no order.
        step: what happened; a payout is the channel's to us, a fee ours to the channel. Invoiced
            is what a supplier wants of us, credited what it gives back.
        outcome: whether it did; what is pending is told again.
        minor: minor units; likewise the part of it that are fees.
        currency: ISO 4217.
        method: way of paying as the channel calls it; likewise who carries the payment.
        reference: the provider's own number.
        reason: why, of what went wrong.
        account: in which of its accounts the channel tells it, where it keeps several of the same
            money, such as of payments and of tenders; "" for the usual one.
    """

    order: Short = ""
    step: Literal[
        "authorized",
        "captured",
        "refunded",
        "voided",
        "disputed",
        "dispute_won",
        "dispute_lost",
        "paid_out",
        "stored_value",
        "fee",
        "invoiced",
        "credited",
    ]
    outcome: Literal["done", "pending", "failed"] = "done"
    minor: Minor
    fee_minor: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)] = 0
    currency: Currency
    method: Text = ""
    provider: Text = ""
    reference: Text = ""
    reason: Text = ""
    account: Short = ""


class ContactEvent(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="contact"):
    """Who somebody is, or what they said, which ``source_id`` names.

    Args:
        topic: a profile, a consent, a message of theirs, or a request about their data.
        name, email, phone, organization, locale: as the channel knows them.
        addresses: of theirs.
        order: the channel's own number of the order it is about.
        marketing: whether they want to be written to, None when nothing was said.
        text: what they said.
        gone: the channel knows them no longer.
    """

    topic: Literal["profile", "consent", "message", "data_request"] = "profile"
    name: Text = ""
    email: Text = ""
    phone: Text = ""
    organization: Text = ""
    locale: Short = ""
    addresses: Annotated[tuple[Address, ...], msgspec.Meta(max_length=50)] = ()
    order: Short = ""
    marketing: bool | None = None
    text: Prose = ""
    gone: bool = False


class ProductPatch(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="product"):
    """What an article is, as far as the channel says; what is absent stays.

    Args:
        article: the channel's own name of the variant; likewise of the stock of it.
        sku, gtin: of the variant.
        title, text, brand, kind: words of the product.
        options: what tells the variant from its siblings, such as colour: green.
        weight_grams: of one unit.
        pictures: their addresses.
        on_sale: whether the channel sells it.
        tracked: whether the channel counts its stock.
        country: of origin, ISO 3166-1; likewise its number in the customs tariff.
        cost_milli: what one unit cost, 1/1000 minor unit of ``currency``.
        gone: the channel has it no longer.
    """

    article: Short = ""
    stock: Short = ""
    sku: Short = ""
    gtin: Short = ""
    title: Text = ""
    text: Prose = ""
    brand: Text = ""
    kind: Text = ""
    options: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    weight_grams: Annotated[int, msgspec.Meta(ge=0)] | None = None
    pictures: Annotated[tuple[str, ...], msgspec.Meta(max_length=NUMBERS_MAX)] = ()
    on_sale: bool | None = None
    tracked: bool | None = None
    country: Short = ""
    tariff: Short = ""
    cost_milli: PriceMilli | None = None
    currency: Currency = ""
    gone: bool = False


class PricePatch(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="price"):
    """What an article costs in the channel.

    Args:
        article, sku: the variant.
        unit_price_milli: of one unit, 1/1000 minor unit; likewise what it was before a reduction.
        currency: ISO 4217.
        includes_tax: whether tax is in it, None when the channel does not say.
        starts_at, ends_at: while it holds.
    """

    article: Short = ""
    sku: Short = ""
    unit_price_milli: PriceMilli
    was_milli: PriceMilli | None = None
    currency: Currency
    includes_tax: bool | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None


Verdict = Literal["received", "accepted", "accepted_with_errors", "partly_accepted", "rejected"]


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the channel makes of something it was told by us.

    Args:
        number: control number it was told under: a message's number, or the last nine digits of it.
        place: of one of the messages that were told together under it, from 1; None for all.
        verdict: what was made of it. That it was received says nothing yet.
    """

    number: Annotated[int, msgspec.Meta(ge=0, le=CONTROL_MAX)]
    place: Annotated[int, msgspec.Meta(ge=1, le=PLACE_MAX)] | None = None
    verdict: Verdict


class Notice(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="notice"):
    """Something the channel says of itself that asks nothing of the hub, such as its tariffs.

    It is kept whole in ``rest`` and found again by its topic. What it says of something we have
    told is noted there; it is applied to nothing else.

    Args:
        topic: what it is, by the channel's own word.
        title: what people call it.
        judged: what it says of something we have told, None when it is about something else.
    """

    topic: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    title: Text = ""
    judged: Judged | None = None


Report = FulfillmentEvent | MoneyEvent | ContactEvent | ProductPatch | PricePatch | Notice

__all__ = [
    "CONTROL_MAX",
    "PLACE_MAX",
    "ContactEvent",
    "FulfillmentEvent",
    "Judged",
    "MoneyEvent",
    "MovedGoods",
    "Notice",
    "PricePatch",
    "ProductPatch",
    "Report",
    "Verdict",
]
