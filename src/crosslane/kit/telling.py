"""Rules about what is told: whatever its channel answers, and again after a crash."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from crosslane.channels.adapters import (
    Answer,
    Call,
    Context,
    Document,
    Family,
    Outcome,
    Outgoing,
    read_records,
)
from crosslane.kernel import Refusal
from crosslane.kit.conversations import Asked, Conversation, Gone, hold
from crosslane.kit.report import Capability, Check, Finding
from crosslane.kit.samples import CAME_AT, Samples

# What says how things are may be said twice.
STATES = frozenset(("supply_snapshot", "price", "product"))
SAFE = frozenset(("GET", "HEAD", "PUT", "DELETE"))
# Bodies no channel should send; what comes of them is an outcome all the same.
STRANGE_BODIES = (
    *(b"", b"{}", b"[]", b"null", b"7", b'"x"', b"[[]]", b"\xff\xfe", b"<html>", b"[" * 5_000),
    b'{"id":{}}',
    b'{"errors":[{"message":"no"}]}',
    b'{"data":null}',
)
STRANGE_STATUSES = (200, 201, 204, 302, 400, 403, 404, 409, 410, 413, 418, 422)
Outcomes = Sequence[Outcome]
WONT = Answer(status=422, body=b'{"errors":["no"]}')


def check_telling(
    family: Family, samples: Samples
) -> tuple[list[Check], tuple[Capability, ...], dict[str, str]]:
    """Hold every conversation; return the rules kept or broken, what is told, and what lacks."""
    theirs = [one for one in samples.conversations if one.kind in family.tells]
    strangers = [one for one in samples.conversations if one.kind not in family.tells]
    played = [(one, _play(family, one)) for one in theirs]
    shown = Counter(
        one.kind for one, gone in played if any(x.state == "told" for x in gone.ending or ())
    )
    checks = [
        _check_declared(family, strangers, shown, played),
        _check_played(played),
        _check_trouble(family, theirs),
        _check_repeats(family, played),
        _check_documents(family, played),
    ]
    tells = tuple(
        Capability(
            kind=kind, shown=shown[kind], note=telling.note, proof=samples.proofs.get(kind, "")
        )
        for kind, telling in sorted(family.tells.items())
    )
    return checks, tells, dict(family.lacks)


def _hold(
    family: Family, one: Conversation, answers: Callable[[int, Asked], Answer | None]
) -> Gone[Outcomes]:
    messages = one.outgoing()
    begin = partial(family.tells[one.kind].tell, messages, one.begun())
    return hold(begin, answers, partial(_wrong_with, messages))


def _wrong_with(messages: Sequence[Outgoing], outcomes: object) -> str:
    """Return what is wrong with the outcomes of some messages, whatever they say."""
    if not isinstance(outcomes, Sequence) or len(outcomes) != len(messages):
        return f"it returns {outcomes!r:.200} for {len(messages)} messages"
    for one in outcomes:
        if not isinstance(one, Outcome):
            return f"it returns {one!r:.200}, no Outcome"
        if one.state in ("refused", "unsupported") and not one.code:
            return f"it is {one.state} without a code"
    return ""


def _play(family: Family, one: Conversation) -> Gone[Outcomes]:
    """Hold a conversation as it is written down."""

    def answers(place: int, asked: Asked) -> Answer | None:
        del asked
        return one.steps[place].answer.answer() if place < len(one.steps) else None

    return _hold(family, one, answers)


def _check_declared(
    family: Family,
    strangers: Sequence[Conversation],
    shown: Counter[str],
    played: Sequence[tuple[Conversation, Gone[Outcomes]]],
) -> Check:
    unshown = [
        Finding(kind, "is declared, and no conversation tells it")
        for kind in sorted(family.tells)
        if not shown[kind]
    ]
    findings = [Finding(one.name, f"tells {one.kind}, undeclared") for one in strangers]
    used = {x.instead for _, gone in played for x in gone.ending or ()} - {""}
    findings += [
        Finding(name, "is worked around, and not declared") for name in used - family.lacks.keys()
    ]
    detail = f"{len(family.tells)} kinds declared"
    if family.lacks:
        # What a channel cannot be told at all is done by people, and no conversation shows it.
        detail += f"; {len(used)} of {len(family.lacks)} work-arounds used"
    return Check.of("tells", detail, findings, unshown)


def _check_played(played: Sequence[tuple[Conversation, Gone[Outcomes]]]) -> Check:
    findings = []
    for one, gone in played:
        for wrong in _differences(one, gone):
            findings.append(Finding(one.name, wrong))
    return Check.of("conversations", f"{len(played)} held", findings)


def _differences(one: Conversation, gone: Gone[Outcomes]) -> Iterator[str]:
    for place, (step, asked) in enumerate(zip(one.steps, gone.asked, strict=False), 1):
        if wrong := step.asks.differs(asked):
            yield f"step {place}: {wrong}"
    if gone.broken:
        yield gone.broken
    if len(gone.asked) != len(one.steps):
        yield f"it asks for {len(gone.asked)} things, not {len(one.steps)}"
    elif one.raises != gone.raised:
        yield f"it is {gone.raised or 'not stopped'}, not {one.raises}"
    elif one.raises is None and tuple(gone.ending or ()) != one.ends:
        yield f"it ends with {gone.ending!r:.800}"


def _check_trouble(family: Family, theirs: Sequence[Conversation]) -> Check:
    """Answer otherwise, from every step on: it ends as tellers end, and claims nothing untrue."""
    findings, tried = [], 0
    for one in theirs:
        for place in range(len(one.steps)):
            for answer in _strange_answers():
                tried += 1
                gone = _hold(family, one, partial(_turning, one, place, answer))
                if gone.broken:
                    told = f"step {place + 1} answered {answer.status} {answer.body[:20]!r}"
                    findings.append(Finding(one.name, f"{told}: {gone.broken}"))
        gone = _hold(family, one, partial(_turning, one, 0, WONT))
        calls = [asked for asked in gone.asked if isinstance(asked, Call)]
        if calls and any(x.state == "told" for x in gone.ending or ()):
            findings.append(Finding(one.name, "is told, though its channel refuses everything"))
    return Check.of("trouble", f"{tried} conversations turned", findings)


def _turning(one: Conversation, at: int, answer: Answer, place: int, asked: Asked) -> Answer:
    if isinstance(asked, Document):
        return Answer()
    return one.steps[place].answer.answer() if place < at else answer


def _strange_answers() -> Iterator[Answer]:
    for body in STRANGE_BODIES:
        yield Answer(body=body)
    for status in STRANGE_STATUSES:
        yield Answer(status=status, body=b'{"errors":["no"]}')


def _check_repeats(family: Family, played: Sequence[tuple[Conversation, Gone[Outcomes]]]) -> Check:
    """What was begun and not ended is begun again: the same is asked for, and happens once."""
    findings, tried = [], 0
    again_shown = {one.kind for one, gone in played if gone.ending and not _writes(gone)}
    for one, gone in played:
        for place in range(len(gone.asked)):
            tried += 1
            cut = _hold(family, one, partial(_dying, one, place))
            anew = _play(family, one)
            if cut.asked != gone.asked[: place + 1] or anew.asked != gone.asked:
                findings.append(Finding(one.name, f"asks for something else after {place + 1}"))
                break
        for asked in _writes(gone) if one.kind not in STATES else ():
            carried = any(_carries(asked, message.key) for message in one.outgoing())
            if not carried and one.kind not in again_shown:
                told = f"{asked.method} {asked.path} carries no key"
                findings.append(
                    Finding(one.name, f"{told}, and no conversation shows it has happened already")
                )
    return Check.of("repeats", f"{tried} tries cut off", findings)


def _dying(one: Conversation, at: int, place: int, asked: Asked) -> Answer | None:
    del asked
    return one.steps[place].answer.answer() if place < min(at, len(one.steps)) else None


def _writes(gone: Gone[Outcomes]) -> list[Call]:
    """Return the calls that would do something twice when they are made twice."""
    calls = [asked for asked in gone.asked if isinstance(asked, Call)]
    return [
        call
        for call in calls
        if call.method not in SAFE and not (b"query" in call.body and b"mutation" not in call.body)
    ]


def _carries(call: Call, key: str) -> bool:
    return key in call.path or key.encode() in call.body or key in call.headers.values()


def _check_documents(
    family: Family, played: Sequence[tuple[Conversation, Gone[Outcomes]]]
) -> Check:
    """What is handed over is read by the family itself, which knows its own language."""
    findings, documents, understood = [], 0, 0
    for one, gone in played:
        for asked in gone.asked:
            if not isinstance(asked, Document) or asked.media_type not in family.media_types:
                continue
            documents += 1
            context = Context(
                channel=one.talk.channel,
                currency=one.talk.currency,
                timezone=one.talk.timezone,
                media_type=asked.media_type,
                received_at=CAME_AT,
                mapping=table.mapping if (table := one.talk.tables.get(one.kind)) else None,
                settings=one.talk.settings,
            )
            try:
                readings = read_records(family, asked.body, context)
            except Refusal as refusal:
                findings.append(Finding(one.name, f"its document is refused: {refusal.code}"))
                continue
            faults = [x.fault for x in readings if x.fault is not None]
            understood += not faults
            # What only we say, a family need not understand.
            findings += (
                []
                if one.kind not in family.brings
                else [
                    Finding(one.name, f"{asked.name}: {fault.code} {fault.detail} {fault.pointer}")
                    for fault in faults
                ]
            )
    detail = f"{documents} read by the family itself, {understood} understood"
    return Check.of("documents", detail, findings)
