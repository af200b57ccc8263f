"""Keeping customers: register, change, what they are known by, merge."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane.customers.domain import (
    Customer,
    CustomerKind,
    CustomerRef,
    Identity,
    IdentityKind,
    identities_of,
    normal_email,
    normal_phone,
    require_payment_terms,
)
from crosslane.customers.errors import (
    CustomerErased,
    IdentityMissing,
    IdentityTaken,
    LastIdentity,
    MergeWithItself,
    TooManyOfCustomer,
    UnknownCustomer,
    UnknownIdentity,
)
from crosslane.customers.events import CustomersMerged
from crosslane.customers.service.recognizing import customer, customers_by_id
from crosslane.customers.storage import addresses as address_rows
from crosslane.customers.storage import customers as storage
from crosslane.customers.storage.customers import NewCustomer
from crosslane.kernel import Refusal, Stale, matching, new_id
from crosslane.organization import Reason, require_locale
from crosslane.platform import audit, log
from crosslane.platform.database import Tx

IDENTITIES_MAX = 50
ADDRESSES_MAX = 100
REACHED_BY_MAX = 10
# What people are reached by, and what may be corrected.
REACHED_BY: tuple[IdentityKind, ...] = ("email", "phone")

CustomerName = Annotated[str, msgspec.Meta(max_length=200)]
Group = Annotated[str, matching("[A-Za-z0-9._-]*", max_length=40)]
IdentityText = Annotated[str, msgspec.Meta(max_length=254)]


class RegisterCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a customer of a person or an organization.

    Args:
        kind: person, or organization for a trade account.
        name: of the person or organization.
        account_number: of a trade account.
        email: e-mail address.
        phone: telephone number, national in ``country`` or international with ``+``.
        country: ISO 3166-1 code for national telephone numbers.
        channel: code of a channel that knows the customer.
        channel_customer: what that channel calls the customer.
        group: code of the group whose prices it pays.
        payment_terms_days: days to pay on account; none without an account to buy on.
        locale: in which to write to it; the channel's when empty.
    """

    kind: CustomerKind
    name: CustomerName
    account_number: IdentityText = ""
    email: IdentityText = ""
    phone: IdentityText = ""
    country: str = ""
    channel: IdentityText = ""
    channel_customer: IdentityText = ""
    group: Group = ""
    payment_terms_days: int | None = None
    locale: str = ""


class ChangeCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change what a customer is called and how it buys; ``version`` is the one that is meant."""

    customer_id: UUID
    version: int | None
    name: CustomerName
    group: Group
    payment_terms_days: int | None
    locale: str


class CorrectCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Correct what a customer is called and how it is reached, all of it or nothing.

    Account numbers and what channels call it stay, and so does what it has consented to.

    Args:
        customer_id: the customer.
        version: the one that is meant, None for whatever it is at.
        name: of the person or organization.
        emails: all of its e-mail addresses; one that is left out is not the customer's any more.
        phones: likewise its telephone numbers.
        country: ISO 3166-1 code for national telephone numbers.
        reason: for the record.
    """

    customer_id: UUID
    version: int | None = None
    name: CustomerName
    emails: Annotated[list[IdentityText], msgspec.Meta(max_length=REACHED_BY_MAX)]
    phones: Annotated[list[IdentityText], msgspec.Meta(max_length=REACHED_BY_MAX)]
    country: str = ""
    reason: Reason


class AddIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a customer be known by one thing more."""

    customer_id: UUID
    kind: IdentityKind
    value: IdentityText
    channel: IdentityText = ""
    country: str = ""


class RemoveIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a customer be known by one thing less; the value in its one form."""

    customer_id: UUID
    kind: IdentityKind
    value: IdentityText
    channel: IdentityText = ""


class MergeCustomers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that two customers are one: everything of ``merged_id`` is ``kept_id``'s from now on."""

    kept_id: UUID
    merged_id: UUID
    reason: Reason


async def register(tx: Tx, wishes: Sequence[RegisterCustomer]) -> list[Customer | Refusal]:
    """Make customers, or tell for each why not; a refused one leaves nothing behind.

    Refusals:
        IdentityMissing, BadEmail, BadPhone, BadAccountNumber, BadLocale, PaymentTermsOutOfRange:
        a field is malformed. IdentityTaken: somebody else is known by it.
    """
    answers: list[Customer | Refusal | None] = [None] * len(wishes)
    wanted: dict[int, tuple[Identity, ...]] = {}
    for place, wish in enumerate(wishes):
        try:
            wanted[place] = checked(wish)
        except Refusal as refusal:
            answers[place] = refusal
    owners = await storage.find_owners(tx, {i for found in wanted.values() for i in found})
    new_ids: dict[int, UUID] = {}
    for place, identities in wanted.items():
        given_away = next((identity for identity in identities if identity in owners), None)
        if given_away is not None:
            answers[place] = taken(given_away)
            continue
        new_ids[place] = new_id()
        owners |= dict.fromkeys(identities, new_ids[place])
    await storage.insert_customers(tx, [_row(wishes[p], i) for p, i in new_ids.items()])
    claimed = {identity: i for p, i in new_ids.items() for identity in wanted[p]}
    inserted = await storage.insert_identities(tx, claimed)
    for place in list(new_ids):
        lost = next((identity for identity in wanted[place] if identity not in inserted), None)
        if lost is not None:
            answers[place] = taken(lost)
            await storage.delete_strays(tx, [new_ids.pop(place)])
    made = await customers_by_id(tx, list(new_ids.values()))
    for place, customer_id in new_ids.items():
        answers[place] = made[customer_id]
    return [answer for answer in answers if answer is not None]


