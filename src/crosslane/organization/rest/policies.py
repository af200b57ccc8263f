"""Policies over HTTP: what can be decided, what was, what holds and why."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import Page
from crosslane.organization import errors, service
from crosslane.organization.domain import Candidate, PolicyVersion, Reason, Scope, ScopeType
from crosslane.organization.service import SetPolicy, UndoPolicy, commands
from crosslane.platform.web import Caller, Paging, get, post

READ, WRITE = "organization:read", "organization:write"


class PolicyKindView(msgspec.Struct, frozen=True):
    """Something a retailer can decide.

    Args:
        name: name of the kind.
        scopes: where it can be set.
        default: what holds where nothing is set.
        schema: JSON Schema of a value.
    """

    name: str
    scopes: tuple[ScopeType, ...]
    default: dict[str, Any]
    schema: dict[str, Any]


class PolicyInForce(msgspec.Struct, frozen=True):
    """What holds for a kind, and why.

    Args:
        kind: name of the policy kind.
        value: what holds.
        version_id: where it comes from; null for the kind's default.
        asked: every scope that was asked, most specific first; the first with a value decides.
    """

    kind: str
    value: dict[str, Any]
    version_id: UUID | None
    asked: tuple[Candidate, ...]


class UndoReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a version is taken back."""

    reason: Reason


@get("/api/v1/policy-kinds", permission=READ)
async def list_policy_kinds(caller: Caller, paging: Paging) -> Page[PolicyKindView]:
    """List what can be decided, by name."""
    del caller
    (after,) = paging.after(str) or ("",)
    kinds = service.policy_kinds()
    shown = [
        PolicyKindView(
            name=name,
            scopes=kinds[name].scopes,
            default=msgspec.to_builtins(kinds[name].default),
            schema=msgspec.json.schema(kinds[name].body),
        )
        for name in sorted(kinds)
        if name > after
    ]
    return paging.page(shown[: paging.limit + 1], key=lambda kind: (kind.name,))


@get("/api/v1/policies", permission=READ)
async def list_policies(
    caller: Caller,
    paging: Paging,
    kind: str | None = None,
    scope_type: ScopeType | None = None,
    scope_code: str | None = None,
) -> Page[PolicyVersion]:
    """List what was decided, latest first."""
    (before_no,) = paging.after(int) or (None,)
    async with caller.read() as tx:
        found = await service.list_policy_versions(
            tx,
            before_no=before_no,
            kind=kind,
            scope_type=scope_type,
            scope_code=scope_code,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda version: (version.no,))


@get(
    "/api/v1/policies/in-force",
    permission=READ,
    raises=(errors.UnknownPolicyKind, errors.UnknownChannel),
)
async def show_policy_in_force(
    caller: Caller,
    kind: str,
    at: datetime | None = None,
    location: str | None = None,
    category: str = "",
    channel: str | None = None,
) -> PolicyInForce:
    """Tell what holds for a kind, and why.

    ``category`` is a path of codes from the root, such as ``home/kitchen``; the brand is the
    channel's.
    """
    async with caller.read() as tx:
        value, version_id, asked = await service.explain_policy(
            tx,
            kind,
            at=at or tx.now,
            location=location,
            category=[code for code in category.split("/") if code],
            channel=channel,
        )
    return PolicyInForce(
        kind=kind,
        value=msgspec.to_builtins(value),
        version_id=version_id,
        asked=tuple(asked),
    )


@post(
    "/api/v1/policies",
    permission=WRITE,
    command=commands.SET_POLICY,
    raises=(
        errors.UnknownPolicyKind,
        errors.BadPolicyValue,
        errors.ScopeNotAllowed,
        errors.UnknownPolicyScope,
        errors.ReasonMissing,
        errors.PolicyMoved,
    ),
    example=SetPolicy(
        "catalog.fulfillment",
        {"methods": ["pickup", "carry_out"]},
        "Suits are fitted",
        Scope("category", "suits"),
    ),
)
async def set_policy(caller: Caller, data: SetPolicy) -> PolicyVersion:
    """Decide what holds for a kind in a scope from an instant on; nothing is overwritten."""
    return await caller.submit(commands.SET_POLICY, data)


@post(
    "/api/v1/policies/{version_id}/undo",
    permission=WRITE,
    command=commands.UNDO_POLICY,
    raises=(errors.UnknownPolicyVersion, errors.PolicySuperseded, errors.ReasonMissing),
    example=UndoReason("Mistyped"),
)
async def undo_policy(caller: Caller, version_id: UUID, data: UndoReason) -> PolicyVersion:
    """Take a version back: what held before it holds again from now on."""
    wish = UndoPolicy(version_id, data.reason)
    return await caller.submit(commands.UNDO_POLICY, wish)


ROUTES = [
    list_policy_kinds,
    list_policies,
    show_policy_in_force,
    set_policy,
    undo_policy,
]
