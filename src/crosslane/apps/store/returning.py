"""Goods that come back over the counter: of an order, or of a return that was announced."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import orders, organization, payments, returns
from crosslane.apps.exchanged import GoingOut, going_out
from crosslane.apps.store.counter import AddressText, Counter, of_address, read_counter, wish_of
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.apps.store.swapping import Offered, offered_for
from crosslane.apps.store.taking import (
    OVERRIDABLE,
    OVERRIDE,
    candidates_of,
    put_on,
    take,
    titles_of,
)
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.payments import Account, CashLeft, GivenBack
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField
from crosslane.returns import (
    RECEIVE,
    TAKE_BACK,
    Disposition,
    NoSuchReturn,
    Receive,
    ReceiveLine,
    Return,
    Returnable,
    TakeBack,
)

PERMISSION = "returns:take_back"
NAMED_CHARACTERS_MAX = 60
# Goods of these returns may be taken in.
AWAITED = ("authorized", "in_transit", "received")
GIVEN_UP = ("declined", "cancelled", "expired")
DONE = ("graded", "settled", "closed")

Text = Annotated[str, msgspec.Meta(max_length=100)]


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What was found by a number: an order of which something may come back, or a return.

    Args:
        order: what of it may come back, None when the number is none of an order.
        channel: code of the channel that sold it.
        has_customer: somebody is known whose store credit it could be.
        cash: what the store may still give in cash for it.
        offered: what there is in exchange for it.
        one: the return that was named.
        titles: of its articles by SKU.
        ways: which its money has gone.
        out: goods that went out in exchange.
        card: the gift card it was put on, if it was a new one.
        others: returns of the order whose goods are awaited.
    """

    order: Returnable | None = None
    channel: str = ""
    has_customer: bool = False
    cash: CashLeft | None = None
    offered: Offered = Offered()
    one: Return | None = None
    titles: Mapping[str, str] = {}
    ways: Sequence[GivenBack] = ()
    out: Sequence[GoingOut] = ()
    card: Account | None = None
    others: Sequence[Return] = ()


async def _find(tx: Tx, viewer: Viewer, place: Location, named: str, counter: Counter) -> Announced:
    """Return what a number names: the one on a receipt, or the one of an announced return."""
    if not named:
        return Announced()
    try:
        one = await returns.find_return(tx, named)
    except NoSuchReturn:
        one = None
    if one is not None and named.strip()[:1].upper() == "R":
        return await _found_return(tx, viewer, one)
    try:
        found = await returns.list_returnable(tx, named)
    except orders.NoSuchOrder:
        return Announced()
    theirs = await returns.returns_of_orders(tx, [found.order_id])
    awaited = [one for one in theirs if one.state in AWAITED and one.kind == "return"]
    state = (await orders.list_states(tx, [found.order_id]))[found.order_id]
    order = state.order
    return Announced(
        order=found,
        channel=order.channel,
        has_customer=order.customer_id is not None,
        cash=await payments.cash_left(tx, order.channel_id, place.id, place.code, tx.now),
        offered=await offered_for(
            tx,
            place,
            state,
            [line.order_line for line in found.lines if line.left],
            counter=counter,
            language=viewer.language,
        ),
        others=awaited,
    )


async def _found_return(tx: Tx, viewer: Viewer, one: Return) -> Announced:
    return Announced(
        one=one,
        titles=await titles_of(tx, viewer, [line.sku for line in one.lines]),
        ways=await returns.given_for(tx, one) if one.settled_at else [],
        out=await going_out(tx, viewer.language, one),
        card=await card_of(tx, one),
    )


async def card_of(tx: Tx, one: Return) -> Account | None:
    """Return the gift card a return's money was put on, as far as it was a new one."""
    if one.refund_account is None or not any(line.wanted == "gift_card" for line in one.lines):
        return None
    account = (await payments.stored_values(tx, [one.refund_account])).get(one.refund_account)
    return account if account and account.kind == "gift_card" and one.settled_at else None


@page("/store/{code}/returns", permission=PERMISSION)
async def show_returns(
    caller: Caller,
    request: Request,
    code: str,
    q: str = "",
    counter: AddressText = "",
    find: Text = "",
) -> Response:
    """Show what of an order may come back, to take it over the counter."""
    named = q.strip()[:NAMED_CHARACTERS_MAX]
    return await _answer(caller, request, code, named, of_address(counter), find=find)


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    named: str,
    counter: Counter,
    refusal: Refusal | None = None,
    fields: Form | None = None,
    find: str = "",
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        found = await _find(tx, viewer, place, named, counter)
        candidates = await candidates_of(tx, viewer, find)
    return PAGES.answer(
        viewer,
        "returns.html",
        status=422 if refusal else 200,
        place=place,
        q=named,
        found=found.order,
        lines=[line for line in found.order.lines if line.left] if found.order else [],
        has_customer=found.has_customer,
        cash=found.cash,
        offered=found.offered,
        find=find,
        candidates=candidates,
        one=found.one,
        titles=found.titles,
        ways=found.ways,
        out=found.out,
        card=found.card,
        others=found.others,
        awaited=AWAITED,
        given_up=GIVEN_UP,
        done=DONE,
        refusal=said,
        counter=counter,
        fields=fields.plain() if fields else {},
        without=Counter(proof=named).address(f"{_path(place)}/without-order"),
        **deciding(viewer, refusal, counter.address(_path(place), q=named)),
    )


