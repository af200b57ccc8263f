"""Rows: a text with delimiters or a workbook, as cells under the names of their columns."""

import csv
import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, time
from typing import BinaryIO

import msgspec
from python_calamine import CalamineError, CalamineWorkbook

from crosslane.channels.adapters.port import RECORDS_MAX, decode_text
from crosslane.channels.adapters.tables.cells import Notation
from crosslane.channels.domain.mapping import COLUMNS_MAX, TableMapping
from crosslane.channels.errors import BatchMalformed, ColumnUnknown, TooManyRecords

DELIMITERS = (",", ";", "\t", "|")
TEXT_BYTES_MAX = 64 << 20
UNPACKED_BYTES_MAX = 256 << 20
PIECE_BYTES = 1 << 20
CELL_CHARACTERS_MAX = 20_000
ZIP, OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Row(msgspec.Struct, frozen=True):
    """A row that says something.

    Args:
        place: number of its first line in a text, from 1; of the row in a sheet.
        body: as received; of a sheet as a text with the table's delimiter.
        cells: without blanks around them.
    """

    place: int
    body: str
    cells: tuple[str, ...]


class Rows(msgspec.Struct, frozen=True):
    """A table.

    Args:
        head: the row with the names, as received; empty when there is none. Lines before it are
            kept as empty ones, so that it stands where it stood.
        keys: by which columns are mapped: names in lower case, or places such as ``#1`` where
            there is no name.
        rows: what follows.
    """

    head: str
    keys: tuple[str, ...]
    rows: Iterator[Row]


def rows_of(
    stream: BinaryIO, mapping: TableMapping, notation: Notation, *, encoding: str, delimiter: str
) -> Rows:
    """Take a table apart.

    Args:
        stream: a text, or a workbook of any of the usual office programs.
        mapping: what the table means.
        notation: how it writes numbers and times.
        encoding: of a text.
        delimiter: of a text whose mapping names none; a header that has it nowhere is read by the
            one it has most often.

    Raises:
        NotText, BatchMalformed, TooManyRecords: it is no such table.
        ColumnUnknown: two columns that are mapped have one name.
    """
    raw = stream.read(TEXT_BYTES_MAX + 1)
    if len(raw) > TEXT_BYTES_MAX:
        most = TEXT_BYTES_MAX >> 20
        raise BatchMalformed(pointer="", reason=f"a table has at most {most} MiB")
    mark = mapping.delimiter or delimiter
    if raw[:4] == ZIP or raw[:8] == OLD_OFFICE:
        found = _of_workbook(raw, mapping, notation, mark)
    else:
        if raw[:2] in UTF_16:
            encoding = "utf-16"
        text = decode_text(raw, encoding)
        found = _of_text(text, mark if mapping.delimiter else _likeliest(text, mark, mapping))
    return _under_names(_limited(found), mapping, notation)


def _limited(rows: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count > RECORDS_MAX:
            raise TooManyRecords(most=RECORDS_MAX)
        yield row


def _under_names(rows: Iterator[Row], mapping: TableMapping, notation: Notation) -> Rows:
    if mapping.header == 0:
        first = next(rows, Row(1, "", ()))
        places = tuple(f"#{n}" for n in range(1, COLUMNS_MAX + 1))
        return Rows("", places, _after(first, rows))
    for row in rows:
        if row.place >= mapping.header:
            break
    else:
        row = Row(1, "", ())
    names = map(notation.plain, row.cells)
    keys = tuple(name.lower() or f"#{n}" for n, name in enumerate(names, 1))
    if len(keys) > COLUMNS_MAX:
        raise BatchMalformed(pointer="/1", reason=f"a table has at most {COLUMNS_MAX} columns")
    wanted = {name.strip().lower() for name in mapping.columns}
    for place, key in enumerate(keys):
        if key in wanted and key in keys[:place]:
            raise ColumnUnknown(pointer=f"/{row.place}", column=key[:40], known="each of them once")
    return Rows("\n" * (row.place - 1) + row.body + "\n", keys, rows)


def _after(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    if first.cells:
        yield first
    yield from rows


def _likeliest(text: str, usual: str, mapping: TableMapping) -> str:
    """Return the delimiter of a header: the usual one when it is there at all."""
    lines = text.split("\n", mapping.header + 1)
    header = lines[max(0, mapping.header - 1)] if len(lines) >= mapping.header else ""
    return usual if usual in header else max(DELIMITERS, key=header.count)


def _of_text(text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a text, with the number of their first line and as received."""
    lines = text.split("\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 0
    try:
        for cells in reader:
            body = "\n".join(lines[begun : reader.line_num]).removesuffix("\r")
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                yield Row(begun + 1, body, stripped)
            begun = reader.line_num
    except csv.Error as error:
        reason = f"line {reader.line_num}: {error}"
        raise BatchMalformed(pointer=f"/{reader.line_num}", reason=reason) from None


def _of_workbook(
    raw: bytes, mapping: TableMapping, notation: Notation, delimiter: str
) -> Iterator[Row]:
    _require_small(raw)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = book.sheet_names
        name = mapping.sheet or (names[0] if names else "")
        if name not in names:
            known = ", ".join(names)[:300]
            raise BatchMalformed(pointer="", reason=f"it has no sheet {name!r}, but {known}")
        sheet = book.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False, nrows=RECORDS_MAX + mapping.header + 2)
    except (CalamineError, zipfile.BadZipFile) as error:
        raise BatchMalformed(pointer="", reason=f"it is no workbook: {error}"[:500]) from None
    for place, cells in enumerate(rows, 1):
        texts = [_cell_text(cell, notation) for cell in cells]
        if any(texts):
            yield Row(place, _as_text(texts, delimiter), tuple(texts))


def _cell_text(cell: str | float | bool | date | time | None, notation: Notation) -> str:
    """Return a cell as it would stand in a text, where what is text there is text here."""
    text = notation.written(cell)[:CELL_CHARACTERS_MAX].strip()
    return notation.guarded(text) if isinstance(cell, str) else text


def _require_small(raw: bytes) -> None:
    """Refuse a workbook that would fill the memory when it is unpacked."""
    if raw[:4] != ZIP:
        return
    left = UNPACKED_BYTES_MAX
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for part in archive.infolist():
                # How large a part says it is may be a lie; it is unpacked to its end.
                part.file_size = sys.maxsize
                with archive.open(part) as unpacked:
                    while left >= 0 and (chunk := unpacked.read(PIECE_BYTES)):
                        left -= len(chunk)
    # A part that is locked (RuntimeError), or packed in a way nobody knows (NotImplementedError).
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BatchMalformed(pointer="", reason=f"it is no workbook: {error}"[:500]) from None
    if left < 0:
        most = UNPACKED_BYTES_MAX >> 20
        raise BatchMalformed(pointer="", reason=f"a workbook has at most {most} MiB unpacked")


def _as_text(cells: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(cells)
    return out.getvalue()
