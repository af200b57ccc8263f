"""The machine: calls to the outside, what got stuck, how far reactions are, keys, connections."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, time
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response

from crosslane import carriers, locations, payments
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.names import names_of
from crosslane.kernel import Refusal
from crosslane.platform import auth, effects, health, log, operations
from crosslane.platform.database import Tx
from crosslane.platform.effects import KindCount
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.tokens import KEY, new_token
from crosslane.platform.web import Caller, Paging

READ, REPLAY = "operations:read", "operations:replay"
KEYS_READ, KEYS_WRITE = "auth:read", "auth:write"
SCHEDULE = "schedule:"
LISTED_MAX = 250

Kind = Annotated[str, msgspec.Meta(max_length=100)]


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a person, in figures, and how far everything else is.

    Args:
        dead: calls that were given up.
        retrying: calls that have failed and will be tried again.
        waiting: calls that are due or will be.
        under_way: calls a worker is at.
        parked: events that a reaction could not handle.
        behind_seconds: age of the oldest event that a reaction has not read, 0 when all have.
        slowest: name of that reaction.
    """

    dead: int
    retrying: int
    waiting: int
    under_way: int
    parked: int
    behind_seconds: int
    slowest: str


@page("/office/machine", permission=READ)
async def show_machine(caller: Caller, request: Request) -> Response:
    """Show how the machine does: what is stuck, how far it is, the database, this retailer."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        counts = await effects.count_kinds(tx)
        lags = await operations.lags(tx)
        found = await health.health(tx)
        latest = await log.latest_at(tx)
    return PAGES.answer(
        viewer,
        "machine.html",
        stuck=_stuck(counts, lags, tx.now),
        health=found,
        latest=latest,
        tenant=caller.tenant,
        host=request.headers.get("host", ""),
        key_prefix=caller.key_prefix,
    )


def _stuck(counts: list[KindCount], lags: list[log.Lag], now: datetime) -> Stuck:
    behind = [lag for lag in lags if lag.oldest_at is not None]
    slowest = min(behind, key=lambda lag: lag.oldest_at or now, default=None)
    calls = [count for count in counts if not count.kind.startswith(SCHEDULE)]
    return Stuck(
        dead=sum(count.dead for count in counts),
        retrying=sum(count.retrying for count in counts),
        waiting=sum(count.waiting for count in calls),
        under_way=sum(count.under_way for count in counts),
        parked=sum(lag.parked for lag in lags),
        behind_seconds=_seconds(slowest, now) if slowest else 0,
        slowest=slowest.reaction if slowest else "",
    )


def _seconds(lag: log.Lag, now: datetime) -> int:
    return max(0, int((now - (lag.oldest_at or now)).total_seconds()))


@page("/office/machine/calls", permission=READ)
async def list_calls(caller: Caller, request: Request, kind: Kind = "") -> Response:
    """Show calls to the outside by kind, those under way or to be tried again, and the dead."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        counts = await effects.count_kinds(tx)
        dead = await effects.list_dead(tx, limit=LISTED_MAX)
        due = await effects.list_due(tx, kind=kind or None, limit=LISTED_MAX)
    return PAGES.answer(
        viewer,
        "machine_calls.html",
        kind=kind,
        calls=[count for count in counts if not count.kind.startswith(SCHEDULE)],
        schedules=[count for count in counts if count.kind.startswith(SCHEDULE)],
        due=[one for one in due if kind or not one.kind.startswith(SCHEDULE)],
        dead=[one for one in dead if kind in ("", one.kind)],
        dead_kinds=sorted({one.kind for one in dead}),
        more=len(dead) == LISTED_MAX,
        now=tx.now,
    )


@form(
    "/office/machine/dead-letters/{letter_id}/replay",
    permission=REPLAY,
    command=operations.REPLAY_EFFECT,
)
async def replay_letter(caller: Caller, request: Request, letter_id: UUID, data: bytes) -> Response:
    """Try one call again that was given up."""
    del data
    words = await _words(caller, request)
    try:
        await caller.submit(operations.REPLAY_EFFECT, operations.ReplayEffect(letter_id))
    except effects.NoSuchDeadLetter:
        return see_other("/office/machine/calls", toast=words("It is not given up any more."))
    return see_other("/office/machine/calls", toast=words("It is tried again."))


@form("/office/machine/calls/replay", permission=REPLAY, command=operations.REPLAY_KIND)
async def replay_letters(caller: Caller, request: Request, data: bytes) -> Response:
    """Try all calls of a kind again that were given up."""
    kind = read_form(data).text("kind")[:100]
    replayed = await caller.submit(operations.REPLAY_KIND, operations.ReplayKind(kind))
    words = await _words(caller, request)
    toast = words.plural("One call is tried again.", "%(n)s calls are tried again.", replayed)
    return see_other("/office/machine/calls", toast=toast)


