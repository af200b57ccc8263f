"""A customer gives goods up or sends them elsewhere by the order's link: tried, shown, done."""

import re
from datetime import UTC, datetime, timedelta

from babel import Locale

from crosslane.engagement import show_moment
from crosslane.engagement.service.posting import post_office
from crosslane.kernel import new_id
from crosslane.orders import RESOLVE_STOP, LineWish, ResolveStop, StopWish
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import Link, sign_link
from tests.engagement.desk import settle
from tests.engagement.mailbox import shown_in, text_of
from tests.engagement.test_page import browser
from tests.engagement.test_return_pages import Visit, fields_of, text_of_page
from tests.fulfillment.floor import pick, queue
from tests.orders.world import place, set_policy, view, wish

__all__ = ["browser"]

ELSEWHERE = {
    "name": "Ada Brown",
    "lines": "1 Low Road",
    "city": "Leeds",
    "postcode": "ls1 4dy",
}


def filled(page: str) -> dict[str, str]:
    """What the numbers of a form say."""
    return dict(re.findall(r'name="(units\.[0-9a-f]{32})"[^>]* value="(\d+)"', page))


async def bought(database, shop, lanes, mailbox, browser, *lines, **more) -> tuple[Visit, object]:
    placed = await place(lanes, shop, wish(*lines, **more))
    await settle(database, shop)
    tenant = await find_tenant(database, name=shop)
    until = datetime.now(UTC) + timedelta(days=1)
    link = Link(tenant.key_prefix, "order", placed.id, until)
    return Visit(browser, f"/o/{sign_link(post_office().secret_key, link)}"), placed


async def test_some_goods_are_given_up(database, shop, lanes, mailbox, browser):
    lines = (LineWish(sku="MUG", quantity=3), "LAMP")
    visit, placed = await bought(database, shop, lanes, mailbox, browser, *lines)
    assert f"{visit.link}/cancellation" in (await visit.open()).text
    form = (await visit.open("/cancellation")).text
    mug, lamp = (key_of(form, title) for title in ("Red mug", "Desk lamp"))
    assert filled(form) == {f"units.{mug}": "3", f"units.{lamp}": "1"}
    some = fields_of(form) | {f"units.{mug}": "2", f"units.{lamp}": "0"}
    review = await visit.send("/cancellation", some)
    assert review.status_code == 200
    told = text_of_page(review.text)
    assert "2 × Red mug" in told
    assert "Taken off -£12.00" in told
    # Nothing is done before it is confirmed.
    assert (await view(database, shop, placed.id)).money.worth_minor == 1_800 + 2_499 + 395
    sent = fields_of(review.text) | {"confirmed": "1"}
    for _ in range(2):
        done = await visit.send("/cancellation", sent)
        assert (done.status_code, done.headers["location"]) == (303, visit.link)
    shown = await view(database, shop, placed.id)
    assert shown.money.worth_minor == 600 + 2_499 + 395
    assert "2 cancelled" in (await visit.open()).text


async def test_everything_is_given_up_a_set_as_a_whole(database, shop, lanes, mailbox, browser):
    visit, placed = await bought(database, shop, lanes, mailbox, browser, "SET")
    form = (await visit.open("/cancellation")).text
    assert list(filled(form).values()) == ["1"]
    review = await visit.send("/cancellation", fields_of(form) | filled(form))
    await visit.send("/cancellation", fields_of(review.text) | {"confirmed": "1"})
    assert (await view(database, shop, placed.id)).status == "cancelled"
    assert "Cancelled" in (await visit.open()).text
    page = await visit.open("/cancellation")
    assert "Nothing can be cancelled any more" in page.text
    assert "<form" not in page.text


async def test_what_was_taken_from_the_shelf_stays_bought(database, shop, lanes, mailbox, browser):
    lines = (LineWish(sku="MUG", quantity=2), "LAMP")
    visit, _ = await bought(database, shop, lanes, mailbox, browser, *lines)
    form = (await visit.open("/cancellation")).text
    mug = key_of(form, "Red mug")
    reviewed = await visit.send("/cancellation", fields_of(form) | {f"units.{mug}": "2"})
    for work in await queue(database, shop):
        if [line.sku for line in work.lines] == ["MUG"]:
            await pick(lanes, shop, work.id)
    late = await visit.send("/cancellation", fields_of(reviewed.text) | {"confirmed": "1"})
    assert late.status_code == 422
    form = (await visit.open("/cancellation")).text
    assert "Red mug" not in form
    assert "Desk lamp" in form
    nothing = await visit.send("/cancellation", fields_of(form) | {f"units.{mug}": "1"})
    assert nothing.status_code == 422
    assert "Please choose how many" in nothing.text


