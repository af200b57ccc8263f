import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from babel import Locale

from crosslane import engagement
from crosslane.apps import order_page
from crosslane.engagement import show_money
from crosslane.engagement.service.posting import post_office
from crosslane.fulfillment.service.working import ACCEPT, Accept
from crosslane.kernel import new_id
from crosslane.orders import (
    CANCEL,
    CancelLine,
    CancelUnits,
    CreditLine,
    CreditRequest,
    LineWish,
    credit,
)
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tokens import Link, open_link, sign_link
from crosslane.platform.web import Gate, build_app
from tests.edge import clients, send
from tests.engagement.desk import settle
from tests.engagement.mailbox import Mailbox, html_of, text_of
from tests.fulfillment.floor import pack, pick, queue
from tests.orders.world import place, view, wish


@pytest.fixture
async def browser(
    database: Database, lanes: Lanes, mailbox: Mailbox
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has nothing but a link."""

    async def nobody(*_: object) -> None:
        return None

    gate = Gate(secret_key=post_office().secret_key)
    gate.open(database, lanes, nobody)
    transport = httpx.ASGITransport(app=build_app(order_page.ROUTES, gate))
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
        yield client


def link_in(mailbox: Mailbox) -> str:
    """The address of the order's page in the last message."""
    text = re.search(r"https://shop\.example(/o/\S+)", text_of(mailbox.arrived[-1]))
    assert text is not None
    assert text[1] in html_of(mailbox.arrived[-1])
    return text[1]


async def test_the_link_shows_the_order(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, browser: httpx.AsyncClient
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3), "LAMP", "SET"))
    shown = await view(database, shop, placed.id)
    mug = next(line for line in shown.lines if line.sku == "MUG" and not line.parent_line_id)
    asked = CancelUnits(order_id=placed.id, lines=[CancelLine(mug.id, 1)], reason="one too many")
    await lanes.run(shop, CANCEL, str(new_id()), asked)
    await settle(database, shop)
    lamp = next(
        work for work in await queue(database, shop) if [one.sku for one in work.lines] == ["LAMP"]
    )
    await pick(lanes, shop, lamp.id)
    await pack(lanes, shop, lamp.id)
    await settle(database, shop)
    answer = await browser.get(link_in(mailbox))
    page = answer.text
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert placed.number in page
    assert "Partly on its way" in page
    assert "1 cancelled" in page
    assert "1 on the way" in page
    (number,) = {p.tracking_number for w in await queue(database, shop) for p in w.parcels}
    assert number in page
    assert "Tea for two" in page
    worth_minor = (await view(database, shop, placed.id)).money.worth_minor
    assert show_money(worth_minor, "GBP", Locale("en")) in page
    for secret in ("ada@example.com", "12 High Street"):
        assert secret not in page


async def test_the_page_tells_what_came_back(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, browser: httpx.AsyncClient
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    await settle(database, shop)
    back = CreditRequest(
        order_id=placed.id,
        cause_kind="return",
        cause_id=new_id(),
        at=datetime.now(UTC),
        lines=[CreditLine(placed.lines[0].id, 2)],
    )
    async with database.transaction(shop) as tx:
        await credit(tx, [back])
    page = (await browser.get(link_in(mailbox))).text
    for words in ("Partly returned", "2 returned", "1 on the way"):
        assert words in page
    for minor in (1800, -1200, 395, 600 + 395):
        assert show_money(minor, "GBP", Locale("en")) in page


async def test_the_page_may_do_nothing_but_show_itself(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, browser: httpx.AsyncClient
):
    await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    answer = await browser.get(link_in(mailbox))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    # The address is a secret: other sites are told nothing of it, and nobody lists it.
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["cache-control"] == "no-store"
    for inline in (" style=", "<style", "<script>"):
        assert inline not in answer.text


async def test_goods_that_lie_ready_show_their_code(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, browser: httpx.AsyncClient
):
    line = LineWish(sku="MUG", quantity=2, method="pickup", store="S0001")
    await place(lanes, shop, wish(line, ship_to=None))
    await settle(database, shop)
    link = link_in(mailbox)
    assert "pickup code" not in (await browser.get(link)).text
    (work,) = await queue(database, shop)
    await lanes.run(shop, ACCEPT, str(new_id()), Accept([work.id]))
    await pick(lanes, shop, work.id)
    await settle(database, shop)
    page = (await browser.get(link)).text
    assert "Ready for pickup" in page
    assert "Your pickup code" in page
    assert "2 ready for pickup" in page


async def test_a_link_is_good_for_what_it_was_made_for(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, browser: httpx.AsyncClient
):
    await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    path = link_in(mailbox)
    key, now = post_office().secret_key, datetime.now(UTC)
    good = open_link(key, path.removeprefix("/o/"), now)
    assert good is not None
    assert timedelta(days=179) < good.expires_at - now < timedelta(days=181)
    late = now - timedelta(seconds=1)
    for made in (
        sign_link(key, Link(good.prefix, "order", good.subject, late)),
        sign_link(key, Link(good.prefix, "other", good.subject, good.expires_at)),
        sign_link(key, Link(good.prefix, "order", new_id(), good.expires_at)),
        sign_link(key, Link("abcdef0123", "order", good.subject, good.expires_at)),
        sign_link(b"another key", Link(good.prefix, "order", good.subject, good.expires_at)),
        path.removeprefix("/o/")[:-1] + ("0" if path[-1] != "0" else "1"),
    ):
        answer = await browser.get(f"/o/{made}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "This page cannot be shown" in answer.text
    assert (await browser.get(path)).status_code == 200


async def test_staff_list_messages_and_send_one_again(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    async with clients(engagement.ROUTES, database, lanes, shop) as client:
        staff = client("engagement:read", "engagement:send", "orders:read")
        (message,) = (await staff.get(f"orders/{placed.number}/messages")).json()["items"]
        assert (message["topic"], message["state"]) == ("confirmed", "sent")
        answer = await send(staff, f"messages/{message['id']}/resend", None)
        assert answer.status_code == 201
        await settle(database, shop)
        listed = (await staff.get(f"orders/{placed.id}/messages")).json()["items"]
        assert [one["state"] for one in listed] == ["sent", "sent"]
        reader = client("engagement:read")
        assert (await send(reader, f"messages/{message['id']}/resend", None)).status_code == 403
        assert (await staff.get(f"orders/{new_id()}/messages")).status_code == 404
    first, second = mailbox.arrived
    assert first["Subject"] == second["Subject"]
    assert second["References"] == first["Message-ID"] != second["Message-ID"]