@page("/office/machine/reactions", permission=READ)
async def list_reactions(caller: Caller, request: Request) -> Response:
    """Show how far reactions are behind the log, and the events that wait for a person."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        lags = await operations.lags(tx)
        parked = await log.list_parked(tx, limit=LISTED_MAX)
        latest = await log.latest_at(tx)
    return PAGES.answer(
        viewer,
        "machine_reactions.html",
        lags=sorted(lags, key=lambda lag: (lag.oldest_at or tx.now, lag.reaction)),
        seconds={lag.reaction: _seconds(lag, tx.now) for lag in lags},
        parked=parked,
        latest=latest,
        more=len(parked) == LISTED_MAX,
    )


@form("/office/machine/parked-events/replay", permission=REPLAY, command=operations.REPLAY_EVENT)
async def replay_event(caller: Caller, request: Request, data: bytes) -> Response:
    """Let a reaction try one parked event again."""
    fields = read_form(data)
    wish = operations.ReplayEvent(fields.text("reaction")[:100], fields.number("log_id", 0) or 0)
    words = await _words(caller, request)
    try:
        await caller.submit(operations.REPLAY_EVENT, wish)
    except log.NotParked:
        return see_other("/office/machine/reactions", toast=words("It is not parked any more."))
    return see_other("/office/machine/reactions", toast=words("It is tried again."))


@form("/office/machine/reactions/replay", permission=REPLAY, command=operations.REPLAY_REACTION)
async def replay_events(caller: Caller, request: Request, data: bytes) -> Response:
    """Let a reaction try all of its parked events again."""
    wish = operations.ReplayReaction(read_form(data).text("reaction")[:100])
    replayed = await caller.submit(operations.REPLAY_REACTION, wish)
    words = await _words(caller, request)
    toast = words.plural("One event is tried again.", "%(n)s events are tried again.", replayed)
    return see_other("/office/machine/reactions", toast=toast)


@page("/office/machine/keys", permission=KEYS_READ)
async def list_api_keys(caller: Caller, request: Request, paging: Paging) -> Response:
    """Show API keys, the newest first."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        return await _keys_page(tx, viewer, paging)


async def _keys_page(
    tx: Tx,
    viewer: Viewer,
    paging: Paging,
    *,
    fields: Mapping[str, str] = MappingProxyType({}),
    errors: Mapping[str, str] = MappingProxyType({}),
    refusal: Refusal | None = None,
) -> Response:
    after: Any = paging.after(datetime, str)
    found = await auth.keys(tx, after=after, limit=paging.limit + 1)
    shown = paging.page(found, key=lambda key: (key.created_at, key.id))
    network = await locations.network(tx)
    return PAGES.answer(
        viewer,
        "machine_keys.html",
        status=422 if errors or refusal else 200,
        keys=shown,
        authors=await names_of(tx, (key.created_by for key in shown.items), PAGES.words(viewer)),
        places=sorted(network.by_code.values(), key=lambda place: place.code),
        place_names={place.id: place.code for place in network.by_code.values()},
        fields=defaultdict(str, fields),
        errors=defaultdict(str, errors),
        refusal=refusal,
        now=tx.now,
    )


@form("/office/machine/keys", permission=KEYS_WRITE, command=auth.CREATE_KEY)
async def create_api_key(caller: Caller, request: Request, data: bytes) -> Response:
    """Make an API key and show its secret, this once."""
    fields = read_form(data)
    token = new_token(KEY, caller.key_prefix)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        words = PAGES.words(viewer)
        scopes = fields.text("scopes").replace(",", " ").split()
        errors = {}
        if not fields.text("name"):
            errors["name"] = words("Say what the key is for")
        if not scopes:
            errors["scopes"] = words("Say what the key may do, such as orders:read")
        expires_at = _until(fields, viewer)
        if expires_at is None and fields.text("expires"):
            errors["expires"] = words("A day is needed, such as 2030-12-24")
        if errors:
            return await _keys_page(tx, viewer, Paging(), fields=fields.plain(), errors=errors)
    wish = auth.CreateKey(
        token.id,
        token.digest,
        fields.text("name")[:200],
        fields.text("role"),
        scopes[:100],
        fields.id("location"),
        expires_at,
    )
    try:
        key = await caller.submit(auth.CREATE_KEY, wish)
    except Refusal as refusal:
        async with caller.read() as tx:
            return await _keys_page(tx, viewer, Paging(), fields=fields.plain(), refusal=refusal)
    secret = str(token) if key.id == token.id else ""
    answer = PAGES.answer(viewer, "machine_key.html", status=201, key=key, secret=secret)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@form("/office/machine/keys/{key_id}/revocation", permission=KEYS_WRITE, command=auth.REVOKE_KEY)
async def revoke_api_key(caller: Caller, request: Request, key_id: str, data: bytes) -> Response:
    """Stop an API key for good."""
    reason = read_form(data).text("reason")[:500]
    try:
        await caller.submit(auth.REVOKE_KEY, auth.RevokeKey(key_id, reason))
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            return await _keys_page(tx, viewer, Paging(), refusal=refusal)
    words = await _words(caller, request)
    return see_other("/office/machine/keys", toast=words("The key is refused from now on."))


@page("/office/machine/connections", permission=READ)
async def list_connections(caller: Caller, request: Request) -> Response:
    """Show the payment providers and carriers that are connected, without their secrets."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        providers = await payments.list_providers(tx) if viewer.may("payments:configure") else None
        book = await carriers.rate_book(tx) if viewer.may("carriers:read") else None
        counts = await effects.count_kinds(tx)
    return PAGES.answer(
        viewer,
        "machine_connections.html",
        providers=providers,
        carriers=sorted(book.carriers.values(), key=lambda one: one.code) if book else None,
        counts={count.kind: count for count in counts},
    )


async def _words(caller: Caller, request: Request) -> Any:
    async with caller.read() as tx:
        return PAGES.words(await view(tx, caller, request))


def _until(fields: Form, viewer: Viewer) -> datetime | None:
    """Return the end of the day on which a key stops working, None when there is no such day."""
    try:
        day = datetime.fromisoformat(fields.text("expires")).date()
    except ValueError:
        return None
    return datetime.combine(day, time.max, ZoneInfo(viewer.timezone))


ROUTES = [
    show_machine,
    list_calls,
    replay_letter,
    replay_letters,
    list_reactions,
    replay_event,
    replay_events,
    list_api_keys,
    create_api_key,
    revoke_api_key,
    list_connections,
]
