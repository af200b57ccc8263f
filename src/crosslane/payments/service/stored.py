"""Gift cards and store credit: codes, accounts, and looking at them.

Redeeming is a tender like any other; see ``tenders.py``. A code is made at the edge and comes here
as a keyed digest only, so that neither a command nor a stored answer ever holds one.
"""

import secrets
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
    StoredValueNotFound,
)
from crosslane.payments.events import (
    StoredValueExpired,
)
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.storage import NewAccount
from crosslane.platform import audit, seals
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx

CODE_PURPOSE = "payments.stored_value"
ACCOUNTS_OF_CUSTOMER_MAX = 250

Minor = Annotated[int, msgspec.Meta(ge=1, le=TENDER_MINOR_MAX)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Reference = Annotated[str, msgspec.Meta(max_length=100)]
PaidBy = Literal["cash", "card"]


class HashedCode(msgspec.Struct, frozen=True):
    """A code as it is kept: its keyed digest, and its last characters."""

    digest: bytes
    end: str


def new_code() -> str:
    """Return a code that nobody can guess; it is kept as :func:`hash_code` of it."""
    return domain.code_of(secrets.token_bytes(domain.CODE_CHARACTERS))


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


async def stored_values(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, Account]:
    """Return gift cards and store credit by id."""
    return await storage.list_accounts(tx, account_ids)


async def stored_values_of(tx: Tx, customer_ids: Sequence[UUID]) -> list[Account]:
    """Return the gift cards and store credit of customers, the oldest first."""
    return await storage.list_of_customers(tx, customer_ids, ACCOUNTS_OF_CUSTOMER_MAX)


async def locked(tx: Tx, account_ids: Sequence[UUID]) -> Holdings:
    """Lock accounts that have to exist."""
    holdings = Holdings()
    await holdings.load(tx, account_ids)
    for account_id in account_ids:
        if account_id not in holdings.accounts:
            raise StoredValueNotFound(account_id=account_id)
    return holdings


def run_out(holdings: Holdings, account: Account, now: datetime) -> StoredValueExpired:
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
    return StoredValueExpired(**told_of(account, account.free_minor, entry, now), breakage=breakage)


def told_of(
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


def require(refusal: Exception | None) -> None:
    """Raise a refusal, when there is one."""
    if refusal is not None:
        raise refusal


async def note(
    tx: Tx, action: str, account_id: UUID, reason: str, after: dict[str, object]
) -> None:
    """Write into the audit journal what a person has done to an account, and why."""
    change = Change(
        action=f"payments.{action}",
        subject=f"stored_value:{account_id}",
        after=after,
        reason=reason,
    )
    await audit.record(tx, [change])
