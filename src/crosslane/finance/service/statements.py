"""Statements of stores and channels, and what stands behind each of their cents."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from crosslane import ledger, locations, orders, organization
from crosslane.finance import domain
from crosslane.finance.domain import AccountMove, Section, StatementRow
from crosslane.finance.errors import LocationOrChannel, UnknownAccountOfStatement
from crosslane.ledger import AccountKind, LineView, Side, Turnover
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx

COUNTER_TYPES = frozenset({"store", "kiosk"})
PROFIT_KINDS = frozenset({AccountKind.INCOME, AccountKind.EXPENSE})
CSV_COLUMNS = ("section", "account", "side", "entity", "currency", "channel", "seller", "minor")


class StatementOf(msgspec.Struct, frozen=True):
    """Whose statement, over which business days; both days count.

    Args:
        location: code of a store or warehouse, or
        channel: code of a channel.
    """

    first_day: date
    last_day: date
    location: str | None = None
    channel: str | None = None


class RowView(msgspec.Struct, frozen=True):
    """One side of an account in a section; the postings behind it are found by these names.

    Args:
        channel: code of the channel it happened in, None where there is none.
        seller: code of the entity that sells in that channel; where it differs from ``entity``,
            the two owe each other, as the section ``intercompany`` shows.
        minor: positive, in minor units of ``currency``.
    """

    account: str
    side: Side
    entity: str
    currency: str
    channel: str | None
    seller: str | None
    minor: int


class ResultView(msgspec.Struct, frozen=True):
    """What a section adds to an entity's profit: income less expense, in minor units."""

    entity: str
    currency: str
    result_minor: int


class SectionView(msgspec.Struct, frozen=True):
    """A part of a statement; each side of each account stands in one section only."""

    section: Section
    rows: list[RowView]
    results: list[ResultView]


class AccountView(msgspec.Struct, frozen=True):
    """An account over the days; balances are debits less credits, in minor units."""

    account: str
    entity: str
    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int
    closing_minor: int


class Statement(msgspec.Struct, frozen=True):
    """What a store or channel did, and what stood in its books before and after.

    Args:
        sections: those in which something moved.
        accounts: their rows add up to what moved here, account by account.
        saved_sales: of a location, what it has the credit for because people who brought goods back
            took others along; a part of the sections here or of another location, whoever sold.
    """

    first_day: date
    last_day: date
    location: str | None
    channel: str | None
    sections: list[SectionView]
    accounts: list[AccountView]
    saved_sales: list[RowView]


class RowOf(msgspec.Struct, frozen=True):
    """Which row of a statement: the names of its :class:`RowView`.

    Args:
        saved_sales: it is one of those, not of a section.
    """

    account: str
    side: Side
    entity: str
    currency: str
    of_channel: str | None = None
    saved_sales: bool = False


async def statement(tx: Tx, wish: StatementOf) -> Statement:
    """Return the statement of a store or a channel, as its books stand now.

    Raises:
        LocationOrChannel: it names neither or both.
        LocationUnknown, UnknownChannel: there is none of this code.
        BadPeriod: the last day is before the first.
    """
    of_id = await _subject(tx, wish)
    turned = await ledger.turnovers(
        tx, of_id=of_id, first_day=wish.first_day, last_day=wish.last_day
    )
    book = await organization.book(tx)
    chart = await ledger.chart(tx)
    counters = set() if wish.channel else await _counters(tx, book, of_id)
    own = {of_id} if wish.channel else domain.own_channels(turned, counters)
    rows = domain.statement_rows(turned, own)
    profit = {code for code, account in chart.items() if account.kind in PROFIT_KINDS}
    moves = [_account_view(book, move) for move in domain.account_moves(turned)]
    return Statement(
        wish.first_day,
        wish.last_day,
        wish.location,
        wish.channel,
        _section_views(book, rows, profit),
        sorted(moves, key=lambda move: (chart[move.account].number, move.entity, move.currency)),
        [_row_view(book, row) for row in await _saved(tx, wish)],
    )


