"""Records of the people who work for the retailer."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.organization import storage
from crosslane.organization.domain import Code, Name, StaffMember, StaffRole, require_code
from crosslane.organization.errors import AccountTaken
from crosslane.platform import audit, auth, facts
from crosslane.platform.database import Tx

STAFF_PER_CALL_MAX = 1_000


class PutStaffMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create the record of a person who works here, or change the one with this number."""

    code: Code
    name: Name
    roles: frozenset[StaffRole]
    location_id: UUID | None = None
    account_id: UUID | None = None
    active: bool = True
    customer_id: UUID | None = None


class Join(msgspec.Struct, frozen=True):
    """Take an invitation.

    Args:
        invitation_id: which.
        password: hash of the password that was chosen.
        name: what the person wants to be called.
    """

    invitation_id: UUID
    password: str
    name: Name


class PutStaff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create or change records of people who work here, all or none."""

    members: Annotated[
        tuple[PutStaffMember, ...], msgspec.Meta(min_length=1, max_length=STAFF_PER_CALL_MAX)
    ]


async def list_staff(
    tx: Tx, *, after: str, location_id: UUID | None, inactive_too: bool, limit: int
) -> list[StaffMember]:
    """Return the people who work here, by number.

    Args:
        tx: open transaction.
        after: number of the last one seen.
        location_id: only those of this location.
        inactive_too: also those who have left.
        limit: most to return.
    """
    return await storage.list_staff(
        tx, after=after, location_id=location_id, inactive_too=inactive_too, limit=limit
    )


async def staff_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, StaffMember]:
    """Return the members of staff with these identifiers; unknown ones are left out."""
    return {member.id: member for member in await storage.find_staff(tx, ids=ids)}


async def staff_by_code(tx: Tx, codes: Sequence[str]) -> dict[str, StaffMember]:
    """Return the members of staff with these numbers; unknown ones are left out."""
    return {member.code: member for member in await storage.find_staff(tx, codes=codes)}


async def staff_by_account(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, StaffMember]:
    """Return the members of staff behind sign-in accounts; accounts of nobody are left out."""
    found = await storage.find_staff(tx, account_ids=account_ids)
    return {member.account_id: member for member in found if member.account_id is not None}


async def staff_by_customer(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, StaffMember]:
    """Return the members of staff whom customers are; customers who are none are left out."""
    found = await storage.find_staff(tx, customer_ids=customer_ids)
    return {member.customer_id: member for member in found if member.customer_id is not None}


async def put_staff(tx: Tx, wishes: Sequence[PutStaffMember]) -> list[StaffMember]:
    """Create or change records of people who work here, in the order asked for.

    Raises:
        BadCode: a staff number is malformed.
        AccountTaken: two would share a sign-in account.
    """
    members = {
        wish.code: StaffMember(
            id=new_id(),
            code=require_code(wish.code, pointer=f"/members/{place}/code"),
            name=wish.name,
            location_id=wish.location_id,
            roles=wish.roles,
            account_id=wish.account_id,
            customer_id=wish.customer_id,
            active=wish.active,
        )
        for place, wish in enumerate(wishes)
    }
    # Nobody keeps staff in memory; the topic's lock makes edits of staff follow one another.
    await facts.touch(tx, "organization.staff")
    await _refuse_shared_accounts(tx, wishes)
    before = await staff_by_code(tx, list(members))
    stored = await storage.upsert_staff(tx, list(members.values()))
    by_code = {member.code: member for member in stored}
    changes = [
        audit.Change(
            action="organization.put_staff",
            subject=f"staff:{member.id}",
            before=before.get(member.code),
            after=member,
        )
        for member in stored
    ]
    await audit.record(tx, changes)
    return [by_code[wish.code] for wish in wishes]


async def join(tx: Tx, wish: Join) -> StaffMember:
    """Make account and record of somebody who takes an invitation.

    Raises:
        NoSuchInvitation: it is open no more.
        EmailTaken: the address has got an account meanwhile.
    """
    taken, account = await auth.accept(tx, wish.invitation_id, password=wish.password)
    [member] = await put_staff(
        tx,
        [
            PutStaffMember(
                # Nobody has given a number yet; this one is free.
                code=f"P-{account.id.hex[-10:].upper()}",
                name=wish.name,
                roles=frozenset([taken.role]),  # type: ignore[list-item]
                location_id=taken.location_id,
                account_id=account.id,
            )
        ],
    )
    return member


async def _refuse_shared_accounts(tx: Tx, wishes: Sequence[PutStaffMember]) -> None:
    accounts = [wish.account_id for wish in wishes if wish.account_id is not None]
    owners = {account: m.code for account, m in (await staff_by_account(tx, accounts)).items()}
    for place, wish in enumerate(wishes):
        if wish.account_id is None:
            continue
        owner = owners.setdefault(wish.account_id, wish.code)
        if owner != wish.code:
            raise AccountTaken(pointer=f"/members/{place}/account_id", code=owner)
