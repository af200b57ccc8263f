"""What other modules ask of sourcing, and what they get."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.locations import Location
from crosslane.organization import Channel
from crosslane.sourcing.domain.receipt import Glimpsed, Receipt

SourcedMethod = Literal["ship", "ship_to_store", "pickup"]


class LineAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one order line that need a location.

    Args:
        key: the order line.
        variant: what is wanted, a single article.
        quantity: units.
        barred: locations that may not serve it (they rejected it or did not find it).
        only: the location that a joint decision gave it to; None for any.
        price_milli: what the customer pays for a unit without tax, in 1/1000 minor unit; None when
            it is not known yet.
    """

    key: UUID
    variant: Variant
    quantity: int
    barred: frozenset[UUID] = frozenset()
    price_milli: int | None = None
    only: UUID | None = None


class SourcingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one order that reach the customer in one way at one place.

    Args:
        order_id: the order.
        channel: who sells.
        currency: of all costs.
        method: how the customer gets the goods.
        country: where they go; likewise postcode. Not looked at for a pickup.
        store: where the customer fetches them, None when they are shipped home.
        service: code of the delivery service; "" for the cheapest that goes there.
        wanted_at: when the customer was promised or wants the goods at the latest; to arrive later
            costs something. None when nothing was said.
        in_time: nothing may arrive later than that.
        at: business time: calendars, prices and policies go by it.
        lines: what is wanted.
        before_milli: what the decision costs that is changed by deciding open orders together.
    """

    order_id: UUID
    channel: Channel
    currency: str
    method: SourcedMethod
    at: datetime
    lines: Sequence[LineAsked]
    country: str = ""
    postcode: str = ""
    store: Location | None = None
    service: str = ""
    wanted_at: datetime | None = None
    in_time: bool = False
    before_milli: int | None = None

    @property
    def destination(self) -> tuple[str, str]:
        """Country and postcode of where the goods go, or are fetched."""
        if self.store is not None:
            return self.store.country, self.store.postcode
        return self.country, self.postcode


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """The decision on one request.

    Args:
        request: as asked.
        placed: (line, location, units).
        unfilled: (line, units, reason); the reason is ``short`` or ``too_costly``.
        receipt_id: names the decision.
        receipt: how it was decided.
        service: delivery service asked for or chosen for all; "" for a pickup.
        services: by which each location sends that goes by a faster one, so as not to be late.
        ship_days: day on which each location sends its parcels.
        parcels: how many each location sends.
        room: parcels that the fullest of these days could still take after this decision, as far
            as was known; None when no day has a limit.
        promised_at: when the customer has everything that was placed; None when not in sight.
        cost_milli: in thousandths of a minor unit.
    """

    request: SourcingRequest
    placed: Sequence[tuple[UUID, UUID, int]]
    unfilled: Sequence[tuple[UUID, int, str]]
    receipt_id: UUID
    receipt: Receipt | Glimpsed
    service: str
    services: Mapping[UUID, str]
    ship_days: Mapping[UUID, date]
    parcels: Mapping[UUID, int]
    room: int | None
    promised_at: datetime | None
    cost_milli: int


class KeptReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is kept.

    Args:
        id: names the decision.
        at: when it was recorded.
        order_id: the order.
        method: how the customer gets the goods.
        placed_at: business time it was decided for.
        receipt: how it was decided.
    """

    id: UUID
    at: datetime
    order_id: UUID
    method: str
    placed_at: datetime
    receipt: Receipt


class Adoption(msgspec.Struct, frozen=True):
    """A decision on units that were held becomes one on the order that has them now.

    Args:
        draft_id: the decision as it was made.
        receipt_id: names the decision on the order.
        order_id: the order.
    """

    draft_id: UUID
    receipt_id: UUID
    order_id: UUID


class Kept(msgspec.Struct, frozen=True):
    """Promises of a service from a location whose parcels have arrived.

    Args:
        promised: how many parcels were promised for an instant.
        kept: how many of them came by then.
    """

    promised: int
    kept: int

    @property
    def share_bp(self) -> int:
        """How often a promise was kept, as if one more had been kept and one more broken.

        So few parcels say little: one that came in time makes 66 %, a hundred 99 %.
        """
        return (self.kept + 1) * 10_000 // (self.promised + 2)


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that has reached its customer.

    Args:
        service: by which it went.
        location_id: from where.
        promised_at: when it was to be there.
        at: when it was there.
    """

    service: str
    location_id: UUID
    promised_at: datetime
    at: datetime
