"""For whoever runs the place, over HTTP: what happened, what got stuck, and another try for it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from crosslane.kernel import Page
from crosslane.platform import audit, effects, log
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.effects import DeadLetter, NoSuchDeadLetter
from crosslane.platform.lane import Command, CommandKind, one_by_one
from crosslane.platform.log import Entry, NotParked, Parked
from crosslane.platform.web import Caller, Paging, get, post

TAG = "operations"


class ReplayEffect(msgspec.Struct, frozen=True):
    """Make a dead letter due again."""

    id: UUID


class ReplayEvent(msgspec.Struct, frozen=True):
    """Let a reaction try a parked event again."""

    reaction: str
    log_id: int


class ReplayKind(msgspec.Struct, frozen=True):
    """Make dead letters of a kind due again."""

    kind: str


class ReplayReaction(msgspec.Struct, frozen=True):
    """Let a reaction try its parked events again."""

    reaction: str


# Filled once by the composition root.
_REACTIONS: list[log.Reaction] = []


def register(reactions: Iterable[log.Reaction]) -> None:
    """Make reactions known, so that their lag can be told; what was registered is forgotten."""
    _REACTIONS[:] = reactions


async def lags(tx: Tx) -> list[log.Lag]:
    """Return how far every reaction is behind, by name."""
    return await log.list_lags(tx, _REACTIONS)


async def _replay_effect(tx: Tx, commands: Sequence[Command[ReplayEffect]]) -> list[None]:
    [command] = commands
    await effects.replay_dead(tx, command.body.id)
    change = Change(action="operations.replay_effect", subject=f"effect:{command.body.id}")
    await audit.record(tx, [change])
    return [None]


async def _replay_event(tx: Tx, commands: Sequence[Command[ReplayEvent]]) -> list[None]:
    [command] = commands
    await log.replay_parked(tx, command.body.reaction, command.body.log_id)
    subject = f"parked:{command.body.reaction}/{command.body.log_id}"
    await audit.record(tx, [Change(action="operations.replay_event", subject=subject)])
    return [None]


async def _replay_kind(tx: Tx, wish: ReplayKind) -> int:
    replayed = await effects.replay_kind(tx, wish.kind)
    told = Change(
        action="operations.replay_effects",
        subject=f"effect_kind:{wish.kind}",
        after={"replayed": replayed},
    )
    await audit.record(tx, [told])
    return replayed


async def _replay_reaction(tx: Tx, wish: ReplayReaction) -> int:
    replayed = await log.replay_all_parked(tx, wish.reaction)
    told = Change(
        action="operations.replay_events",
        subject=f"reaction:{wish.reaction}",
        after={"replayed": replayed},
    )
    await audit.record(tx, [told])
    return replayed


REPLAY_EFFECT = CommandKind(
    "operations.replay_effect", ReplayEffect, None, _replay_effect, batch_max=1
)
REPLAY_EVENT = CommandKind("operations.replay_event", ReplayEvent, None, _replay_event, batch_max=1)

REPLAY_KIND = one_by_one("operations.replay_effects", ReplayKind, int, _replay_kind)
REPLAY_REACTION = one_by_one("operations.replay_events", ReplayReaction, int, _replay_reaction)


@get("/api/v1/dead-letters", permission="operations:read", tag=TAG)
async def list_dead_letters(caller: Caller) -> Page[DeadLetter]:
    """List calls to the outside that were given up, oldest first, 250 at most."""
    async with caller.read() as tx:
        return Page(await effects.list_dead(tx))


@post(
    "/api/v1/dead-letters/{letter_id}/replays",
    permission="operations:replay",
    command=REPLAY_EFFECT,
    raises=(NoSuchDeadLetter,),
    tag=TAG,
)
async def replay_dead_letter(caller: Caller, letter_id: UUID) -> None:
    """Try a call that was given up again, with all its tries."""
    await caller.submit(REPLAY_EFFECT, ReplayEffect(letter_id))


@get("/api/v1/parked-events", permission="operations:read", tag=TAG)
async def list_parked_events(caller: Caller) -> Page[Parked]:
    """List events that a reaction could not handle, oldest first, 250 at most."""
    async with caller.read() as tx:
        return Page(await log.list_parked(tx))


@post(
    "/api/v1/parked-events/{reaction}/{log_id}/replays",
    permission="operations:replay",
    command=REPLAY_EVENT,
    raises=(NotParked,),
    tag=TAG,
)
async def replay_parked_event(caller: Caller, reaction: str, log_id: int) -> None:
    """Let a reaction try a parked event again, with all its tries."""
    await caller.submit(REPLAY_EVENT, ReplayEvent(reaction, log_id))


@get("/api/v1/log-entries", permission="operations:read", tag=TAG)
async def list_log_entries(caller: Caller, paging: Paging, subject: str) -> Page[Entry]:
    """List what has happened to one subject, such as ``order:018f…``, in order."""
    after_no = (paging.after(int) or (0,))[0]
    async with caller.read() as tx:
        found = await log.history(tx, subject, after_no=after_no, limit=paging.limit + 1)
    return paging.page(found, key=lambda entry: (entry.subject_no,))


ROUTES = [
    list_dead_letters,
    replay_dead_letter,
    list_parked_events,
    replay_parked_event,
    list_log_entries,
]
