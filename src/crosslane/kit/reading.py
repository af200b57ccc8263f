"""Rules about what is read: it is understood, keeps to the schema, brings what is declared.

And what is kept of a record says the same again, however often and whenever it is read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from crosslane.channels.adapters import (
    Acknowledgment,
    Context,
    Family,
    Fault,
    Message,
    NotReadable,
    Reading,
    checked,
    kind_of,
    read_records,
)
from crosslane.kernel import Refusal
from crosslane.kit.pointing import leads, leads_into_message, texts_of
from crosslane.kit.report import Capability, Check, Finding
from crosslane.kit.samples import Sample, Samples

LATER = timedelta(hours=7)
MISSING = "-missing"


class Read(msgspec.Struct, frozen=True):
    """What came of a stream: its records, or that it is nothing of the family at all."""

    sample: Sample
    readings: tuple[Reading, ...]
    refusal: Fault | None = None

    @property
    def messages(self) -> Iterator[Message]:
        """What its records say, as far as it is taken."""
        for reading in self.readings:
            if reading.fault is None:
                yield from reading.messages

    def at(self, reading: Reading) -> str:
        """Return where a record stands."""
        return f"{self.sample.name} record {reading.place}"


def read_sample(family: Family, sample: Sample) -> Read:
    """Read a stream as intake does."""
    try:
        return Read(sample, read_records(family, sample.raw, sample.context))
    except Refusal as refusal:
        return Read(sample, (), Fault.of(refusal))


def check_reading(
    family: Family, samples: Samples
) -> tuple[list[Read], list[Check], tuple[Capability, ...]]:
    """Read every stream; return what was read, the rules kept or broken, and what is brought."""
    reads = [read_sample(family, sample) for sample in samples.streams]
    brings, shown = _check_brings(family, reads, samples)
    checks = [
        _check_understood(family, reads),
        _check_schema(reads),
        _check_round_trip(family, reads),
        _check_acknowledged(family, reads),
        brings,
    ]
    return reads, checks, shown


def fault_findings(where: str, fault: Fault, texts: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with a fault: it says nothing, or points nowhere.

    Args:
        where: it stands.
        fault: as it was given.
        texts: the record, see pointing.
    """
    if fault.code == "adapter-failed":
        yield Finding(where, fault.detail)
    if not (fault.code and fault.detail):
        yield Finding(where, f"a fault without a reason: {fault}")
    if fault.pointer and not fault.pointer.startswith("/"):
        yield Finding(where, f"{fault.code} points nowhere: {fault.pointer!r}")
    elif fault.code.endswith(MISSING):
        # What should be there may be missing with all that it should stand in.
        return
    elif not (leads(fault.pointer, texts) or leads_into_message(fault.pointer)):
        yield Finding(where, f"{fault.code} points at what is not there: {fault.pointer!r}")


def whole_text(reading: Reading) -> str:
    """Return a record with what stood around it: a stream of its own."""
    return reading.head + reading.body + reading.tail


def _check_understood(family: Family, reads: Sequence[Read]) -> Check:
    findings = []
    records = 0
    for read in reads:
        records += len(read.readings)
        faults = [one.fault for one in read.readings if one.fault is not None]
        faults += [read.refusal] if read.refusal else []
        if read.sample.wrong and not faults:
            findings.append(Finding(read.sample.name, "is wrong, and was understood"))
        elif faults and not read.sample.wrong:
            for fault in faults:
                told = f"{fault.code}: {fault.detail} {fault.pointer}".strip()
                findings.append(Finding(read.sample.name, told))
        for reading in read.readings:
            if reading.fault is not None:
                texts = texts_of(family, reading, read.readings)
                findings += fault_findings(read.at(reading), reading.fault, texts)
    return Check.of("understood", f"{len(reads)} streams, {records} records", findings)


def _check_schema(reads: Sequence[Read]) -> Check:
    findings, messages = [], 0
    decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
    for read in reads:
        for reading in read.readings:
            for message in reading.messages:
                messages += 1
                try:
                    checked(message)
                except NotReadable as wrong:
                    findings.append(Finding(read.at(reading), wrong.fault.detail))
                    continue
                raw = msgspec.json.encode(message)
                if msgspec.json.encode(decoder.decode(raw)) != raw:
                    findings.append(Finding(read.at(reading), "is another once it was kept"))
    return Check.of("schema", f"{messages} messages", findings)


