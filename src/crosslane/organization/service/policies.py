"""Policies: what modules let a retailer decide, and what was decided."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.organization import storage
from crosslane.organization.domain import (
    TENANT,
    Candidate,
    PolicyBook,
    PolicyKind,
    PolicyVersion,
    Reason,
    Scope,
    ScopeType,
    refuse_scope,
)
from crosslane.organization.errors import (
    PolicyMoved,
    ReasonMissing,
    UnknownPolicyKind,
    UnknownPolicyScope,
    UnknownPolicyVersion,
)
from crosslane.organization.events import PolicyChanged
from crosslane.organization.service.book import book
from crosslane.platform import audit, facts, log
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact

POLICY_BOOK: Fact[PolicyBook] = Fact("organization.policies", storage.load_policies)

ScopeCheck = Callable[[Tx, str], Awaitable[bool]]

# Filled once by the composition root, read by everybody.
_KINDS: dict[str, PolicyKind[Any]] = {}
_SCOPE_CHECKS: dict[ScopeType, ScopeCheck] = {}


class SetPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decide what holds for a kind in a scope from an instant on.

    Args:
        kind: name of the policy kind.
        value: the kind's body; null ends the scope's own value.
        reason: why, for whoever reads the history.
        scope: where; the whole tenant when left out.
        valid_from: from when, now when left out; may lie in the past or the future.
        instead_of: the version of the scope that its author has seen in force at that instant, null
            for none; refused when it is another by now. Whoever leaves it out takes what comes.
    """

    kind: str
    value: dict[str, Any] | None
    reason: Reason
    scope: Scope = TENANT
    valid_from: datetime | None = None
    instead_of: UUID | msgspec.UnsetType | None = msgspec.UNSET


class UndoPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a version back: what held before it holds again from now on."""

    version_id: UUID
    reason: Reason


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a wish would change in its scope.

    Args:
        kind: name of the policy kind.
        scope: where.
        valid_from: from when.
        present: the version in force there at that instant, None where the scope has none.
        value: what would hold instead, None where the scope stops having a value of its own.
    """

    kind: str
    scope: Scope
    valid_from: datetime
    present: PolicyVersion | None
    value: dict[str, Any] | None


async def policies(tx: Tx) -> PolicyBook:
    """Return every policy, resolved in memory; from memory when nothing has changed."""
    return await facts.get(tx, POLICY_BOOK)


def register_policies(kinds: Iterable[PolicyKind[Any]]) -> None:
    """Make policy kinds known, so that they can be set; the composition root calls this once."""
    for kind in kinds:
        if _KINDS.setdefault(kind.name, kind) is not kind:
            raise ValueError(f"two policy kinds are called {kind.name}")


def register_scope(scope_type: ScopeType, exists: ScopeCheck) -> None:
    """Let the module that owns a sort of scope say whether a code exists."""
    _SCOPE_CHECKS[scope_type] = exists


def policy_kinds() -> Mapping[str, PolicyKind[Any]]:
    """Return every policy kind by its name."""
    return _KINDS


def policy_kind(name: str, *, pointer: str = "") -> PolicyKind[Any]:
    """Return the policy kind with a name, or raise UnknownPolicyKind."""
    if (kind := _KINDS.get(name)) is None:
        raise UnknownPolicyKind(pointer=pointer, name=name[:60])
    return kind


async def policy_version(tx: Tx, version_id: UUID, *, pointer: str = "") -> PolicyVersion:
    """Return a version of a policy, or raise UnknownPolicyVersion."""
    version = await storage.find_policy_version(tx, version_id)
    if version is None:
        raise UnknownPolicyVersion(pointer=pointer)
    return version


async def preview_policy(tx: Tx, wish: SetPolicy) -> PolicyChange:
    """Return what :func:`set_policy` would change; changes nothing.

    Raises:
        UnknownPolicyKind, ScopeNotAllowed, UnknownPolicyScope, BadPolicyValue, ReasonMissing: it
            would be refused.
    """
    kind = policy_kind(wish.kind, pointer="/kind")
    refuse_scope(kind, wish.scope)
    await _require_scope_exists(tx, wish.scope)
    value = None
    if wish.value is not None:
        value = msgspec.to_builtins(kind.read(wish.value))
    _require_reason(wish.reason)
    start = wish.valid_from or tx.now
    return PolicyChange(
        kind=kind.name,
        scope=wish.scope,
        valid_from=start,
        present=(await policies(tx)).in_force(kind.name, wish.scope, start),
        value=value,
    )


