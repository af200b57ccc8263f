"""`crosslane channel`: look at what a channel would send."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane.channels import (
    DELIMITERS,
    Context,
    Fault,
    Packs,
    Reading,
    TableMapping,
    family_of,
)
from crosslane.kernel import Refusal
from crosslane.platform.web import decode_json

NOT_READ = 2


def parse(
    file: Path,
    *,
    adapter: str,
    json: bool = False,
    channel: str = "",
    currency: str = "GBP",
    timezone: str = "UTC",
    topic: str = "",
    encoding: str = "",
    delimiter: str = "comma",
    mapping: Path | None = None,
    setting: tuple[str, ...] = (),
    packs: str = "",
) -> None:
    """Read a file as a channel's messages; ends with status 2 when a record cannot be read.

    Nothing is applied, and no server is needed.

    Args:
        file: what the channel would send.
        adapter: name of the family; a wrong one is answered with those that are known.
        json: print JSON, a record a line, instead of a table.
        channel: code of the channel, when its messages name it.
        currency: of the channel, for amounts that name none.
        timezone: of the channel, for times that name none.
        topic: what the sender's envelope says it is, such as orders/updated.
        encoding: of a text, when it is not the usual one and the file does not tell.
        delimiter: comma, semicolon or tab, of a table.
        mapping: file with what the columns of a table mean, JSON.
        setting: of its connection, such as counts=ignored; several times for several.
        packs: how many pieces it orders by the case, such as CA=12,CS@MUG-1=6: of all articles, or
            of one.
    """
    show = _print_lines if json else _print_table
    try:
        context = Context(
            channel=channel,
            currency=currency,
            timezone=timezone,
            topic=topic,
            received_at=datetime.fromtimestamp(file.stat().st_mtime, UTC),
            encoding=encoding,
            delimiter=DELIMITERS.get(delimiter, delimiter),
            mapping=None if mapping is None else decode_json(mapping.read_bytes(), TableMapping),
            settings={name: value for name, _, value in (one.partition("=") for one in setting)},
            packs=_packs(packs),
        )
        wrong = show(_read(file, adapter, context))
    except Refusal as refusal:
        sys.stderr.write(f"{file}: {refusal.message} {refusal.pointer}".rstrip() + "\n")
        sys.exit(NOT_READ)
    if wrong:
        sys.exit(NOT_READ)


def _packs(text: str) -> Packs:
    """Return what is agreed on as somebody types it, "" for nothing."""
    rows: list[dict[str, object]] = []
    for told in filter(None, text.split(",")):
        named, _, pieces = told.rpartition("=")
        unit, _, article = named.partition("@")
        rows.append({"unit": unit, "article": article, "pieces": pieces})
    try:
        return msgspec.convert({"packs": rows}, Packs, strict=False)
    except msgspec.ValidationError:
        sys.stderr.write(f"{text} is none: packs are told as CA=12,CS@MUG-1=6\n")
        sys.exit(NOT_READ)


def _read(file: Path, adapter: str, context: Context) -> Iterator[Reading]:
    family = family_of(adapter)
    with file.open("rb") as stream:
        yield from family.read(stream, context)


def _print_lines(readings: Iterator[Reading]) -> int:
    """Print records as JSON; return how many cannot be read."""
    wrong = 0
    for reading in readings:
        wrong += reading.fault is not None
        told = {"place": reading.place, "messages": reading.messages, "fault": reading.fault}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    return wrong


def _print_table(readings: Iterator[Reading]) -> int:
    """Print records as a table; return how many cannot be read."""
    table = Table("record", "kind", "source id", "version", "reason", "where")
    total = wrong = 0
    for reading in readings:
        total, wrong = total + 1, wrong + (reading.fault is not None)
        for row in _rows(reading):
            table.add_row(str(reading.place), *row)
    console = Console()
    console.print(table)
    console.print(f"{total - wrong} records can be read, {wrong} cannot.")
    return wrong


def _rows(reading: Reading) -> Iterator[tuple[str, ...]]:
    told = _reason(reading.fault)
    for message in reading.messages:
        kind = str(type(message).__struct_config__.tag)
        yield kind, message.source_id, str(message.source_version), *told
    if not reading.messages:
        yield "", "", "", *told


def _reason(fault: Fault | None) -> tuple[str, str]:
    return (fault.detail, fault.pointer) if fault else ("", "")
