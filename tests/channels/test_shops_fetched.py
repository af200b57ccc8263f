"""Orders that a shop could not tell of are fetched, and what it told already is known."""

from collections.abc import Callable

from crosslane.channels.service.fetching import begin
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels import test_shopify_journey as shopify
from tests.channels import test_woocommerce_journey as woocommerce
from tests.channels.strict_server import ShopProcess
from tests.channels.strict_shopify import TOKEN
from tests.channels.strict_woocommerce import KEY
from tests.channels.strict_woocommerce import SECRET as KEY_SECRET
from tests.channels.talking import Talking
from tests.channels.test_shops_told import network, shops, talk

__all__ = ["network", "shops"]

SINCE = {"since": "2011-01-01T00:00:00Z"}


async def ask(talking: Talking) -> None:
    """Let the shop be asked, whenever it would be, and what comes of it be done."""
    async with talking.database.transaction(talking.tenant) as tx:
        await begin(tx)
    for _ in range(3):
        await talking.hurry()
        await talking.settle()


async def test_orders_of_woocommerce_that_no_webhook_told_are_fetched(
    api: Api, database: Database, shops: Callable[[str], ShopProcess]
):
    shop = shops("woocommerce")
    talking = await talk(
        api,
        database,
        woocommerce.SKUS,
        base_url=shop.url,
        format="woocommerce",
        secret=woocommerce.SECRET,
        token=f"{KEY}:{KEY_SECRET}",
        services={"*": "STANDARD48"},
        settings=SINCE,
    )
    told = woocommerce.published()
    missed = told | {"id": 728, "number": "728"}
    shop.do("save_order", told, told["date_modified_gmt"])
    shop.do("save_order", missed, "2011-01-10T16:00:10")
    assert await woocommerce.deliver(api, told, "order.created") == (200, "taken")
    await talking.settle()
    await ask(talking)
    for number in (woocommerce.NUMBER, "728"):
        assert await talking.units(number) == {"SINGLE1": 2, "Bar3": 1}
    assert sorted({*await talking.states()}) == ["applied", "repeated"], await talking.messages()
    # It is cancelled while its webhook is off.
    shop.do("save_order", missed | {"status": "cancelled"}, "2011-01-10T18:00:00")
    await talking.hurry()
    await forget_cursor(talking)
    await ask(talking)
    assert await talking.units("728") == {}
    assert await talking.units(woocommerce.NUMBER) == {"SINGLE1": 2, "Bar3": 1}
    await talking.assert_sound()


async def test_orders_of_shopify_that_no_webhook_told_are_fetched(
    api: Api, database: Database, shops: Callable[[str], ShopProcess]
):
    shop = shops("shopify")
    talking = await talk(
        api,
        database,
        shopify.SKUS,
        base_url=shop.url,
        format="shopify",
        secret=shopify.SECRET,
        token=TOKEN,
        services={"*": "STANDARD48"},
        settings=SINCE,
    )
    told = shopify.published() | {"refunds": []}
    missed = told | {"id": 450789470, "name": "#1002", "order_number": 1002}
    for order in (told, missed):
        shop.do("save_order", order)
    await shopify.deliver(api, told, "d-1", said_at="2011-01-10T16:00:00.345Z")
    await talking.settle()
    await ask(talking)
    units = dict.fromkeys(shopify.SKUS, 1)
    assert await talking.units(shopify.NUMBER) == await talking.units("450789470") == units
    states = {(m.source_id, m.kind): m.state for m in await talking.messages()}
    assert states["450789470", "order"] == "applied", states
    assert {*await talking.states()} <= {"applied", "outdated", "repeated"}
    await talking.assert_sound()


async def forget_cursor(talking: Talking) -> None:
    """Let everything be fetched again, as it is now."""
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("delete from channels_cursor")
