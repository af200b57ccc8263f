"""Asking for prices: of goods, of a whole cart as a signed quote, and how they came about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.catalog import UnknownSku, variants_by_sku
from crosslane.kernel import Instant, QuantityOutOfRange, Refusal, require_instant
from crosslane.organization import BadCountry, UnknownChannel, require_country
from crosslane.platform.database import Tx
from crosslane.platform.gathering import Gathering
from crosslane.platform.seals import SealsOff
from crosslane.platform.web import Answer, Caller, get, post
from crosslane.pricing import errors
from crosslane.pricing.domain.cart import (
    Override,
    PricedCart,
    PriceLine,
    PriceRequest,
    ShippingWish,
)
from crosslane.pricing.domain.explanation import Explanation
from crosslane.pricing.domain.tax import Basis, Destination
from crosslane.pricing.service.carts import QuotedCart, explain, price, quote

READ = "pricing:read"
QUOTE_BYTES_MAX = 2 << 20
QUOTE_LINES_MAX = 2_000
SKUS_MAX = 100
PRICE_RAISES = (
    BadCountry,
    UnknownChannel,
    UnknownSku,
    QuantityOutOfRange,
    errors.DuplicateLineKey,
    errors.OtherCustomer,
    *errors.CART_REFUSALS,
)


Key = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class OverrideBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price set by hand, with the reason; needs the permission ``pricing:override``."""

    unit_price_milli: int
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class LineBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods to price; ``key`` is the line's place when left out."""

    sku: str
    quantity: int = 1
    key: Key | None = None
    override: OverrideBody | None = None
    dictated_unit_price_milli: int | None = None


class ShippingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery to price."""

    service: Key
    key: Key | None = None
    dictated_minor: int | None = None


class CartBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cart to price now.

    Args:
        channel: code of the selling channel.
        country: where the goods go, as ISO 3166-1.
        region: state or province, where tax differs inside the country.
        lines: goods.
        shipping: deliveries.
        coupons: codes the customer has typed.
        customer_group: whose lists and promotions hold, none for the public.
        customer_id: who buys, for coupons limited per customer.
    """

    channel: str
    country: str
    region: Annotated[str, msgspec.Meta(max_length=10)] = ""
    lines: Annotated[tuple[LineBody, ...], msgspec.Meta(max_length=QUOTE_LINES_MAX)] = ()
    shipping: tuple[ShippingBody, ...] = ()
    coupons: tuple[Annotated[str, msgspec.Meta(max_length=60)], ...] = ()
    customer_group: str | None = None
    customer_id: UUID | None = None


