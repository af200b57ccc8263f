"""A shop of other authors as a channel: Vendure, from the first price to the last parcel."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.channels.offering import Offering
from tests.channels.talking import allowed
from tests.interop.conftest import Stranger, serving
from tests.orders.world import found_retailer, set_policy

from crosslane import orders
from crosslane.channels.adapters import FAMILIES
from crosslane.channels.service.fetching import begin
from crosslane.kernel import new_id
from crosslane.platform.database import Database

pytestmark = pytest.mark.interop
network = pytest.fixture(allowed)
USER, PASSWORD = "crosslane", "a-password-of-tests"
CHANNEL = "bazaar"
LOOKS_MAX = 60

PRODUCTS = """{ products { items { id variants { id sku priceWithTax stockLevel } } } }"""
ADD = """mutation($id: ID!, $n: Int!) { addItemToOrder(productVariantId: $id, quantity: $n) {
  __typename ... on InsufficientStockError { quantityAvailable }
  ... on ErrorResult { message } } }"""
CUSTOMER = """mutation { setCustomerForOrder(input: { firstName: "Ada", lastName: "Brown",
  emailAddress: "ada@example.com" }) { __typename ... on ErrorResult { message } } }"""
ADDRESS = """mutation { setOrderShippingAddress(input: { fullName: "Ada Brown", streetLine1:
  "12 High Street", city: "Oxford", postalCode: "OX1 4AA", countryCode: "GB" }) {
  __typename ... on ErrorResult { message } } }"""
METHODS = "{ eligibleShippingMethods { id } }"
METHOD = """mutation($id: [ID!]!) { setOrderShippingMethod(shippingMethodId: $id) {
  __typename ... on ErrorResult { message } } }"""
ARRANGE = """mutation { transitionOrderToState(state: "ArrangingPayment") {
  __typename ... on OrderStateTransitionError { transitionError } } }"""
PAY = """mutation { addPaymentToOrder(input: { method: "dummy", metadata: {} }) {
  __typename ... on Order { id code state totalWithTax lines { id quantity } }
  ... on ErrorResult { message } } }"""
LOGIN = """mutation($user: String!, $password: String!) {
  login(username: $user, password: $password) { __typename } }"""
CANCEL = """mutation($id: ID!) { cancelOrder(input: { orderId: $id, cancelShipping: true }) {
  __typename ... on ErrorResult { message } } }"""
ORDER = """query($code: String!) { orderByCode(code: $code) {
  state lines { quantity } fulfillments { state method trackingCode } } }"""


class Buyer:
    """Somebody who buys in the shop by its Shop API, as its own pages do."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, query: str, *, api: str = "shop-api", **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        answer = (await self._client.post(f"/{api}", json=body)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def do(self, query: str, **variables: Any) -> Any:
        """Do one thing to an order, which has to be done."""
        (done,) = (await self.ask(query, **variables)).values()
        assert done["__typename"] == "Order", done
        return done

    async def variants(self) -> dict[str, dict[str, Any]]:
        found = (await self.ask(PRODUCTS))["products"]["items"]
        return {one["sku"]: one for product in found for one in product["variants"]}

    async def buy(self, **units: int) -> dict[str, Any]:
        """Place an order of SKUs and pay for it."""
        variants = await self.variants()
        for sku, n in units.items():
            await self.do(ADD, id=variants[sku]["id"], n=n)
        await self.do(CUSTOMER)
        await self.do(ADDRESS)
        (method, *_) = (await self.ask(METHODS))["eligibleShippingMethods"]
        await self.do(METHOD, id=[method["id"]])
        await self.do(ARRANGE)
        return await self.do(PAY)

    async def order(self, code: str) -> dict[str, Any]:
        return (await self.ask(ORDER, code=code))["orderByCode"]


@pytest.fixture
async def shop(network, tmp_path) -> AsyncIterator[Stranger]:
    async with serving("shop.mjs", str(tmp_path / "shop"), USER, PASSWORD) as stranger:
        yield stranger


@asynccontextmanager
async def at(shop: Stranger) -> AsyncIterator[Buyer]:
    """Somebody new who comes into the shop."""
    address = f"http://127.0.0.1:{shop.port}"
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield Buyer(client)


@pytest.fixture
async def talking(database: Database, tenant: str, shop: Stranger) -> Offering:
    assert "vendure" in FAMILIES, "run `make interop`, it installs the adapter"
    await found_retailer(database, tenant)
    opened = Offering(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, CHANNEL)
    await opened.connect(
        f"http://127.0.0.1:{shop.port}",
        format="vendure",
        delivery="call",
        token=f"{USER} {PASSWORD}",
        services={"*": "STANDARD48"},
        settings={"creates": "yes"},
    )
    return opened


async def until(talking: Offering, done: Callable[[], Awaitable[bool]]) -> None:
    """Ask the shop until something is so: it tells of a change when its second is over."""
    async with talking.database.transaction(talking.tenant) as tx:
        await begin(tx)
    for _ in range(LOOKS_MAX):
        await talking.settle()
        if await done():
            return
        await talking.hurry()
    raise AssertionError(await talking.messages())


