"""Messages of every kind in any order, in pieces and more than once: one state in the end."""

import random
from typing import Any

import pytest

from crosslane import channels, customers, returns
from crosslane.channels.domain.messages import Message
from crosslane.channels.service.contacts import MARKETING
from crosslane.kernel import format_instant
from crosslane.platform.database import Database
from tests.channels.bazaar import about, order, sale, snapshot, till_batch, void
from tests.channels.market import (
    SHOP_PRICES,
    Market,
    contact,
    moved,
    open_market,
    paid,
    price,
    product,
)
from tests.orders.world import set_policy, stock_up

KINDS = {struct.__struct_config__.tag for struct in Message.__args__}
STOPPED = [{"kind": "payment", "reason": "not paid yet"}]
CONFUSED_MAX = 6


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    market = await open_market(database, tenant)
    market.reactions += tuple(r for r in returns.REACTIONS if r.name == "returns.settle_by_policy")
    await market.master(articles=True, category="home", price_list=SHOP_PRICES)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "till")
        await stock_up(tx, {("MUG", "DC1"): 200, ("SPOON", "DC1"): 200})
    return market


def told_of(n: int, now: str, earlier: str) -> list[dict[str, Any]]:
    """What a marketplace says, each thing in its own versions."""
    amended, sent, off = f"A-{n}", f"B-{n}", f"C-{n}"
    spoon = {"id": "1", "quantity": 1, "reason": "changed_mind", "disposition": "sellable"}
    back = {"order": sent, "lines": [spoon]}
    due = {"order": "", "to": "DC1", "due_at": "2011-01-09T08:00:00Z"}
    new = f"NEW-{n}"
    return [
        order(amended, ("MUG", 1), ("SPOON", 2)),
        about("amendment", amended, 2, lines=[{"id": "1", "quantity": 3}]),
        about("amendment", amended, 3, lines=[{"id": "2", "quantity": 1}]),
        paid("captured", 400, f"MA-{n}", order=amended),
        paid("refunded", 60, f"MR-{n}", order=amended, outcome="pending"),
        paid("refunded", 60, f"MR-{n}", 2, order=amended),
        order(sent, ("SPOON", 3), stops=STOPPED),
        about("payment", sent, 2, outcome="paid"),
        moved("accepted", f"F-{n}", 1, order=sent),
        moved("shipped", f"F-{n}", 2, order=sent, lines=[{"id": "1", "quantity": 2}]),
        moved("delivered", f"F-{n}", 3, order=sent, lines=[{"id": "1", "quantity": 2}]),
        moved("shipped", f"G-{n}", 1, order=sent, lines=[{"sku": "SPOON", "quantity": 1}]),
        about("return", f"R-{n}", 1, step="requested", **back),
        about("return", f"R-{n}", 2, step="arrived", location="S0001", **back),
        about("return", f"R-{n}", 3, step="refunded", refunded_minor=100, **back),
        paid("captured", 300, f"MB-{n}", order=sent),
        paid("refunded", 100, f"MC-{n}", order=sent),
        order(off, ("MUG", 2)),
        about("cancellation", off, 2),
        paid("captured", 200, f"MD-{n}", order=off),
        paid("refunded", 200, f"ME-{n}", order=off),
        contact(1, f"P-{n}", name="Ada B", email=f"ada{n}@example.com", marketing=True),
        contact(2, f"P-{n}", name="Ada Brown", marketing=False),
        product(1, new, title="A cup", weight_grams=300),
        product(2, new, title="A blue cup"),
        price(700_000, 1, new),
        moved("shipped", f"N-{n}", 1, lines=[{"sku": "SPOON", "quantity": 9}], **due),
        moved("shipped", f"N-{n}", 2, lines=[{"sku": "SPOON", "quantity": 7}], **due),
        snapshot(f"S-{n}", earlier, LAMP=40),
        about("supply_delta", f"D-{n}", 1, location="S0001", event_at=now)
        | {"rows": [{"sku": "LAMP", "quantity": 2}]},
        about("notice", f"X-{n}", 1, topic="tariffs"),
    ]


