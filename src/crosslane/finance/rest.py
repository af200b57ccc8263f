"""Finance over HTTP: a day's figures and its close."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane.finance import errors, service
from crosslane.finance.service import CloseDay, CloseView, DayFigures
from crosslane.kernel import Page
from crosslane.organization import UnknownChannel
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.web import Caller, Paging, get, post

READ = "finance:read"
Channel = Annotated[str, msgspec.Meta(max_length=60)]


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


ROUTES = [show_day, close_day, list_closes, show_close]
