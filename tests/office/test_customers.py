"""Customers in the office: found, seen whole, merged, told and forgotten."""

from typing import Any
from uuid import UUID

import pytest

from crosslane.platform.web.errors import Busy
from crosslane.platform.web.room import Room
from tests.api import Api
from tests.office.pages import Read, look, submit
from tests.retailer import HOME


async def registered(api: Api, name: str, **more: Any) -> str:
    body = {"kind": "person", "name": name, **more}
    made = await api.admin.post("/api/v1/customers", json=body)
    assert made.status_code == 201, made.text
    return made.json()["id"]


@pytest.fixture
async def ada(retailer: Api) -> str:
    """A customer with an address and a word on newsletters."""
    ada = await registered(retailer, "Ada Brown", email="ada@example.com", phone="+442079460958")
    at = f"/api/v1/customers/{ada}"
    book = {"address": HOME, "is_default": True}
    assert (await retailer.admin.put(f"{at}/addresses/home", json=book)).is_success
    consent = {"purpose": "newsletter", "granted": True, "proof": "form 3"}
    assert (await retailer.admin.post(f"{at}/consents", json=consent)).is_success
    return ada


async def test_a_customer_is_found_by_what_it_is_known_by(retailer: Api, ada: str):
    await registered(retailer, "Bob Green", email="bob@example.com")
    everybody = await look(retailer.admin, "/office/customers")
    assert everybody.text.index("Bob Green") < everybody.text.index("Ada Brown")
    for typed in ("brown", "ada@example.com", "020 7946 0958"):
        found = await look(retailer.admin, f"/office/customers?q={typed}")
        assert ("Ada Brown" in found.text, "Bob Green" in found.text) == (True, False)
    assert "Nobody fits" in (await look(retailer.admin, "/office/customers?q=nobody")).text
    first = await look(retailer.admin, "/office/customers?limit=1")
    assert "Ada Brown" not in first.text
    page = await look(retailer.admin, f"/office/customers/{ada}")
    for told in ("ada@example.com", "12 High Street", "newsletter allowed", "form 3"):
        assert told in page.text


SEARCHES = (
    *("/office/orders?q=brown", "/office/orders?table=true", "/office/customers?q=brown"),
    *("/office/catalog?q=mug", "/office/stock?q=mug", "/office/palette?q=mug"),
)


@pytest.mark.parametrize("address", SEARCHES)
async def test_a_process_that_is_busy_searches_for_nobody_and_still_shows_lists(
    retailer: Api, address: str, monkeypatch: pytest.MonkeyPatch
):
    assert (await retailer.admin.get(address)).status_code == 200
    monkeypatch.setattr(Room, "require_leisure", always_busy)
    sent_away = await retailer.admin.get(address)
    assert (sent_away.status_code, sent_away.headers["Retry-After"]) == (503, "1")
    bare = address.partition("?")[0]
    if bare != "/office/palette":
        assert (await retailer.admin.get(bare)).status_code == 200


def always_busy(room: Room) -> None:
    raise Busy


async def test_two_entries_become_one_after_it_was_said_what_happens(retailer: Api, ada: str):
    other = await registered(retailer, "A. Brown", email="ada@work.example")
    at = f"/office/customers/{ada}/merge"
    assert "A. Brown" in (await look(retailer.admin, f"{at}?q=brown")).text
    asked = await look(retailer.admin, f"{at}?other={other}")
    assert "Ada Brown is also known by one thing more." in asked.text
    unsaid = await submit(retailer.admin, at, asked.forms[at])
    assert unsaid.status_code == 422
    fields = {**asked.forms[at], "reason": "same person", "_wish": "b"}
    merged = await submit(retailer.admin, at, fields)
    assert merged.headers["location"] == f"/office/customers/{ada}"
    page = await look(retailer.admin, f"/office/customers/{ada}")
    assert "ada@work.example" in page.text
    gone = await retailer.admin.get(f"/office/customers/{other}")
    assert (gone.status_code, gone.headers["location"]) == (303, f"/office/customers/{ada}")
    again = await submit(retailer.admin, at, {**fields, "other": ada, "_wish": "c"})
    assert again.status_code == 422


async def test_everything_known_is_told_and_then_forgotten(retailer: Api, ada: str):
    sent = await retailer.admin.get(f"/office/customers/{ada}/export")
    assert "attachment" in sent.headers["content-disposition"]
    assert sent.json()["sections"]["customers"][0]["name"] == "Ada Brown"
    at = f"/office/customers/{ada}/erasure"
    fields = {**(await look(retailer.admin, at)).forms[at], "reason": "asked by letter"}
    unsure = await submit(retailer.admin, at, fields)
    assert unsure.status_code == 422
    assert "nothing of this can be brought back" in Read(unsure.text).text
    done = await submit(retailer.admin, at, {**fields, "sure": "on", "_wish": "b"})
    assert "customers_customer" in Read(done.text).text
    page = await look(retailer.admin, f"/office/customers/{ada}")
    assert "Ada Brown" not in page.text
    assert "Erased" in page.text


async def test_each_deed_has_its_permission(retailer: Api, ada: str):
    agent = await retailer.staff("agent")
    page = await agent.get(f"/office/customers/{ada}")
    assert "/merge" in page.text
    assert "/erasure" not in page.text
    await look(agent, f"/office/customers/{ada}/erasure", 403)
    reader = await retailer.key(["customers:read"])
    bare = await reader.get(f"/office/customers/{ada}")
    assert 'id="orders"' not in bare.text
    await look(reader, f"/office/customers/{ada}/merge", 403)
    await look(reader, f"/office/customers/{UUID(int=1)}", 404)


async def test_name_and_contact_are_corrected_with_a_reason(retailer: Api, ada: str):
    bob = await registered(retailer, "Bob Green", email="bob@example.com")
    at, page = f"/office/customers/{ada}/contact", f"/office/customers/{ada}"
    asked = await look(retailer.admin, at)
    assert asked.forms[at]["emails"] == "ada@example.com"
    fields = {**asked.forms[at], "name": "Ada Green", "emails": "ada@new.example"}
    assert (await submit(retailer.admin, at, fields)).status_code == 422
    taken = {**fields, "emails": "bob@example.com", "reason": "moved", "_wish": "b"}
    refused = await submit(retailer.admin, at, taken)
    assert refused.status_code == 422
    assert "bob@example.com" in Read(refused.text).forms[at]["emails"]
    done = await submit(retailer.admin, at, {**fields, "reason": "she married", "_wish": "c"})
    assert done.headers["location"] == page
    shown = await look(retailer.admin, page)
    for told in ("Ada Green", "ada@new.example", "+442079460958", "newsletter allowed"):
        assert told in shown.text
    assert "ada@example.com" not in shown.text
    assert "bob@example.com" in (await look(retailer.admin, f"/office/customers/{bob}")).text
    # Whoever saw it before sees that it is another one now.
    assert (await submit(retailer.admin, at, {**fields, "_wish": "d"})).status_code == 422