def batches_of(n: int) -> list[str]:
    """What a till says: two sales, and later that one of them is taken back."""
    sales = [sale(f"{n}-1", ("MUG", 1, 600)), sale(f"{n}-2", ("SPOON", 1, 100))]
    gone = [void(f"{n}-3", f"{n}-2")]
    return [
        till_batch(*sales, head={"batch": f"2011-01-05/{n}a"}),
        till_batch(*gone, head={"batch": f"2011-01-05/{n}b"}),
    ]


async def say(market: Market, said: dict[str, Any] | str) -> None:
    if isinstance(said, str):
        await market.send(said, channel="till", format="till-batch")
        await market.work()
    else:
        await market.tell(said)


async def state_of(market: Market, n: int) -> dict[str, Any]:
    """All that came of what was said."""
    found: dict[str, Any] = {}
    for name in (f"A-{n}", f"B-{n}", f"C-{n}"):
        shown = await market.order(name)
        captured, refunded = await market.money(name)
        stages = await market.stages(name)
        stages.pop("cancelled", None)
        worth = shown.money.worth_minor if shown else None
        found[name[0]] = worth, captured - refunded, stages, await market.units(name)
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        (given,) = await tx.fetch(
            "select state, refund_minor from returns_return where source_id = $1", f"bazaar:R-{n}"
        )
        (person,) = await customers.search(tx, f"ada{n}@example.com")
        known = (await customers.customers_by_id(tx, [person]))[person]
        allowed = await customers.consenting(tx, [person], purpose=MARKETING, channel="bazaar")
        found["person"] = known.name, bool(allowed)
        found["return"] = given["state"]
        found["article"] = [
            tuple(row)
            for row in await tx.fetch(
                "select x.text, v.weight_grams, p.unit_price_milli from catalog_variant v"
                " join catalog_text x on x.owner_id = v.id"
                " join pricing_price p on p.variant_id = v.id where v.sku = $1",
                f"NEW-{n}",
            )
        ]
        found["coming"] = await tx.fetchval(
            "select quantity from inventory_incoming where reference = $1", f"N-{n}"
        )
        found["till"] = await tx.fetchval(
            "select count(*) from orders_order where channel = 'till' and source_id like $1",
            f"S0001/T1/{n}-%",
        )
    return found


async def confuse(market: Market, seed: int, times: int) -> None:
    """Say the same of several orders, each time in another order, and compare what came of it."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    async with market.database.transaction(market.tenant) as tx:
        now = tx.now
    instants = [format_instant(now.replace(microsecond=n)) for n in (2, 1)]
    expected = None
    for n in range(times):
        said: list[dict[str, Any] | str] = [*told_of(n, *instants), *batches_of(n)]
        if n:
            said += chance.choices(said, k=CONFUSED_MAX)
            chance.shuffle(said)
        for each in said:
            await say(market, each)
        found = await state_of(market, n)
        expected = expected or found
        assert found == expected, (n, [x if isinstance(x, str) else x["source_id"] for x in said])
    assert expected is not None
    assert expected["A"] == (401, 341, {"released": 4}, {"MUG": 3, "SPOON": 1})
    assert expected["B"][:3] == (200, 200, {"delivered": 2, "handed_over": 1})
    assert expected["C"] == (0, 0, {}, {})
    assert await market.on_hand("LAMP", "S0001") == 40 + times * 2
    assert await market.on_hand("SPOON", "DC1") == 250 - 3 * times
    kept = {"applied", "repeated", "outdated", "kept", "voided"}
    assert set(await market.states()) <= kept, await market.codes()
    told = {one.kind for one in await market.messages()}
    assert told == KINDS
    await market.assert_sound()


@pytest.mark.parametrize("seed", [1])
async def test_messages_of_all_kinds_in_any_order_end_in_the_same_state(market: Market, seed: int):
    assert len(channels.FAMILIES["orders-jsonl"].brings | {"sale", "void"}) == len(KINDS)
    await confuse(market, seed, 3)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
async def test_messages_of_all_kinds_in_many_orders_end_in_the_same_state(
    market: Market, seed: int
):
    await confuse(market, seed, 8)
