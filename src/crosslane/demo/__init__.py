"""Marlow & Finch, the demo retailer: real order lines replayed over HTTP.

The demo is a client like any other: it imports no capability. It is prepared purely, then played:

- ``raw`` reads the order lines, from ``CROSSLANE_DATA`` or from the sample in the package;
- ``streams`` sorts every line into exactly one stream and finds cancellations;
- ``credits`` matches credit notes to the earlier sales they give back of;
- ``baskets`` splits the consumer web shop's daily batches into small baskets, totals exact;
- ``selection`` chooses the days and fills them up evenly to a number of orders;
- ``goods`` draws weights, sizes and bar codes of the products;
- ``control_total`` adds the raw file up in decimals and knows nothing of the others;
- ``stage`` starts Crosslane and the outside world as processes on the home folder;
- ``world`` founds the retailer through the REST API, twice the same;
- ``replay`` sends the lines as the channels would, and plays staff, carriers and customers;
- ``live`` lets orders of today arrive afterwards, slowly, for whoever looks at the screens;
- ``report`` tells what became of it all, by SQL over the journals of the tenant;
- ``packaged`` writes and reads what the package carries (see ``sample/NOTICE.txt``).

Invented values come from ``draws``: the same seed and the same words give the same value.
"""

from crosslane.demo.baskets import Basket, split_batch
from crosslane.demo.control_total import ControlTotal, control_total, read_amounts
from crosslane.demo.goods import Dimensions, draw_dimensions, gtin_of
from crosslane.demo.live import live
from crosslane.demo.packaged import Source, read_source
from crosslane.demo.progress import Progress, Unwatched
from crosslane.demo.raw import RawLine, read_lines
from crosslane.demo.replay import replay
from crosslane.demo.report import (
    Finding,
    LineFate,
    Outcome,
    OverReturn,
    Report,
    make_report,
    print_report,
    write_report,
)
from crosslane.demo.selection import DEFAULT_DAYS, Selection, select
from crosslane.demo.stage import Stage, remove, stage
from crosslane.demo.streams import Invoice, SortedLine, Stream, sort_lines
from crosslane.demo.world import World, build_world

__all__ = [
    "DEFAULT_DAYS",
    "Basket",
    "ControlTotal",
    "Dimensions",
    "Finding",
    "Invoice",
    "LineFate",
    "Outcome",
    "OverReturn",
    "Progress",
    "RawLine",
    "Report",
    "Selection",
    "SortedLine",
    "Source",
    "Stage",
    "Stream",
    "Unwatched",
    "World",
    "build_world",
    "control_total",
    "draw_dimensions",
    "gtin_of",
    "live",
    "make_report",
    "print_report",
    "read_amounts",
    "read_lines",
    "read_source",
    "remove",
    "replay",
    "select",
    "sort_lines",
    "split_batch",
    "stage",
    "write_report",
]
