"""A retailer to measure with, founded over HTTP; its stock is laid by SQL, for there is much."""

import json
from collections.abc import Iterator
from importlib.resources import files
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from crosslane.bench.figures import Scale
from crosslane.kernel import new_id
from crosslane.platform.database import Tx

LAY_STOCK = files("crosslane.bench").joinpath("sql/lay_stock.sql")
WAREHOUSES = 6
UNITS_IN_WAREHOUSE = 1_000_000
UNITS_IN_STORE = 5
ARTICLES_AT_ONCE = 2_000
ROWS_AT_ONCE = 5_000
CALL_SECONDS_MAX = 60.0
LONG_AGO = "2009-01-01T00:00:00Z"
ABILITIES = ("ship", "carry_out")
STORE_ABILITIES = (*ABILITIES, "pickup", "ship_to_store", "receive_returns")
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
POSTCODES = ("DE74 2NE", "SN3 4NF", "OX1 1AA", "AB11 5RN", "EH1 1YZ", "M1 1AE", "LS1 4AP")
Call = tuple[str, dict[str, Any]]

WAREHOUSE_CODES = tuple(f"DC{number}" for number in range(1, WAREHOUSES + 1))


def skus(scale: Scale) -> list[str]:
    """Return every SKU that is sold."""
    return [f"A{number:05}" for number in range(scale.articles)]


async def found_shop(url: str, api_key: str, scale: Scale, *, host: str) -> None:
    """Set up everything an order needs but stock.

    Args:
        url: where Crosslane answers.
        api_key: may do everything.
        scale: how large it is.
        host: name by which the retailer is asked for.

    Raises:
        httpx.HTTPStatusError: something was refused.
    """
    packed = json.loads(files("crosslane.carriers").joinpath("house_carrier.json").read_text())
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1",
        headers={"Authorization": f"Bearer {api_key}", "Host": host},
        timeout=CALL_SECONDS_MAX,
        trust_env=False,
    ) as client:
        for path, body in (*_organization(), *_places(scale), *_goods(scale)):
            await _send(client, "POST", path, body)
        await _send(client, "PUT", "/carriers/house", packed["carrier"])
        await _send(client, "POST", "/carriers/house/tariffs", packed["tariff"])


async def _send(client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]) -> None:
    answer = await client.request(
        method, path, json=body, headers={"Idempotency-Key": str(uuid4())}
    )
    answer.raise_for_status()


def _organization() -> Iterator[Call]:
    entity = {"code": "mf", "name": "Marlow & Finch Ltd", "country": "GB", "book_currency": "GBP"}
    yield "/legal-entities", entity
    yield "/brands", {"code": "marlow", "name": "Marlow"}
    market = {"code": "gb", "name": "Britain", "country": "GB", "currency": "GBP"}
    how = {"locales": ["en-GB"], "tax_mode": "inclusive", "timezone": "Europe/London"}
    yield "/markets", market | how
    channel = {"code": "web", "name": "Web shop", "type": "web"}
    yield "/channels", channel | {"brand": "marlow", "market": "gb", "entity": "mf"}


def _places(scale: Scale) -> Iterator[Call]:
    rows = [
        {
            "code": code,
            "kind": "warehouse" if code in WAREHOUSE_CODES else "store",
            "entity": "mf",
            "name": f"Place {code}",
            "country": "GB",
            "nation": "ENG",
            "postcode": POSTCODES[number % len(POSTCODES)],
            "timezone": "Europe/London",
            "abilities": ABILITIES if code in WAREHOUSE_CODES else STORE_ABILITIES,
            "hours": {day: ["08:00-20:00"] for day in WORKDAYS},
            "cut_off": "15:00",
            "handling_hours": 2,
            "parcels_per_day": scale.parcels_per_day,
            "handling_parcel_minor": 55 if code in WAREHOUSE_CODES else 110,
        }
        for number, code in enumerate(place_codes(scale))
    ]
    yield "/location-imports", {"rows": rows}


def _goods(scale: Scale) -> Iterator[Call]:
    yield "/categories", {"categories": [{"code": "home", "name": "Home"}]}
    rows = [
        {
            "sku": sku,
            "category": "home",
            "title": f"Article {sku}",
            "weight_grams": 100 + number % 900,
        }
        for number, sku in enumerate(skus(scale))
    ]
    for part in _parts(rows):
        yield "/product-imports", {"rows": part}
    rate = {"country": "GB", "tax_class": "standard", "rate_bp": 2000, "valid_from": LONG_AGO}
    yield "/tax-rates", {"rates": [rate]}
    gross = {"currency": "GBP", "basis": "gross", "valid_from": LONG_AGO}
    yield (
        "/shipping-prices",
        {"prices": [gross | {"service": "STANDARD48", "amount_minor": 395}]},
    )
    yield "/price-lists", gross | {"code": "retail", "title": "Retail", "tax_country": "GB"}
    prices = [
        {"sku": sku, "unit_price_milli": 100_000 + 1_000 * (number % 900)}
        for number, sku in enumerate(skus(scale))
    ]
    for part in _parts(prices):
        yield "/price-imports", {"price_list": "retail", "rows": part, "valid_from": LONG_AGO}


async def lay_stock(tx: Tx, scale: Scale) -> None:
    """Let things lie in warehouses and stores, in one transaction; the same on every run.

    Args:
        tx: open transaction of a tenant whose shop is founded, without a limit on its time.
        scale: how many places and articles there are.
    """
    draw = Random(1)  # noqa: S311 - a repeatable spread, nothing secret
    everything, stores = skus(scale), _stores(scale)
    stocked = dict.fromkeys(WAREHOUSE_CODES, everything)
    stocked |= {code: draw.sample(everything, scale.articles_per_store) for code in stores}
    lies = {sku: [] for sku in everything}
    for code, goods in stocked.items():
        for sku in goods:
            lies[sku].append(code)
    for start in range(0, len(everything), ARTICLES_AT_ONCE):
        rows = [
            (sku, code, UNITS_IN_STORE if code[0] == "S" else UNITS_IN_WAREHOUSE)
            for sku in everything[start : start + ARTICLES_AT_ONCE]
            for code in lies[sku]
        ]
        await tx.execute(LAY_STOCK.read_text(), *map(list, zip(*rows, strict=True)), new_id())


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def place_codes(scale: Scale) -> list[str]:
    """Return the code of every place that ships, warehouses first."""
    return [*WAREHOUSE_CODES, *_stores(scale)]


def _stores(scale: Scale) -> list[str]:
    return [f"S{number:04}" for number in range(scale.stores)]
