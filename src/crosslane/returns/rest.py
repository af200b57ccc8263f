"""Returns over HTTP."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from crosslane import locations
from crosslane.catalog import UnknownSku
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown
from crosslane.orders import NoSuchOrder
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.web import Caller, OtherLocation, Paging, get, post
from crosslane.returns import errors
from crosslane.returns.domain import Return, State
from crosslane.returns.service import handling, reading
from crosslane.returns.service.desk import TAKE_BACK
from crosslane.returns.service.handling import CreditView, TakeBackCredit
from crosslane.returns.service.wishes import DeskLine, TakeBack, TakenBack

BULK_BYTES_MAX = 1 << 20

POLICY_REFUSALS = (
    errors.WindowOver,
    errors.FinalSale,
    errors.ItemStateRefused,
    errors.WayRefused,
    errors.ReturnedAboveLeft,
    errors.NoSuchOrderLine,
)
BLIND_REFUSALS = (
    errors.BlindRefused,
    errors.BlindNotAllowed,
    errors.ProofNeeded,
    errors.PriceUnprovable,
)


@get("/api/v1/returns", permission="returns:read")
async def list_returns(
    caller: Caller,
    paging: Paging,
    order_id: UUID | None = None,
    customer_id: UUID | None = None,
    location_id: UUID | None = None,
    state: State | None = None,
    held: bool | None = None,
) -> Page[Return]:
    """List returns, the newest first; an associate sees those that concern the own location."""
    async with caller.read() as tx:
        found = await reading.list_found(
            tx,
            order_id=order_id,
            customer_id=customer_id,
            location_id=location_id,
            state=state,
            held=held,
            after=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda one: (one.requested_at, one.id))


@get("/api/v1/returns/{named}", permission="returns:read", raises=(errors.NoSuchReturn,))
async def show_return(caller: Caller, named: str) -> Return:
    """Show a return by its number or id."""
    async with caller.read() as tx:
        return await reading.find_return(tx, named)


@get(
    "/api/v1/returns/{named}/timeline",
    permission="returns:read",
    raises=(errors.NoSuchReturn,),
)
async def show_timeline(caller: Caller, paging: Paging, named: str) -> Page[log.Entry]:
    """Tell what has happened to a return, oldest first."""
    after = paging.after(int)
    async with caller.read() as tx:
        found = await reading.timeline(
            tx, named, after_no=after[0] if after else 0, limit=paging.limit + 1
        )
    return paging.page(found, key=lambda entry: (entry.subject_no,))


class Withdrawal(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a handling credit is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


async def _take_back(tx: Tx, commands: Sequence[Command[TakeBackCredit]]) -> list[Any]:
    return [await handling.take_back(tx, command.body, command) for command in commands]


TAKE_BACK_CREDIT = CommandKind(
    "returns.take_back_credit", TakeBackCredit, CreditView, _take_back, batch_max=1
)
COMMANDS = [TAKE_BACK, TAKE_BACK_CREDIT]


@get(
    "/api/v1/handling-credits",
    permission="returns:read",
    raises=(LocationUnknown, OtherLocation),
)
async def list_handling_credits(
    caller: Caller,
    paging: Paging,
    location: Annotated[str, Meta(max_length=60)] | None = None,
    return_id: UUID | None = None,
) -> Page[CreditView]:
    """List what locations were credited for taking back what others had sold, latest day first.

    A settlement for which nothing was given is there too, with the reason.
    """
    after = paging.after(date, UUID)
    async with caller.read() as tx:
        place = (await locations.network(tx)).by_code.get(location or "")
        caller.require_location(place.id if place else None)
        found = await handling.list_credits(
            tx,
            location=location,
            return_id=return_id,
            after=(after[0], after[1]) if after else None,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda credit: (credit.day, credit.id))


@post(
    "/api/v1/handling-credits/{credit_id}/withdrawal",
    permission="returns:take_back_credit",
    command=TAKE_BACK_CREDIT,
    raises=(errors.NoSuchCredit, errors.CreditTakenBack),
    example=Withdrawal("The store and the customer are one"),
)
async def take_back_credit(caller: Caller, credit_id: UUID, data: Withdrawal) -> CreditView:
    """Take a handling credit back, once; the books follow."""
    return await caller.submit(TAKE_BACK_CREDIT, TakeBackCredit(credit_id, data.reason))


@post(
    "/api/v1/return-desk",
    permission="returns:take_back",
    command=TAKE_BACK,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(
        NoSuchOrder,
        UnknownSku,
        errors.ReturnLocationForeign,
        errors.NoReturnsHere,
        errors.OtherMarket,
        errors.RefundUnfit,
        errors.TimeToCome,
        *POLICY_REFUSALS,
        *BLIND_REFUSALS,
    ),
    example=TakeBack(
        channel="stores",
        location="S0001",
        order="00001T-8",
        lines=[DeskLine(sku="MUG-1", quantity=1, reason="too_small")],
    ),
)
async def take_back(caller: Caller, data: TakeBack) -> TakenBack:
    """Take goods back over a counter: asked, received, graded and settled at once.

    Of a known order, or blind; ``happened`` tells of what a till has done already.
    """
    return await caller.submit(TAKE_BACK, data)


ROUTES = [
    take_back,
    list_returns,
    show_return,
    show_timeline,
    list_handling_credits,
    take_back_credit,
]
