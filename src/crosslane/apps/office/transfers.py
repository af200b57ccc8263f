"""Transfers: stock that one location sends to another, and what people say of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, locations, organization, transfers
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.names import names_of
from crosslane.apps.office.wishes import wish_of, wrong_of
from crosslane.catalog import Variant
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField, Paging
from crosslane.transfers import (
    CANCEL,
    CLOSE,
    RECEIVE,
    SEND,
    CancelTransfer,
    CloseTransfer,
    Happened,
    NoSuchTransfer,
    ReceiveTransfer,
    SendTransfer,
    State,
    TransferView,
)

READ = "transfers:read"
TRANSFERS = "/office/stock/transfers"
ONE = TRANSFERS + "/{transfer}"
TABS: dict[str, list[State] | None] = {
    "open": ["requested", "sent", "received"],
    "closed": ["closed"],
    "cancelled": ["cancelled"],
    "all": None,
}
Tab = Literal["open", "closed", "cancelled", "all"]
# How far a transfer has come, as a place among the steps of its page.
REACHED = {"requested": 0, "sent": 1, "received": 2, "closed": 4}


class Step(msgspec.Struct, frozen=True):
    """What somebody told of several articles at once."""

    happened: list[Happened]


class Row(msgspec.Struct, frozen=True):
    """A transfer of the list."""

    one: TransferView
    source: Location
    destination: Location


@page(TRANSFERS, permission=READ)
async def show_transfers(
    caller: Caller,
    request: Request,
    paging: Paging,
    tab: Tab = "open",
    source: str = "",
    destination: str = "",
) -> Response:
    """Show transfers, the newest first; to people of a location those to it, or from it."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        network = await locations.network(tx)
        own = viewer.actor.location_id
        chosen, to = network.by_code.get(source), network.by_code.get(destination)
        if own is not None:
            chosen, to = (network.by_id[own], None) if source else (None, network.by_id[own])
        rows = await transfers.list_transfers(
            tx,
            states=TABS[tab],
            source_id=chosen and chosen.id,
            destination_id=to and to.id,
            before=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
        found = paging.page(rows, key=lambda one: (one.requested_at, one.id))
        shown = [
            Row(one, network.by_code[one.source], network.by_code[one.destination])
            for one in await transfers.views(tx, found.items)
        ]
    return PAGES.answer(
        viewer,
        "transfers.html",
        rows=shown,
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        tab=tab,
        tabs=list(TABS),
        source=source,
        destination=destination,
        own=network.by_id[own].code if own else "",
        may_ask=viewer.may("transfers:request"),
        **ways(viewer),
    )


@page(ONE, permission=READ, raises=(NoSuchTransfer,))
async def show_transfer(caller: Caller, request: Request, transfer: str) -> Response:
    """Show a transfer: what has become of its units, and what can be done next."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await _shown(tx, viewer, transfer)
    return PAGES.answer(viewer, "transfer.html", **told)


async def _shown(tx: Tx, viewer: Viewer, named: str) -> dict[str, Any]:
    found = await transfers.find_transfer(tx, named)
    one = await transfers.view(tx, found)
    known, book = (await locations.network(tx)).by_code, await organization.book(tx)
    source, destination = known[one.source], known[one.destination]
    ids = [line.variant_id for line in one.lines]
    variants: dict[UUID, Variant] = await catalog.variants_by_id(tx, ids, locale=viewer.language)
    history = [happened for _, happened in await transfers.list_history(tx, found)]
    own, may = viewer.actor.location_id, viewer.may
    return {
        "one": one,
        "source": source,
        "destination": destination,
        "owner": book.entity(one.owner).name,
        "variants": variants,
        "history": _steps(history),
        "names": await names_of(
            tx, {*(x.actor for x in history), one.requested_by}, PAGES.words(viewer)
        ),
        "reached": REACHED.get(one.state, -1),
        "may_send": own in (None, source.id) and may("transfers:send") and one.to_send > 0,
        "may_receive": own in (None, destination.id)
        and may("transfers:receive")
        and one.state not in ("requested", "cancelled"),
        "may_cancel": may("transfers:request") and one.to_send > 0,
        "may_close": may("transfers:close") and one.differs,
        "refusal": None,
        "wrong": wrong_of(None),
        "fields": {},
    }


def _steps(history: Sequence[Happened]) -> list[Step]:
    """Return what happened, told together what was told together, the latest first."""
    together = groupby(history, key=lambda one: (one.deed, one.at, one.actor, one.code))
    return [Step(list(happened)) for _, happened in together][::-1]


@form(ONE + "/dispatches", permission="transfers:send", command=SEND)
async def send_office_transfer(
    caller: Caller, request: Request, transfer: str, data: bytes
) -> Response:
    """Say that goods have left."""

    def wish(fields: Form, one: TransferView) -> SendTransfer:
        lines = [
            {"sku": line.sku, "quantity": units}
            for line in one.lines
            if (units := fields.number(f"send.{line.id}"))
        ]
        told = {
            "transfer": one.number,
            "lines": some(lines),
            "rest_follows": not fields.checked("last"),
            "expected_on": fields.text("expected_on") or None,
        }
        return wish_of(SendTransfer, told)

    return await _do(caller, request, (transfer, data), SEND, wish, "Sent.")


@form(ONE + "/arrivals", permission="transfers:receive", command=RECEIVE)
async def receive_office_transfer(
    caller: Caller, request: Request, transfer: str, data: bytes
) -> Response:
    """Say that goods have arrived, in good order or damaged."""

    def wish(fields: Form, one: TransferView) -> ReceiveTransfer:
        lines = [
            {"sku": line.sku, "quantity": good, "damaged": damaged}
            for line in one.lines
            for good in (fields.number(f"good.{line.id}") or 0,)
            for damaged in (fields.number(f"damaged.{line.id}") or 0,)
            if good or damaged
        ]
        if other := fields.text("other"):
            lines.append({"sku": other, "quantity": fields.number("other_units") or 0})
        return wish_of(ReceiveTransfer, {"transfer": one.number, "lines": some(lines)})

    return await _do(caller, request, (transfer, data), RECEIVE, wish, "Received.")


@form(ONE + "/cancellation", permission="transfers:request", command=CANCEL)
async def cancel_office_transfer(
    caller: Caller, request: Request, transfer: str, data: bytes
) -> Response:
    """Take back what has not been sent."""

    def wish(fields: Form, one: TransferView) -> CancelTransfer:
        return wish_of(CancelTransfer, {"transfer": one.number, "note": fields.text("note")})

    said = "What was not sent can be sold again."
    return await _do(caller, request, (transfer, data), CANCEL, wish, said)


@form(ONE + "/closure", permission="transfers:close", command=CLOSE)
async def close_office_transfer(
    caller: Caller, request: Request, transfer: str, data: bytes
) -> Response:
    """Write the difference off."""

    def wish(fields: Form, one: TransferView) -> CloseTransfer:
        told = {
            "transfer": one.number,
            "code": fields.text("code"),
            "note": fields.text("note"),
        }
        return wish_of(CloseTransfer, told)

    return await _do(caller, request, (transfer, data), CLOSE, wish, "Closed.")


def some(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines a form tells of; none would mean all there is.

    Raises:
        InvalidField: there are none.
    """
    if not lines:
        raise InvalidField(pointer="/lines", reason="no units are told")
    return lines


async def _do(
    caller: Caller,
    request: Request,
    asked: tuple[str, bytes],
    kind: CommandKind,
    wish: Callable[[Form, TransferView], Any],
    said: str,
) -> Response:
    """Submit what a form of the page asks for; show the page again when it is refused."""
    named, data = asked
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        one = await transfers.view(tx, await transfers.find_transfer(tx, named))
    try:
        await caller.submit(kind, wish(fields, one))
    except Refusal as refusal:
        async with caller.read() as tx:
            told = await _shown(tx, viewer, named)
        told |= {"refusal": refusal, "wrong": wrong_of(refusal), "fields": fields.plain()}
        return PAGES.answer(viewer, "transfer.html", status=422, **told)
    return see_other(f"{TRANSFERS}/{one.number}", toast=PAGES.words(viewer)(said))


ROUTES = [
    show_transfers,
    show_transfer,
    send_office_transfer,
    receive_office_transfer,
    cancel_office_transfer,
    close_office_transfer,
]
