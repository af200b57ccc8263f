"""Returns that wait for a person: held with reasons, cleared or declined, never silently."""

from datetime import timedelta

from crosslane import organization, returns
from crosslane.kernel import Refusal
from crosslane.orders import AttributionWish, LineWish
from crosslane.organization import PutStaffMember, Scope, SetPolicy, put_staff
from crosslane.returns import (
    CLEAR,
    DECLINE,
    SETTLE,
    Clear,
    Decline,
    DeskCharge,
    RefundWish,
    Settle,
)
from crosslane.returns.service import reading
from crosslane.returns.storage import abuse as storage
from crosslane.verify import verify
from crosslane.verify.returns import RULES
from tests.orders.world import LONG_AGO
from tests.returns.counter import THEN, ask, bring, line, sell
from tests.soundness import assert_sound

CASH = [RefundWish(method="cash")]
DEAR = "LAMP"


async def findings_of(database, shop, *taken) -> dict[str, list[str]]:
    """Kinds of what was found and the reasons, weightiest first."""
    async with database.transaction(shop, read_only=True) as tx:
        ids = [one.return_id for one in taken]
        found = await storage.list_findings(tx, return_ids=ids, limit=50)
    return {one.kind: [reason.name for reason in one.reasons] for one in found}


async def sell_hollow(database, lanes, shop, seller: str, at):
    sold = LineWish(sku=DEAR, quantity=1, attributions=[AttributionWish(role="sold", staff=seller)])
    return await sell(database, lanes, shop, sold, at=at)


async def test_two_of_the_staff_wait_once_chance_does_not_explain_them(database, lanes, shop):
    members = (PutStaffMember("A1", "Ann", frozenset()), PutStaffMember("B2", "Bob", frozenset()))
    async with database.transaction(shop) as tx:
        await put_staff(tx, members)
    answers = []
    for day in range(6):
        at = THEN + timedelta(days=day)
        sold = await sell_hollow(database, lanes, shop, "A1", at)
        told = {"occurred_at": at + timedelta(hours=3), "staff": "B2", "refunds": CASH}
        answers.append(await bring(lanes, shop, sold, DEAR, **told))
    assert not any(isinstance(answer, Refusal) for answer in answers), answers
    assert [one.held for one in answers] == [False] * 4 + [True] * 2
    held = answers[-1]
    assert (held.state, held.refund_minor) == ("graded", 0)
    assert held.hold_reason.startswith("staff loop 125/100 (same two 100, hollow 25)")
    assert await findings_of(database, shop, held) == {"staff_loop": ["same_two", "hollow"]}
    async with database.transaction(shop) as tx:
        assert (await returns.find_return(tx, held.number)).held
        kinds = await tx.fetch("select kind from platform_log where kind like 'returns.%'")
    assert [row["kind"] for row in kinds].count("returns.ReturnHeld") == 2
    await assert_sound(database, shop)


async def test_what_has_happened_is_booked_and_found(database, lanes, shop):
    proof = {"proof": "OLD-7", "refunds": CASH, "happened": True}
    lamp = line(DEAR, unit_price_milli=2_499_000, tax_rate_bp=1_750)
    answers = [
        await bring(lanes, shop, None, lamp, location=code, **proof)
        for code in ("S0001", "S0002", "S0003")
    ]
    assert [one.held for one in answers] == [False] * 3
    assert [one.state for one in answers] == ["settled"] * 3
    assert await findings_of(database, shop, *answers) == {
        "receipt_reuse": ["again", "other_places"]
    }
    await assert_sound(database, shop)


async def test_units_beyond_a_receipt_are_found_although_the_till_gave_money(database, lanes, shop):
    sold = await sell(database, lanes, shop, DEAR)
    told = {"happened": True, "refunds": CASH}
    first = await bring(lanes, shop, sold, DEAR, **told)
    second = await bring(lanes, shop, sold, DEAR, **told, location="S0002")
    assert await findings_of(database, shop, first) == {}
    assert await findings_of(database, shop, second) == {
        "receipt_reuse": ["beyond_sold", "other_places"]
    }


