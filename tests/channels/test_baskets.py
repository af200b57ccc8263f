"""Baskets with goods that came back: settled net with the right money, once, in any order."""

import asyncio
import itertools
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane import finance
from crosslane.channels import reactions
from crosslane.channels.domain.baskets import Means, settle_net
from crosslane.channels.domain.messages import TakenTender
from crosslane.platform.log import run_reaction
from tests.channels.bazaar import Bazaar, order, sale, till_batch, void
from tests.channels.test_once import KILLED, SECONDS_MAX
from tests.forking import begin_worker
from tests.soundness import list_findings

TILL = {"channel": "till", "format": "till-batch"}
OTHER = {"till": "T2", "batch": "2011-01-05/2"}


async def ring_up(bazaar: Bazaar, text: str) -> dict[str, int]:
    received = await bazaar.send(text, **TILL)
    await bazaar.work()
    return (await bazaar.batch(received)).counts


def back(record: dict[str, Any], receipt: str = "S0001/T1/1", **told: Any) -> dict[str, Any]:
    """Let the goods that come back in a basket belong to an earlier sale."""
    for line in record["lines"]:
        if line["quantity"] < 0:
            line.update({"receipt": receipt, **told})
    return record


def paid(record: dict[str, Any], **by: int) -> dict[str, Any]:
    """Let a basket be paid by these means."""
    record["tenders"] = [{"method": method, "minor": minor} for method, minor in by.items()]
    return record


async def test_a_basket_settles_net_by_the_means_the_customer_paid(bazaar: Bazaar):
    first = sale("1", ("MUG", 2, 600))
    swap = paid(back(sale("2", ("MUG", -1, 600), ("LAMP", 1, 2000))), card=1400)
    assert await ring_up(bazaar, till_batch(first, swap)) == {"applied": 2}
    assert await bazaar.moved() == {"cash": 1200, "card": 1400}
    one = await bazaar.returned("S0001/T1/2")
    assert (one.state, one.refund_method, one.refund_minor) == ("settled", "card", 600)
    bought = await bazaar.order("S0001/T1/2", "till")
    assert [line.sku for line in bought.lines] == ["LAMP"]
    assert bought.money.captured_minor == 2000
    earlier = await bazaar.order("S0001/T1/1", "till")
    assert one.order_id == earlier.id
    assert (await bazaar.on_hand("MUG", "S0001"), await bazaar.on_hand("LAMP", "S0001")) == (3, -1)
    await bazaar.assert_sound()


@pytest.mark.parametrize("method", ["cash", "card"])
async def test_more_comes_back_than_goes_out_and_the_till_gives_the_rest(
    bazaar: Bazaar, method: str
):
    first = paid(sale("1", ("LAMP", 1, 2000)), card=2000)
    less = paid(back(sale("2", ("LAMP", -1, 2000), ("MUG", 1, 600))), **{method: -1400})
    assert await ring_up(bazaar, till_batch(first, less)) == {"applied": 2}
    expected = {"card": 600} if method == "card" else {"card": 2000, "cash": -1400}
    assert await bazaar.moved() == expected
    await bazaar.assert_sound()


async def test_a_basket_of_nothing_net_moves_no_money(bazaar: Bazaar):
    even = back(sale("2", ("MUG", -1, 600), ("MUG", 1, 600)))
    assert even["tenders"] == []
    assert await ring_up(bazaar, till_batch(sale("1", ("MUG", 1, 600)), even)) == {"applied": 2}
    assert await bazaar.moved() == {"cash": 600}
    assert await bazaar.on_hand("MUG", "S0001") == 3
    await bazaar.assert_sound()


