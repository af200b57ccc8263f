"""Changes of an order: tried first, shown as what they do to money and promises, then saved.

A form is sent to one address twice. Without ``save`` it is tried and undone; with it, it is saved,
on the version that was shown. When the order is another one by then, what happened meanwhile is
shown with a new preview.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import locations, orders
from crosslane.apps.amounts import AMOUNT_CHARACTERS_MAX, read_amount, write_price
from crosslane.apps.office.delta import Delta, delta_of
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order import ADDRESS, names_for, required
from crosslane.apps.office.story import Told, tell
from crosslane.kernel import Refusal
from crosslane.orders import OrderChanged, OrderView
from crosslane.payments import RefundTo
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

LINES_ADDED_MAX = 3
MEANWHILE_MAX = 20
CARRIED = frozenset({"seen", "shown", "version", "save"})
# What the customer chooses to be given money by, beside the way it came.
ELSEWHERE = ("original", "stored_value", "cash")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change that people make on an order.

    Args:
        name: last part of its address, and of its template's block.
        command: what saves it.
        wish: makes the command's body of the fields, the order and the version it must be at.
    """

    name: str
    command: CommandKind
    wish: Callable[[Form, OrderView, int | None, Viewer], Any]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of trying a change: what it does, or why it cannot be; what happened meanwhile."""

    delta: Delta | None = None
    refusal: Refusal | None = None
    meanwhile: list[Told] = []


def made(kind: type, /, **values: Any) -> Any:
    """Return the body of a command, checked as if it came over HTTP.

    Raises:
        InvalidField: a value is out of bounds.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(values), kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$.")
        name = where.partition("`")[0].partition("[")[0].partition(".")[0]
        raise InvalidField(pointer=f"/{name}", reason=f"{name or 'it'}: {reason}") from None


def amount_of(
    fields: Form, name: str, currency: str, viewer: Viewer, *, milli: bool = False
) -> int:
    """Return an amount that somebody typed, in minor units, or thousandths of them.

    Raises:
        InvalidField: it is no amount of the currency.
    """
    return read_amount(required(fields, name), name, currency, viewer.locale, milli=milli)


