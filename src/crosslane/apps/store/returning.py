"""Goods that come back over the counter, of an order whose number is known."""

from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import orders, returns
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.kernel import Refusal
from crosslane.platform.screens import Form, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField
from crosslane.returns import TAKE_BACK, DeskLine, TakeBack

PERMISSION = "returns:take_back"
NAMED_CHARACTERS_MAX = 60


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
        found = None
        if named:
            try:
                found = await returns.list_returnable(tx, named)
            except orders.NoSuchOrder:
                found = None
    return PAGES.answer(
        viewer,
        "returns.html",
        status=422 if refusal else 200,
        place=place,
        q=named,
        found=found,
        lines=[line for line in found.lines if line.left] if found else [],
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
    if done.held:
        toast = words("Taken back. Somebody has to look at it before money is given.")
    else:
        toast = words("Taken back. The money goes back the way it came.")
    return see_other(f"/store/{code}/returns", toast=toast)


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


ROUTES = [show_returns, take_back]
