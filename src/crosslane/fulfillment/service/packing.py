"""Parcels: packed in one action that asks for their labels."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import carriers, catalog, customers, locations, orders
from crosslane.carriers import LabelRequest, PostalAddress, Shipment
from crosslane.customers import Address
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Work, advance, pack, require_state
from crosslane.fulfillment.errors import NothingPicked
from crosslane.fulfillment.service.sending import send
from crosslane.fulfillment.service.transfers import told_of_parcel
from crosslane.fulfillment.service.working import (
    COMMANDS_AT_ONCE_MAX,
    LINES_MAX,
    WORKS_MAX,
    Units,
    Worked,
    by_asker,
    by_work,
    open_works,
    step_of,
    times_of,
)
from crosslane.kernel import Refusal, matching, new_id
from crosslane.locations import Location
from crosslane.orders import Stage
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

PARCELS_MAX = 100
# Nobody weighs nothing: an article of unknown weight still makes a parcel.
WEIGHT_GRAMS_MIN = 1


class PackedUnits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an order line in a parcel."""

    line_id: UUID
    quantity: Units


class Numbered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a carrier calls a parcel whose label was made elsewhere.

    Args:
        carrier: who carries it.
        tracking_number: its number there.
        tracking_url: where it can be followed.
    """

    carrier: Annotated[str, msgspec.Meta(max_length=100)] = ""
    tracking_number: Annotated[str, msgspec.Meta(max_length=100)] = ""
    tracking_url: Annotated[str, matching("(?:https?://[!-~]+)?", max_length=2_000)] = ""


class PackParcel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One parcel.

    Args:
        lines: what is in it; everything that is picked when empty.
        weight_grams: as weighed; by the catalog's weights when absent.
        numbered: its label was made elsewhere: none is asked for, and it leaves at once.
    """

    lines: Annotated[list[PackedUnits], msgspec.Meta(max_length=LINES_MAX)] = []
    weight_grams: Annotated[int, msgspec.Meta(ge=1, le=10**8)] | None = None
    numbered: Numbered | None = None


Parcels = Annotated[tuple[PackParcel, ...], msgspec.Meta(min_length=1, max_length=PARCELS_MAX)]


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parcels of one fulfillment order.

    Args:
        fulfillment_order: which.
        parcels: one with all that is picked when none are named.
        occurred_at: business time; that of the whole report when absent.
    """

    fulfillment_order: UUID
    parcels: Annotated[
        tuple[PackParcel, ...], msgspec.Meta(min_length=1, max_length=PARCELS_MAX)
    ] = (PackParcel(),)
    occurred_at: datetime | None = None


class PackUnits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parcels of one or many fulfillment orders.

    Args:
        packs: per fulfillment order.
        occurred_at: business time; now when absent.
    """

    packs: Annotated[list[Pack], msgspec.Meta(min_length=1, max_length=WORKS_MAX)]
    occurred_at: datetime | None = None


async def pack_parcels(tx: Tx, commands: Sequence[Command[PackUnits]]) -> list[list[Worked]]:
    """Close parcels and ask for their labels; the carrier's answer sends them off.

    All parcels of a command are packed or none: a label that can never be printed is refused now.

    Raises:
        NotTogether: two commands pack the same; what is left for the second tells the first.
    """
    packs = [(command, wish) for command in commands for wish in command.body.packs]
    wanted = by_work((command, wish.fulfillment_order) for command, wish in packs)
    at: dict[UUID, datetime] = {}
    for command in commands:
        at |= times_of(command.body.packs, command.body.occurred_at or tx.now)
    works = await open_works(tx, wanted)
    packed: list[tuple[Work, Parcel]] = []
    labelled: list[tuple[Work, Parcel]] = []
    for _, wish in packs:
        work = works[wish.fulfillment_order]
        require_state(work, "pack")
        for asked in wish.parcels:
            packed.append((work, _pack(work, asked, at[work.id])))
            if asked.numbered is not None:
                labelled.append(packed[-1])
    steps = [
        step_of(work, line.line_id, units, Stage.PICKED, Stage.PACKED, wanted[work.id], at[work.id])
        for work, parcel in packed
        for line in work.lines
        if (units := parcel.lines.get(line.id, 0))
    ]
    refused = await orders.move(tx, steps)
    for refusal in refused.values():
        raise refusal
    await weigh(tx, packed)
    await _ask_for_labels(tx, [one for one in packed if one not in labelled], wanted)
    for work in works.values():
        advance(work, tx.now)
    await storage.save_works(tx, list(works.values()), packed)
    told = [told_of_parcel(events.ParcelPacked, work, parcel) for work, parcel in packed]
    await log.append(tx, told, [wanted[work.id] for work, _ in packed])
    await send(tx, labelled, {parcel.id: wanted[work.id] for work, parcel in labelled})
    closed: dict[UUID, tuple[UUID, ...]] = {}
    for work, parcel in packed:
        closed[work.id] = (*closed.get(work.id, ()), parcel.id)
    answers = (Worked(work.id, work.state, parcels=closed[work.id]) for work in works.values())
    return by_asker(commands, wanted, answers)


