"""Orders of shops come in by webhook, and all that becomes of them is told there, once."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from crosslane import catalog, fulfillment, orders
from crosslane.channels.service import outgoing
from crosslane.fulfillment import ACCEPT, PACK, PICK, Accept, Pack, PackUnits, Pick, PickUnits
from crosslane.kernel import new_id
from crosslane.platform.database import Database
from crosslane.platform.lane import CommandKind
from tests.api import Api
from tests.channels import test_shopify_journey as shopify
from tests.channels import test_woocommerce_journey as woocommerce
from tests.channels.strict_server import APP, ShopProcess
from tests.channels.strict_shopify import TOKEN
from tests.channels.strict_woocommerce import KEY
from tests.channels.strict_woocommerce import SECRET as KEY_SECRET
from tests.channels.talking import Talking, allowed, open_talking
from tests.orders.world import set_policy, stock_up

TRIES_MAX = 6
network = pytest.fixture(allowed)


@pytest.fixture
def shops(network) -> Iterator[Callable[[str], ShopProcess]]:
    started: list[ShopProcess] = []

    def start(family: str) -> ShopProcess:
        started.append(ShopProcess(family))
        return started[-1]

    yield start
    for one in started:
        one.kill()


async def talk(api: Api, database: Database, skus: tuple[str, ...], **how: Any) -> Talking:
    """Found a retailer with ten of each article, whose channel is a shop."""
    talking = await open_talking(database, api.tenant)
    async with database.transaction(api.tenant) as tx:
        rows = tuple(catalog.ProductRow(sku, "home", title=sku, weight_grams=200) for sku in skus)
        await catalog.import_products(tx, catalog.ImportProducts(rows))
        await stock_up(tx, {(sku, "DC1"): 10 for sku in skus})
    await talking.connect(delivery="call", **how)
    return talking


async def do(talking: Talking, kind: CommandKind, body: Any) -> None:
    """Let hands of ours do something."""
    await talking.lanes.run(talking.tenant, kind, str(new_id()), body)


async def offer(talking: Talking, **value: Any) -> None:
    """Let the shop be told what it may sell."""
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.offering", {"sold": "all", **value}, "bazaar")
    for _ in range(2):
        await talking.settle()
        await talking.hurry()
    await talking.settle()


async def work_of(talking: Talking, number: str) -> fulfillment.WorkView:
    await talking.settle()
    (work,) = [one for one in await talking.works(number) if one.ended_at is None]
    return work


async def send_off(talking: Talking, number: str) -> None:
    """Let hands of ours send off in one parcel what is left of an order."""
    work = await work_of(talking, number)
    if work.state == "offered":
        await do(talking, ACCEPT, Accept([work.id]))
    await do(talking, PICK, PickUnits([Pick(work.id)]))
    await do(talking, PACK, PackUnits([Pack(work.id)]))
    await talking.settle()


async def call_off(talking: Talking, number: str, sku: str, units: int) -> None:
    """Let somebody of ours cancel units of a line."""
    shown = await talking.order(number)
    line: UUID = next(line.id for line in shown.lines if line.sku == sku)
    wish = orders.CancelUnits(
        order_id=shown.id, lines=[orders.CancelLine(line, units)], reason="broken on the shelf"
    )
    await do(talking, orders.CANCEL, wish)
    await talking.settle()


async def patiently(talking: Talking, step: Awaitable[None]) -> None:
    """Let a step be done, and tried again whatever was lost on the way."""
    await step
    for _ in range(TRIES_MAX):
        if "waiting" not in {state for _, state in await talking.said()}:
            return
        await talking.hurry()
        await talking.settle()
    raise AssertionError(await talking.outgoing())


async def test_an_order_of_shopify_is_told_what_becomes_of_it(
    api: Api, database: Database, shops: Callable[[str], ShopProcess]
):
    shop = shops("shopify")
    number, document = shopify.NUMBER, shopify.published()
    lines = {str(line["id"]): 1 for line in document["line_items"]}
    skus = {line["sku"]: str(line["id"]) for line in document["line_items"]}
    shop.do("add_order", number, lines, {"71": lines}, paid=["600.00"])
    talking = await talk(
        api,
        database,
        shopify.SKUS,
        format="shopify",
        secret=shopify.SECRET,
        base_url=shop.url,
        token=APP,
        services={"Free Shipping": "STANDARD48"},
        locations={"71": "DC1"},
    )
    await shopify.deliver(api, document, "d-1")
    await talking.settle()
    shop.lose("refundCreate")
    await patiently(talking, call_off(talking, number, shopify.SKUS[0], 1))
    shop.lose("fulfillmentCreate")
    await patiently(talking, send_off(talking, number))

    assert dict(await talking.said()) == {
        "amendment": "told",
        "money": "needless",
        "fulfillment": "needless",
    }
    shown = shop.shown
    order = shown["orders"][f"gid://shopify/Order/{number}"]
    gone = skus[shopify.SKUS[0]]
    left = {name.rpartition("/")[2]: units for name, (units, _) in order["lines"].items()}
    assert left == {name: int(name != gone) for name in lines}
    (refund,) = order["refunds"]
    assert [one["amount"] for one in refund["input"]["transactions"]] == ["199.00"]
    (fulfilled,) = shown["fulfillments"].values()
    assert {n.rpartition("/")[2] for n in fulfilled["units"]} == lines.keys() - {gone}
    (parcel,) = [p for w in await talking.works(number) for p in w.parcels]
    assert fulfilled["tracking"]["number"] == parcel.tracking_number
    # What the shop says of it afterwards is no news, and is not told back.
    said = await talking.said()
    for place, (topic, echo) in enumerate(_echoes(document, gone, parcel.tracking_number), 2):
        assert await shopify.deliver(api, echo, f"d-{place}", topic) == "taken"
        await talking.settle()
    assert (await talking.said(), await shopify.why(talking)) == (said, set())
    assert len(shop.shown["fulfillments"]) == 1
    for sku in shopify.SKUS:
        shop.do("add_variant", sku, 5)
    await offer(talking, by_location=True)
    shown = shop.shown
    items = {one["inventoryItem"]["id"]: one["sku"] for one in shown["variants"].values()}
    units = {items[name.partition("@")[0]]: units for name, units in shown["stock"].items()}
    assert units == dict(zip(shopify.SKUS, (10, 9, 9), strict=True))
    async with database.transaction(api.tenant, read_only=True) as tx:
        traces = [await outgoing.told(tx, one.id) for one in await talking.outgoing()]
    made = [call for trace in traces for call in trace.said]
    assert any("access_token" in call.what for call in made)
    assert not any(secret in repr(made) for secret in (TOKEN, "its secret", "its+secret"))
    await talking.assert_sound()


def _echoes(document: dict[str, Any], gone: str, tracking: str) -> list[tuple[str, dict[str, Any]]]:
    """What the shop sends by webhook of what it was told."""
    at, number = "2011-01-11T11:00:00-05:00", document["id"]
    fulfilled = {
        "id": 1,
        "order_id": number,
        "status": "success",
        "created_at": at,
        "tracking_number": tracking,
        "line_items": [
            {"id": line["id"], "quantity": 1}
            for line in document["line_items"]
            if str(line["id"]) != gone
        ],
    }
    given = {"id": 8, "kind": "refund", "status": "success", "amount": "199.00", "created_at": at}
    refunded = {
        "id": 7,
        "order_id": number,
        "created_at": at,
        "refund_line_items": [],
        "transactions": [given | {"currency": "GBP", "order_id": number, "gateway": "bogus"}],
    }
    lines = [
        line | {"current_quantity": int(str(line["id"]) != gone)} for line in document["line_items"]
    ]
    changed = document | {
        "line_items": lines,
        "updated_at": at,
        "fulfillments": [fulfilled],
        "refunds": [refunded],
    }
    noted = document | {"updated_at": "2011-01-11T12:00:00-05:00", "note": "Thank you"}
    return [
        ("fulfillments/create", fulfilled),
        ("refunds/create", refunded),
        ("orders/updated", changed),
        ("orders/updated", changed | {k: noted[k] for k in ("note", "updated_at")}),
    ]


async def test_an_order_of_woocommerce_is_told_what_becomes_of_it(
    api: Api, database: Database, shops: Callable[[str], ShopProcess]
):
    shop = shops("woocommerce")
    number, document = woocommerce.NUMBER, woocommerce.published()
    lines = {str(line["id"]): line["quantity"] for line in document["line_items"]}
    first = str(document["line_items"][0]["id"])
    shop.do("add_order", int(number), lines, total=document["total"])
    talking = await talk(
        api,
        database,
        woocommerce.SKUS,
        format="woocommerce",
        account="pots.example.com",
        secret=woocommerce.SECRET,
        base_url=shop.url,
        token=f"{KEY}:{KEY_SECRET}",
        services={"*": "STANDARD48"},
    )
    assert await woocommerce.deliver(api, document, "order.created") == (200, "taken")
    await talking.settle()
    shop.lose(f"POST orders/{number}/refunds")
    await patiently(talking, call_off(talking, number, woocommerce.SKUS[0], 1))
    shop.lose(f"POST orders/{number}/notes")
    await patiently(talking, send_off(talking, number))

    shown = shop.shown
    assert {kind for kind, _ in await talking.said()} == {"amendment", "money", "fulfillment"}
    assert {state for _, state in await talking.said()} <= {"told", "needless"}
    money, taken_off = shown["refunds"][number]
    assert (taken_off["amount"], money["line_items"]) == ("0", [])
    (line,) = taken_off["line_items"]
    assert (line["meta_data"][0]["value"], line["quantity"]) == (first, -1)
    assert (money["amount"], money["refunded_payment"]) == ("3.22", True)
    (note,) = shown["notes"][number]
    (parcel,) = [p for w in await talking.works(number) for p in w.parcels]
    assert parcel.tracking_number in note["note"]
    assert shown["orders"][number]["status"] == "completed"
    # The shop says what it has been told; nobody is told of it again.
    said = await talking.said()
    echo = document | {
        "status": "completed",
        "date_completed_gmt": "2011-01-11T16:00:00",
        "date_modified_gmt": "2011-01-11T16:00:00",
        "refunds": [
            {"id": one["id"], "reason": one["reason"], "total": f"-{one['amount']}"}
            for one in shown["refunds"][number]
        ],
    }
    assert await woocommerce.deliver(api, echo, "order.updated") == (200, "taken")
    await talking.settle()
    assert (await talking.said(), await shopify.why(talking)) == (said, set())
    for parent, sku in enumerate(woocommerce.SKUS):
        shop.do("add_product", sku, parent)
    await offer(talking)
    units = {one["sku"]: one["stock_quantity"] for one in shop.shown["products"].values()}
    assert units == dict(zip(woocommerce.SKUS, (9, 9), strict=True))
    await talking.assert_sound()
