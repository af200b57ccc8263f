"""Telling: what was said to a channel is told in turns, by one worker at a time.

A turn is an effect. It reads what was waiting when it was called, has the family make calls and
documents of it, and saves what became of each message, with what was learnt, in the transaction
that ends it and asks for the next turn. What it tells is fixed by its body: a turn that is taken
over from a worker that died tells the same messages with the same keys and numbers.

That a channel is slow, away or does not let us in costs its messages no try: it is left alone for
growing times, and all of it waits. A message that fails by itself is tried again later, while what
is said of other things goes on; after :data:`~crosslane.channels.domain.outgoing.TRIES_MIN` tries
within a day and more it has failed.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from crosslane import organization
from crosslane.channels.adapters.telling import (
    Busy,
    Document,
    Later,
    Outcome,
    Outgoing,
    Refused,
)
from crosslane.channels.domain import outgoing as rules
from crosslane.channels.domain.asked import newest_order
from crosslane.channels.domain.connection import FETCHED
from crosslane.channels.domain.exchange import WrittenTable
from crosslane.channels.domain.messages import Order, Outbound
from crosslane.channels.domain.outgoing import Due, Pace
from crosslane.channels.events import MessageNotTold
from crosslane.channels.service import offer_turns
from crosslane.channels.service.conversing import Speaker, Unreachable
from crosslane.channels.service.endings import (
    Done,
    Ending,
    kept_as,
    learnt_of,
    offers_of,
    without_erased,
)
from crosslane.channels.service.mapping import tables_of
from crosslane.channels.service.memories import memory_of
from crosslane.channels.service.offer_turns import Renewed, renew
from crosslane.channels.service.saying import Voice, voices
from crosslane.channels.service.saying.words import number_of, skus_of, subject_of_order
from crosslane.channels.service.turns import (
    ERRAND,
    TELL,
    Errand,
    Pause,
    broken,
    call_turns,
    lock_turn,
    rested_after,
)
from crosslane.channels.storage import known as known_storage
from crosslane.channels.storage import orders as order_storage
from crosslane.channels.storage import outgoing as storage
from crosslane.channels.storage import pace as pace_storage
from crosslane.channels.storage.known import ARTICLES, Kept
from crosslane.channels.storage.outgoing import Ended
from crosslane.channels.storage.pace import Standing
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, one_by_one

MESSAGES_A_TURN_MAX = 500
LOOKED_AT_MAX = 2_000
# A turn begins nothing new after this time; a part may take as long as this once begun.
TURN_SECONDS = 10.0
PART_SECONDS_MAX = 30.0
LOGGER = logging.getLogger("crosslane.channels")

_decoder: msgspec.json.Decoder[Outbound] = msgspec.json.Decoder(Outbound)


class Part(msgspec.Struct, frozen=True):
    """Messages of one kind that are told together."""

    kind: str
    due: list[Due]
    outgoing: list[Outgoing]

    @property
    def key(self) -> str:
        """Names what is told together: with another message it is another key.

        Who has taken the first of them alone, and whose answer was lost, has not heard the others.
        """
        keys = [one.key for one in self.outgoing]
        if len(keys) == 1:
            return keys[0]
        digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
        return f"{self.kind}:{digest}"


class Prepared(msgspec.Struct, frozen=True):
    """What a turn needs.

    Args:
        voice: the channel.
        parts: what it tells, one after the other.
        pace: what is left of its rate.
        now: time of the transaction that read all this.
        currency: of the channel; likewise its zone.
        offers: which of it are offers, made anew.
        tables: how it is written, by kind, for formats of tables.
    """

    voice: Voice
    parts: list[Part]
    pace: Pace
    now: datetime
    currency: str
    timezone: str
    offers: Renewed
    tables: Mapping[str, WrittenTable]


async def prepare(tx: Tx, call: EffectCall[Errand]) -> Prepared | None:
    """Read what a turn tells; None when it was overtaken, or nobody listens any more."""
    errand = call.body
    standing = (await pace_storage.list_standings(tx, ERRAND, [errand.channel])).get(errand.channel)
    voice = (await voices(tx)).get(errand.channel)
    if standing is None or standing.turn != errand.turn or voice is None:
        return None
    waiting = await storage.list_due(
        tx, errand.channel, errand.upto, standing.due_at, MESSAGES_A_TURN_MAX
    )
    tells = voice.family.tells
    parts = rules.together(
        waiting, lambda kind: tells[kind].at_once_max if kind in tells else MESSAGES_A_TURN_MAX
    )
    offers = await renew(tx, errand.channel, parts, is_taken_over=call.attempt > 1)
    channel = (await organization.book(tx)).channel(errand.channel)
    full_at = standing.full_at
    if call.attempt > 1 and (rate := voice.family.rate):
        # What the try before has called nobody knows.
        full_at = max(full_at, tx.now + timedelta(seconds=rate.burst / rate.per_second))
    return Prepared(
        voice=voice,
        parts=await _outgoing(tx, errand.channel, offers),
        pace=Pace(voice.family.rate, full_at),
        now=tx.now,
        currency=channel.currency,
        timezone=channel.timezone,
        offers=offers,
        tables=await tables_of(tx, voice.connection),
    )


async def _outgoing(tx: Tx, channel: str, offers: Renewed) -> list[Part]:
    """Return messages as a family is given them."""
    every = [one for part in offers.parts for one in part]
    messages = {one.id: _decoder.decode(one.canonical) for one in every}
    orders = await _orders(tx, channel, every)
    skus = {one.id: skus_of(messages[one.id], orders.get(one.subject)) for one in every}
    subjects = sorted({one.subject for one in every})
    learnt, articles = await known_storage.list_known(
        tx, channel, subjects, sorted({sku for theirs in skus.values() for sku in theirs})
    )
    names = {**articles, **offers.known}
    return [
        Part(
            part[0].kind,
            list(part),
            [
                Outgoing(
                    key=one.key,
                    number=one.number,
                    message=messages[one.id],
                    order=orders.get(one.subject),
                    known=_known(learnt.get(one.subject, {}), names, skus[one.id]),
                )
                for one in part
            ],
        )
        for part in offers.parts
    ]


async def _orders(tx: Tx, channel: str, every: Sequence[Due]) -> dict[str, Order]:
    """Return the newest order the channel has told, by the subject it is."""
    sources = [
        (channel, number) for s in {one.subject for one in every} if (number := number_of(s))
    ]
    said = await order_storage.list_said(tx, sources) if sources else {}
    return {
        subject_of_order(number): order
        for (_, number), theirs in said.items()
        if (order := newest_order(theirs))
    }


def _known(
    learnt: Mapping[str, str], articles: Mapping[str, str], skus: Sequence[str]
) -> dict[str, str]:
    names = [prefix + sku for sku in skus for prefix in ARTICLES]
    return {**learnt, **{name: articles[name] for name in names if name in articles}}


async def tell(call: EffectCall[Errand], prepared: Prepared | None) -> Done | None:
    """Tell what a turn has to tell, part by part, until its time is over or the channel balks."""
    if prepared is None:
        return None
    voice = prepared.voice
    speaker = Speaker(voice.connection, voice.family, prepared.pace, prepared.now)
    memory = memory_of(call.tenant, voice.connection)
    endings = [
        Ending(due=one, outcome=Outcome(state="needless", code=code))
        for one, code in prepared.offers.unsaid
    ]
    pause = None
    ends_at = time.monotonic() + TURN_SECONDS
    for part in prepared.parts:
        if time.monotonic() > ends_at:
            break
        theirs, pause = await _tell_part(speaker, prepared, part, memory)
        endings += theirs
        if pause is not None:
            break
    return Done(
        endings=endings,
        documents=speaker.documents,
        pace=speaker.pace,
        pause=pause,
        succeeded=any(one.outcome for one in endings[len(prepared.offers.unsaid) :]),
        made=prepared.offers.made,
        are_fetched=voice.connection.delivery in FETCHED,
    )


async def _tell_part(
    speaker: Speaker, prepared: Prepared, part: Part, memory: dict[str, str]
) -> tuple[list[Ending], Pause | None]:
    """Tell messages together; return what became of them, and why the channel is left alone."""
    speaker.begin()
    telling = prepared.voice.family.tells.get(part.kind)
    if telling is None:
        outcome = Outcome(
            state="unsupported", code="not-told", detail="Nobody can tell it any more"
        )
        return [Ending(due=one, outcome=outcome, part=part.key) for one in part.due], None
    talk = speaker.talk(prepared.currency, prepared.timezone, memory, prepared.tables)
    try:
        async with asyncio.timeout(PART_SECONDS_MAX):
            conversation = telling.tell(part.outgoing, talk)
            outcomes = await speaker.converse(conversation, part.key)
        if len(outcomes) != len(part.due):
            raise TypeError(f"{len(part.due)} messages have {len(outcomes)} outcomes")
    except Busy as busy:
        pause = Pause("busy", "The channel asks us to wait", busy.after_seconds)
        return _not_tried(speaker, part, pause), pause
    except Unreachable as away:
        pause = Pause(away.code, away.detail)
        return _not_tried(speaker, part, pause), pause
    except Refused as refused:
        outcomes = [Outcome(state="refused", code=refused.code, detail=refused.detail)] * len(
            part.due
        )
    except (Later, TimeoutError) as later:
        pause = Pause("failed", str(later) or "it takes too long")
        return _failed(speaker, part, pause), pause
    # A family may live outside our tree; what is wrong with it must not keep others from talking.
    except Exception as defect:
        LOGGER.exception("telling %s to %s failed", part.kind, prepared.voice.connection.channel)
        pause = Pause("defect", f"{type(defect).__name__} in the format's own code")
        return _failed(speaker, part, pause), pause
    said, document = speaker.said(), speaker.document
    return [
        Ending(due=one, outcome=outcome, said=said, document=document, part=part.key)
        for one, outcome in zip(part.due, outcomes, strict=True)
    ], None


def _failed(speaker: Speaker, part: Part, pause: Pause) -> list[Ending]:
    said, document = speaker.said(), speaker.document
    return [
        Ending(due=one, failed=pause, said=said, document=document, part=part.key)
        for one in part.due
    ]


def _not_tried(speaker: Speaker, part: Part, pause: Pause) -> list[Ending]:
    return [msgspec.structs.replace(one, counts=False) for one in _failed(speaker, part, pause)]


async def record(tx: Tx, call: EffectCall[Errand], done: Done | None) -> None:
    """Save what became of messages, and ask for the next turn if anything waits."""
    if (standing := await lock_turn(tx, ERRAND, call.body.channel, call.body.turn)) is None:
        return
    if done is None:
        await pace_storage.save_standing(tx, msgspec.structs.replace(standing, is_open=False))
        return
    mine = await storage.lock_waiting(tx, [one.due.id for one in done.endings])
    done = without_erased(done, mine)
    standing, numbers = await _keep_documents(tx, standing, done.documents)
    ended = [kept_as(one, numbers.get(one.document), tx.now) for one in done.endings]
    await storage.save(tx, ended)
    await known_storage.save_known(tx, standing.channel, learnt_of(done.endings))
    await offer_turns.end(tx, standing.channel, offers_of(done, ended))
    await _announce(tx, call, done.endings, ended)
    rested = rested_after(standing, done.pace, done.pause, tx.now, succeeded=done.succeeded)
    await _go_on(tx, rested)


async def _keep_documents(
    tx: Tx, standing: Standing, documents: Sequence[Document]
) -> tuple[Standing, dict[str, int]]:
    """Keep files; return the numbers they have by name: of one handed over again the first."""
    by_name = {one.name: one for one in reversed(documents)}
    kept = [
        Kept(
            number=number,
            name=one.name,
            media_type=one.media_type,
            body=one.body,
            created_at=tx.now,
        )
        for number, one in enumerate(reversed(by_name.values()), standing.documents + 1)
    ]
    numbers = await known_storage.insert_documents(tx, standing.channel, kept)
    last = standing.documents + len(kept)
    return msgspec.structs.replace(standing, documents=last), numbers


async def _announce(
    tx: Tx,
    call: EffectCall[Errand],
    endings: Sequence[Ending],
    ended: Sequence[Ended],
) -> None:
    """Tell of what a person has to look at."""
    lost = [
        MessageNotTold(
            outgoing_id=one.id,
            channel=call.body.channel,
            message_kind=ending.due.kind,
            code=one.code,
        )
        for ending, one in zip(endings, ended, strict=True)
        if one.state in ("refused", "failed")
    ]
    if lost:
        await log.append(tx, lost, [call] * len(lost))


async def _go_on(tx: Tx, standing: Standing) -> None:
    """Save how a channel stands, and ask for its next turn."""
    due_at = await storage.next_due(tx, standing.channel, LOOKED_AT_MAX)
    if due_at is None:
        await pace_storage.save_standing(tx, msgspec.structs.replace(standing, is_open=False))
        return
    following = msgspec.structs.replace(
        standing,
        turn=standing.turn + 1,
        upto=standing.number,
        is_open=True,
        due_at=max(due_at, standing.ready_at, tx.now),
    )
    await pace_storage.save_standing(tx, following)
    await call_turns(tx, [following])


async def give_up(tx: Tx, call: EffectCall[Errand], reason: str) -> None:
    """Go on with a turn of its own when one could not even be prepared or saved."""
    if (standing := await lock_turn(tx, ERRAND, call.body.channel, call.body.turn)) is None:
        return
    await _go_on(tx, broken(standing, reason, tx.now))


TELLING = EffectKind(
    TELL,
    Errand,
    call=tell,
    record=one_by_one(record),
    dead=one_by_one(give_up),
    prepare=one_by_one(prepare),
    timeout_seconds=TURN_SECONDS + PART_SECONDS_MAX + 5.0,
)
