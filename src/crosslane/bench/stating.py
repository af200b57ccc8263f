"""Statements: how long that of a store-year takes, beside adding up its postings.

Stores sell every day of a year, send for the web shop and take its goods back; all of it is posted
by SQL and rolled up as the schedule does it, but for the last entries, which stay in the tail. The
figures of both ways have to be the same.
"""

import csv
import io
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from statistics import median
from typing import Any, TypeVar
from uuid import UUID

from crosslane import finance, ledger, locations, organization
from crosslane.bench.figures import Figure, Scale
from crosslane.bench.site import TENANT, site
from crosslane.bench.statements import statement as sql
from crosslane.finance import RowOf, Statement, StatementOf
from crosslane.organization import PutChannel
from crosslane.platform.database import Database, Tx

FIRST_DAY = date(2011, 1, 1)
DAYS = 365
DAYS_AT_ONCE = 30
STORES = 5
TURNS = 7
LINES = 100
TAIL_ENTRIES = 2_000
SECONDS_MOST = 1.0
STATED = Scale(stores=STORES, articles=10, articles_per_store=1)
"""A few stores suffice: what others have in the roll-ups is not looked at."""

Found = TypeVar("Found")


async def stating(scale: Scale = STATED) -> list[Figure]:
    """Measure the statement of a store-year, its table and a page of postings behind a row."""
    async with site(scale, stocked=False) as made, made.bulk() as bulk:
        store, posted = await _lay(bulk, scale)
        days = (FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1))
        wish = StatementOf(*days, location=store)
        shown, seconds = await _timed(bulk, lambda tx: finance.statement(tx, wish))
        plain, plain_seconds = await _timed(bulk, lambda tx: _plainly(tx, store, days))
        if _sums(shown) != plain:
            raise AssertionError("the statement and the postings tell different sums")
        row = max(
            (row for section in shown.sections for row in section.rows), key=lambda row: row.minor
        )
        names = RowOf(row.account, row.side, row.entity, row.currency, row.channel)
        lines, line_seconds = await _timed(
            bulk, lambda tx: finance.list_lines(tx, wish, names, after=None, limit=LINES)
        )
        table = list(csv.reader(io.StringIO(finance.as_csv(shown).decode())))
    return [
        Figure(name="postings in the ledger", value=posted, unit="postings", key="postings"),
        Figure(name="of them of each of five stores", value=round(posted / STORES),
               unit="postings"),
        Figure(name="statement of a store-year", value=round(seconds, 3), unit="s",
               most=SECONDS_MOST, key="statement_s"),
        Figure(name="the same by adding up postings", value=round(plain_seconds, 3), unit="s",
               key="plain_sum_s"),
        Figure(name="rows of its table", value=len(table), unit="rows"),
        Figure(name=f"the first {len(lines)} postings behind its largest row",
               value=round(line_seconds, 3), unit="s", key="lines_s"),
    ]  # fmt: skip


async def _lay(bulk: Database, scale: Scale) -> tuple[str, int]:
    """Post a year of some stores; return the code of one of them and how many postings."""
    async with bulk.transaction(TENANT) as tx:
        till = PutChannel("till", "Tills", "store", "marlow", "gb", "mf")
        await organization.put_channel(tx, till)
    async with bulk.transaction(TENANT) as tx:
        book = await organization.book(tx)
        stores = [at for at in (await locations.network(tx)).all if at.kind == "store"][:STORES]
        named = book.entity("mf").id, book.channel("till").id, book.channel("web").id
    posted, number = 0, 1
    for first in range(0, DAYS, DAYS_AT_ONCE):
        days = min(DAYS_AT_ONCE, DAYS - first)
        if first + days == DAYS:
            await _roll_up(bulk)
        async with bulk.transaction(TENANT) as tx:
            told = ([at.id for at in stores], FIRST_DAY + timedelta(days=first), days)
            much = (scale.sales_a_day, number)
            posted += await tx.fetchval(sql("lay_postings"), *named, *told, *much)
        number += 2 * days * len(stores) * scale.sales_a_day
    await _roll_up(bulk, leaving=TAIL_ENTRIES)
    async with bulk.connection() as connection:
        await connection.execute("vacuum analyze")
    return stores[0].code, posted


async def _roll_up(bulk: Database, *, leaving: int = 0) -> None:
    while True:
        async with bulk.transaction(TENANT) as tx:
            waiting = await tx.fetchval(sql("waiting_entries"))
            if waiting <= max(leaving, 1):
                return
            await ledger.roll_up(tx, entries_max=waiting - leaving)


async def _timed(bulk: Database, ask: Callable[[Tx], Awaitable[Found]]) -> tuple[Found, float]:
    """Return an answer and the middle of how long it took, its transaction included."""
    taken = []
    for _ in range(TURNS):
        began = time.perf_counter()
        async with bulk.transaction(TENANT, read_only=True) as tx:
            found = await ask(tx)
        taken.append(time.perf_counter() - began)
    return found, median(taken)


async def _plainly(tx: Tx, store: str, days: tuple[date, date]) -> Counter[Any]:
    of_id = (await locations.network(tx)).by_code[store].id
    book = await organization.book(tx)

    def code(channel_id: UUID | None) -> str | None:
        return book.channel_by_id(channel_id).code if channel_id else None

    return Counter(
        {
            (row["account"], code(row["channel_id"]), row["debit"]): row["minor"]
            for row in await tx.fetch(sql("plain_sum"), of_id, *days)
        }
    )


def _sums(shown: Statement) -> Counter[Any]:
    return Counter(
        {
            (row.account, row.channel, row.side == "debit"): row.minor
            for section in shown.sections
            for row in section.rows
        }
    )
