"""Add the raw order file up in decimals, to check the replay against.

This stands alone on purpose: it shares no code with the reader or the sorting of the lines, so
that a fault there cannot hide here.

Usage: ``python -m crosslane.demo.control_total FILE``.
"""

import csv
import gzip
import json
import sys
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple


class ControlTotal(NamedTuple):
    """Sums over lines: count, units net of returns, and pounds without VAT."""

    lines: int
    units: int
    total: Decimal
    credits: Decimal


def control_total(path: Path, invoices: Collection[str] | None = None) -> ControlTotal:
    """Add up a gzipped order file.

    Args:
        path: the file.
        invoices: the invoice numbers to count; all of them when absent.

    Returns:
        The sums; ``credits`` is the part of ``total`` on credit notes, a negative amount.
    """
    lines = units = 0
    total = credits = Decimal(0)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if invoices is not None and row["InvoiceNo"] not in invoices:
                continue
            amount = int(row["Quantity"]) * Decimal(row["UnitPrice"])
            lines += 1
            units += int(row["Quantity"])
            total += amount
            if row["InvoiceNo"][0] == "C":
                credits += amount
    return ControlTotal(lines, units, total, credits)


if __name__ == "__main__":
    print(json.dumps(control_total(Path(sys.argv[1]))._asdict(), default=str))
