"""Pricing carts: terms and known prices from memory, the rest by a query for the whole batch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.organization import OrganizationBook, PolicyBook, PolicyKind, book, policies
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact, Shelf
from crosslane.platform.seals import BrokenSeal, Seal
from crosslane.pricing.domain.cart import PricedCart, PriceRequest, Sale, Terms
from crosslane.pricing.domain.explanation import Explanation, list_candidates, tell
from crosslane.pricing.domain.lists import Buyer, Price, PriceList, offered_lists
from crosslane.pricing.domain.pricing import price_cart
from crosslane.pricing.domain.promotions import Coupon, normal_code
from crosslane.pricing.domain.quotes import Quote, asked_of, honored
from crosslane.pricing.errors import QuoteForged
from crosslane.pricing.storage.coupons import find_coupons
from crosslane.pricing.storage.prices import PRICES_TOPIC, list_prices
from crosslane.pricing.storage.terms import load_terms

QUOTE_MINUTES_MAX = 24 * 60

TERMS: Fact[Terms] = Fact("pricing", load_terms)

# Carts of one week share the rows that are kept in memory for it.
SPAN = timedelta(days=7)
SPANS_BEGIN = datetime(2001, 1, 1, tzinfo=UTC)

# By instant, variant and list.
Prices = dict[datetime, dict[UUID, dict[UUID, tuple[Price, ...]]]]
# Variant, price list and number of the week.
_Span = tuple[UUID, UUID, int]


async def _load_prices(tx: Tx, spans: Sequence[_Span]) -> dict[_Span, tuple[Price, ...]]:
    wanted = [
        (variant_id, list_id, SPANS_BEGIN + week * SPAN, SPANS_BEGIN + (week + 1) * SPAN)
        for variant_id, list_id, week in spans
    ]
    return dict(zip(spans, await list_prices(tx, wanted), strict=True))


PRICES: Shelf[_Span, tuple[Price, ...]] = Shelf("pricing.prices", (PRICES_TOPIC,), _load_prices)


class PriceSourcePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sets the prices of a channel's orders.

    Args:
        price_source: ``computed`` here, or ``dictated`` by the channel (marketplace, till, trade
            import), whose prices are then taken and the difference to ours kept with the line.
    """

    price_source: Literal["computed", "dictated"] = "computed"


class QuotePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a quote holds, in minutes."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=QUOTE_MINUTES_MAX)] = 30


PRICE_SOURCE = PolicyKind(
    "pricing.price_source", PriceSourcePolicy, PriceSourcePolicy(), ("channel", "brand", "tenant")
)
QUOTE_CHARACTERS_MAX = 400_000
SEAL = Seal("crosslane.pricing.quote.1", Quote, characters_max=QUOTE_CHARACTERS_MAX)
QUOTE = PolicyKind("pricing.quote", QuotePolicy, QuotePolicy(), ("channel", "brand", "tenant"))


class QuotedCart(msgspec.Struct, frozen=True):
    """A priced cart and the signed text that makes its prices hold until they expire."""

    cart: PricedCart
    quote: str
    expires_at: datetime


async def price(tx: Tx, requests: Sequence[PriceRequest]) -> list[PricedCart | Refusal]:
    """Price many carts with at most two statements: one for prices not in memory, one for coupons.

    Returns:
        One priced cart or refusal for each request, in order. A coupon that gives nothing is no
        refusal: the cart's ``promotions`` say why.
    """
    desk = await _open_desk(tx)
    outcomes: dict[int, PricedCart | Refusal] = {}
    sales: dict[int, Sale] = {}
    for place, request in enumerate(requests):
        try:
            if request.quote is not None:
                quote = _read_quote(request.quote)
                outcomes[place] = honored(quote, request, tenant=tx.tenant, now=tx.now)
            else:
                sales[place] = desk.sale(request)
        except Refusal as refusal:
            outcomes[place] = refusal
    fresh = [requests[place] for place in sales]
    lists = {
        each.id: each
        for sale in sales.values()
        for each in offered_lists(desk.terms.price_lists, sale.buyer)
    }
    prices = await _read_prices(tx, fresh, lists.values())
    coupons = await _read_coupons(tx, fresh)
    for place, sale in sales.items():
        try:
            outcomes[place] = desk.price(requests[place], sale, prices, coupons)
        except Refusal as refusal:
            outcomes[place] = refusal
    return [outcomes[place] for place in range(len(requests))]


