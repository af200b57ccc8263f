"""Locations and the catalog in the office: finding, looking, correcting after a preview."""

import re

import pytest

from tests.apps.forms import inputs, read, submit, told
from tests.orders.world import found_retailer


@pytest.fixture
async def office(database, api):
    await found_retailer(database, api.tenant)
    return await api.staff("manager")


async def test_locations_are_found_and_shown_with_hours_and_load(office):
    listed = await read(office, "/office/locations")
    assert "DC1" in listed
    assert "S0001" in listed
    stores = await read(office, "/office/locations", kind="store", ability="pickup")
    assert "S0001" in stores
    assert "DC1" not in stores
    assert "DC2" not in await read(office, "/office/locations", q="dc1")
    assert "DC1" in await read(office, "/office/locations", layout="map")
    page = await read(office, "/office/locations/S0001")
    assert "08:00–20:00" in page
    assert "Load of the next days" in page
    assert (await office.get("/office/locations/NOWHERE")).status_code == 404


async def test_a_change_of_a_location_is_previewed_then_saved_at_the_version_seen(office):
    edit = "/office/locations/S0001/edit"
    page = await office.get(edit)
    fields = inputs(page, edit)
    same = await submit(office, edit, **fields)
    assert "everything is as it was" in told(same)
    changed = fields | {
        "name": "Harbour",
        "monday": "10:00-12:00, 13:00-18:00",
        "parcels_per_day": "7",
        "handling_parcel_minor": "1.25",
        "special_days": "2030-12-24 09:00-14:00\n2030-12-26",
        "abilities": [one for one in fields["abilities"] if one != "pickup"],
    }
    preview = await submit(office, edit, **changed)
    assert preview.status_code == 200
    assert "Harbour" in told(preview)
    assert "It takes no new work of this kind: Pickup" in told(preview)
    assert "Harbour" not in await read(office, "/office/locations")
    saved = await submit(
        office, "/office/locations/S0001", **inputs(preview, "/office/locations/S0001")
    )
    assert saved.status_code == 303
    shown = await read(office, "/office/locations/S0001")
    for part in ("Harbour", "10:00–12:00, 13:00–18:00", "£1.25", "7 parcels a day"):
        assert part in shown
    stale = await submit(office, "/office/locations/S0001", **changed)
    assert (stale.status_code, "changed meanwhile" in told(stale)) == (422, True)
    for wrong in ({"monday": "25:00-26:00"}, {"timezone": "Europe/Camelot"}, {"lat": "north"}):
        refused = await submit(office, edit, **(inputs(await office.get(edit), edit) | wrong))
        assert refused.status_code == 422
        assert 'aria-invalid="true"' in refused.text


async def test_a_location_is_closed_with_a_reason_and_opened_again(api, office):
    closure = "/office/locations/S0001/closure"
    assert (await submit(office, closure, reason="")).status_code == 422
    back = {"reason": "Flood", "since": "2030-01-02T09:00", "until": "2030-01-01T09:00"}
    refused = await submit(office, closure, **back)
    assert (refused.status_code, 'value="Flood"' in refused.text) == (422, True)
    assert (await submit(office, closure, reason="Flood")).status_code == 303
    assert "Flood" in await read(office, "/office/locations/S0001")
    assert "S0001" in await read(office, "/office/locations", state="closed")
    reopened = await submit(office, "/office/locations/S0001/reopening")
    assert reopened.status_code == 303
    assert "Flood" not in await read(office, "/office/locations/S0001")
    agent = await api.staff("agent")
    assert (await submit(agent, closure, reason="Flood")).status_code == 403
    assert "Close for a while" not in await read(agent, "/office/locations/S0001")


async def test_an_article_is_found_and_corrected_at_the_version_seen(api, office):
    page = await office.get("/office/catalog", params={"q": "mug"})
    path = re.search(r'row-link" href="(/office/catalog/[0-9a-f-]{36})"', page.text)
    assert path
    shown = await read(office, path[1])
    assert "Red mug" in shown
    assert "Prices now" in shown
    edit = f"{path[1]}/edit"
    fields = inputs(await office.get(edit), edit)
    wish = fields | {
        "text.1": "Scarlet mug",
        "field.2": "title",
        "locale.2": "de",
        "text.2": "Scharlachroter Becher",
        "weight_grams": "420",
        "gtin": "5012345678900",
        "barcodes": "CASE-MUG 12",
        "options": "color: red",
        "hazardous": "yes",
    }
    assert (await submit(office, edit, **wish)).status_code == 303
    shown = await read(office, path[1])
    for part in (
        "Dangerous goods",
        "Scarlet mug",
        "Scharlachroter Becher",
        "420 g",
        "CASE-MUG",
        "5012345678900",
    ):
        assert part in shown
    found = await read(office, "/office/catalog", q="CASE-MUG")
    assert "Scarlet mug" in found
    stale = await submit(office, edit, **wish)
    assert (stale.status_code, "changed meanwhile" in told(stale)) == (422, True)
    fresh = inputs(await office.get(edit), edit)
    assert (fresh["barcodes"], "hazardous" in fresh) == ("CASE-MUG 12", True)
    for wrong in ({"gtin": "123"}, {"barcodes": "CASE"}, {"weight_grams": "-1"}):
        refused = await submit(office, edit, **(fresh | wrong))
        assert refused.status_code == 422
        assert 'aria-invalid="true"' in refused.text
    retired = {name: value for name, value in fresh.items() if name != "active"}
    assert (await submit(office, edit, **retired)).status_code == 303
    assert "Scarlet mug" in await read(office, "/office/catalog", state="retired")
    agent = await api.staff("agent")
    assert (await agent.get(edit)).status_code == 403
    assert (await office.get("/office/catalog", params={"category": "no"})).status_code == 422
