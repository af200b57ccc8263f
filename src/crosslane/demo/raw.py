"""The raw order lines as they were recorded: where they are and how one is read."""

import csv
import gzip
import io
import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import itemgetter
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

ORDERS_FILE = "orders/uci_online_retail_2010-12_2011-08.csv.gz"
CHARGES_FILE = "catalogue/non_merchandise_codes.csv"
PRODUCTS_FILE = "catalogue/products_gb_gift.csv.gz"
# A sample names each line's place in the whole file in a column more.
NUMBER_COLUMN = "Number"
COLUMNS = (
    *("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"),
    *("CustomerID", "Country"),
)
MILLI_PER_POUND = 100_000
LONDON = ZoneInfo("Europe/London")


class RawLine(Struct, frozen=True, gc=False):
    """One recorded line, nothing corrected.

    ``number`` is its place in the whole file, from 1. ``price_milli`` is the unit price without
    VAT in thousandths of a penny, exact to the last digit of the file.
    """

    number: int
    invoice: str
    code: str
    description: str
    quantity: int
    at: datetime
    price_milli: int
    customer: str
    country: str

    @property
    def sku(self) -> str:
        """The code as the catalog writes it: codes that differ only in case are one product."""
        return self.code.upper()

    @property
    def amount_milli(self) -> int:
        """Quantity × unit price, in thousandths of a penny without VAT."""
        return self.quantity * self.price_milli


def data_folder() -> Path:
    """Where the raw data lies: ``CROSSLANE_DATA``, otherwise ``shared/data`` beside the checkout.

    The folder may be missing: then the sample in the package is all there is.
    """
    beside = Path(__file__).parents[4] / "shared/data"
    return Path(os.environ.get("CROSSLANE_DATA") or beside)


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Read a CSV file with a header row, gzipped or not, row by row."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    else:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


@cache
def price_milli(text: str) -> int:
    """Read a price in pounds as thousandths of a penny.

    Raises:
        ValueError: more than five decimals, which the unit cannot hold exactly.
    """
    scaled = Decimal(text) * MILLI_PER_POUND
    if scaled != int(scaled):
        raise ValueError(f"{text!r} is finer than a thousandth of a penny")
    return int(scaled)


@cache
def local_time(text: str) -> datetime:
    """Read a local British time without a zone, as tills write it."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def read_lines(path: Path) -> list[RawLine]:
    """Read every line of an order file, in the order of the file.

    There are hundreds of thousands, so columns are found once and not by name in each row.
    """
    with io.StringIO(gzip.decompress(path.read_bytes()).decode(), newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        columns = itemgetter(*map(header.index, COLUMNS))
        if NUMBER_COLUMN in header:
            number = header.index(NUMBER_COLUMN)
            return [parse_line(int(row[number]), *columns(row)) for row in rows]
        return [parse_line(place, *columns(row)) for place, row in enumerate(rows, 1)]


def parse_line(
    number: int,
    invoice: str,
    code: str,
    description: str,
    quantity: str,
    at: str,
    price: str,
    customer: str,
    country: str,
) -> RawLine:
    """Read one row."""
    return RawLine(
        number,
        invoice,
        code,
        description,
        int(quantity),
        local_time(at),
        price_milli(price),
        customer,
        country,
    )


def read_codes(path: Path, column: str) -> frozenset[str]:
    """The codes in one column of a code list."""
    return frozenset(row[column] for row in read_rows(path))
