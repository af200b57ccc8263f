"""Orders of several channels end in books that equal the order book, to the minor unit."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from crosslane import finance, ledger, orders, payments
from crosslane.finance import CloseDay
from crosslane.finance.domain import business_day
from crosslane.kernel import new_id
from crosslane.orders import AddLines, ChangePrice, LineWish, Stage, TenderWish
from crosslane.platform import log
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from tests.finance.conftest import Books
from tests.orders.test_changes import CAUSE, carry
from tests.orders.world import give_credit, place, view, wish
from tests.soundness import list_findings

TILL_TIME = datetime(2011, 1, 5, 12, tzinfo=UTC)
TILL_DAY = date(2011, 1, 5)
HANDED = (
    Stage.ALLOCATED,
    Stage.RELEASED,
    Stage.PICKED,
    Stage.PACKED,
    Stage.HANDED_OVER,
)


async def balances(books: Books, **only) -> dict[str, int]:
    async with books.transaction() as tx:
        found = await ledger.balances(tx, **only)
    return {b.account: b.balance_minor for b in found}


def today(tx: Tx) -> date:
    """The day in Britain, where in summer it begins an hour before the day in UTC."""
    return business_day(tx.now, "Europe/London")


async def sound(books: Books) -> None:
    async with books.transaction() as tx:
        assert await list_findings(tx) == []


async def sell(books: Books, lanes: Lanes, *lines, **changes) -> orders.Placed:
    placed = await place(lanes, books.tenant, wish(*lines, **changes))
    shown = await view(books.database, books.tenant, placed.id)
    await carry(books.database, books.tenant, shown, *HANDED)
    return placed


def till_sale(*lines: str, method: str = "cash", **changes):
    wished = [LineWish(sku=sku, quantity=1, method="carry_out", store="S0001") for sku in lines]
    return wish(
        *wished,
        **{
            "channel": "till",
            "tenders": [TenderWish(method=method)],
            "placed_at": TILL_TIME,
            "ship_to": None,
            "source_id": str(new_id()),
        }
        | changes,
    )


async def test_a_delivered_order_is_posted_once(books: Books, lanes: Lanes):
    placed = await sell(books, lanes, LineWish(sku="MUG", quantity=3), "LAMP")
    await books.post()
    await books.post()
    found = await balances(books)
    net = placed.net_minor
    assert found["clearing"] == 0
    assert found["cash"] == placed.gross_minor == 3 * 600 + 2499 + 395
    assert found["revenue"] + found["shipping_income"] == -net
    assert found["tax_payable"] == -placed.tax_minor
    assert (found["cost_of_goods"], found["inventory"]) == (800, 69 * 200 - 800)
    assert found["received_not_invoiced"] == -69 * 200
    await sound(books)


async def test_an_undelivered_order_posts_nothing_and_a_prepaid_one_is_owed(
    books: Books, lanes: Lanes
):
    await place(lanes, books.tenant, wish("MUG"))
    await place(lanes, books.tenant, till_sale("MUG"))
    await books.post()
    assert (await balances(books))["cash"] == 600


async def test_each_channel_and_store_agrees_with_the_order_book(books: Books, lanes: Lanes):
    await place(lanes, books.tenant, till_sale("MUG"))
    await place(lanes, books.tenant, till_sale("MUG", method="card"))
    await sell(books, lanes, LineWish(sku="SPOON", quantity=7), "LAMP")
    await books.post()
    async with books.transaction() as tx:
        till = await finance.day_figures(tx, day=TILL_DAY, channel="till")
        web = await finance.day_figures(tx, day=today(tx), channel="web")
        other = await finance.day_figures(tx, day=date(2011, 1, 4), channel="till")
    assert (till.net_sales_minor, till.tax_minor, till.money_minor) == (1000, 200, 1200)
    assert (till.difference_minor, web.difference_minor) == (0, 0)
    assert {row.location for row in till.rows if row.account == "revenue"} == {"S0001"}
    assert {row.account for row in till.rows} >= {"cash", "receivable_card", "revenue"}
    assert {row.tax_code for row in till.rows if row.account == "tax_payable"} == {"GB:2000"}
    assert web.net_sales_minor + web.charges_minor + web.tax_minor == web.money_minor
    assert (other.rows, other.net_sales_minor) == ([], 0)
    await sound(books)


async def test_an_unposted_event_is_a_difference_until_it_is_posted(books: Books, lanes: Lanes):
    await place(lanes, books.tenant, till_sale("MUG"))
    async with books.transaction() as tx:
        before = await finance.day_figures(tx, day=TILL_DAY, channel="till")
        with pytest.raises(finance.DayDiffers):
            await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
    assert before.difference_minor == 500 + 100 + 600
    assert before.net_sales_minor == 500
    await books.post()
    async with books.transaction() as tx:
        closed = await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
    assert (closed.version, closed.difference_minor, closed.channel) == (1, 0, "till")
    await sound(books)


async def test_a_day_is_closed_again_after_something_late(books: Books, lanes: Lanes):
    await place(lanes, books.tenant, till_sale("MUG"))
    await books.post()
    async with books.transaction() as tx:
        await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
    await place(lanes, books.tenant, till_sale("SPOON"))
    await books.post()
    async with books.transaction() as tx:
        again = await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
        listed = await finance.list_closes(tx, channel="till", after=None, limit=5)
    assert again.version == 2
    assert [close.version for close in listed] == [2, 1]
    assert sum(r.ledger_minor for r in again.rows if r.account == "cash") == 600 + 100
    await sound(books)


async def test_a_manual_correction_shows_and_can_be_accepted(books: Books, lanes: Lanes):
    await place(lanes, books.tenant, till_sale("MUG"))
    await books.post()
    async with books.transaction() as tx:
        entries = await ledger.list_entries(tx, after=None, limit=50)
        entry = next(e for e in entries if e.cause_kind == "orders.LinesHandedOver")
        await ledger.reverse(tx, entry.id, day=TILL_DAY)
        with pytest.raises(finance.DayDiffers):
            await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
        closed = await finance.close_day(
            tx, CloseDay(TILL_DAY, "till", accept_difference=True, reason="sale was a test")
        )
    assert closed.difference_minor > 0


async def test_a_running_day_cannot_be_closed(books: Books):
    async with books.transaction() as tx:
        with pytest.raises(finance.DayNotOver):
            await finance.close_day(tx, CloseDay(today(tx), "web"))
        with pytest.raises(finance.CloseNotFound):
            await finance.close_by_id(tx, new_id())


async def test_a_price_change_after_hand_over_is_posted_by_itself(books: Books, lanes: Lanes):
    placed = await place(lanes, books.tenant, wish(LineWish(sku="MUG", quantity=2), "LAMP"))
    shown = await view(books.database, books.tenant, placed.id)
    await carry(books.database, books.tenant, shown, *HANDED[:4])
    mugs, lamp = (line.id for line in placed.lines)
    await hand_over(books, placed.id, mugs, 2)
    change = ChangePrice(
        order_id=placed.id, line_id=mugs, unit_price_milli=540_000, reason="scratched"
    )
    await lanes.run(books.tenant, orders.CHANGE_PRICE, str(new_id()), change)
    await hand_over(books, placed.id, lamp, 1)
    await books.post()
    found = await balances(books)
    assert found["clearing"] == 0
    assert found["cash"] == placed.gross_minor - 120
    async with books.transaction() as tx:
        figures = await finance.day_figures(tx, day=today(tx), channel="web")
    assert figures.difference_minor == 0
    await sound(books)


async def test_lines_split_over_places_and_days_add_up(books: Books, lanes: Lanes):
    """Seven spoons at 99.5 pence of which parts leave by themselves: shares never drift."""
    placed = await place(lanes, books.tenant, wish(LineWish(sku="SPOON", quantity=7)))
    shown = await view(books.database, books.tenant, placed.id)
    await carry(books.database, books.tenant, shown, *HANDED[:4])
    for quantity in (1, 2, 4):
        await hand_over(books, placed.id, placed.lines[0].id, quantity)
        await books.post()
        async with books.transaction() as tx:
            figures = await finance.day_figures(tx, day=today(tx), channel="web")
        assert figures.difference_minor == 0
    found = await balances(books)
    assert found["revenue"] + found["shipping_income"] == -placed.net_minor
    assert found["tax_payable"] == -placed.tax_minor
    await sound(books)


async def hand_over(books: Books, order_id: UUID, line_id: UUID, quantity: int) -> None:
    """Let packed units of one line leave."""
    async with books.transaction() as tx:
        state = (await orders.list_states(tx, [order_id]))[order_id]
        step = orders.Step(
            order_id=order_id,
            line_id=line_id,
            location_id=state.buckets.of(line_id)[0].location_id,
            from_stage=Stage.PACKED,
            to_stage=Stage.HANDED_OVER,
            quantity=quantity,
            group=str(line_id),
            why=f"test:{quantity}",
            occurred_at=tx.now,
            cause=CAUSE,
        )
        assert await orders.move(tx, [step]) == {}


async def test_money_received_on_account_moves_to_the_bank(books: Books, lanes: Lanes):
    async with books.transaction() as tx:
        await give_credit(tx, "12345", 100_000)
    placed = await sell(
        books,
        lanes,
        LineWish(sku="MUG", quantity=2),
        channel="trade",
        buyer=orders.BuyerWish(account_number="12345", name="Corner Shop"),
        tenders=[TenderWish(method="on_account")],
    )
    await books.post()
    assert (await balances(books))["receivable_on_account"] == placed.gross_minor
    async with books.transaction() as tx:
        (tender,) = (await payments.money_by_order(tx, [placed.id]))[placed.id].tenders
        await payments.do_to_payment(
            tx,
            tender.payment_id,
            payments.Deed.SETTLE,
            placed.gross_minor,
            "GBP",
            cause_kind="bank",
            cause_id="1",
        )
    await books.post()
    found = await balances(books)
    assert (found["receivable_on_account"], found["bank"]) == (0, placed.gross_minor)
    async with books.transaction() as tx:
        figures = await finance.day_figures(tx, day=today(tx), channel="trade")
    assert figures.difference_minor == 0
    await sound(books)


async def test_added_lines_are_posted_when_they_leave(books: Books, lanes: Lanes):
    placed = await place(lanes, books.tenant, wish("MUG"))
    added = AddLines(
        order_id=placed.id,
        lines=[LineWish(sku="LAMP", quantity=1)],
        tenders=[TenderWish(method="cash")],
        reason="one more",
    )
    await lanes.run(books.tenant, orders.ADD_LINES, str(new_id()), added)
    shown = await view(books.database, books.tenant, placed.id)
    await carry(books.database, books.tenant, shown, *HANDED)
    await books.post()
    found = await balances(books)
    assert (found["clearing"], found["cash"]) == (0, 600 + 2499 + 395)
    await sound(books)


async def test_an_event_that_cannot_be_posted_waits_and_holds_the_close(
    database: Database, books: Books, lanes: Lanes
):
    await place(lanes, books.tenant, till_sale("MUG"))
    async with books.transaction() as tx:
        account = ledger.PutAccount("cash", "1000", "Cash", ledger.AccountKind.ASSET, open=False)
        await ledger.put_account(tx, account)
    await books.post()
    for _ in range(8):
        async with books.transaction() as tx:
            await tx.execute("update platform_backlog set due_at = now()")
        await books.post()
    async with books.transaction() as tx:
        (parked,) = [p for p in await log.list_parked(tx) if p.reaction == "finance.post"]
        assert "ClosedAccount" in parked.reason
        assert (await finance.day_figures(tx, day=TILL_DAY, channel="till")).waiting == 1
        with pytest.raises(finance.EventsWaiting):
            await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
        await ledger.put_account(
            tx, ledger.PutAccount("cash", "1000", "Cash", ledger.AccountKind.ASSET)
        )
        await log.replay_parked(tx, parked.reaction, parked.log_id)
    await books.post()
    async with books.transaction() as tx:
        assert (await finance.close_day(tx, CloseDay(TILL_DAY, "till"))).difference_minor == 0
    await sound(books)
