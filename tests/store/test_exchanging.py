"""Other goods for those that come back over a counter: swapped, dearer, cheaper, elsewhere."""

import re
from typing import Any

import httpx
import pytest

from crosslane import catalog, pricing, returns
from crosslane.catalog import ImportProducts, ProductRow
from crosslane.platform.database import Database, Tx
from crosslane.platform.log import run_reaction
from crosslane.pricing.domain.lists import Price
from crosslane.pricing.storage.prices import upsert_prices
from tests.api import Api
from tests.matrix.stores import Store, read, send
from tests.orders.world import LONG_AGO, stock_up
from tests.soundness import assert_sound
from tests.store.forms import press
from tests.store.test_counter import rule, shown_again, sold


async def price(tx: Tx, sku: str, milli: int) -> None:
    """Give an article a price, or another one."""
    listed = await pricing.put_price_list(
        tx,
        pricing.PutPriceList(
            code="retail",
            title="Retail",
            currency="GBP",
            basis="gross",
            tax_country="GB",
            valid_from=LONG_AGO,
        ),
    )
    found = (await catalog.variants_by_sku(tx, [sku]))[sku]
    row = Price(
        price_list_id=listed.id,
        variant_id=found.id,
        unit_price_milli=milli,
        quantity_min=1,
        valid_from=LONG_AGO,
    )
    await upsert_prices(tx, listed.id, [row])


@pytest.fixture
async def shelf(database: Database, api: Api, stores: list[Store]) -> list[Store]:
    """The stores, with lamps and spoons on their shelves, and a blue mug beside the red one."""
    async with database.transaction(api.tenant) as tx:
        rows = (
            ProductRow("MUG", "home", options={"color": "red"}),
            ProductRow("MUG-B", "home", title="Blue mug", product="MUG", options={"color": "blue"}),
        )
        await catalog.import_products(tx, ImportProducts(rows))
        await price(tx, "MUG-B", 600_000)
        stock = {(sku, "S0001"): 3 for sku in ("LAMP", "SPOON", "MUG-B")}
        await stock_up(tx, stock | {("LAMP", "S0002"): 1})
    return stores


def order_of(one: dict[str, Any], **told: str) -> tuple[str, dict[str, str]]:
    """The first line's id, and fields that bring its one unit back."""
    line = one["lines"][0]["id"]
    return line, {f"units.{line}": "1", **{f"{name}.{line}": text for name, text in told.items()}}


async def opened(client: httpx.AsyncClient, store: Store, one: dict[str, Any]) -> httpx.Response:
    return await client.get(f"/store/{store.code}/returns?q={one['number']}")


async def with_other(
    client: httpx.AsyncClient, page: httpx.Response, sku: str, **told: str
) -> httpx.Response:
    """Put another article on the counter that is wanted in exchange."""
    return await shown_again(client, await press(client, page, "/returns", find=sku, **told))