async def test_goods_go_elsewhere_as_long_as_nobody_works_on_them(
    database, shop, lanes, mailbox, browser
):
    stops = [StopWish(kind="fraud", reason="A new customer")]
    visit, placed = await bought(database, shop, lanes, mailbox, browser, "LAMP", stops=stops)
    assert f"{visit.link}/address" in (await visit.open()).text
    form = (await visit.open("/address")).text
    for secret in ("12 High Street", "Oxford", "OX1"):
        assert secret not in form
    assert "United Kingdom" in form
    wrong = await visit.send("/address", fields_of(form) | ELSEWHERE | {"postcode": "12345"})
    assert wrong.status_code == 422
    assert "This is no postcode of this country." in wrong.text
    assert 'value="1 Low Road"' in wrong.text
    review = await visit.send("/address", fields_of(form) | ELSEWHERE)
    assert review.status_code == 200
    assert "Ada Brown 1 Low Road Leeds" in text_of_page(review.text)
    assert await city_of(database, shop, placed.id) == "Oxford"
    sent = fields_of(review.text) | {"confirmed": "1"}
    for _ in range(2):
        assert (await visit.send("/address", sent)).status_code == 303
    assert await city_of(database, shop, placed.id) == "Leeds"


async def test_everything_can_be_changed_during_the_grace(
    database, sleepy_shop, lanes, mailbox, browser
):
    async with database.transaction(sleepy_shop) as tx:
        await set_policy(tx, "orders.grace", {"ship_minutes": 5}, "web")
    visit, placed = await bought(database, sleepy_shop, lanes, mailbox, browser, "LAMP")
    (stop,) = (await view(database, sleepy_shop, placed.id)).stops
    until = show_moment(stop.expires_at, datetime.now(UTC), "Europe/London", Locale("en", "GB"))
    (mail,) = mailbox.arrived
    for body in (text_of(mail), shown_in(mail)):
        assert f"by the link below until {until}." in body
    page = await visit.open()
    assert f"until {until}; then somebody works on it" in page.text
    for path in ("/address", "/cancellation"):
        assert f"{visit.link}{path}" in page.text
    form = (await visit.open("/address")).text
    review = await visit.send("/address", fields_of(form) | ELSEWHERE)
    await visit.send("/address", fields_of(review.text) | {"confirmed": "1"})
    assert await city_of(database, sleepy_shop, placed.id) == "Leeds"
    await lanes.run(sleepy_shop, RESOLVE_STOP, str(new_id()), ResolveStop(placed.id, stop.id, "go"))
    await settle(database, sleepy_shop)
    gone = await visit.open()
    assert "then somebody works on it" not in gone.text
    assert f"{visit.link}/address" not in gone.text
    (work,) = await queue(database, sleepy_shop)
    assert work.order_id == placed.id


async def test_the_address_stays_once_somebody_works_on_it(database, shop, lanes, mailbox, browser):
    visit, placed = await bought(database, shop, lanes, mailbox, browser, "MUG")
    assert f"{visit.link}/address" not in (await visit.open()).text
    page = await visit.open("/address")
    assert "can no longer be changed" in page.text
    assert "<form" not in page.text
    sent = await visit.send("/address", ELSEWHERE | {"confirmed": "1"})
    assert "can no longer be changed" in sent.text
    assert await city_of(database, shop, placed.id) == "Oxford"


async def test_a_link_changes_its_own_order_alone(database, shop, lanes, mailbox, browser):
    mine, _ = await bought(database, shop, lanes, mailbox, browser, "MUG")
    theirs, other = await bought(database, shop, lanes, mailbox, browser, "LAMP")
    lamp = key_of((await theirs.open("/cancellation")).text, "Desk lamp")
    for fields in ({f"units.{lamp}": "1"}, {f"units.{lamp}": "1", "confirmed": "1"}):
        assert (await mine.send("/cancellation", fields)).status_code == 422
    shown = await view(database, shop, other.id)
    assert shown.status != "cancelled"
    for link in (mine.link[:-1] + ("0" if mine.link[-1] != "0" else "1"), mine.link + "0"):
        stranger = Visit(browser, link)
        for path in ("/cancellation", "/address"):
            assert (await stranger.open(path)).status_code == 404
            assert (await stranger.send(path, {"confirmed": "1"})).status_code == 404


async def test_changes_speak_german(database, shop, lanes, mailbox, browser):
    visit, _ = await bought(database, shop, lanes, mailbox, browser, "MUG")
    async with database.transaction(shop) as tx:
        await tx.execute("update orders_order set locale = 'de-DE'")
    form = (await visit.open("/cancellation")).text
    assert "Was möchten Sie nicht mehr?" in form
    review = await visit.send("/cancellation", fields_of(form) | filled(form))
    assert "Das stornieren?" in review.text


async def city_of(database, shop, order_id) -> str:
    return (await view(database, shop, order_id)).ship_to.city


def key_of(page: str, title: str) -> str:
    """The key of a line's field."""
    return re.search(rf'id="t([0-9a-f]{{32}})">{title} <', page)[1]
