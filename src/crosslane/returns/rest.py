"""Returns over HTTP."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from crosslane import locations
from crosslane.catalog import UnknownSku
from crosslane.inventory import BundleHasNoStock
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown
from crosslane.orders import CREDIT_REFUSALS, EXCHANGE_REFUSALS, PLACE_REFUSALS, NoSuchOrder
from crosslane.organization import UnknownChannel
from crosslane.payments import DESTINATION_REFUSALS, NoCreditAccount
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.web import Caller, OtherLocation, Paging, get, post
from crosslane.pricing import TaxRateUnknown
from crosslane.returns import errors
from crosslane.returns.domain import Return, State
from crosslane.returns.domain.abuse import Kind
from crosslane.returns.service import handling, reading, returnable
from crosslane.returns.service.authorizing import AUTHORIZE, CANCEL, DECLINE, DISPATCH
from crosslane.returns.service.closing import CLEAR, SETTLE
from crosslane.returns.service.desk import TAKE_BACK
from crosslane.returns.service.handling import CreditView, TakeBackCredit
from crosslane.returns.service.receiving import GRADE, RECEIVE
from crosslane.returns.service.requesting import REQUEST
from crosslane.returns.service.returnable import Returnable
from crosslane.returns.service.wishes import (
    LINES_MAX,
    Authorize,
    Cancel,
    Clear,
    Code,
    Decline,
    DeskLine,
    Dispatch,
    Grade,
    GradeLine,
    Instead,
    Receive,
    ReceiveLine,
    RequestLine,
    RequestReturn,
    Settle,
    TakeBack,
    TakenBack,
)
from crosslane.returns.storage.abuse import Found

BULK_BYTES_MAX = 1 << 20

POLICY_REFUSALS = (
    errors.WindowOver,
    errors.FinalSale,
    errors.ItemStateRefused,
    errors.WayRefused,
    errors.ReturnedAboveLeft,
    errors.NoSuchOrderLine,
)
# What giving money, and sending goods in exchange, is refused for below.
MONEY_REFUSALS = (*CREDIT_REFUSALS, *DESTINATION_REFUSALS)
CHOICE_REFUSALS = (errors.NothingToExchange, errors.AlreadyExchanged)
SWAP_REFUSALS = tuple(dict.fromkeys((*EXCHANGE_REFUSALS, *PLACE_REFUSALS)))
BLIND_REFUSALS = (
    TaxRateUnknown,
    NoCreditAccount,
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


REFUSED = (errors.NoSuchReturn, errors.ReturnChanged, errors.NotInState)
EXAMPLE = UUID("018f0000-0000-7000-8000-000000000001")


class Decided(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step without further words; ``version``: the return must still be at it."""

    version: int | None = None


