"""What many ask is told again, and is what reading it through would tell."""

import asyncio
import time
from datetime import timedelta
from random import Random

import pytest

from crosslane.catalog import ComponentRow, ImportProducts, ProductRow, import_products
from crosslane.inventory import (
    POLICIES,
    ROUTES,
    Arrived,
    Hold,
    Waiting,
    allocate,
    confirm,
    hold,
    keep_promises,
    receive_incoming,
    report_incoming,
    ship,
)
from crosslane.inventory.domain.feeds import SupplyRow
from crosslane.inventory.reactions import REACTIONS
from crosslane.inventory.service.availability import Question, availability
from crosslane.inventory.service.feeds import SupplyReport, report_supply
from crosslane.organization import SetPolicy, register_policies, set_policy
from crosslane.platform import standing
from crosslane.platform.log import run_reaction
from tests.edge import send, served
from tests.inventory.shop import confirmation, demand, hold_wish, sale, stocked, wish
from tests.inventory.test_incoming import DAY, report

PATIENCE_SECONDS = 30.0
QUESTIONS = (
    {"skus": ["MUG"], "channel": "web", "locations": ["DC", "LEEDS"]},
    {"skus": ["SET", "MUG"], "channel": "shops"},
    {"skus": ["BOWL"]},
)


@pytest.fixture
async def standing_answers(client, monkeypatch):
    """The answers that the client's application keeps, looked after without a pause."""
    register_policies(POLICIES)
    monkeypatch.setattr(standing, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(standing, "STALE_SECONDS_MAX", PATIENCE_SECONDS)
    monkeypatch.setattr(standing, "REST_SECONDS", 10 * PATIENCE_SECONDS)
    answers = served(tuple(ROUTES))[1].standing
    yield answers
    await answers.close()


async def told(client, question):
    """Ask as a shop does, so that an answer may be one that was told before."""
    query = {"sku": question["skus"]}
    query |= {"channel": question["channel"]} if "channel" in question else {}
    query |= {"location": question["locations"]} if "locations" in question else {}
    answer = await client.get("availability", params=query)
    assert answer.status_code == 200, answer.text
    return answer


async def read_through(client, question):
    """Ask by the request that is always read through."""
    answer = await send(client, "availability-queries", question)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def looked(answers, tenant):
    """Wait for a look that began after now."""
    now = time.monotonic()
    for _ in range(30_000):
        if answers._watches[tenant]._looked_at > now:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nobody looks")


class Life:
    """All that happens to what can be promised, one thing after the other."""

    def __init__(self, database, lanes, shop, seed):
        self.database, self.lanes, self.shop = database, lanes, shop
        self.draw = Random(seed)  # noqa: S311
        self.number = 0
        self.holds = []
        self.lines = []

    async def go_on(self):
        self.number += 1
        kind = self.draw.choice([n for n in dir(self) if n.startswith("step_")])
        async with self.database.transaction(self.shop.tenant) as tx:
            await getattr(self, kind)(tx, self.draw.randint(1, 4))
        if kind == "step_feed":
            await self.apply()
        return kind

    async def step_receive(self, tx, units):
        await stocked(tx, self.shop, units, at=self.draw.choice(["DC", "LEEDS", "POTTER"]))

    async def step_receive_bowls(self, tx, units):
        await stocked(tx, self.shop, units, variant=self.shop.bowl)

    async def step_allocate(self, tx, units):
        await allocate(tx, [wish(self.shop, units, variant_id=self.shop.bowl)])

    async def step_sell(self, tx, units):
        await ship(tx, [sale(self.shop, units, at="LEEDS")])

    async def step_hold(self, tx, units):
        [held] = await hold(tx, [hold_wish(self.shop, units, tx.now, minutes=60)])
        self.holds += [held] if isinstance(held, Hold) else []

    async def step_confirm(self, tx, units):
        if self.holds:
            held = self.holds.pop()
            await confirm(tx, [confirmation(held, min(units, held.quantity))])

    async def step_announce(self, tx, units):
        day = DAY + timedelta(days=self.draw.randint(0, 3))
        said = report(self.shop, 2 * units, reference=f"PO-{units}", day=day, minute=self.number)
        self.lines = [line.id for line in await report_incoming(tx, [said])]

    async def step_promise(self, tx, units):
        waiting = Waiting(
            variant_id=self.shop.mug,
            quantity=units,
            cause=demand(),
            location_ids=frozenset({self.shop.locations["DC"]}),
            promised_for=tx.now,
        )
        await keep_promises(tx, [waiting])

    async def step_arrive(self, tx, units):
        arrived = [Arrived(incoming_id=line, quantity=units) for line in self.lines]
        await receive_incoming(tx, arrived)

    async def step_keep_back(self, tx, units):
        await set_policy(tx, SetPolicy("inventory.safety_stock", {"units": units}, "a test"))

    async def step_fence(self, tx, units):
        fences = {"fences": [{"channel": "web", "units": units}]}
        await set_policy(tx, SetPolicy("inventory.ring_fence", fences, "a test"))

    async def step_other_set(self, tx, units):
        parts = (ComponentRow("MUG", units, 1), ComponentRow("BOWL", 1, 1))
        await import_products(tx, ImportProducts((ProductRow("SET", "mugs", components=parts),)))

    async def step_feed(self, tx, units):
        said = SupplyReport(
            source="erp",
            message=f"m{self.number}",
            kind="snapshot",
            as_of=tx.now,
            location_id=self.shop.locations["LEEDS"],
            rows=[SupplyRow("MUG", 3 * units)],
        )
        await report_supply(tx, said)

    async def apply(self):
        for reaction in REACTIONS:
            while await run_reaction(self.database, self.shop.tenant, reaction):
                pass


async def stands(database, shop):
    async with database.transaction(shop.tenant) as tx:
        [found] = await availability(tx, [Question(("MUG",))])
    return found.stands


async def test_an_answer_ends_with_its_minute_because_holds_do(database, shop):
    """One hold may take the place of another that lasts longer, and nothing has moved."""
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 9)
        await hold(tx, [hold_wish(shop, 1, tx.now)])
    found = await stands(database, shop)
    assert found.until == found.at.replace(second=0, microsecond=0) + timedelta(minutes=1)


