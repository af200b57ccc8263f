"""Rule about damage: whatever is sent is read, or kept back with a reason that can be found.

Never an exception other than a Refusal, never without end, never a fault that points nowhere.
"""

import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice

import msgspec

from crosslane.channels.adapters import (
    RECORDS_MAX,
    Context,
    Family,
    NotReadable,
    Reading,
    checked,
    keep_whole,
    kind_of,
)
from crosslane.kernel import Refusal
from crosslane.kit.damage import (
    Case,
    changed_bytes,
    changed_tokens,
    changed_values,
    recoded,
    truncated,
    whole_bodies,
)
from crosslane.kit.pointing import texts_of
from crosslane.kit.reading import Read, acknowledged, fault_findings, whole_text
from crosslane.kit.report import Check, Finding
from crosslane.kit.samples import Sample

SECONDS_MAX = 20.0
BASE_BYTES_MAX = 200_000


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How much is tried.

    Args:
        streams: so many are damaged: cut off at so many places besides marks, and
        changes: so many times in bytes, and in words.
        values: that stand in a document at each of so many
        places.
    """

    streams: int
    cuts: int
    changes: int
    values: int
    places: int


SHORT = Extent(streams=5, cuts=25, changes=40, values=1, places=40)
LONG = Extent(streams=12, cuts=500, changes=300, values=3, places=300)


def check_fuzzing(family: Family, reads: Sequence[Read], *, long: bool) -> Check:
    """Damage streams in every way; return whether each was dealt with."""
    extent = LONG if long else SHORT
    found: Counter[str] = Counter()
    first: dict[str, Finding] = {}
    cases = 0
    for sample, (what, raw) in _cases(family, reads, extent):
        cases += 1
        for finding in _tried(family, sample, what, raw):
            kind = finding.what.partition(":")[0]
            found[kind] += 1
            first.setdefault(kind, finding)
    findings = [
        Finding(one.where, f"{one.what} ({found[kind]} times)") for kind, one in first.items()
    ]
    return Check.of("damage", f"{cases} damaged streams", findings)


def _cases(family: Family, reads: Sequence[Read], extent: Extent) -> Iterator[tuple[Sample, Case]]:
    bases = _bases(reads, extent.streams)
    plain = bases[0].context if bases else Context()
    for case in whole_bodies():
        yield Sample(name="anything", raw=b"", context=plain), case
    chance = random.Random(family.name)  # noqa: S311 - the same damage every time
    for base in bases:
        ways = (
            truncated(base.raw, every=extent.cuts),
            recoded(base.raw),
            changed_bytes(base.raw, chance, extent.changes),
            changed_tokens(base.raw, chance, extent.changes),
            changed_values(base.raw, each=extent.values, most=extent.places),
        )
        for way in ways:
            for case in way:
                yield base, case


def _bases(reads: Sequence[Read], most: int) -> list[Sample]:
    """Choose streams that say different things, the shortest of each."""
    by_kinds: dict[frozenset[str], Sample] = {}
    fitting = [one for one in reads if 0 < len(one.sample.raw) <= BASE_BYTES_MAX]
    for read in sorted(fitting, key=lambda one: len(one.sample.raw)):
        kinds = frozenset(kind_of(message) for message in read.messages)
        by_kinds.setdefault(kinds, read.sample)
    chosen = sorted(by_kinds.items(), key=lambda one: (-len(one[0]), len(one[1].raw)))
    return [sample for _, sample in chosen][:most]


def _tried(family: Family, sample: Sample, what: str, raw: bytes) -> Iterator[Finding]:
    where = f"{sample.name} {what}"
    began = time.process_time()
    try:
        read = tuple(islice(family.read(BytesIO(raw), sample.context), RECORDS_MAX + 1))
        readings = keep_whole(read, raw)
    except Refusal:
        readings = ()
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        yield Finding(where, f"{type(error).__name__} at {at}: {error}"[:500])
        return
    seconds = time.process_time() - began
    if seconds > SECONDS_MAX:
        yield Finding(where, f"is read for very long: {seconds:.0f} s for {len(raw)} bytes")
    _, wrong = acknowledged(family, readings, sample.context)
    if wrong:
        yield Finding(where, wrong)
    for reading in readings:
        yield from _kept(where, reading, texts_of(family, reading, readings))


def _kept(where: str, reading: Reading, texts: Sequence[str]) -> Iterator[Finding]:
    text = whole_text(reading)
    try:
        text.encode()
    except UnicodeEncodeError:
        yield Finding(where, "a record cannot be kept: it is no text")
    if "\x00" in text:
        yield Finding(where, "a record cannot be kept: it holds NUL")
    if reading.fault is not None:
        yield from fault_findings(where, reading.fault, texts)
        return
    for message in reading.messages:
        try:
            checked(message)
        except NotReadable as wrong:
            told = f"{wrong.fault.detail} {wrong.fault.pointer}"
            yield Finding(where, f"a message is beyond its limits: {told}")