class ExplainBody(CartBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cart to price and explain, as of now or of any other moment."""

    at: Instant | None = None


class ShownPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What one SKU costs in a channel, alone in a cart."""

    sku: str
    quantity: int
    currency: str
    basis: Basis
    unit_price_milli: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_rate_bp: int
    price_list: str


class Unpriced(msgspec.Struct, frozen=True):
    """A SKU that has no price here, and why."""

    sku: str
    code: str
    message: str


class ShownPrices(msgspec.Struct, frozen=True):
    """Prices for a page of goods."""

    prices: list[ShownPrice]
    unpriced: list[Unpriced]


EXAMPLE_CART = CartBody(
    channel="web", country="GB", lines=(LineBody(sku="85123A", quantity=6),), coupons=("WELCOME",)
)


@get(
    "/api/v1/prices",
    permission=READ,
    raises=(
        UnknownChannel,
        BadCountry,
    ),
)
async def show_prices(
    caller: Caller,
    channel: str,
    sku: Annotated[list[str], msgspec.Meta(min_length=1, max_length=SKUS_MAX)],
    country: str,
    region: str = "",
    quantity: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 1,
    customer_group: str | None = None,
    at: Instant | None = None,
) -> Answer[ShownPrices]:
    """Show what goods cost, each alone in a cart, promotions included.

    The ETag stays while the prices do.
    """
    question = PriceQuestion(
        skus=tuple(dict.fromkeys(sku)),
        quantity=quantity,
        cart=CartBody(
            channel=channel, country=country, region=region, customer_group=customer_group
        ),
        caller=caller,
        at=at,
    )
    found = await GATHERING.ask(caller.tenant, caller.read, question)
    return Answer(body=found, told=found)


class PriceQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to know of a page of goods.

    Args:
        skus: each once.
        quantity: units of each.
        cart: an empty cart as each would lie in, alone.
        caller: who asks.
        at: when; now when left out.
    """

    skus: tuple[str, ...]
    quantity: int
    cart: CartBody
    caller: Caller
    at: datetime | None


async def _shown_prices(tx: Tx, questions: Sequence[PriceQuestion]) -> list[ShownPrices | Refusal]:
    """Answer many questions by one read of the prices, and one of the goods per channel."""
    known = {
        channel: await variants_by_sku(
            tx,
            list({sku for each in questions if each.cart.channel == channel for sku in each.skus}),
            channel=channel,
        )
        for channel in dict.fromkeys(each.cart.channel for each in questions)
    }
    wanted: dict[tuple[int, str], PriceRequest] = {}
    refused: dict[int, Refusal] = {}
    for place, asked in enumerate(questions):
        variants = known[asked.cart.channel]
        try:
            for sku in (sku for sku in asked.skus if sku in variants):
                line = PriceLine(key=sku, variant=variants[sku], quantity=asked.quantity)
                wanted[place, sku] = _request(
                    asked.caller, tx, asked.cart, lines=[line], at=asked.at
                )
        except Refusal as refusal:
            refused[place] = refusal
    outcomes = dict(zip(wanted, await price(tx, list(wanted.values())), strict=True))
    return [
        refused.get(place) or _page(asked, {sku: outcomes.get((place, sku)) for sku in asked.skus})
        for place, asked in enumerate(questions)
    ]


def _page(
    asked: PriceQuestion, outcomes: Mapping[str, PricedCart | Refusal | None]
) -> ShownPrices | Refusal:
    shown = ShownPrices([], [])
    for sku, found in outcomes.items():
        outcome = found or UnknownSku(sku=sku[:64])
        if isinstance(outcome, UnknownChannel):
            return outcome
        if isinstance(outcome, Refusal):
            shown.unpriced.append(Unpriced(sku, outcome.code, outcome.message))
        else:
            shown.prices.append(_shown_price(outcome))
    return shown


GATHERING = Gathering(_shown_prices)


@post(
    "/api/v1/quotes",
    permission=READ,
    command=None,
    raises=(*PRICE_RAISES, SealsOff),
    body_bytes_max=QUOTE_BYTES_MAX,
    example=EXAMPLE_CART,
)
async def ask_quote(caller: Caller, data: CartBody) -> QuotedCart:
    """Price a cart and sign the prices.

    Whoever places the same cart with the ``quote`` pays these prices until it expires, whatever
    becomes of the terms meanwhile.
    """
    async with caller.read() as tx:
        return await quote(tx, await _cart_request(caller, tx, data))


@post(
    "/api/v1/price-explanations",
    permission=READ,
    command=None,
    raises=PRICE_RAISES,
    body_bytes_max=QUOTE_BYTES_MAX,
    example=EXAMPLE_CART,
)
async def explain_prices(caller: Caller, data: ExplainBody) -> Explanation:
    """Price a cart and tell how: lists looked at, promotions and coupons, tax, in sentences."""
    async with caller.read() as tx:
        return await explain(tx, await _cart_request(caller, tx, data, at=data.at))


async def _cart_request(
    caller: Caller, tx: Tx, body: CartBody, *, at: datetime | None = None
) -> PriceRequest:
    skus = list({line.sku for line in body.lines})
    variants = await variants_by_sku(tx, skus, channel=body.channel)
    lines: list[PriceLine] = []
    for place, line in enumerate(body.lines):
        if line.sku not in variants:
            raise UnknownSku(pointer=f"/lines/{place}/sku", sku=line.sku[:64])
        by_hand = line.override
        lines.append(
            PriceLine(
                key=line.key or str(place),
                variant=variants[line.sku],
                quantity=line.quantity,
                override=Override(by_hand.unit_price_milli, by_hand.reason) if by_hand else None,
                dictated_unit_price_milli=line.dictated_unit_price_milli,
            )
        )
    return _request(caller, tx, body, lines=lines, at=at)


def _request(
    caller: Caller, tx: Tx, body: CartBody, *, lines: Sequence[PriceLine], at: datetime | None
) -> PriceRequest:
    own = caller.actor.customer_id
    if own is not None and (body.customer_group or body.customer_id not in (None, own)):
        raise errors.OtherCustomer(pointer="/customer_id")
    return PriceRequest(
        channel=body.channel,
        at=tx.now if at is None else require_instant(at, pointer="/at"),
        actor=caller.actor,
        destination=Destination(require_country(body.country, pointer="/country"), body.region),
        lines=lines,
        shipping=[
            ShippingWish(
                key=wish.key or f"shipping-{place}",
                service=wish.service,
                dictated_minor=wish.dictated_minor,
            )
            for place, wish in enumerate(body.shipping)
        ],
        coupons=body.coupons,
        customer_group=body.customer_group,
        customer_id=body.customer_id or own,
    )


def _shown_price(cart: PricedCart) -> ShownPrice:
    (line,) = cart.lines
    return ShownPrice(
        sku=line.key,
        quantity=line.quantity,
        currency=cart.currency,
        basis=cart.basis,
        unit_price_milli=line.unit_price_milli,
        discount_minor=line.discount_minor,
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        gross_minor=line.gross_minor,
        tax_rate_bp=line.tax.rate_bp,
        price_list=line.choice.price_list if line.choice else "",
    )


ROUTES = [show_prices, ask_quote, explain_prices]