async def set_policy(tx: Tx, wish: SetPolicy) -> PolicyVersion:
    """Record a new version of a policy.

    Raises:
        UnknownPolicyKind, ScopeNotAllowed, UnknownPolicyScope: it cannot be set there.
        BadPolicyValue: the value does not fit the kind.
        ReasonMissing: nobody said why.
        PolicyMoved: another version than the author has seen is in force there.
    """
    await facts.touch(tx, POLICY_BOOK.topic)
    change = await preview_policy(tx, wish)
    seen = change.present.id if change.present else None
    if wish.instead_of is not msgspec.UNSET and wish.instead_of != seen:
        raise PolicyMoved
    return await _record(tx, change, reason=wish.reason)


async def preview_undo(tx: Tx, version_id: UUID) -> PolicyChange:
    """Return what :func:`undo_policy` would change; changes nothing.

    Raises:
        UnknownPolicyVersion, PolicySuperseded: it would be refused.
    """
    version = await policy_version(tx, version_id, pointer="/version_id")
    known = await policies(tx)
    start, value = known.undone(version, tx.now)
    return PolicyChange(
        kind=version.kind, scope=version.scope, valid_from=start, present=version, value=value
    )


async def undo_policy(tx: Tx, wish: UndoPolicy) -> PolicyVersion:
    """Take a version back by a new one that says what held before.

    Raises:
        UnknownPolicyVersion: there is no such version.
        PolicySuperseded: it is not the one in force (or next to come) in its scope.
        ReasonMissing: nobody said why.
    """
    _require_reason(wish.reason)
    await facts.touch(tx, POLICY_BOOK.topic)
    change = await preview_undo(tx, wish.version_id)
    return await _record(tx, change, reason=wish.reason, undoes=wish.version_id)


async def list_policy_versions(
    tx: Tx,
    *,
    before_no: int | None,
    kind: str | None,
    scope_type: ScopeType | None,
    scope_code: str | None,
    limit: int,
) -> list[PolicyVersion]:
    """Return the history of policies, latest recorded first.

    Args:
        tx: open transaction.
        before_no: number of the last version seen, None for the beginning.
        kind: only of this kind.
        scope_type: only of this sort of scope.
        scope_code: only of the scope with this code.
        limit: most versions.
    """
    return await storage.list_policy_versions(
        tx,
        before_no=2**63 - 1 if before_no is None else before_no,
        kind=kind,
        scope_type=scope_type,
        scope_code=scope_code,
        limit=limit,
    )


async def explain_policy(
    tx: Tx,
    name: str,
    *,
    at: datetime,
    location: str | None,
    category: Sequence[str],
    channel: str | None,
) -> tuple[Any, UUID | None, list[Candidate]]:
    """Return what holds for a kind, the version it comes from, and every scope that was asked.

    The brand is the channel's.

    Raises:
        UnknownPolicyKind, UnknownChannel: there is none with that name.
    """
    kind = policy_kind(name)
    brand = None if channel is None else (await book(tx)).channel(channel).brand
    where: dict[str, Any] = {
        "location": location,
        "category": category,
        "channel": channel,
        "brand": brand,
    }
    known = await policies(tx)
    value, version_id = known.resolve(kind, at, **where)
    return value, version_id, known.candidates(kind, at, **where)


async def _record(
    tx: Tx, change: PolicyChange, *, reason: str, undoes: UUID | None = None
) -> PolicyVersion:
    version_id, author = new_id(), str(tx.actor)
    no = await storage.insert_policy_version(
        tx,
        version_id=version_id,
        kind=change.kind,
        scope=change.scope,
        valid_from=change.valid_from,
        value=change.value,
        author=author,
        reason=reason,
        undoes=undoes,
    )
    changed = PolicyChanged(
        version_id=version_id,
        policy=change.kind,
        scope_type=change.scope.type,
        scope_code=change.scope.code,
    )
    await log.append(tx, [changed])
    version = PolicyVersion(
        id=version_id,
        no=no,
        kind=change.kind,
        scope=change.scope,
        valid_from=change.valid_from,
        value=change.value,
        author=author,
        reason=reason,
        recorded_at=tx.now,
        undoes=undoes,
    )
    told = audit.Change(
        action="organization.set_policy" if undoes is None else "organization.undo_policy",
        subject=f"policy:{change.kind}",
        before=change.present,
        after=version,
        reason=reason,
    )
    await audit.record(tx, [told])
    return version


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing(pointer="/reason")


async def _require_scope_exists(tx: Tx, scope: Scope) -> None:
    known = await book(tx)
    match scope.type:
        case "tenant":
            return
        case "channel":
            exists = scope.code in known.channels
        case "brand":
            exists = scope.code in known.brands
        case _:
            check = _SCOPE_CHECKS.get(scope.type)
            exists = check is not None and await check(tx, scope.code)
    if not exists:
        raise UnknownPolicyScope(pointer="/scope/code", type=scope.type, code=scope.code[:60])
