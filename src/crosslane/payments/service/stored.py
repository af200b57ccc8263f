"""Gift cards and store credit: issue, give, top up, move, block, run out.

Redeeming is a tender like any other; see ``tenders.py``. A code is made at the edge and comes here
as a keyed digest only, so that neither a command nor a stored answer ever holds one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import new_id
from crosslane.payments import domain, storage
from crosslane.payments.domain import (
    TENDER_MINOR_MAX,
    Account,
    AccountEntry,
    AccountKind,
    EntryDeed,
)
from crosslane.payments.errors import (
    NothingToMove,
    SameStoredValue,
    StoredValueNotFound,
    WrongStoredCurrency,
)
from crosslane.payments.events import (
    StoredValueBlocked,
    StoredValueExpired,
    StoredValueIssued,
    StoredValueToppedUp,
    StoredValueTransferred,
    StoredValueUnblocked,
)
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.storage import NewAccount
from crosslane.platform import audit, log, seals
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

CODE_PURPOSE = "payments.stored_value"
EXPIRED_AT_ONCE_MAX = 1_000
ACCOUNTS_OF_CUSTOMER_MAX = 250

Minor = Annotated[int, msgspec.Meta(ge=1, le=TENDER_MINOR_MAX)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Reference = Annotated[str, msgspec.Meta(max_length=100)]
PaidBy = Literal["cash", "card"]


class HashedCode(msgspec.Struct, frozen=True):
    """A code as it is kept: its keyed digest, and its last characters."""

    digest: bytes
    end: str


class IssueGiftCard(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card that is sold.

    Args:
        channel: code of the channel that sells it; its entity owes what is on it.
        minor: minor units in the channel's currency.
        code: its code.
        paid_by: how it was paid for.
        reference: of that payment, such as a receipt.
        location_id: store at which it was sold.
        customer_id: whose it is, None for whoever has the code.
    """

    channel: str
    minor: int
    code: HashedCode
    paid_by: PaidBy
    reference: str
    location_id: UUID | None
    customer_id: UUID | None


class GiveStoreCredit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Store credit that is given to a customer without payment.

    Args:
        customer_id: who gets it; added to what the customer has already.
        channel: code of the channel whose entity gives it.
        minor: minor units in the channel's currency.
        reason: why.
    """

    customer_id: UUID
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    minor: Minor
    reason: Reason


class TopUp(msgspec.Struct, frozen=True, kw_only=True):
    """More to be put on a gift card or store credit; fields as of IssueGiftCard."""

    account_id: UUID
    minor: int
    currency: str
    paid_by: PaidBy
    reference: str
    location_id: UUID | None


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Stored value to be moved.

    Args:
        account_id: from where.
        to: where to.
        minor: minor units, None for all that is free.
        reason: why.
    """

    account_id: UUID
    to: UUID
    minor: int | None
    reason: str


class ReplaceCode(msgspec.Struct, frozen=True, kw_only=True):
    """A new code for a gift card or store credit; the old one is void."""

    account_id: UUID
    code: HashedCode
    reason: str


class SetBlocked(msgspec.Struct, frozen=True, kw_only=True):
    """Block a gift card or store credit, or let it be used again."""

    account_id: UUID
    blocked: bool
    reason: str


class SetOwner(msgspec.Struct, frozen=True, kw_only=True):
    """Say whose a gift card or store credit is, None for whoever has the code."""

    account_id: UUID
    customer_id: UUID | None
    reason: str


def hash_code(code: str) -> HashedCode:
    """Return a code as it is kept.

    Raises:
        SealsOff: this process has no key.
    """
    plain = domain.plain_code(code)
    if plain is None:
        raise ValueError("a code that was made here has its one form")
    return HashedCode(seals.digest(CODE_PURPOSE, plain), plain[-4:])


class StoredWish(msgspec.Struct, frozen=True):
    """Store credit that a customer shall have, empty until something is put on it."""

    entity: str
    channel_id: UUID
    currency: str
    customer_id: UUID


async def store_credits(tx: Tx, wishes: Sequence[StoredWish]) -> list[UUID]:
    """Return the store credit accounts of customers, opened where they have none.

    Money can be given back to them at once; see RefundTo and PayOut.

    Raises:
        UnknownEntity: there is none of this code.
    """
    if not wishes:
        return []
    book = await organization.book(tx)
    wanted = {
        (wish.entity, wish.currency, wish.customer_id): Account(
            id=new_id(),
            kind=AccountKind.STORE_CREDIT,
            entity_id=book.entity(wish.entity).id,
            channel_id=wish.channel_id,
            currency=wish.currency,
            customer_id=wish.customer_id,
        )
        for wish in wishes
    }
    found = await storage.open_credits(tx, list(wanted.values()))
    keys = [wanted[wish.entity, wish.currency, wish.customer_id] for wish in wishes]
    return [found[key.entity_id, key.currency, key.customer_id] for key in keys]


