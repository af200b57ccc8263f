"""What the package carries, so that the demo runs where the raw data is not.

``python -m crosslane.demo.packaged`` writes ``sample/`` anew from the raw data; the same data
gives the same contents. ``sample/NOTICE.txt`` says where everything is from.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from crosslane.demo.goods import donors_by_category, draw_dimensions, gtin_of
from crosslane.demo.raw import (
    CHARGES_FILE,
    NUMBER_COLUMN,
    ORDERS_FILE,
    PRODUCTS_FILE,
    RawLine,
    data_folder,
    read_codes,
    read_lines,
    read_rows,
)
from crosslane.demo.selection import select
from crosslane.demo.streams import Codes, is_marketplace_fee, sort_lines

SAMPLE = Path(__file__).parent / "sample"
SAMPLE_ORDERS = SAMPLE / "orders.csv.gz"
SAMPLE_PRODUCTS = SAMPLE / "products.csv.gz"
SAMPLE_SITES = SAMPLE / "sites.csv.gz"
SAMPLE_WAREHOUSES = SAMPLE / "warehouses.csv.gz"
SAMPLE_CHARGES = SAMPLE / "charges.csv.gz"

DONORS_FILE = "parcels/olist_product_dims.csv.gz"
SITES_FILE = "stores/demo_estate_gb.csv"
WAREHOUSES_FILE = "stores/demo_dcs_gb.csv"
# The default replay has 5,000 orders; the rest is room for another seed.
SAMPLE_ORDERS_WANTED = 6_000
SAMPLE_SEED = 1

PRODUCT_COLUMNS = ("sku", "description", "category", "pieces", "trade_price", "dotcom_price")
PLACE_COLUMNS = ("site_id", "name", "postcode", "nation", "lat", "lon", "easting", "northing")
SITE_COLUMNS = (*PLACE_COLUMNS, "format", "add1", "add2", "town", "locality")
WAREHOUSE_COLUMNS = (*PLACE_COLUMNS, "kind")


class Source(Struct, frozen=True):
    """Order lines to replay, where they were read, and what their codes mean."""

    path: Path
    lines: list[RawLine]
    codes: Codes


def read_source(folder: Path | None = None) -> Source:
    """Read all order lines of the raw data, or the sample where there is no raw data.

    Args:
        folder: the raw data; by default what :func:`crosslane.demo.raw.data_folder` says.
    """
    folder = folder or data_folder()
    if (folder / ORDERS_FILE).exists():
        paths = (folder / ORDERS_FILE, folder / PRODUCTS_FILE, folder / CHARGES_FILE)
    else:
        paths = (SAMPLE_ORDERS, SAMPLE_PRODUCTS, SAMPLE_CHARGES)
    orders, products, charges = paths
    codes = Codes(read_codes(products, "sku"), read_codes(charges, "code"))
    return Source(orders, read_lines(orders), codes)


def choose_rows(folder: Path) -> list[dict[str, str]]:
    """The rows of the order file that the sample holds, each with its number in the file.

    A replay of some more orders than the default, and every fee of the marketplace, because its
    days tell which orders are the marketplace's.
    """
    rows = list(read_rows(folder / ORDERS_FILE))
    codes = Codes(
        read_codes(folder / PRODUCTS_FILE, "sku"), read_codes(folder / CHARGES_FILE, "code")
    )
    lines = read_lines(folder / ORDERS_FILE)
    chosen = select(sort_lines(lines, codes), SAMPLE_ORDERS_WANTED, SAMPLE_SEED)
    numbers = {invoice.number for invoice in chosen.invoices}
    numbers |= {line.invoice for line in lines if is_marketplace_fee(line)}
    return [
        {NUMBER_COLUMN: str(line.number), **row}
        for line, row in zip(lines, rows, strict=True)
        if line.invoice in numbers
    ]


def draw_products(folder: Path) -> list[dict[str, object]]:
    """The product list with drawn weights, sizes and bar codes."""
    donors = donors_by_category(read_rows(folder / DONORS_FILE))
    products = []
    for row in read_rows(folder / PRODUCTS_FILE):
        size = draw_dimensions(row["sku"], int(row["pieces"]), donors[row["dims_donor"]])
        products.append(
            {name: row[name] for name in PRODUCT_COLUMNS}
            | {name: getattr(size, name) for name in size.__struct_fields__}
            | {"gtin": gtin_of(row["sku"])}
        )
    return products


def pick(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> list[dict[str, str]]:
    """Some columns of rows."""
    return [{name: row[name] for name in columns} for row in rows]


def make_sample(folder: Path) -> dict[Path, Sequence[Mapping[str, object]]]:
    """Make the rows of every file of the sample from the raw data."""
    charges = ("code", "description", "meaning")
    return {
        SAMPLE_ORDERS: choose_rows(folder),
        SAMPLE_PRODUCTS: draw_products(folder),
        SAMPLE_SITES: pick(read_rows(folder / SITES_FILE), SITE_COLUMNS),
        SAMPLE_WAREHOUSES: pick(read_rows(folder / WAREHOUSES_FILE), WAREHOUSE_COLUMNS),
        SAMPLE_CHARGES: pick(read_rows(folder / CHARGES_FILE), charges),
    }


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as gzipped CSV that is the same byte for byte each time."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


if __name__ == "__main__":
    for target, contents in make_sample(data_folder()).items():
        write_rows(target, contents)
        print(f"{target.name}: {len(contents):,} rows, {target.stat().st_size:,} bytes")