async def test_goods_without_a_receipt_are_taken_back_blind_at_the_till_s_price(bazaar: Bazaar):
    blind = sale("1", ("MUG", -2, 550))
    proved = sale("2", ("LAMP", -1, 1800))
    proved["lines"][0]["proof"] = "OLD-7"
    assert await ring_up(bazaar, till_batch(blind, proved)) == {"applied": 2}
    one, other = [await bazaar.returned(f"S0001/T1/{n}") for n in (1, 2)]
    assert (one.kind, one.refund_minor, other.proof) == ("blind", 1100, "OLD-7")
    assert await bazaar.moved() == {"cash": -2900}
    await bazaar.assert_sound()


async def test_a_web_order_comes_back_over_the_till(bazaar: Bazaar):
    carried = [{"sku": "MUG", "quantity": 2, "method": "carry_out", "store": "S0001"}]
    carried[0]["unit_price_milli"] = 600_000
    await bazaar.tell(order("B-1", lines=carried, ship_to=None))
    number = (await bazaar.order("B-1")).number
    text = till_batch(back(sale("1", ("MUG", -1, 600)), "", order=number))
    assert await ring_up(bazaar, text) == {"applied": 1}
    one = await bazaar.returned("S0001/T1/1")
    assert (one.order_number, one.channel, one.refund_minor) == (number, "bazaar", 600)
    await bazaar.assert_sound()


async def test_what_the_till_gave_beyond_the_worth_is_told_apart(bazaar: Bazaar):
    first = sale("1", ("MUG", 2, 600))
    more, less = back(sale("2", ("MUG", -1, 650))), back(sale("3", ("MUG", -1, 500)))
    assert await ring_up(bazaar, till_batch(first, less)) == {"applied": 2}
    cheap = await bazaar.returned("S0001/T1/3")
    assert (cheap.refund_minor, cheap.fee_minor) == (500, 100)
    assert await ring_up(bazaar, till_batch(more, head=OTHER)) == {"applied": 1}
    dear = await bazaar.returned("S0001/T2/2")
    assert dear.refund_minor == 650
    assert await bazaar.moved() == {"cash": 1200 - 500 - 650}
    await bazaar.assert_sound()


async def test_more_units_than_the_receipt_has_are_a_fact_and_blind(bazaar: Bazaar):
    text = till_batch(sale("1", ("MUG", 1, 600)), back(sale("2", ("MUG", -3, 600))))
    assert await ring_up(bazaar, text) == {"applied": 2}
    one = await bazaar.returned("S0001/T1/2")
    assert one.refund_minor == 600
    assert await bazaar.moved() == {"cash": 600 - 1800}
    assert await bazaar.on_hand("MUG", "S0001") == 4 - 1 + 3
    await bazaar.assert_sound()


async def test_goods_given_back_by_two_means_wait_for_a_person(bazaar: Bazaar):
    mixed = paid(back(sale("2", ("MUG", -2, 600))), cash=-500, card=-700)
    assert await ring_up(bazaar, till_batch(sale("1", ("MUG", 2, 600)), mixed)) == {
        "applied": 1,
        "quarantined": 1,
    }
    (kept,) = await bazaar.messages(state="quarantined")
    assert (kept.code, kept.pointer) == ("means-unclear", "/tenders")
    assert await bazaar.returned("S0001/T1/2") is None
    await bazaar.assert_sound()


async def test_nothing_of_a_basket_is_booked_when_a_part_cannot_be(bazaar: Bazaar):
    odd = paid(back(sale("2", ("MUG", -1, 600), ("LAMP", 1, 2000))), on_account=1400)
    odd["tenders"] = [{"method": "stored_value", "minor": 1400, "account": str(os_uuid())}]
    assert await ring_up(bazaar, till_batch(sale("1", ("MUG", 1, 600)), odd)) == {
        "applied": 1,
        "quarantined": 1,
    }
    assert await bazaar.returned("S0001/T1/2") is None
    assert await bazaar.order("S0001/T1/2", "till") is None
    assert await bazaar.on_hand("MUG", "S0001") == 3
    await bazaar.assert_sound()


def os_uuid():
    from uuid import uuid4

    return uuid4()