async def change(tx: Tx, wish: ChangeCustomer, *, owner: UUID | None = None) -> Customer:
    """Change a customer.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody to change.
        Stale: somebody else changed it meanwhile.
        PaymentTermsOutOfRange, BadLocale: a field is malformed.
    """
    before = await locked(tx, wish.customer_id, owner=owner)
    if wish.version not in (None, before.version):
        raise Stale(present=before.version, given=wish.version)
    after = msgspec.structs.replace(
        before,
        name=" ".join(wish.name.split()),
        group=wish.group,
        payment_terms_days=require_payment_terms(
            wish.payment_terms_days, pointer="/payment_terms_days"
        ),
        locale=require_locale(wish.locale, pointer="/locale") if wish.locale else "",
    )
    await storage.update_customers(tx, [after])
    return await _told(tx, "change", before)


async def correct(tx: Tx, wish: CorrectCustomer, *, owner: UUID | None = None) -> Customer:
    """Correct what a customer is called and how it is reached.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody to correct.
        Stale: somebody else changed it meanwhile.
        BadEmail, BadPhone: one is malformed.
        IdentityTaken: another customer is known by it.
        IdentityMissing: nothing would be known of it any more.
    """
    before = await locked(tx, wish.customer_id, owner=owner)
    if wish.version not in (None, before.version):
        raise Stale(present=before.version, given=wish.version)
    wanted = {
        Identity("email", normal_email(text, pointer="/emails")): None for text in wish.emails
    } | {
        Identity("phone", normal_phone(text, wish.country, pointer="/phones")): None
        for text in wish.phones
    }
    name = " ".join(wish.name.split())
    kept = [one for one in before.identities if one.kind not in REACHED_BY]
    if not (wanted or kept or name):
        raise IdentityMissing(pointer="/name")
    gone = [one for one in before.identities if one.kind in REACHED_BY and one not in wanted]
    new = [one for one in wanted if one not in before.identities]
    await storage.delete_identities(tx, before.id, gone)
    added = await storage.insert_identities(tx, dict.fromkeys(new, before.id))
    lost = next((one for one in new if one not in added), None)
    if lost is not None:
        raise taken(lost)
    await storage.update_customers(tx, [msgspec.structs.replace(before, name=name)])
    return await _told(tx, "correct", before, reason=wish.reason)


async def add_identity(tx: Tx, wish: AddIdentity, *, owner: UUID | None = None) -> Customer:
    """Let a customer be known by one thing more.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody to know.
        BadEmail, BadPhone, BadAccountNumber, BadChannelIdentity: it is malformed.
        IdentityTaken: another customer is known by it.
        TooManyOfCustomer: it has IDENTITIES_MAX already.
    """
    found = await locked(tx, wish.customer_id, owner=owner)
    identity = _identity(wish)
    if identity in found.identities:
        return found
    if len(found.identities) >= IDENTITIES_MAX:
        raise TooManyOfCustomer(most=IDENTITIES_MAX, things="identities")
    if not await storage.insert_identities(tx, {identity: found.id}):
        raise taken(identity)
    await storage.touch_customer(tx, found.id)
    return await _told(tx, "add_identity", found)


async def remove_identity(tx: Tx, wish: RemoveIdentity, *, owner: UUID | None = None) -> Customer:
    """Let a customer be known by one thing less.

    Raises:
        UnknownCustomer, CustomerErased: there is nobody.
        UnknownIdentity: it is not known by this.
        LastIdentity: a trade account would be without its number.
    """
    found = await locked(tx, wish.customer_id, owner=owner)
    identity = Identity(wish.kind, wish.value, wish.channel)
    if identity not in found.identities:
        raise UnknownIdentity(pointer="/value")
    numbers = [i for i in found.identities if i.kind == "account_number"]
    if numbers == [identity] and found.payment_terms_days is not None:
        raise LastIdentity(pointer="/value")
    await storage.delete_identities(tx, found.id, [identity])
    await storage.touch_customer(tx, found.id)
    return await _told(tx, "remove_identity", found)


