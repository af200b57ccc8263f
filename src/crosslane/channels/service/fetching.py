"""Fetching: channels that do not tell by themselves, or not all of it, are asked.

A turn is an effect that asks for one page and saves its records, as if the channel had sent them,
together with the cursor from which the next turn goes on: a turn that is lost is asked again and
loses nothing, and what came twice is known by its version. There is one turn of a channel at a
time, in a pace of its own; the schedule begins for whoever was connected since.
"""

import asyncio
import logging
from datetime import datetime, timedelta

import msgspec

from crosslane import organization
from crosslane.channels.adapters import LINES, family_of
from crosslane.channels.adapters.fetching import Fetching, Page
from crosslane.channels.adapters.telling import Busy, Later, Refused
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.outgoing import Pace
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.connecting import connections
from crosslane.channels.service.conversing import Speaker, Unreachable
from crosslane.channels.service.intake import RECEIVE, Receive, read_aside
from crosslane.channels.service.memories import memory_of
from crosslane.channels.service.rounds import Errand, Rounds
from crosslane.channels.service.turns import Pause, rested_after
from crosslane.channels.storage import cursors
from crosslane.channels.storage import pace as pace_storage
from crosslane.channels.storage.cursors import Fetched
from crosslane.channels.storage.pace import Standing
from crosslane.kernel import Refusal
from crosslane.organization import Channel
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, one_by_one
from crosslane.platform.lane import Command

FETCH = "channels.fetch"
ERRAND = "fetch"
BEGIN_EVERY_SECONDS = 60.0
TURN_SECONDS = 60.0
# A token and a page.
CALLS_A_TURN = 2
ROUNDS = Rounds(FETCH, ERRAND)
LOGGER = logging.getLogger("crosslane.channels")


