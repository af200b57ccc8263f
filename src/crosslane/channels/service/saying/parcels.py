"""What channels are told of goods on their way: ready to be collected, sent, arrived, collected.

One message a parcel, and one for what lies ready at a store. What a channel has told of itself it
is not told back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane import carriers, fulfillment, locations
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.channels.service.saying import Saying, say, voices
from crosslane.channels.service.saying.words import Spoken, spoken_of
from crosslane.fulfillment import (
    Parcel,
    ParcelDelivered,
    ParcelShipped,
    PickupCollected,
    PickupReady,
    Work,
)
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged

KIND = "fulfillment"
Moved = ParcelShipped | ParcelDelivered | PickupReady | PickupCollected
STEPS = {
    ParcelShipped: "shipped",
    ParcelDelivered: "delivered",
    PickupReady: "ready",
    PickupCollected: "collected",
}
GONE = ("shipped", "delivered")


async def tell_moved(tx: Tx, moved: Sequence[Logged[Moved]]) -> None:
    """Tell channels what became of the goods of their orders."""
    known = {channel: one for channel, one in (await voices(tx)).items() if one.says(KIND)}
    found = await spoken_of(tx, [logged.event.order_id for logged in moved], known)
    news = [
        logged
        for logged in moved
        if (one := found.get(logged.event.order_id)) and not one.is_by_channel(logged.actor)
    ]
    if not news:
        return
    works = {
        work.id: work
        for theirs in (await fulfillment.works_by_order(tx, list(found))).values()
        for work in theirs
    }
    parcels = [logged.event.parcel_id for logged in news if not _is_pickup(logged.event)]
    labels = await carriers.labels_of_parcels(tx, parcels) if parcels else {}
    links = {parcel: theirs[-1].tracking_url for parcel, theirs in labels.items()}
    codes = {place.id: place.code for place in (await locations.network(tx)).by_id.values()}
    sayings: list[Saying] = []
    for logged in news:
        one = found[logged.event.order_id]
        message = _message(one, logged.event, works, links, codes)
        if message is not None:
            key = f"{KIND}:{message.source_id}:{message.step}"
            sayings.append(one.saying(message, key, logged.trace))
    await say(tx, sayings)


def _is_pickup(event: Moved) -> bool:
    return isinstance(event, PickupReady | PickupCollected)


def _message(
    one: Spoken,
    event: Moved,
    works: Mapping[UUID, Work],
    links: Mapping[UUID, str],
    codes: Mapping[UUID, str],
) -> FulfillmentEvent | None:
    """Return what is told; None when nothing of it is whole yet."""
    work = works[event.fulfillment_order_id]
    if isinstance(event, PickupReady | PickupCollected):
        goods = one.goods(_put_aside(work), {})
        return _event(one, event, work, str(work.id), goods, codes)
    parcel = next(each for each in work.parcels if each.id == event.parcel_id)
    goods = one.goods(_units(work, parcel), _earlier(one, works.values(), parcel))
    link = parcel.tracking_url or links.get(parcel.id, "")
    return _event(one, event, work, str(parcel.id), goods, codes, parcel=parcel, link=link)


def _event(
    one: Spoken,
    event: Moved,
    work: Work,
    source_id: str,
    goods: Sequence[MovedGoods],
    codes: Mapping[UUID, str],
    *,
    parcel: Parcel | None = None,
    link: str = "",
) -> FulfillmentEvent | None:
    if not goods:
        return None
    return FulfillmentEvent(
        source_id=source_id,
        event_at=event.occurred_at,
        order=one.number,
        step=STEPS[type(event)],
        lines=tuple(goods),
        location=codes.get(work.location_id, ""),
        carrier=parcel.carrier if parcel else "",
        service=work.service,
        tracking=(parcel.tracking_number,) if parcel and parcel.tracking_number else (),
        links=(link,) if link else (),
        due_at=work.promised_at,
    )


def _put_aside(work: Work) -> Counter[UUID]:
    return Counter({line.line_id: line.packed + line.gone for line in work.lines})


def _units(work: Work, parcel: Parcel) -> Counter[UUID]:
    by_id = {line.id: line.line_id for line in work.lines}
    return Counter({by_id[line_id]: units for line_id, units in parcel.lines.items()})


def _earlier(one: Spoken, works: Iterable[Work], parcel: Parcel) -> Counter[UUID]:
    """Return the units that left in parcels before this one, of bundles' parts."""
    before: Counter[UUID] = Counter()
    if not any(line.is_bundle for line in one.state.lines):
        return before
    for work in works:
        if work.order_id != one.id or work.method != "ship":
            continue
        for other in work.parcels:
            if other.state in GONE and _left(other) < _left(parcel):
                before += _units(work, other)
    return before


def _left(parcel: Parcel) -> tuple[datetime, UUID]:
    return parcel.shipped_at or parcel.packed_at, parcel.id
