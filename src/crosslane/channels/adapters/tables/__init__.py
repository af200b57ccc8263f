"""``csv``: tables of anybody's, texts with delimiters and workbooks, by a declared mapping.

A table without a mapping is one of orders with our own names of columns: a header, then a row per
order line; rows of one order share its number and may stand anywhere. Tables are written by the
same mappings, of those kinds that a connection declares one for.
"""

from collections.abc import Iterator
from typing import BinaryIO

from crosslane.channels.adapters.family import Context, Family, Reading
from crosslane.channels.adapters.port import CSV
from crosslane.channels.adapters.tables.building import Builder
from crosslane.channels.adapters.tables.cells import Notation
from crosslane.channels.adapters.tables.rows import rows_of
from crosslane.channels.adapters.tables.telling import TELLS
from crosslane.channels.domain.fields import BROUGHT
from crosslane.channels.domain.mapping import ORDERS

WORKBOOKS = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
)


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read a table; one that is none at all is refused."""
    mapping = context.mapping or ORDERS
    notation = Notation.of(mapping, zone=context.timezone, currency=context.currency)
    rows = rows_of(
        stream,
        mapping,
        notation,
        encoding=context.encoding or mapping.encoding or "utf-8",
        delimiter=context.delimiter,
    )
    yield from Builder(mapping, rows, notation, context).readings()


TABLES = Family(
    name="csv",
    media_types=(CSV, *WORKBOOKS),
    brings=BROUGHT,
    read=read,
    counts=True,
    tells=TELLS,
    mapped=True,
)

__all__ = ["TABLES", "WORKBOOKS"]
