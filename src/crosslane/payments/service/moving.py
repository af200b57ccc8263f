"""Moving stored value, blocking it, giving it a new code or owner, and its end."""

from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.payments import domain, storage
from crosslane.payments.domain import Account, EntryDeed
from crosslane.payments.errors import CodeGiven, NothingToMove, SameStoredValue
from crosslane.payments.events import (
    StoredValueBlocked,
    StoredValueTransferred,
    StoredValueUnblocked,
)
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.service.stored import HashedCode, locked, note, require, run_out, told_of
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

EXPIRED_AT_ONCE_MAX = 1_000


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
    """A new code for a gift card or store credit; the old one is void.

    Args:
        first: refused when it has a code already.
    """

    account_id: UUID
    code: HashedCode
    reason: str
    first: bool = False


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
    holdings = await locked(tx, [wish.account_id, wish.to])
    giver, taker = holdings.accounts[wish.account_id], holdings.accounts[wish.to]
    minor = giver.free_minor if wish.minor is None else wish.minor
    require(domain.refuse_use(giver, taker.currency, minor, tx.now))
    if not minor:
        raise NothingToMove
    rules = holdings.rules(taker.channel_id, tx.now)
    require(domain.refuse_load(taker, minor, rules, tx.now))
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
        **told_of(giver, minor, gone, tx.now),
        to_account_id=taker.id,
        to_entity_id=taker.entity_id,
        to_channel_id=taker.channel_id,
    )
    await log.append(tx, [event])
    await note(tx, "transfer", giver.id, wish.reason, {"to": taker.id, "minor": minor})
    return holdings.accounts[giver.id]


async def replace_code(tx: Tx, wish: ReplaceCode) -> Account:
    """Give a gift card or store credit a new code; whoever has the old one has nothing.

    Raises:
        StoredValueNotFound: there is none.
        CodeGiven: it has a code, and only a first one was wished for.
    """
    holdings = await locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if wish.first and account.code_end:
        raise CodeGiven(code_end=account.code_end)
    await storage.save_code(tx, account.id, wish.code.digest, wish.code.end)
    await note(tx, "replace_code", account.id, wish.reason, {"code_end": wish.code.end})
    return msgspec.structs.replace(account, code_end=wish.code.end)


async def set_blocked(tx: Tx, wish: SetBlocked) -> Account:
    """Block a gift card or store credit, or let it be used again.

    What is set aside for tenders already stays theirs.

    Raises:
        StoredValueNotFound: there is none.
    """
    holdings = await locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if account.blocked == wish.blocked:
        return account
    holdings.set(msgspec.structs.replace(account, blocked=wish.blocked))
    await holdings.write(tx)
    kind = StoredValueBlocked if wish.blocked else StoredValueUnblocked
    await log.append(tx, [kind(**told_of(account, account.balance_minor, None, tx.now))])
    done = "block" if wish.blocked else "unblock"
    await note(tx, done, account.id, wish.reason, {"blocked": wish.blocked})
    return holdings.accounts[account.id]


async def set_owner(tx: Tx, wish: SetOwner) -> Account:
    """Say whose a gift card or store credit is, for instance after two customers became one.

    Raises:
        StoredValueNotFound: there is none.
        SameStoredValue: the customer has store credit in this currency already; move it there.
    """
    holdings = await locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if not await storage.save_owner(tx, account.id, wish.customer_id):
        raise SameStoredValue(pointer="/customer_id")
    await note(tx, "set_owner", account.id, wish.reason, {"customer_id": wish.customer_id})
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
    told = [run_out(holdings, account, tx.now) for account in expired]
    await holdings.write(tx)
    await log.append(tx, told)
    return len(expired) == EXPIRED_AT_ONCE_MAX


TRANSFER = one_by_one("payments.transfer", Transfer, Account, transfer)
REPLACE_CODE = one_by_one("payments.replace_code", ReplaceCode, Account, replace_code)
SET_BLOCKED = one_by_one("payments.set_blocked", SetBlocked, Account, set_blocked)
SET_OWNER = one_by_one("payments.set_owner", SetOwner, Account, set_owner)
