"""Transfers over HTTP."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from crosslane.catalog import UnknownSku
from crosslane.inventory import BundleHasNoStock, OutOfStock, TimeInFuture
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown, network
from crosslane.platform.web import Caller, OtherLocation, Paging, get, post
from crosslane.transfers import errors, storage
from crosslane.transfers.domain import Difference, State
from crosslane.transfers.service import reading
from crosslane.transfers.service.ending import CANCEL, CLOSE
from crosslane.transfers.service.reading import Happened, TransferView
from crosslane.transfers.service.receiving import RECEIVE
from crosslane.transfers.service.requesting import REQUEST
from crosslane.transfers.service.sending import SEND
from crosslane.transfers.service.wishes import (
    LINES_MAX,
    ArrivedArticle,
    ArticleUnits,
    CancelTransfer,
    CloseTransfer,
    Code,
    Note,
    ReceiveTransfer,
    RequestTransfer,
    SendTransfer,
)

READ, ASK = "transfers:read", "transfers:request"
MORNING = datetime(2030, 1, 4, 8, 0, tzinfo=UTC)
ARTICLE_REFUSALS = (UnknownSku, BundleHasNoStock)
FACT_REFUSALS = (
    errors.NoSuchTransfer,
    errors.ForeignTransfer,
    TimeInFuture,
    *ARTICLE_REFUSALS,
)


class Dispatch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What left; see :class:`SendTransfer`."""

    lines: Annotated[tuple[ArticleUnits, ...], Meta(max_length=LINES_MAX)] = ()
    rest_follows: bool = True
    expected_on: date | None = None
    occurred_at: datetime | None = None


class Arrival(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What arrived; see :class:`ReceiveTransfer`."""

    lines: Annotated[tuple[ArrivedArticle, ...], Meta(max_length=LINES_MAX)] = ()
    occurred_at: datetime | None = None


class Withdrawal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why it is taken back."""

    note: Note = ""


class WriteOff(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why what arrived is not what was sent."""

    code: Difference
    note: Note = ""


@post(
    "/api/v1/transfers",
    permission=ASK,
    command=REQUEST,
    raises=(
        LocationUnknown,
        *ARTICLE_REFUSALS,
        OutOfStock,
        errors.SameLocation,
        errors.NotOurStock,
        errors.LocationClosedDown,
        errors.ForeignTransfer,
        errors.RateNeeded,
    ),
    example=RequestTransfer(
        source="DC1",
        destination="S0001",
        lines=(ArticleUnits("MUG-1", 20), ArticleUnits("BOWL-2", 5)),
        note="for the window display",
    ),
)
async def request_transfer(caller: Caller, data: RequestTransfer) -> TransferView:
    """Ask for goods to be sent from one location to another.

    They are held at their source until they are sent or given up. It is refused as a whole when
    the source does not have all of it to give.
    """
    return await caller.submit(REQUEST, data)


@get("/api/v1/transfers", permission=READ, raises=(LocationUnknown, OtherLocation))
async def list_transfers(
    caller: Caller,
    paging: Paging,
    state: State | None = None,
    source: Code | None = None,
    destination: Code | None = None,
) -> Page[TransferView]:
    """List transfers, the newest first: from a source, else to a destination, else all.

    Whoever belongs to a location names it as one of both, and sees those to it else.
    """
    async with caller.read() as tx:
        known = await network(tx)
        source_id = source and known.require(source, pointer="/source").id
        to_id = destination and known.require(destination, pointer="/destination").id
        if source_id is None and to_id is None:
            to_id = caller.actor.location_id
        caller.require_location(source_id or to_id)
        found = await storage.list_transfers(
            tx,
            states=None if state is None else [state],
            source_id=source_id or None,
            destination_id=to_id or None,
            before=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
        page = paging.page(found, key=lambda one: (one.requested_at, one.id))
        return Page(await reading.views(tx, page.items), page.next_cursor)


@get("/api/v1/transfers/{transfer}", permission=READ, raises=(errors.NoSuchTransfer,))
async def show_transfer(caller: Caller, transfer: str) -> TransferView:
    """Show a transfer by its number or id."""
    async with caller.read() as tx:
        return await reading.view(tx, await reading.find_transfer(tx, transfer))


@get("/api/v1/transfers/{transfer}/history", permission=READ, raises=(errors.NoSuchTransfer,))
async def show_history(caller: Caller, transfer: str, paging: Paging) -> Page[Happened]:
    """Tell what has happened to a transfer, in the order in which it was told."""
    after = paging.after(UUID)
    async with caller.read() as tx:
        one = await reading.find_transfer(tx, transfer)
        found = await reading.list_history(
            tx, one, after=after[0] if after else None, limit=paging.limit + 1
        )
    page = paging.page(found, key=lambda one: (one[0],))
    return Page([happened for _, happened in page.items], page.next_cursor)


@post(
    "/api/v1/transfers/{transfer}/dispatches",
    permission="transfers:send",
    command=SEND,
    raises=(*FACT_REFUSALS, errors.NothingToSend),
    example=Dispatch(lines=(ArticleUnits("MUG-1", 18),), occurred_at=MORNING),
)
async def send_transfer(caller: Caller, transfer: str, data: Dispatch) -> TransferView:
    """Record that goods have left: all that is still to be sent, or what is named.

    A fact: more than was asked for may have left. The goods are the destination's from then on.
    """
    wish = SendTransfer(
        transfer=transfer,
        lines=data.lines,
        rest_follows=data.rest_follows,
        expected_on=data.expected_on,
        occurred_at=data.occurred_at,
    )
    return await caller.submit(SEND, wish)


@post(
    "/api/v1/transfers/{transfer}/arrivals",
    permission="transfers:receive",
    command=RECEIVE,
    raises=(*FACT_REFUSALS, errors.NothingOnItsWay),
    example=Arrival(lines=(ArrivedArticle("MUG-1", 17, damaged=1),)),
)
async def receive_transfer(caller: Caller, transfer: str, data: Arrival) -> TransferView:
    """Record that goods have arrived: all that is on its way, or what is named.

    A fact: more than was sent may have arrived, or some of it damaged. A transfer closes by itself
    when all that was sent has arrived and nothing more will be sent.
    """
    wish = ReceiveTransfer(transfer=transfer, lines=data.lines, occurred_at=data.occurred_at)
    return await caller.submit(RECEIVE, wish)


@post(
    "/api/v1/transfers/{transfer}/cancellation",
    permission=ASK,
    command=CANCEL,
    raises=(errors.NoSuchTransfer, errors.NothingToSend),
    example=Withdrawal(note="sold out at the stall"),
)
async def cancel_transfer(caller: Caller, transfer: str, data: Withdrawal) -> TransferView:
    """Take back what has not been sent; the source can sell it again."""
    return await caller.submit(CANCEL, CancelTransfer(transfer=transfer, note=data.note))


@post(
    "/api/v1/transfers/{transfer}/closure",
    permission="transfers:close",
    command=CLOSE,
    raises=(errors.NoSuchTransfer, errors.NothingToClose),
    example=WriteOff(code=Difference.LOST, note="the carrier found nothing"),
)
async def close_transfer(caller: Caller, transfer: str, data: WriteOff) -> TransferView:
    """Say that the rest will not come, or that more did: the difference is a loss or a gain."""
    return await caller.submit(
        CLOSE, CloseTransfer(transfer=transfer, code=data.code, note=data.note)
    )


ROUTES = [
    request_transfer,
    list_transfers,
    show_transfer,
    show_history,
    send_transfer,
    receive_transfer,
    cancel_transfer,
    close_transfer,
]
