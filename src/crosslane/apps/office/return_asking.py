"""Starting a return from the office: what of an order comes back, why, and what it gives.

A form is sent to one address twice, as changes of an order are: without ``save`` it tells what the
return would give, with it the return is asked for.
"""

from collections.abc import Mapping

from litestar import Request, Response

from crosslane import returns
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order_changes import fingerprint, made
from crosslane.kernel import Refusal
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField
from crosslane.returns import Quoted, Returnable

PATH = "/office/orders/{number}/returns/new"
CLAIMS: Mapping[str, str] = {"claim_money": "money", "claim_goods": "replacement"}
OVERRIDE = "returns:override"


def _wish(fields: Form, found: Returnable, viewer: Viewer) -> returns.RequestReturn:
    """Return what is asked for.

    Raises:
        InvalidField: nothing was chosen, or something is out of bounds.
    """
    lines, swaps = [], []
    # What a claim wants, for which nothing comes back.
    claimed = CLAIMS.get(fields.text("kind"))
    for line in found.lines:
        units = fields.number(f"units.{line.order_line}", 0)
        if not units:
            continue
        instead = fields.text(f"instead.{line.order_line}")
        lines.append(
            {
                "order_line": line.order_line,
                "quantity": units,
                "reason": fields.text(f"why.{line.order_line}", "other"),
                "item_state": fields.text(f"state.{line.order_line}", "new"),
                "wanted": claimed or ("exchange" if instead else "refund"),
            }
        )
        if instead and not claimed:
            swaps.append({"sku": instead, "quantity": units, "instead_of": line.order_line})
    if not lines:
        raise InvalidField(pointer="/units", reason="say how many units of which line")
    refund = fields.text("refund", "original")
    return made(
        returns.RequestReturn,
        order=str(found.order_id),
        lines=lines,
        kind="claim" if claimed else "return",
        method=fields.text("method", "post"),
        refund={"method": refund} if refund != "original" else None,
        exchange=swaps,
        override_reason=fields.text("override") if viewer.may(OVERRIDE) else "",
    )


@page(PATH, permission="returns:request")
async def ask_office_return(caller: Caller, request: Request, number: str) -> Response:
    """Ask what of an order comes back."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await returns.list_returnable(tx, number)
    return _answer(viewer, found, {})


@form(PATH, permission="returns:request", command=returns.REQUEST)
async def request_office_return(
    caller: Caller, request: Request, number: str, data: bytes
) -> Response:
    """Tell what a return would give, or ask for it."""
    fields = read_form(data)
    given = fields.plain()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await returns.list_returnable(tx, number)
        try:
            wish = _wish(fields, found, viewer)
            gives = await returns.quote_return(tx, wish)
        except Refusal as refusal:
            return _answer(viewer, found, given, refusal=refusal)
    # What was chosen after it was shown was not seen yet.
    if not fields.checked("save") or fields.text("shown") != fingerprint(given):
        return _answer(viewer, found, given, gives=gives)
    try:
        one = await caller.submit(returns.REQUEST, wish)
    except Refusal as refusal:
        return _answer(viewer, found, given, refusal=refusal)
    toast = PAGES.words(viewer)("The return is asked for.")
    return see_other(f"/office/returns/{one.number}", toast=toast)


def _answer(
    viewer: Viewer,
    found: Returnable,
    fields: Mapping[str, str],
    *,
    gives: Quoted | None = None,
    refusal: Refusal | None = None,
) -> Response:
    return PAGES.answer(
        viewer,
        "return_new.html",
        status=422 if refusal else 200,
        found=found,
        titles={line.order_line: line.title for line in found.lines},
        fields=fields,
        gives=gives,
        shown=fingerprint(fields),
        refusal=refusal,
        may_override=viewer.may(OVERRIDE),
    )


ROUTES = [ask_office_return, request_office_return]