async def test_a_policy_decides_from_which_score_a_return_waits(database, lanes, shop):
    async with database.transaction(shop) as tx:
        value = {"wardrobing": {"hold_at": 40, "exempt_minor": 1_000}}
        wish = SetPolicy("returns.abuse", value, "try", Scope("channel", "till"), LONG_AGO)
        await organization.set_policy(tx, wish)
    sold = await sell(database, lanes, shop, LineWish(sku=DEAR, quantity=2), "SPOON")
    used = {"item_state": "used", "reason": "changed_mind"}
    override = {"blind_override_reason": "try"}
    small = await bring(lanes, shop, sold, line("SPOON", **used), **override)
    assert not small.held
    dear = await bring(lanes, shop, sold, line(DEAR, **used), **override)
    assert dear.held
    assert dear.hold_reason == "wardrobing 40/40 (worn 40)"
    faulty = {"item_state": "used", "reason": "faulty"}
    assert not (await bring(lanes, shop, sold, line(DEAR, **faulty), **override)).held


async def test_a_person_clears_or_declines_and_both_are_remembered(database, lanes, shop):
    async with database.transaction(shop) as tx:
        value = {"wardrobing": {"hold_at": 40}}
        wish = SetPolicy("returns.abuse", value, "try", Scope("channel", "till"), LONG_AGO)
        await organization.set_policy(tx, wish)
    sold = await sell(database, lanes, shop, LineWish(sku=DEAR, quantity=3))
    worn = line(DEAR, item_state="used")
    first, second = [
        await bring(lanes, shop, sold, worn, blind_override_reason="try") for _ in range(2)
    ]
    assert first.held
    assert second.held
    cleared = await ask(lanes, shop, CLEAR, Clear(return_id=first.return_id, reason="rain"))
    assert (cleared.state, cleared.held) == ("graded", False)
    settled = await ask(lanes, shop, SETTLE, Settle(return_id=first.return_id))
    assert (settled.state, settled.refund_minor) == ("settled", 2499)
    declined = await ask(lanes, shop, DECLINE, Decline(return_id=second.return_id, reason="worn"))
    assert (declined.state, declined.held, declined.refund_minor) == ("declined", False, 0)
    async with database.transaction(shop) as tx:
        one, other = [
            (await reading.findings_of(tx, str(each.return_id)))[0] for each in (first, second)
        ]
        every = {"kind": None, "after": None, "limit": 5}
        assert await reading.list_suspicions(tx, waiting=True, **every) == []
        assert len(await reading.list_suspicions(tx, waiting=None, **every)) == 2
    assert (one.outcome, one.reason) == ("cleared", "rain")
    assert (other.outcome, other.reason) == ("declined", "worn")
    await assert_sound(database, shop)


async def test_charges_of_a_held_return_are_charged_when_it_is_settled(database, lanes, shop):
    """A fee of an order's return, and money beside blind goods: a hold forgets neither."""
    async with database.transaction(shop) as tx:
        value = {"wardrobing": {"hold_at": 40, "exempt_minor": 0}}
        wish = SetPolicy("returns.abuse", value, "try", Scope("channel", "till"), LONG_AGO)
        await organization.set_policy(tx, wish)
    sold = await sell(database, lanes, shop, LineWish(sku=DEAR, quantity=2))
    told = {"blind_override_reason": "known", "refunds": CASH}
    used = {"item_state": "used", "reason": "changed_mind"}
    proved = line("MUG", unit_price_milli=500_000, tax_rate_bp=1_750, **used)
    fee = [DeskCharge(kind="fee", title="Scratched", gross_minor=150)]
    sorry = [DeskCharge(kind="appeasement", title="Sorry", gross_minor=-250)]
    held = [
        await bring(lanes, shop, sold, line(DEAR, **used), charges=fee, **told),
        await bring(lanes, shop, None, proved, charges=sorry, **told),
    ]
    for one, refund in zip(held, (2_499 - 150, 500 + 250), strict=True):
        assert (one.held, one.refund_minor) == (True, 0)
        wish = {"return_id": one.return_id}
        await ask(lanes, shop, CLEAR, Clear(reason="a regular", **wish))
        settled = await ask(lanes, shop, SETTLE, Settle(**wish))
        assert (settled.state, settled.refund_minor) == ("settled", refund)
    await assert_sound(database, shop)


async def test_verify_finds_scores_that_do_not_add_up_and_holds_without_a_reason(
    database, lanes, shop
):
    told = {"happened": True, "refunds": CASH}
    sold = await sell(database, lanes, shop, DEAR)
    taken = [await bring(lanes, shop, sold, DEAR, **told) for _ in range(2)]
    await assert_sound(database, shop)
    async with database.transaction(shop) as tx:
        await tx.execute("update returns_finding set score = score + 1")
        await tx.execute("update returns_return set held = true where id = $1", taken[0].return_id)
        found = await verify(tx, [rule for rule in RULES if rule.name.startswith("returns.")])
    assert {one.rule for one in found} == {"returns.scores_add_up", "returns.held_for_a_reason"}