async def open_gift_cards(tx: Tx, channel_ids: Sequence[UUID]) -> list[UUID]:
    """Return new gift cards, one per channel, empty and without a code yet.

    For money that is given back as a gift card; :data:`REPLACE_CODE` gives it its code.
    """
    book = await organization.book(tx)
    opened = []
    for channel_id in channel_ids:
        channel = book.channel_by_id(channel_id)
        account = Account(
            id=new_id(),
            kind=AccountKind.GIFT_CARD,
            entity_id=book.entity(channel.entity).id,
            channel_id=channel_id,
            currency=channel.currency,
        )
        opened.append(NewAccount(account=account))
    if opened:
        await storage.insert_accounts(tx, opened)
    return [new.account.id for new in opened]


async def issue_gift_card(tx: Tx, wish: IssueGiftCard) -> Account:
    """Sell a gift card.

    Raises:
        UnknownChannel: there is none of this code.
        StoredValueTooHigh: a gift card may not hold so much.
    """
    book = await organization.book(tx)
    channel = book.channel(wish.channel, pointer="/channel")
    account = Account(
        id=new_id(),
        kind=AccountKind.GIFT_CARD,
        entity_id=book.entity(channel.entity).id,
        channel_id=channel.id,
        currency=channel.currency,
        customer_id=wish.customer_id,
        code_end=wish.code.end,
    )
    holdings = Holdings()
    await holdings.know_rules(tx)
    rules = holdings.rules(channel.id, tx.now)
    _require(domain.refuse_load(account, wish.minor, rules, tx.now))
    holdings.open(NewAccount(account=account, code_hash=wish.code.digest))
    await _load(
        tx,
        holdings,
        account.id,
        wish.minor,
        EntryDeed.ISSUED,
        channel_id=channel.id,
        location_id=wish.location_id,
        paid_by=wish.paid_by,
        reference=wish.reference,
    )
    return holdings.accounts[account.id]


async def give_store_credit(tx: Tx, wish: GiveStoreCredit) -> Account:
    """Give a customer store credit without payment.

    Raises:
        UnknownChannel: there is none of this code.
        StoredValueBlocked: the customer's store credit is blocked.
    """
    book = await organization.book(tx)
    channel = book.channel(wish.channel, pointer="/channel")
    asked = StoredWish(channel.entity, channel.id, channel.currency, wish.customer_id)
    (account_id,) = await store_credits(tx, [asked])
    holdings = await _locked(tx, [account_id])
    account = holdings.accounts[account_id]
    rules = holdings.rules(channel.id, tx.now)
    _require(domain.refuse_load(account, wish.minor, rules, tx.now))
    if domain.has_expired(account, tx.now) and account.free_minor:
        await log.append(tx, [_run_out(holdings, account, tx.now)])
    await _load(
        tx,
        holdings,
        account_id,
        wish.minor,
        EntryDeed.ISSUED,
        channel_id=channel.id,
        paid_by="goodwill",
    )
    await _note(tx, "give_store_credit", account_id, wish.reason, {"minor": wish.minor})
    return holdings.accounts[account_id]


async def top_up(tx: Tx, wish: TopUp) -> Account:
    """Put more on a gift card or store credit; it is valid as long as a new one.

    Raises:
        StoredValueNotFound, WrongStoredCurrency, StoredValueBlocked, StoredValueTooHigh.
    """
    holdings = await _locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if account.currency != wish.currency:
        raise WrongStoredCurrency(pointer="/currency", currency=account.currency)
    rules = holdings.rules(account.channel_id, tx.now)
    _require(domain.refuse_load(account, wish.minor, rules, tx.now))
    await _load(
        tx,
        holdings,
        account.id,
        wish.minor,
        EntryDeed.TOPPED_UP,
        channel_id=account.channel_id,
        location_id=wish.location_id,
        paid_by=wish.paid_by,
        reference=wish.reference,
    )
    return holdings.accounts[account.id]


