"""Transfers of a store: what others send us, and what we send others."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response

from crosslane import locations, transfers
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.apps.store.shelf import Wanted, walk
from crosslane.kernel import QUANTITY_MAX, Refusal
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import Form, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField
from crosslane.transfers import (
    CANCEL,
    RECEIVE,
    SEND,
    ArrivedArticle,
    ArticleUnits,
    CancelTransfer,
    LineView,
    NoSuchTransfer,
    ReceiveTransfer,
    SendTransfer,
    State,
    Transfer,
    TransferView,
)

READ = "transfers:read"
TRANSFERS = "/store/{code}/transfers"
ONE = TRANSFERS + "/{number}"
SHOWN_MAX = 100
OPEN: list[State] = ["requested", "sent", "received"]


class Card(msgspec.Struct, frozen=True):
    """A transfer of a list, with the location at its other end and the units it is about."""

    one: Transfer
    other: Location
    units: int


@page(TRANSFERS, permission=READ)
async def show_transfers(caller: Caller, request: Request, code: str) -> Response:
    """Show what is on its way here, and what is to be sent from here."""
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        coming, to_send = await list_expected(tx, place), await list_to_send(tx, place)
    return PAGES.answer(
        viewer,
        "transfers.html",
        block="list" if viewer.fragment else "",
        place=place,
        coming=coming,
        to_send=to_send,
    )


async def list_expected(tx: Tx, place: Location) -> list[Card]:
    """Return transfers of which something is on its way to a store, what comes first at the top."""
    known = (await locations.network(tx)).by_id
    found = await transfers.list_transfers(
        tx, states=OPEN, destination_id=place.id, limit=SHOWN_MAX
    )
    cards = [Card(one, known[one.source_id], one.on_way) for one in found if one.on_way]
    return sorted(cards, key=lambda card: (card.one.expected_on, card.one.number))


async def list_to_send(tx: Tx, place: Location) -> list[Card]:
    """Return transfers of which a store has something to send, the oldest first."""
    known = (await locations.network(tx)).by_id
    found = await transfers.list_transfers(tx, states=OPEN, source_id=place.id, limit=SHOWN_MAX)
    cards = [Card(one, known[one.destination_id], one.to_send) for one in found if one.to_send]
    return cards[::-1]


@page(ONE, permission=READ, raises=(NoSuchTransfer,))
async def show_transfer(
    caller: Caller, request: Request, code: str, number: str, scan: str = ""
) -> Response:
    """Show a transfer, and what hands do next."""
    return await _answer(caller, request, code, number, scan=scan)


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    number: str,
    *,
    refusal: Refusal | None = None,
    fields: Form | None = None,
    scan: str = "",
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        one = await _transfer_at(tx, place, number)
        known = (await locations.network(tx)).by_code
        sends = one.source == place.code
        lines = await walk(tx, viewer, place, _wanted(one, sends))
        gone = await walk(tx, viewer, place, _wanted(one, not sends))
    may = viewer.may("transfers:send" if sends else "transfers:receive")
    return PAGES.answer(
        viewer,
        "transfer.html",
        status=422 if refusal else 200,
        place=place,
        one=one,
        other=known[one.destination if sends else one.source],
        sends=sends,
        lines=lines,
        elsewhere=gone,
        may=may,
        scan=scan.strip().upper().lstrip("0"),
        refusal=said,
        fields=fields.plain() if fields else {},
    )


def _wanted(one: TransferView, sends: bool) -> list[Wanted]:
    """Return what is still to be sent of a transfer, or what is on its way."""
    return [
        Wanted(one.id, one.number, line.id, line.sku, line.sku, units)
        for line in one.lines
        if (units := line.to_send if sends else line.on_way) > 0
    ]


async def _transfer_at(tx: Tx, place: Location, number: str) -> TransferView:
    """Return a transfer to or from a store.

    Raises:
        NoSuchTransfer: there is none there.
    """
    found = await transfers.find_transfer(tx, number)
    if place.id not in (found.source_id, found.destination_id):
        raise NoSuchTransfer(named=number[:40])
    return await transfers.view(tx, found)


@form(ONE + "/dispatches", permission="transfers:send", command=SEND)
async def send_store_transfer(
    caller: Caller, request: Request, code: str, number: str, data: bytes
) -> Response:
    """Say that goods have left this store."""

    def wish(fields: Form, one: TransferView) -> SendTransfer:
        units = [(line.sku, _told(fields, "found", one, line)) for line in one.lines]
        lines = tuple(ArticleUnits(sku, n) for sku, n in units if n)
        return SendTransfer(
            transfer=one.number,
            lines=_some(lines),
            rest_follows=not fields.checked("last"),
            occurred_at=tapped_at(fields),
        )

    return await _do(caller, request, (code, number, data), SEND, wish, "Sent.")


@form(ONE + "/arrivals", permission="transfers:receive", command=RECEIVE)
async def receive_store_transfer(
    caller: Caller, request: Request, code: str, number: str, data: bytes
) -> Response:
    """Say that goods have arrived at this store."""

    def wish(fields: Form, one: TransferView) -> ReceiveTransfer:
        told = [
            (line.sku, _told(fields, "found", one, line), _told(fields, "damaged", one, line))
            for line in one.lines
        ]
        if other := fields.text("other"):
            told.append((other, _count(fields, "other_units", 1), 0))
        lines = tuple(ArrivedArticle(sku, n, damaged) for sku, n, damaged in told if n or damaged)
        return ReceiveTransfer(
            transfer=one.number, lines=_some(lines), occurred_at=tapped_at(fields)
        )

    return await _do(caller, request, (code, number, data), RECEIVE, wish, "Received.")


@form(ONE + "/cancellation", permission="transfers:request", command=CANCEL)
async def cancel_store_transfer(
    caller: Caller, request: Request, code: str, number: str, data: bytes
) -> Response:
    """Say that what is left will not be sent."""

    def wish(fields: Form, one: TransferView) -> CancelTransfer:
        return CancelTransfer(transfer=one.number, note=fields.text("note")[:300])

    said = "It will not be sent. The goods can be sold again."
    return await _do(caller, request, (code, number, data), CANCEL, wish, said)


def _told(fields: Form, name: str, one: TransferView, line: LineView) -> int:
    """Return the units of a line that a form tells of; what the page did not show is none."""
    return _count(fields, f"{name}.{one.id}.{line.id}", 0)


def _count(fields: Form, name: str, default: int) -> int:
    units = fields.number(name, default)
    if units is None or not 0 <= units <= QUANTITY_MAX:
        raise InvalidField(pointer=f"/{name}", reason="this is not a number of units")
    return units


def _some(lines: tuple[Any, ...]) -> tuple[Any, ...]:
    if not lines:
        raise InvalidField(pointer="/lines", reason="no units are told")
    return lines


async def _do(
    caller: Caller,
    request: Request,
    asked: tuple[str, str, bytes],
    kind: CommandKind,
    wish: Callable[[Form, TransferView], Any],
    said: str,
) -> Response:
    code, number, data = asked
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        one = await _transfer_at(tx, place, number)
    try:
        done: TransferView = await caller.submit(kind, wish(fields, one))
    except Refusal as refusal:
        return await _answer(caller, request, code, number, refusal=refusal, fields=fields)
    left = done.on_way if kind is RECEIVE else done.to_send
    base = f"/store/{place.code}/transfers"
    return see_other(f"{base}/{one.number}" if left else base, toast=PAGES.words(viewer)(said))


ROUTES = [
    show_transfers,
    show_transfer,
    send_store_transfer,
    receive_store_transfer,
    cancel_store_transfer,
]