async def list_lines(
    tx: Tx, wish: StatementOf, row: RowOf, *, after: tuple[date, UUID, int] | None, limit: int
) -> list[LineView]:
    """Return the postings that one row of a statement adds up, the earliest day first.

    Args:
        tx: open transaction.
        wish: whose statement.
        row: which row of it.
        after: day, entry and position of the last posting already shown.
        limit: most to return.

    Raises:
        UnknownEntity, UnknownAccountOfStatement: the row names what is not there; else as
            :func:`statement`.
    """
    of: UUID | list[UUID] = await _subject(tx, wish)
    if row.saved_sales:
        of = await orders.list_saved(tx, wish.location) if wish.location else []
    book = await organization.book(tx)
    if row.account not in await ledger.chart(tx):
        raise UnknownAccountOfStatement(pointer="/account", account=row.account)
    channel = book.channel(row.of_channel, pointer="/of_channel") if row.of_channel else None
    return await ledger.list_lines(
        tx,
        of=of,
        first_day=wish.first_day,
        last_day=wish.last_day,
        turned=Turnover(
            book.entity(row.entity, pointer="/entity").id,
            row.account,
            row.currency,
            channel.id if channel else None,
            0,
            0,
            0,
        ),
        side=row.side,
        after=after,
        limit=limit,
    )


def as_csv(shown: Statement) -> bytes:
    """Return a statement as a table of CSV with signed minor units: a debit is positive.

    Per account, the rows of ``opening``, of all sections and of ``closing`` (with its sign turned)
    add up to zero.
    """
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(CSV_COLUMNS)
    for one in shown.accounts:
        table.writerow(_balance_row("opening", one, one.opening_minor))
    for section in shown.sections:
        for row in section.rows:
            signed = row.minor if row.side == "debit" else -row.minor
            names = (row.entity, row.currency, row.channel or "", row.seller or "")
            table.writerow((section.section, row.account, row.side, *names, signed))
    for one in shown.accounts:
        table.writerow(_balance_row("closing", one, -one.closing_minor))
    return written.getvalue().encode()


def _balance_row(name: str, account: AccountView, minor: int) -> tuple[str | int, ...]:
    return name, account.account, "", account.entity, account.currency, "", "", minor


async def _subject(tx: Tx, wish: StatementOf) -> UUID:
    if (wish.location is None) == (wish.channel is None):
        raise LocationOrChannel
    if wish.location is not None:
        network = await locations.network(tx)
        return network.require(wish.location, pointer="/location").id
    book = await organization.book(tx)
    return book.channel(wish.channel or "", pointer="/channel").id


async def _counters(tx: Tx, book: OrganizationBook, location_id: UUID) -> set[UUID]:
    """Return the channels that sell over counters; a warehouse has none."""
    if (await locations.network(tx)).by_id[location_id].kind != "store":
        return set()
    return {one.id for one in book.channels.values() if one.type in COUNTER_TYPES}


def _section_views(
    book: OrganizationBook, rows: Sequence[StatementRow], profit: set[str]
) -> list[SectionView]:
    found: dict[Section, SectionView] = {}
    for row in rows:
        view = found.setdefault(row.section, SectionView(row.section, [], []))
        view.rows.append(_row_view(book, row))
    for section, entity_id, currency, minor in domain.results(rows, profit):
        entity = book.entity_by_id(entity_id).code
        found[section].results.append(ResultView(entity, currency, minor))
    return list(found.values())


def _row_view(book: OrganizationBook, row: StatementRow) -> RowView:
    channel = book.channel_by_id(row.channel_id) if row.channel_id else None
    return RowView(
        row.account,
        row.side,
        book.entity_by_id(row.entity_id).code,
        row.currency,
        channel.code if channel else None,
        channel.entity if channel else None,
        row.minor,
    )


async def _saved(tx: Tx, wish: StatementOf) -> list[StatementRow]:
    """Return what a location has the credit for; a channel has none."""
    if wish.location is None:
        return []
    turned = await ledger.turnovers_of_lines(
        tx,
        await orders.list_saved(tx, wish.location),
        first_day=wish.first_day,
        last_day=wish.last_day,
    )
    return domain.statement_rows(turned, {one.channel_id for one in turned})


def _account_view(book: OrganizationBook, move: AccountMove) -> AccountView:
    return AccountView(
        move.account,
        book.entity_by_id(move.entity_id).code,
        move.currency,
        move.opening_minor,
        move.debit_minor,
        move.credit_minor,
        move.closing_minor,
    )