async def transfer(tx: Tx, wish: Transfer) -> Account:
    """Move stored value to another gift card or store credit; return where it came from.

    What is moved stays valid as long as the longer of both.

    Raises:
        StoredValueNotFound: one of them does not exist.
        SameStoredValue: they are one.
        NothingToMove: nothing is free.
        WrongStoredCurrency: they differ in it.
        StoredValueTooLow, StoredValueTooHigh: the first holds less, or the second may not.
        StoredValueBlocked, StoredValueExpired: one of them is.
    """
    if wish.account_id == wish.to:
        raise SameStoredValue(pointer="/to")
    holdings = await _locked(tx, [wish.account_id, wish.to])
    giver, taker = holdings.accounts[wish.account_id], holdings.accounts[wish.to]
    minor = giver.free_minor if wish.minor is None else wish.minor
    _require(domain.refuse_use(giver, taker.currency, minor, tx.now))
    if not minor:
        raise NothingToMove
    rules = holdings.rules(taker.channel_id, tx.now)
    _require(domain.refuse_load(taker, minor, rules, tx.now))
    cause = ("payments.transfer", str(new_id()))
    gone = holdings.change(
        giver.id, EntryDeed.TRANSFERRED, -minor, cause, at=tx.now, channel_id=giver.channel_id
    )
    holdings.change(
        taker.id, EntryDeed.TRANSFERRED, minor, cause, at=tx.now, channel_id=taker.channel_id
    )
    # A new one without any time of its own takes that of what is moved to it.
    both = None
    if giver.expires_at is not None and taker.expires_at is not None:
        both = max(giver.expires_at, taker.expires_at)
    elif not taker.balance_minor:
        both = giver.expires_at
    moved = msgspec.structs.replace(holdings.accounts[taker.id], expires_at=both)
    holdings.set(moved)
    await holdings.write(tx)
    event = StoredValueTransferred(
        **_told(giver, minor, gone, tx.now),
        to_account_id=taker.id,
        to_entity_id=taker.entity_id,
        to_channel_id=taker.channel_id,
    )
    await log.append(tx, [event])
    await _note(tx, "transfer", giver.id, wish.reason, {"to": taker.id, "minor": minor})
    return holdings.accounts[giver.id]


async def replace_code(tx: Tx, wish: ReplaceCode) -> Account:
    """Give a gift card or store credit a new code; whoever has the old one has nothing.

    Raises:
        StoredValueNotFound: there is none.
    """
    holdings = await _locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    await storage.save_code(tx, account.id, wish.code.digest, wish.code.end)
    await _note(tx, "replace_code", account.id, wish.reason, {"code_end": wish.code.end})
    return msgspec.structs.replace(account, code_end=wish.code.end)


async def set_blocked(tx: Tx, wish: SetBlocked) -> Account:
    """Block a gift card or store credit, or let it be used again.

    What is set aside for tenders already stays theirs.

    Raises:
        StoredValueNotFound: there is none.
    """
    holdings = await _locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if account.blocked == wish.blocked:
        return account
    holdings.set(msgspec.structs.replace(account, blocked=wish.blocked))
    await holdings.write(tx)
    kind = StoredValueBlocked if wish.blocked else StoredValueUnblocked
    await log.append(tx, [kind(**_told(account, account.balance_minor, None, tx.now))])
    done = "block" if wish.blocked else "unblock"
    await _note(tx, done, account.id, wish.reason, {"blocked": wish.blocked})
    return holdings.accounts[account.id]


async def set_owner(tx: Tx, wish: SetOwner) -> Account:
    """Say whose a gift card or store credit is, for instance after two customers became one.

    Raises:
        StoredValueNotFound: there is none.
        SameStoredValue: the customer has store credit in this currency already; move it there.
    """
    holdings = await _locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if not await storage.save_owner(tx, account.id, wish.customer_id):
        raise SameStoredValue(pointer="/customer_id")
    await _note(tx, "set_owner", account.id, wish.reason, {"customer_id": wish.customer_id})
    return msgspec.structs.replace(account, customer_id=wish.customer_id)


async def expire(tx: Tx) -> bool:
    """Take what has run out off gift cards and store credit; the policy says whose it is then.

    What is set aside for tenders is left to them, and runs out later if it is let go.

    Returns:
        Whether more may be left.
    """
    holdings = Holdings()
    await holdings.know_rules(tx)
    expired = await storage.lock_expired(tx, EXPIRED_AT_ONCE_MAX)
    holdings.accounts |= {account.id: account for account in expired}
    told = [_run_out(holdings, account, tx.now) for account in expired]
    await holdings.write(tx)
    await log.append(tx, told)
    return len(expired) == EXPIRED_AT_ONCE_MAX


