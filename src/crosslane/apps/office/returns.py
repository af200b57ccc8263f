"""Returns in the office: which wait for a person, and taking one through its life."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, locations, orders, returns
from crosslane.apps.exchanged import GoingOut, going_out
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order import STORY_ENTRIES_MAX, names_for, required
from crosslane.apps.office.order_changes import made
from crosslane.apps.office.story import Told, tell
from crosslane.kernel import Refusal
from crosslane.locations import Network
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging
from crosslane.returns import Finding, Quoted, Return, ReturnLine

ADDRESS = "/office/returns/"
DISPOSITIONS = ("sellable", "refurbish", "vendor", "destroy", "send_back")
# The tabs of the list: what they are called by, and what they show.
VIEWS: Mapping[str, Mapping[str, Any]] = {
    "held": {"held": True},
    "requested": {"state": "requested"},
    "in_transit": {"state": "in_transit"},
    "received": {"state": "received"},
    "graded": {"state": "graded"},
    "all": {},
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page of a return tells.

    Args:
        titles: of its articles by line.
        names: of locations by id; likewise their codes.
        gives: what it is expected to give, None when nobody can tell any more.
        findings: suspicions with the points of their reasons.
        out: goods that go out in exchange.
    """

    one: Return
    titles: Mapping[UUID, str]
    names: Mapping[UUID, str]
    code: str
    gives: Quoted | None
    findings: Sequence[Any]
    out: Sequence[GoingOut]
    story: Sequence[Told]


async def shown_return(tx: Tx, viewer: Viewer, number: str) -> Shown:
    """Return all about a return, as far as the viewer may see it.

    Raises:
        NoSuchReturn: there is none, or the viewer may not see it.
    """
    one = await returns.find_return(tx, number)
    network = await locations.network(tx)
    variants = await catalog.variants_by_id(tx, [line.variant_id for line in one.lines])
    findings: Sequence[Finding] = ()
    if viewer.may("returns:clear"):
        findings = await returns.findings_of(tx, str(one.id))
    entries = await log.histories(tx, [f"return:{one.id}"], limit=STORY_ENTRIES_MAX)
    names = await names_for(tx, viewer, entries, network)
    return Shown(
        one=one,
        titles={
            line.id: variants[line.variant_id].title if line.variant_id in variants else line.sku
            for line in one.lines
        },
        names={at.id: at.name for at in network.by_id.values()},
        code=_code(one, viewer, network),
        gives=await _gives(tx, one),
        findings=findings,
        out=await going_out(tx, viewer.language, one),
        story=tell(entries, names),
    )


def _code(one: Return, viewer: Viewer, network: Network) -> str:
    """Return the location goods are expected at, "" while anywhere will do."""
    place = one.location_id or viewer.actor.location_id
    return network.by_id[place].code if place in network.by_id else ""


async def _gives(tx: Tx, one: Return) -> Quoted | None:
    if one.order_id is None or one.state in ("settled", "closed", "declined", "cancelled"):
        return None
    try:
        return await returns.expected_of(tx, one)
    except Refusal:
        return None


@page("/office/returns", permission="returns:read")
async def list_returns_of_office(
    caller: Caller, request: Request, paging: Paging, show: str = "all", q: str = ""
) -> Response:
    """List returns, the newest first, by what they wait for."""
    chosen = show if show in VIEWS else "all"
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found, refusal = await _found(tx, paging, chosen, q.strip())
        network = await locations.network(tx)
    listed = paging.page(found, key=lambda one: (one.requested_at, one.id))
    return PAGES.answer(
        viewer,
        "returns.html",
        block="rows" if viewer.fragment else "",
        returns=listed.items,
        next=listed.next_cursor,
        names={at.id: at.name for at in network.by_id.values()},
        views=VIEWS,
        show=chosen,
        q=q,
        refusal=refusal,
    )


async def _found(
    tx: Tx, paging: Paging, chosen: str, named: str
) -> tuple[list[Return], Refusal | None]:
    """Return the returns of a tab, or those that are called so or of an order that is."""
    if not named:
        after = paging.after(datetime, UUID)
        filters = VIEWS[chosen]
        return await returns.list_found(tx, after=after, limit=paging.limit + 1, **filters), None
    try:
        return [await returns.find_return(tx, named)], None
    except Refusal as refusal:
        try:
            order = await orders.find_order(tx, named)
        except Refusal:
            return [], refusal
        return await returns.list_found(tx, order_id=order.order.id, limit=paging.limit), None


