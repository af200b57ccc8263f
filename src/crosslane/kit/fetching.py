"""Rules about what is fetched: every record, from a cursor on, whatever its channel answers.

A file below ``fetches/`` holds the pages of one time, one after the other, as they went or as the
channel's own documentation says they go::

    {"talk": {"secret": "...", "now": "2026-07-02T09:30:00Z", "settings": {...}},
     "pages": [{"steps": [{"asks": {"method": "GET", "path": "orders?since=..."},
                           "answer": {"body": {"orders": [...], "next": "2"}}}],
                "records": 2, "more": true},
               {"steps": [...], "records": 1}]}

The first page is asked for from the beginning, each further one from the cursor that the one before
has returned. ``raises`` instead of ``records`` is ``busy``, ``later`` or ``refused``.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec

from crosslane.channels.adapters import (
    LINES,
    Answer,
    Call,
    Context,
    Family,
    Fetching,
    Page,
    Talk,
    read_records,
)
from crosslane.kernel import Refusal
from crosslane.kit.conversations import Asked, Ended, Gone, Step, hold
from crosslane.kit.errors import FixturesUnusable
from crosslane.kit.report import Check, Finding

CALLS_MAX = 20
CURSOR_CHARACTERS_MAX = 4_000
RECORDS_MAX = 1_000
# A turn of fetching has so long; what its rate lets it wait is taken from it.
TURN_SECONDS = 60.0
EVERY_SECONDS_MIN = 1.0
LATER_BY = timedelta(hours=1)
# What no channel answers when it has a page; none of it may be taken for one.
NO_PAGES = (
    *(Answer(body=body) for body in (b"", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"<html>")),
    Answer(body=b"[" * 5_000),
    *(Answer(status=status, body=b'{"errors":["no"]}') for status in (302, 400, 403, 404, 410)),
)
# What may be a page without anything in it, or none.
PERHAPS = (Answer(body=b"{}"), Answer(body=b'{"data":null}'), Answer(status=204))


class FetchedPage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A page as it went.

    Args:
        steps: what is asked, and answered.
        records: how many it brings.
        more: others are to be had at once.
        raises: what ends it instead.
        after_seconds: how long after the page before it is asked for.
    """

    steps: tuple[Step, ...] = ()
    records: int = 0
    more: bool = False
    raises: Ended | None = None
    after_seconds: float = 0.0


class Fetches(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Pages that follow one another, see the module."""

    talk: Talk = msgspec.field(default_factory=Talk)
    pages: tuple[FetchedPage, ...]
    note: str = ""
    name: str = ""


class Played(msgspec.Struct):
    """A page with where it begins, and how it went."""

    told: FetchedPage
    cursor: str
    talk: Talk
    went: Gone[Page]


def read_fetches(path: Path) -> Fetches:
    """Read the pages of a file.

    Raises:
        FixturesUnusable: there are none.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Fetches)
    except msgspec.MsgspecError as error:
        raise FixturesUnusable(file=str(path), reason=str(error)) from None
    if not found.pages:
        raise FixturesUnusable(file=str(path), reason="it has no pages")
    return msgspec.structs.replace(found, name=path.stem)


def check_fetching(family: Family, fetches: Sequence[Fetches]) -> list[Check]:
    """Fetch what is written down, again, later, cut off and wrongly answered."""
    if family.fetches is None:
        strangers = [Finding(one.name, "is fetched, undeclared") for one in fetches]
        return [Check.of("fetches", "nothing is fetched", strangers)] if fetches else []
    played = [(one, _play(family.fetches, one)) for one in fetches]
    return [
        _check_played(family, family.fetches, played),
        _check_resumed(family.fetches, played),
        _check_trouble(family.fetches, played),
    ]


def ask(
    fetching: Fetching, cursor: str, talk: Talk, answers: Callable[[int, Asked], Answer | None]
) -> Gone[Page]:
    """Ask for a page, remembering nothing.

    Args:
        fetching: of a family.
        cursor: from where to go on.
        talk: with whom.
        answers: as of ``hold``.
    """
    talk = msgspec.structs.replace(talk, memory=dict(talk.memory))
    judge = partial(_wrong_with, cursor)
    gone = hold(partial(fetching.fetch, cursor, talk), answers, judge, asks_max=CALLS_MAX)
    if not all(isinstance(asked, Call) for asked in gone.asked):
        gone.broken = "it hands over a document"
    return gone


