"""Every page, fragment and form of the staff's apps × an associate of another store, and every
address behind an order's link × another order: nothing is seen, nothing changes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from crosslane.app import ROUTES
from crosslane.kernel import new_id
from crosslane.platform.actor import covers
from crosslane.platform.auth import permissions_of
from crosslane.platform.database import Database
from crosslane.platform.screens import UPLOAD
from crosslane.platform.settings import read_settings
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import Link, sign_link
from crosslane.platform.web import PUBLIC
from tests.api import Api
from tests.matrix.stores import Store, read

REFUSED = {403, 404}
FRAGMENT = {"HX-Request": "true"}
SCREENS = {route.name: route for route in ROUTES if not route.path.startswith("/api/")}
HELD = permissions_of("associate")
THEIRS = {name for name, one in SCREENS.items() if covers(HELD, one.permission)} - {
    name for name, one in SCREENS.items() if one.permission == PUBLIC
}
# What belongs to one store; a form is sent with these fields.
OWNED: Mapping[str, Mapping[str, str]] = {
    "office.show_order": {},
    "office.ask_goodwill": {},
    "office.give_goodwill": {"minor": "100", "amount": "1.00", "reason": "sorry"},
    "office.count_article": {"quantity": "1"},
    "office.take_store_parcels": {},
    "office.show_transfer": {},
    "office.send_office_transfer": {},
    "office.receive_office_transfer": {},
    "office.cancel_office_transfer": {},
    "office.ask_for_transfer": {"source": "S0002", "destination": "DC1", "units.MUG": "1"},
    "office.show_office_return": {},
    "office.receive_goods_back": {},
    "office.grade_goods_back": {},
    "office.take_coming": {"units": "1"},
    "office.take_bins_in": {},
}
# Their pages are there for every store; the refusal stands on them.
REFUSED_ON_THE_PAGE = {
    *("office.count_article", "office.take_coming", "office.take_store_parcels"),
    "office.ask_for_transfer",
}
# What shows a caller what is its own only.
LISTS = {
    "office.show_today": "",
    "office.list_orders": "",
    "office.find_anything": "?q=S0002",
    "office.show_store_parcels": "",
    "office.show_transfers": "",
    "office.list_returns_of_office": "",
}
# The same for all stores, as in test_stores.py: stock, goods, places, rules, and one's own account.
SHARED = {
    *("office.show_stock", "office.show_article_stock", "office.show_why", "office.show_coming"),
    *("office.show_feeds", "office.show_feed_messages", "office.show_feed_message"),
    *("office.show_locations", "office.show_location_page"),
    *("office.show_bins", "office.take_bins_along"),
    *("office.ask_office_return", "office.request_office_return"),
    *("office.show_catalog", "office.show_catalog_article"),
    *("office.list_rules", "office.show_rule", "office.show_version"),
    # Stock, and a list of articles that nobody keeps.
    *("office.show_new_transfer", "office.gather_transfer"),
    # A person's own views; a tally of what was chosen, of orders that the person sees.
    *("office.save_order_view", "office.delete_order_view", "office.preview_order_deed"),
    # That something changed, and of what kind it is.
    "screens.show_changes",
}
# Apps whose addresses all name a store, or nothing but one's own account; tests of their own.
ELSEWHERE = ("store.", "sign_in.")


def test_every_screen_of_an_associate_is_owned_or_shared():
    known = {*OWNED, *LISTS, *SHARED}
    assert sorted(name for name in THEIRS - known if not name.startswith(ELSEWHERE)) == []
    assert sorted(known - THEIRS) == []


def named(store: Store, path: str) -> dict[str, str]:
    """What an address names of a store's belongings."""
    own = store.own
    return {
        "number": own["return_number" if path.startswith("/office/returns/") else "number"],
        "work_id": own["work"],
        "line_id": own["incoming"],
        "variant_id": own["variant"],
        "place": store.code,
        "transfer": own["transfer"],
    }


async def aim(
    client: httpx.AsyncClient, name: str, store: Store, headers: Mapping[str, str] = {}
) -> httpx.Response:
    route = SCREENS[name]
    fields = {"_wish": new_id().hex, **OWNED.get(name, {})}
    sent: dict[str, Any] = {} if route.method == "GET" else {"data": fields}
    if route.consumes == UPLOAD:
        sent["files"] = {"table": ("bins.csv", b"sku,bin\nMUG,A1\n")}
    path = route.path.format(**named(store, route.path))
    return await client.request(route.method, path, headers=dict(headers), **sent)


