"""How many units may come back of what was handed over, and what is given for others; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.demo.credits import CreditNote, GivenBack, Take
from crosslane.demo.replay.givings import TakeBack
from crosslane.demo.replay.register import Sold

GONE = frozenset({"handed_over", "delivered"})
# A line of a credit note, what it takes of a sold line, and units of that which are not there.
Missing = tuple[GivenBack, Take, int]


class Bucket(Struct, frozen=True):
    """Units of a line in one stage."""

    stage: str
    quantity: int


class OrderedLine(Struct, frozen=True):
    """A line as the API shows it."""

    id: UUID
    position: int
    sku: str
    tax_rate_bp: int
    buckets: list[Bucket]


class Taken(Struct, frozen=True):
    """Units of a line that a change took off an order."""

    line_id: UUID
    quantity: int


class Amendment(Struct, frozen=True):
    """A change of an order, and why it was made; what it lists depends on its kind."""

    reason: str
    lines: msgspec.Raw


class Ordered(Struct, frozen=True):
    """An order as the API shows it."""

    id: UUID
    lines: list[OrderedLine]
    amendments: list[Amendment]


class Back(Struct, frozen=True):
    """Units that come back to an order.

    Args:
        one: line of the credit note.
        take: what it takes of which sold line.
        order_line: that line in Crosslane.
        units: how many of them.
        rate_bp: tax rate they were sold at.
        given: units that an earlier run has given for without them, because they had not been
            handed over by its end.
    """

    one: GivenBack
    take: Take
    order_line: UUID
    units: int
    rate_bp: int
    given: int = 0

    @property
    def lacking(self) -> int:
        """Units of the credit note that are not there and that nothing was given for."""
        return self.take.units - self.given - self.units


def find_line(take: Take, sold: Sold, shown: Ordered) -> OrderedLine:
    """Return the order line that a sold line became: orders keep the places of their lines."""
    recorded = sold.sale.lines if sold.sale else ()
    place = next(n for n, line in enumerate(recorded, 1) if line.number == take.sold.number)
    return next(line for line in shown.lines if line.position == place)


def reason_undelivered(note: CreditNote) -> str:
    """Return why units of a credit note are cancelled; an order tells by it that they were."""
    return f"Credit note {note.number}: not handed over"


def find_backs(
    job: TakeBack,
    sold: Sold,
    shown: Ordered,
    back: Mapping[UUID, int],
    blind: Mapping[str, int],
) -> list[Back]:
    """Return what may come back of each part of a job: no more than was handed over and is there.

    Args:
        job: goods that come back.
        sold: their order.
        shown: as it stands.
        back: units that came back before, by order line.
        blind: units of the job that an earlier run gave for without the order, by SKU. Those that
            it cancelled the order tells.
    """
    found: list[Back] = []
    taken, left = Counter(back), Counter(blind)
    cancelled = _cancelled(job.note, shown)
    for one, take in job.goods:
        line = find_line(take, sold, shown)
        of_order = min(take.units, cancelled[line.id])
        without = min(take.units - of_order, left[one.line.sku])
        cancelled[line.id] -= of_order
        left[one.line.sku] -= without
        given = of_order + without
        handed = sum(bucket.quantity for bucket in line.buckets if bucket.stage in GONE)
        units = min(take.units - given, max(0, handed - taken[line.id]))
        taken[line.id] += units
        found.append(Back(one, take, line.id, units, line.tax_rate_bp, given))
    return found


def _cancelled(note: CreditNote, shown: Ordered) -> Counter[UUID]:
    """Count by order line what was cancelled for a credit note because it was not handed over."""
    reason = reason_undelivered(note)
    units: Counter[UUID] = Counter()
    for amendment in shown.amendments:
        if amendment.reason == reason:
            for one in msgspec.json.decode(amendment.lines, type=list[Taken]):
                units[one.line_id] += one.quantity
    return units


def priced(missing: Iterable[Missing]) -> list[tuple[GivenBack, int, int]]:
    """Return what is given for units without their order: what they had cost, or less.

    Where the credit note gives more than that, the difference is credited by itself.
    """
    return [
        (one, units, min(take.sold.price_milli, one.line.price_milli))
        for one, take, units in missing
    ]


def cheaper_milli(back: Back) -> int:
    """Return by how much less than they had cost units are credited, in 1/1000 penny."""
    return max(0, back.units * (back.take.sold.price_milli - back.one.line.price_milli))
