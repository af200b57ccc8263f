"""A customer returns goods from the order's link: choose, see, confirm, follow; by forms alone."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from crosslane.apps.order_page.shell import words_of
from crosslane.kernel import new_id
from crosslane.orders import LineWish
from crosslane.platform import facts
from crosslane.returns import REQUEST, RequestLine, RequestReturn
from tests.engagement.desk import settle
from tests.engagement.test_page import browser, link_in
from tests.fulfillment.floor import pack, pick, queue
from tests.orders.world import place, set_policy, wish

__all__ = ["browser"]

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Visit:
    """A customer with a browser that runs no script."""

    def __init__(self, client, link: str) -> None:
        self.client, self.link = client, link

    async def open(self, path: str = ""):
        return await self.client.get(f"{self.link}{path}")

    async def send(self, path: str, fields: dict[str, str]):
        body = urlencode(fields)
        return await self.client.post(f"{self.link}{path}", content=body, headers=FORM)


def fields_of(page: str) -> dict[str, str]:
    """What a form would send without having been touched."""
    told = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    for name, body in re.findall(r'<select\b[^>]*\bname="([^"]+)".*?>(.*?)</select>', page):
        chosen = re.search(r"<option([^>]*) selected>([^<]*)", body) or re.search(
            r"<option([^>]*)>([^<]*)", body
        )
        value = re.search(r'value="([^"]*)"', chosen[1])
        told[name] = value[1] if value else chosen[2]
    for name, value in re.findall(r'name="(method|refund)" value="(\w+)" checked', page):
        told[name] = value
    return told


def text_of_page(page: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


@pytest.fixture
async def visit(database, shop, lanes, mailbox, browser):
    """An order of three mugs and a lamp that the customer has."""
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3), "LAMP"))
    await settle(database, shop)
    for work in await queue(database, shop, order_id=placed.id):
        await pick(lanes, shop, work.id)
        await pack(lanes, shop, work.id)
    await settle(database, shop)
    return Visit(browser, link_in(mailbox))


def key(page: str, title: str) -> str:
    """The key of a line's fields."""
    return re.search(rf'id="t([0-9a-f]{{32}})">{title}<', page)[1]


async def test_a_return_from_choosing_to_following(visit, database, shop):
    page = (await visit.open()).text
    assert "Return something" in page
    form = (await visit.open("/returns/new")).text
    assert "£18.00" in form
    mug = key(form, "Red mug")
    fields = fields_of(form)
    assert fields[f"units.{mug}"] == "0"
    fields |= {f"units.{mug}": "2", f"reason.{mug}": "too_small"}
    review = await visit.send("/returns/new", fields)
    assert review.status_code == 200
    told = text_of_page(review.text)
    assert "2 × Red mug £12.00 Too small" in told
    assert "You get £12.00" in told
    sent = fields_of(review.text)
    first = await visit.send("/returns", sent)
    again = await visit.send("/returns", sent)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    number = first.headers["location"].rpartition("/")[2]
    followed = text_of_page((await visit.open(f"/returns/{number}")).text)
    assert "Ready to send back" in followed
    assert "You will get £12.00" in followed
    assert number in (await visit.open()).text
    form = (await visit.open("/returns/new")).text
    assert "£6.00" in form
    cancelled = await visit.send(f"/returns/{number}/cancellation", {})
    assert cancelled.status_code == 303
    await visit.send(f"/returns/{number}/cancellation", {})
    followed = text_of_page((await visit.open(f"/returns/{number}")).text)
    assert "Cancelled" in followed
    assert "I keep it after all" not in followed


async def test_what_is_missing_is_said_where_it_is_missing(visit):
    form = (await visit.open("/returns/new")).text
    fields = fields_of(form)
    nothing = await visit.send("/returns/new", fields)
    assert nothing.status_code == 422
    assert "choose how many" in text_of_page(nothing.text)
    mug = key(form, "Red mug")
    silent = await visit.send("/returns/new", fields | {f"units.{mug}": "2"})
    assert silent.status_code == 422
    assert f'id="p{mug}">Please say why.<' in silent.text
    assert 'role="alert"' in silent.text
    # What was filled in is still there.
    assert fields_of(silent.text)[f"units.{mug}"] == "2"
    used = {f"units.{mug}": "2", f"reason.{mug}": "other", f"state.{mug}": "used"}
    refused = await visit.send("/returns/new", fields | used)
    assert refused.status_code == 422
    assert f'id="p{mug}">It is not taken back in this condition.<' in refused.text
    more = {f"units.{mug}": "9", f"reason.{mug}": "other"}
    refused = await visit.send("/returns/new", fields | more)
    assert "more than can come back" in refused.text


