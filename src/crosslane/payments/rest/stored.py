"""Gift cards and store credit over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.kernel import Page
from crosslane.organization import UnknownChannel
from crosslane.payments import errors
from crosslane.payments.domain import (
    CODE_TYPED_CHARACTERS_MAX,
    Account,
    EntryDeed,
)
from crosslane.payments.service.loading import (
    GIVE,
    ISSUE,
    TOP_UP,
    GiveStoreCredit,
    IssueGiftCard,
    TopUp,
)
from crosslane.payments.service.lookup import LOOK_UP, LookedUp, StoredValueView, look_up_of, shown
from crosslane.payments.service.moving import (
    REPLACE_CODE,
    SET_BLOCKED,
    SET_OWNER,
    TRANSFER,
    ReplaceCode,
    SetBlocked,
    SetOwner,
    Transfer,
)
from crosslane.payments.service.stored import (
    Minor,
    PaidBy,
    Reason,
    Reference,
    hash_code,
    new_code,
    stored_value,
    stored_values_of,
)
from crosslane.platform.seals import SealsOff
from crosslane.platform.web import Caller, Paging, TooManyRequests, get, post

READ = "payments:read"
EXAMPLE_ID = UUID("0192f5a0-0000-7000-8000-000000000002")
ONE_RAISES = (errors.StoredValueNotFound,)

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=CODE_TYPED_CHARACTERS_MAX)]
Channel = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code as somebody has typed it.

    Args:
        code: small letters, blanks and hyphens do not matter.
        shopper: the caller's own word for whoever typed it, such as a session, so that one shopper
            who is wrong too often does not keep the others waiting.
    """

    code: Code
    shopper: Annotated[str, msgspec.Meta(max_length=200)] = ""


class NewGiftCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A gift card to be sold.

    Args:
        channel: code of the channel that sells it, in whose currency it is.
        minor: minor units that are put on it.
        paid_by: how it was paid for.
        reference: of that payment, such as a receipt.
        location_id: store at which it is sold; a caller of one store sells for that one.
        customer_id: whose it is, when only that customer shall pay with it.
    """

    channel: Channel
    minor: Minor
    paid_by: PaidBy
    reference: Reference = ""
    location_id: UUID | None = None
    customer_id: UUID | None = None


class MoreValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """More to be put on it; fields as of a new gift card."""

    minor: Minor
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)]
    paid_by: PaidBy
    reference: Reference = ""
    location_id: UUID | None = None


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stored value to be moved.

    Args:
        to: gift card or store credit it goes to.
        minor: minor units, null for all that is free.
        reason: why.
    """

    to: UUID
    minor: Minor | None = None
    reason: Reason


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done."""

    reason: Reason


class Blocking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether nothing may be taken from it, and why."""

    blocked: bool
    reason: Reason


