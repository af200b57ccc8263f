"""Looking at a day's figures and closing it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import ledger, locations, orders, organization, payments, returns
from crosslane.finance import domain, storage
from crosslane.finance.domain import ControlRow
from crosslane.finance.errors import CloseNotFound, DayDiffers, DayNotOver, EventsWaiting
from crosslane.finance.reactions import REACTIONS
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Record, Tx

SALES_ACCOUNTS = frozenset({domain.REVENUE, domain.SALES_RETURNS})
CHARGES = frozenset(domain.CHARGE_ACCOUNTS.values()) - SALES_ACCOUNTS


class CloseDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Close a day of a channel.

    Args:
        day: which business day.
        channel: code of the channel.
        accept_difference: close although books and order book differ; needs a reason.
        reason: why the difference is accepted.
    """

    day: date
    channel: str
    accept_difference: bool = False
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class ControlView(msgspec.Struct, frozen=True):
    """One control figure; amounts are debits, so income and tax are negative.

    Args:
        location: code of the store or warehouse, None where the account does not tell.
        tax_code: jurisdiction and rate in basis points, None where the account does not tell.
        order_book_minor: by the journals of orders and payments.
        ledger_minor: by the postings of that day.
    """

    account: str
    location: str | None
    tax_code: str | None
    currency: str
    order_book_minor: int
    ledger_minor: int
    difference_minor: int


class DayFigures(msgspec.Struct, frozen=True):
    """A day of a channel as it stands now.

    Args:
        net_sales_minor: goods sold less those taken back, without tax, by the order book.
        charges_minor: delivery, services, goodwill and roundings, without tax.
        tax_minor: tax on all of it.
        money_minor: taken less given back, all tenders.
        difference_minor: all differences added up without their signs; 0 when the day agrees.
        waiting: parked events of finance's reactions, of any day.
        rows: the control figures.
    """

    day: date
    channel: str
    currency: str
    net_sales_minor: int
    charges_minor: int
    tax_minor: int
    money_minor: int
    difference_minor: int
    waiting: int
    rows: list[ControlView]


class CloseView(msgspec.Struct, frozen=True):
    """A day as it was closed.

    Args:
        version: 1 for the first close of the day, then counting on.
        difference_minor: what was accepted; 0 when the day agreed.
    """

    id: UUID
    day: date
    channel: str
    version: int
    difference_minor: int
    reason: str
    closed_by: str
    closed_at: datetime
    rows: list[ControlView]


async def day_figures(tx: Tx, *, day: date, channel: str) -> DayFigures:
    """Compare a day's order book with its books, as both stand now.

    Raises:
        UnknownChannel: there is no channel of this code.
    """
    found = (await organization.book(tx)).channel(channel, pointer="/channel")
    start, end = domain.day_bounds(day, found.timezone)
    asked = {"channel_id": found.id, "start": start, "end": end}
    blind = await returns.sum_blind(tx, **asked)
    goods = [one for one in blind if one.kind == "goods"]
    besides = [one for one in blind if one.kind != "goods"]
    rows = domain.control_rows(
        [*await orders.sum_sales(tx, **asked), *besides],
        [*await orders.sum_credits(tx, **asked), *goods],
        await payments.sum_moved(tx, **asked),
        await ledger.balances(
            tx,
            # Of every entity: cash lies in the till of whoever has the store.
            first_day=day,
            last_day=day,
            channel_id=found.id,
            by=["location", "tax_code"],
        ),
    )
    names = {reaction.name for reaction in REACTIONS}
    parked = [each for each in await log.list_parked(tx) if each.reaction in names]
    return DayFigures(
        day=day,
        channel=channel,
        currency=found.currency,
        net_sales_minor=-_total(rows, SALES_ACCOUNTS),
        charges_minor=-_total(rows, CHARGES),
        tax_minor=-_total(rows, {domain.TAX}),
        money_minor=_total(rows, set(domain.TENDER_ACCOUNTS.values())),
        difference_minor=sum(abs(row.difference_minor) for row in rows),
        waiting=len(parked),
        rows=await _views(tx, rows),
    )


async def close_day(tx: Tx, wish: CloseDay) -> CloseView:
    """Keep a day's figures as they are found; the books must equal the order book.

    A day can be closed again, for instance after a late event was posted to it.

    Raises:
        UnknownChannel: there is no channel of this code.
        DayNotOver: the day still runs there.
        EventsWaiting: finance has parked events, so the books cannot be complete.
        DayDiffers: they differ, and no reason says why that is accepted.
    """
    found = (await organization.book(tx)).channel(wish.channel, pointer="/channel")
    await storage.lock_day(tx, found.id, wish.day)
    if tx.now < domain.day_bounds(wish.day, found.timezone)[1]:
        raise DayNotOver(pointer="/day", day=wish.day.isoformat(), channel=wish.channel)
    figures = await day_figures(tx, day=wish.day, channel=wish.channel)
    if not (wish.accept_difference and wish.reason):
        if figures.waiting:
            raise EventsWaiting(count=figures.waiting)
        if figures.difference_minor:
            raise DayDiffers(
                day=wish.day.isoformat(),
                rows=sum(1 for row in figures.rows if row.difference_minor),
                minor=figures.difference_minor,
            )
    close_id = new_id()
    kept = msgspec.json.encode(figures.rows)
    await storage.insert_close(
        tx, close_id, wish.day, found.id, kept, figures.difference_minor, wish.reason
    )
    return await close_by_id(tx, close_id)


async def close_by_id(tx: Tx, close_id: UUID) -> CloseView:
    """Return a day as it was closed.

    Raises:
        CloseNotFound: there is no such close.
    """
    record = await storage.find_close(tx, close_id)
    if record is None:
        raise CloseNotFound(close_id=close_id)
    return (await _close_views(tx, [record]))[0]


async def list_closes(
    tx: Tx, *, channel: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[CloseView]:
    """Return closes, the latest day first.

    Args:
        tx: open transaction.
        channel: only this channel's.
        after: day and id of the last close already shown.
        limit: most to return.

    Raises:
        UnknownChannel: there is no channel of this code.
    """
    book = await organization.book(tx)
    channel_id = book.channel(channel, pointer="/channel").id if channel else None
    return await _close_views(tx, await storage.list_closes(tx, channel_id, after, limit))


def _total(rows: Sequence[ControlRow], accounts: frozenset[str] | set[str]) -> int:
    return sum(row.order_book_minor for row in rows if row.account in accounts)


async def _views(tx: Tx, rows: Sequence[ControlRow]) -> list[ControlView]:
    network = await locations.network(tx)
    return [
        ControlView(
            row.account,
            network.by_id[row.location_id].code if row.location_id else None,
            row.tax_code,
            row.currency,
            row.order_book_minor,
            row.ledger_minor,
            row.difference_minor,
        )
        for row in rows
    ]


async def _close_views(tx: Tx, records: Sequence[Record]) -> list[CloseView]:
    book = await organization.book(tx)
    return [
        CloseView(
            id=record["id"],
            day=record["day"],
            channel=book.channel_by_id(record["channel_id"]).code,
            version=record["version"],
            difference_minor=record["difference_minor"],
            reason=record["reason"],
            closed_by=record["closed_by"],
            closed_at=record["closed_at"],
            rows=msgspec.json.decode(record["rows"], type=list[ControlView]),
        )
        for record in records
    ]