def _wrong_with(cursor: str, page: object) -> str:
    """Return what is wrong with a page that was asked for from a cursor, whatever it says."""
    if not isinstance(page, Page):
        return f"it returns {page!r:.200}, no Page"
    if len(page.cursor) > CURSOR_CHARACTERS_MAX:
        return f"its cursor has {len(page.cursor)} characters, {CURSOR_CHARACTERS_MAX} at most"
    if len(page.records) > RECORDS_MAX:
        return f"it brings {len(page.records)} records at once, {RECORDS_MAX} at most"
    if any(b"\n" in one or b"\r" in one for one in page.records):
        return "a record has several lines; one_line makes it one"
    if page.more and page.cursor == cursor:
        return "there is more, from the same cursor: it would be asked for without end"
    return ""


def _play(fetching: Fetching, one: Fetches) -> list[Played]:
    """Ask for page after page, as they are written down."""
    played: list[Played] = []
    cursor, talk = "", one.talk
    for told in one.pages:
        talk = msgspec.structs.replace(talk, now=talk.now + timedelta(seconds=told.after_seconds))
        went = ask(fetching, cursor, talk, _answers(told.steps))
        played.append(Played(told, cursor, talk, went))
        if went.ending is None:
            break
        cursor = went.ending.cursor
    return played


def _answers(steps: Sequence[Step]) -> Callable[[int, Asked], Answer | None]:
    return lambda place, _: steps[place].answer.answer() if place < len(steps) else None


def _check_played(
    family: Family, fetching: Fetching, played: Sequence[tuple[Fetches, list[Played]]]
) -> Check:
    findings = [Finding("rate", wrong) for wrong in _rate_is_wrong(fetching)]
    records = pages = 0
    for one, theirs in played:
        for number, page in enumerate(theirs, 1):
            pages += 1
            for wrong in _differences(page):
                findings.append(Finding(f"{one.name} page {number}", wrong))
            if page.went.ending is not None:
                records += len(page.went.ending.records)
                findings += [
                    Finding(f"{one.name} page {number}", wrong)
                    for wrong in _not_understood(family, page)
                ]
        if len(theirs) < len(one.pages):
            findings.append(
                Finding(one.name, f"ends after {len(theirs)} of {len(one.pages)} pages")
            )
    several = any(one.told.more for _, theirs in played for one in theirs)
    unshown = [] if records else [Finding("fetches", "is declared, and no file shows a page")]
    if records and not several:
        unshown.append(Finding("fetches", "no file shows a page that others follow"))
    return Check.of("fetches", f"{records} records of {pages} pages", findings, unshown)


def _rate_is_wrong(fetching: Fetching) -> Iterator[str]:
    rate = fetching.rate
    if fetching.every_seconds < EVERY_SECONDS_MIN:
        yield f"it is asked again after {fetching.every_seconds} s, {EVERY_SECONDS_MIN} at least"
    if rate is not None and (rate.per_second <= 0 or rate.burst < 1):
        yield f"{rate.per_second} calls a second, {rate.burst} at once, lets nobody call"


def _differences(page: Played) -> Iterator[str]:
    told, went = page.told, page.went
    for place, (step, call) in enumerate(zip(told.steps, went.asked, strict=False), 1):
        if wrong := step.asks.differs(call):
            yield f"step {place}: {wrong}"
    if went.broken:
        yield went.broken
    elif len(went.asked) != len(told.steps):
        yield f"it makes {len(went.asked)} calls, not {len(told.steps)}"
    elif told.raises != went.raised:
        yield f"it is {went.raised or 'not stopped'}, not {told.raises}"
    elif went.ending is not None and (len(went.ending.records), went.ending.more) != (
        told.records,
        told.more,
    ):
        yield f"it brings {len(went.ending.records)} records, more: {went.ending.more}"


