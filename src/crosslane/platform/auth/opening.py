"""Opening a session, however somebody has proved who it is; each leaves a row in the journal."""

from datetime import timedelta
from uuid import UUID

import msgspec

from crosslane.platform import audit
from crosslane.platform.actor import Actor
from crosslane.platform.auth import domain, storage
from crosslane.platform.auth.domain import Method, Session
from crosslane.platform.database import Tx


class Opening(msgspec.Struct, frozen=True):
    """A session to open.

    Args:
        account_id: whose.
        session_id: public part of its token.
        digest: digest of that token.
        browser: what it begins in.
        method: how somebody proved who it is.
        device_id: shared device it is on, None elsewhere.
    """

    account_id: UUID
    session_id: str
    digest: bytes
    browser: str
    method: Method = "password"
    device_id: str | None = None


class _Doing(msgspec.Struct, frozen=True):
    """Whose doing a sign-in is: that of the person who is in by it."""

    actor: Actor
    trace: str
    key: str = ""


async def open_session(tx: Tx, opening: Opening, *, again: bool = False) -> Session | None:
    """Open a session; None when one of this id has ended already.

    Args:
        tx: open transaction.
        opening: what to open.
        again: it was opened before by the same wish, whose answer got lost.
    """
    lasting = timedelta(days=domain.SESSION_DAYS_MAX)
    if opening.device_id is not None:
        lasting = timedelta(hours=domain.PIN_SESSION_HOURS)
    session = Session(
        id=opening.session_id,
        account_id=opening.account_id,
        created_at=tx.now,
        seen_at=tx.now,
        expires_at=tx.now + lasting,
        method=opening.method,
        browser=opening.browser,
        device_id=opening.device_id,
    )
    if again:
        return session
    if not await storage.insert_session(tx, session, opening.digest):
        return None
    change = audit.Change(
        action="auth.sign_in",
        subject=f"account:{session.account_id}",
        after={
            "method": session.method,
            "browser": session.browser,
            "device_id": session.device_id,
        },
    )
    person = Actor("staff", str(session.account_id))
    await audit.record(tx, [change], [_Doing(person, tx.trace, f"sign-in:{session.id}")])
    return session
