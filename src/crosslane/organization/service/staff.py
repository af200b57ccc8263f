"""Records of the people who work for the retailer."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.organization import storage
from crosslane.organization.domain import Code, Name, StaffMember, StaffRole, require_code
from crosslane.platform.database import Tx


class PutStaffMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create the record of a person who works here, or change the one with this number."""

    code: Code
    name: Name
    roles: frozenset[StaffRole]
    location_id: UUID | None = None
    account_id: UUID | None = None
    active: bool = True


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


async def put_staff(tx: Tx, wishes: Sequence[PutStaffMember]) -> list[StaffMember]:
    """Create or change records of people who work here, in the order asked for.

    Raises:
        BadCode: a staff number is malformed.
    """
    members = {
        wish.code: StaffMember(
            id=new_id(),
            code=require_code(wish.code, pointer=f"/members/{place}/code"),
            name=wish.name,
            location_id=wish.location_id,
            roles=wish.roles,
            account_id=wish.account_id,
            active=wish.active,
        )
        for place, wish in enumerate(wishes)
    }
    stored = await storage.upsert_staff(tx, list(members.values()))
    by_code = {member.code: member for member in stored}
    return [by_code[wish.code] for wish in wishes]
