"""Add the raw order file up in decimals, to check the replay against.

This stands alone on purpose: it shares no code with the reader or the sorting of the lines, so
that a fault there cannot hide here. Every line counts unless its number is named: what a replay
forgets is missing over there, not here.

Usage: ``python -m crosslane.demo.control_total FILE``.
"""

import csv
import gzip
import json
import sys
from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

PENNY = Decimal("0.01")


class ControlTotal(NamedTuple):
    """Sums over lines: count, units net of returns, and pounds without VAT.

    ``credits`` is the part of ``total`` on credit notes, a negative amount; ``rounding`` what
    rounding each line to whole pennies takes off ``total``.
    """

    lines: int
    units: int
    total: Decimal
    credits: Decimal
    rounding: Decimal


def control_total(
    path: Path,
    invoices: Collection[str] | None = None,
    *,
    without: Collection[int] = (),
    only: Collection[int] | None = None,
) -> ControlTotal:
    """Add up a gzipped order file.

    Args:
        path: the file.
        invoices: the invoice numbers to count; all of them when absent.
        without: numbers of lines to leave out, as counted in the whole file from 1.
        only: numbers of the lines to count; all of them when absent.
    """
    lines = units = 0
    total = credits = rounding = Decimal(0)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for position, row in enumerate(csv.DictReader(file), 1):
            if invoices is not None and row["InvoiceNo"] not in invoices:
                continue
            # A sample names each line's place in the whole file.
            number = int(row.get("Number") or position)
            if number in without or (only is not None and number not in only):
                continue
            amount = int(row["Quantity"]) * Decimal(row["UnitPrice"])
            lines += 1
            units += int(row["Quantity"])
            total += amount
            rounding += amount - amount.quantize(PENNY, ROUND_HALF_UP)
            if row["InvoiceNo"][0] == "C":
                credits += amount
    return ControlTotal(lines, units, total, credits, rounding)


if __name__ == "__main__":
    print(json.dumps(control_total(Path(sys.argv[1]))._asdict(), default=str))
