"""Files: rows as a text with delimiters or as a workbook, the same bytes whenever written."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from crosslane.channels.adapters.port import CSV
from crosslane.channels.adapters.tables.writing import Cell
from crosslane.channels.adapters.telling import Refused
from crosslane.channels.domain.exchange import ToldTable
from crosslane.channels.domain.mapping import TableMapping

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
QUOTES = {"needed": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL}
# A spreadsheet keeps so many digits of a number; a longer one is written as text.
DIGITS_MAX = 15
MADE_AT = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
SHEET = "Sheet1"
# Texts stay texts, whatever they look like.
AS_THEY_ARE = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}

Table = Sequence[Sequence[Cell]]


def media_type_of(how: ToldTable) -> str:
    """Return the media type of files that are written so."""
    return CSV if how.written == "csv" else WORKBOOK


def file_of(how: ToldTable, mapping: TableMapping, heading: Sequence[str], rows: Table) -> bytes:
    """Return a table as a file.

    Args:
        how: it is written.
        mapping: what it means.
        heading: names of the columns.
        rows: cells of each row; all of them can be written in its encoding.

    Raises:
        Refused: its sheet cannot be called so.
    """
    if how.written == "csv":
        return _text(how, mapping, heading, rows)
    return _workbook(mapping, heading, rows)


def _text(how: ToldTable, mapping: TableMapping, heading: Sequence[str], rows: Table) -> bytes:
    out = io.StringIO()
    end = LINE_ENDS[how.line_end]
    pen = csv.writer(
        out,
        delimiter=mapping.delimiter or ",",
        lineterminator=end,
        quoting=QUOTES[how.quotes],
    )
    if mapping.header:
        out.write(end * (mapping.header - 1))
        pen.writerow(heading)
    for row in rows:
        pen.writerow([f"'{cell.text}" if cell.guarded else cell.text for cell in row])
    return out.getvalue().encode(mapping.encoding or "utf-8")


def _workbook(mapping: TableMapping, heading: Sequence[str], rows: Table) -> bytes:
    # Few processes ever write a workbook.
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import XlsxWriterException

    out = io.BytesIO()
    book = Workbook(out, AS_THEY_ARE)
    # Written again after a crash it is the same file.
    book.set_properties({"created": MADE_AT})
    try:
        sheet = book.add_worksheet(mapping.sheet or SHEET)
    except XlsxWriterException as error:
        raise Refused("sheet-unusable", str(error)) from None
    text, bold = book.add_format({"quote_prefix": True}), book.add_format({"bold": True})
    by_decimals: dict[int, Any] = {}
    first = mapping.header
    for at, name in enumerate(heading if first else ()):
        sheet.write_string(first - 1, at, name, bold)
    if first:
        sheet.freeze_panes(first, 0)
    for place, row in enumerate(rows, first):
        for at, cell in enumerate(row):
            if cell.number is not None and _is_exact(cell.number):
                decimals = _decimals(cell.number)
                if decimals not in by_decimals:
                    form = f"0.{'0' * decimals}" if decimals else "0"
                    by_decimals[decimals] = book.add_format({"num_format": form})
                sheet.write_number(place, at, cell.number, by_decimals[decimals])
            elif cell.text:
                sheet.write_string(place, at, cell.text, text if cell.guarded else None)
    book.close()
    return out.getvalue()


def _is_exact(number: Decimal) -> bool:
    return len(number.as_tuple().digits) <= DIGITS_MAX


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
