"""Changing a rule: the form, what it would change, and saving it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response

from crosslane import catalog, organization
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.rule_fields import title_of
from crosslane.apps.office.rule_telling import Told, changed_of, moment_of, told_of
from crosslane.apps.office.rule_values import ROWS_SPARE, entered, filled, read_value
from crosslane.apps.office.rule_words import SCOPES, Places, key_of, places, scope_of
from crosslane.kernel import Refusal
from crosslane.organization import SET_POLICY, PolicyChange, Scope, SetPolicy
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, Words, form, page, read_form, see_other
from crosslane.platform.web import Caller

WRITE = "organization:write"


@page("/office/rules/{kind}/change", permission=WRITE)
async def change_rule(
    caller: Caller, request: Request, kind: str, scope: str = "tenant"
) -> Response:
    """Show the form for a new version of a rule, filled in with what holds now."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await told_of(tx, kind)
        known = await places(tx)
        chosen = scope_of(scope)
        if chosen.type not in told.kind.scopes:
            chosen = Scope(told.kind.scopes[-1])
        present = (await organization.policies(tx)).in_force(told.name, chosen, tx.now)
        value = present.value if present and present.value is not None else None
        if value is None:
            value = await _wider(tx, told, chosen)
    form_state = {"scope": key_of(chosen), "valid_from": "", "reason": ""}
    return _form(viewer, told, known, form_state, filled(told.fields, value, viewer))


async def _wider(tx: Tx, told: Told, scope: Scope) -> dict[str, Any]:
    """Return what holds in a scope that has no value of its own."""
    where: dict[str, Any] = {}
    if scope.type == "category":
        where["category"] = (await catalog.category_tree(tx)).path(scope.code)
    elif scope.type != "tenant":
        where[scope.type] = scope.code
    if scope.type == "channel":
        channels = (await organization.book(tx)).channels
        where["brand"] = channels[scope.code].brand if scope.code in channels else None
    value, _ = (await organization.policies(tx)).resolve(told.kind, tx.now, **where)
    return msgspec.to_builtins(value)


@form("/office/rules/{kind}/form", permission=WRITE, command=None)
async def reopen_rule(caller: Caller, request: Request, kind: str, data: bytes) -> Response:
    """Show the form again as it was filled in, to go on with it."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await told_of(tx, kind)
        known = await places(tx)
    return _form(viewer, told, known, _state(fields), entered(told.fields, fields))


@form("/office/rules/{kind}/preview", permission=WRITE, command=None)
async def preview_rule(caller: Caller, request: Request, kind: str, data: bytes) -> Response:
    """Show what a new version would change, before it is saved."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await told_of(tx, kind)
        known = await places(tx)
        wish, errors = _wish(told, fields, viewer)
        refusal = None
        if not errors:
            try:
                change = await organization.preview_policy(tx, wish)
            except Refusal as refused:
                refusal, errors = refused, _errors_of(refused, PAGES.words(viewer))
    if errors or refusal:
        return _refused(viewer, told, known, fields, errors, refusal)
    return PAGES.answer(
        viewer,
        "rule_preview.html",
        told=told,
        place=known.of(change.scope),
        change=change,
        differing=changed_of(told, change, viewer),
        scopes=SCOPES,
        state=_state(fields),
        sent=_hidden(told, fields, change),
    )


@form("/office/rules/{kind}/versions", permission=WRITE, command=SET_POLICY)
async def save_rule(caller: Caller, request: Request, kind: str, data: bytes) -> Response:
    """Save a new version of a rule."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await told_of(tx, kind)
        known = await places(tx)
    wish, errors = _wish(told, fields, viewer)
    if errors:
        return _refused(viewer, told, known, fields, errors)
    try:
        await caller.submit(SET_POLICY, wish)
    except Refusal as refusal:
        return _refused(
            viewer, told, known, fields, _errors_of(refusal, PAGES.words(viewer)), refusal
        )
    return see_other(f"/office/rules/{told.name}", toast=PAGES.words(viewer)("Saved."))


def _wish(told: Told, sent: Form, viewer: Viewer) -> tuple[SetPolicy, dict[str, str]]:
    """Return what was filled in as the wish it stands for, and what is wrong with it by field."""
    words = PAGES.words(viewer)
    value, errors = read_value(told.fields, sent, viewer, words)
    if sent.text("ends"):
        value, errors = None, {}
    valid_from = moment_of(sent.text("valid_from"), viewer)
    if valid_from is None and sent.text("valid_from"):
        errors["valid_from"] = words("A day and a time are needed")
    if not sent.text("reason"):
        errors["reason"] = words("Say why: whoever reads the history will want to know")
    seen = sent.text("instead_of")
    instead_of: Any = msgspec.UNSET
    if sent.checked("instead_of"):
        instead_of = sent.id("instead_of") if seen else None
    wish = SetPolicy(
        told.name,
        value,
        sent.text("reason")[:500],
        scope_of(sent.text("scope", "tenant")),
        valid_from,
        instead_of,
    )
    return wish, errors


def _form(
    viewer: Viewer,
    told: Told,
    known: Places,
    state: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    return PAGES.answer(
        viewer,
        "rule_change.html",
        status=422 if errors or refusal else 200,
        told=told,
        offered=known.offered(told.kind),
        scopes=SCOPES,
        state=state,
        values=values,
        spare=ROWS_SPARE,
        errors=defaultdict(str, errors or {}),
        refusal=refusal,
        title_of=title_of,
    )


def _refused(
    viewer: Viewer,
    told: Told,
    known: Places,
    sent: Form,
    errors: Mapping[str, str],
    refusal: Refusal | None = None,
) -> Response:
    values = entered(told.fields, sent)
    return _form(viewer, told, known, _state(sent), values, errors=errors, refusal=refusal)


def _errors_of(refusal: Refusal, words: Words) -> dict[str, str]:
    """Return a refusal by the name of the field it is about, as far as it is about one."""
    names = {"/reason": "reason", "/scope": "scope", "/scope/code": "scope"}
    name = names.get(refusal.pointer)
    return {name: words.told(refusal)} if name else {}


def _state(sent: Form) -> dict[str, str]:
    return {name: sent.text(name) for name in ("scope", "valid_from", "reason")}


def _hidden(told: Told, sent: Form, change: PolicyChange) -> list[tuple[str, str]]:
    """Return everything that was filled in, to be sent on as it is."""
    names = sent.names("value.")
    pairs = [(name, text) for name in names for text in sent.texts(name)]
    pairs += [(name, sent.text(name)) for name in ("scope", "valid_from", "reason", "ends")]
    return [*pairs, ("instead_of", str(change.present.id) if change.present else "")]


ROUTES = [change_rule, reopen_rule, preview_rule, save_rule]
