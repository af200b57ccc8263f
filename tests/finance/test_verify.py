"""Verify finds each planted defect between events, orders, payments and books."""

import pytest

from crosslane import finance
from crosslane.finance import CloseDay
from crosslane.platform.lane import Lanes
from crosslane.verify import Finding, verify
from crosslane.verify.finance import RULES
from tests.finance.conftest import Books
from tests.finance.test_books import TILL_DAY, till_sale
from tests.orders.world import place


@pytest.fixture
async def sold(books: Books, lanes: Lanes) -> Books:
    """A till sale that is posted and closed."""
    await place(lanes, books.tenant, till_sale("MUG"))
    await books.post()
    async with books.transaction() as tx:
        await finance.close_day(tx, CloseDay(TILL_DAY, "till"))
    return books


async def findings(books: Books, planted: str) -> list[Finding]:
    async with books.transaction() as tx:
        await tx.execute(planted)
        return await verify(tx, RULES)


async def test_a_sound_tenant_has_no_findings(sold):
    assert await findings(sold, "select 1") == []


async def test_events_not_read_yet_are_no_findings(books, lanes):
    await place(lanes, books.tenant, till_sale("MUG"))
    assert await findings(books, "select 1") == []


@pytest.mark.parametrize(
    ("planted", "rule", "subject"),
    [
        (
            "delete from ledger_entry where cause_kind = 'orders.LinesHandedOver'",
            "sales_posted stock_account",
            "event, entity",
        ),
        (
            "update ledger_posting set minor = minor - 1 where account = 'revenue'",
            "sales_posted",
            "event",
        ),
        (
            "update ledger_posting set minor = minor + 1 where account = 'cost_of_goods'",
            "sales_posted",
            "event",
        ),
        (
            "update ledger_posting set minor = minor - 1 where account = 'tax_payable'",
            "sales_posted",
            "event",
        ),
        (
            "delete from ledger_entry where cause_kind = 'payments.PaymentCaptured'",
            "money_posted",
            "event",
        ),
        (
            "update ledger_posting set account = 'receivable_card' where account = 'cash'",
            "money_posted",
            "event",
        ),
        (
            "update orders_line set net_minor = net_minor + 1, gross_minor = gross_minor + 1",
            "goods_told",
            "order line",
        ),
        (
            "delete from platform_log where kind = 'orders.LinesHandedOver'",
            "goods_told entries_have_events",
            "order line, entry",
        ),
        (
            "insert into ledger_entry select (jsonb_populate_record(x, jsonb_build_object("
            "'id', gen_random_uuid(), 'cause_id', 'x'))).* from ledger_entry x "
            "where cause_kind = 'payments.PaymentCaptured'",
            "entries_have_events",
            "entry",
        ),
        (
            "update ledger_posting set channel_id = gen_random_uuid() where account = 'revenue'",
            "posted_in_its_channel",
            "entry",
        ),
        ("update finance_close set difference_minor = 1", "closes", "close"),
        ("update finance_close set version = 2", "closes_numbered", "closes"),
    ],
)
async def test_a_planted_defect_is_named(sold, planted, rule, subject):
    found = await findings(sold, planted)
    assert {f.rule for f in found} == {f"finance.{name}" for name in rule.split()}
    assert {f.subject.partition(":")[0] for f in found} == set(subject.split(", "))


async def test_a_charge_that_nobody_was_told_of_is_named(sold):
    found = await findings(
        sold,
        "insert into orders_charge (id, order_id, kind, title, net_minor, tax_minor, gross_minor,"
        " tax_rate_bp, jurisdiction, recorded_at)"
        " select gen_random_uuid(), id, 'fee', 'x', 5, 1, 6, 2000, 'GB', now() from orders_order",
    )
    assert [f.rule for f in found] == ["finance.charges_told"]