@page("/office/returns/{number}", permission="returns:read")
async def show_office_return(caller: Caller, request: Request, number: str) -> Response:
    """Show a return whole, with what may be done next."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        shown = await shown_return(tx, viewer, number)
    return _answer(viewer, shown)


def _answer(
    viewer: Viewer,
    shown: Shown,
    *,
    refusal: Refusal | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    return PAGES.answer(
        viewer,
        "return.html",
        status=422 if refusal else 200,
        block="whole" if viewer.fragment else "",
        shown=shown,
        one=shown.one,
        refusal=refusal,
        fields=fields or {},
        dispositions=DISPOSITIONS,
        waiting=_waiting,
    )


def _waiting(line: ReturnLine) -> int:
    """Return the units of a line that came and are not graded yet."""
    return sum(unit.quantity for unit in line.units if unit.disposition is None)


async def _step(
    caller: Caller,
    request: Request,
    number: str,
    data: bytes,
    command: CommandKind,
    wish: Any,
) -> Response:
    """Take a return a step further, or tell why it cannot be."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        one = await returns.find_return(tx, number)
    try:
        version = fields.number("version", one.version)
        await caller.submit(command, wish(fields, one, {"return_id": one.id, "version": version}))
    except Refusal as refusal:
        async with caller.read() as tx:
            shown = await shown_return(tx, viewer, number)
        return _answer(viewer, shown, refusal=refusal, fields=fields.plain())
    words = PAGES.words(viewer)
    return see_other(ADDRESS + one.number, toast=words("Saved."))


def _instead(fields: Form) -> Mapping[str, Any] | None:
    """Return what goes out in place of what was wished in exchange, None when that does.

    Raises:
        InvalidField: other goods are wanted, and it is not said which.
    """
    chosen = fields.text("instead")
    if chosen == "money":
        return {"goods": []}
    if chosen != "goods":
        return None
    store = fields.text("instead-store")
    goods = {
        "sku": required(fields, "instead-sku"),
        "quantity": fields.number("instead-units", 1),
        "method": "pickup" if store else "ship",
        "store": store,
    }
    return {"goods": [goods]}


@form(ADDRESS + "{number}/authorization", permission="returns:authorize", command=returns.AUTHORIZE)
async def let_return_come(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Let goods come back."""
    return await _step(
        caller,
        request,
        number,
        data,
        returns.AUTHORIZE,
        lambda fields, one, named: made(returns.Authorize, **named, instead=_instead(fields)),
    )


@form(ADDRESS + "{number}/decline", permission="returns:authorize", command=returns.DECLINE)
async def decline_return_with_reason(
    caller: Caller, request: Request, number: str, data: bytes
) -> Response:
    """Decline a return, with the reason the customer is told."""
    return await _step(
        caller,
        request,
        number,
        data,
        returns.DECLINE,
        lambda fields, one, named: made(
            returns.Decline, **named, reason=required(fields, "reason")
        ),
    )


@form(ADDRESS + "{number}/cancellation", permission="returns:cancel", command=returns.CANCEL)
async def cancel_return_of_office(
    caller: Caller, request: Request, number: str, data: bytes
) -> Response:
    """Note that goods will not come after all."""
    return await _step(
        caller,
        request,
        number,
        data,
        returns.CANCEL,
        lambda fields, one, named: made(returns.Cancel, **named, reason=required(fields, "reason")),
    )


@form(ADDRESS + "{number}/clearance", permission="returns:clear", command=returns.CLEAR)
async def clear_held_return(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Let a held return go on, and say why the suspicion does not hold."""
    return await _step(
        caller,
        request,
        number,
        data,
        returns.CLEAR,
        lambda fields, one, named: made(
            returns.Clear, **named, reason=required(fields, "reason"), instead=_instead(fields)
        ),
    )


def _received(fields: Form, one: Return, named: Mapping[str, Any]) -> Any:
    lines = [
        {"return_line": line.id, "quantity": units}
        for line in one.lines
        if (units := fields.number(f"units.{line.id}", 0))
    ]
    return made(
        returns.Receive,
        **named,
        location=required(fields, "location"),
        lines=lines,
        complete=fields.checked("complete"),
    )


@form(ADDRESS + "{number}/receipt", permission="returns:receive", command=returns.RECEIVE)
async def receive_goods_back(
    caller: Caller, request: Request, number: str, data: bytes
) -> Response:
    """Receive goods at a location."""
    return await _step(caller, request, number, data, returns.RECEIVE, _received)


def _graded(fields: Form, one: Return, named: Mapping[str, Any]) -> Any:
    lines = [
        {
            "return_line": line.id,
            "quantity": units,
            "disposition": fields.text(f"fate.{line.id}", "sellable"),
        }
        for line in one.lines
        if (units := fields.number(f"units.{line.id}", 0))
    ]
    return made(returns.Grade, **named, lines=lines)


@form(ADDRESS + "{number}/grading", permission="returns:grade", command=returns.GRADE)
async def grade_goods_back(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Say what becomes of goods that came back."""
    return await _step(caller, request, number, data, returns.GRADE, _graded)


@form(ADDRESS + "{number}/settlement", permission="returns:settle", command=returns.SETTLE)
async def settle_return_of_office(
    caller: Caller, request: Request, number: str, data: bytes
) -> Response:
    """Give the money for what came back."""
    return await _step(
        caller,
        request,
        number,
        data,
        returns.SETTLE,
        lambda fields, one, named: made(returns.Settle, **named),
    )


ROUTES = [
    list_returns_of_office,
    show_office_return,
    let_return_come,
    decline_return_with_reason,
    cancel_return_of_office,
    clear_held_return,
    receive_goods_back,
    grade_goods_back,
    settle_return_of_office,
]