async def test_goods_wait_for_their_sale_of_another_till_and_are_booked_with_it(bazaar: Bazaar):
    text = till_batch(back(sale("7", ("MUG", -1, 600))), head=OTHER)
    assert await ring_up(bazaar, text) == {"parked": 1}
    (waiting,) = await bazaar.messages(state="parked")
    assert waiting.code == "sale-missing"
    assert await ring_up(bazaar, till_batch(sale("1", ("MUG", 1, 600)))) == {"applied": 1}
    assert await bazaar.states() == ["applied", "applied"]
    one = await bazaar.returned("S0001/T2/7")
    assert one.order_id == (await bazaar.order("S0001/T1/1", "till")).id
    await bazaar.assert_sound()


async def test_goods_whose_sale_never_comes_are_booked_without_it_in_the_end(bazaar: Bazaar):
    await ring_up(bazaar, till_batch(back(sale("7", ("MUG", -1, 600)))))
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        for table in ("channels_message", "channels_raw"):
            await tx.execute(f"update {table} set received_at = received_at - interval '15 days'")  # noqa: S608
        await reactions.quarantine_late(tx)
    await bazaar.work()
    assert await bazaar.states() == ["applied"]
    one = await bazaar.returned("S0001/T1/7")
    assert (one.kind, one.proof) == ("blind", "S0001/T1/1")


async def test_what_nobody_woke_is_looked_at_again(bazaar: Bazaar):
    apply = reactions.REACTIONS[0]
    await bazaar.send(till_batch(back(sale("7", ("MUG", -1, 600))), head=OTHER), **TILL)
    await bazaar.work(apply)
    await bazaar.send(till_batch(sale("1", ("MUG", 1, 600))), **TILL)
    await bazaar.work(apply)
    assert await bazaar.states() == ["parked", "applied"]
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        for table in ("channels_message", "channels_raw"):
            await tx.execute(f"update {table} set received_at = received_at - interval '2 hours'")  # noqa: S608
        await reactions.look_again(tx)
    await bazaar.work(apply)
    assert await bazaar.states() == ["applied", "applied"]
    await bazaar.assert_sound()


async def test_a_basket_of_an_earlier_batch_is_taken_back_whole(bazaar: Bazaar):
    first = sale("1", ("MUG", 2, 600))
    swap = paid(back(sale("2", ("MUG", -1, 600), ("LAMP", 1, 2000))), card=1400)
    await ring_up(bazaar, till_batch(first, swap))
    late = till_batch(void("9", "2"), head={"batch": "2011-01-06/1"})
    assert await ring_up(bazaar, late) == {"applied": 1}
    assert await bazaar.moved() == {"cash": 1200}
    assert (await bazaar.on_hand("MUG", "S0001"), await bazaar.on_hand("LAMP", "S0001")) == (2, 0)
    again = till_batch(void("10", "2"), head={"batch": "2011-01-06/2"})
    assert await ring_up(bazaar, again) == {"outdated": 1}
    assert await ring_up(bazaar, till_batch(first, swap)) == {"repeated": 2}
    newer = till_batch(first, swap, head={"version": 2})
    assert await ring_up(bazaar, newer) == {"outdated": 2}
    await bazaar.assert_sound()


async def test_a_void_waits_for_its_sale_or_its_basket(bazaar: Bazaar):
    first, mug = sale("1", ("MUG", 2, 600)), back(sale("2", ("MUG", -1, 600)))
    late = till_batch(void("9", "1"), void("10", "2"), head={"batch": "2011-01-06/1"})
    assert await ring_up(bazaar, late) == {"parked": 2}
    assert await ring_up(bazaar, till_batch(mug)) == {"parked": 1}
    head = {"batch": "2011-01-05/0"}
    await ring_up(bazaar, till_batch(first, head=head))
    assert sorted(await bazaar.states()) == ["applied", "applied", "voided", "voided"]
    assert await bazaar.moved() == {}
    assert await bazaar.on_hand("MUG", "S0001") == 4
    await bazaar.assert_sound()


