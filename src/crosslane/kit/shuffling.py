"""Rule about order and repetition: however what a channel says is delivered, it ends alike.

A log is everything the fixtures say, delivered late, twice and out of order. What it comes to is
folded by the functions that decide it in the running hub (``channels/domain/folding.py``), without
a database, so that thousands of logs can be tried. Fixtures of one folder below ``histories/`` are
of one channel; any other file is of a channel of its own, since published examples of unrelated
orders may have one number.

A channel seldom shows everything in fixtures, so what they say is carried on: each order is made
up to be amended, told anew, and every second one cancelled, at versions the family would give.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from crosslane.channels import Fold, Heard, digest_of, heard
from crosslane.channels.adapters import (
    AmendedLine,
    Amendment,
    Cancellation,
    ContactEvent,
    Family,
    FulfillmentEvent,
    Message,
    MoneyEvent,
    Order,
    PricePatch,
    ProductPatch,
    kind_of,
)
from crosslane.kit.reading import Read
from crosslane.kit.report import Check, Finding

HISTORIES = "histories/"
SHORT_LOGS, LONG_LOGS = 100, 10_000
TWICE_SHARE = 0.15
LATE_SHARE = 0.5
MADE_UP_MAX = 40
DIGEST_BYTES = 16
Group = str
Record = tuple[Group, list[Heard]]


def check_shuffling(family: Family, reads: Sequence[Read], *, long: bool) -> Check:
    """Deliver what was read in many orders; return whether it always came to the same."""
    records = [*_told(family, reads), *_made_up(family, reads)]
    groups = sorted({group for group, _ in records})
    logs = LONG_LOGS if long else SHORT_LOGS
    expected = _folded(groups, records)
    findings = [
        Finding(group, f"{kind} {name} says two things at version {version}")
        for group, fold in expected.items()
        for kind, name, version in fold.contradicted
    ]
    wanted = _hash(expected)
    chance = random.Random(family.name)  # noqa: S311 - the same logs every time
    differing = 0
    for _ in range(logs if records else 0):
        found = _folded(groups, _shuffled(records, chance))
        if _hash(found) != wanted:
            differing += 1
            if differing == 1:
                findings += [Finding(*told) for told in _differences(expected, found)]
    if differing:
        findings.append(Finding("logs", f"{differing} of {logs} ended in another state"))
    return Check.of("order and repetition", _detail(records, logs, wanted), findings)


def _detail(records: Sequence[Record], logs: int, state: str) -> str:
    told = Counter(
        (group, kind_of(one.message), one.message.source_id)
        for group, heard in records
        for one in heard
    )
    several = sum(times > 1 for times in told.values())
    messages = sum(told.values())
    return (
        f"{logs} logs of {messages} messages about {len(told)} things,"
        f" {several} of them told of more than once; state {state[:16]}"
    )


def _told(family: Family, reads: Sequence[Read]) -> Iterator[Record]:
    for read in reads:
        for reading in read.readings:
            if reading.fault is None and reading.messages:
                said = [heard(one, counts=family.counts) for one in reading.messages]
                yield _group(read.sample.name), said


def _group(name: str) -> Group:
    return name.rpartition("/")[0] if HISTORIES in f"/{name}" else name


def _made_up(family: Family, reads: Sequence[Read]) -> Iterator[Record]:
    """Carry on what fixtures say, each thing after everything they say of it."""
    last: dict[tuple[Group, str, str], Message] = {}
    for read in reads:
        for message in read.messages:
            key = (_group(read.sample.name), kind_of(message), message.source_id)
            if key not in last or last[key].source_version <= message.source_version:
                last[key] = message
    versions: dict[tuple[Group, str], int] = defaultdict(int)
    for (group, _, name), message in last.items():
        versions[group, name] = max(versions[group, name], message.source_version)
    made: Counter[str] = Counter()
    for place, ((group, kind, name), message) in enumerate(last.items()):
        if made[kind] == MADE_UP_MAX:
            continue
        made[kind] += 1
        for step, told in enumerate(_carried_on(message, place), 1):
            version = versions[group, name] + step
            one = msgspec.structs.replace(told, source_version=version, rest={})
            yield group, [heard(one, counts=family.counts)]


def _carried_on(message: Message, place: int) -> Iterator[Message]:
    change = msgspec.structs.replace
    match message:
        case Order() if message.lines:
            yield from _order_carried_on(message, place)
        case FulfillmentEvent() if message.order:
            yield change(message, step="shipped")
            yield change(message, step="delivered")
        case FulfillmentEvent():
            yield change(message, lines=message.lines[:1])
        case MoneyEvent():
            yield change(message, minor=message.minor // 2)
            yield change(message, outcome="failed")
        case ContactEvent():
            yield change(message, name="Ada Brown", topic="profile", gone=False)
            yield change(message, marketing=False, topic="profile", gone=False)
        case ProductPatch():
            yield change(message, title="A mug", weight_grams=300)
            yield change(message, title="A blue mug", weight_grams=None)
        case PricePatch():
            yield change(message, unit_price_milli=message.unit_price_milli // 2)
        case _:
            return


def _order_carried_on(order: Order, place: int) -> Iterator[Message]:
    head: dict[str, Any] = {"source_id": order.source_id, "event_at": order.event_at}
    first, last = order.lines[0], order.lines[-1]
    names = [line.id or str(n) for n, line in enumerate(order.lines, 1)]
    yield Amendment(**head, lines=(AmendedLine(id=names[-1], quantity=last.quantity + 1),))
    fewer = msgspec.structs.replace(first, id=names[0], quantity=first.quantity + 2)
    yield msgspec.structs.replace(order, lines=(fewer,))
    new = AmendedLine(id="made up", sku="MADE-UP", quantity=2, unit_price_milli=1_000)
    yield Amendment(**head, lines=(new,), ship_to=order.bill_to)
    yield Amendment(**head, lines=(AmendedLine(id=names[0], unit_price_milli=2_000),))
    if place % 2:
        yield Cancellation(**head)


def _shuffled(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """Deliver records late and twice; every third time in any order at all."""
    many = len(records)
    sent = [*records, *(one for one in records if chance.random() < TWICE_SHARE)]
    if chance.random() < 1 / 3:
        chance.shuffle(sent)
        return sent
    due = [
        (place % many + (chance.random() * many if chance.random() < LATE_SHARE else 0), place)
        for place in range(len(sent))
    ]
    return [sent[place] for _, place in sorted(due)]


def _folded(groups: Sequence[Group], records: Sequence[Record]) -> Mapping[Group, Fold]:
    folds = {group: Fold() for group in groups}
    for group, said in records:
        for one in said:
            folds[group].hear(one)
    return folds


def _hash(folds: Mapping[Group, Fold]) -> str:
    found = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for fold in folds.values():
        found.update(digest_of(fold))
    return found.hexdigest()


def _differences(expected: Mapping[Group, Fold], found: Mapping[Group, Fold]):
    for group, fold in expected.items():
        if digest_of(fold) == digest_of(found[group]):
            continue
        wanted, got = (msgspec.to_builtins(one.state()) for one in (fold, found[group]))
        for part, things in wanted.items():
            if things == got[part]:
                continue
            if not isinstance(things, dict):
                yield group, f"{part} differ"
                continue
            for name in sorted({*things, *got[part]}):
                if things.get(name) != got[part].get(name):
                    told = f"{things.get(name)!r:.200} or {got[part].get(name)!r:.200}"
                    yield group, f"{part} {name}: {told}"