def _path(place: Location) -> str:
    return f"/store/{place.code}/returns"


def deciding(viewer: Viewer, refusal: Refusal | None, address: str) -> dict[str, Any]:
    """Return what a form tells of the decision that is a manager's.

    Args:
        viewer: who looks.
        refusal: why it was refused.
        address: of the form as it was filled in, for a manager who signs in.
    """
    may = viewer.may(OVERRIDE)
    overridable = refusal is not None and refusal.code in OVERRIDABLE
    return {
        "may_override": may,
        "overridable": overridable,
        "manager_at": "/sign-in?" + urlencode({"by": "password", "next": address})
        if overridable and not may
        else "",
    }


@form("/store/{code}/returns", permission=PERMISSION, command=TAKE_BACK)
async def take_back(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Take goods of an order back: they are stock here, and their money goes as is wished."""
    fields = read_form(data)
    named = fields.text("order")[:NAMED_CHARACTERS_MAX]
    counter = read_counter(fields)
    wanted = fields.text("add") or fields.text("find")
    if wanted and not any(map(fields.checked, ("review", "change", "save"))):
        wanted = wanted[:NAMED_CHARACTERS_MAX]

        def with_it(place: Location, sku: str, units: int) -> str:
            more = {"q": named} if sku else {"q": named, "find": wanted}
            there = counter.want(sku, units) if sku else counter
            return there.address(_path(place), **more) + "#others"

        return await put_on(caller, request, code, wanted, with_it)

    async def again(refusal: Refusal | None) -> Response:
        return await _answer(caller, request, code, named, counter, refusal, fields)

    async def wish(viewer: Viewer, place: Location, staff: str) -> TakeBack:
        async with caller.read() as tx:
            found = await returns.list_returnable(tx, named)
            head = (await orders.list_heads(tx, [found.order_id]))[found.order_id]
            channel = (await organization.book(tx)).channel(head.channel)
        return wish_of(
            counter,
            channel,
            viewer.locale,
            order=found.number,
            skus={str(line.order_line): line.sku for line in found.lines},
            location=place.code,
            staff=staff,
            blind_override_reason=fields.text("override") if viewer.may(OVERRIDE) else "",
            occurred_at=tapped_at(fields),
        )

    return await take(caller, request, code, fields, wish, again)


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
        done: Return = await caller.submit(RECEIVE, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, one.number, Counter(), refusal, fields)
    return see_other(
        f"/store/{code}/returns?{urlencode({'q': one.number})}", toast=_toast(words, done)
    )


def _toast(words, done: Return) -> str:
    if done.held:
        return words("Taken back. Somebody has to look at it before money is given.")
    if done.state != "graded":
        return words("Taken in. Money is given when all of it has come and was looked at.")
    if done.refund_method != "original":
        return words("Taken back. The money goes where the customer wants it.")
    return words("Taken back. The money goes back the way it came.")


def _came(fields: Form, line_id: UUID, units: int) -> ReceiveLine:
    """Return units that came; without a disposition somebody else looks at them."""
    told = fields.text(f"fate.{line_id}")
    fate = next((one for one in get_args(Disposition) if one == told), None)
    return ReceiveLine(return_line=line_id, quantity=units, disposition=fate)


@form(
    "/store/{code}/returns/{number}/gift-card",
    permission="payments:issue",
    command=payments.REPLACE_CODE,
)
async def give_code(
    caller: Caller, request: Request, code: str, number: str, data: bytes
) -> Response:
    """Give the gift card that a return's money was put on its first code, and show it this once."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        one = await returns.find_return(tx, number)
        card = await card_of(tx, one)
    if card is None or one.location_id != place.id:
        raise NoSuchReturn(named=number[:NAMED_CHARACTERS_MAX])
    secret = payments.new_code()
    wish = payments.ReplaceCode(
        account_id=card.id,
        code=payments.hash_code(secret),
        reason=f"return {one.number}",
        first=True,
    )
    try:
        card = await caller.submit(payments.REPLACE_CODE, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, one.number, Counter(), refusal, fields)
    return PAGES.answer(
        viewer,
        "return_card.html",
        place=place,
        one=one,
        card=card,
        secret="" if caller.replayed else secret,
    )


ROUTES = [show_returns, take_back, take_in, give_code]