def _cancel(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    del viewer
    lines = _units(fields)
    if not lines and not fields.checked("all"):
        raise InvalidField(pointer="/units", reason="say how many units of which line")
    return made(
        orders.CancelUnits,
        order_id=order.id,
        lines=[] if fields.checked("all") else lines,
        reason=required(fields, "reason"),
        version=version,
    )


def _units(fields: Form) -> list[dict[str, Any]]:
    """Return the units that were chosen, by line."""
    return [
        {"line_id": line, "quantity": int(units)}
        for line, units in fields.group("units")
        if units.isdecimal() and len(units) <= AMOUNT_CHARACTERS_MAX and int(units)
    ]


def _add(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    del viewer
    lines = [
        {"sku": sku, "quantity": fields.number(f"quantity.{place}", 0)}
        for place, sku in fields.group("sku")
        if sku
    ][:LINES_ADDED_MAX]
    method = fields.text("tender")
    tender = {"method": method}
    if fields.text("account"):
        tender["account"] = fields.text("account")
    return made(
        orders.AddLines,
        order_id=order.id,
        lines=lines,
        tenders=[tender] if method else [],
        reason=required(fields, "reason"),
        version=version,
    )


def _price(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    return made(
        orders.ChangePrice,
        order_id=order.id,
        line_id=required(fields, "line"),
        unit_price_milli=amount_of(fields, "price", order.currency, viewer, milli=True),
        reason=required(fields, "reason"),
        version=version,
    )


def _address(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    del viewer
    before = order.ship_to
    to = {
        "country": fields.text("country").upper(),
        "lines": [line for line in fields.text("lines").splitlines() if line.strip()],
        "city": fields.text("city"),
        "postcode": fields.text("postcode"),
        "region": fields.text("region"),
        "name": fields.text("name"),
        "organization": fields.text("organization"),
        "phone": before.phone if before else "",
        "email": before.email if before else "",
    }
    return made(
        orders.ChangeAddress,
        order_id=order.id,
        ship_to=to,
        reason=required(fields, "reason"),
        version=version,
    )


def _resource(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    del viewer
    return made(
        orders.Resource,
        order_id=order.id,
        forgive=fields.checked("forgive"),
        reason=required(fields, "reason"),
        version=version,
    )


def _recall(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    del viewer
    lines = _units(fields)
    if not lines:
        raise InvalidField(pointer="/units", reason="say how many units of which line")
    return made(
        orders.Recall,
        order_id=order.id,
        location=required(fields, "location"),
        lines=lines,
        reason=required(fields, "reason"),
        version=version,
    )


def _goodwill(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    return made(
        orders.Appease,
        order_id=order.id,
        line_id=fields.text("line") or None,
        minor=amount_of(fields, "amount", order.currency, viewer),
        reason=required(fields, "reason"),
        refund_to=_to(fields),
        version=version,
    )


def _money(fields: Form, order: OrderView, version: int | None, viewer: Viewer) -> Any:
    del version, viewer
    return made(orders.RetryMoney, order_id=order.id, to=_to(fields))


def _to(fields: Form) -> RefundTo | None:
    """Return where money goes, None for the way it came."""
    method = fields.text("to", "original")
    if method == "original":
        return None
    values: dict[str, Any] = {"method": method}
    if fields.text("account"):
        values["account"] = fields.text("account")
    if fields.text("store"):
        values["location"] = fields.text("store")
    return made(RefundTo, **values)


CANCELLATION = Change(name="cancellation", command=orders.CANCEL, wish=_cancel)
LINES = Change(name="lines", command=orders.ADD_LINES, wish=_add)
PRICE = Change(name="price", command=orders.CHANGE_PRICE, wish=_price)
PLACE = Change(name="address", command=orders.CHANGE_ADDRESS, wish=_address)
RESOURCING = Change(name="resourcing", command=orders.RESOURCE, wish=_resource)
RECALL = Change(name="recall", command=orders.RECALL, wish=_recall)
GOODWILL = Change(name="goodwill", command=orders.APPEASE, wish=_goodwill)
MONEY = Change(name="money", command=orders.RETRY_MONEY, wish=_money)


async def ask(
    caller: Caller, request: Request, number: str, change: Change, **given: str
) -> Response:
    """Show the form of a change, with what is given already filled in."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        order = await orders.order_view(tx, number)
        seen = await last_event(tx, order.id)
    return _answer(viewer, change, order, given, seen, Tried())


async def take(
    caller: Caller, request: Request, number: str, data: bytes, change: Change
) -> Response:
    """Try a change, or save it."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        order = await orders.order_view(tx, number)
        seen = await last_event(tx, order.id)
    tried = Tried()
    try:
        # What was changed after the preview was not seen yet.
        if not fields.checked("save") or fields.text("shown") != fingerprint(fields.plain()):
            return await _preview(caller, viewer, change, order, fields, seen, tried)
        version = fields.number("version", order.version)
        await caller.submit(change.command, change.wish(fields, order, version, viewer))
    except OrderChanged as refusal:
        async with caller.read() as tx:
            told = await _meanwhile(tx, viewer, order, fields.number("seen", 0) or 0)
        tried = Tried(refusal=refusal, meanwhile=told)
    except Refusal as refusal:
        return _answer(viewer, change, order, fields.plain(), seen, Tried(refusal=refusal))
    else:
        words = PAGES.words(viewer)
        return see_other(ADDRESS + order.number, toast=words("Saved."))
    try:
        return await _preview(caller, viewer, change, order, fields, seen, tried)
    except Refusal:
        return _answer(viewer, change, order, fields.plain(), seen, tried)


def fingerprint(fields: Mapping[str, str]) -> str:
    """Return a fingerprint of what was filled in, without what the form itself carries along."""
    given = sorted(pair for pair in fields.items() if pair[0] not in CARRIED and pair[1])
    return hashlib.blake2b(msgspec.json.encode(given), digest_size=8).hexdigest()


async def _preview(
    caller: Caller,
    viewer: Viewer,
    change: Change,
    order: OrderView,
    fields: Form,
    seen: int,
    tried: Tried,
) -> Response:
    """Show what a change would do to the order as it is now."""

    async def look(tx: Tx) -> OrderView:
        return await orders.order_view(tx, str(order.id))

    wish = change.wish(fields, order, None, viewer)
    found = await caller.preview(change.command, wish, look)
    tried = msgspec.structs.replace(tried, delta=delta_of(found.before, found.after))
    return _answer(viewer, change, found.before, fields.plain(), seen, tried)


async def last_event(tx: Tx, order_id: UUID) -> int:
    """Return the number of the latest event of an order."""
    latest = await log.histories(tx, [f"order:{order_id}"], limit=1)
    return latest[0].subject_no if latest else 0


async def _meanwhile(tx: Tx, viewer: Viewer, order: OrderView, seen: int) -> list[Told]:
    entries = await log.history(tx, f"order:{order.id}", after_no=seen, limit=MEANWHILE_MAX)
    names = await names_for(tx, viewer, entries, await locations.network(tx))
    return tell(entries, names, order=order)


def _answer(
    viewer: Viewer,
    change: Change,
    order: OrderView,
    fields: Mapping[str, str],
    seen: int,
    tried: Tried,
) -> Response:
    return PAGES.answer(
        viewer,
        "order_change.html",
        status=422 if tried.refusal else 200,
        change=change.name,
        order=order,
        fields=fields,
        seen=seen,
        shown=fingerprint(fields),
        tried=tried,
        elsewhere=ELSEWHERE,
        lines_added_max=LINES_ADDED_MAX,
        price_of=lambda line: write_price(line.unit_price_milli, order.currency, viewer.locale),
    )


PATH = "/office/orders/{number}/"


@page(PATH + "cancellation", permission="orders:cancel")
async def ask_cancellation(
    caller: Caller, request: Request, number: str, reason: str = ""
) -> Response:
    """Ask which units are not wanted any more."""
    return await ask(caller, request, number, CANCELLATION, reason=reason)


@form(PATH + "cancellation", permission="orders:cancel", command=orders.CANCEL)
async def cancel_units(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try to cancel units, or do it."""
    return await take(caller, request, number, data, CANCELLATION)


@page(PATH + "lines", permission="orders:amend")
async def ask_lines(caller: Caller, request: Request, number: str) -> Response:
    """Ask what is wanted besides."""
    return await ask(caller, request, number, LINES)


@form(PATH + "lines", permission="orders:amend", command=orders.ADD_LINES)
async def add_goods(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try to add goods, or do it."""
    return await take(caller, request, number, data, LINES)


@page(PATH + "price", permission="orders:amend")
async def ask_price(caller: Caller, request: Request, number: str) -> Response:
    """Ask for another price of a line."""
    return await ask(caller, request, number, PRICE)


@form(PATH + "price", permission="orders:amend", command=orders.CHANGE_PRICE)
async def change_price(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try another price, or save it."""
    return await take(caller, request, number, data, PRICE)


@page(PATH + "address", permission="orders:amend")
async def ask_address(caller: Caller, request: Request, number: str) -> Response:
    """Ask where the order goes instead."""
    return await ask(caller, request, number, PLACE)


@form(PATH + "address", permission="orders:amend", command=orders.CHANGE_ADDRESS)
async def change_address(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try another address, or save it."""
    return await take(caller, request, number, data, PLACE)


@page(PATH + "resourcing", permission="orders:amend")
async def ask_resourcing(caller: Caller, request: Request, number: str) -> Response:
    """Ask whether the order shall be sourced anew."""
    return await ask(caller, request, number, RESOURCING)


@form(PATH + "resourcing", permission="orders:amend", command=orders.RESOURCE)
async def resource_order(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try to source the order anew, or do it."""
    return await take(caller, request, number, data, RESOURCING)


@page(PATH + "recall", permission="orders:amend")
async def ask_recall(caller: Caller, request: Request, number: str, location: str = "") -> Response:
    """Ask which units a location shall not work on any more."""
    return await ask(caller, request, number, RECALL, location=location)


@form(PATH + "recall", permission="orders:amend", command=orders.RECALL)
async def recall_work(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try to take work back from a location, or do it."""
    return await take(caller, request, number, data, RECALL)


@page(PATH + "goodwill", permission="orders:appease")
async def ask_goodwill(caller: Caller, request: Request, number: str) -> Response:
    """Ask how much goodwill is given, and why."""
    return await ask(caller, request, number, GOODWILL)


@form(PATH + "goodwill", permission="orders:appease", command=orders.APPEASE)
async def give_goodwill(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try to give goodwill, or do it."""
    return await take(caller, request, number, data, GOODWILL)


@page(PATH + "money", permission="orders:retry_money")
async def ask_money(caller: Caller, request: Request, number: str) -> Response:
    """Show the money that did not move, and ask where it shall go."""
    return await ask(caller, request, number, MONEY)


@form(PATH + "money", permission="orders:retry_money", command=orders.RETRY_MONEY)
async def retry_money(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Try what asking for the money again would do, or do it."""
    return await take(caller, request, number, data, MONEY)


ROUTES = [
    ask_cancellation,
    cancel_units,
    ask_lines,
    add_goods,
    ask_price,
    change_price,
    ask_address,
    change_address,
    ask_resourcing,
    resource_order,
    ask_recall,
    recall_work,
    ask_goodwill,
    give_goodwill,
    ask_money,
    retry_money,
]