async def test_goods_are_swapped_for_others_of_their_product_and_no_money_moves(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    sale = await sold(api, store)
    page = await opened(store.associate, store, sale)
    assert "The same once more" in page.text
    assert re.search(r'value="MUG-B"[^>]*>blue · 3 here', page.text)
    _, told = order_of(sale, swap="MUG-B", why="other", fate="refurbish")
    review = await press(store.associate, page, "/returns", **told)
    assert "Blue mug" in review.text
    assert "Taken along now" in review.text
    assert "How the customer pays" not in review.text
    assert "Something else · New · Aside, to be put right" in review.text
    assert (await read(api.admin, f"orders/{sale['id']}"))["lines"] == sale["lines"]
    page = await shown_again(store.associate, await press(store.associate, review, "/returns"))
    assert "Blue mug" in page.text
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert (shown["money"]["captured_minor"], shown["money"]["refunded_minor"]) == (600, 0)
    assert [(x["sku"], x["gross_minor"]) for x in shown["lines"]] == [("MUG", 600), ("MUG-B", 600)]
    # The store has the credit for what it has saved.
    for reaction in returns.REACTIONS:
        await run_reaction(database, api.tenant, reaction)
    shown = await read(api.admin, f"orders/{sale['id']}")
    saved = [x for x in shown["attributions"] if x["role"] == "saved_sale"]
    assert [(x["line_id"], x["beneficiary_id"]) for x in saved] == [
        (shown["lines"][1]["id"], store.code)
    ]
    await assert_sound(database, api.tenant)


@pytest.mark.parametrize("method", ["cash", "card"])
async def test_dearer_goods_are_paid_at_the_till(
    database: Database, api: Api, shelf: list[Store], method: str
):
    store = shelf[0]
    sale = await sold(api, store)
    _, told = order_of(sale)
    page = await opened(store.associate, store, sale)
    page = await with_other(store.associate, page, "desk lamp", **told)
    assert 'name="other.LAMP" value="1"' in page.text
    review = await press(store.associate, page, "/returns", review="1")
    assert "The customer pays" in review.text
    assert "Exchange · £18.99" in review.text
    # Nothing is done yet.
    assert (await read(api.admin, f"orders/{sale['id']}"))["lines"] == sale["lines"]
    done = await press(store.associate, review, "/returns", pay=method)
    page = await shown_again(store.associate, done)
    assert "The customer paid £18.99" in page.text
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert shown["money"]["captured_minor"] == 2499
    assert [(t["method"], t["amount_minor"]) for t in shown["money"]["tenders"]] == [
        ("cash", 600),
        (method, 1899),
    ]
    await assert_sound(database, api.tenant)


async def test_of_cheaper_goods_the_rest_is_given_back(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    sale = await sold(api, store)
    _, told = order_of(sale)
    page = await with_other(
        store.associate, await opened(store.associate, store, sale), "SPOON", **told
    )
    review = await press(store.associate, page, "/returns", money="cash", review="1")
    assert "The customer gets" in review.text
    assert "Cash out of the till" in review.text
    assert "Exchange · £5.00" in review.text
    page = await shown_again(store.associate, await press(store.associate, review, "/returns"))
    assert "Tea spoon" in page.text
    assert (await read(api.admin, f"orders/{sale['id']}"))["money"]["refunded_minor"] == 500
    await assert_sound(database, api.tenant)


async def test_what_lies_at_another_store_is_fetched_there(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    sale = await sold(api, store)
    _, told = order_of(sale)
    page = await opened(store.associate, store, sale)
    page = await with_other(store.associate, page, "LAMP", **told)
    assert "Picked up at Place S0002 · 1 there" in page.text
    # Nothing was ever sent to this customer.
    assert "Sent where the order went" not in page.text
    review = await press(
        store.associate, page, "/returns", review="1", **{"how.LAMP": "pickup:S0002"}
    )
    assert "Picked up at Place S0002" in review.text
    await shown_again(store.associate, await press(store.associate, review, "/returns"))
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert shown["money"]["captured_minor"] == 2499
    lamp = shown["lines"][1]
    assert (lamp["sku"], lamp["method"]) == ("LAMP", "pickup")
    await assert_sound(database, api.tenant)


async def test_an_order_that_was_sent_may_have_its_other_goods_sent(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    web = {
        "channel": "till",
        "buyer": {"email": "ann@example.com", "name": "Ann Lee"},
        "ship_to": {
            "country": "GB",
            "lines": ["12 High Street"],
            "city": "Oxford",
            "postcode": "OX1 4AA",
            "name": "Ann Lee",
        },
        "lines": [
            {"sku": "MUG", "quantity": 1, "method": "carry_out", "store": store.code},
            {"sku": "SPOON", "quantity": 1, "method": "ship"},
        ],
        "tenders": [{"method": "cash"}],
    }
    sale = await read(api.admin, f"orders/{(await send(api.admin, 'orders', web))['id']}")
    _, told = order_of(sale, swap="MUG", how="ship")
    page = await opened(store.associate, store, sale)
    assert "Sent where the order went" in page.text
    review = await press(store.associate, page, "/returns", **told)
    await shown_again(store.associate, await press(store.associate, review, "/returns"))
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert [x["method"] for x in shown["lines"]] == ["carry_out", "ship", "ship"]
    await assert_sound(database, api.tenant)


async def test_what_by_the_books_is_not_there_is_said_before_it_leaves(
    api: Api, shelf: list[Store]
):
    store = shelf[1]
    sale = await sold(api, store)
    _, told = order_of(sale, swap="MUG-B")
    page = await opened(store.associate, store, sale)
    review = await press(store.associate, page, "/returns", **told)
    assert "By the books 1 of Blue mug" in review.text
    assert (await press(store.associate, review, "/returns")).status_code == 303


async def test_it_is_shown_once_more_when_a_price_has_changed(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    sale = await sold(api, store)
    _, told = order_of(sale)
    page = await opened(store.associate, store, sale)
    page = await with_other(store.associate, page, "LAMP", **told)
    review = await press(store.associate, page, "/returns", review="1")
    async with database.transaction(api.tenant) as tx:
        await price(tx, "LAMP", 2_599_000)
    refused = await press(store.associate, review, "/returns")
    assert refused.status_code == 422
    # What was filled in is still there.
    assert 'name="other.LAMP" value="1"' in refused.text
    assert len((await read(api.admin, f"orders/{sale['id']}"))["lines"]) == 1
    await assert_sound(database, api.tenant)


async def test_a_manager_finds_what_was_filled_in_for_an_exchange(api: Api, shelf: list[Store]):
    store = shelf[0]
    await rule(api, "returns.policy", final_sale=True)
    placed = await send(
        api.admin,
        "orders",
        {
            "channel": "till",
            "lines": [{"sku": "MUG", "quantity": 1, "method": "carry_out", "store": store.code}],
            "tenders": [{"method": "cash"}],
        },
    )
    sale = await read(api.admin, f"orders/{placed['id']}")
    line, told = order_of(sale, swap="MUG-B", state="opened")
    page = await opened(store.associate, store, sale)
    page = await with_other(store.associate, page, "SPOON", **told)
    chosen = {f"swap.{line}": "MUG-B", f"state.{line}": "opened"}
    refused = await press(store.associate, page, "/returns", review="1", **chosen)
    assert refused.status_code == 422
    (at,) = re.findall(r'href="(/sign-in[^"]*)"', refused.text)
    shown = await store.associate.get(at.replace("&amp;", "&"))
    (next_,) = re.findall(r'name="next" value="([^"]*)"', shown.text)
    manager = await api.staff("manager")
    page = await manager.get(next_.replace("&amp;", "&"))
    assert 'name="other.SPOON" value="1"' in page.text
    assert re.search(r'value="MUG-B" selected', page.text)
    assert re.search(r'value="opened" selected', page.text)
    review = await press(manager, page, "/returns", review="1", override="a regular", **chosen)
    assert "A manager decides so" in review.text
    assert (await press(manager, review, "/returns")).status_code == 303


async def test_while_somebody_looks_at_it_the_other_goods_are_set_aside(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    await rule(api, "returns.abuse", wardrobing={"hold_at": 40, "exempt_minor": 0})
    sale = await sold(api, store)
    _, told = order_of(sale, swap="MUG-B", state="used")
    page = await opened(store.associate, store, sale)
    review = await press(store.associate, page, "/returns", **told)
    assert review.status_code == 422
    manager = await api.staff("manager")
    page = await opened(manager, store, sale)
    review = await press(manager, page, "/returns", override="try", **told)
    assert "No goods go out yet" in review.text
    assert "How the customer pays" not in review.text
    page = await shown_again(manager, await press(manager, review, "/returns"))
    assert "Nothing goes out yet" in page.text
    assert "Picked up at" in page.text
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert [(x["sku"], x["method"]) for x in shown["lines"]] == [
        ("MUG", "carry_out"),
        ("MUG-B", "pickup"),
    ]
    await assert_sound(database, api.tenant)


async def test_the_difference_is_paid_although_somebody_has_to_look_at_it(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    await rule(api, "returns.abuse", wardrobing={"hold_at": 40, "exempt_minor": 0})
    sale = await sold(api, store)
    manager = await api.staff("manager")
    _, told = order_of(sale, state="used")
    page = await with_other(manager, await opened(manager, store, sale), "LAMP", **told)
    review = await press(manager, page, "/returns", review="1", override="try", **told)
    assert "Exchange · £18.99" in review.text
    assert "It is paid back when the office declines." in review.text
    done = await press(manager, review, "/returns", pay="cash")
    number = done.headers["location"].rpartition("=")[2]
    one = await read(api.admin, f"returns/{number}")
    assert (one["held"], one["paid_minor"], one["refund_minor"]) == (True, 1899, 0)
    await send(api.admin, f"returns/{one['id']}/decline", {"reason": "worn"})
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert (shown["money"]["captured_minor"], shown["money"]["refunded_minor"]) == (2499, 1899)
    await assert_sound(database, api.tenant)


async def test_each_line_has_its_own_reason_and_goes_its_own_way(
    database: Database, api: Api, shelf: list[Store]
):
    store = shelf[0]
    goods = [
        {"sku": sku, "quantity": 1, "method": "carry_out", "store": store.code}
        for sku in ("MUG", "LAMP")
    ]
    body = {"channel": "till", "lines": goods, "tenders": [{"method": "cash"}]}
    sale = await read(api.admin, f"orders/{(await send(api.admin, 'orders', body))['id']}")
    mug, lamp = (one["id"] for one in sale["lines"])
    page = await opened(store.associate, store, sale)
    told = {f"units.{mug}": "1", f"units.{lamp}": "1", f"why.{lamp}": "faulty"}
    told |= {f"state.{lamp}": "faulty", f"fate.{lamp}": "vendor", f"why.{mug}": "gift"}
    review = await press(store.associate, page, "/returns", **told)
    assert "A gift · New · Back on the shelf" in review.text
    assert "Faulty · Faulty · Aside, for the vendor" in review.text
    done = await press(store.associate, review, "/returns")
    one = await read(api.admin, f"returns/{done.headers['location'].rpartition('=')[2]}")
    assert [
        (x["sku"], x["reason"], x["item_state"], x["units"][0]["disposition"]) for x in one["lines"]
    ] == [("MUG", "gift", "new", "sellable"), ("LAMP", "faulty", "faulty", "vendor")]
    await assert_sound(database, api.tenant)


async def test_an_announced_exchange_shows_what_waits_for_it(api: Api, shelf: list[Store]):
    store = shelf[0]
    sale = await sold(api, store)
    line = {"order_line": sale["lines"][0]["id"], "quantity": 1, "reason": "too_small"}
    spoon = {"sku": "SPOON", "quantity": 1, "method": "pickup", "store": store.code}
    asked = {"order": sale["number"], "method": "counter", "exchange": [spoon]}
    back = await send(api.admin, "returns", asked | {"lines": [line | {"wanted": "exchange"}]})
    page = await store.associate.get(f"/store/{store.code}/returns?q={back['number']}")
    assert "It waits for what comes back." in page.text
    assert "Tea spoon" in page.text


async def test_choices_that_are_none_are_refused(api: Api, shelf: list[Store]):
    store = shelf[0]
    sale = await sold(api, store)
    page = await opened(store.associate, store, sale)
    for told in ({"swap": "MUG-B", "how": "by-magic"}, {"swap": "NOTHING"}):
        _, fields = order_of(sale, **told)
        refused = await press(store.associate, page, "/returns", **fields)
        assert refused.status_code == 422, told
    # Who stands at a till cannot pay in another way than a till takes.
    _, told = order_of(sale)
    page = await with_other(store.associate, page, "LAMP", **told)
    review = await press(store.associate, page, "/returns", review="1")
    await press(store.associate, review, "/returns", pay="marketplace")
    shown = await read(api.admin, f"orders/{sale['id']}")
    assert {t["method"] for t in shown["money"]["tenders"]} <= {"cash", "card"}


async def test_it_speaks_german(api: Api, shelf: list[Store]):
    store = shelf[0]
    store.associate.headers["Accept-Language"] = "de"
    sale = await sold(api, store)
    _, told = order_of(sale)
    page = await opened(store.associate, store, sale)
    assert "Noch einmal dasselbe" in page.text
    page = await with_other(store.associate, page, "LAMP", **told)
    review = await press(store.associate, page, "/returns", review="1")
    assert "Umtauschen · 18,99\xa0£" in review.text
    assert "Wie der Kunde zahlt" in review.text
