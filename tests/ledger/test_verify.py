"""Verify finds each planted defect of the books, and names the row."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from crosslane import ledger
from crosslane.ledger import Entry, Posting
from crosslane.organization import PutEntity, put_entity
from crosslane.platform.database import Database
from crosslane.verify import verify
from crosslane.verify.ledger import RULES

DAY = date(2011, 1, 4)


@pytest.fixture
async def books(database: Database, tenant: str) -> list[UUID]:
    """The ids of three entries: rolled up, in the tail, and one between two entities."""
    async with database.transaction(tenant) as tx:
        retailer = await put_entity(tx, PutEntity("retailer", "Retailer Ltd", "GB", "GBP"))
        franchise = await put_entity(tx, PutEntity("franchise", "Franchise SARL", "FR", "EUR"))
        await ledger.set_rate(tx, ledger.SetRate("GBP", "EUR", DAY, "1.1747"))
        entry_ids: list[UUID] = []
        for number, other in enumerate([retailer, retailer, franchise]):
            entry = Entry(
                cause_kind="test",
                cause_id=str(number),
                occurred_at=datetime(2011, 1, 4, 12, tzinfo=UTC),
                day=DAY,
                postings=[
                    Posting(entity_id=retailer.id, account="cash", currency="GBP", minor=333),
                    Posting(entity_id=other.id, account="revenue", currency="GBP", minor=-333),
                ],
            )
            (entry_id,) = await ledger.post(tx, [entry])
            assert entry_id is not None
            entry_ids.append(entry_id)
            if number == 0:
                await ledger.roll_up(tx)
    return entry_ids


async def test_sound_books_have_no_findings(database, tenant, books):
    async with database.transaction(tenant) as tx:
        assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("planted", "rules"),
    [
        (
            "update ledger_posting set minor = 334 where entry_id = $1 and account = 'cash'",
            {"balanced", "booked_at_rate"},
        ),
        (
            "update ledger_posting set book_minor = 332 where entry_id = $1 and account = 'cash'",
            {"balanced_in_books", "booked_at_rate"},
        ),
        (
            "update ledger_posting set rate_nano = 1 where entry_id = $1 and account = 'cash'",
            {"booked_at_rate"},
        ),
        ("delete from ledger_posting where entry_id = $1", {"whole"}),
        (
            "delete from ledger_posting where entry_id = $1 and account = 'cash'",
            {"balanced", "balanced_in_books", "whole"},
        ),
        (
            "update ledger_posting set day = day + 1 where entry_id = $1 and account = 'cash'",
            {"owned"},
        ),
        (
            "update ledger_posting set account = 'x' where entry_id = $1 and account = 'cash'",
            {"owned"},
        ),
        ("delete from ledger_entry where id = $1", {"owned", "tail_is_of_entries"}),
        (
            "update ledger_posting set counterparty_id = entity_id"
            " where entry_id = $1 and account = 'cash'",
            {"mirrored"},
        ),
    ],
)
async def test_a_planted_defect_is_named(database, tenant, books, planted, rules):
    async with database.transaction(tenant) as tx:
        await tx.execute(planted, books[1])
        found = await verify(tx, RULES)
    assert {f.rule for f in found} == {f"ledger.{rule}" for rule in rules}
    assert {f.subject for f in found} == {f"entry:{books[1]}"}


async def test_two_entries_of_one_cause_are_found(database, tenant, books):
    async with database.transaction(tenant) as tx:
        await tx.execute(
            "alter table ledger_entry drop constraint ledger_entry_cause_kind_cause_id_key"
        )
        await tx.execute("update ledger_entry set cause_id = '1' where cause_id = '0'")
        found = await verify(tx, RULES)
    assert [(f.rule, f.subject) for f in found] == [
        ("ledger.one_per_cause", f"entry:{min(books[:2])}")
    ]


@pytest.mark.parametrize(
    "planted",
    [
        "update ledger_rollup set debit_minor = debit_minor + 1 where account = 'cash'",
        "update ledger_rollup set credit_minor = credit_minor + 1 where account = 'cash'",
        "update ledger_rollup set book_minor = book_minor + 1 where account = 'cash'",
        "delete from ledger_rollup where account = 'cash'",
    ],
)
async def test_a_wrong_roll_up_is_named(database, tenant, books, planted):
    async with database.transaction(tenant) as tx:
        await tx.execute(planted)
        (found,) = await verify(tx, RULES)
    assert found.rule == "ledger.rolled_up"
    assert found.subject.startswith("rollup:cash/")
    assert found.subject.endswith("/GBP/2011-01-04")


async def test_an_entry_lost_from_the_tail_is_found(database, tenant, books):
    async with database.transaction(tenant) as tx:
        await tx.execute("delete from ledger_tail where entry_id = $1", books[1])
        found = await verify(tx, RULES)
    assert {f.rule for f in found} == {"ledger.rolled_up"}
    assert len(found) == 2
