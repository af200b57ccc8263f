"""Finance over HTTP: a day's figures and its close, statements of stores and channels."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane import locations
from crosslane.finance import errors, service
from crosslane.finance.service import (
    CloseDay,
    CloseView,
    DayFigures,
    RowOf,
    Statement,
    StatementOf,
)
from crosslane.kernel import Page
from crosslane.ledger import BadPeriod, LineView, Side
from crosslane.locations import LocationUnknown
from crosslane.organization import UnknownChannel, UnknownEntity
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.web import Caller, Document, OtherLocation, Paging, get, post

READ = "finance:read"
STATEMENT = "finance:statement"
STATEMENT_RAISES = (
    errors.LocationOrChannel,
    LocationUnknown,
    UnknownChannel,
    BadPeriod,
    OtherLocation,
)
Channel = Annotated[str, msgspec.Meta(max_length=60)]
Code = Annotated[str, msgspec.Meta(max_length=60)]


async def _close(tx: Tx, commands: Sequence[Command[CloseDay]]) -> list[Any]:
    return [await service.close_day(tx, command.body) for command in commands]


CLOSE = CommandKind("finance.close_day", CloseDay, CloseView, _close, batch_max=1)
COMMANDS = [CLOSE]


@get("/api/v1/finance/days/{day}", permission=READ, optional=True, raises=(UnknownChannel,))
async def show_day(caller: Caller, day: date, channel: Channel) -> DayFigures:
    """Show a day of a channel: what its order book demands of the books, and what they have."""
    async with caller.read() as tx:
        return await service.day_figures(tx, day=day, channel=channel)


@post(
    "/api/v1/finance/closes",
    permission="finance:close",
    command=CLOSE,
    raises=(UnknownChannel, errors.DayNotOver, errors.DayDiffers, errors.EventsWaiting),
    example=CloseDay(date(2011, 1, 4), "web"),
)
async def close_day(caller: Caller, data: CloseDay) -> CloseView:
    """Close a day of a channel, when its books equal its order book.

    A difference can be accepted with a reason. A day can be closed again.
    """
    return await caller.submit(CLOSE, data)


@get("/api/v1/finance/closes", permission=READ, raises=(UnknownChannel,))
async def list_closes(
    caller: Caller, paging: Paging, channel: Channel | None = None
) -> Page[CloseView]:
    """List closed days, the latest first."""
    after = paging.after(date, UUID)
    async with caller.read() as tx:
        found = await service.list_closes(
            tx,
            channel=channel,
            after=(after[0], after[1]) if after else None,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda close: (close.day, close.id))


@get("/api/v1/finance/closes/{close_id}", permission=READ, raises=(errors.CloseNotFound,))
async def show_close(caller: Caller, close_id: UUID) -> CloseView:
    """Show a day as it was closed."""
    async with caller.read() as tx:
        return await service.close_by_id(tx, close_id)


async def _statement(caller: Caller, wish: StatementOf) -> Statement:
    async with caller.read() as tx:
        await _refuse_other_location(tx, caller, wish)
        return await service.statement(tx, wish)


async def _refuse_other_location(tx: Tx, caller: Caller, wish: StatementOf) -> None:
    """Keep who acts for one location to the statement of that location."""
    own = (await locations.network(tx)).by_code.get(wish.location or "")
    caller.require_location(own.id if own else None)


@get("/api/v1/finance/statements", permission=STATEMENT, optional=True, raises=STATEMENT_RAISES)
async def show_statement(
    caller: Caller,
    first_day: date,
    last_day: date,
    location: Code | None = None,
    channel: Code | None = None,
) -> Statement:
    """Show what a store or a channel did in some days, section by section.

    Every posting of it is in one row of one section; `statement-lines` lists those of a row.
    """
    return await _statement(caller, StatementOf(first_day, last_day, location, channel))


@get(
    "/api/v1/finance/statement-file",
    permission=STATEMENT,
    optional=True,
    raises=STATEMENT_RAISES,
    produces="text/csv",
)
async def show_statement_file(
    caller: Caller,
    first_day: date,
    last_day: date,
    location: Code | None = None,
    channel: Code | None = None,
) -> Document:
    """Download a statement as a table: opening balances, sections, closing balances."""
    wish = StatementOf(first_day, last_day, location, channel)
    content = service.as_csv(await _statement(caller, wish))
    name = f"statement-{location or channel}-{first_day}-{last_day}.csv"
    return Document(content=content, media_type="text/csv", filename=name)


@get(
    "/api/v1/finance/statement-lines",
    permission=STATEMENT,
    raises=(*STATEMENT_RAISES, errors.UnknownAccountOfStatement, UnknownEntity),
)
async def list_statement_lines(
    caller: Caller,
    paging: Paging,
    first_day: date,
    last_day: date,
    account: Code,
    side: Side,
    entity: Code,
    currency: Annotated[str, msgspec.Meta(max_length=3)],
    of_channel: Code | None = None,
    location: Code | None = None,
    channel: Code | None = None,
    saved_sales: bool = False,
) -> Page[LineView]:
    """List the postings behind one row of a statement, the earliest business day first.

    `account`, `side`, `entity`, `currency` and `of_channel` are those of the row, `saved_sales`
    says that it is one of those; the entry of a posting shows all of it.
    """
    after = paging.after(date, UUID, int)
    wish = StatementOf(first_day, last_day, location, channel)
    async with caller.read() as tx:
        await _refuse_other_location(tx, caller, wish)
        found = await service.list_lines(
            tx,
            wish,
            RowOf(account, side, entity, currency, of_channel, saved_sales),
            after=(after[0], after[1], after[2]) if after else None,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda line: (line.day, line.entry_id, line.position))


ROUTES = [
    show_day,
    close_day,
    list_closes,
    show_close,
    show_statement,
    show_statement_file,
    list_statement_lines,
]
