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
from collections.abc import Collection, Iterable
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


class Amount(NamedTuple):
    """What a line comes to: its number, counted in the whole file from 1, units and pounds."""

    number: int
    units: int
    pounds: Decimal
    is_credit: bool


def read_amounts(path: Path, invoices: Collection[str] | None = None) -> list[Amount]:
    """Read a gzipped order file once, to be added up in several ways.

    Args:
        path: the file.
        invoices: the invoice numbers to read; all of them when absent.
    """
    found = []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        at = {name: place for place, name in enumerate(next(rows))}
        invoice, quantity, price = (at[n] for n in ("InvoiceNo", "Quantity", "UnitPrice"))
        # A sample names each line's place in the whole file.
        number = at.get("Number")
        for position, row in enumerate(rows, 1):
            if invoices is not None and row[invoice] not in invoices:
                continue
            units = int(row[quantity])
            place = position if number is None else int(row[number])
            pounds = units * Decimal(row[price])
            found.append(Amount(place, units, pounds, row[invoice][0] == "C"))
    return found


def add_up(amounts: Iterable[Amount], *, without: Collection[int] = ()) -> ControlTotal:
    """Add lines up.

    Args:
        amounts: those of :func:`read_amounts`.
        without: numbers of lines to leave out.
    """
    lines = units = 0
    total = credits = rounding = Decimal(0)
    for one in amounts:
        if one.number in without:
            continue
        lines += 1
        units += one.units
        total += one.pounds
        rounding += one.pounds - one.pounds.quantize(PENNY, ROUND_HALF_UP)
        if one.is_credit:
            credits += one.pounds
    return ControlTotal(lines, units, total, credits, rounding)


def control_total(path: Path, invoices: Collection[str] | None = None) -> ControlTotal:
    """Read a gzipped order file and add it up.

    Args:
        path: the file.
        invoices: the invoice numbers to count; all of them when absent.
    """
    return add_up(read_amounts(path, invoices))


if __name__ == "__main__":
    print(json.dumps(control_total(Path(sys.argv[1]))._asdict(), default=str))
