"""Asking for goods: what is asked for is held at its source, all of it or nothing."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from crosslane import inventory, organization
from crosslane.catalog import UnknownSku, Variant, variants_by_sku
from crosslane.inventory import BundleHasNoStock, OutOfStock
from crosslane.kernel import new_id
from crosslane.ledger import RateMissing, rate_book
from crosslane.locations import Location, network
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.transfers import storage
from crosslane.transfers.domain import TRAVEL, Line, Transfer
from crosslane.transfers.errors import (
    ForeignTransfer,
    LocationClosedDown,
    NotOurStock,
    RateNeeded,
    SameLocation,
)
from crosslane.transfers.events import TransferRequested
from crosslane.transfers.service.reading import TransferView, number_of, view
from crosslane.transfers.service.saving import Journal, cause_of, event_of, units_of
from crosslane.transfers.service.wishes import RequestTransfer

# Customers keep what they were promised: of what is missing, transfers go without first.
AFTER_ALL_CUSTOMERS = datetime(9999, 12, 31, tzinfo=UTC)


async def request(tx: Tx, wish: RequestTransfer) -> TransferView:
    """Hold goods at their source, to be sent.

    Raises:
        Refusal: a code is unknown, the locations cannot deal with each other, or the source does
            not have all of it to give.
    """
    source, destination, owner = await _between(tx, wish)
    units = await _units(tx, wish)
    expected_on = wish.expected_on
    if expected_on is None:
        travel, _ = (await organization.policies(tx)).resolve(
            TRAVEL, tx.now, location=destination.code
        )
        expected_on = tx.now.date() + timedelta(days=travel.days)
    transfer = Transfer(
        id=new_id(),
        number=number_of(await storage.next_number(tx)),
        source_id=source.id,
        destination_id=destination.id,
        owner_id=owner,
        purpose=wish.purpose,
        note=wish.note.strip(),
        expected_on=expected_on,
        requested_by=str(tx.actor),
        requested_at=tx.now,
        changed_at=tx.now,
        lines=[
            Line(new_id(), position, variant.id, variant.sku, quantity)
            for position, (variant, quantity) in enumerate(units.values(), 1)
        ],
    )
    await _hold(tx, transfer, wish)
    await storage.insert_transfer(tx, transfer)
    journal = Journal(tx, None)
    for line in transfer.lines:
        journal.note(transfer, line, "request", line.requested)
    await storage.insert_movements(tx, journal.movements)
    asked = units_of([(line, line.requested) for line in transfer.lines])
    await log.append(tx, [event_of(TransferRequested, transfer, tx.now, units=asked)])
    return await view(tx, transfer)


async def _between(tx: Tx, wish: RequestTransfer) -> tuple[Location, Location, UUID]:
    """Return the locations, and the entity that will own the goods."""
    known = await network(tx)
    source = known.require(wish.source, pointer="/source")
    destination = known.require(wish.destination, pointer="/destination")
    if source.id == destination.id:
        raise SameLocation(pointer="/destination")
    if tx.actor.location_id not in (None, source.id, destination.id):
        raise ForeignTransfer(location=f"{source.code} or {destination.code}")
    for pointer, place in (("/source", source), ("/destination", destination)):
        if place.kind == "vendor":
            raise NotOurStock(pointer=pointer, code=place.code)
        if not place.active:
            raise LocationClosedDown(pointer=pointer, code=place.code)
    book = await organization.book(tx)
    before, after = book.entity(source.entity), book.entity(destination.entity)
    try:
        (await rate_book(tx)).rate_nano(before.book_currency, after.book_currency, tx.now.date())
    except RateMissing as missing:
        raise RateNeeded(
            currency=before.book_currency, book_currency=after.book_currency
        ) from missing
    return source, destination, after.id


async def _units(tx: Tx, wish: RequestTransfer) -> Mapping[str, tuple[Variant, int]]:
    """Return what is asked for by SKU, in the order in which it is."""
    variants = await variants_by_sku(tx, list({line.sku for line in wish.lines}))
    asked: Counter[str] = Counter()
    for place, line in enumerate(wish.lines):
        variant = variants.get(line.sku)
        if variant is None:
            raise UnknownSku(pointer=f"/lines/{place}/sku", sku=line.sku)
        if variant.is_bundle:
            raise BundleHasNoStock(pointer=f"/lines/{place}/sku", sku=line.sku)
        asked[line.sku] += line.quantity
    return {sku: (variants[sku], quantity) for sku, quantity in asked.items()}


async def _hold(tx: Tx, transfer: Transfer, wish: RequestTransfer) -> None:
    answers = await inventory.allocate(
        tx,
        [
            inventory.AllocationRequest(
                variant_id=line.variant_id,
                location_id=transfer.source_id,
                quantity=line.requested,
                cause=cause_of(transfer, line.id),
                promised_for=AFTER_ALL_CUSTOMERS,
                group=transfer.id,
            )
            for line in transfer.lines
        ],
    )
    places = {line.sku: place for place, line in reversed(list(enumerate(wish.lines)))}
    for line, answer in zip(transfer.lines, answers, strict=True):
        if isinstance(answer, OutOfStock):
            pointer = f"/lines/{places[line.sku]}/quantity"
            raise OutOfStock(pointer=pointer, **answer.details)


REQUEST = one_by_one("transfers.request", RequestTransfer, TransferView, request)