async def test_the_review_can_be_changed_and_nothing_is_asked_for(visit, database, shop):
    form = (await visit.open("/returns/new")).text
    mug = key(form, "Red mug")
    chosen = fields_of(form) | {f"units.{mug}": "3", f"reason.{mug}": "gift"}
    review = (await visit.send("/returns/new", chosen)).text
    changed = await visit.send("/returns/new", fields_of(review) | {"change": "1"})
    assert changed.status_code == 200
    assert fields_of(changed.text)[f"units.{mug}"] == "3"
    assert fields_of(changed.text)[f"reason.{mug}"] == "gift"
    async with database.transaction(shop) as tx:
        assert await tx.fetchval("select count(*) from returns_return") == 0


async def test_goods_are_swapped_evenly_within_their_product(visit, database, shop):
    form = (await visit.open("/returns/new")).text
    lamp = key(form, "Desk lamp")
    chosen = {
        f"units.{lamp}": "1",
        f"reason.{lamp}": "faulty",
        f"state.{lamp}": "faulty",
        f"swap.{lamp}": "LAMP",
    }
    review = await visit.send("/returns/new", fields_of(form) | chosen)
    told = text_of_page(review.text)
    assert "in exchange: Desk lamp" in told
    assert "You get £0.00" in told
    done = await visit.send("/returns", fields_of(review.text))
    assert done.status_code == 303, text_of_page(done.text)
    async with database.transaction(shop) as tx:
        lines = await tx.fetch("select sku from orders_line where cause = 'exchange'")
    assert [row["sku"] for row in lines] == ["LAMP"]


async def test_money_goes_to_the_store_credit_of_who_wants_it_there(visit, database, shop):
    form = (await visit.open("/returns/new")).text
    mug = key(form, "Red mug")
    chosen = {f"units.{mug}": "2", f"reason.{mug}": "other", "refund": "stored_value"}
    assert fields_of(form)["refund"] == "original"
    review = (await visit.send("/returns/new", fields_of(form) | chosen)).text
    assert "To your store credit." in review
    at = (await visit.send("/returns", fields_of(review))).headers["location"]
    assert "To your store credit." in (await visit.client.get(at)).text
    async with database.transaction(shop) as tx:
        row = await tx.fetchrow(
            "select r.refund_method, a.kind, a.customer_id = r.customer_id as own"
            " from returns_return r join payments_account a on a.id = r.refund_account"
        )
        assert tuple(row) == ("stored_value", "store_credit", True)
        await tx.execute("update orders_order set customer_id = null")
    form = (await visit.open("/returns/new")).text
    assert "store credit" not in form
    one = fields_of(form) | {f"units.{mug}": "1", f"reason.{mug}": "other"}
    review = (await visit.send("/returns/new", one | {"refund": "stored_value"})).text
    at = (await visit.send("/returns", fields_of(review))).headers["location"]
    assert "The same way you paid" in (await visit.client.get(at)).text


async def test_the_counter_gets_a_code_and_the_post_a_label_or_an_address(visit, database, shop):
    await set_policy_of_labels(database, shop)
    form = (await visit.open("/returns/new")).text
    mug = key(form, "Red mug")
    one = fields_of(form) | {f"units.{mug}": "1", f"reason.{mug}": "other"}
    review = (await visit.send("/returns/new", one | {"method": "counter"})).text
    at = (await visit.send("/returns", fields_of(review))).headers["location"]
    page = (await visit.client.get(at)).text
    assert "<svg" in page
    assert " style=" not in page
    assert "Show this code" in page
    review = (await visit.send("/returns/new", one)).text
    at = (await visit.send("/returns", fields_of(review))).headers["location"]
    assert "is being made" in (await visit.client.get(at)).text
    await settle(database, shop)
    page = (await visit.client.get(at)).text
    assert "Download the label" in page
    label = await visit.client.get(f"{at}/label")
    assert label.headers["content-type"] == "application/pdf"
    assert label.content[:4] == b"%PDF"


async def set_policy_of_labels(database, shop) -> None:
    async with database.transaction(shop) as tx:
        await set_policy(tx, "returns.labels", {"service": "STANDARD48"}, "web")
        await tx.execute(
            "update locations_location set abilities = abilities || '{receive_returns}'"
            " where code = 'DC2'"
        )
        await facts.touch(tx, "locations")
        await tx.execute("update orders_order set placed_at = now()")