class Because(Decided, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step with its reason."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class LetCome(Decided, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods may come; ``instead`` of what was wished in exchange something else goes out."""

    instead: Instead | None = None


class Cleared(Because, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A held return goes on; ``instead`` of what was wished in exchange something else goes out."""

    instead: Instead | None = None


class When(Decided, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step that happened at a time; now when absent."""

    occurred_at: datetime | None = None


class Came(When, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods that came to a location; see :class:`Receive`."""

    location: Code
    lines: Annotated[list[ReceiveLine], Meta(max_length=LINES_MAX)] = []
    complete: bool = True


class LookedAt(When, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What becomes of goods; everything that waits is sellable when no line is named."""

    lines: Annotated[list[GradeLine], Meta(max_length=LINES_MAX)] = []


@get(
    "/api/v1/orders/{order}/returnable",
    permission="returns:read",
    raises=(NoSuchOrder,),
)
async def show_returnable(caller: Caller, order: str) -> Returnable:
    """Tell what of an order may come back, until when, what it would give, and why not."""
    async with caller.read() as tx:
        return await returnable.list_returnable(tx, order)


@post(
    "/api/v1/returns",
    permission="returns:request",
    command=REQUEST,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(
        LocationUnknown,
        errors.NoReturnsHere,
        errors.OtherMarket,
        errors.BlindNotAllowed,
        errors.ClaimUnfit,
        errors.TimeToCome,
        *POLICY_REFUSALS,
        *SWAP_REFUSALS,
    ),
    example=RequestReturn(
        order="00001T-8", lines=[RequestLine(sku="MUG-1", quantity=1, reason="too_small")]
    ),
)
async def request_return(caller: Caller, data: RequestReturn) -> Return:
    """Ask to bring goods of an order back, or claim money or others for them."""
    return await caller.submit(REQUEST, data)


@post(
    "/api/v1/returns/{return_id}/authorization",
    permission="returns:authorize",
    command=AUTHORIZE,
    raises=(*REFUSED, *SWAP_REFUSALS, *CHOICE_REFUSALS),
    example=LetCome(),
)
async def authorize_return(caller: Caller, return_id: UUID, data: LetCome) -> Return:
    """Let goods come; what is wanted in exchange was set aside and waits for them."""
    wish = Authorize(return_id=return_id, version=data.version, instead=data.instead)
    return await caller.submit(AUTHORIZE, wish)


@post(
    "/api/v1/returns/{return_id}/decline",
    permission="returns:authorize",
    command=DECLINE,
    raises=(*REFUSED, errors.NotHeld),
    example=Because(reason="worn"),
)
async def decline_return(caller: Caller, return_id: UUID, data: Because) -> Return:
    """Do not let goods come, or give nothing for those that are held."""
    wish = Decline(return_id=return_id, version=data.version, reason=data.reason)
    return await caller.submit(DECLINE, wish)


@post(
    "/api/v1/returns/{return_id}/cancellation",
    permission="returns:cancel",
    command=CANCEL,
    raises=REFUSED,
    example=Because(reason="the customer keeps it"),
)
async def cancel_return(caller: Caller, return_id: UUID, data: Because) -> Return:
    """Note that goods will not come after all; what was promised in exchange is given up."""
    wish = Cancel(return_id=return_id, version=data.version, reason=data.reason)
    return await caller.submit(CANCEL, wish)


@post(
    "/api/v1/returns/{return_id}/dispatch",
    permission="returns:dispatch",
    command=DISPATCH,
    raises=(*REFUSED, errors.TimeToCome, *MONEY_REFUSALS),
    example=When(),
)
async def dispatch_return(caller: Caller, return_id: UUID, data: When) -> Return:
    """Note that goods are on their way to us; by policy their money is given at once."""
    wish = Dispatch(return_id=return_id, version=data.version, occurred_at=data.occurred_at)
    return await caller.submit(DISPATCH, wish)


@post(
    "/api/v1/returns/{return_id}/receipt",
    permission="returns:receive",
    command=RECEIVE,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(
        *REFUSED,
        LocationUnknown,
        UnknownSku,
        BundleHasNoStock,
        errors.ReturnLocationForeign,
        errors.NoReturnsHere,
        errors.OtherMarket,
        errors.NoSuchReturnLine,
        errors.NothingReceived,
        errors.TimeToCome,
    ),
    example=Came(location="S0001"),
)
async def receive_return(caller: Caller, return_id: UUID, data: Came) -> Return:
    """Receive goods of a return at any location; more than announced and wrong items too."""
    wish = Receive(
        return_id=return_id,
        version=data.version,
        location=data.location,
        lines=data.lines,
        complete=data.complete,
        occurred_at=data.occurred_at,
    )
    return await caller.submit(RECEIVE, wish)


@post(
    "/api/v1/returns/{return_id}/grading",
    permission="returns:grade",
    command=GRADE,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(*REFUSED, errors.NoSuchReturnLine, errors.TooManyGraded, errors.TimeToCome),
    example=LookedAt(lines=[GradeLine(return_line=EXAMPLE, quantity=1, disposition="refurbish")]),
)
async def grade_return(caller: Caller, return_id: UUID, data: LookedAt) -> Return:
    """Say what becomes of goods that came; settled by itself where the policy says so."""
    wish = Grade(
        return_id=return_id,
        version=data.version,
        lines=data.lines,
        occurred_at=data.occurred_at,
    )
    return await caller.submit(GRADE, wish)


@post(
    "/api/v1/returns/{return_id}/settlement",
    permission="returns:settle",
    command=SETTLE,
    raises=(
        *REFUSED,
        errors.ReturnHeldBack,
        errors.TimeToCome,
        NoCreditAccount,
        *DESTINATION_REFUSALS,
        *SWAP_REFUSALS,
    ),
    example=When(),
)
async def settle_return(caller: Caller, return_id: UUID, data: When) -> Return:
    """Give money for what came back, or send what is claimed."""
    wish = Settle(return_id=return_id, version=data.version, occurred_at=data.occurred_at)
    return await caller.submit(SETTLE, wish)


@post(
    "/api/v1/returns/{return_id}/clearance",
    permission="returns:clear",
    command=CLEAR,
    raises=(*REFUSED, errors.NotHeld, *SWAP_REFUSALS, *CHOICE_REFUSALS),
    example=Cleared(reason="a good customer of many years"),
)
async def clear_return(caller: Caller, return_id: UUID, data: Cleared) -> Return:
    """Let a held return go on; it still has to be settled, what is set aside goes out then."""
    wish = Clear(
        return_id=return_id, version=data.version, reason=data.reason, instead=data.instead
    )
    return await caller.submit(CLEAR, wish)


@get(
    "/api/v1/returns/{named}/findings",
    permission="returns:clear",
    raises=(errors.NoSuchReturn,),
)
async def show_findings(caller: Caller, named: str) -> list[Found]:
    """Show which suspicions a return reached, why, and what a person made of them."""
    async with caller.read() as tx:
        return await reading.findings_of(tx, named)


@get("/api/v1/return-findings", permission="returns:clear")
async def list_findings(
    caller: Caller, paging: Paging, waiting: bool | None = None, kind: Kind | None = None
) -> Page[Found]:
    """List suspicions, the latest first; ``waiting`` are those that hold their return."""
    async with caller.read() as tx:
        found = await reading.list_suspicions(
            tx,
            waiting=waiting,
            kind=kind,
            after=paging.after(datetime, UUID, str),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda one: (one.found_at, one.return_id, one.kind))


@post(
    "/api/v1/return-desk",
    permission="returns:take_back",
    command=TAKE_BACK,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(
        UnknownSku,
        UnknownChannel,
        LocationUnknown,
        errors.ReturnLocationForeign,
        errors.NoReturnsHere,
        errors.OtherMarket,
        errors.RefundUnfit,
        errors.GivesOtherwise,
        errors.TimeToCome,
        *POLICY_REFUSALS,
        *BLIND_REFUSALS,
        *DESTINATION_REFUSALS,
        *SWAP_REFUSALS,
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


COMMANDS = [
    REQUEST,
    AUTHORIZE,
    DECLINE,
    CANCEL,
    DISPATCH,
    RECEIVE,
    GRADE,
    SETTLE,
    CLEAR,
    TAKE_BACK,
    TAKE_BACK_CREDIT,
]
ROUTES = [
    show_findings,
    list_findings,
    show_returnable,
    request_return,
    authorize_return,
    decline_return,
    cancel_return,
    dispatch_return,
    receive_return,
    grade_return,
    settle_return,
    clear_return,
    take_back,
    list_returns,
    show_return,
    show_timeline,
    list_handling_credits,
    take_back_credit,
]
