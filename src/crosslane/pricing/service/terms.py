"""Setting the terms: price lists, taxes, shipping prices and promotions.

Every edit touches the fact first. That row's lock makes edits follow one another, and from then on
the transaction reads the tables themselves, so a check made before writing cannot be outrun.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from crosslane.kernel import QUANTITY_MAX, Instant, new_id, require_instant
from crosslane.organization import (
    Code,
    Name,
    book,
    require_code,
    require_country,
    require_currency,
)
from crosslane.platform import audit, facts, log
from crosslane.platform.database import Tx
from crosslane.pricing.domain.lists import PriceList, require_validity
from crosslane.pricing.domain.promotions import Promotion, Target, refuse_incomplete
from crosslane.pricing.domain.shipping import ShippingPrice
from crosslane.pricing.domain.tax import Basis, TaxRate, TaxRule, Treatment
from crosslane.pricing.errors import BadPriceList, PriceListFixed
from crosslane.pricing.events import (
    PriceListChanged,
    PromotionChanged,
    ShippingPricesChanged,
    TaxesChanged,
)
from crosslane.pricing.service.carts import TERMS
from crosslane.pricing.storage import terms as storage

ROWS_MAX = 1_000
AMOUNT_MINOR_MAX = 10**12

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Region = Annotated[str, msgspec.Meta(max_length=10)]
BasisPoints = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Scopes = Annotated[frozenset[Text], msgspec.Meta(max_length=1_000)]


class PutPriceList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Create a price list, or change the one with this code; currency and basis stay for good.

    ``valid_from`` is the moment of creation when left out, and stays when changed without it.
    """

    code: Code
    title: Name
    currency: str
    basis: Basis
    tax_country: str | None = None
    market: str | None = None
    channel: str | None = None
    customer_group: Text | None = None
    priority: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] = 0
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class TaxRateRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tax rate from an instant on."""

    country: str
    region: Region = ""
    tax_class: Text
    rate_bp: BasisPoints
    valid_from: Instant


class PutTaxRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add tax rates, or correct those of the same place, class and start."""

    rates: Annotated[tuple[TaxRateRow, ...], msgspec.Meta(min_length=1, max_length=ROWS_MAX)]


class TaxRuleRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sales from one country into another are taxed, from an instant on."""

    seller_country: str
    country: str
    region: Region = ""
    treatment: Treatment
    valid_from: Instant


class PutTaxRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add tax rules, or correct those of the same places and start."""

    rules: Annotated[tuple[TaxRuleRow, ...], msgspec.Meta(min_length=1, max_length=ROWS_MAX)]


class ShippingPriceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of a delivery service for a kind of sale, from now when no start is given."""

    service: Text
    currency: str
    basis: Basis
    tax_country: str | None = None
    market: str | None = None
    channel: str | None = None
    customer_group: Text | None = None
    country: str | None = None
    goods_from_minor: Minor = 0
    amount_minor: Minor
    tax_class: Text = "standard"
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class PutShippingPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add shipping prices, or correct those of the same service, scope and start."""

    prices: Annotated[tuple[ShippingPriceRow, ...], msgspec.Meta(min_length=1, max_length=ROWS_MAX)]


