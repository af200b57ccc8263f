"""A retailer that has something of everything, and callers of every role who may ask about it."""

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import msgspec

from crosslane.app import ROUTES
from crosslane.platform.database import Database
from crosslane.platform.web import Route
from crosslane.platform.web.binding import REQUIRED
from crosslane.platform.web.body import JSON
from tests.api import Api
from tests.matrix.stores import found_stores, read

ROUTE = {route.name: route for route in ROUTES}
# What a retailer of the tests has not: made from the examples of its routes.
FOUNDED = (
    *("organization.put_staff_members", "payments.put_provider"),
    *("pricing.put_promotion", "pricing.put_coupons"),
    *("customers.put_address", "customers.add_identity", "customers.record_consent"),
    "orders.raise_stop",
    *("ledger.set_rate", "ledger.put_account"),
)

# What a query that must be there may say.
QUERY = {"format": "jsonl", "kind": "email"}


@dataclass
class Place:
    """The retailer.

    Attributes:
        api: the application.
        callers: clients by role, the least first.
        at: what stands at a parameter of a path, by the step before it and its name.
        named: what stands in a field of a body, by the field's name.
    """

    api: Api
    callers: dict[str, httpx.AsyncClient]
    at: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def path(self, route: Route) -> str:
        """Return the route's address with what there is; where there is nothing, an address of
        the right form."""
        return filled(route, self.parameters(route))

    def parameters(self, route: Route) -> dict[str, str]:
        """Return what stands at the parameters of the route's path."""
        steps = route.path.split("/")
        return {
            step[1:-1]: self.at.get(f"{before}/{step}") or nobody(route, step[1:-1])
            for before, step in pairwise(steps)
            if step.startswith("{")
        }

    def query(self, route: Route) -> dict[str, str]:
        """Return what the route's query must have."""
        fields = route.signature.query.values()
        return {f.name: QUERY.get(f.name, "1") for f in fields if f.default is REQUIRED}

    def example(self, route: Route) -> Any:
        """Return the route's example, aimed at what there is."""
        return self.aimed(msgspec.json.decode(msgspec.json.encode(route.example)))

    def aimed(self, value: Any, name: str = "") -> Any:
        """Return a body that names what there is wherever it names something."""
        if isinstance(value, dict):
            return {key: self.aimed(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.aimed(inner, name.removesuffix("s")) for inner in value]
        return self.named.get(name, value) if isinstance(value, str) and value else value


def filled(route: Route, parameters: dict[str, str]) -> str:
    """Return the route's address with these parameters."""
    return route.path.format(**parameters)


def nobody(route: Route, name: str) -> str:
    """Return a value of the parameter's type that names nothing."""
    known = {UUID: str(UUID(int=7)), date: "2026-01-05", int: "7"}
    return known.get(route.signature.path[name].type, "nobody") if name != "link" else "nobody"


async def found_place(database: Database, api: Api) -> Place:
    """Make the retailer."""
    store = (await found_stores(database, api))[0]
    order = await read(api.admin, f"orders/{store.own['order']}")
    place = Place(api, await _callers(api, store.location_id))
    place.at = {
        "orders/{order_id}": order["id"],
        "orders/{order}": order["number"],
        "lines/{line_id}": order["lines"][0]["id"],
        "payments/{payment_id}": order["money"]["tenders"][0]["payment_id"],
        "customers/{customer_id}": order["customer_id"],
        "credit-accounts/{customer_id}": order["customer_id"],
        "costs/{sku}": "MUG",
        "variants/{sku}": "MUG",
        "addresses/{label}": "home",
        "locations/{code}": store.code,
        "channels/{code}": "bazaar",
        "pictures/{tenant}": api.tenant,
        "holds/{hold_id}": store.own["hold"],
        "carts/{cart_id}": store.own["cart"],
    }
    place.named = {
        "sku": "MUG",
        "location": store.code,
        "store": store.code,
        "location_id": store.location_id,
        "channel": "web",
        "entity": "mf",
        "brand": "marlow",
        "market": "gb",
        "category": "home",
        "order_id": order["id"],
        "order": order["number"],
        "customer_id": order["customer_id"],
        "fulfillment_order": store.own["work"],
        "incoming_id": store.own["incoming"],
        "as_of": "2026-01-05T12:00:00Z",
    }
    # Whoever revokes a key or changes an account at random takes these, not a caller's own.
    key, account = [await _make(place, ROUTE[f"auth.create_{what}"]) for what in ("key", "account")]
    place.at |= {"api-keys/{key_id}": key["key"]["id"], "accounts/{account_id}": account["id"]}
    for name in FOUNDED:
        await _make(place, ROUTE[name])
    await _look_round(place)
    return place


async def _callers(api: Api, location_id: str) -> dict[str, httpx.AsyncClient]:
    scopes = sorted({route.permission for route in ROUTES})
    return {
        "anonymous": api.client(),
        "associate": await api.staff("associate", location_id=location_id),
        "agent": await api.staff("agent"),
        "manager": await api.staff("manager"),
        "integrator": await _key(api, scopes),
        "admin": api.admin,
    }


async def _key(api: Api, scopes: list[str]) -> httpx.AsyncClient:
    held = [scope for scope in scopes if scope.split(":")[0] in _INTEGRATED]
    return await api.key(held)


_INTEGRATED = {
    *("catalog", "customers", "locations", "carriers", "payments", "inventory", "pricing"),
    *("sourcing", "orders", "fulfillment", "carts", "channels", "engagement", "vendors"),
    "transfers",
}


async def _make(place: Place, route: Route) -> Any:
    answer = await place.api.admin.request(
        route.method, place.path(route), json=place.example(route)
    )
    assert answer.is_success, f"{route.name}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def _look_round(place: Place) -> None:
    """Note the first thing of every list for the parameters behind its address."""
    lists = {route.path for route in ROUTES if route.method == "GET" and route.produces == JSON}
    for route in sorted(ROUTES, key=lambda route: len(route.signature.path)):
        before, _, last = route.path.rpartition("/")
        step = f"{before.rpartition('/')[2]}/{last}"
        if not last.startswith("{") or step in place.at or before not in lists:
            continue
        answer = await place.api.admin.get(before.format(**place.parameters(route)))
        shown = answer.json()
        items = shown.get("items", []) if isinstance(shown, dict) else shown
        if answer.is_success and items:
            first = items[0]
            place.at[step] = str(first.get(last[1:-1]) or first.get("id") or first.get("code"))