async def price_one(tx: Tx, request: PriceRequest) -> PricedCart:
    """Price one cart, or raise its refusal."""
    (outcome,) = await price(tx, [request])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def quote(tx: Tx, request: PriceRequest) -> QuotedCart:
    """Price a cart and sign the result, or raise its refusal.

    Raises:
        SealsOff: this process has no key to sign with.
        Refusal: whatever :func:`price` refuses.
    """
    (outcome,) = await quotes(tx, [request])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def quotes(tx: Tx, requests: Sequence[PriceRequest]) -> list[QuotedCart | Refusal]:
    """Price carts and sign the results; the policy ``pricing.quote`` says how long they hold.

    Returns:
        One quote or refusal for each request, in order; refused is what :func:`price` refuses.

    Raises:
        SealsOff: this process has no key to sign with.
    """
    sellers, decided = await book(tx), await policies(tx)
    quoted: list[QuotedCart | Refusal] = []
    for request, cart in zip(requests, await price(tx, requests), strict=True):
        if isinstance(cart, Refusal):
            quoted.append(cart)
            continue
        channel = sellers.channel(request.channel)
        policy, _ = decided.resolve(QUOTE, tx.now, channel=channel.code, brand=channel.brand)
        expires_at = tx.now + timedelta(minutes=policy.minutes)
        given = Quote(tenant=tx.tenant, expires_at=expires_at, asked=asked_of(request), cart=cart)
        quoted.append(QuotedCart(cart, SEAL.sign(given), expires_at))
    return quoted


def _read_quote(text: str) -> Quote:
    try:
        return SEAL.read(text)
    except BrokenSeal:
        raise QuoteForged(pointer="/quote") from None


async def explain(tx: Tx, request: PriceRequest) -> Explanation:
    """Price a cart and tell how: every list that was looked at, and the story in sentences.

    Raises:
        Refusal: whatever :func:`price` refuses.
    """
    cart = await price_one(tx, request)
    desk = await _open_desk(tx)
    lists = desk.terms.price_lists
    prices = (await _read_prices(tx, [request], lists)).get(request.at, {})
    sale = desk.sale(request)
    units = Counter[UUID]()
    for line in request.lines:
        units[line.variant.id] += line.quantity
    candidates = {
        line.key: list_candidates(
            lists, sale, prices.get(line.variant.id, {}), units[line.variant.id]
        )
        for line in request.lines
    }
    return Explanation(cart=cart, candidates=candidates, story=tell(cart))


class _Desk(msgspec.Struct, frozen=True, eq=False):
    """What every cart of a tenant is priced by, all of it from memory."""

    terms: Terms
    organization: OrganizationBook
    policies: PolicyBook

    def sale(self, request: PriceRequest) -> Sale:
        channel = self.organization.channel(request.channel, pointer="/channel")
        policy, _ = self.policies.resolve(
            PRICE_SOURCE, request.at, channel=channel.code, brand=channel.brand
        )
        return Sale(
            buyer=Buyer(
                channel=channel.code,
                market=channel.market,
                customer_group=request.customer_group or None,
                currency=channel.currency,
                at=request.at,
            ),
            basis="gross" if channel.tax_mode == "inclusive" else "net",
            seller_country=self.organization.entity(channel.entity).country,
            may_dictate=policy.price_source == "dictated",
        )

    def price(
        self,
        request: PriceRequest,
        sale: Sale,
        prices: Prices,
        coupons: dict[tuple[str, UUID | None], Coupon],
    ) -> PricedCart:
        known = {
            code: coupons[code, request.customer_id]
            for code in map(normal_code, request.coupons)
            if (code, request.customer_id) in coupons
        }
        return price_cart(
            request,
            sale=sale,
            terms=self.terms,
            prices=prices.get(request.at, {}),
            coupons=known,
        )


async def _open_desk(tx: Tx) -> _Desk:
    return _Desk(await facts.get(tx, TERMS), await book(tx), await policies(tx))


async def _read_prices(
    tx: Tx, requests: Iterable[PriceRequest], lists: Iterable[PriceList]
) -> Prices:
    wanted = {(line.variant.id, request.at) for request in requests for line in request.lines}
    list_ids = [each.id for each in lists]
    spans = {
        (variant_id, list_id, (at - SPANS_BEGIN) // SPAN)
        for variant_id, at in wanted
        for list_id in list_ids
    }
    rows = await facts.take(tx, PRICES, spans)
    found: Prices = {}
    for variant_id, at in wanted:
        week = (at - SPANS_BEGIN) // SPAN
        found.setdefault(at, {})[variant_id] = {
            list_id: rows[variant_id, list_id, week] for list_id in list_ids
        }
    return found


async def _read_coupons(
    tx: Tx, requests: Iterable[PriceRequest]
) -> dict[tuple[str, UUID | None], Coupon]:
    wanted = {
        (normal_code(typed), request.customer_id)
        for request in requests
        for typed in request.coupons
    }
    return await find_coupons(tx, list(wanted)) if wanted else {}
