"""Goods that come back over the counter: of an order, or of a return that was announced."""

from collections.abc import Mapping, Sequence
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, orders, returns
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField
from crosslane.returns import (
    RECEIVE,
    TAKE_BACK,
    DeskLine,
    Disposition,
    NoSuchReturn,
    Receive,
    ReceiveLine,
    Return,
    Returnable,
    TakeBack,
    TakenBack,
)

PERMISSION = "returns:take_back"
NAMED_CHARACTERS_MAX = 60
# Goods of these returns may be taken in.
AWAITED = ("authorized", "in_transit", "received")
GIVEN_UP = ("declined", "cancelled", "expired")


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What was found by a number: an order of which something may come back, or a return.

    Args:
        order: what of it may come back, None when the number is none of an order.
        one: the return that was named.
        titles: of its articles by line.
        others: returns of the order whose goods are awaited.
    """

    order: Returnable | None = None
    one: Return | None = None
    titles: Mapping[UUID, str] = {}
    others: Sequence[Return] = ()


async def _find(tx: Tx, named: str) -> Announced:
    """Return what a number names: the one on a receipt, or the one of an announced return."""
    if not named:
        return Announced()
    try:
        one = await returns.find_return(tx, named)
    except NoSuchReturn:
        one = None
    if one is not None and named.strip()[:1].upper() == "R":
        variants = await catalog.variants_by_id(tx, [line.variant_id for line in one.lines])
        titles = {
            line.id: variants[line.variant_id].title if line.variant_id in variants else line.sku
            for line in one.lines
        }
        return Announced(one=one, titles=titles)
    try:
        found = await returns.list_returnable(tx, named)
    except orders.NoSuchOrder:
        return Announced()
    theirs = await returns.returns_of_orders(tx, [found.order_id])
    awaited = [one for one in theirs if one.state in AWAITED and one.kind == "return"]
    return Announced(order=found, others=awaited)


@page("/store/{code}/returns", permission=PERMISSION)
async def show_returns(caller: Caller, request: Request, code: str, q: str = "") -> Response:
    """Show what of an order may come back, to take it over the counter."""
    return await _answer(caller, request, code, q.strip()[:NAMED_CHARACTERS_MAX])


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    named: str,
    refusal: Refusal | None = None,
    fields: Form | None = None,
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        found = await _find(tx, named)
    return PAGES.answer(
        viewer,
        "returns.html",
        status=422 if refusal else 200,
        place=place,
        q=named,
        found=found.order,
        lines=[line for line in found.order.lines if line.left] if found.order else [],
        one=found.one,
        titles=found.titles,
        others=found.others,
        awaited=AWAITED,
        given_up=GIVEN_UP,
        refusal=said,
        fields=fields.plain() if fields else {},
    )


@form("/store/{code}/returns", permission=PERMISSION, command=TAKE_BACK)
async def take_back(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Take goods back: they are stock here, and the money goes back the way it came."""
    fields = read_form(data)
    named = fields.text("order")[:NAMED_CHARACTERS_MAX]
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
    words = PAGES.words(viewer)
    try:
        async with caller.read() as tx:
            found = await returns.list_returnable(tx, named)
            channel = (await orders.list_heads(tx, [found.order_id]))[found.order_id].channel
        skus = {line.order_line: line.sku for line in found.lines}
        lines = [
            _line(fields, UUID(line_id), skus, int(units))
            for line_id, units in fields.group("units")
            if units.isdigit() and int(units)
        ]
        if not lines:
            raise InvalidField(pointer="/units", reason=words("nothing was chosen"))
        wish = TakeBack(
            channel=channel,
            location=place.code,
            order=found.number,
            lines=lines,
            occurred_at=tapped_at(fields),
        )
        done = await caller.submit(TAKE_BACK, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, named, refusal, fields)
    return see_other(f"/store/{code}/returns", toast=_toast(words, done))


def _toast(words, done: TakenBack | Return) -> str:
    if done.held:
        return words("Taken back. Somebody has to look at it before money is given.")
    if isinstance(done, Return) and done.state != "graded":
        return words("Taken in. Money is given when all of it has come and was looked at.")
    if isinstance(done, Return) and done.refund_method != "original":
        return words("Taken back. The money goes where the customer wants it.")
    return words("Taken back. The money goes back the way it came.")


@form("/store/{code}/returns/{number}", permission="returns:receive", command=RECEIVE)
async def take_in(
    caller: Caller, request: Request, code: str, number: str, data: bytes
) -> Response:
    """Take in goods of a return that was announced, wherever it was to come to."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        one = await returns.find_return(tx, number)
    words = PAGES.words(viewer)
    try:
        lines = [
            _came(fields, line.id, units)
            for line in one.lines
            if (units := fields.number(f"units.{line.id}", 0))
        ]
        if not lines:
            raise InvalidField(pointer="/units", reason=words("nothing was chosen"))
        wish = Receive(
            return_id=one.id,
            version=fields.number("version", one.version),
            location=place.code,
            lines=lines,
            complete=fields.checked("complete"),
            occurred_at=tapped_at(fields),
        )
        done = await caller.submit(RECEIVE, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, one.number, refusal, fields)
    shown = "?" + urlencode({"q": one.number}) if done.state == "received" else ""
    return see_other(f"/store/{code}/returns{shown}", toast=_toast(words, done))


def _came(fields: Form, line_id: UUID, units: int) -> ReceiveLine:
    """Return units that came; without a disposition somebody else looks at them."""
    told = fields.text(f"fate.{line_id}")
    fate = next((one for one in get_args(Disposition) if one == told), None)
    return ReceiveLine(return_line=line_id, quantity=units, disposition=fate)


def _line(fields: Form, line_id: UUID, skus: dict[UUID, str], units: int) -> DeskLine:
    """Return a line as it was filled in.

    Raises:
        InvalidField: it is no line of the order, or one of the choices is none.
    """
    told = {
        "order_line": line_id,
        "sku": skus.get(line_id, ""),
        "quantity": units,
        "reason": fields.text("reason"),
        "item_state": fields.text("item_state"),
        "disposition": fields.text("disposition"),
    }
    try:
        return msgspec.convert(told, DeskLine)
    except msgspec.ValidationError:
        raise InvalidField(pointer="/units", reason="this cannot be taken back like that") from None


ROUTES = [show_returns, take_back, take_in]