def _not_understood(family: Family, page: Played) -> Iterator[str]:
    """Yield what intake could not read of a page, all of whose records it gets together."""
    assert page.went.ending is not None  # noqa: S101 - asked before
    if not page.went.ending.records:
        return
    talk = page.talk
    context = Context(
        channel=talk.channel,
        currency=talk.currency,
        timezone=talk.timezone,
        media_type=LINES,
        received_at=talk.now,
        settings=talk.settings,
    )
    try:
        readings = read_records(family, b"\n".join(page.went.ending.records), context)
    except Refusal as refusal:
        yield f"its records are refused: {refusal.code}"
        return
    if len(readings) != len(page.went.ending.records):
        yield f"{len(page.went.ending.records)} records are read as {len(readings)}"
    for one in readings:
        if one.fault is not None:
            yield f"record {one.place}: {one.fault.code} {one.fault.detail} {one.fault.pointer}"


def _check_resumed(fetching: Fetching, played: Sequence[tuple[Fetches, list[Played]]]) -> Check:
    """A page that nobody can say was saved is asked for again: the same, whenever that is."""
    findings, tried = [], 0
    for one, theirs in played:
        for number, page in enumerate(theirs, 1):
            for cut in range(len(page.went.asked) + 1):
                tried += 1
                steps = page.told.steps[:cut]
                ask(fetching, page.cursor, page.talk, _answers(steps))
                anew = ask(fetching, page.cursor, page.talk, _answers(page.told.steps))
                if anew != page.went:
                    findings.append(
                        Finding(f"{one.name} page {number}", f"is another page after {cut} calls")
                    )
                    break
            # A page in the midst of others stays what it is while time goes by.
            if number > 1 and theirs[number - 2].told.more:
                late = msgspec.structs.replace(page.talk, now=page.talk.now + LATER_BY)
                again = ask(fetching, page.cursor, late, _answers(page.told.steps))
                if [_timeless(x) for x in again.asked] != [_timeless(x) for x in page.went.asked]:
                    told = "asks for something else an hour later: its pages have shifted"
                    findings.append(Finding(f"{one.name} page {number}", told))
    return Check.of("fetches resume", f"{tried} pages cut off and asked for anew", findings)


def _timeless(call: Call) -> tuple[str, str, bytes]:
    """Return what a call asks for; headers may be signed at a time."""
    return call.method, call.path, b"" if call.concealed else call.body


def _check_trouble(fetching: Fetching, played: Sequence[tuple[Fetches, list[Played]]]) -> Check:
    """Answer otherwise, at every step: it ends as fetchers end, and goes on behind nothing."""
    findings, tried = [], 0
    for one, theirs in played:
        # Where each page begins, by what it asks for first.
        talk, steps = one.talk, one.pages[0].steps
        begins = [_first_asked(fetching, page.cursor, talk, steps) for page in theirs]
        for number, page in enumerate(theirs):
            for place in range(len(page.told.steps)):
                for answer in (*NO_PAGES, *PERHAPS):
                    tried += 1
                    turned = _turned(page.told.steps, place, answer)
                    went = ask(fetching, page.cursor, page.talk, turned)
                    wrong = went.broken
                    if not wrong and answer not in PERHAPS and went.ending is not None:
                        first = _first_asked(fetching, went.ending.cursor, talk, steps)
                        wrong = _went_on(went.ending, first in begins[: number + 1])
                    if wrong:
                        told = f"step {place + 1} answered {answer.status} {answer.body[:20]!r}"
                        findings.append(
                            Finding(f"{one.name} page {number + 1}", f"{told}: {wrong}")
                        )
    return Check.of("fetches in trouble", f"{tried} pages turned", findings)


def _first_asked(
    fetching: Fetching, cursor: str, talk: Talk, steps: Sequence[Step]
) -> tuple[str, str, bytes] | None:
    """Return what is asked for first from a cursor, but for a token."""
    for cut in range(len(steps) + 1):
        calls = ask(fetching, cursor, talk, _answers(steps[:cut])).asked
        if len(calls) <= cut:
            break
        if not calls[-1].concealed:
            return _timeless(calls[-1])
    return None


def _went_on(page: Page, begins_there: bool) -> str:
    """Return what is wrong with a page that was made of no answer, "" when nothing is lost."""
    if page.records:
        return f"it brings {len(page.records)} records of it"
    return "" if begins_there else "it goes on behind what was not answered"


def _turned(
    steps: Sequence[Step], at: int, answer: Answer
) -> Callable[[int, Asked], Answer | None]:
    return lambda place, _: steps[place].answer.answer() if place < at else answer


__all__ = ["FetchedPage", "Fetches", "check_fetching", "read_fetches"]
