"""Shared devices of stores, and the PINs by which a store's people take turns on them.

A device is marked by somebody who may; from then on whoever works at its store and has a PIN may
take over there, and nowhere else. The one before is signed out by it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform import audit
from crosslane.platform.audit import Change
from crosslane.platform.auth import domain, errors
from crosslane.platform.auth.domain import Attempts, Session
from crosslane.platform.auth.opening import Opening, open_session
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, one_by_one
from crosslane.platform.tokens import DEVICE, parse_token

DEVICES_LISTED_MAX = 500
TURNS_LISTED_MAX = 200


class Device(msgspec.Struct, frozen=True):
    """A device of a store on which its people take turns.

    Args:
        id: public part of what the device shows.
        name: what people call it.
        location_id: the store.
        marked_by: who marked it, as ``kind:id``.
        ended_at: since when it is none any more.
    """

    id: str
    name: str
    location_id: UUID
    marked_by: str
    created_at: datetime
    ended_at: datetime | None


class MarkDevice(msgspec.Struct, frozen=True):
    """Make a device a shared one; only itself knows its secret."""

    id: str
    digest: bytes
    name: domain.Name
    location_id: UUID


class EndDevice(msgspec.Struct, frozen=True):
    """Let a device be a shared one no more; sessions on it end."""

    id: str
    reason: str


class SetPin(msgspec.Struct, frozen=True):
    """Store the hash of a PIN; "" takes it away."""

    account_id: UUID
    pin: str


class Switch(msgspec.Struct, frozen=True):
    """Take over on a shared device, or count a wrong PIN.

    Args:
        device_id: the device.
        account_id: who takes over.
        against: hash the PIN was compared with.
        passed: it fitted.
        session_id: public part of the new session's token.
        digest: digest of that token.
        browser: what the session begins in.
    """

    device_id: str
    account_id: UUID
    against: str
    passed: bool
    session_id: str
    digest: bytes
    browser: str


class Switched(msgspec.Struct, frozen=True):
    """The outcome of taking over; a failure is no refusal, because it is counted."""

    session: Session | None


INSERT_DEVICE = """
insert into platform_device (id, digest, name, location_id, marked_by, created_at)
values ($1, $2, $3, $4, $5, $6)
"""


async def _mark(tx: Tx, wish: MarkDevice) -> Device:
    device = Device(wish.id, wish.name, wish.location_id, str(tx.actor), tx.now, None)
    await tx.execute(
        INSERT_DEVICE,
        device.id,
        wish.digest,
        device.name,
        device.location_id,
        device.marked_by,
        device.created_at,
    )
    change = Change(action="auth.mark_device", subject=f"device:{device.id}", after=device)
    await audit.record(tx, [change])
    return device


STOP_SHARING = "update platform_device set ended_at = $2 where id = $1 and ended_at is null"
END_TURNS = """
update platform_session set ended_at = $2 where device_id = $1 and ended_at is null
"""


async def _end(tx: Tx, wish: EndDevice) -> None:
    if await tx.execute(STOP_SHARING, wish.id, tx.now) == "UPDATE 0":
        raise errors.NoSuchDevice(id=wish.id[:40])
    await tx.execute(END_TURNS, wish.id, tx.now)
    change = Change(action="auth.end_device", subject=f"device:{wish.id}", reason=wish.reason)
    await audit.record(tx, [change])


LIST_DEVICES = """
select id, name, location_id, marked_by, created_at, ended_at
from platform_device where ended_at is null order by created_at desc limit $1
"""


async def devices(tx: Tx) -> list[Device]:
    """Return the shared devices, newest first."""
    rows = await tx.fetch(LIST_DEVICES, DEVICES_LISTED_MAX)
    return [Device(**dict(row)) for row in rows]


SHOWN_DEVICE = """
select id, name, location_id, marked_by, created_at, ended_at
from platform_device where id = $1 and digest = $2 and ended_at is null
"""


async def device_shown(tx: Tx, text: str) -> Device | None:
    """Return the shared device that shows a token, None when it shows none that is good."""
    token = parse_token(text)
    if token is None or token.kind != DEVICE:
        return None
    row = await tx.fetchrow(SHOWN_DEVICE, token.id, token.digest)
    return Device(**dict(row)) if row else None


TURNS = """
select id from platform_account
where location_id = $1 and active and pin is not null order by email limit $2
"""


async def turns(tx: Tx, location_id: UUID) -> list[UUID]:
    """Return the accounts that may take over on the devices of a store."""
    return [row["id"] for row in await tx.fetch(TURNS, location_id, TURNS_LISTED_MAX)]


PIN_HASH = """
select pin from platform_account where id = $1 and location_id = $2 and active
"""


async def pin_hash(tx: Tx, account_id: UUID, location_id: UUID) -> str:
    """Return what a PIN is compared with, "" for somebody who has none or works elsewhere."""
    return await tx.fetchval(PIN_HASH, account_id, location_id) or ""


HAS_PIN = "select pin is not null from platform_account where id = $1"


async def has_pin(tx: Tx, account_id: UUID) -> bool:
    """Tell whether somebody has chosen a PIN."""
    return await tx.fetchval(HAS_PIN, account_id) or False


UPDATE_PIN = """
update platform_account set pin = nullif($2, ''), pin_failures = 0, pin_locked_until = null
where id = $1
"""


async def _set_pin(tx: Tx, wish: SetPin) -> None:
    await tx.execute(UPDATE_PIN, wish.account_id, wish.pin)
    change = Change(
        action="auth.set_pin",
        subject=f"account:{wish.account_id}",
        after={"has_pin": bool(wish.pin)},
    )
    await audit.record(tx, [change])


# Account and device must still be what they were when the PIN was compared.
LOCK_TURN = """
select pin_failures as failures, pin_locked_until as locked_until,
       active and pin = $3 and exists(
           select from platform_device d
           where d.id = $2 and d.location_id = a.location_id and d.ended_at is null
       ) as usable
from platform_account a where id = $1 for update
"""
COUNT_PIN = "update platform_account set pin_failures = $2, pin_locked_until = $3 where id = $1"


async def _switch(tx: Tx, commands: Sequence[Command[Switch]]) -> list[Switched]:
    [command] = commands
    wish = command.body
    row = await tx.fetchrow(LOCK_TURN, wish.account_id, wish.device_id, wish.against)
    attempts = (
        Attempts(row["failures"], row["locked_until"], row["usable"] or False)
        if row
        else (Attempts(0, None, False))
    )
    tx.audited.add(command.key)
    if not (wish.passed and attempts.usable) or attempts.is_locked(tx.now):
        failed = domain.after_failure(attempts, tx.now, domain.PIN_FAILURES_MAX)
        await tx.execute(COUNT_PIN, wish.account_id, failed.failures, failed.locked_until)
        return [Switched(None)]
    await tx.execute(COUNT_PIN, wish.account_id, 0, None)
    await tx.execute(END_TURNS, wish.device_id, tx.now)
    opening = Opening(
        wish.account_id, wish.session_id, wish.digest, wish.browser, "pin", wish.device_id
    )
    return [Switched(await open_session(tx, opening))]


MARK_DEVICE = one_by_one("auth.mark_device", MarkDevice, Device, _mark)
END_DEVICE = one_by_one("auth.end_device", EndDevice, None, _end)
SET_PIN = one_by_one("auth.set_pin", SetPin, None, _set_pin)
# As with signing in, the new session's id names the wish.
SWITCH = CommandKind("auth.switch", Switch, Switched, _switch, batch_max=1, repeatable=True)
COMMANDS = [MARK_DEVICE, END_DEVICE, SET_PIN, SWITCH]
