"""Till batches: facts that are booked once, or kept whole when the till's own sums are wrong."""

import pytest

from crosslane import orders, organization, payments
from tests.channels.bazaar import Bazaar, order, sale, till_batch, void

TILL = {"channel": "till", "format": "till-batch"}


async def ring_up(bazaar: Bazaar, text: str):
    received = await bazaar.send(text, **TILL)
    await bazaar.work()
    return (await bazaar.batch(received)).counts


async def test_a_batch_is_booked_as_sales_that_were_carried_out(bazaar: Bazaar):
    text = till_batch(sale("1", ("MUG", 2, 550)), sale("2", ("MUG", 1, 600), ("SPOON", 3, 99)))
    assert await ring_up(bazaar, text) == {"applied": 2}
    shown = await bazaar.order("S0001/T1/2", "till")
    assert {(line.sku, line.gross_minor) for line in shown.lines} == {("MUG", 600), ("SPOON", 297)}
    assert all(b.stage == "handed_over" for line in shown.lines for b in line.buckets)
    assert {each.beneficiary_id for each in shown.attributions} == {"A1"}
    assert await bazaar.on_hand("MUG", "S0001") == 1
    await bazaar.assert_sound()


async def test_the_same_batch_twice_books_once(bazaar: Bazaar):
    text = till_batch(sale("1", ("MUG", 1, 600)), sale("2", ("MUG", 1, 600)))
    assert await ring_up(bazaar, text) == {"applied": 2}
    assert await ring_up(bazaar, text) == {"repeated": 2}
    assert await bazaar.on_hand("MUG", "S0001") == 2
    await bazaar.assert_sound()


async def test_a_sale_beyond_stock_is_recorded_and_whoever_lost_their_stock_gets_other(
    bazaar: Bazaar,
):
    pickup = {"sku": "MUG", "quantity": 3, "method": "pickup", "store": "S0001"}
    await bazaar.tell(order("B-1", lines=[pickup]))
    text = till_batch(sale("1", ("LAMP", 3, 2000), ("MUG", 9, 600)))
    assert await ring_up(bazaar, text) == {"applied": 1}
    assert await bazaar.on_hand("LAMP", "S0001") == -3
    assert await bazaar.on_hand("MUG", "S0001") == -5
    await bazaar.work(*orders.REACTIONS)
    (line,) = (await bazaar.order("B-1")).lines
    assert [(b.stage, b.quantity) for b in line.buckets] == [("backordered", 3)]
    await bazaar.assert_sound()


async def test_an_article_nobody_knows_is_sold_as_the_till_says(bazaar: Bazaar):
    batch = sale("1", ("NEW-1", 1, 450))
    batch["lines"][0]["title"] = "Garden gnome"
    assert await ring_up(bazaar, till_batch(batch)) == {"applied": 1}
    shown = await bazaar.order("S0001/T1/1", "till")
    assert [(line.sku, line.title, line.gross_minor) for line in shown.lines] == [
        ("NEW-1", "Garden gnome", 450)
    ]
    assert await bazaar.on_hand("NEW-1", "S0001") == -1
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        kind = "channels.UnknownArticleSold"
        assert await tx.fetchval("select count(*) from platform_log where kind = $1", kind) == 1
    await bazaar.assert_sound()


async def test_a_gift_card_that_an_offline_till_took_is_booked_even_below_zero(bazaar: Bazaar):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        channel = (await organization.book(tx)).channel("till")
        (card,) = await payments.open_gift_cards(tx, [channel.id])
    paid = [
        {"method": "stored_value", "minor": 500, "account": str(card)},
        {"method": "cash", "minor": 100},
    ]
    text = till_batch(sale("1", ("MUG", 1, 600), tenders=paid))
    assert await ring_up(bazaar, text) == {"applied": 1}
    assert await ring_up(bazaar, text) == {"repeated": 1}
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        rows = await tx.fetch("select balance_minor, held_minor from payments_account")
    assert [tuple(row) for row in rows] == [(-500, 0)]
    await bazaar.assert_sound()


async def test_a_voided_sale_leaves_nothing(bazaar: Bazaar):
    text = till_batch(sale("1", ("MUG", 1, 600)), sale("2", ("MUG", 2, 600)), void("3", "2"))
    assert await ring_up(bazaar, text) == {"applied": 1, "voided": 2}
    assert await bazaar.order("S0001/T1/2", "till") is None
    assert await bazaar.on_hand("MUG", "S0001") == 3
    await bazaar.assert_sound()


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"totals": {"gross_minor": 601}}, "control-totals", "/head/totals/gross_minor"),
        ({"totals": {"sales": 2}}, "control-totals", "/head/totals/sales"),
        ({"totals": {"tenders": {"card": 600}}}, "control-totals", "/head/totals/tenders/cash"),
        ({"records": 7}, "batch-cut-off", "/tail/records"),
        ({"head": {"currency": "EUR"}}, "batch-currency", "/head/currency"),
    ],
)
async def test_a_batch_with_wrong_totals_is_kept_whole(
    bazaar: Bazaar, changes: dict, code: str, pointer: str
):
    assert await ring_up(bazaar, till_batch(sale("1", ("MUG", 1, 600)), **changes)) == {
        "quarantined": 1
    }
    (message,) = await bazaar.messages()
    assert (message.code, message.pointer) == (code, pointer)
    assert await bazaar.on_hand("MUG", "S0001") == 4
    right = till_batch(sale("1", ("MUG", 1, 600)), head={"version": 2})
    assert await ring_up(bazaar, right) == {"applied": 1}
    await bazaar.assert_sound()


async def test_a_corrected_batch_books_what_the_first_lacked(bazaar: Bazaar):
    await ring_up(bazaar, till_batch(sale("1", ("MUG", 1, 600))))
    text = till_batch(sale("1", ("MUG", 1, 600)), sale("2", ("MUG", 1, 600)), head={"version": 2})
    assert await ring_up(bazaar, text) == {"outdated": 1, "applied": 1}
    changed = till_batch(sale("1", ("MUG", 1, 500)), head={"version": 3})
    assert await ring_up(bazaar, changed) == {"quarantined": 1}
    assert await bazaar.on_hand("MUG", "S0001") == 2
    await bazaar.assert_sound()


async def test_a_store_nobody_knows_is_mended_and_replayed(bazaar: Bazaar):
    text = till_batch(sale("1", ("MUG", 1, 600)), head={"store": "S9"})
    assert await ring_up(bazaar, text) == {"quarantined": 1}
    (message,) = await bazaar.messages()
    assert message.pointer == "/head/store"