def _check_brings(
    family: Family, reads: Sequence[Read], samples: Samples
) -> tuple[Check, tuple[Capability, ...]]:
    seen = Counter(kind_of(message) for read in reads for message in read.messages)
    unshown = [
        Finding(kind, "is declared, and no fixture brings it")
        for kind in sorted(family.brings - seen.keys())
    ]
    findings = [
        Finding(kind, "is brought, and not declared")
        for kind in sorted(seen.keys() - family.brings)
    ]
    shown = tuple(Capability(kind=kind, shown=seen[kind]) for kind in sorted(family.brings))
    detail = f"{len(family.brings)} kinds declared"
    return Check.of("brings", detail, findings, unshown), shown


def _check_round_trip(family: Family, reads: Sequence[Read]) -> Check:
    """Read what is kept of each record anew, and hours later: it says what it said."""
    findings, records = [], 0
    for read in reads:
        kept = [(one, whole_text(one)) for one in read.readings if one.body]
        if family.together and kept:
            kept = [(kept[0][0], "\n".join(text for _, text in kept))]
        for reading, text in kept:
            records += 1
            wanted = read.readings if family.together else (reading,)
            context = msgspec.structs.replace(read.sample.context, encoding="utf-8")
            again = read_sample(
                family, Sample(name=read.sample.name, raw=text.encode(), context=context)
            )
            if (wrong := _differs(wanted, again)) is not None:
                findings.append(Finding(read.at(reading), wrong))
        context = msgspec.structs.replace(
            read.sample.context, received_at=read.sample.context.received_at + LATER
        )
        later = read_sample(family, msgspec.structs.replace(read.sample, context=context))
        if _named(later) != _named(read) and not _tells_no_time(later, read):
            findings.append(Finding(read.sample.name, "says something else hours later"))
    return Check.of("round trip", f"{records} records read again", findings)


def _check_acknowledged(family: Family, reads: Sequence[Read]) -> Check:
    """What was received is acknowledged for what it was; what has faults is not all accepted."""
    findings, said = [], 0
    for read in reads:
        told, wrong = acknowledged(family, read.readings, read.sample.context)
        said += len(told)
        faults = any(one.fault is not None for one in read.readings)
        if wrong:
            findings.append(Finding(read.sample.name, wrong))
        elif told and faults and all(one.outcome == "accepted" for one in told):
            findings.append(Finding(read.sample.name, "has faults, and is accepted"))
    detail = f"{said} acknowledgments" if family.acknowledge else "nobody is answered"
    return Check.of("acknowledgment", detail, findings)


def acknowledged(
    family: Family, readings: Sequence[Reading], context: Context
) -> tuple[list[Acknowledgment], str]:
    """Return what a family answers to what was received, and what is wrong with that."""
    if family.acknowledge is None:
        return [], ""
    try:
        told = list(family.acknowledge(readings, context))
        for one in told:
            msgspec.json.decode(msgspec.json.encode(one), type=Acknowledgment)
    except msgspec.ValidationError as error:
        return [], f"an acknowledgment is beyond its limits: {error}"
    except Exception as error:
        return [], f"acknowledging fails: {type(error).__name__}: {error}"
    return told, ""


def _differs(wanted: Sequence[Reading], again: Read) -> str | None:
    if again.refusal is not None:
        return f"what is kept of it is refused: {again.refusal.code}"
    if not any(one.messages for one in wanted):
        # Only that it is at fault, such as an envelope that does not add up.
        good = any(one.messages and one.fault is None for one in again.readings)
        return "what is kept of it is understood" if good else None
    if len(again.readings) != len(wanted):
        return f"what is kept of it is {len(again.readings)} records, not {len(wanted)}"
    for one, other in zip(wanted, again.readings, strict=True):
        if one.messages != other.messages:
            return "what is kept of it says something else"
        if (one.fault and one.fault.code) != (other.fault and other.fault.code):
            return "what is kept of it is at fault for something else"
        if whole_text(one) != whole_text(other):
            return "what is kept of it is kept otherwise again"
    return None


def _named(read: Read) -> list[tuple[str, str]]:
    return [(kind_of(message), message.source_id) for message in read.messages]


def _tells_no_time(later: Read, read: Read) -> bool:
    """Whether all that differs is named by the time it came, which nothing in it tells."""
    return len(list(later.messages)) == len(list(read.messages))
