"""Rules: what was decided where, what holds and why, a new version of it, and taking one back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, organization
from crosslane.apps.office import rule_changes
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.names import names_of
from crosslane.apps.office.rule_fields import docs_of
from crosslane.apps.office.rule_telling import Told, changed_of, moment_of, told_of, written_of
from crosslane.apps.office.rule_values import Difference, differences
from crosslane.apps.office.rule_words import (
    SCOPES,
    Place,
    Places,
    area_title,
    kind_title,
    places,
)
from crosslane.kernel import Refusal
from crosslane.organization import UNDO_POLICY, PolicyKind, PolicyVersion, Scope, UndoPolicy
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

READ, WRITE = "organization:read", "organization:write"
SHOWN_DIFFERENCES_MAX = 4


class KindRow(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of rule in the list.

    Args:
        name: of the kind.
        title: what people call it; likewise its area.
        told: what it is about.
        places: where it is set now.
        coming: the next version that does not hold yet.
        latest: the version recorded last.
    """

    name: str
    title: str
    area: str
    told: str
    places: list[Place]
    coming: PolicyVersion | None
    latest: PolicyVersion | None


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a scope has of its own.

    Args:
        place: where.
        version: what was decided there.
        shown: how it differs from the kind's default, the first few.
        more: how many differences there are beyond.
        coming: the next version of this scope.
    """

    place: Place
    version: PolicyVersion | None
    shown: list[Difference]
    more: int
    coming: PolicyVersion | None


@page("/office/rules", permission=READ)
async def list_rules(caller: Caller, request: Request) -> Response:
    """Show everything that can be decided, and where it was."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        book = await organization.policies(tx)
        known = await places(tx)
        rows = [
            _kind_row(kind, book, known, tx.now) for kind in organization.policy_kinds().values()
        ]
        authors = await names_of(
            tx, (row.latest.author for row in rows if row.latest), PAGES.words(viewer)
        )
    areas: dict[str, list[KindRow]] = {}
    for row in sorted(rows, key=lambda row: row.name):
        areas.setdefault(row.area, []).append(row)
    return PAGES.answer(viewer, "rules.html", areas=areas, authors=authors)


def _kind_row(
    kind: PolicyKind, book: organization.PolicyBook, known: Places, now: datetime
) -> KindRow:
    histories = [book.versions(kind, scope) for scope in book.scopes(kind)]
    every = [version for history in histories for version in history]
    held = [_at(history, now) for history in histories]
    ahead = [version for version in every if version.valid_from > now]
    scopes = [v.scope for v in held if v is not None and v.value is not None]
    return KindRow(
        name=kind.name,
        title=kind_title(kind.name),
        area=area_title(kind.name),
        told=docs_of(kind.body)[0],
        places=[known.of(scope) for scope in _widest_first(scopes)],
        coming=min(ahead, key=lambda v: v.valid_from, default=None),
        latest=max(every, key=lambda v: v.no, default=None),
    )


@page("/office/rules/{kind}", permission=READ)
async def show_rule(
    caller: Caller,
    request: Request,
    paging: Paging,
    kind: str,
    location: str = "",
    category: str = "",
    channel: str = "",
    at: str = "",
) -> Response:
    """Show what holds of a kind of rule, where and why, and everything that was decided."""
    (before_no,) = paging.after(int) or (None,)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await told_of(tx, kind)
        known = await places(tx)
        moment = moment_of(at, viewer) or tx.now
        asked = {"location": location, "category": category, "channel": channel, "at": at}
        answer = await _explained(tx, told, asked, moment, viewer)
        history = await organization.list_policy_versions(
            tx,
            before_no=before_no,
            kind=told.name,
            scope_type=None,
            scope_code=None,
            limit=paging.limit + 1,
        )
        shown = paging.page(history, key=lambda version: (version.no,))
        held = _held(told, await organization.policies(tx), known, tx.now, viewer)
        versions = [*shown.items, *(row.version for row in held if row.version)]
        authors = await names_of(tx, (v.author for v in versions), PAGES.words(viewer))
    return PAGES.answer(
        viewer,
        "rule.html",
        told=told,
        places=known,
        scopes=SCOPES,
        held=held,
        asked=asked,
        answer=answer,
        history=shown,
        authors=authors,
        now=moment,
        tenant=caller.tenant,
    )


