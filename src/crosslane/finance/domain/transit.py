"""Goods on their way between our locations stand in an account of their own.

They change hands when they leave: the entity that owned them gives them at what they had cost, the
entity of the destination has them on its way; between two entities the ledger makes the pair. Each
event of a transfer tells what is now on its way is worth, and the account is brought to that: what
that takes is a loss or a gain of stock, such as units that were written off, and roundings.
"""

from collections import Counter
from collections.abc import Mapping, MutableMapping
from uuid import UUID

from crosslane.finance.domain.entries import Cause, Stockholders, entry_of
from crosslane.finance.domain.sales import INVENTORY
from crosslane.finance.domain.stock import (
    INVENTORY_ADJUSTMENT,
    STOCK_IN_TRANSIT,
    Key,
    Stock,
    Transit,
    brought_to_value,
    keys_of,
)
from crosslane.kernel import line_amount
from crosslane.ledger import Entry, Posting
from crosslane.transfers import SentUnits, TransferClosed, TransferReceived, TransferSent

EXCHANGE = "rounding"

Moved = TransferSent | TransferReceived | TransferClosed
Amounts = Counter[tuple[UUID, str, str, UUID]]
"""Minor units by entity, account, currency and location."""


def transit_entry(
    cause: Cause,
    timezone: str,
    event: Moved,
    stock: MutableMapping[Key, Stock],
    transit: Transit,
    stockholders: Stockholders,
) -> Entry | None:
    """Return what a step of a transfer does to the books, and count it.

    Args:
        cause: the event.
        timezone: of the location where it happened, whose business day it counts for.
        event: what left, arrived or was written off.
        stock: what the books hold of what left; changed here.
        transit: what stands in the account for this transfer; changed here.
        stockholders: whose stock is ours, and in which currency their books are.
    """
    amounts: Amounts = Counter()
    currencies = stockholders.book_currencies
    if isinstance(event, TransferSent):
        for unit in event.units:
            _leave(amounts, event, unit, stock, transit, currencies)
        for (owner_id, account), minor in brought_to_value(stock, keys_of(event, stockholders)):
            amounts[owner_id, account, currencies[owner_id], event.source_id] += minor
    difference = event.transit_minor - transit.posted_minor
    transit.posted_minor = event.transit_minor
    own = event.owner_id, currencies[event.owner_id], event.destination_id
    _add(amounts, own, STOCK_IN_TRANSIT, difference)
    _add(amounts, own, INVENTORY_ADJUSTMENT, -difference)
    postings = [
        Posting(
            entity_id=entity_id,
            account=account,
            currency=currency,
            minor=minor,
            location_id=location_id,
        )
        for (entity_id, account, currency, location_id), minor in sorted(amounts.items())
        if minor
    ]
    return entry_of(cause, timezone, postings)


def _leave(
    amounts: Amounts,
    event: TransferSent,
    unit: SentUnits,
    stock: Mapping[Key, Stock],
    transit: Transit,
    currencies: Mapping[UUID, str],
) -> None:
    held = stock.get((unit.variant_id, unit.owner_id))
    if held is None:
        return  # a vendor's: what they are worth to us is a gain
    held.units -= unit.quantity
    if not unit.owner_cost_milli:
        return
    left = line_amount(unit.owner_cost_milli, unit.quantity)
    held.posted_minor -= left
    before = unit.owner_id, currencies[unit.owner_id], event.source_id
    _add(amounts, before, INVENTORY, -left)
    if unit.cost_milli is None:
        _add(amounts, before, INVENTORY_ADJUSTMENT, left)
        return
    came = line_amount(unit.cost_milli, unit.quantity)
    after = event.owner_id, currencies[event.owner_id], event.destination_id
    transit.posted_minor += came
    _add(amounts, after, STOCK_IN_TRANSIT, came)
    if before[1] != after[1]:
        # Owed in the currency of who gave them, worth what the rate of the day makes of it.
        _add(amounts, (event.owner_id, before[1], event.destination_id), EXCHANGE, left)
        _add(amounts, after, EXCHANGE, -came)


def _add(amounts: Amounts, at: tuple[UUID, str, UUID], account: str, minor: int) -> None:
    entity_id, currency, location_id = at
    amounts[entity_id, account, currency, location_id] += minor
