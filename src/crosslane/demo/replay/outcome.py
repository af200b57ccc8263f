"""What became of every recorded line.

A line ends once, in one of these ways, and all of them add up to the lines of the selection:

| fate | which lines |
|---|---|
| placed | they are in an order that was taken in, whatever became of the order afterwards |
| postage | what was charged for delivery: it is in the delivery charges of such orders |
| adjusted | stock notes that were booked as adjustments |
| rejected | they can be no order (no price, unknown code), or their order or note was refused |
| cancelling | lines of a credit note that was replayed as the cancellation of its order |
| returned | goods on a credit note that came back to the orders they were sold with |
| over_returned | likewise, but more came than the customer had left: the excess went back blind |
| blind | goods on a credit note that no earlier sale is known of |
| credited | money on a credit note that is no goods |
| booked | such money for nobody or for somebody else: an entry in the books by hand |
| charged | other money beside the goods: fees, discounts, entries by hand |
"""

from collections import Counter
from collections.abc import Iterable

from crosslane.demo.raw import RawLine
from crosslane.demo.report import LineFate
from crosslane.demo.report.nouns import FateName
from crosslane.demo.selection import Selection
from crosslane.demo.streams import WEB_POSTAGE, Stream, is_credit

UNANSWERED = "no answer"


class LineBook:
    """The lines of a selection and how each one ended.

    Args:
        selection: whose lines are to be accounted for. Those that make no order end at once.

    Attributes:
        refused_shares_milli: postage of baskets that were refused, in 1/1000 penny, while the
            postage line itself is in the other baskets of its batch.
    """

    def __init__(self, selection: Selection) -> None:
        self._lines = [entry.line for invoice in selection.invoices for entry in invoice.lines]
        self._ends: dict[int, tuple[FateName, str]] = {}
        self.refused_shares_milli = 0
        for invoice in selection.invoices:
            for entry in invoice.lines:
                if entry.stream is Stream.REJECTED:
                    self.end([entry.line], "rejected", entry.reason)

    def end(self, lines: Iterable[RawLine], fate: FateName, reason: str = "") -> None:
        """Write down how lines ended.

        Raises:
            ValueError: one of them has ended before: no line is used twice.
        """
        for line in lines:
            if line.number in self._ends:
                raise ValueError(f"line {line.number} is used twice")
            self._ends[line.number] = (fate, reason)

    def close(self, selection: Selection) -> list[LineFate]:
        """Let what is left end, and return how every line ended.

        Money beside the goods is only counted. The postage of a web batch is in its baskets, or
        refused with all of them. What never got an answer is rejected with that reason.
        """
        for invoice in selection.invoices:
            ends = Counter(
                self._ends.get(entry.line.number, ("", ""))[0] for entry in invoice.lines
            )
            for entry in invoice.lines:
                if entry.line.number in self._ends:
                    continue
                if entry.stream is Stream.CHARGE:
                    self.end([entry.line], "charged")
                elif entry.line.sku == WEB_POSTAGE and ends["placed"]:
                    self.end([entry.line], "postage")
                else:
                    self.end([entry.line], "rejected", UNANSWERED)
        return [LineFate(line.number, *self._ends[line.number]) for line in self._lines]


def count_processed(selection: Selection, fates: Iterable[LineFate]) -> int:
    """Return how many credit notes are processed: none of their lines was rejected."""
    rejected = {one.number for one in fates if one.fate == "rejected"}
    return sum(
        rejected.isdisjoint(entry.line.number for entry in invoice.lines)
        for invoice in selection.invoices
        if is_credit(invoice.number)
    )
