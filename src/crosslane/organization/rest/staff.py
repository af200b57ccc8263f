"""Records of the people who work here, over HTTP."""

from uuid import UUID

from crosslane.kernel import Page
from crosslane.organization import errors, service
from crosslane.organization.domain import StaffMember
from crosslane.organization.service import PutStaff, PutStaffMember, commands
from crosslane.platform.web import Caller, Paging, get, post

READ, WRITE = "organization:read", "organization:write"


@get("/api/v1/staff-members", permission=READ)
async def list_staff_members(
    caller: Caller, paging: Paging, location_id: UUID | None = None, inactive: bool = False
) -> Page[StaffMember]:
    """List the people who work here by number; an associate sees those of its own location."""
    (after,) = paging.after(str) or ("",)
    async with caller.read() as tx:
        found = await service.list_staff(
            tx,
            after=after,
            location_id=caller.actor.location_id or location_id,
            inactive_too=inactive,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda member: (member.code,))


@get("/api/v1/staff-members/{code}", permission=READ, raises=(errors.UnknownStaffMember,))
async def show_staff_member(caller: Caller, code: str) -> StaffMember:
    """Show one person who works here."""
    async with caller.read() as tx:
        found = (await service.staff_by_code(tx, [code])).get(code)
    own = caller.actor.location_id
    if found is None or own not in (None, found.location_id):
        raise errors.UnknownStaffMember(code=code[:60])
    return found


@post(
    "/api/v1/staff-members",
    permission=WRITE,
    command=commands.PUT_STAFF,
    raises=(errors.BadCode, errors.AccountTaken),
    example=PutStaff((PutStaffMember("E1001", "Edna Example", frozenset({"manager"})),)),
)
async def put_staff_members(caller: Caller, data: PutStaff) -> list[StaffMember]:
    """Create or change records of people, all or none; nobody is removed, only made inactive."""
    return await caller.submit(commands.PUT_STAFF, data)


ROUTES = [list_staff_members, show_staff_member, put_staff_members]