class Prepared(msgspec.Struct, frozen=True):
    """What a turn needs.

    Args:
        connection: how the channel's system is connected.
        channel: the channel.
        agreed: what was agreed on with it.
        cursor: from where it goes on.
        pace: what is left of its rate.
        now: time of the transaction that read all this.
    """

    connection: Connection
    channel: Channel
    agreed: Agreement
    cursor: str
    pace: Pace
    now: datetime


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a turn.

    Args:
        page: what was fetched, None when nothing was.
        wish: its records, read; None when there are none.
        pace: what is left of the rate.
        pause: why the channel is left alone.
        every_seconds: how long after it the next turn is due.
    """

    page: Page | None
    wish: Receive | None
    pace: Pace
    pause: Pause | None
    every_seconds: float


class FetchingView(msgspec.Struct, frozen=True, kw_only=True):
    """How fetching from a channel goes.

    Args:
        fetched_at: when it last answered, None when it never did.
        records: how many it has ever brought.
        ready_at: when it is asked again, None when nobody has begun.
        failures: how often it has failed, one after the other.
        code: why it is left alone, "" when it is not; likewise words for people.
    """

    fetched_at: datetime | None = None
    records: int = 0
    ready_at: datetime | None = None
    failures: int = 0
    code: str = ""
    detail: str = ""


async def views(tx: Tx) -> dict[str, FetchingView]:
    """Return how fetching goes, of every channel that is fetched from."""
    wanted = [code for code, one in (await connections(tx)).items() if fetching_of(one)]
    fetched = await cursors.list_fetched(tx, wanted)
    standings = await pace_storage.list_standings(tx, ERRAND, wanted)
    return {code: _view(fetched.get(code), standings.get(code)) for code in wanted}


def _view(fetched: Fetched | None, standing: Standing | None) -> FetchingView:
    return FetchingView(
        fetched_at=fetched.fetched_at if fetched else None,
        records=fetched.records if fetched else 0,
        ready_at=standing.ready_at if standing else None,
        failures=standing.failures if standing else 0,
        code=standing.code if standing else "",
        detail=standing.detail if standing else "",
    )


def fetching_of(connection: Connection) -> Fetching | None:
    """Return how a connection is fetched from, None when it is not."""
    wanted = connection.active and connection.base_url and connection.token
    return family_of(connection.format).fetches if wanted else None


async def begin(tx: Tx) -> None:
    """Give every channel that is fetched from its turn; one that has it already keeps it."""
    wanted = [code for code, one in (await connections(tx)).items() if fetching_of(one)]
    await ROUNDS.begin(tx, wanted)


async def prepare(tx: Tx, call: EffectCall[Errand]) -> Prepared | None:
    """Read what a turn needs; None when it was overtaken, or the channel is asked no longer."""
    code, standing = call.body.channel, await ROUNDS.find(tx, call.body)
    connection = (await connections(tx)).get(code)
    fetching = fetching_of(connection) if connection else None
    if standing is None or connection is None or fetching is None:
        return None
    fetched = (await cursors.list_fetched(tx, [code])).get(code)
    channel = (await organization.book(tx)).channel(code)
    return Prepared(
        connection=connection,
        channel=channel,
        agreed=await agreed_with(tx, channel, connection.format),
        cursor=fetched.cursor if fetched else "",
        pace=Pace(fetching.rate, standing.full_at),
        now=tx.now,
    )


async def fetch(call: EffectCall[Errand], prepared: Prepared | None) -> Done | None:
    """Ask for a page."""
    if prepared is None:
        return None
    connection, channel = prepared.connection, prepared.channel
    family = family_of(connection.format)
    if (fetching := family.fetches) is None:
        return None
    speaker = Speaker(connection, family, prepared.pace, prepared.now)
    memory = memory_of(call.tenant, connection)
    talk = speaker.talk(channel.currency, channel.timezone, memory)
    page = wish = pause = None
    try:
        async with asyncio.timeout(TURN_SECONDS):
            page = await speaker.converse(fetching.fetch(prepared.cursor, talk), call.key)
            wish = await _read(page, prepared)
    except Busy as busy:
        pause = Pause("busy", "The channel asks us to wait", busy.after_seconds)
    except Unreachable as away:
        pause = Pause(away.code, away.detail)
    except Refused as refused:
        pause = Pause(refused.code, refused.detail)
    except Refusal as refusal:
        pause = Pause(refusal.code, refusal.message)
    except (Later, TimeoutError) as later:
        pause = Pause("failed", str(later) or "it takes too long")
    # A family may live outside our tree; what is wrong with it must not keep others from talking.
    except Exception as defect:
        LOGGER.exception("fetching from %s failed", connection.channel)
        pause = Pause("defect", f"{type(defect).__name__} in the format's own code")
    return Done(
        page=None if pause else page,
        wish=wish,
        pace=speaker.pace,
        pause=pause,
        every_seconds=fetching.every_seconds,
    )


async def _read(page: Page, prepared: Prepared) -> Receive | None:
    if not page.records:
        return None
    return await read_aside(
        b"\n".join(page.records),
        channel=prepared.channel,
        agreed=prepared.agreed,
        format=prepared.connection.format,
        received_at=prepared.now,
        media_type=LINES,
        file_name=FETCH,
    )


async def record(tx: Tx, call: EffectCall[Errand], done: Done | None) -> None:
    """Take in what was fetched, save from where to go on, and ask for the next turn."""
    standing = await ROUNDS.lock(tx, call, is_last=done is None)
    if standing is None or done is None:
        return
    if done.page is not None:
        if done.wish is not None:
            command = Command(call.key, Actor("system", FETCH), done.wish, call.trace)
            (answer,) = await RECEIVE.handle(tx, [command])
            if isinstance(answer, Refusal):
                raise answer
        await cursors.save_fetched(tx, standing.channel, done.page.cursor, len(done.page.records))
    await ROUNDS.go_on(tx, _rested(standing, done, tx.now))


def _rested(standing: Standing, done: Done, now: datetime) -> Standing:
    """Return how a channel stands after a turn: when it is asked again, and why not before."""
    rested = rested_after(
        standing, done.pace, done.pause, now, succeeded=done.pause is None, calls=CALLS_A_TURN
    )
    if done.pause is not None or (done.page is not None and done.page.more):
        return rested
    again_at = max(rested.ready_at, now + timedelta(seconds=done.every_seconds))
    return msgspec.structs.replace(rested, ready_at=again_at)


FETCHING = EffectKind(
    FETCH,
    Errand,
    call=fetch,
    record=one_by_one(record),
    dead=one_by_one(ROUNDS.give_up),
    prepare=one_by_one(prepare),
    timeout_seconds=TURN_SECONDS + 5.0,
)
