"""Every operation of an associate × another store's things: nothing is seen, nothing changes."""

from collections.abc import Callable
from typing import Any

import httpx

from crosslane.app import ROUTES
from crosslane.kernel import new_id
from crosslane.platform.actor import covers
from crosslane.platform.auth import permissions_of
from crosslane.platform.auth.roles import HELD_TO_A_LOCATION
from tests.api import Api
from tests.matrix.stores import Store, read

REFUSED = {403, 404}
Aim = Callable[[Store], Any]
"""A body aimed at the things of a store; None where the address says it all."""


def nothing(store: Store) -> None:
    return None


def of_work(name: str, **more: Any) -> Aim:
    return lambda store: {name: [{"fulfillment_order": store.own["work"], **more}]}


def of_stock(**line: Any) -> Aim:
    return lambda store: {"lines": [{"sku": "MUG", "location": store.code, **line}]}


def of_till(store: Store) -> dict[str, Any]:
    return {
        "minor": 1_000,
        "paid_by": "cash",
        "reference": "receipt 1",
        "location_id": store.location_id,
    }


ADDED = {"type": "add", "line_id": str(new_id()), "sku": "MUG", "quantity": 1}

# What belongs to one store: how a caller aims at it.
OWNED: dict[str, Aim] = {
    "fulfillment.show_work": nothing,
    "fulfillment.accept_work": lambda store: {"fulfillment_orders": [store.own["work"]]},
    "fulfillment.pick_units": of_work("picks"),
    "fulfillment.pack_units": of_work("packs"),
    "fulfillment.hand_over_parcels": lambda store: {"fulfillment_orders": [store.own["work"]]},
    "fulfillment.arrive_at_store": lambda store: {"fulfillment_order": store.own["work"]},
    "fulfillment.collect_goods": lambda store: {
        "fulfillment_order": store.own["work"],
        "pickup_code": "000000",
    },
    "inventory.count_stock": of_stock(quantity=7),
    "inventory.put_bins": of_stock(bins=["A1"]),
    "inventory.receive_stock": of_stock(quantity=1),
    "inventory.receive_incoming": lambda store: {
        "lines": [{"incoming_id": store.own["incoming"], "quantity": 1}]
    },
    "orders.show_order": nothing,
    "orders.show_timeline": nothing,
    "carts.show_cart": nothing,
    "carts.list_choices": nothing,
    "carts.edit_cart": lambda store: {
        "operations": [{"id": str(new_id()), "base_version": 0, "change": ADDED}]
    },
    "carts.quote_cart": nothing,
    "carts.hold_cart": nothing,
    "carts.place_cart": lambda store: {"version": 1},
    "returns.show_return": nothing,
    "returns.show_timeline": nothing,
    "returns.receive_return": lambda store: {"location": store.code},
    "returns.grade_return": lambda store: {},
    "returns.take_back": lambda store: {
        "channel": "till",
        "location": store.code,
        "order": store.own["number"],
        "lines": [{"sku": "MUG", "quantity": 1}],
    },
    "transfers.request_transfer": lambda store: {
        "source": store.code,
        "destination": "DC1",
        "lines": [{"sku": "MUG", "quantity": 1}],
    },
    "transfers.show_transfer": nothing,
    "transfers.show_history": nothing,
    "transfers.send_transfer": lambda store: {"lines": [{"sku": "MUG", "quantity": 1}]},
    "transfers.receive_transfer": lambda store: {},
    "transfers.cancel_transfer": lambda store: {},
    "documents.list_order_documents": nothing,
    "documents.show_document": nothing,
    "documents.download_document": nothing,
    "documents.download_e_invoice": nothing,
    "orders.appease_customer": lambda store: {"minor": 1, "reason": "sorry"},
    "payments.issue_gift_card": lambda store: of_till(store) | {"channel": "till"},
    "payments.top_up": lambda store: of_till(store) | {"currency": "GBP"},
    # Last: it takes the work away that the others aim at.
    "fulfillment.reject_work": lambda store: {
        "fulfillment_order": store.own["work"],
        "reason": "the shelf is empty",
    },
}
# Lists that show a caller what is its own only.
LISTS = {
    "fulfillment.list_work": "",
    "orders.list_orders": "",
    "orders.search_orders": "?q=MUG",
    "carts.list_carts": "",
    "organization.list_staff_members": "",
    "transfers.list_transfers": "",
    "returns.list_returns": "",
    "returns.list_handling_credits": "?location=S0001",
}
# One's own account; the retailer's plan, goods and prices; stock, which every store sees of every
# other so that it can send a customer there.
SHARED = {
    "auth": None,
    "catalog": None,
    "locations": None,
    "pricing": None,
    "carts": {"carts.start_cart"},
    # A gift card is bought in one store and taken in every other.
    "payments": {"payments.look_up"},
    # Goods come back to any store, so each may ask what of an order may, and announce it.
    "returns": {"returns.show_returnable", "returns.request_return"},
    "organization": {
        *("organization.list_legal_entities", "organization.show_legal_entity"),
        *("organization.list_brands", "organization.list_markets", "organization.show_market"),
        *("organization.list_channels", "organization.show_channel"),
        *("organization.show_staff_member", "organization.list_policy_kinds"),
        *("organization.list_policies", "organization.show_policy_in_force"),
    },
    "inventory": {
        *("inventory.show_availability", "inventory.query_availability"),
        *("inventory.list_positions", "inventory.show_position", "inventory.list_movements"),
        *("inventory.list_allocations", "inventory.list_position_holds", "inventory.list_holds"),
        *("inventory.show_hold", "inventory.list_of_cause", "inventory.list_cost_changes"),
        *("inventory.list_messages", "inventory.list_feeds", "inventory.list_incoming"),
        "inventory.list_bins",
    },
}
ROUTE = {route.name: route for route in ROUTES}


