"""Goodwill: never more than the customer still pays, nor than the budget of who gives it."""

import asyncio

import pytest

from crosslane import organization
from crosslane.kernel import new_id
from crosslane.orders import (
    APPEASE,
    APPEASEMENT,
    CANCEL,
    Appease,
    Appeased,
    CancelLine,
    CancelUnits,
    LineWish,
    OrderView,
    errors,
)
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from tests.api import Api
from tests.orders.test_changes import WHOLE_WAY, carry
from tests.orders.test_credits import credit, request, sold, told
from tests.orders.world import found_retailer, place, set_policy, view, wish
from tests.soundness import assert_sound

organization.register_policies([APPEASEMENT])


def agent(role: str = "agent") -> Actor:
    return Actor(kind="staff", id=str(new_id()), permissions=frozenset({"*"}), role=role)


async def give(lanes: Lanes, tenant: str, shown: OrderView, minor: int, actor: Actor, **changes):
    asked = Appease(order_id=shown.id, minor=minor, reason="sorry", **changes)
    answer = await lanes.submit(tenant, APPEASE, Command(str(new_id()), actor, asked))
    return answer.outcome


async def test_goodwill_is_paid_back_and_comes_off_what_returns_are_worth(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=3))
    given = await give(lanes, shop, shown, 300, agent())
    assert given == Appeased(1, -300, 300, "GBP")
    after = await view(database, shop, shown.id)
    assert after.money.refunded_minor == 300
    assert [(c.kind, c.gross_minor, c.tax_minor) for c in after.charges[1:]] == [
        ("appeasement", -300, -50)
    ]
    (event,) = await told(database, shop, shown.id)
    assert [c.net_minor for c in event.charges] == [-250]
    (back,) = await credit(database, shop, request(shown, (0, 1)))
    assert back.gross_minor == 500
    (rest,) = await credit(database, shop, request(shown, (0, 2)))
    assert rest.gross_minor == 1000
    done = await view(database, shop, shown.id)
    assert done.money.worth_minor == 395 == done.money.captured_minor - done.money.refunded_minor
    await assert_sound(database, shop)


async def test_goodwill_before_hand_over_falls_due_with_it_and_falls_with_what_is_cancelled(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    shown = await view(database, shop, placed.id)
    given = await give(lanes, shop, shown, 200, agent(), line_id=shown.lines[0].id)
    assert given == Appeased(1, -200, 0, "GBP")
    assert [event.charges for event in await told(database, shop, shown.id)] == [[]]
    one = CancelUnits(
        order_id=shown.id, lines=[CancelLine(shown.lines[0].id, 1)], reason="one too many"
    )
    fewer = await lanes.run(shop, CANCEL, str(new_id()), one)
    assert fewer.gross_delta_minor == -500
    await carry(database, shop, shown, *WHOLE_WAY)
    after = await view(database, shop, shown.id)
    assert after.money.worth_minor == after.money.captured_minor == 500 + 395
    await assert_sound(database, shop)


@pytest.mark.parametrize(
    ("role", "minor", "refused"),
    [
        ("agent", 2_500, None),
        ("agent", 2_501, errors.AppeasementAboveBudget),
        ("manager", 2_501, None),
        ("manager", 3_200, errors.GivenBackAboveCharged),
        ("customer", 1, errors.NoAppeasementBudget),
    ],
)
async def test_a_role_gives_within_its_budget(
    database: Database, shop: str, lanes: Lanes, role: str, minor: int, refused: type | None
):
    placed = await place(lanes, shop, wish("LAMP", LineWish(sku="SPOON", quantity=3)))
    shown = await view(database, shop, placed.id)
    outcome = await give(lanes, shop, shown, minor, agent(role))
    assert isinstance(outcome, refused or Appeased)


async def test_the_budget_of_an_order_counts_what_others_gave(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "LAMP", LineWish(sku="SPOON", quantity=9))
    assert isinstance(await give(lanes, shop, shown, 2_000, agent()), Appeased)
    refused = await give(lanes, shop, shown, 501, agent())
    assert isinstance(refused, errors.AppeasementAboveBudget)
    assert refused.details["left"] == 500
    assert isinstance(await give(lanes, shop, shown, 501, agent("manager")), Appeased)
    await assert_sound(database, shop)


async def test_the_budget_of_a_day_holds_however_many_are_asked_at_once(
    database: Database, shop: str, lanes: Lanes
):
    async with database.transaction(shop) as tx:
        budget = {"budgets": {"agent": {"order_minor": 400, "day_minor": 1_000}}}
        await set_policy(tx, "orders.appeasement", budget, "web")
    shown = [await sold(database, shop, lanes, "MUG") for _ in range(5)]
    me, others = agent(), Lanes(database)
    tries = [
        give(lanes if number % 2 else others, shop, one, 400, me)
        for number, one in enumerate(shown)
    ]
    outcomes = await asyncio.gather(*tries)
    assert sum(isinstance(one, Appeased) for one in outcomes) == 2
    assert all(isinstance(one, Appeased | errors.AppeasementAboveBudget) for one in outcomes)
    await assert_sound(database, shop)


async def test_over_http_goodwill_is_given_once_per_key(database: Database, api: Api):
    await found_retailer(database, api.tenant)
    sent = {
        "channel": "web",
        "ship_to": {"country": "GB", "lines": ["12 High Street"], "city": "Oxford",
                    "postcode": "OX1 4AA", "name": "Ada Brown"},
        "buyer": {"email": "ada@example.com"},
        "lines": [{"sku": "LAMP", "quantity": 2}],
        "tenders": [{"method": "cash"}],
    }  # fmt: skip
    order = (await api.admin.post("/api/v1/orders", json=sent)).json()
    at = f"/api/v1/orders/{order['id']}/appeasement"
    clerk = await api.staff("agent")
    body = {"minor": 500, "reason": "three days late"}
    given = [
        await clerk.post(at, json=body, headers={"Idempotency-Key": "sorry"}) for _ in range(2)
    ]
    assert [one.status_code for one in given] == [201, 201]
    assert given[0].json() == given[1].json()
    above = await clerk.post(at, json={**body, "minor": 2_001})
    assert (above.status_code, above.json()["code"]) == (403, "appeasement-above-budget")
    reader = await api.key(["orders:read"])
    assert (await reader.post(at, json=body)).status_code == 403
    shown = (await api.admin.get(f"/api/v1/orders/{order['id']}")).json()
    assert shown["money"]["worth_minor"] == 2 * 2499 + 395 - 500
    assert [a["kind"] for a in shown["amendments"]] == ["appease"]
    told = (await api.admin.get(f"/api/v1/orders/{order['id']}/timeline")).json()["items"]
    kinds = [entry["kind"] for entry in told]
    assert {"orders.LinesCredited", "orders.OrderAmended"} <= set(kinds)
