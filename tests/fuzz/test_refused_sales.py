"""What sales can be refused for, whoever in the layers below refuses: documented at the route."""

from typing import Any

import pytest

from crosslane.app import ROUTES
from crosslane.kernel import new_id
from tests.fuzz.place import Place
from tests.fuzz.told import require_promised
from tests.matrix.stores import send

ROUTE = {route.name: route for route in ROUTES}
HOME = {"country": "GB", "lines": ["1 High Street"], "city": "Oxford", "postcode": "OX1 4AA"}
SHIPPED = {"name": "Ada Brown", **HOME}
MUG = {"sku": "MUG", "quantity": 1}
FETCHED = MUG | {"method": "pickup", "store": "S0001"}
CASH = [{"method": "cash"}]
PROVIDER = {"provider": "house", "token": "tok_visa"}

# Of lines, by the code they are refused with.
LINES: dict[str, dict[str, Any]] = {
    "location-unknown": FETCHED | {"store": "NOWHERE"},
    "price-out-of-range": FETCHED | {"unit_price_milli": 10**12, "override_reason": "matched"},
    "override-reason-missing": FETCHED | {"unit_price_milli": 1, "override_reason": " "},
    "dictated-price-not-allowed": FETCHED | {"unit_price_milli": 1},
}
# Of tenders.
TENDERS: dict[str, dict[str, Any]] = {
    "bad-tender": {"method": "card", "provider": "house"},
    "card-number-refused": {"method": "card", "provider": "house", "token": "4242424242424242"},
    "unknown-provider": {"method": "card", "provider": "nobody", "token": "tok_visa"},
    "no-credit-account": {"method": "on_account"},
}
# Of addresses.
ADDRESSES: dict[str, dict[str, Any]] = {
    "name-missing": HOME,
    "address-text-invalid": SHIPPED | {"city": "O" * 101},
    "too-many-address-lines": SHIPPED | {"lines": ["a", "b", "c", "d", "e"]},
    "address-incomplete": SHIPPED | {"city": ""},
    "postcode-elsewhere": SHIPPED | {"country": "US", "postcode": "90210", "region": "NY"},
    "unknown-region": SHIPPED | {"country": "US", "postcode": "90210", "region": "XX"},
    "bad-postcode": SHIPPED | {"postcode": "nowhere"},
    "bad-country": SHIPPED | {"country": "XX"},
    "bad-phone": SHIPPED | {"phone": "none"},
    "bad-email": SHIPPED | {"email": "none"},
}
# Of an order as a whole.
DICTATED = MUG | {"unit_price_milli": 1000}
ORDERS: dict[str, dict[str, Any]] = {
    **{code: {"lines": [line]} for code, line in LINES.items()},
    **{code: {"tenders": [tender]} for code, tender in TENDERS.items()},
    **{code: {"lines": [MUG], "ship_to": to} for code, to in ADDRESSES.items()},
    "bad-account-number": {"buyer": {"account_number": "!"}},
    "service-unknown": {
        "channel": "bazaar",
        "lines": [DICTATED],
        "shipping_minor": 0,
        "ship_to": SHIPPED,
        "service": "carrier-pigeon",
    },
}
ORDER = {
    "channel": "web",
    "buyer": {"email": "ada@example.com"},
    "lines": [FETCHED],
    "tenders": CASH,
}


async def refused(place: Place, name: str, path: str, body: Any, code: str) -> None:
    """Post a body; it must be refused with this code, and the document must say so."""
    answer = await place.api.admin.post(f"/api/v1/{path}", json=body)
    assert answer.json().get("code") == code, answer.text
    require_promised(ROUTE[name], answer)


@pytest.mark.parametrize("code", ORDERS)
async def test_of_orders(place: Place, code: str):
    await refused(place, "orders.place_order", "orders", ORDER | ORDERS[code], code)


@pytest.mark.parametrize("code", LINES | TENDERS)
async def test_of_more_lines(place: Place, code: str):
    placed = await send(place.api.admin, "orders", ORDER)
    body = {
        "lines": [LINES.get(code, FETCHED)],
        "tenders": [TENDERS.get(code, CASH[0])],
        "reason": "the customer called",
    }
    await refused(place, "orders.add_order_lines", f"orders/{placed['id']}/lines", body, code)


@pytest.mark.parametrize("code", ADDRESSES)
async def test_of_another_address(place: Place, code: str):
    placed = await send(place.api.admin, "orders", ORDER | {"lines": [MUG], "ship_to": SHIPPED})
    body = {"ship_to": ADDRESSES[code], "reason": "the customer has moved"}
    path = f"orders/{placed['id']}/address"
    await refused(place, "orders.change_order_address", path, body, code)


def operation(**change: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "base_version": 0, "change": change}


@pytest.mark.parametrize("code", ADDRESSES)
async def test_of_addresses_in_carts(place: Place, code: str):
    giving = operation(type="address", address=ADDRESSES[code])
    body = {"channel": "web", "operations": [giving]}
    await refused(place, "carts.start_cart", "carts", body, code)


IN_CARTS = ("dictated-price-not-allowed", "store-unfit", "cart-too-large")


@pytest.mark.parametrize("code", [*TENDERS, *IN_CARTS])
async def test_of_orders_of_carts(place: Place, code: str):
    wanted = {"line_id": str(new_id()), "sku": "MUG", "quantity": 1}
    if code == "dictated-price-not-allowed":
        wanted["unit_price_milli"] = 1
    store = "DC1" if code == "store-unfit" else "S0001"
    operations = [
        operation(type="buyer", email="ada@example.com"),
        operation(type="add", **wanted),
        operation(type="option", method="pickup", store=store),
        operation(type="tender", tender_id=str(new_id()), **TENDERS.get(code, CASH[0])),
    ]
    if code == "cart-too-large":
        operations += [operation(type="coupon", code=f"C{n}") for n in range(11)]
    cart = await send(place.api.admin, "carts", {"channel": "web", "operations": operations})
    await refused(place, "carts.place_cart", f"carts/{cart['id']}/order", {}, code)