async def test_a_voided_basket_of_the_same_batch_leaves_nothing(bazaar: Bazaar):
    swap = back(sale("2", ("MUG", -1, 600), ("LAMP", 1, 2000)))
    text = till_batch(sale("1", ("MUG", 1, 600)), swap, void("3", "2"))
    assert await ring_up(bazaar, text) == {"applied": 1, "voided": 2}
    assert await bazaar.returned("S0001/T1/2") is None
    await bazaar.assert_sound()


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"returned_units": 2}, "/head/totals/returned_units"),
        ({"returned_minor": 601}, "/head/totals/returned_minor"),
        ({"tenders": {"cash": 600, "card": 800}}, "/head/totals/tenders/card"),
    ],
)
async def test_control_totals_count_what_came_back(bazaar: Bazaar, told: dict, pointer: str):
    swap = paid(back(sale("2", ("MUG", -1, 600), ("LAMP", 1, 2000))), card=1400)
    right = {"returned_units": 1, "returned_minor": 600}
    first = sale("1", ("MUG", 1, 600))
    text = till_batch(first, swap, totals=right | told)
    assert await ring_up(bazaar, text) == {"quarantined": 2}
    assert {m.pointer for m in await bazaar.messages()} == {pointer}
    good = till_batch(first, swap, totals=right, head={"version": 2})
    assert await ring_up(bazaar, good) == {"applied": 2}


async def test_what_was_parked_before_returns_could_be_booked_is_replayed(bazaar: Bazaar):
    await ring_up(bazaar, till_batch(sale("1", ("MUG", 1, 600))))
    await bazaar.send(till_batch(back(sale("2", ("MUG", -1, 600))), head=OTHER), **TILL)
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await tx.execute(
            "update channels_message set state = 'parked', code = 'returns-missing'"
            " where state = 'received'"
        )
    await bazaar.work()
    assert await bazaar.states() == ["applied", "parked"]
    await bazaar.replay(channel="till", code="returns-missing")
    assert await bazaar.states() == ["applied", "applied"]
    await bazaar.assert_sound()


def day_of_tills(number: int) -> list[str]:
    """Batches of two tills that belong together, whichever comes first."""
    at = f"S{number}"
    one = {"batch": f"{at}/1"}
    first = sale(f"{at}-1", ("MUG", 2, 600))
    lamp = paid(sale(f"{at}-2", ("LAMP", 1, 2000)), card=2000)
    swap = paid(
        back(sale(f"{at}-3", ("MUG", -1, 600), ("SPOON", 2, 100)), f"S0001/T1/{at}-1"), cash=-400
    )
    rest = back(sale(f"{at}-4", ("LAMP", -1, 2000)), f"S0001/T1/{at}-2")
    return [
        till_batch(first, lamp, head=one),
        till_batch(swap, paid(rest, card=-2000), head=OTHER | {"batch": f"{at}/2"}),
        till_batch(void(f"{at}-9", f"{at}-1"), head={"batch": f"{at}/3"})
        if number % 2
        else till_batch(sale(f"{at}-5", ("SPOON", 1, 100)), head={"batch": f"{at}/3"}),
    ]


async def facts_of(bazaar: Bazaar) -> dict[str, Any]:
    return {
        "money": await bazaar.moved(),
        "stock": {sku: await bazaar.on_hand(sku, "S0001") for sku in ("MUG", "LAMP", "SPOON")},
    }


