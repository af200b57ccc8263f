"""Purchase orders reach a strict vendor once, however much goes wrong on the way."""

from datetime import timedelta

import pytest

from crosslane import vendors
from crosslane.orders import CANCEL, CancelUnits
from crosslane.organization import Scope, SetPolicy, set_policy
from crosslane.platform.effects import list_dead, replay_dead
from crosslane.vendors import FIND_SILENT, PutVendor, put_vendor
from tests.orders.world import LONG_AGO, buckets
from tests.vendors.shop import Play, sound
from tests.vendors.strict import MESSAGE_SECRET, StrictVendor


async def hurry(play: Play) -> None:
    """Make every waiting effect due now."""
    async with play.database.transaction(play.tenant) as tx:
        await tx.execute("update platform_effect set due_at = now() where state = 'due'")


@pytest.mark.parametrize("fault", ["error_after", "timeout_after", "garbage", "error", "freeze"])
async def test_a_lost_answer_makes_no_second_order(wired: Play, strict: StrictVendor, fault: str):
    strict.fault(fault, seconds=0.1)
    placed = await wired.order(1)
    for _ in range(2):
        await hurry(wired)
        await wired.settle()
    purchase = await wired.purchase(placed)
    assert (purchase.delivery, purchase.problems) == ("sent", [])
    assert list(strict.orders()) == [str(purchase.id)]
    assert len(strict.keys()) == 1


async def test_a_killed_vendor_forgets_nothing(wired: Play, strict: StrictVendor):
    strict.fault("timeout_after", seconds=0.1)
    placed = await wired.order(1)
    strict.kill()
    strict.start()
    await hurry(wired)
    await wired.settle()
    assert (await wired.purchase(placed)).delivery == "sent"
    assert len(strict.keys()) == 1


async def test_a_refused_order_is_supplied_from_elsewhere_or_waits(
    wired: Play, strict: StrictVendor
):
    strict.fault("refuse")
    placed = await wired.order(1)
    purchase = await wired.purchase(placed)
    assert (purchase.delivery, purchase.problems) == ("refused", ["refused"])
    assert purchase.delivery_reason == "refused: not_today"
    assert buckets(await wired.view(placed))["MUG"] == {("backordered", ""): 1}
    assert strict.orders() == {}
    await sound(wired)


async def test_an_order_nobody_could_deliver_is_a_problem_until_it_is_sent_again(
    wired: Play, strict: StrictVendor
):
    strict.fault("error", times=-1)
    placed = await wired.order(1)
    for _ in range(8):
        await hurry(wired)
        await wired.settle()
    purchase = await wired.purchase(placed)
    assert (purchase.delivery, purchase.problems) == ("undelivered", ["undelivered"])
    strict.clear_faults()
    async with wired.database.transaction(wired.tenant) as tx:
        (letter,) = await list_dead(tx)
        await replay_dead(tx, letter.id)
    await wired.settle()
    purchase = await wired.purchase(placed)
    assert (purchase.delivery, purchase.problems) == ("sent", [])
    assert len(strict.orders()) == 1


async def test_only_the_latest_version_is_sent(wired: Play, strict: StrictVendor):
    strict.fault("error")
    placed = await wired.order(2)
    cancel = CancelUnits(order_id=placed.id, reason="changed my mind")
    await wired.lanes.run(wired.tenant, CANCEL, "cancel", cancel)
    await wired.settle()
    await hurry(wired)
    await wired.settle()
    (taken,) = strict.orders().values()
    assert (taken["version"], taken["lines"][0]["quantity"]) == (2, 0)
    assert len(strict.keys()) == 1


async def be_silent(play: Play, on_silence: str) -> None:
    """Let the vendor's time pass, under a policy."""
    async with play.database.transaction(play.tenant) as tx:
        value = {"answer_hours": 2, "on_silence": on_silence}
        scope = Scope("location", "V01")
        await set_policy(tx, SetPolicy("vendors.ordering", value, "agreed", scope, LONG_AGO))
        late = timedelta(hours=30)
        await tx.execute(
            "update vendors_order set answer_due_at = answer_due_at - $1::interval", late
        )
    async with play.database.transaction(play.tenant) as tx:
        await FIND_SILENT.run(tx)
    await play.settle()


async def test_a_silent_vendor_is_shown_until_it_speaks(wired: Play):
    placed = await wired.order(1)
    await be_silent(wired, "tell")
    purchase = await wired.purchase(placed)
    assert purchase.problems == ["silent"]
    assert buckets(await wired.view(placed))["MUG"] == {("released", "V01"): 1}
    await wired.tell(wired.acknowledge(purchase))
    assert (await wired.purchase(placed)).problems == []
    await sound(wired)


async def test_by_policy_other_stock_is_found_for_what_a_silent_vendor_has(
    wired: Play, strict: StrictVendor
):
    placed = await wired.order(1)
    await be_silent(wired, "resource")
    assert buckets(await wired.view(placed))["MUG"] == {("backordered", ""): 1}
    (taken,) = strict.orders().values()
    assert (taken["version"], taken["lines"][0]["quantity"]) == (2, 0)
    purchase = await wired.purchase(placed)
    # It ships all the same: that is recorded and owed for, and a person sees it.
    await wired.tell(wired.ship(purchase, 1))
    purchase = await wired.shown(purchase.id)
    assert (purchase.lines[0].shipped, purchase.problems) == (1, ["surplus"])
    await sound(wired)


async def test_a_vendor_that_answered_is_never_silent(wired: Play):
    placed = await wired.order(1)
    await wired.tell(wired.acknowledge(await wired.purchase(placed)))
    await be_silent(wired, "resource")
    assert (await wired.purchase(placed)).problems == []


async def test_settings_are_checked_and_the_currency_stays(play: Play):
    await play.order(1)
    async with play.database.transaction(play.tenant) as tx:
        for wrong in (
            {"location": "DC1"},
            {"location": "V01", "currency": "EUR"},
            {"location": "V01", "port": "http", "endpoint": "ftp://x", "order_secret": "whsec_"},
            {"location": "V01", "port": "http", "endpoint": "https://vendor.example/"},
        ):
            wish = PutVendor(**{"currency": "GBP", "message_secret": MESSAGE_SECRET, **wrong})
            with pytest.raises(
                (
                    vendors.NotAVendor,
                    vendors.VendorCurrencyFixed,
                    vendors.BadVendorSettings,
                )
            ):
                await put_vendor(tx, wish)