def test_every_operation_of_an_associate_is_owned_or_shared():
    held = permissions_of("associate")
    # Screens are in test_screens.py.
    calls = [route for route in ROUTES if route.path.startswith("/api/")]
    theirs = {route.name for route in calls if covers(held, route.permission)}
    shared = {
        name
        for name in theirs
        for module in [name.partition(".")[0]]
        if module in SHARED and (SHARED[module] is None or name in SHARED[module])
    }
    assert theirs - shared == OWNED.keys() | LISTS.keys()
    assert not shared & OWNED.keys()


async def aim(client: httpx.AsyncClient, name: str, store: Store) -> httpx.Response:
    route = ROUTE[name]
    own = store.own
    path = route.path.format(
        work_id=own["work"],
        order=own["number"],
        cart_id=own["cart"],
        order_id=own["order"],
        named=own["return"],
        return_id=own["return"],
        transfer=own["transfer"],
        document_id=own["document"],
        account_id=own["gift"],
    )
    return await client.request(route.method, path, json=OWNED[name](store))


async def belongings(api: Api, store: Store) -> dict[str, Any]:
    """All that another store could have changed of a store."""
    own = store.own
    return {
        path: await read(api.admin, path)
        for path in (
            f"fulfillment-orders/{own['work']}",
            f"orders/{own['order']}",
            f"carts/{own['cart']}",
            f"returns/{own['return']}",
            f"transfers/{own['transfer']}",
            f"inventory/holds/{own['hold']}",
            f"inventory/positions/{own['position']}/movements",
            f"inventory/incoming?location={store.code}",
        )
    }


async def test_nobody_reaches_into_another_store(api: Api, stores: list[Store]):
    stranger, victim = stores
    before = await belongings(api, victim)
    for name in OWNED:
        answer = await aim(stranger.associate, name, victim)
        assert answer.status_code in REFUSED, (name, answer.status_code, answer.text)
        # A refusal repeats what was asked for.
        asked_for = "{order}" in ROUTE[name].path
        assert victim.own["number"] not in answer.text or asked_for, name
    assert await belongings(api, victim) == before


async def test_the_own_people_reach_all_of_it(stores: list[Store]):
    # The other one stays as it was founded, for the lists.
    store = stores[0]
    for name in OWNED:
        answer = await aim(store.associate, name, store)
        told = (name, answer.status_code, answer.text)
        known = answer.json()["code"] if answer.status_code in REFUSED else ""
        # A wrong pickup code is refused as forbidden, but by whoever knows the work; so is what the
        # other end of a transfer has to say.
        fitting = ("wrong-pickup-code", "foreign-transfer")
        assert answer.status_code not in REFUSED or known in fitting, told


async def test_lists_hold_what_is_the_callers_own(stores: list[Store]):
    stranger, victim = stores
    for name, query in LISTS.items():
        path = ROUTE[name].path + query
        theirs = (await victim.associate.get(path)).text
        seen = await stranger.associate.get(path)
        assert seen.status_code == 200, (name, seen.text)
        for what, identifier in victim.own.items():
            assert identifier not in seen.text, (name, what)
        if name.startswith(("fulfillment.", "orders.", "carts.", "returns.list_returns")):
            assert any(identifier in theirs for identifier in victim.own.values()), name


async def test_a_customers_details_are_not_found_by_another_store(stores: list[Store]):
    stranger, victim = stores
    found = await stranger.associate.get("/api/v1/order-search?q=s0002@example.com")
    assert found.json()["items"] == []
    found = await victim.associate.get("/api/v1/order-search?q=s0002@example.com")
    assert [one["id"] for one in found.json()["items"]] == [victim.own["order"]]


async def test_a_key_of_one_store_cannot_hold_what_concerns_all(api: Api, stores: list[Store]):
    for permission in sorted({route.permission for route in ROUTES}):
        body = {
            "name": "till",
            "scopes": [permission],
            "role": "integrator",
            "location_id": stores[0].location_id,
        }
        answer = await api.admin.post("/api/v1/api-keys", json=body)
        fits = covers(permissions_of("integrator"), permission) and permission != "public"
        if covers(frozenset(HELD_TO_A_LOCATION), permission) and fits:
            assert answer.status_code == 201, (permission, answer.text)
        else:
            assert answer.status_code == 422, (permission, answer.text)


async def test_only_an_associate_is_held_to_a_location(api: Api, stores: list[Store]):
    body = {
        "email": "boss@example.com",
        "password": "a long sentence",
        "role": "manager",
        "location_id": stores[0].location_id,
    }
    answer = await api.admin.post("/api/v1/accounts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "location-unfit")
