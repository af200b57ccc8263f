"""Taking turns by PIN on a shared device: only there, only its store's people, few tries."""

from typing import Any

import httpx
import pytest

from crosslane.kernel import new_id
from crosslane.platform import auth
from crosslane.platform.auth import domain
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import DEVICE, new_token
from tests.api import PASSWORD, Api
from tests.matrix.stores import found_stores
from tests.sign_in.browsing import make_account, member, send, signed_in

PIN = "2580"


class Till:
    """A shared device of a store, with two people who have PINs."""

    def __init__(self, location_id: str, cookie: str, people: list[dict[str, Any]]) -> None:
        self.location_id = location_id
        self.cookie = cookie
        self.people = people

    def browser(self, api: Api) -> httpx.AsyncClient:
        """A browser on the device."""
        browser = api.client()
        name, _, value = self.cookie.partition("=")
        browser.cookies.set(name, value, domain=api.host)
        return browser


async def with_pin(api: Api, location_id: str) -> dict[str, Any]:
    account = await make_account(api, "associate", location_id=location_id)
    browser, _ = await signed_in(api, account["email"])
    answer = await send(browser, "/me/pin", present=PASSWORD, pin=PIN)
    assert answer.status_code == 303, answer.text
    return account


@pytest.fixture
async def till(api: Api, database: Database, lanes: Lanes) -> Till:
    location_id = new_id()
    found = await find_tenant(database, name=api.tenant)
    token = new_token(DEVICE, found.key_prefix)
    mark = auth.MarkDevice(token.id, token.digest, "Till 2", location_id)
    await lanes.run(api.tenant, auth.MARK_DEVICE, "mark", mark)
    people = [await with_pin(api, str(location_id)) for _ in range(2)]
    return Till(str(location_id), f"{auth.DEVICE_COOKIE}={token}", people)


async def test_people_take_turns_and_the_one_before_is_signed_out(api, till):
    device = till.browser(api)
    page = await device.get("/switch")
    assert all(one["email"] in page.text for one in till.people)
    first, second = till.people
    answer = await send(device, "/switch", who=first["id"], pin=PIN, next="/store/picks")
    assert (answer.status_code, answer.headers["location"]) == (303, "/store/picks")
    before = dict(device.cookies)
    assert (await device.get("/api/v1/me")).json()["id"] == first["id"]
    await send(device, "/switch", who=second["id"], pin=PIN)
    assert (await device.get("/api/v1/me")).json()["id"] == second["id"]
    old = api.client()
    old.cookies.set("__Host-crosslane", before["__Host-crosslane"], domain=api.host)
    assert (await old.get("/api/v1/me")).status_code == 401
    assert (await send(device, "/sign-out")).headers["location"] == "/switch"


async def test_a_pin_opens_nothing_without_the_device_or_for_people_of_elsewhere(api, till):
    stranger = api.client()
    assert (await stranger.get("/switch")).headers["location"] == "/sign-in"
    answer = await send(stranger, "/switch", who=till.people[0]["id"], pin=PIN)
    assert answer.headers["location"] == "/sign-in"
    elsewhere = await with_pin(api, str(new_id()))
    device = till.browser(api)
    assert elsewhere["email"] not in (await device.get("/switch")).text
    answer = await send(device, "/switch", who=elsewhere["id"], pin=PIN)
    assert answer.status_code == 422
    assert "__Host-crosslane" not in device.cookies


async def test_few_tries_lock_the_pin_and_nothing_else(api, till, database: Database):
    who = till.people[0]
    device = till.browser(api)
    for _ in range(domain.PIN_FAILURES_MAX):
        assert (await send(device, "/switch", who=who["id"], pin="9517")).status_code == 422
    assert (await send(device, "/switch", who=who["id"], pin=PIN)).status_code == 422
    _, answer = await signed_in(api, who["email"])
    assert answer.status_code == 303
    async with database.transaction(api.tenant) as tx:
        await tx.execute("update platform_account set pin_locked_until = clock_timestamp()")
    assert (await send(device, "/switch", who=who["id"], pin=PIN)).status_code == 303


async def test_a_session_on_a_shared_device_rests_half_an_hour(api, till, database: Database):
    device = till.browser(api)
    await send(device, "/switch", who=till.people[0]["id"], pin=PIN)
    async with database.transaction(api.tenant) as tx:
        ago = "update platform_session set seen_at = clock_timestamp() - interval '31 minutes'"
        await tx.execute(ago)
    assert (await device.get("/")).headers["location"] == "/sign-in?next=/"
    led = await device.get("/sign-in?next=/store")
    assert led.headers["location"] == "/switch?next=/store"


async def test_a_device_that_is_shared_no_more_opens_nothing(api, till):
    device = till.browser(api)
    await send(device, "/switch", who=till.people[0]["id"], pin=PIN)
    manager = await member(api, "manager")
    id = till.cookie.split("_")[-2]
    answer = await send(manager, f"/office/people/devices/{id}/end", reason="sold")
    assert answer.status_code == 303, answer.text
    assert (await device.get("/api/v1/me")).status_code == 401
    assert (await device.get("/switch")).headers["location"] == "/sign-in"


async def test_only_who_may_marks_a_device_and_only_of_a_store(api, database: Database):
    store = (await found_stores(database, api))[0]
    location_id = str(store.location_id)
    for role, more in (("agent", {}), ("associate", {"location_id": location_id})):
        browser = await member(api, role, **more)
        answer = await send(browser, "/switch/device", location=location_id)
        assert answer.status_code == 403
    manager = await member(api, "manager")
    answer = await send(manager, "/switch/device", location=str(new_id()))
    assert "set-cookie" not in answer.headers
    marked = await send(manager, "/switch/device", location=location_id, name="Till 2")
    assert marked.headers["set-cookie"].startswith(f"{auth.DEVICE_COOKIE}=cld_")
    assert "Till 2" in (await manager.get("/switch/device")).text


@pytest.mark.parametrize("pin", ["123", "1234", "4321", "7777", "abcd", "123456789", "12 34"])
def test_a_pin_everybody_tries_first_is_refused(pin):
    with pytest.raises(auth.WeakPin):
        auth.require_pin(pin)
    auth.require_pin(PIN)


async def test_whoever_has_left_takes_over_no_more(api, till):
    who = till.people[0]
    address = f"/api/v1/accounts/{who['id']}"
    change = {"active": False, "reason": "left"}
    await api.admin.patch(address, json=change, headers={"If-Match": '"v1"'})
    device = till.browser(api)
    assert who["email"] not in (await device.get("/switch")).text
    assert (await send(device, "/switch", who=who["id"], pin=PIN)).status_code == 422