async def fetched(talking: Offering, number: str) -> None:
    """Ask the shop until it has told of an order."""

    async def there() -> bool:
        return await talking.order(number) is not None

    await until(talking, there)


async def is_off(talking: Offering, number: str) -> bool:
    return await talking.units(number) == {}


async def told_again(talking: Offering) -> None:
    """Let the shop tell all of it once more: that is no news."""
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("delete from channels_cursor")
    await talking.tell_all_there_is()
    states = set(await talking.states())
    assert states <= {"applied", "outdated", "repeated"}, await talking.messages()


async def offered(talking: Offering) -> dict[str, int]:
    """What may be promised of the two articles."""
    return {sku: n for sku, n in (await talking.available()).items() if sku in ("MUG", "SPOON")}


async def sellable(shop: Stranger, *skus: str) -> dict[str, int]:
    """How many units the shop sells to somebody who wants too many."""
    found = {}
    for sku in skus:
        async with at(shop) as greedy:
            variant = (await greedy.variants())[sku]["id"]
            (answer,) = (await greedy.ask(ADD, id=variant, n=900)).values()
            found[sku] = answer["quantityAvailable"]
    return found


@pytest.fixture
async def order(talking: Offering, shop: Stranger) -> AsyncIterator[tuple[Buyer, dict[str, Any]]]:
    """Three mugs and a spoon, bought in the shop after it was told of all we have."""
    await talking.offer(prices=True)
    await talking.tell_all_there_is()
    async with at(shop) as buyer:
        placed = await buyer.buy(MUG=3, SPOON=1)
        await fetched(talking, placed["id"])
        await talking.tell_all_there_is()
        yield buyer, placed


async def test_goods_and_prices_out_an_order_in_parcels_and_stock_back(
    talking: Offering, shop: Stranger, order: tuple[Buyer, dict[str, Any]]
):
    buyer, placed = order
    shown = await buyer.variants()
    prices = {sku: one["priceWithTax"] for sku, one in shown.items()}
    assert prices == {"MUG": 600, "LAMP": 2_499, "SPOON": 100, "SET": 1_350}
    assert await talking.units(placed["id"]) == {"MUG": 3, "SPOON": 1}
    ours = await talking.order(placed["id"])
    assert ours.money.worth_minor == placed["totalWithTax"] == 3 * 600 + 100 + 395
    left = await sellable(shop, "MUG", "SPOON")
    assert left == {"MUG": 14 - 3, "SPOON": 50 - 1} == await offered(talking)
    await talking.send_units({"MUG": 2, "SPOON": 1}, placed["id"])
    await talking.tell_all_there_is()
    assert (await buyer.order(placed["code"]))["state"] == "PartiallyShipped"
    await talking.send_units({"MUG": 1}, placed["id"])
    await talking.tell_all_there_is()
    there = await buyer.order(placed["code"])
    assert there["state"] == "Shipped"
    works = await talking.works(placed["id"])
    sent = [parcel.tracking_number for work in works for parcel in work.parcels]
    assert sorted(one["trackingCode"] for one in there["fulfillments"]) == sorted(sent)
    assert {one["state"] for one in there["fulfillments"]} == {"Shipped"}
    assert await sellable(shop, "MUG", "SPOON") == left
    # Broken on the shelf: the shop may sell fewer.
    await talking.move(MUG=-2)
    await talking.tell_all_there_is()
    assert await sellable(shop, "MUG") == {"MUG": 14 - 3 - 2}
    await told_again(talking)
    assert {state for _, state in await talking.said()} == {"told"}
    await talking.assert_sound()


async def test_units_that_we_call_off_and_an_order_that_the_shop_calls_off(
    talking: Offering, shop: Stranger, order: tuple[Buyer, dict[str, Any]]
):
    buyer, placed = order
    mugs = next(line for line in (await talking.order(placed["id"])).lines if line.sku == "MUG")
    wish = orders.CancelUnits(
        order_id=(await talking.order(placed["id"])).id,
        lines=[orders.CancelLine(mugs.id, 1)],
        reason="broken on the shelf",
    )
    await talking.lanes.run(talking.tenant, orders.CANCEL, str(new_id()), wish)
    await talking.tell_all_there_is()
    there = await buyer.order(placed["code"])
    assert [line["quantity"] for line in there["lines"]] == [2, 1]
    assert await sellable(shop, "MUG") == {"MUG": 14 - 2}
    await told_again(talking)
    assert await talking.units(placed["id"]) == {"MUG": 2, "SPOON": 1}
    async with at(shop) as staff:
        await staff.ask(LOGIN, user=USER, password=PASSWORD, api="admin-api")
        await staff.do(CANCEL, id=placed["id"], api="admin-api")
    await until(talking, lambda: is_off(talking, placed["id"]))
    await talking.tell_all_there_is()
    assert await sellable(shop, "MUG", "SPOON") == {"MUG": 14, "SPOON": 50}
    async with at(shop) as other:
        placed = await other.buy(LAMP=1)
        await fetched(talking, placed["id"])
        await talking.call_off(1, placed["id"])
        await talking.tell_all_there_is()
        assert (await other.order(placed["code"]))["state"] == "Cancelled"
    await talking.assert_sound()