async def test_an_answer_ends_when_the_next_policy_begins(database, shop, standing_answers):
    async with database.transaction(shop.tenant) as tx:
        begins = [tx.now + timedelta(milliseconds=after) for after in (900_000, 1, 200_000)]
        for at in begins:
            said = SetPolicy("inventory.safety_stock", {"units": 2}, "a test", valid_from=at)
            await set_policy(tx, said)
        [found] = await availability(tx, [Question(("MUG",))])
    assert found.stands.until == begins[1]


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_told_again_is_what_reading_it_tells(
    client, database, lanes, shop, standing_answers, seed, monkeypatch
):
    life = Life(database, lanes, shop, seed)
    for _ in range(standing.ASKED_A_SECOND_MIN):
        standing_answers.find(shop.tenant, b"?")
    find, found, lived = standing_answers.find, [], []

    def noted(*asked):
        found.append(find(*asked))
        return found[-1]

    monkeypatch.setattr(standing_answers, "find", noted)
    for _ in range(40):
        lived.append(await life.go_on())
        await looked(standing_answers, shop.tenant)
        for question in QUESTIONS:
            first = await told(client, question)
            true = await read_through(client, question)
            assert first.json()["items"] == true, lived
            second = await told(client, question)
            assert second.json()["items"] == true, lived
            assert second.headers["etag"] == first.headers["etag"]
            known = await client.get(
                second.request.url, headers={"If-None-Match": second.headers["etag"]}
            )
            assert known.status_code == 304
    again = sum(known is not None for known in found)
    assert again > len(found) // 3, "most things that happen move some of the answers only"
