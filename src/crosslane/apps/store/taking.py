"""Taking goods back over the counter: shown with what it gives first, then done.

A form is sent to one address twice. The first time the command is tried and undone, and what it
gives and what goes out for it is shown; the second time it is carried out, for the very amount that
was shown.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, organization, returns
from crosslane.apps.exchanged import GoingOut, going_out
from crosslane.apps.finding import find_articles
from crosslane.apps.store.frame import PAGES, enter
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.payments import GivenBack
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.lane import Preview
from crosslane.platform.screens import Form, Viewer, see_other
from crosslane.platform.web import Caller
from crosslane.returns import TAKE_BACK, Return, TakeBack, TakenBack

OVERRIDE = "returns:override"
# What a manager may decide otherwise, with a reason.
OVERRIDABLE = frozenset(
    {
        *("blind-not-allowed", "blind-refused"),
        *("window-over", "final-sale", "item-state-refused", "way-refused"),
    }
)
NEWEST_MAX = 20
ARTICLES_SHOWN_MAX = 8

Again = Callable[[Refusal | None], Awaitable[Response]]
Wish = Callable[[Viewer, Location, str], Awaitable[TakeBack]]


class Given(msgspec.Struct, frozen=True):
    """What taking goods back gives: the return it comes to, ways of its money, and goods for it."""

    one: Return
    ways: Sequence[GivenBack]
    out: Sequence[GoingOut]


async def staff_of(tx: Tx, actor: Actor) -> str:
    """Return the code of the member of staff who acts, "" for somebody who is none."""
    if actor.kind != "staff":
        return ""
    member = (await organization.staff_by_account(tx, [UUID(actor.id)])).get(UUID(actor.id))
    return member.code if member else ""


async def take(
    caller: Caller, request: Request, code: str, fields: Form, wish: Wish, again: Again
) -> Response:
    """Show what taking goods back gives; once that is confirmed, do it.

    Args:
        caller: who does it.
        request: what was asked.
        code: of the store.
        fields: what was filled in.
        wish: makes the command's body for the viewer, the store and its member of staff.
        again: shows the form once more, with why it was refused.
    """
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        staff = await staff_of(tx, caller.actor)
    if fields.checked("change"):
        return await again(None)
    try:
        asked = await wish(viewer, place, staff)
        if not fields.checked("save"):
            tried = await caller.preview(TAKE_BACK, asked, _newest(viewer, place))
            return await _shown(caller, viewer, place, fields, asked, tried)
        pays = fields.number("pays", 0)
        asked = msgspec.structs.replace(
            asked,
            shown_minor=fields.number("shown"),
            tenders=[msgspec.structs.replace(t, minor=pays) for t in asked.tenders if pays],
        )
        done: TakenBack = await caller.submit(TAKE_BACK, asked)
    except Refusal as refusal:
        return await again(refusal)
    words = PAGES.words(viewer)
    if done.held and done.exchange:
        toast = words("Taken back. Somebody has to look at it before the other goods go out.")
    elif done.held:
        toast = words("Taken back. Somebody has to look at it before money is given.")
    else:
        toast = words("Exchanged.") if done.exchange else words("Taken back.")
    return see_other(f"/store/{place.code}/returns?q={done.number}", toast=toast)


async def put_on(
    caller: Caller,
    request: Request,
    code: str,
    wanted: str,
    address: Callable[[Location, str, int], str],
) -> Response:
    """Put an article on the counter, as often as it is scanned; ask which when several fit.

    Args:
        caller: who does it.
        request: what was asked.
        code: of the store.
        wanted: what was scanned, typed or chosen.
        address: of the page with an article and its units, or without when the SKU is "".
    """
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        found = await find_articles(tx, wanted, language=viewer.language, most=ARTICLES_SHOWN_MAX)
    if len(found) != 1:
        return see_other(address(place, "", 0))
    return see_other(address(place, found[0].variant.sku, found[0].units))


async def candidates_of(tx: Tx, viewer: Viewer, find: str) -> list[catalog.Variant]:
    """Return the articles that what was typed may mean."""
    if not find:
        return []
    found = await find_articles(tx, find, language=viewer.language, most=ARTICLES_SHOWN_MAX)
    return [one.variant for one in found]


def _newest(viewer: Viewer, place: Location) -> Callable[[Tx], Awaitable[Mapping[UUID, Given]]]:
    """Return what reads the latest returns of a store, with what they give."""

    async def look(tx: Tx) -> Mapping[UUID, Given]:
        found = await returns.list_found(tx, location_id=place.id, limit=NEWEST_MAX)
        return {
            one.id: Given(
                one, await returns.given_for(tx, one), await going_out(tx, viewer.language, one)
            )
            for one in found
            # What others did before is no matter of this.
            if one.requested_at == tx.now
        }

    return look


async def _shown(
    caller: Caller,
    viewer: Viewer,
    place: Location,
    fields: Form,
    asked: TakeBack,
    tried: Preview[Any],
) -> Response:
    done: TakenBack = tried.outcome
    given: Given = tried.after[done.return_id]
    skus = [line.sku for line in done.lines]
    async with caller.read() as tx:
        titles = await titles_of(tx, viewer, skus)
    return PAGES.answer(
        viewer,
        "return_review.html",
        place=place,
        done=done,
        one=given.one,
        ways=given.ways,
        out=given.out,
        net_minor=-done.paid_minor if done.held else done.refund_minor - done.exchange_minor,
        opens_card=any(line.wanted == "gift_card" for line in given.one.lines),
        titles=titles,
        override=asked.blind_override_reason,
        fields=fields.plain(),
        path=viewer.path,
    )


async def titles_of(tx: Tx, viewer: Viewer, skus: Sequence[str]) -> dict[str, str]:
    """Return what articles are called, by SKU."""
    found = await catalog.variants_by_sku(tx, list(skus), locale=viewer.language)
    return {sku: found[sku].title if sku in found else sku for sku in skus}
