"""Invitations: somebody is let in by a link that works once, until a day.

The link is signed and names the invitation; who has it chooses the password. What the person is
called is kept until then, and handed on to whoever keeps the records of people who work here.
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.platform import audit, log
from crosslane.platform.actor import Actor
from crosslane.platform.audit import Change
from crosslane.platform.auth import domain, errors, storage
from crosslane.platform.auth.domain import Account
from crosslane.platform.auth.events import PersonInvited
from crosslane.platform.auth.roles import ROLES, STAFF_ROLES
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

LINK_PURPOSE = "invitation"
INVITATIONS_LISTED_MAX = 200
FORGET_DAYS = 30
FORGET_AT_ONCE_MAX = 10_000

PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Invitation(msgspec.Struct, frozen=True):
    """An invitation that is open.

    Args:
        email: who is invited.
        name: what the person is called.
        role: what it will be allowed.
        location_id: the only location it will act for, None for all.
        invited_by: as ``kind:id``.
        expires_at: until when the link works.
    """

    id: UUID
    email: str
    name: str
    role: str
    location_id: UUID | None
    invited_by: str
    created_at: datetime
    expires_at: datetime


class Invite(msgspec.Struct, frozen=True):
    """Invite somebody."""

    email: str
    name: PersonName
    role: str
    location_id: UUID | None


class Withdraw(msgspec.Struct, frozen=True):
    """Take an invitation back."""

    id: UUID
    reason: str


class _Doing(msgspec.Struct, frozen=True):
    """Whose doing taking an invitation is: that of the person who is in by it."""

    actor: Actor
    trace: str
    key: str = ""


EMAIL_KNOWN = "select exists(select from platform_account where email = $1)"
# One that has expired stands in nobody's way.
WITHDRAW_EXPIRED = """
update platform_invitation set withdrawn_at = $2
where email = $1 and accepted_at is null and withdrawn_at is null and expires_at <= $2
"""
INSERT_INVITATION = """
insert into platform_invitation
    (id, email, name, role, location_id, invited_by, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (email) where accepted_at is null and withdrawn_at is null do nothing
"""


async def _invite(tx: Tx, wish: Invite) -> Invitation:
    email = domain.normal_email(wish.email)
    domain.refuse_role(wish.role, STAFF_ROLES, wish.location_id)
    domain.refuse_gift(tx.actor, ROLES[wish.role])
    if await tx.fetchval(EMAIL_KNOWN, email):
        raise errors.EmailTaken(pointer="/email")
    await tx.execute(WITHDRAW_EXPIRED, email, tx.now)
    invitation = Invitation(
        new_id(),
        email,
        wish.name,
        wish.role,
        wish.location_id,
        str(tx.actor),
        tx.now,
        tx.now + timedelta(days=domain.INVITATION_DAYS),
    )
    stored = await tx.execute(INSERT_INVITATION, *msgspec.structs.astuple(invitation))
    if stored != "INSERT 0 1":
        raise errors.InvitedAlready(pointer="/email")
    after = {"role": invitation.role, "location_id": invitation.location_id}
    await _note(tx, "auth.invite", invitation.id, after=after)
    await log.append(tx, [PersonInvited(invitation_id=invitation.id)])
    return invitation


async def _note(
    tx: Tx, action: str, invitation_id: UUID, *, after: object = None, reason: str = ""
) -> None:
    subject = f"invitation:{invitation_id}"
    await audit.record(tx, [Change(action=action, subject=subject, after=after, reason=reason)])


WITHDRAW = """
update platform_invitation set withdrawn_at = $2
where id = $1 and accepted_at is null and withdrawn_at is null
"""


async def _withdraw(tx: Tx, wish: Withdraw) -> None:
    if await tx.execute(WITHDRAW, wish.id, tx.now) == "UPDATE 0":
        raise errors.NoSuchInvitation
    await _note(tx, "auth.withdraw_invitation", wish.id, reason=wish.reason)


OPEN_INVITATIONS = """
select id, email, name, role, location_id, invited_by, created_at, expires_at
from platform_invitation
where accepted_at is null and withdrawn_at is null and expires_at > $1
order by created_at desc, id desc limit $2
"""


async def open_invitations(tx: Tx) -> list[Invitation]:
    """Return the invitations that are open, newest first."""
    rows = await tx.fetch(OPEN_INVITATIONS, tx.now, INVITATIONS_LISTED_MAX)
    return [Invitation(**dict(row)) for row in rows]


FIND_INVITATION = """
select id, email, name, role, location_id, invited_by, created_at, expires_at
from platform_invitation
where id = $1 and accepted_at is null and withdrawn_at is null and expires_at > $2
"""


async def invitation(tx: Tx, id: UUID) -> Invitation:
    """Return an open invitation.

    Raises:
        NoSuchInvitation: there is none, or it is open no more.
    """
    row = await tx.fetchrow(FIND_INVITATION, id, tx.now)
    if row is None:
        raise errors.NoSuchInvitation
    return Invitation(**dict(row))


ACCEPT = """
update platform_invitation set accepted_at = $2
where id = $1 and accepted_at is null and withdrawn_at is null and expires_at > $2
returning id, email, name, role, location_id, invited_by, created_at, expires_at
"""
TIE = "update platform_invitation set account_id = $2 where id = $1"


async def accept(tx: Tx, id: UUID, *, password: str) -> tuple[Invitation, Account]:
    """Make the account of somebody who takes an invitation; once.

    Args:
        tx: open transaction.
        id: the invitation.
        password: hash of the password that was chosen.

    Raises:
        NoSuchInvitation: it is open no more.
        EmailTaken: the address has got an account meanwhile.
    """
    row = await tx.fetchrow(ACCEPT, id, tx.now)
    if row is None:
        raise errors.NoSuchInvitation
    taken = Invitation(**dict(row))
    account = Account(new_id(), taken.email, taken.role, taken.location_id, True, None, 1, tx.now)
    if not await storage.insert_account(tx, account, password):
        raise errors.EmailTaken(pointer="/email")
    await tx.execute(TIE, id, account.id)
    change = Change(
        action="auth.accept_invitation",
        subject=f"account:{account.id}",
        after={
            "invitation": id,
            "invited_by": taken.invited_by,
            "role": account.role,
            "location_id": account.location_id,
        },
    )
    person = Actor("staff", str(account.id))
    await audit.record(tx, [change], [_Doing(person, tx.trace, f"invitation:{id}")])
    return taken, account


FORGET = """
delete from platform_invitation where id in (
    select id from platform_invitation where created_at < $1 order by created_at limit $2
)
"""


async def forget_invitations(tx: Tx) -> None:
    """Forget invitations that ended long ago, with names and addresses."""
    created_before = tx.now - timedelta(days=domain.INVITATION_DAYS + FORGET_DAYS)
    await tx.execute(FORGET, created_before, FORGET_AT_ONCE_MAX)


INVITE = one_by_one("auth.invite", Invite, Invitation, _invite)
WITHDRAW_INVITATION = one_by_one("auth.withdraw_invitation", Withdraw, None, _withdraw)
COMMANDS = [INVITE, WITHDRAW_INVITATION]
