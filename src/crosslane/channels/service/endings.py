"""What a turn of telling came to, and what of that is kept; pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.channels.adapters.telling import (
    CODE_CHARACTERS_MAX,
    DETAIL_CHARACTERS_MAX,
    Document,
    Outcome,
)
from crosslane.channels.domain import outgoing as rules
from crosslane.channels.domain.outgoing import CONTROL_NUMBERS, Due, Pace
from crosslane.channels.service.conversing import Exchange
from crosslane.channels.service.offer_turns import KINDS as OFFERS
from crosslane.channels.service.offer_turns import REFUSED, TurnedOffer
from crosslane.channels.service.turns import Pause
from crosslane.channels.storage.known import ARTICLES
from crosslane.channels.storage.outgoing import Ended


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message.

    Args:
        outcome: as the family says, None when it is tried again.
        failed: why not, then.
        counts: whether that was a try: the message may be at fault.
        said: calls and documents; likewise the name of the last document.
        part: key of what was told together.
    """

    due: Due
    outcome: Outcome | None = None
    failed: Pause | None = None
    counts: bool = True
    said: Sequence[Exchange] = ()
    document: str = ""
    part: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a turn.

    Args:
        made: what its offers said before they were made anew.
        are_fetched: its documents were handed to nobody yet.
    """

    endings: list[Ending]
    documents: list[Document]
    pace: Pace
    pause: Pause | None
    succeeded: bool
    made: Mapping[UUID, bytes]
    are_fetched: bool


def without_erased(done: Done, mine: set[UUID]) -> Done:
    """Return what is saved of a turn when some of its messages were erased meanwhile.

    What was said together with them holds what they said. A document that nobody has yet is none,
    and what else it said is told again; of one that was handed over the content goes.

    Args:
        done: what came of the turn.
        mine: messages that are still to be told.
    """
    left = [one for one in done.endings if one.due.id in mine]
    if len(left) == len(done.endings):
        return done
    spoilt = {one.part for one in done.endings if one.due.id not in mine}
    gone = {one.document for one in done.endings if one.part in spoilt}
    empty = [msgspec.structs.replace(one, body=b"") for one in done.documents if one.name in gone]
    return msgspec.structs.replace(
        done,
        endings=[_beside_erased(one, done) if one.part in spoilt else one for one in left],
        documents=[
            *(one for one in done.documents if one.name not in gone),
            *(() if done.are_fetched else empty),
        ],
    )


def _beside_erased(one: Ending, done: Done) -> Ending:
    if not (done.are_fetched and one.document):
        return msgspec.structs.replace(one, said=())
    return Ending(due=one.due, failed=Pause("erased-beside", ""), counts=False)


def kept_as(one: Ending, document: int | None, now: datetime) -> Ended:
    """Return what is kept of a message that was tried; ``document`` is the number of its file."""
    said = msgspec.json.encode(one.said)
    outcome = one.outcome
    if outcome is not None:
        return Ended(
            id=one.due.id,
            state=outcome.state,
            code=outcome.code[:CODE_CHARACTERS_MAX],
            detail=outcome.detail[:DETAIL_CHARACTERS_MAX],
            instead=outcome.instead[:CODE_CHARACTERS_MAX],
            said=said,
            document=document,
            control=None if outcome.control is None else outcome.control % CONTROL_NUMBERS,
            place=outcome.place,
            tries=one.due.tries + 1,
            due_at=now,
        )
    failed = one.failed or Pause("unknown", "")
    tries = one.due.tries + one.counts
    given_up = one.counts and rules.is_given_up(tries, one.due.created_at, now)
    # An offer is not told again but made anew.
    state = "superseded" if one.due.kind in OFFERS else "failed" if given_up else "waiting"
    wait = rules.retry_seconds(tries) if one.counts else 0.0
    return Ended(
        id=one.due.id,
        state=state,
        code=failed.code,
        detail=failed.detail[:DETAIL_CHARACTERS_MAX],
        said=said,
        document=document,
        tries=tries,
        due_at=now + timedelta(seconds=wait),
    )


def offers_of(done: Done, ended: Sequence[Ended]) -> list[TurnedOffer]:
    """Return what became of offers."""
    return [
        TurnedOffer(
            due=one.due,
            made=done.made[one.due.id],
            state=as_kept.state,
            code=as_kept.code,
            learnt=one.outcome.learnt if one.outcome else {},
        )
        for one, as_kept in zip(done.endings, ended, strict=True)
        if one.due.id in done.made
    ]


def learnt_of(endings: Sequence[Ending]) -> dict[tuple[str, str], str]:
    """Return what was learnt, by subject and name; names of articles are of no subject."""
    return {
        ("" if name.startswith(ARTICLES) else one.due.subject, name): value
        for one in endings
        if one.outcome is not None
        for name, value in one.outcome.learnt.items()
        if not name.startswith(REFUSED)
    }
