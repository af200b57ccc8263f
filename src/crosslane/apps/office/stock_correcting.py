"""Correcting stock by hand: counts, differences, conditions, safety stock; each with a reason."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response

from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock_article import article
from crosslane.apps.office.stock_why import why_page
from crosslane.apps.office.wishes import wish_of, wrong_of
from crosslane.inventory import (
    ADJUST,
    COUNT,
    REGRADE,
    SET_SAFETY_STOCK,
    AdjustStock,
    CountStock,
    RegradeStock,
    SetSafetyStock,
    StockRecorded,
)
from crosslane.kernel import Refusal
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import Form, form, read_form, see_other
from crosslane.platform.web import Caller, Paging

BASE = "/office/stock/{variant_id}/{place}"
SAID = {
    "count": "Counted: %(units)s lie here now.",
    "adjustment": "Adjusted: %(units)s lie here now.",
    "regrade": "Moved: %(units)s are in the new condition.",
    "safety": "Safety stock is set.",
}


@form(BASE + "/count", permission="inventory:count", command=COUNT)
async def count_article(
    caller: Caller, request: Request, variant_id: UUID, place: str, data: bytes
) -> Response:
    """Record what was counted of an article at a location."""

    def wish(fields: Form, shelf: dict[str, Any]) -> CountStock:
        line = shelf | {"quantity": fields.number("quantity")}
        return _wish(CountStock, line, fields)

    return await _correct(caller, request, (variant_id, place, data), "count", COUNT, wish)


@form(BASE + "/adjustment", permission="inventory:adjust", command=ADJUST)
async def adjust_article(
    caller: Caller, request: Request, variant_id: UUID, place: str, data: bytes
) -> Response:
    """Record units that were found or lost, and why."""

    def wish(fields: Form, shelf: dict[str, Any]) -> AdjustStock:
        units = fields.number("units") or 0
        sign = -1 if fields.text("way") == "less" else 1
        line = shelf | {"delta": sign * units, "code": fields.text("code")}
        return _wish(AdjustStock, line, fields)

    return await _correct(caller, request, (variant_id, place, data), "adjustment", ADJUST, wish)


@form(BASE + "/regrade", permission="inventory:adjust", command=REGRADE)
async def regrade_article(
    caller: Caller, request: Request, variant_id: UUID, place: str, data: bytes
) -> Response:
    """Record that units are in another condition now."""

    def wish(fields: Form, shelf: dict[str, Any]) -> RegradeStock:
        line = shelf | {"quantity": fields.number("quantity"), "becomes": fields.text("becomes")}
        return _wish(RegradeStock, line, fields)

    return await _correct(caller, request, (variant_id, place, data), "regrade", REGRADE, wish)


@form(BASE + "/safety", permission="inventory:adjust", command=SET_SAFETY_STOCK)
async def set_article_safety(
    caller: Caller, request: Request, variant_id: UUID, place: str, data: bytes
) -> Response:
    """Let an article keep its own safety stock at a location, or leave it to the policy again."""

    def wish(fields: Form, shelf: dict[str, Any]) -> SetSafetyStock:
        line = {"sku": shelf["sku"], "location": place, "units": fields.number("units")}
        return _wish(SetSafetyStock, line, fields)

    where = (variant_id, place, data)
    return await _correct(caller, request, where, "safety", SET_SAFETY_STOCK, wish)


Wish = Callable[[Form, dict[str, Any]], Any]


async def _correct(
    caller: Caller,
    request: Request,
    where: tuple[UUID, str, bytes],
    asked: str,
    kind: CommandKind,
    wish: Wish,
) -> Response:
    """Submit what a form asks for; show it again with the reason when it is refused."""
    variant_id, place, data = where
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant = await article(tx, variant_id, viewer.language)
    shelf: dict[str, Any] = {"sku": variant.sku, "location": place}
    for name in ("condition", "owner"):
        if fields.text(name):
            shelf[name] = fields.text(name)
    try:
        recorded: StockRecorded = await caller.submit(kind, wish(fields, shelf))
    except Refusal as refusal:
        async with caller.read() as tx:
            told = await why_page(
                tx, viewer, Paging(), variant_id=variant_id, place=place, number="available"
            )
        told |= {
            "refusal": refusal,
            "wrong": wrong_of(refusal),
            "fields": fields.plain(),
            "asked": asked,
        }
        return PAGES.answer(viewer, "stock_why.html", status=422, **told)
    line = recorded.lines[0]
    said = PAGES.words(viewer)(SAID[asked], units=line.on_hand)
    path = f"/office/stock/{variant_id}/{place}"
    return see_other(f"{path}?number=on_hand&position={line.position_id}", toast=said)


def _wish(kind: type[Any], line: dict[str, Any], fields: Form) -> Any:
    return wish_of(kind, {"lines": [line], "note": fields.text("note")})


ROUTES = [count_article, adjust_article, regrade_article, set_article_safety]
