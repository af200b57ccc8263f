"""Looking up a gift card or store credit by its code, so often and no more.

Whoever is wrong too often has to wait, whatever is asked then; what cannot be a code at all counts
and is answered like one that nobody has. Counts are rows, so that they hold for all processes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.payments import domain, storage
from crosslane.payments.domain import Account
from crosslane.payments.service.stored import CODE_PURPOSE
from crosslane.platform import seals
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

WRONG_WINDOW_MINUTES = 15
# A shop asks for many shoppers, each of whom it names by a word of its own.
WRONG_OF_SHOPPER_MAX = 20
WRONG_OF_SHOP_MAX = 1_000
_NO_CODE = "no code"


class LookUp(msgspec.Struct, frozen=True):
    """A code to be looked up.

    Args:
        digest: of the code, or of what nobody's code has.
        shopper: digest of the caller's word for whoever typed it, "" when the caller typed it.
    """

    digest: bytes
    shopper: str = ""


class LookedUp(msgspec.Struct, frozen=True):
    """What a look-up has found.

    Args:
        account: the account, None when nobody has the code or the caller has to wait.
        wait_seconds: how long the caller has to wait, 0 when it need not.
    """

    account: Account | None
    wait_seconds: int = 0


def look_up_of(typed: str, shopper: str) -> LookUp:
    """Return the look-up of a typed code; the code itself goes no further.

    Raises:
        SealsOff: this process has no key.
    """
    plain = domain.plain_code(typed)
    who = seals.digest("payments.shopper", shopper).hex()[:32] if shopper else ""
    return LookUp(seals.digest(CODE_PURPOSE, plain or _NO_CODE), who)


async def look_up(tx: Tx, commands: Sequence[Command[LookUp]]) -> list[LookedUp]:
    """Look codes up, each for its caller."""
    since = _window(tx.now)
    limits = [_limits(command) for command in commands]
    wrong = await storage.lock_wrong(tx, {who for each in limits for who in each}, since)
    ids = await storage.find_codes(tx, [command.body.digest for command in commands])
    accounts = await storage.list_accounts(tx, ids.values())
    wait = int((since + timedelta(minutes=WRONG_WINDOW_MINUTES) - tx.now).total_seconds()) + 1
    answers = []
    counted: set[str] = set()
    for command, most in zip(commands, limits, strict=True):
        if any(wrong[who] >= limit for who, limit in most.items()):
            answers.append(LookedUp(None, wait))
            continue
        found = ids.get(command.body.digest)
        if found is None:
            for who in most:
                wrong[who] += 1
            counted |= most.keys()
        answers.append(LookedUp(accounts[found] if found is not None else None))
    if counted:
        await storage.save_wrong(tx, {who: wrong[who] for who in counted}, since)
    return answers


def _limits(command: Command[LookUp]) -> Mapping[str, int]:
    """Return how often each name a caller is counted under may be wrong."""
    caller, shopper = str(command.actor), command.body.shopper
    if not shopper:
        return {caller: WRONG_OF_SHOPPER_MAX}
    return {f"{caller}*": WRONG_OF_SHOP_MAX, f"{caller}/{shopper}": WRONG_OF_SHOPPER_MAX}


def _window(now: datetime) -> datetime:
    """Return the beginning of the stretch of time in which wrong codes are counted."""
    minute = now.minute - now.minute % WRONG_WINDOW_MINUTES
    return now.replace(minute=minute, second=0, microsecond=0)


LOOK_UP = CommandKind("payments.look_up", LookUp, LookedUp, look_up, repeatable=True)


class StoredValueView(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card or store credit as whoever has its code may see it.

    Args:
        id: what tenders name it by.
        kind: gift_card or store_credit.
        code_end: last characters of its code.
        currency: ISO 4217.
        balance_minor: what it holds; a part may be set aside for orders.
        free_minor: what may be taken from it.
        expires_at: first instant at which it is not valid any more, None for never.
        state: usable, blocked or expired.
    """

    id: UUID
    kind: str
    code_end: str
    currency: str
    balance_minor: int
    free_minor: int
    expires_at: datetime | None
    state: str


def shown(account: Account, now: datetime) -> StoredValueView:
    """Return an account as it is shown."""
    expired = domain.has_expired(account, now)
    return StoredValueView(
        id=account.id,
        kind=account.kind,
        code_end=account.code_end,
        currency=account.currency,
        balance_minor=account.balance_minor,
        free_minor=account.free_minor,
        expires_at=account.expires_at,
        state="blocked" if account.blocked else "expired" if expired else "usable",
    )
