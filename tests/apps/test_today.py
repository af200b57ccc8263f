"""Today counts what its links list; the palette finds whatever the person may see."""

import html
import re

from crosslane import locations
from crosslane.apps import office
from crosslane.apps.office.palette import ACTIONS
from crosslane.platform import effects
from crosslane.platform.database import Database
from crosslane.platform.effects import Effect
from crosslane.platform.lane import Lanes
from tests.api import Api
from tests.apps.test_orders import NUMBER, listed, shop, some

__all__ = ["shop"]

NEED = re.compile(r'class="need[^"]*" href="([^"]+)">.*?need-count">([\d,]+)', re.S)


async def test_each_number_opens_the_list_of_what_it_counts(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    await some(database, shop, lanes)
    agent = await api.staff("agent")
    page = (await agent.get("/office")).text
    needs = {html.unescape(href): int(count) for href, count in NEED.findall(page)}
    assert needs["/office/orders?stop=fraud"] == 1
    for href, count in needs.items():
        assert len(await listed(agent, href.removeprefix("/office/orders"))) == count, href
    stats = re.findall(r'class="stat" href="([^"]+)"><span class="stat-label">(\w+)', page)
    [orders] = [html.unescape(href) for href, title in stats if title == "Orders"]
    assert len(await listed(agent, orders.removeprefix("/office/orders"))) == 3
    assert re.search(r'stat-label">Touchless</span><span class="stat-value">100%', page)


async def test_scripts_are_sent_the_figures_alone(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    await some(database, shop, lanes)
    agent = await api.staff("agent")
    for span in ("day", "week", "month"):
        part = await agent.get(f"/office?span={span}", headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert "<html" not in part.text
        assert 'id="today"' in part.text


async def test_what_the_machine_gave_up_is_for_those_who_run_it(
    api: Api, database: Database, shop: str
):
    async with database.transaction(shop) as tx:
        await effects.request(tx, [Effect(key="k", kind="engagement.send", body={})])
    async with database.transaction(shop) as tx:
        await tx.execute("update platform_effect set state = 'dead', finished_at = now()")
    assert "Calls given up" in (await (await api.staff("manager")).get("/office")).text
    assert "Calls given up" not in (await (await api.staff("agent")).get("/office")).text


async def test_an_associate_sees_no_figures_of_other_locations(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    await some(database, shop, lanes)
    async with database.transaction(shop) as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
    clerk = await api.staff("associate", location_id=store)
    page = await clerk.get("/office")
    assert page.status_code == 200
    assert "Stop: Fraud" not in page.text
    assert "Planned cost" not in page.text


async def test_an_empty_retailer_has_a_quiet_day(api: Api, shop: str):
    page = await (await api.staff("agent")).get("/office")
    assert page.status_code == 200
    assert "Nothing waits for anybody" in page.text


async def test_the_palette_finds_orders_people_and_pages(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    _, lamp, got = await some(database, shop, lanes)
    agent = await api.staff("agent")

    async def found(words: str, client=agent) -> list[str]:
        answer = await client.get(
            "/office/palette", params={"q": words}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 200, answer.text
        return re.findall(r'class="menu-item" href="([^"]+)"', answer.text)

    assert f"/office/orders/{lamp.number}" in await found(lamp.number)
    first, person, every = await found("bo@example.com")
    assert (first, every) == (f"/office/orders/{lamp.number}", "/office/orders?q=bo%40example.com")
    assert (await agent.get(person)).status_code == 200
    assert "/office/orders" in await found("ord")
    assert "/office/orders?is=held" in await found("held")
    assert "/office" in await found("")
    async with database.transaction(shop) as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
    clerk = await api.staff("associate", location_id=store)
    assert f"/office/orders/{got.number}" in await found("mug", clerk)
    assert f"/office/orders/{lamp.number}" not in await found(lamp.number, clerk)
    whole = await agent.get("/office/palette", params={"q": lamp.number})
    assert "<html" in whole.text
    assert NUMBER.findall(whole.text) == []


def test_the_palette_leads_to_pages_that_are_there():
    there = {(route.path, route.permission) for route in office.ROUTES}
    assert {(step.path, step.permission) for step in ACTIONS} - there == set()
