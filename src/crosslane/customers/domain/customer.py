"""Customers: people and organizations, how they are recognized, and what they have allowed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.customers.domain.address import Address
from crosslane.customers.domain.identity import Identity
from crosslane.customers.errors import BadPurpose, PaymentTermsOutOfRange

PAYMENT_TERMS_DAYS_MAX = 365

CustomerKind = Literal["person", "organization"]

_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Customer(msgspec.Struct, frozen=True):
    """Somebody who buys.

    Args:
        id: identifier; of the customer it was merged into, when it was.
        kind: a person, or an organization (trade account).
        name: of the person or organization, empty when unknown or erased.
        group: code of the group whose prices it pays, empty for everybody's.
        payment_terms_days: days to pay on account, None when it may not buy on account.
        locale: in which to write to it, empty for the channel's.
        guest: it never registered.
        version: counts up with each change.
        erased: its personal data is gone.
        identities: what it is known by.
    """

    id: UUID
    kind: CustomerKind
    name: str
    group: str
    payment_terms_days: int | None
    locale: str
    guest: bool
    version: int
    erased: bool = False
    identities: tuple[Identity, ...] = ()


class AddressSnapshot(msgspec.Struct, frozen=True):
    """An address as it was when something named it; never changed.

    Args:
        id: identifier.
        customer_id: whose it is.
        address: in its one form when checked; empty but for its country once erased.
        checked: false for one that failed its country's rules and was kept as it was given.
        erased: its personal data is gone.
    """

    id: UUID
    customer_id: UUID
    address: Address
    checked: bool = True
    erased: bool = False


class SavedAddress(msgspec.Struct, frozen=True):
    """An entry of a customer's address book.

    Args:
        label: what the customer calls it.
        snapshot_id: the address itself; another one after each change.
        address: checked.
        is_default: taken when none is named.
    """

    label: str
    snapshot_id: UUID
    address: Address
    is_default: bool


class Consent(msgspec.Struct, frozen=True):
    """Something a customer has allowed, or withdrawn.

    Args:
        purpose: what for, such as ``newsletter``.
        channel: code of the only channel it is for, empty for all.
        brand: code of the only brand it is for, empty for all.
        granted: false for a withdrawal.
        proof: how it is known: form and version, recording, letter.
        at: when the customer said so.
    """

    purpose: str
    channel: str
    brand: str
    granted: bool
    proof: str
    at: datetime


class Newcomer(msgspec.Struct, frozen=True):
    """A customer to be made for a reference that fits nobody known.

    Args:
        id: its identifier.
        place: which reference it is made for.
        identities: what it will be known by, strongest first.
    """

    id: UUID
    place: int
    identities: tuple[Identity, ...]


def recognized(
    wanted: Sequence[tuple[Identity, ...]],
    owners: Mapping[Identity, UUID],
    new_ids: Sequence[UUID],
) -> tuple[list[UUID], list[Newcomer]]:
    """Decide who each reference is.

    The strongest identity given decides alone: who gives an account number is that account,
    whatever e-mail address comes with it. A customer who is known gains nothing from a reference,
    or anybody could attach a telephone number to somebody else's account. A new customer gets what
    nobody else has. Equal references of one call are one new customer.

    Args:
        wanted: identities of each reference, strongest first; none for somebody with only a name.
        owners: whose the known identities are.
        new_ids: an identifier per reference, used where it fits nobody.

    Returns:
        A customer per reference, and those that must be made.
    """
    known, answers, newcomers = dict(owners), list[UUID](), list[Newcomer]()
    for place, identities in enumerate(wanted):
        decisive = identities[:1]
        if decisive and decisive[0] in known:
            answers.append(known[decisive[0]])
            continue
        free = tuple(identity for identity in identities if identity not in known)
        known.update(dict.fromkeys(free, new_ids[place]))
        newcomers.append(Newcomer(new_ids[place], place, free))
        answers.append(new_ids[place])
    return answers, newcomers


def is_granted(
    consents: Iterable[Consent], *, purpose: str, channel: str, brand: str, at: datetime
) -> bool:
    """Tell whether a customer allows something at an instant.

    Of the consents that fit purpose, channel and brand, the one given last counts; a general one
    fits every channel or brand. Silence is no consent.

    Args:
        consents: of one customer, in the order in which they were recorded.
        purpose: what for.
        channel: code of the channel it would be done through.
        brand: code of the brand it would be done for.
        at: when.
    """
    fitting = [
        consent
        for consent in consents
        if consent.purpose == purpose
        and consent.channel in ("", channel)
        and consent.brand in ("", brand)
        and consent.at <= at
    ]
    # max returns the first of equals; recorded later must win.
    latest = max(reversed(fitting), key=lambda consent: consent.at, default=None)
    return latest is not None and latest.granted


def require_purpose(purpose: str, *, pointer: str = "") -> str:
    """Return the purpose of a consent when it is well formed.

    Raises:
        BadPurpose: it is not.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise BadPurpose(pointer=pointer, purpose=purpose[:40])
    return purpose


def require_payment_terms(days: int | None, *, pointer: str = "") -> int | None:
    """Return payment terms a trade account may have.

    Raises:
        PaymentTermsOutOfRange: negative or above a year.
    """
    if days is not None and not 0 <= days <= PAYMENT_TERMS_DAYS_MAX:
        raise PaymentTermsOutOfRange(pointer=pointer, days=days, most=PAYMENT_TERMS_DAYS_MAX)
    return days