async def belongings(api: Api, store: Store) -> list[dict]:
    paths = (
        f"orders/{store.own['order']}",
        f"fulfillment-orders/{store.own['work']}",
        f"inventory/positions/{store.own['position']}/movements",
        f"inventory/incoming?location={store.code}",
        f"transfers/{store.own['transfer']}",
    )
    return [await read(api.admin, path) for path in paths]


async def test_nobody_reaches_into_another_store_by_a_screen(
    database: Database, api: Api, stores: list[Store]
):
    stranger, victim = stores
    async with database.transaction(api.tenant) as tx:
        variant = await tx.fetchval("select id from catalog_variant where sku = 'MUG'")
    victim.own["variant"] = str(variant)
    back = await read(api.admin, f"returns/{victim.own['return']}")
    victim.own["return_number"] = back["number"]
    before = await belongings(api, victim)
    for name in OWNED:
        for headers in ({}, FRAGMENT):
            answer = await aim(stranger.associate, name, victim, headers)
            refused = {*REFUSED, *({422} if name in REFUSED_ON_THE_PAGE else ())}
            assert answer.status_code in refused, (name, answer.status_code, answer.text[:500])
            told = answer.text.replace(victim.own["number"], "")
            assert "Buyer of" not in told
            assert victim.own["order"] not in told
    assert await belongings(api, victim) == before
    # The same addresses are there for the store's own people.
    for name in OWNED:
        answer = await aim(victim.associate, name, victim)
        assert answer.status_code not in {*REFUSED, 500}, (name, answer.text[:500])


async def test_screens_list_what_is_the_callers_own(stores: list[Store]):
    stranger, victim = stores
    for name, query in LISTS.items():
        for headers in ({}, FRAGMENT):
            path = SCREENS[name].path + query
            seen = await stranger.associate.get(path, headers=headers)
            assert seen.status_code == 200, (name, seen.text[:500])
            for what in ("number", "order", "work", "return", "cart"):
                assert victim.own[what] not in seen.text, (name, what)
            assert "Buyer of S0002" not in seen.text, name


async def test_other_screens_do_not_open_to_an_associate(stores: list[Store]):
    for name, route in SCREENS.items():
        if route.permission == PUBLIC or name in THEIRS:
            continue
        path = route.path.format(**dict.fromkeys(route.signature.path, "1"))
        sent = {} if route.method == "GET" else {"data": {"_wish": new_id().hex}}
        answer = await stores[0].associate.request(route.method, path, **sent)
        assert answer.status_code == 403, (name, answer.status_code, answer.text[:300])


async def test_screens_lead_whoever_is_not_signed_in_to_the_door(api: Api):
    for name, route in SCREENS.items():
        if route.permission == PUBLIC or route.method != "GET":
            continue
        path = route.path.format(**dict.fromkeys(route.signature.path, "1"))
        answer = await api.client().get(path)
        led = answer.headers.get("location", "").startswith("/sign-in")
        assert answer.status_code == 401 or (answer.status_code == 303 and led), name


async def test_a_link_opens_its_own_order_alone(
    database: Database, api: Api, stores: list[Store], tmp_path_factory: pytest.TempPathFactory
):
    mine, theirs = stores
    tenant = await find_tenant(database, name=api.tenant)
    assert tenant is not None
    until = datetime.now(UTC) + timedelta(days=1)
    # As the application of tests/api.py has it.
    home = next(tmp_path_factory.getbasetemp().glob("home*"))
    secret_key = read_settings({"CROSSLANE_HOME": str(home)}).secret_key()
    link = sign_link(secret_key, Link(tenant.key_prefix, "order", UUID(mine.own["order"]), until))
    customer = api.client()
    assert (await customer.get(f"/o/{link}")).status_code == 200
    back = await read(api.admin, f"returns/{theirs.own['return']}")
    paper = await read(api.admin, f"documents/{theirs.own['document']}")
    for name, route in SCREENS.items():
        if not route.path.startswith("/o/{link}/") or "number" not in route.signature.path:
            continue
        for number in (back["number"], paper["number"], theirs.own["number"]):
            sent = {} if route.method == "GET" else {"data": {"confirmed": "1"}}
            path = route.path.format(link=link, number=number)
            answer = await customer.request(route.method, path, **sent)
            assert answer.status_code == 404, (name, answer.status_code)
            assert "Buyer of" not in answer.text
