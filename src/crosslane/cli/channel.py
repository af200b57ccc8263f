"""`crosslane channel`: look at what a channel would send."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane.channels import Fault, Record, read_body
from crosslane.kernel import Refusal

NOT_READ = 2


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a file: what it says, or why it says nothing."""

    place: int
    message: Any
    fault: Fault | None


def parse(
    file: Path,
    *,
    format: str,
    json: bool = False,
    channel: str = "",
    currency: str = "GBP",
    encoding: str = "utf-8",
    delimiter: str = "comma",
) -> None:
    """Read a file as a channel's messages; ends with status 2 when a record cannot be read.

    Args:
        file: what the channel would send.
        format: orders-jsonl, till-batch or orders-csv.
        json: print JSON, a record a line, instead of a table.
        channel: code of the channel, when its messages name it.
        currency: of the channel.
        encoding: of the file.
        delimiter: comma, semicolon or tab.
    """
    try:
        read = read_body(
            file.read_bytes(),
            channel=channel,
            currency=currency,
            format=format,
            encoding=encoding,
            delimiter=delimiter,
        )
    except Refusal as refusal:
        sys.stderr.write(f"{file}: {refusal.message} {refusal.pointer}".rstrip() + "\n")
        sys.exit(NOT_READ)
    records = read.parsed.records
    if json:
        _print_lines(records)
    else:
        _print_table(records)
    if any(record.fault for record in records):
        sys.exit(NOT_READ)


def _print_lines(records: Sequence[Record]) -> None:
    for record in records:
        told = Told(place=record.place, message=record.message, fault=record.fault)
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


def _print_table(records: Sequence[Record]) -> None:
    table = Table("line", "kind", "source id", "version", "reason", "where")
    for record in records:
        table.add_row(str(record.place), *_shown(record))
    console = Console()
    console.print(table)
    wrong = sum(record.fault is not None for record in records)
    console.print(f"{len(records) - wrong} records can be read, {wrong} cannot.")


def _shown(record: Record) -> tuple[str, ...]:
    message, fault = record.message, record.fault
    told = ("", "", "")
    if message is not None:
        kind = str(type(message).__struct_config__.tag)
        told = (kind, message.source_id, str(message.source_version))
    return (*told, fault.detail if fault else "", fault.pointer if fault else "")
