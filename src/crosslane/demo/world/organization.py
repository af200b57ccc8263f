"""Who sells what where: entities, brands, markets, channels, policies, carriers; as calls.

All of it holds since long before the first order, because orders are placed at the time at which
they were recorded.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from msgspec import Struct

from crosslane.demo.world.nouns import (
    FRANCHISE_TILLS,
    FREIGHT_SERVICE,
    MARKETPLACE,
    OUTAGE_CARRIER,
    OUTAGE_SERVICE,
    PHONE,
    TILLS,
    TRADE_IE,
    TRADE_WEB,
    WEB,
)

# Accounts of the demo's own: samples that are given away, and corrections nobody explains.
SAMPLES, CORRECTIONS = "samples", "corrections"
# The dearest goods that an unknown customer ever brings back are worth £1,297 with tax.
HANDLING = {
    "return_minor": 100,
    "unit_minor": 25,
    "store_day_minor_max": 10_000,
    "customer_minor_max": 2_000,
}
# Orders of the past are over it when they are sent; those of today wait for it.
GRACE = {"ship_minutes": 3, "ship_to_store_minutes": 3}
CASH_BACK_MINOR_MAX = 150_000
# Trade customers give back what they bought months ago.
RETURN_DAYS = 365
LONG_AGO = "2009-01-01T00:00:00Z"
RETAILER, FRANCHISEE = "marlow-finch", "finch-franchise"
TRADE = "trade"
# A pound is 1.25 euro throughout: near the rates of the time, and exact in thousandths of a cent.
POUNDS_PER_EURO = "0.8"
RATE_FROM = "2010-01-01"
PARCEL_LENGTH_MM_MAX = 1_500
# Orders of firms weigh hundreds of kilograms and go on pallets, as one consignment each.
FREIGHT: dict[str, Any] = {
    "code": FREIGHT_SERVICE,
    "name": "Freight",
    "speed": "standard",
    "weight_max_grams": 100_000_000,
    "transit": {
        **{"MAINLAND": 2, "IOW": 3, "HIGHLANDS": 3, "NI": 3, "ISLANDS": 4, "SCILLY": 4, "IOM": 4},
        **{"CHANNEL": 4, "IRELAND": 4, "EUROPE": 6, "WORLD": 10},
    },
}
# Heaviest weight in grams and price in pence on the mainland.
# Cartons of a trade order come from warehouses, a line from three of them at most.
TRADE_SOURCING = {"senders": ["warehouse", "vendor"], "pieces_per_line_max": 3}
FREIGHT_BRACKETS = (
    (25_000, 1_100),
    (100_000, 2_600),
    (500_000, 6_900),
    (1_000_000, 9_800),
    (5_000_000, 39_000),
    (25_000_000, 148_000),
    (100_000_000, 560_000),
)
# Trade customers buy on account; the largest order of the lines is worth £77,184 without tax.
CREDIT_LIMIT_MINOR = 50_000_000
CREDIT_DAYS = 30


class Call(Struct, frozen=True):
    """A request that founds something.

    Args:
        path: below ``/api/v1/``.
        body: sent as JSON.
        method: ``POST`` or ``PUT``.
    """

    path: str
    body: dict[str, Any]
    method: str = "POST"


class ChannelPlan(Struct, frozen=True):
    """A channel and how it takes orders.

    Args:
        code: as in ``nouns``.
        name: for people.
        type: web, phone, marketplace or store.
        market: code of the market.
        tax_mode: exclusive channels name prices without tax.
        brand: code of the brand.
        entity: code of the legal entity that sells.
        default_method: how its goods reach the customer usually.
        bad_address: refuse or stop.
    """

    code: str
    name: str
    type: str
    market: str
    tax_mode: str
    brand: str = "marlow"
    entity: str = RETAILER
    default_method: str = "ship"
    bad_address: str = "stop"


CHANNELS = (
    ChannelPlan(PHONE, "Trade desk, by phone", "phone", "gb", "exclusive"),
    ChannelPlan(TRADE_WEB, "Trade web shop", "web", "gb", "exclusive"),
    ChannelPlan(TRADE_IE, "Trade web shop, Ireland", "web", "ie", "exclusive"),
    ChannelPlan(WEB, "Web shop", "web", "gb", "inclusive"),
    ChannelPlan(MARKETPLACE, "Marketplace", "marketplace", "gb", "inclusive"),
    ChannelPlan(TILLS, "Tills", "store", "gb", "inclusive", default_method="carry_out"),
    ChannelPlan(
        FRANCHISE_TILLS,
        "Tills of franchise stores",
        "store",
        "gb",
        "inclusive",
        brand="finch",
        entity=FRANCHISEE,
        default_method="carry_out",
    ),
)


def organization() -> Iterator[Call]:
    """Return the calls that found the organization, in order."""
    vat = [{"country": "GB", "number": "980780684"}]
    retailer = {"code": RETAILER, "name": "Marlow & Finch Ltd", "vat_numbers": vat}
    retailer |= {"address": ["7 Wharf Road", "Derby", "DE1 2AA"]}
    franchisee = {"code": FRANCHISEE, "name": "Finch Franchise Stores Ltd"}
    franchisee |= {"address": ["18 Canal Street", "Nottingham", "NG1 7EH"]}
    home = {"country": "GB", "book_currency": "GBP"}
    yield Call("legal-entities", retailer | home | {"invoice_prefix": "MF-"})
    own = {"invoice_prefix": "FF-", "credit_note_prefix": "FFC-"}
    yield Call("legal-entities", franchisee | home | own)
    yield Call("brands", {"code": "marlow", "name": "Marlow & Finch"})
    yield Call("brands", {"code": "finch", "name": "Finch"})
    yield Call(
        "markets",
        {
            "code": "gb",
            "name": "Britain, and what it exports",
            "country": "GB",
            "currency": "GBP",
            "locales": ["en-GB"],
            "tax_mode": "inclusive",
            "timezone": "Europe/London",
        },
    )
    yield Call(
        "markets",
        {
            "code": "ie",
            "name": "Ireland",
            "country": "IE",
            "currency": "EUR",
            "locales": ["en-IE"],
            "tax_mode": "exclusive",
            "timezone": "Europe/Dublin",
        },
    )
    for plan in CHANNELS:
        wanted = {name: getattr(plan, name) for name in plan.__struct_fields__}
        del wanted["bad_address"]
        yield Call("channels", wanted)
    expense = {"kind": "expense"}
    yield Call(
        "ledger/accounts",
        {"code": SAMPLES, "number": "5810", "name": "Samples given away", **expense},
    )
    yield Call(
        "ledger/accounts",
        {"code": CORRECTIONS, "number": "5820", "name": "Corrections by hand", **expense},
    )
    rate = {"currency": "EUR", "book_currency": "GBP", "valid_from": RATE_FROM}
    yield Call("ledger/rates", rate | {"rate": POUNDS_PER_EURO})


def policies() -> Iterator[Call]:
    """Return the calls that decide how orders are taken in; see ``docs`` of the kinds."""
    for plan in CHANNELS:
        intake = {"backdating": True, "bad_address": plan.bad_address, "shortage": "backorder"}
        if plan.code in (PHONE, TRADE_WEB, TRADE_IE):
            intake["service"] = FREIGHT_SERVICE
            yield _policy("sourcing.settings", TRADE_SOURCING, plan.code, "Shops send no freight")
        yield _policy("orders.intake", intake, plan.code, "The demo replays recorded orders")
        returns = {"window_days": RETURN_DAYS, "delivery_refund": "never", "blind": "manager"}
        yield _policy("returns.policy", returns, plan.code, "Carriage is credited by itself")
        yield _policy("returns.handling_credit", HANDLING, plan.code, "Stores work for others")
        cash = {"cash_refund_minor_max": CASH_BACK_MINOR_MAX}
        if plan.code == WEB:
            yield _policy("orders.grace", GRACE, plan.code, "Customers see what they mistyped")
        if plan.type == "store":
            yield _policy("payments.refunds", cash, plan.code, "Whoever is unknown gets cash")
        dictated = {"price_source": "dictated"}
        yield _policy("pricing.price_source", dictated, plan.code, "Recorded prices are kept")


def carriers(carrier_url: str, carrier_key: str) -> Iterator[Call]:
    """Return the calls that connect the house carrier and the one whose outage is played.

    Args:
        carrier_url: where the strict carrier is.
        carrier_key: what it wants to be shown.
    """
    text = files("crosslane").joinpath("carriers/house_carrier.json").read_text("utf-8")
    packed = json.loads(text)
    packed["carrier"]["services"].append(FREIGHT)
    packed["tariff"]["prices"] += freight_prices()
    for service in packed["carrier"]["services"]:
        service["length_max_mm"] = PARCEL_LENGTH_MM_MAX
    yield Call("carriers/house", packed["carrier"], "PUT")
    yield Call("carriers/house/tariffs", packed["tariff"])
    yield Call(
        f"carriers/{OUTAGE_CARRIER}",
        {
            "code": OUTAGE_CARRIER,
            "name": "Swift Parcels",
            "port": "http",
            "endpoint": carrier_url,
            "api_key": carrier_key,
            "country": "GB",
            "nation": "ENG",
            "zones": [{"code": "MAINLAND", "name": "Mainland", "country": "GB", "nation": "ENG"}],
            "zone_rules": [{"zone": "MAINLAND", "country": "GB"}],
            "services": [
                {
                    "code": OUTAGE_SERVICE,
                    "name": "Swift 24",
                    "speed": "express",
                    "transit": {"MAINLAND": 1},
                    "length_max_mm": PARCEL_LENGTH_MM_MAX,
                }
            ],
        },
        "PUT",
    )
    brackets = [[1_000, 620], [2_000, 690], [5_000, 830], [10_000, 1_120], [30_000, 2_240]]
    price = {"service": OUTAGE_SERVICE, "zone": "MAINLAND", "brackets": brackets}
    tariff = {"valid_from": "2010-01-01", "currency": "GBP", "prices": [price]}
    yield Call(f"carriers/{OUTAGE_CARRIER}/tariffs", tariff)


def freight_prices() -> list[dict[str, Any]]:
    """Return what freight costs: more by weight, and by as much as the days it takes."""
    return [
        {
            "service": FREIGHT_SERVICE,
            "zone": zone,
            "brackets": [[grams, minor * (2 + days) // 4] for grams, minor in FREIGHT_BRACKETS],
        }
        for zone, days in FREIGHT["transit"].items()
    ]


def provider(url: str, api_key: str, webhook_secret: str) -> Call:
    """Return the call that connects the payment provider."""
    where = {"code": "house", "adapter": "house", "base_url": url}
    return Call(
        "payment-providers", {**where, "api_key": api_key, "webhook_secret": webhook_secret}
    )


def _policy(kind: str, value: dict[str, Any], channel: str, reason: str) -> Call:
    scope = {"type": "channel", "code": channel}
    body = {"kind": kind, "value": value, "reason": reason, "scope": scope}
    return Call("policies", {**body, "valid_from": LONG_AGO})
