"""What a change would do to an order: money per tender, promises, places. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.customers import Address
from crosslane.orders import OrderView
from crosslane.payments import TenderMoney

Places = tuple[tuple[str, str, int], ...]


class TenderDelta(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one tender; amounts in minor units.

    Args:
        method: how it pays.
        opened_minor: it is new, and pays this much.
        captured_minor: taken, or asked for, by the change.
        refunded_minor: given back by it.
        released_minor: authorized and not needed any more.
    """

    method: str
    provider: str
    opened_minor: int
    captured_minor: int
    refunded_minor: int
    released_minor: int


class LineDelta(msgspec.Struct, frozen=True, kw_only=True):
    """A line whose promise, places or worth become others.

    Args:
        is_new: the change adds it.
        promised_before: when the customer was told to have it; likewise after.
        places_before: stage, location and units of its buckets; likewise after.
    """

    sku: str
    title: str
    is_new: bool
    promised_before: datetime | None
    promised_after: datetime | None
    places_before: Places
    places_after: Places

    @property
    def promise_moves(self) -> bool:
        """Whether the customer has to be told another date."""
        return not self.is_new and self.promised_before != self.promised_after


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does; amounts in minor units of ``currency``.

    Args:
        version: of the order it was tried on.
        worth_before: what the customer pays in all; likewise after.
        owed_before: what nothing covers; likewise after.
        refunds_elsewhere_minor: given back another way than over the tenders.
        status_before: the order's status; likewise after.
        ship_to_after: where it goes, None when that stays.
    """

    version: int
    currency: str
    worth_before: int
    worth_after: int
    owed_before: int
    owed_after: int
    status_before: str
    status_after: str
    tenders: Sequence[TenderDelta]
    lines: Sequence[LineDelta]
    ship_to_after: Address | None

    @property
    def worth_delta(self) -> int:
        """What the customer pays more, negative for less."""
        return self.worth_after - self.worth_before

    @property
    def refund_minor(self) -> int:
        """What is given back at once."""
        return sum(tender.refunded_minor for tender in self.tenders)

    @property
    def is_nothing(self) -> bool:
        """Whether all stays as it is."""
        same_money = self.worth_before == self.worth_after and not self.tenders
        return same_money and not self.lines and self.ship_to_after is None


def delta_of(before: OrderView, after: OrderView) -> Delta:
    """Return what lies between two looks at one order."""
    return Delta(
        version=before.version,
        currency=before.currency,
        worth_before=before.money.worth_minor,
        worth_after=after.money.worth_minor,
        owed_before=before.money.owed_minor,
        owed_after=after.money.owed_minor,
        status_before=before.status,
        status_after=after.status,
        tenders=list(_tenders(before, after)),
        lines=list(_lines(before, after)),
        ship_to_after=None if before.ship_to == after.ship_to else after.ship_to,
    )


def _tenders(before: OrderView, after: OrderView) -> Iterator[TenderDelta]:
    known = {tender.payment_id: tender for tender in before.money.tenders}
    for tender in after.money.tenders:
        was = known.get(tender.payment_id)
        if was is None:
            yield _tender(tender, opened=tender.amount_minor)
            continue
        taken = _taken(tender) - _taken(was)
        # What is refundable grows by what is taken, and falls by what is given back.
        refunded = was.refundable_minor + tender.captured_minor - was.captured_minor
        refunded -= tender.refundable_minor
        released = was.capturable_minor - tender.capturable_minor - taken
        if taken or refunded or released:
            yield _tender(tender, captured=taken, refunded=refunded, released=released)


def _taken(tender: TenderMoney) -> int:
    return tender.captured_minor + tender.capturing_minor


def _tender(
    tender: TenderMoney, *, opened: int = 0, captured: int = 0, refunded: int = 0, released: int = 0
) -> TenderDelta:
    return TenderDelta(
        method=str(tender.method),
        provider=tender.provider,
        opened_minor=opened,
        captured_minor=captured,
        refunded_minor=refunded,
        released_minor=released,
    )


def _lines(before: OrderView, after: OrderView) -> Iterator[LineDelta]:
    known = {line.id: line for line in before.lines}
    for line in after.lines:
        was = known.get(line.id)
        if line.is_bundle:
            continue
        here, there = _places(before, line.id), _places(after, line.id)
        promised = was.promised_at if was else None
        if was is None or here != there or promised != line.promised_at:
            yield LineDelta(
                sku=line.sku,
                title=line.title,
                is_new=was is None,
                promised_before=promised,
                promised_after=line.promised_at,
                places_before=here,
                places_after=there,
            )


def _places(view: OrderView, line_id: UUID) -> Places:
    return tuple(
        sorted(
            (bucket.stage, bucket.location, bucket.quantity)
            for line in view.lines
            if line.id == line_id
            for bucket in line.buckets
            if bucket.quantity
        )
    )
