"""Marlow & Finch, the demo retailer: real order lines prepared for a replay over HTTP.

The demo is a client like any other: it imports no capability. What is here is pure preparation.

- ``raw`` reads the order lines, from ``CROSSLANE_DATA`` or from the sample in the package;
- ``streams`` sorts every line into exactly one stream and finds cancellations;
- ``baskets`` splits the consumer web shop's daily batches into small baskets, totals exact;
- ``selection`` chooses the days and fills them up evenly to a number of orders;
- ``goods`` draws weights, sizes and bar codes of the products;
- ``control_total`` adds the raw file up in decimals and knows nothing of the others;
- ``report`` tells what became of it all, by SQL over the journals of the tenant;
- ``packaged`` writes and reads what the package carries (see ``sample/NOTICE.txt``).

Invented values come from ``draws``: the same seed and the same words give the same value.
"""

from crosslane.demo.baskets import Basket, split_batch
from crosslane.demo.control_total import ControlTotal, control_total
from crosslane.demo.goods import Dimensions, draw_dimensions, gtin_of
from crosslane.demo.raw import RawLine, read_lines
from crosslane.demo.report import (
    Finding,
    LineFate,
    Outcome,
    Report,
    make_report,
    print_report,
    write_report,
)
from crosslane.demo.selection import DEFAULT_DAYS, Selection, select
from crosslane.demo.streams import Invoice, SortedLine, Stream, sort_lines

__all__ = [
    "DEFAULT_DAYS",
    "Basket",
    "ControlTotal",
    "Dimensions",
    "Finding",
    "Invoice",
    "LineFate",
    "Outcome",
    "RawLine",
    "Report",
    "Selection",
    "SortedLine",
    "Stream",
    "control_total",
    "draw_dimensions",
    "gtin_of",
    "make_report",
    "print_report",
    "read_lines",
    "select",
    "sort_lines",
    "split_batch",
    "write_report",
]
