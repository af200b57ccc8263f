"""Putting value on gift cards and store credit: sold, given, topped up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import new_id
from crosslane.payments import domain
from crosslane.payments.domain import Account, AccountKind, EntryDeed
from crosslane.payments.errors import WrongStoredCurrency
from crosslane.payments.events import StoredValueIssued, StoredValueToppedUp
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.service.stored import (
    HashedCode,
    Minor,
    PaidBy,
    Reason,
    StoredWish,
    locked,
    note,
    require,
    run_out,
    store_credits,
    told_of,
)
from crosslane.payments.storage import NewAccount
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one


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


class SoldGiftCard(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card that a till has sold, whose code only the till knows.

    Args:
        channel: code of the channel that sold it; its entity owes what is on it.
        paid: how it was paid for, with minor units in the channel's currency.
        code_end: the last characters of its code.
        reference: of the sale, such as a receipt.
        location_id: store at which it was sold.
        at: when.
    """

    channel: str
    paid: Sequence[tuple[PaidBy, int]]
    code_end: str
    reference: str
    location_id: UUID | None
    at: datetime


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


async def issue_gift_card(tx: Tx, wish: IssueGiftCard) -> Account:
    """Sell a gift card.

    Raises:
        UnknownChannel: there is none of this code.
        StoredValueTooHigh: a gift card may not hold so much.
    """
    channel, account = await _new_card(tx, wish.channel, wish.code.end, wish.customer_id)
    holdings = Holdings()
    await holdings.know_rules(tx)
    rules = holdings.rules(channel.id, tx.now)
    require(domain.refuse_load(account, wish.minor, rules, tx.now))
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


async def record_gift_card(tx: Tx, sold: SoldGiftCard) -> Account:
    """Book a gift card that was sold already: a fact, whatever a card may hold.

    It has no code here until :data:`REPLACE_CODE` gives it one; the till takes from it by its id.

    Raises:
        UnknownChannel: there is none of this code.
    """
    channel, account = await _new_card(tx, sold.channel, sold.code_end)
    holdings = Holdings()
    await holdings.know_rules(tx)
    holdings.open(NewAccount(account=account))
    told = [
        _put(
            holdings,
            account.id,
            minor,
            EntryDeed.TOPPED_UP if place else EntryDeed.ISSUED,
            at=sold.at,
            channel_id=channel.id,
            location_id=sold.location_id,
            paid_by=paid_by,
            reference=sold.reference,
        )
        for place, (paid_by, minor) in enumerate(sold.paid)
    ]
    await holdings.write(tx)
    await log.append(tx, told)
    return holdings.accounts[account.id]


async def _new_card(
    tx: Tx, channel: str, code_end: str, customer_id: UUID | None = None
) -> tuple[organization.Channel, Account]:
    """Return a gift card with nothing on it yet, and the channel whose entity will owe that."""
    book = await organization.book(tx)
    found = book.channel(channel, pointer="/channel")
    card = Account(
        id=new_id(),
        kind=AccountKind.GIFT_CARD,
        entity_id=book.entity(found.entity).id,
        channel_id=found.id,
        currency=found.currency,
        customer_id=customer_id,
        code_end=code_end,
    )
    return found, card


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
    holdings = await locked(tx, [account_id])
    account = holdings.accounts[account_id]
    rules = holdings.rules(channel.id, tx.now)
    require(domain.refuse_load(account, wish.minor, rules, tx.now))
    if domain.has_expired(account, tx.now) and account.free_minor:
        await log.append(tx, [run_out(holdings, account, tx.now)])
    await _load(
        tx,
        holdings,
        account_id,
        wish.minor,
        EntryDeed.ISSUED,
        channel_id=channel.id,
        paid_by="goodwill",
    )
    await note(tx, "give_store_credit", account_id, wish.reason, {"minor": wish.minor})
    return holdings.accounts[account_id]


async def top_up(tx: Tx, wish: TopUp) -> Account:
    """Put more on a gift card or store credit; it is valid as long as a new one.

    Raises:
        StoredValueNotFound, WrongStoredCurrency, StoredValueBlocked, StoredValueTooHigh.
    """
    holdings = await locked(tx, [wish.account_id])
    account = holdings.accounts[wish.account_id]
    if account.currency != wish.currency:
        raise WrongStoredCurrency(pointer="/currency", currency=account.currency)
    rules = holdings.rules(account.channel_id, tx.now)
    require(domain.refuse_load(account, wish.minor, rules, tx.now))
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


async def _load(
    tx: Tx, holdings: Holdings, account_id: UUID, minor: int, deed: EntryDeed, **how: Any
) -> None:
    """Put an amount on an account now, and tell it; how it is done as in :func:`_put`."""
    told = _put(holdings, account_id, minor, deed, at=tx.now, **how)
    await holdings.write(tx)
    await log.append(tx, [told])


def _put(
    holdings: Holdings,
    account_id: UUID,
    minor: int,
    deed: EntryDeed,
    *,
    at: datetime,
    channel_id: UUID,
    paid_by: str,
    location_id: UUID | None = None,
    reference: str = "",
) -> StoredValueIssued | StoredValueToppedUp:
    """Put an amount on an account, from then valid as long as a new one; return what is told."""
    entry = holdings.change(
        account_id,
        deed,
        minor,
        ("payments.load", str(new_id())),
        at=at,
        channel_id=channel_id,
        location_id=location_id,
        paid_by=paid_by,
        reference=reference,
    )
    account = holdings.accounts[account_id]
    until = holdings.expiry(account, at)
    holdings.set(msgspec.structs.replace(account, expires_at=until))
    kind = StoredValueIssued if deed is EntryDeed.ISSUED else StoredValueToppedUp
    told = told_of(account, minor, entry, at) | {"channel_id": channel_id}
    return kind(**told, method=paid_by, location_id=location_id)


ISSUE = one_by_one("payments.issue_gift_card", IssueGiftCard, Account, issue_gift_card)
GIVE = one_by_one("payments.give_store_credit", GiveStoreCredit, Account, give_store_credit)
TOP_UP = one_by_one("payments.top_up", TopUp, Account, top_up)