async def merge(tx: Tx, wish: MergeCustomers, *, owner: UUID | None = None) -> Customer:
    """Make two customers one. What they were called stays with the row that orders name.

    Raises:
        UnknownCustomer, CustomerErased: one of them is not there.
        MergeWithItself: they are one already.
    """
    both = await held(tx, [wish.kept_id, wish.merged_id], owner=owner)
    kept, gone = both[wish.kept_id], both[wish.merged_id]
    if kept.id == gone.id:
        raise MergeWithItself(pointer="/merged_id")
    await storage.move_identities(tx, gone.id, kept.id)
    await _move_addresses(tx, gone.id, kept.id)
    await storage.merge_into(tx, gone.id, kept.id)
    after = msgspec.structs.replace(
        kept,
        name=kept.name or gone.name,
        group=kept.group or gone.group,
        locale=kept.locale or gone.locale,
        guest=kept.guest and gone.guest,
    )
    await storage.update_customers(tx, [after])
    await log.append(tx, [CustomersMerged(kept_id=kept.id, merged_id=gone.id)])
    return await _told(tx, "merge", (kept, gone), reason=wish.reason, kept_id=kept.id)


async def locked(tx: Tx, customer_id: UUID, *, owner: UUID | None = None) -> Customer:
    """Hold a customer until the transaction ends and return it as it is then.

    Raises:
        UnknownCustomer: there is none, or it is not the caller's.
        CustomerErased: its data is gone and stays so.
    """
    return (await held(tx, [customer_id], owner=owner))[customer_id]


async def held(tx: Tx, ids: Sequence[UUID], *, owner: UUID | None = None) -> dict[UUID, Customer]:
    """Lock customers; one that was merged while waiting is followed to its successor.

    Raises:
        UnknownCustomer: one is not there, or not the caller's.
        CustomerErased: the data of one is gone and stays so.
    """
    locked_ids: set[UUID] = set()
    while True:
        found = await customers_by_id(tx, ids, owner=owner)
        if found.keys() != set(ids):
            raise UnknownCustomer
        wanted = {person.id for person in found.values()}
        if wanted <= locked_ids:
            break
        await storage.lock_customers(tx, sorted(wanted))
        locked_ids = wanted
    if any(person.erased for person in found.values()):
        raise CustomerErased
    return found


async def _told(
    tx: Tx, action: str, before: Any, *, reason: str = "", kept_id: UUID | None = None
) -> Customer:
    """Return a customer as it is now, having written into the audit journal what it was."""
    after = await customer(tx, kept_id or before.id)
    change = audit.Change(
        action=f"customers.{action}",
        subject=f"customer:{after.id}",
        before=before,
        after=after,
        reason=reason,
    )
    await audit.record(tx, [change])
    return after


async def _move_addresses(tx: Tx, source: UUID, target: UUID) -> None:
    taken = {a.label for a in await address_rows.list_addresses(tx, target, limit=ADDRESSES_MAX)}
    moving = await address_rows.list_addresses(tx, source, limit=ADDRESSES_MAX)
    labels: dict[str, str] = {}
    for saved in moving:
        label, count = saved.label, 2
        while label in taken:
            label, count = f"{saved.label} ({count})", count + 1
        taken.add(label)
        labels[saved.label] = label
    if labels:
        await address_rows.move_addresses(tx, source, target, labels)


def checked(wish: RegisterCustomer) -> tuple[Identity, ...]:
    """Return what a customer will be known by, strongest first.

    Raises:
        IdentityMissing, BadEmail, BadPhone, BadAccountNumber, BadLocale, PaymentTermsOutOfRange:
        a field is malformed or missing.
    """
    require_payment_terms(wish.payment_terms_days, pointer="/payment_terms_days")
    if wish.locale:
        require_locale(wish.locale, pointer="/locale")
    identities = identities_of(
        CustomerRef(
            account_number=wish.account_number,
            channel=wish.channel,
            channel_customer=wish.channel_customer,
            email=wish.email,
            phone=wish.phone,
            country=wish.country,
            name=wish.name,
        )
    )
    if not identities:
        raise IdentityMissing
    return identities


def _identity(wish: AddIdentity) -> Identity:
    fields = {
        "account_number": "account_number",
        "channel": "channel_customer",
        "email": "email",
        "phone": "phone",
    }
    ref = CustomerRef(
        **{fields[wish.kind]: wish.value, "channel": wish.channel, "country": wish.country}
    )
    [identity] = identities_of(ref)
    return identity


def taken(identity: Identity) -> IdentityTaken:
    """Return the refusal of an identity that somebody else has."""
    kind = identity.kind.replace("_", " ")
    return IdentityTaken(pointer=f"/{identity.kind}", kind=kind)


def _row(wish: RegisterCustomer, customer_id: UUID) -> NewCustomer:
    return NewCustomer(
        id=customer_id,
        kind=wish.kind,
        name=" ".join(wish.name.split()),
        group=wish.group,
        payment_terms_days=wish.payment_terms_days,
        locale=require_locale(wish.locale) if wish.locale else "",
        guest=False,
    )
