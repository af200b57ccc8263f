"""A small retailer founded over HTTP alone: two warehouses and a web shop."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import httpx

from tests.payments.fake import API_KEY, WEBHOOK_SECRET

LONG_AGO = "2009-01-01T00:00:00Z"
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
WEEK = {day: ["08:00-20:00"] for day in WORKDAYS}
HOME = {
    "name": "Ada Brown",
    "lines": ["12 High Street"],
    "city": "Oxford",
    "postcode": "OX1 4AA",
    "country": "GB",
}
WAREHOUSES = {"DC1": "DE74 2NE", "DC2": "SN3 4NF"}
GOODS = {"MUG": ("Red mug", 350, 600_000), "LAMP": ("Desk lamp", 2_500, 2_499_000)}
Stock = dict[tuple[str, str], int]
Call = tuple[str, dict[str, Any]]


async def found_retailer(
    client: httpx.AsyncClient,
    provider_url: str,
    stock: Stock,
    carrier: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Set up everything an order needs.

    Args:
        client: may do everything; sends an Idempotency-Key with each POST.
        provider_url: where the strict payment provider is.
        stock: units by SKU and location.
        carrier: what is different from the house carrier as it is shipped in.
    """
    for path, body in (*_organization(), *_places(), *_goods()):
        await send(client, path, body)
    packed = json.loads(files("crosslane.carriers").joinpath("house_carrier.json").read_text())
    await send(client, "carriers/house", {**packed["carrier"], **carrier}, method="PUT")
    await send(client, "carriers/house/tariffs", packed["tariff"])
    provider = {"code": "house", "adapter": "house", "base_url": provider_url}
    secrets = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    await send(client, "payment-providers", provider | secrets)
    lines = [
        {"sku": sku, "location": place, "quantity": units, "unit_cost_milli": 200_000}
        for (sku, place), units in stock.items()
    ]
    await send(client, "inventory/receipts", {"lines": lines})


async def send(client: httpx.AsyncClient, path: str, body: Any, *, method: str = "POST") -> Any:
    """Send a body and return the answer to it, which must be a success."""
    answer = await client.request(method, path, json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()


def order(*lines: tuple[str, int], card: str = "visa") -> dict[str, Any]:
    """A web order of SKUs and units, paid by card."""
    return {
        "channel": "web",
        "buyer": {"email": "ada@example.com", "name": "Ada Brown"},
        "ship_to": HOME,
        "lines": [{"sku": sku, "quantity": units} for sku, units in lines],
        "tenders": [{"method": "card", "token": f"tok_{card}", "provider": "house"}],
    }


def _organization() -> Iterator[Call]:
    yield (
        "legal-entities",
        {"code": "mf", "name": "Marlow & Finch Ltd", "country": "GB", "book_currency": "GBP"},
    )
    yield "brands", {"code": "marlow", "name": "Marlow"}
    market = {"code": "gb", "name": "Britain", "country": "GB", "currency": "GBP"}
    how = {"locales": ["en-GB"], "tax_mode": "inclusive", "timezone": "Europe/London"}
    yield "markets", market | how
    channel = {"code": "web", "name": "Web shop", "type": "web"}
    yield "channels", channel | {"brand": "marlow", "market": "gb", "entity": "mf"}


def _places() -> Iterator[Call]:
    for code, postcode in WAREHOUSES.items():
        yield (
            "locations",
            {
                "code": code,
                "kind": "warehouse",
                "entity": "mf",
                "name": f"Warehouse {code}",
                "country": "GB",
                "nation": "ENG",
                "postcode": postcode,
                "timezone": "Europe/London",
                "abilities": ["ship"],
                "hours": WEEK,
                "cut_off": "15:00",
                "handling_hours": 2,
            },
        )


def _goods() -> Iterator[Call]:
    yield "categories", {"categories": [{"code": "home", "name": "Home"}]}
    rows = [
        {"sku": sku, "category": "home", "title": title, "weight_grams": grams}
        for sku, (title, grams, _) in GOODS.items()
    ]
    yield "product-imports", {"rows": rows}
    rate = {"country": "GB", "tax_class": "standard", "rate_bp": 2000, "valid_from": LONG_AGO}
    yield "tax-rates", {"rates": [rate]}
    gross = {"currency": "GBP", "basis": "gross"}
    delivery = {"service": "STANDARD48", "amount_minor": 395, "valid_from": LONG_AGO}
    yield "shipping-prices", {"prices": [gross | delivery]}
    listed = {"code": "retail", "title": "Retail", "tax_country": "GB", "valid_from": LONG_AGO}
    yield "price-lists", gross | listed
    prices = [{"sku": sku, "unit_price_milli": milli} for sku, (_, _, milli) in GOODS.items()]
    yield "price-imports", {"price_list": "retail", "rows": prices, "valid_from": LONG_AGO}