class Ownership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose it is from now on, null for whoever has the code, and why."""

    customer_id: UUID | None
    reason: Reason


class CodeTold(msgspec.Struct, frozen=True):
    """A gift card or store credit with its code.

    Args:
        value: as it stands.
        code: the code, this once; null when the request was answered before.
    """

    value: StoredValueView
    code: str | None


class EntryView(msgspec.Struct, frozen=True):
    """One change of a balance; ``minor`` is negative for what was taken."""

    id: UUID
    deed: EntryDeed
    minor: int
    cause_kind: str
    cause_id: str
    paid_by: str
    reference: str
    payment_id: UUID | None
    occurred_at: datetime


class Held(msgspec.Struct, frozen=True):
    """A gift card or store credit, whose it is, and its journal, the newest line first."""

    value: StoredValueView
    customer_id: UUID | None
    entries: Page[EntryView]


@post(
    "/api/v1/stored-value-lookups",
    permission="payments:lookup",
    command=LOOK_UP,
    key_required=False,
    status=200,
    raises=(errors.NoSuchStoredValue, TooManyRequests, SealsOff),
    example=Typed("7K3M-Q2WX-9HTB-4FZC"),
)
async def look_up(caller: Caller, data: Typed) -> StoredValueView:
    """Look a gift card or store credit up by its code.

    Tenders name it by the id in the answer. A code that is unknown and one that cannot be are
    answered alike; after too many wrong ones the caller has to wait.
    """
    found: LookedUp = await caller.submit(LOOK_UP, look_up_of(data.code, data.shopper))
    if found.wait_seconds:
        raise TooManyRequests(retry_after_seconds=found.wait_seconds)
    if found.account is None:
        raise errors.NoSuchStoredValue(pointer="/code")
    return await _shown(caller, found.account)


@post(
    "/api/v1/gift-cards",
    permission="payments:issue",
    command=ISSUE,
    raises=(UnknownChannel, errors.StoredValueTooHigh, SealsOff),
    example=NewGiftCard(channel="till", minor=2500, paid_by="cash", reference="S0001/T1/17"),
)
async def issue_gift_card(caller: Caller, data: NewGiftCard) -> CodeTold:
    """Sell a gift card.

    The code is in this answer only. When the answer is lost, give it a new code.
    """
    code = new_code()
    wish = IssueGiftCard(
        channel=data.channel,
        minor=data.minor,
        code=hash_code(code),
        paid_by=data.paid_by,
        reference=data.reference,
        location_id=_store(caller, data.location_id),
        customer_id=data.customer_id,
    )
    account: Account = await caller.submit(ISSUE, wish)
    return CodeTold(await _shown(caller, account), None if caller.replayed else code)


@post(
    "/api/v1/store-credits",
    permission="payments:give",
    command=GIVE,
    raises=(UnknownChannel, errors.StoredValueBlocked),
    example=GiveStoreCredit(
        customer_id=EXAMPLE_ID, channel="web", minor=500, reason="parcel came late"
    ),
)
async def give_store_credit(caller: Caller, data: GiveStoreCredit) -> StoredValueView:
    """Give a customer store credit without payment; it adds to what the customer has."""
    return await _shown(caller, await caller.submit(GIVE, data))


@post(
    "/api/v1/stored-values/{account_id}/top-ups",
    permission="payments:issue",
    command=TOP_UP,
    raises=(
        *ONE_RAISES,
        errors.WrongStoredCurrency,
        errors.StoredValueBlocked,
        errors.StoredValueExpired,
        errors.StoredValueTooHigh,
    ),
    example=MoreValue(minor=1000, currency="GBP", paid_by="card", reference="terminal 4711"),
)
async def top_up(caller: Caller, account_id: UUID, data: MoreValue) -> StoredValueView:
    """Put more on a gift card or store credit; it is then valid as long as a new one."""
    wish = TopUp(
        account_id=account_id,
        minor=data.minor,
        currency=data.currency,
        paid_by=data.paid_by,
        reference=data.reference,
        location_id=_store(caller, data.location_id),
    )
    return await _shown(caller, await caller.submit(TOP_UP, wish))


@post(
    "/api/v1/stored-values/{account_id}/transfers",
    permission="payments:transfer",
    command=TRANSFER,
    raises=(
        *ONE_RAISES,
        errors.SameStoredValue,
        errors.NothingToMove,
        errors.WrongStoredCurrency,
        errors.StoredValueBlocked,
        errors.StoredValueExpired,
        errors.StoredValueTooLow,
        errors.StoredValueTooHigh,
    ),
    example=Move(to=EXAMPLE_ID, minor=None, reason="two cards put together"),
)
async def transfer(caller: Caller, account_id: UUID, data: Move) -> StoredValueView:
    """Move stored value to another gift card or store credit; answer what is left."""
    wish = Transfer(account_id=account_id, to=data.to, minor=data.minor, reason=data.reason)
    return await _shown(caller, await caller.submit(TRANSFER, wish))


@post(
    "/api/v1/stored-values/{account_id}/codes",
    permission="payments:transfer",
    command=REPLACE_CODE,
    raises=(*ONE_RAISES, SealsOff),
    example=Why("the card was lost"),
)
async def replace_code(caller: Caller, account_id: UUID, data: Why) -> CodeTold:
    """Give a gift card or store credit a new code; the old one is void.

    The code is in this answer only.
    """
    code = new_code()
    wish = ReplaceCode(account_id=account_id, code=hash_code(code), reason=data.reason)
    account: Account = await caller.submit(REPLACE_CODE, wish)
    return CodeTold(await _shown(caller, account), None if caller.replayed else code)


@post(
    "/api/v1/stored-values/{account_id}/blocking",
    permission="payments:block",
    command=SET_BLOCKED,
    raises=ONE_RAISES,
    example=Blocking(blocked=True, reason="reported as stolen"),
)
async def set_blocked(caller: Caller, account_id: UUID, data: Blocking) -> StoredValueView:
    """Block a gift card or store credit, or let it be used again."""
    wish = SetBlocked(account_id=account_id, blocked=data.blocked, reason=data.reason)
    return await _shown(caller, await caller.submit(SET_BLOCKED, wish))


@post(
    "/api/v1/stored-values/{account_id}/owner",
    permission="payments:transfer",
    command=SET_OWNER,
    raises=(*ONE_RAISES, errors.SameStoredValue),
    example=Ownership(customer_id=EXAMPLE_ID, reason="two accounts of one customer"),
)
async def set_owner(caller: Caller, account_id: UUID, data: Ownership) -> StoredValueView:
    """Say whose a gift card or store credit is; somebody's pays for nobody else's order."""
    wish = SetOwner(account_id=account_id, customer_id=data.customer_id, reason=data.reason)
    return await _shown(caller, await caller.submit(SET_OWNER, wish))


@get("/api/v1/stored-values/{account_id}", permission=READ, raises=ONE_RAISES)
async def show_stored_value(caller: Caller, account_id: UUID, paging: Paging) -> Held:
    """Show a gift card or store credit with its journal."""
    after = paging.after(UUID)
    before = after[0] if after else None
    async with caller.read() as tx:
        account, entries = await stored_value(tx, account_id, before=before, limit=paging.limit + 1)
        now = tx.now
    lines = [
        EntryView(
            e.id,
            e.deed,
            e.minor,
            e.cause_kind,
            e.cause_id,
            e.paid_by,
            e.reference,
            e.payment_id,
            e.occurred_at,
        )
        for e in entries
    ]
    page = paging.page(lines, key=lambda line: (line.id,))
    return Held(shown(account, now), account.customer_id, page)


@get("/api/v1/customers/{customer_id}/stored-values", permission=READ)
async def list_stored_values(caller: Caller, customer_id: UUID) -> list[StoredValueView]:
    """List a customer's gift cards and store credit, at most 250."""
    async with caller.read() as tx:
        return [shown(a, tx.now) for a in await stored_values_of(tx, [customer_id])]


async def _shown(caller: Caller, account: Account) -> StoredValueView:
    async with caller.read() as tx:
        return shown(account, tx.now)


def _store(caller: Caller, location_id: UUID | None) -> UUID | None:
    """Return the store money is taken at; a caller of one store takes it there."""
    if location_id is None:
        return caller.actor.location_id
    caller.require_location(location_id)
    return location_id


ROUTES = [
    look_up,
    issue_gift_card,
    give_store_credit,
    top_up,
    transfer,
    replace_code,
    set_blocked,
    set_owner,
    show_stored_value,
    list_stored_values,
]