class PutPromotion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Create a promotion, or replace the one with this code.

    ``valid_from`` is the moment of creation when left out, and stays when changed without it.
    """

    code: Code
    title: Name
    target: Target = "goods"
    percent_bp: BasisPoints = 0
    amount_minor: Minor = 0
    currency: str | None = None
    threshold_minor: Minor = 0
    quantity_min: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)] = 0
    coupon_required: bool = False
    exclusive: bool = False
    rank: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] = 0
    channels: Scopes = frozenset()
    markets: Scopes = frozenset()
    customer_groups: Scopes = frozenset()
    categories: Scopes = frozenset()
    skus: Scopes = frozenset()
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class RowsPut(msgspec.Struct, frozen=True):
    """How many rows were added or corrected."""

    rows: int


async def put_price_list(tx: Tx, wish: PutPriceList) -> PriceList:
    """Create or change a price list.

    Raises:
        BadCode, BadCurrency, BadCountry, BadPriceList, BadValidity: a field is malformed.
        UnknownMarket, UnknownChannel: its scope does not exist.
        PriceListFixed: it exists with another currency, basis or tax country.
    """
    await facts.touch(tx, TERMS.topic)
    known = {each.code: each for each in await storage.list_price_lists(tx)}
    before = known.get(require_code(wish.code, pointer="/code"))
    await _require_scopes(tx, "", wish)
    if wish.basis == "net" and wish.tax_country is not None:
        raise BadPriceList(pointer="/tax_country", code=wish.code, why="net prices hold no tax")
    price_list = PriceList(
        **{
            **msgspec.structs.asdict(wish),
            "id": before.id if before else new_id(),
            "tax_country": _country(wish.tax_country, "/tax_country"),
            "valid_from": wish.valid_from or (before.valid_from if before else tx.now),
        }
    )
    for field in ("currency", "basis", "tax_country"):
        if before is not None and getattr(before, field) != getattr(price_list, field):
            raise PriceListFixed(pointer=f"/{field}", code=wish.code, field=field)
    require_validity(price_list.valid_from, price_list.valid_to, "")
    await storage.upsert_price_list(tx, price_list)
    await _told(tx, f"price_list:{price_list.code}", before, price_list)
    await log.append(tx, [PriceListChanged(price_list_id=price_list.id)])
    return price_list


async def put_tax_rates(tx: Tx, wish: PutTaxRates) -> RowsPut:
    """Add or correct tax rates.

    Raises:
        BadCountry: a country is unknown.
    """
    await facts.touch(tx, TERMS.topic)
    rates = [
        TaxRate(
            **{
                **msgspec.structs.asdict(row),
                "country": require_country(row.country, pointer=f"/rates/{place}/country"),
                "valid_from": require_instant(row.valid_from, pointer=f"/rates/{place}/valid_from"),
            }
        )
        for place, row in enumerate(wish.rates)
    ]
    key = ("country", "region", "tax_class", "valid_from")
    rates = _last_of_each(rates, *key)
    before = _same_key(await storage.list_tax_rates(tx), rates, *key)
    await storage.upsert_tax_rates(tx, rates)
    await _told(tx, "tax_rates", before, rates)
    await log.append(tx, [TaxesChanged(country=c) for c in sorted({r.country for r in rates})])
    return RowsPut(len(rates))


async def put_tax_rules(tx: Tx, wish: PutTaxRules) -> RowsPut:
    """Add or correct tax rules.

    Raises:
        BadCountry: a country is unknown.
    """
    await facts.touch(tx, TERMS.topic)
    rules = [
        TaxRule(
            **{
                **msgspec.structs.asdict(row),
                "seller_country": require_country(
                    row.seller_country, pointer=f"/rules/{place}/seller_country"
                ),
                "country": require_country(row.country, pointer=f"/rules/{place}/country"),
                "valid_from": require_instant(row.valid_from, pointer=f"/rules/{place}/valid_from"),
            }
        )
        for place, row in enumerate(wish.rules)
    ]
    key = ("seller_country", "country", "region", "valid_from")
    rules = _last_of_each(rules, *key)
    before = _same_key(await storage.list_tax_rules(tx), rules, *key)
    await storage.upsert_tax_rules(tx, rules)
    await _told(tx, "tax_rules", before, rules)
    await log.append(tx, [TaxesChanged(country=c) for c in sorted({r.country for r in rules})])
    return RowsPut(len(rules))


async def put_shipping_prices(tx: Tx, wish: PutShippingPrices) -> RowsPut:
    """Add or correct shipping prices.

    Raises:
        BadCurrency, BadCountry, BadPriceList, BadValidity: a field is malformed.
        UnknownMarket, UnknownChannel: a scope does not exist.
    """
    await facts.touch(tx, TERMS.topic)
    prices: list[ShippingPrice] = []
    for place, row in enumerate(wish.prices):
        pointer = f"/prices/{place}"
        await _require_scopes(tx, pointer, row)
        if row.basis == "net" and row.tax_country is not None:
            raise BadPriceList(
                pointer=f"{pointer}/tax_country", code=row.service, why="net prices hold no tax"
            )
        price = ShippingPrice(
            **{
                **msgspec.structs.asdict(row),
                "id": new_id(),
                "tax_country": _country(row.tax_country, f"{pointer}/tax_country"),
                "country": _country(row.country, f"{pointer}/country"),
                "valid_from": row.valid_from or tx.now,
            }
        )
        require_validity(price.valid_from, price.valid_to, pointer)
        prices.append(price)
    scopes = ("service", "currency", "market", "channel", "customer_group", "country")
    key = (*scopes, "goods_from_minor", "valid_from")
    prices = _last_of_each(prices, *key)
    before = _same_key(await storage.list_shipping_prices(tx), prices, *key)
    await storage.upsert_shipping_prices(tx, prices)
    await _told(tx, "shipping_prices", before, prices)
    services = sorted({each.service for each in prices})
    await log.append(tx, [ShippingPricesChanged(service=each) for each in services])
    return RowsPut(len(prices))


async def put_promotion(tx: Tx, wish: PutPromotion) -> Promotion:
    """Create or replace a promotion.

    Raises:
        BadCode, BadCurrency, BadPromotion, BadValidity: a field is malformed.
        UnknownMarket, UnknownChannel: a scope does not exist.
    """
    await facts.touch(tx, TERMS.topic)
    known = {each.code: each for each in await storage.list_promotions(tx)}
    before = known.get(require_code(wish.code, pointer="/code"))
    if wish.currency is not None:
        require_currency(wish.currency, pointer="/currency")
    organization = await book(tx)
    for channel in wish.channels:
        organization.channel(channel, pointer="/channels")
    for market in wish.markets:
        organization.market(market, pointer="/markets")
    promotion = Promotion(
        **{
            **msgspec.structs.asdict(wish),
            "id": before.id if before else new_id(),
            "skus": frozenset(each.lower() for each in wish.skus),
            "valid_from": wish.valid_from or (before.valid_from if before else tx.now),
        }
    )
    refuse_incomplete(promotion)
    require_validity(promotion.valid_from, promotion.valid_to, "")
    await storage.upsert_promotion(tx, promotion)
    await _told(tx, f"promotion:{promotion.code}", before, promotion)
    await log.append(tx, [PromotionChanged(promotion_id=promotion.id)])
    return promotion


async def _require_scopes(tx: Tx, pointer: str, wish: PutPriceList | ShippingPriceRow) -> None:
    require_currency(wish.currency, pointer=f"{pointer}/currency")
    organization = await book(tx)
    if wish.market is not None:
        organization.market(wish.market, pointer=f"{pointer}/market")
    if wish.channel is not None:
        organization.channel(wish.channel, pointer=f"{pointer}/channel")


def _country(country: str | None, pointer: str) -> str | None:
    return None if country is None else require_country(country, pointer=pointer)


async def _told(tx: Tx, subject: str, before: Any, after: Any) -> None:
    """Write an audit row that says what was there and what is there now."""
    action = f"pricing.put_{subject.partition(':')[0]}"
    change = audit.Change(action=action, subject=subject, before=before or None, after=after)
    await audit.record(tx, [change])


def _same_key(stored: Sequence[Any], rows: Sequence[Any], *names: str) -> list[Any]:
    """Return the stored rows that the given ones correct."""
    keys = {tuple(getattr(row, name) for name in names) for row in rows}
    return [row for row in stored if tuple(getattr(row, name) for name in names) in keys]


def _last_of_each(rows: Sequence[Any], *names: str) -> list[Any]:
    """Of rows with the same key keep the last: they are corrections of each other."""
    return list({tuple(getattr(row, name) for name in names): row for row in rows}.values())
