"""Rules about size: a gigabyte is read in bounded memory, whatever it is; and how fast it goes.

The long form sends each stream to a process of its own, so that what it needs at its peak can be
told; the short form sends a few megabytes and only wants an end.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import BinaryIO, cast

import msgspec

from crosslane.channels.adapters import (
    FAMILIES,
    JSON,
    RECORDS_MAX,
    Context,
    Family,
    NotReadable,
    read_json,
)
from crosslane.kernel import Refusal
from crosslane.kit.reading import Read, whole_text
from crosslane.kit.report import Check, Finding

MEGABYTE = 1 << 20
SHORT_BYTES, LONG_BYTES = 1 << 18, 1 << 30
WARM_BYTES, SPEED_BYTES = MEGABYTE, 16 * MEGABYTE
BLOCK = 1 << 16
# Of the records of fixtures the longest is repeated, unless it is as long as a day itself.
RECORD_CHARACTERS_MAX = 1 << 16
PEAK_MEGABYTES_MAX = 512
SECONDS_MAX = 3_600
# What was agreed on: documents of JSON by messages a second and core, everything else by bytes.
MESSAGES_PER_SECOND_LEAST = 5_000
MEGABYTES_PER_SECOND_LEAST = 20


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that is made as it is read.

    Args:
        name: what it is.
        opening: how it begins.
        part: what comes again and again.
        size: its length, bytes.
        context: how it is read.
    """

    name: str
    opening: bytes
    part: bytes
    size: int
    context: Context = msgspec.field(default_factory=Context)


class Measured(msgspec.Struct, kw_only=True):
    """What reading a stream took.

    Args:
        seconds: of the processor.
        grown_megabytes: by which the process grew beyond what a megabyte of it needs.
        bytes: that were read; likewise messages and faults.
        refused: code of the refusal, "" for none.
        failed: what no family may do, "" when it did not.
    """

    seconds: float = 0.0
    grown_megabytes: float = 0.0
    bytes: int = 0
    messages: int = 0
    faults: int = 0
    refused: str = ""
    failed: str = ""


class Endless:
    """A stream of parts that come again and again, as long as it is to be."""

    def __init__(self, stream: Stream) -> None:
        self.given = 0
        self._left = stream.size
        self._parts: Iterator[bytes] = chain([stream.opening], repeat(stream.part))
        self._held = b""

    def read(self, most: int = -1) -> bytes:
        """Return the next bytes; all of them when no number is given, as files do."""
        wanted = self._left if most is None or most < 0 else min(most, self._left)
        parts, have = [self._held], len(self._held)
        while have < wanted:
            parts.append(next(self._parts))
            have += len(parts[-1])
        held = b"".join(parts)
        found, self._held = held[:wanted], held[wanted:]
        self._left -= len(found)
        self.given += len(found)
        return found


def measure(family: Family, stream: Stream) -> Measured:
    """Read a stream to its end."""
    endless, found = Endless(stream), Measured()
    began = time.process_time()
    try:
        for reading in family.read(cast(BinaryIO, endless), stream.context):
            found.messages += len(reading.messages)
            found.faults += reading.fault is not None
    except Refusal as refusal:
        found.refused = refusal.code
    except Exception as error:
        found.failed = f"{type(error).__name__}: {error}"[:500]
    found.seconds = time.process_time() - began
    found.bytes = endless.given
    return found


def check_streams(family: Family, reads: Sequence[Read], *, long: bool) -> list[Check]:
    """Send streams of every shape; in the long form a gigabyte each, and measure."""
    size = LONG_BYTES if long else SHORT_BYTES
    streams = [msgspec.structs.replace(one, size=size) for one in _streams(reads)]
    ask = _aside if long else measure
    findings, told = [], []
    for stream in streams:
        found = ask(family, stream)
        if found.failed:
            findings.append(Finding(stream.name, found.failed))
        if found.grown_megabytes > PEAK_MEGABYTES_MAX:
            grown = f"{found.grown_megabytes:.0f} MB"
            findings.append(Finding(stream.name, f"needs {grown}, {PEAK_MEGABYTES_MAX} at most"))
        told.append(f"{stream.name} {found.grown_megabytes:.0f} MB in {found.seconds:.0f} s")
    detail = "; ".join(told) if long else f"{len(streams)} streams of {size >> 10} KiB"
    checks = [Check.of("memory", detail, findings)]
    if long and streams:
        checks.append(_speed(family, streams[0]))
    return checks


def _streams(reads: Sequence[Read]) -> Iterator[Stream]:
    """Yield a long day, a record without end, and what is nothing at all."""
    good = [
        (read, reading)
        for read in reads
        for reading in read.readings
        if reading.fault is None and reading.messages and len(reading.body) <= RECORD_CHARACTERS_MAX
    ]
    if good:
        read, reading = max(good, key=lambda one: len(one[1].body))
        part = (_on_a_line(reading.body) + "\n").encode()
        context = msgspec.structs.replace(read.sample.context, encoding="utf-8")
        head = reading.head.encode()
        yield Stream(name="a long day", opening=head, part=part, size=0, context=context)
        half = whole_text(reading).encode()[: len(head) + len(part) // 2]
        yield Stream(name="a record without end", opening=half, part=b"A" * BLOCK, size=0)
    yield Stream(name="letters", opening=b"", part=b"x" * BLOCK, size=0)
    yield Stream(name="brackets", opening=b"", part=b"[" * BLOCK, size=0)
    yield Stream(name="elements", opening=b"<?xml version='1.0'?>", part=b"<a>" * BLOCK, size=0)
    yield Stream(name="lines", opening=b"", part=b"\n" * BLOCK, size=0)


def _on_a_line(body: str) -> str:
    """Return a record so that it can come again and again; a document of JSON without line ends."""
    try:
        return msgspec.json.encode(read_json(body.encode())).decode()
    except (NotReadable, UnicodeEncodeError):
        return body.rstrip("\n")


def _speed(family: Family, day: Stream) -> Check:
    size = min(SPEED_BYTES, len(day.opening) + len(day.part) * (RECORDS_MAX - 1))
    found = _aside(family, msgspec.structs.replace(day, size=size))
    if not found.messages:
        detail = "not told: a record that comes again and again is not understood"
        return Check(rule="speed", state="told", detail=detail)
    seconds = max(found.seconds, 1e-9)
    megabytes, messages = found.bytes / 1e6 / seconds, found.messages / seconds
    least = f"{MEGABYTES_PER_SECOND_LEAST} MB/s"
    if JSON in family.media_types:
        least = f"{MESSAGES_PER_SECOND_LEAST:,} messages/s"
    detail = f"{messages:,.0f} messages/s, {megabytes:.1f} MB/s of one core; agreed on: {least}"
    return Check(rule="speed", state="told", detail=detail)


def _aside(family: Family, stream: Stream) -> Measured:
    """Measure in a process of its own, which ends as it likes."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "crosslane.kit.streams", family.name],
        input=msgspec.json.encode(stream),
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    try:
        return msgspec.json.decode(done.stdout, type=Measured)
    except msgspec.MsgspecError:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Measured(failed=f"the process ended with {done.returncode}: {' '.join(last)}"[:500])


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Stream)
    chosen = FAMILIES[sys.argv[1]]
    measure(chosen, msgspec.structs.replace(asked, size=WARM_BYTES))
    before = _peak_megabytes()
    answer = measure(chosen, asked)
    answer.grown_megabytes = _peak_megabytes() - before
    sys.stdout.buffer.write(msgspec.json.encode(answer))