async def test_batches_twice_in_any_order_by_two_workers_book_once(bazaar: Bazaar):
    chance = random.Random(7)  # noqa: S311 - not for secrets
    told: list[dict[str, Any]] = []
    stock = await facts_of(bazaar)
    for number, order_of in enumerate(itertools.permutations(range(3))):
        before = await facts_of(bazaar)
        texts = day_of_tills(2 * number)
        for place in (*order_of, *chance.sample(range(3), 3)):
            await bazaar.send(texts[place], **TILL)
            await asyncio.gather(*(two_workers(bazaar) for _ in range(2)))
        await bazaar.work()
        after = await facts_of(bazaar)
        told.append(
            {
                "money": {
                    m: after["money"].get(m, 0) - before["money"].get(m, 0)
                    for m in ("cash", "card")
                },
                "stock": {k: v - before["stock"][k] for k, v in after["stock"].items()},
            }
        )
    assert stock["money"] == {}
    expected = {
        "money": {"cash": 1200 - 400 + 100, "card": 0},
        "stock": {"MUG": -1, "LAMP": 0, "SPOON": -3},
    }
    assert told == [expected] * 6
    assert set(await bazaar.states()) == {"applied", "repeated"}
    await bazaar.assert_sound()


async def two_workers(bazaar: Bazaar) -> None:
    for reaction in reactions.REACTIONS:
        while await run_reaction(bazaar.database, bazaar.tenant, reaction):
            pass


async def test_killed_workers_book_baskets_once(bazaar: Bazaar, postgres_url: str, tmp_path: Path):
    for number in (0, 1, 2, 3):
        for text in reversed(day_of_tills(number)):
            await bazaar.send(text, **TILL)
            await bazaar.send(text, **TILL)
    environment = {
        **os.environ,
        "CROSSLANE_HOME": str(tmp_path),
        "DATABASE_URL": postgres_url,
    }
    for fault in ("reaction.before_commit=kill@2", "reaction.after_commit=kill"):
        killed = begin_worker({**environment, "CROSSLANE_FAULT": fault})
        async with asyncio.timeout(SECONDS_MAX):
            assert await killed.wait() == KILLED
    last = begin_worker(environment)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while {"received", "parked"} & set(await bazaar.states()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        last.terminate()
        await last.wait()
    assert set(await bazaar.states()) == {"applied", "repeated", "voided"}
    # Of the days that end with a void, two mugs came back whose one had come back before: blind.
    assert await bazaar.moved() == {"cash": 2 * 900 + 2 * (1200 - 400 - 1200)}
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        assert await list_findings(tx) == []


tenders = st.lists(
    st.builds(
        TakenTender, method=st.sampled_from(["cash", "card"]), minor=st.integers(-5_000, 5_000)
    ),
    max_size=4,
)


@given(st.lists(st.integers(0, 3_000), max_size=4), tenders)
def test_money_of_a_basket_is_shared_so_that_every_means_adds_up(backs, taken):
    sold = sum(t.minor for t in taken) + sum(backs)
    if sold < 0:
        return
    shared = settle_net(sold, backs, taken)
    if shared is None:
        assert len({t.method for t in taken if t.minor < 0}) >= 1
        return
    assert sum(shared.sale.values()) == sold
    assert all(minor > 0 for minor in shared.sale.values())
    for method in ("cash", "card"):
        given_back = sum(
            minor
            for means, minor in zip(shared.backs, backs, strict=True)
            if means == Means(method)
        )
        net = sum(t.minor for t in taken if t.method == method)
        assert shared.sale.get(Means(method), 0) - given_back == net


async def test_the_books_know_a_basket_by_its_sale_its_returns_and_their_money(bazaar: Bazaar):
    first = sale("1", ("MUG", 2, 600), ("LAMP", 1, 2000))
    swap = paid(back(sale("2", ("LAMP", -1, 2000), ("SPOON", 4, 100))), card=-1600)
    blind = sale("3", ("MUG", -1, 550))
    assert await ring_up(bazaar, till_batch(first, swap, blind)) == {"applied": 3}
    await bazaar.work(*finance.REACTIONS)
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        assert await list_findings(tx) == []
        rows = await tx.fetch(
            "select account, sum(minor)::int as minor from ledger_posting"
            " where account in ('cash', 'receivable_card') group by 1"
        )
    assert {row["account"]: row["minor"] for row in rows} == {
        "cash": 3200 - 550,
        "receivable_card": -1600,
    }
