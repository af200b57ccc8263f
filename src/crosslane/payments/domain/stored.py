"""Stored value: gift cards and store credit, what they hold and for how long. Pure.

An account has a balance, of which a part may be set aside for tenders that are not captured yet:

    balance = set aside + free

Wishes take from what is free only. What has happened (a till took the card while it was offline)
is booked even beyond that, so that a balance may fall below zero. The sum of all balances of an
entity is what it owes to holders, and what its books say.

A code is 15 random characters and a check character, told once and kept as a keyed digest only.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane.kernel import NUMBER_ALPHABET, Refusal, check_character
from crosslane.organization import PolicyKind
from crosslane.payments.errors import (
    StoredValueBlocked,
    StoredValueExpired,
    StoredValueOfAnother,
    StoredValueTooHigh,
    StoredValueTooLow,
    WrongStoredCurrency,
)

CODE_CHARACTERS = 16
CODE_TYPED_CHARACTERS_MAX = 64
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


class AccountKind(StrEnum):
    """What sort of stored value it is."""

    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


class EntryDeed(StrEnum):
    """Why a balance has changed."""

    ISSUED = "issued"
    TOPPED_UP = "topped_up"
    REDEEMED = "redeemed"
    RETURNED = "returned"  # a redemption was given back
    CREDITED = "credited"  # other money was given back to it
    TRANSFERRED = "transferred"
    EXPIRED = "expired"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card or store credit.

    Args:
        entity_id: legal entity that owes it.
        channel_id: channel that issued it, whose market's rules it follows.
        customer_id: whose it is, None for whoever has the code.
        code_end: last characters of its code, "" while it has none.
        balance_minor: what it holds; below zero only by facts.
        held_minor: set aside for tenders that are not captured yet.
        expires_at: first instant at which it is not valid any more, None for never.
        blocked: nothing may be taken from it.
    """

    id: UUID
    kind: AccountKind
    entity_id: UUID
    channel_id: UUID
    currency: str
    customer_id: UUID | None = None
    code_end: str = ""
    balance_minor: int = 0
    held_minor: int = 0
    expires_at: datetime | None = None
    blocked: bool = False

    @property
    def free_minor(self) -> int:
        """What may be taken from it."""
        return max(0, self.balance_minor - self.held_minor)


class AccountEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a balance.

    Args:
        minor: by how much, negative for what was taken.
        payment_id: tender that took it or gave it back.
        channel_id: channel through which it changed.
        location_id: store at which it was paid for, where it was.
        paid_by: how it was paid for: cash, card or goodwill; "" for all that is no issue.
        reference: of that payment, such as a till's receipt.
    """

    id: UUID
    account_id: UUID
    deed: EntryDeed
    minor: int
    cause_kind: str
    cause_id: str
    occurred_at: datetime
    channel_id: UUID
    payment_id: UUID | None = None
    location_id: UUID | None = None
    paid_by: str = ""
    reference: str = ""


class StoredValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for gift cards and store credit of a channel, as its market's law has it.

    Args:
        gift_card_months: how long a gift card is valid from its last top-up, 0 for ever.
        store_credit_months: likewise store credit.
        to_year_end: it stays valid until the end of the year in which that time is over.
        breakage: what has run out is income, or unclaimed property that is owed to the state.
        returned_days: money that comes back to what has run out can be used for so long.
        balance_minor_max: most minor units a gift card may hold.
    """

    gift_card_months: Annotated[int, msgspec.Meta(ge=0, le=1_200)] = 0
    store_credit_months: Annotated[int, msgspec.Meta(ge=0, le=1_200)] = 0
    to_year_end: bool = False
    breakage: Literal["income", "escheat"] = "income"
    returned_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] = 90
    balance_minor_max: Annotated[int, msgspec.Meta(ge=1, le=10**12)] = 100_000


STORED_VALUE = PolicyKind(
    "payments.stored_value", StoredValue, StoredValue(), scopes=("channel", "brand", "tenant")
)


def expiry_of(
    kind: AccountKind, rules: StoredValue, at: datetime, timezone: str
) -> datetime | None:
    """Return the first instant at which stored value of this moment is not valid any more.

    Args:
        kind: gift card or store credit.
        rules: of its channel.
        at: when it was issued or topped up.
        timezone: IANA zone of its channel.
    """
    gift = kind is AccountKind.GIFT_CARD
    months = rules.gift_card_months if gift else rules.store_credit_months
    if not months:
        return None
    zone = ZoneInfo(timezone)
    day = months_after(at.astimezone(zone).date(), months)
    if rules.to_year_end:
        day = date(day.year, 12, 31)
    return datetime.combine(day + timedelta(days=1), time.min, zone)


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or its last one where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_after = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (first_after - timedelta(days=1)).day))


def has_expired(account: Account, now: datetime) -> bool:
    """Tell whether stored value is not valid any more."""
    return account.expires_at is not None and account.expires_at <= now


def refuse_owner(account: Account, owner: UUID | None) -> Refusal | None:
    """Return why stored value is not for the order of this customer, or None."""
    return StoredValueOfAnother() if account.customer_id not in (None, owner) else None


def refuse_use(account: Account, currency: str, minor: int, now: datetime) -> Refusal | None:
    """Return why an amount cannot be taken from stored value, or None."""
    if account.currency != currency:
        return WrongStoredCurrency(pointer="/currency", currency=account.currency)
    if account.blocked:
        return StoredValueBlocked()
    if has_expired(account, now):
        return StoredValueExpired(expires_at=str(account.expires_at))
    if minor > account.free_minor:
        return StoredValueTooLow(
            pointer="/minor", minor=minor, free_minor=account.free_minor, currency=currency
        )
    return None


def refuse_load(account: Account, minor: int, rules: StoredValue, now: datetime) -> Refusal | None:
    """Return why no more may be put on stored value, or None; store credit can begin anew."""
    if account.blocked:
        return StoredValueBlocked()
    if account.kind is AccountKind.GIFT_CARD and has_expired(account, now):
        return StoredValueExpired(expires_at=str(account.expires_at))
    after = account.balance_minor + minor
    if account.kind is AccountKind.GIFT_CARD and after > rules.balance_minor_max:
        return StoredValueTooHigh(pointer="/minor", minor=after, most=rules.balance_minor_max)
    return None


def given_back(account: Account, minor: int, rules: StoredValue, now: datetime) -> Account:
    """Return stored value after money has come back to it; what has run out is valid again."""
    until = account.expires_at
    if has_expired(account, now):
        until = now + timedelta(days=rules.returned_days)
    return msgspec.structs.replace(
        account, balance_minor=account.balance_minor + minor, expires_at=until
    )


def code_of(random: bytes) -> str:
    """Return a code made of random bytes, in groups of four.

    Args:
        random: at least one byte per character but the last, from a source nobody can foretell.
    """
    base = len(NUMBER_ALPHABET)
    text = "".join(NUMBER_ALPHABET[byte % base] for byte in random[: CODE_CHARACTERS - 1])
    text += check_character(text)
    return "-".join(text[place : place + 4] for place in range(0, CODE_CHARACTERS, 4))


def plain_code(typed: str) -> str | None:
    """Return a typed code in the one form that is digested, None when it can be no code."""
    if len(typed) > CODE_TYPED_CHARACTERS_MAX:
        return None
    text = typed.upper().replace("-", "").replace(" ", "").translate(_LOOKALIKES)
    if len(text) != CODE_CHARACTERS or any(c not in NUMBER_ALPHABET for c in text):
        return None
    return text if check_character(text[:-1]) == text[-1] else None