def _held(
    told: Told, book: organization.PolicyBook, known: Places, now: datetime, viewer: Viewer
) -> list[HeldRow]:
    rows = []
    words = PAGES.words(viewer)
    for scope in _widest_first(book.scopes(told.kind)):
        history = book.versions(told.kind, scope)
        version = _at(history, now)
        coming = next((one for one in history if one.valid_from > now), None)
        if (version is None or version.value is None) and coming is None:
            continue
        value = version.value if version else None
        differing = differences(told.fields, told.default, value, viewer, words)
        rows.append(
            HeldRow(
                place=known.of(scope),
                version=version if value is not None else None,
                shown=differing[:SHOWN_DIFFERENCES_MAX] if value is not None else [],
                more=max(0, len(differing) - SHOWN_DIFFERENCES_MAX) if value is not None else 0,
                coming=coming,
            )
        )
    return rows


async def _explained(
    tx: Tx, told: Told, asked: Mapping[str, str], at: datetime, viewer: Viewer
) -> dict[str, Any]:
    """Return what holds for what was asked, every scope that was asked, and the values to show."""
    tree = await catalog.category_tree(tx)
    path = tree.path(asked["category"]) if asked["category"] in tree.by_code else ()
    value, version_id, candidates = await organization.explain_policy(
        tx,
        told.name,
        at=at,
        location=asked["location"] or None,
        category=path,
        channel=asked["channel"] or None,
    )
    holds = msgspec.to_builtins(value)
    return {
        "candidates": candidates,
        "version_id": version_id,
        "values": written_of(told.fields, holds, viewer),
    }


@page("/office/rules/{kind}/versions/{version_id}", permission=READ)
async def show_version(caller: Caller, request: Request, kind: str, version_id: UUID) -> Response:
    """Show one version of a rule, what it had changed, and what taking it back would change."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await told_of(tx, kind)
        version = await organization.policy_version(tx, version_id)
        return await _version_page(tx, viewer, told, version)


@form("/office/rules/{kind}/versions/{version_id}/undo", permission=WRITE, command=UNDO_POLICY)
async def undo_rule(
    caller: Caller, request: Request, kind: str, version_id: UUID, data: bytes
) -> Response:
    """Take a version back: what held before it holds again."""
    reason = read_form(data).text("reason")
    try:
        await caller.submit(UNDO_POLICY, UndoPolicy(version_id, reason[:500]))
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            told = await told_of(tx, kind)
            version = await organization.policy_version(tx, version_id)
            return await _version_page(tx, viewer, told, version, refusal=refusal, reason=reason)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
    toast = PAGES.words(viewer)("Taken back. What held before holds again.")
    return see_other(f"/office/rules/{kind}", toast=toast)


async def _version_page(
    tx: Tx,
    viewer: Viewer,
    told: Told,
    version: PolicyVersion,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    book = await organization.policies(tx)
    history = book.versions(told.kind, version.scope)
    place = next((n for n, one in enumerate(history) if one.id == version.id), 0)
    before = history[place - 1] if place else None
    try:
        undo = await organization.preview_undo(tx, version.id)
    except organization.PolicySuperseded:
        undo = None
    words = PAGES.words(viewer)
    return PAGES.answer(
        viewer,
        "rule_version.html",
        status=422 if refusal else 200,
        told=told,
        version=version,
        place=(await places(tx)).of(version.scope),
        scopes=SCOPES,
        before=before,
        authors=await names_of(tx, [version.author], words),
        values=written_of(told.fields, version.value, viewer),
        changed=differences(told.fields, before and before.value, version.value, viewer, words),
        undo=undo,
        undone=changed_of(told, undo, viewer) if undo else [],
        holds=_at(history, tx.now) == version,
        refusal=refusal,
        reason=reason,
    )


def _at(history: Sequence[PolicyVersion], at: datetime) -> PolicyVersion | None:
    """Return what holds at an instant of all that was decided in one scope."""
    return next((one for one in reversed(history) if one.valid_from <= at), None)


def _widest_first(scopes: Any) -> list[Scope]:
    order = organization.SCOPE_TYPES
    return sorted(scopes, key=lambda scope: (-order.index(scope.type), scope.code))


ROUTES = [
    *rule_changes.ROUTES,
    list_rules,
    show_rule,
    show_version,
    undo_rule,
]
