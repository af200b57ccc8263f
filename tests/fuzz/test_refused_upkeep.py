"""What else can be refused, whoever below refuses: goods, people, tariffs, rates, parcels."""

from typing import Any
from uuid import UUID

import pytest

from crosslane.customers import erase
from crosslane.customers.service.privacy import EraseCustomer
from crosslane.platform.database import Database
from tests.fulfillment.floor import settle
from tests.fuzz.place import ROUTE, Place
from tests.fuzz.told import require_promised
from tests.matrix.stores import read, send

MUG = {"sku": "MUG", "category": "home"}
SET = {"sku": "SET", "category": "home", "components": [{"sku": "MUG"}]}
# Rows of one product that are refused, by the product and the code.
EDITED: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("MUG", "quantity-out-of-range"): [MUG | {"barcodes": [{"barcode": "CASE", "units": 0}]}],
    ("MUG", "bad-text-field"): [MUG | {"texts": [{"field": "Not a field", "text": "x"}]}],
    ("MUG", "barcode-twice"): [
        MUG | {"gtin": "96385074", "barcodes": [{"barcode": "96385074", "units": 6}]}
    ],
    ("MUG", "sku-twice"): [MUG, MUG],
    ("MUG", "category-twice"): [MUG, MUG | {"sku": "MUG-2", "category": "elsewhere"}],
    ("MUG", "unknown-component"): [MUG | {"sku": "MUG-2", "components": [{"sku": "NOWHERE"}]}],
    ("LAMP", "bundle-in-bundle"): [MUG | {"sku": "LAMP-2", "components": [{"sku": "SET"}]}],
    ("MUG", "component-elsewhere"): [MUG | {"components": [{"sku": "LAMP"}]}],
}


async def refused(
    place: Place, name: str, code: str, body: Any = None, path: str = "", **sent: Any
) -> None:
    """Ask; it must be refused with this code, and the document must say so."""
    route = ROUTE[name]
    answer = await place.api.admin.request(
        route.method, path or place.path(route), json=body, **sent
    )
    assert answer.json().get("code") == code, answer.text
    require_promised(route, answer)


@pytest.mark.parametrize(("product", "code"), EDITED)
async def test_of_products(place: Place, product: str, code: str):
    await send(place.api.admin, "categories", {"categories": [{"code": "elsewhere", "name": "E"}]})
    await send(place.api.admin, "product-imports", {"rows": [SET]})
    rows = {"rows": EDITED[product, code]}
    await refused(place, "catalog.edit_product", code, rows, f"/api/v1/products/{product}")


async def test_of_tariffs(place: Place):
    tariff = place.example(ROUTE["carriers.add_tariff"])
    twice = tariff | {"prices": tariff["prices"] * 2}
    await refused(place, "carriers.add_tariff", "defined-twice", twice)


async def test_of_rates(place: Place):
    same = place.example(ROUTE["ledger.set_rate"]) | {"currency": "GBP"}
    await refused(place, "ledger.set_rate", "rate-to-itself", same)


async def test_of_customers_that_were_erased(place: Place, database: Database):
    made = await send(
        place.api.admin, "customers", {"kind": "person", "name": "Ada", "email": "a@example.com"}
    )
    at = f"/api/v1/customers/{made['id']}"
    async with database.transaction(place.api.tenant) as tx:
        await erase(tx, EraseCustomer(UUID(made["id"]), "asked to be forgotten"))
    code, consent = "customer-erased", ROUTE["customers.record_consent"]
    address = f"{at}/addresses/home"
    identity = {"kind": "email", "value": "a@example.com"}
    await refused(place, consent.name, code, place.example(consent), f"{at}/consents")
    await refused(place, "customers.remove_address", code, path=address)
    await refused(
        place, "customers.remove_identity", code, path=f"{at}/identities", params=identity
    )


async def test_of_parcels(place: Place, database: Database):
    order = {
        "channel": "web",
        "buyer": {"email": "ada@example.com"},
        "lines": [{"sku": "MUG", "quantity": 1}],
        "ship_to": {"name": "Ada Brown", "country": "GB", "lines": ["1 High Street"]}
        | {"city": "Oxford", "postcode": "OX1 4AA"},
        "tenders": [{"method": "cash"}],
    }
    placed = await send(place.api.admin, "orders", order)
    await settle(database, place.api.tenant)
    [work] = (await read(place.api.admin, f"fulfillment-orders?order_id={placed['id']}"))["items"]
    await send(place.api.admin, "fulfillment-acceptances", {"fulfillment_orders": [work["id"]]})
    await send(place.api.admin, "picks", {"picks": [{"fulfillment_order": work["id"]}]})
    heavy = {"fulfillment_order": work["id"], "parcels": [{"weight_grams": 10**8}]}
    await refused(place, "fulfillment.pack_units", "parcel-too-heavy", {"packs": [heavy]})