async def stored_value(
    tx: Tx, account_id: UUID, *, before: UUID | None, limit: int
) -> tuple[Account, list[AccountEntry]]:
    """Return a gift card or store credit with its journal, the newest line first.

    Args:
        tx: open transaction.
        account_id: which.
        before: id of the last line already shown.
        limit: most lines to return.

    Raises:
        StoredValueNotFound: there is none.
    """
    found = await storage.list_accounts(tx, [account_id])
    if account_id not in found:
        raise StoredValueNotFound(account_id=account_id)
    return found[account_id], await storage.list_entries(tx, account_id, before, limit)


async def stored_values_of(tx: Tx, customer_ids: Sequence[UUID]) -> list[Account]:
    """Return the gift cards and store credit of customers, the oldest first."""
    return await storage.list_of_customers(tx, customer_ids, ACCOUNTS_OF_CUSTOMER_MAX)


async def _locked(tx: Tx, account_ids: Sequence[UUID]) -> Holdings:
    """Lock accounts that have to exist."""
    holdings = Holdings()
    await holdings.load(tx, account_ids)
    for account_id in account_ids:
        if account_id not in holdings.accounts:
            raise StoredValueNotFound(account_id=account_id)
    return holdings


async def _load(
    tx: Tx,
    holdings: Holdings,
    account_id: UUID,
    minor: int,
    deed: EntryDeed,
    *,
    channel_id: UUID,
    paid_by: str,
    location_id: UUID | None = None,
    reference: str = "",
) -> None:
    """Put an amount on an account, from now valid as long as a new one, and tell it."""
    entry = holdings.change(
        account_id,
        deed,
        minor,
        ("payments.load", str(new_id())),
        at=tx.now,
        channel_id=channel_id,
        location_id=location_id,
        paid_by=paid_by,
        reference=reference,
    )
    account = holdings.accounts[account_id]
    until = holdings.expiry(account, tx.now)
    holdings.set(msgspec.structs.replace(account, expires_at=until))
    await holdings.write(tx)
    kind = StoredValueIssued if deed is EntryDeed.ISSUED else StoredValueToppedUp
    told = _told(account, minor, entry, tx.now) | {"channel_id": channel_id}
    await log.append(tx, [kind(**told, method=paid_by, location_id=location_id)])


def _run_out(holdings: Holdings, account: Account, now: datetime) -> StoredValueExpired:
    """Take what is free off an account that has run out."""
    breakage = holdings.rules(account.channel_id, now).breakage
    entry = holdings.change(
        account.id,
        EntryDeed.EXPIRED,
        -account.free_minor,
        ("payments.expiry", str(account.id)),
        at=now,
        channel_id=account.channel_id,
        reference=breakage,
    )
    return StoredValueExpired(**_told(account, account.free_minor, entry, now), breakage=breakage)


def _told(
    account: Account, minor: int, entry: AccountEntry | None, at: datetime
) -> dict[str, object]:
    """Return what every event of an account tells."""
    return {
        "account_id": account.id,
        "account_kind": account.kind,
        "entity_id": account.entity_id,
        "channel_id": account.channel_id,
        "minor": minor,
        "currency": account.currency,
        "entry_id": entry.id if entry else None,
        "occurred_at": at,
    }


def _require(refusal: Exception | None) -> None:
    if refusal is not None:
        raise refusal


async def _note(
    tx: Tx, action: str, account_id: UUID, reason: str, after: dict[str, object]
) -> None:
    change = Change(
        action=f"payments.{action}",
        subject=f"stored_value:{account_id}",
        after=after,
        reason=reason,
    )
    await audit.record(tx, [change])


ISSUE = one_by_one("payments.issue_gift_card", IssueGiftCard, Account, issue_gift_card)
GIVE = one_by_one("payments.give_store_credit", GiveStoreCredit, Account, give_store_credit)
TOP_UP = one_by_one("payments.top_up", TopUp, Account, top_up)
TRANSFER = one_by_one("payments.transfer", Transfer, Account, transfer)
REPLACE_CODE = one_by_one("payments.replace_code", ReplaceCode, Account, replace_code)
SET_BLOCKED = one_by_one("payments.set_blocked", SetBlocked, Account, set_blocked)
SET_OWNER = one_by_one("payments.set_owner", SetOwner, Account, set_owner)

STORED_COMMANDS = [ISSUE, GIVE, TOP_UP, TRANSFER, REPLACE_CODE, SET_BLOCKED, SET_OWNER]
