"""The demo's report: what became of the real order lines, in numbers a retailer understands.

Every number is computed by SQL over the journals of the tenant, in ``report.sql``. What only the
replay can know (lines it could not send, how long its probes waited, what it took) comes in as its
:class:`Outcome`; what the raw file is worth comes from ``control_total``, which shares no code with
the replay; what ``crosslane verify`` found comes from the caller, who runs it in the same
transaction, so that the report and its check are of one moment.

Doors: :func:`make_report`, :func:`write_report` (JSON), :func:`print_report` (for people).
"""

from crosslane.demo.report.figures import make_report
from crosslane.demo.report.nouns import Finding, LineFate, Outcome, OverReturn, Report
from crosslane.demo.report.summary import print_report, write_report

__all__ = [
    "Finding",
    "LineFate",
    "Outcome",
    "OverReturn",
    "Report",
    "make_report",
    "print_report",
    "write_report",
]