def _pack(work: Work, asked: PackParcel, at: datetime) -> Parcel:
    lines = asked.lines or [
        PackedUnits(line.line_id, line.picked) for line in work.lines if line.picked
    ]
    if not lines:
        raise NothingPicked
    parcel = Parcel(
        id=new_id(),
        number=len(work.parcels) + 1,
        weight_grams=asked.weight_grams or 0,
        state="packed",
        packed_at=at,
        lines={pack(work, one.line_id, one.quantity).id: one.quantity for one in lines},
        **(msgspec.structs.asdict(asked.numbered) if asked.numbered else {}),
    )
    work.parcels.append(parcel)
    return parcel


async def weigh(tx: Tx, packed: Sequence[tuple[Work, Parcel]]) -> None:
    """Give parcels that nobody weighed the weight of their goods."""
    unknown = [(work, parcel) for work, parcel in packed if not parcel.weight_grams]
    if not unknown:
        return
    variants = await catalog.variants_by_id(
        tx, sorted({line.variant_id for work, _ in unknown for line in work.lines})
    )
    for work, parcel in unknown:
        grams = sum(
            variants[line.variant_id].weight_grams * parcel.lines.get(line.id, 0)
            for line in work.lines
        )
        parcel.weight_grams = max(grams, WEIGHT_GRAMS_MIN)


async def _ask_for_labels(
    tx: Tx, packed: Sequence[tuple[Work, Parcel]], wanted: Mapping[UUID, Command]
) -> None:
    network = await locations.network(tx)
    asked = {work.ship_address_id for work, _ in packed if work.ship_address_id}
    addresses = {
        one.id: one.address for one in (await customers.addresses_by_id(tx, list(asked))).values()
    }
    answers = await carriers.request_labels(
        tx,
        [
            LabelRequest(
                f"parcel:{parcel.id}",
                _shipment(work, parcel, network.by_id, addresses),
                wanted[work.id].trace,
            )
            for work, parcel in packed
        ],
    )
    for (_, parcel), answer in zip(packed, answers, strict=True):
        if isinstance(answer, Refusal):
            raise answer
        parcel.label_id = answer


def _shipment(
    work: Work,
    parcel: Parcel,
    network: Mapping[UUID, Location],
    addresses: Mapping[UUID, Address],
) -> Shipment:
    sender = network[work.location_id]
    if work.store_id is not None:
        to = location_address(network[work.store_id])
    elif work.ship_address_id is not None:
        to = customer_address(addresses[work.ship_address_id])
    else:
        raise NothingPicked
    return Shipment(
        parcel_id=parcel.id,
        location_id=work.location_id,
        service=work.service,
        sender=location_address(sender),
        recipient=to,
        weight_grams=parcel.weight_grams,
        shipped_on=parcel.packed_at.date(),
        reference=work.order_number,
        parcel=parcel.number,
        parcels=max(parcel.number, len(work.parcels)),
    )


def location_address(at: Location) -> PostalAddress:
    """Return a location as a label names it."""
    return PostalAddress(
        organization=at.name,
        lines=at.lines,
        city=at.city,
        postcode=at.postcode,
        country=at.country,
        phone=at.phone,
    )


def customer_address(to: Address) -> PostalAddress:
    """Return a customer's address as a label names it: its region in letters that carriers read."""
    return PostalAddress(
        name=to.name,
        organization=to.organization,
        lines=to.lines,
        city=to.city,
        region=customers.region_in_latin(to.country, to.region),
        postcode=to.postcode,
        country=to.country,
        phone=to.phone,
    )


PACK = CommandKind("fulfillment.pack", PackUnits, list[Worked], pack_parcels, COMMANDS_AT_ONCE_MAX)
