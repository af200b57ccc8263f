"""A shop in the database: a British seller, consumer and trade channels, a marketplace."""

from datetime import UTC, datetime

from tests.pricing.shop import named, variant

from crosslane.organization import (
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    Scope,
    SetPolicy,
    put_brand,
    put_channel,
    put_entity,
    put_market,
    register_policies,
    set_policy,
)
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Tx
from crosslane.pricing import (
    POLICIES,
    Destination,
    PriceLine,
    PriceRequest,
    PutPriceList,
    PutShippingPrices,
    PutTaxRates,
    PutTaxRules,
    ShippingPriceRow,
    TaxRateRow,
    TaxRuleRow,
    put_price_list,
    put_shipping_prices,
    put_tax_rates,
    put_tax_rules,
)
from crosslane.pricing.domain.lists import Price, PriceList
from crosslane.pricing.storage.prices import upsert_prices

LONG_AGO = datetime(2008, 12, 1, tzinfo=UTC)
YEAR_2010 = datetime(2010, 1, 1, tzinfo=UTC)
CHANGE = datetime(2011, 1, 4, tzinfo=UTC)

register_policies(POLICIES)


async def open_shop(tx: Tx) -> dict[str, PriceList]:
    """Set up seller, channels, taxes and two price lists; return the lists by code."""
    await put_entity(tx, PutEntity("mf-ltd", "Marlow & Finch Ltd", "GB", "GBP"))
    await put_brand(tx, PutBrand("marlow", "Marlow"))
    await put_market(
        tx, PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive", "Europe/London")
    )
    for code, kind, mode in (
        ("web", "web", "inclusive"),
        ("trade", "phone", "exclusive"),
        ("bazaar", "marketplace", "inclusive"),
    ):
        await put_channel(tx, PutChannel(code, code, kind, "marlow", "gb", "mf-ltd", tax_mode=mode))
    await set_policy(
        tx,
        SetPolicy(
            "pricing.price_source",
            {"price_source": "dictated"},
            "the marketplace has agreed the price",
            Scope("channel", "bazaar"),
            LONG_AGO,
        ),
    )
    await put_tax_rates(tx, PutTaxRates((rate(1500, LONG_AGO), rate(1750, YEAR_2010))))
    await put_tax_rates(tx, PutTaxRates((rate(2000, CHANGE), rate(0, LONG_AGO, "zero"))))
    isle = TaxRuleRow(seller_country="GB", country="IM", treatment="origin", valid_from=LONG_AGO)
    await put_tax_rules(tx, PutTaxRules((isle,)))
    delivery = ShippingPriceRow(
        service="standard", currency="GBP", basis="gross", amount_minor=395, valid_from=LONG_AGO
    )
    await put_shipping_prices(tx, PutShippingPrices((delivery,)))
    consumer = PutPriceList(
        code="retail",
        title="Retail prices",
        currency="GBP",
        basis="gross",
        tax_country="GB",
        valid_from=LONG_AGO,
    )
    trade = PutPriceList(
        code="trade",
        title="Trade prices",
        currency="GBP",
        basis="net",
        channel="trade",
        valid_from=LONG_AGO,
    )
    return {each.code: await put_price_list(tx, each) for each in (consumer, trade)}


def rate(rate_bp: int, valid_from: datetime, tax_class: str = "standard") -> TaxRateRow:
    return TaxRateRow(country="GB", tax_class=tax_class, rate_bp=rate_bp, valid_from=valid_from)


async def add_price(tx: Tx, price_list: PriceList, sku: str, milli: int, **changes) -> None:
    """Put one price row, from long ago unless the changes say otherwise."""
    whole = {"quantity_min": 1, "valid_from": LONG_AGO, **changes}
    row = Price(price_list_id=price_list.id, variant_id=named(sku), unit_price_milli=milli, **whole)
    await upsert_prices(tx, price_list.id, [row])


def request_of(*lines: PriceLine | str, channel: str = "web", at: datetime = CHANGE, **changes):
    """A cart of lines or single units of SKUs, to Britain unless the changes say otherwise."""
    whole = {"actor": SYSTEM, "destination": Destination("GB"), **changes}
    return PriceRequest(
        channel=channel,
        at=at,
        lines=[
            PriceLine(key=str(n), variant=variant(each), quantity=1)
            if isinstance(each, str)
            else each
            for n, each in enumerate(lines)
        ],
        **whole,
    )