async def test_what_comes_back_to_a_page_is_what_was_chosen_even_if_it_is_nonsense(visit):
    form = (await visit.open("/returns/new")).text
    mug = key(form, "Red mug")
    for nonsense in (
        {f"units.{mug}": "-1"},
        {f"units.{mug}": "1e9"},
        {"units.": "1"},
        {f"units.{'0' * 32}": "1", f"reason.{'0' * 32}": "other"},
        {f"units.{mug}": "1", f"reason.{mug}": "because", f"swap.{mug}": "LAMP"},
        {"method": "pigeon", "once": "x" * 5_000},
        {},
    ):
        for path in ("/returns/new", "/returns"):
            answer = await visit.send(path, nonsense)
            assert answer.status_code == 422, (path, nonsense)
            assert "<form" in answer.text
    # An article of another product is no swap.
    chosen = {f"units.{mug}": "1", f"reason.{mug}": "other", f"swap.{mug}": "LAMP"}
    review = (await visit.send("/returns/new", fields_of(form) | chosen)).text
    assert "in exchange" not in review


async def test_an_order_that_nobody_has_yet_says_why_nothing_comes_back(
    database, shop, lanes, mailbox, browser
):
    await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    visit = Visit(browser, link_in(mailbox))
    assert "Return something" not in (await visit.open()).text
    page = await visit.open("/returns/new")
    assert "Not handed over to you yet." in page.text
    assert "<form" not in page.text


async def test_invoices_are_downloaded_from_the_page(visit, database, shop):
    page = (await visit.open()).text
    number = re.search(r"/documents/([A-Z]+-\d+)", page)[1]
    paper = await visit.open(f"/documents/{number}")
    assert paper.content[:4] == b"%PDF"
    assert "attachment" in paper.headers["content-disposition"]
    assert (await visit.open("/documents/INV-999")).status_code == 404


async def test_pages_send_forms_to_us_alone_and_run_what_is_ours(visit):
    answer = await visit.open("/returns/new")
    policy = answer.headers["content-security-policy"]
    assert "form-action 'self'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert not re.search(r"<script(?! src=\"/static/)", answer.text)


async def test_another_orders_return_is_nobodys(visit, database, shop, lanes, mailbox, browser):
    form = (await visit.open("/returns/new")).text
    mug = key(form, "Red mug")
    one = fields_of(form) | {f"units.{mug}": "1", f"reason.{mug}": "other"}
    review = (await visit.send("/returns/new", one)).text
    number = (await visit.send("/returns", fields_of(review))).headers["location"].rsplit("/")[-1]
    await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    stranger = Visit(browser, link_in(mailbox))
    assert stranger.link != visit.link
    assert (await stranger.open(f"/returns/{number}")).status_code == 404
    assert (await stranger.open(f"/returns/{number}/label")).status_code == 404
    assert (await stranger.send(f"/returns/{number}/cancellation", {})).status_code == 404
    assert (await stranger.send("/returns/new", {"units.x": "1", "junk": "y" * 500})).is_error


async def test_a_claim_is_followed_without_anything_to_send(visit, database, shop, lanes):
    async with database.transaction(shop) as tx:
        order_id = await tx.fetchval("select id from orders_order")
    claimed = RequestLine(sku="MUG", quantity=1, reason="damaged", wanted="money", minor=250)
    asked = RequestReturn(order=str(order_id), lines=[claimed], kind="claim")
    one = await lanes.run(shop, REQUEST, str(new_id()), asked)
    told = text_of_page((await visit.open(f"/returns/{one.number}")).text)
    assert "What it is about" in told
    assert "What comes back" not in told
    for nonsense in ("label", "Announced", "On its way"):
        assert nonsense not in told


async def test_pages_speak_german(visit, database, shop):
    async with database.transaction(shop) as tx:
        await tx.execute("update orders_order set locale = 'de-DE'")
    form = (await visit.open("/returns/new")).text
    assert "Was möchten Sie zurückgeben?" in form
    mug = key(form, "Red mug")
    one = fields_of(form) | {f"units.{mug}": "1", f"reason.{mug}": "other"}
    review = (await visit.send("/returns/new", one)).text
    assert "Stimmt das so?" in review
    at = (await visit.send("/returns", fields_of(review))).headers["location"]
    assert "Bereit zum Abschicken" in (await visit.client.get(at)).text


def test_both_languages_have_the_same_words():
    for name in ("words", "changes", "returns"):
        assert words_of(name, "en").keys() == words_of(name, "de").keys()
