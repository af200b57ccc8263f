"""What stock of ours is worth in the books: units times average cost, never anything else.

Every event is posted by what it says (goods that came are owed for, what was lost is a loss, what
was sold cost something, and costs it no more when it comes back). Then the account is brought to
units times average, rounded once: the roundings, and what a moving average forgets, are gains or
losses of stock. So the inventory account can be recomputed from units and averages at any time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from uuid import UUID

import msgspec

from crosslane.finance.domain.entries import Cause, Seller, Stockholders, entry_of, posting
from crosslane.finance.domain.returns import Origin
from crosslane.finance.domain.sales import COST_OF_GOODS, INVENTORY, Sale
from crosslane.finance.domain.supplies import RECEIVED_NOT_INVOICED
from crosslane.inventory import StockValued, ValuedMovements
from crosslane.kernel import MILLI_PER_MINOR, line_amount, rounded_ratio
from crosslane.ledger import Entry, Posting
from crosslane.transfers import TransferSent

INVENTORY_ADJUSTMENT = "inventory_adjustment"
STOCK_IN_TRANSIT = "stock_in_transit"
# What an order or a parcel to a store receives was ours on its way, so nothing new came.
ON_ITS_WAY = frozenset({"order", "store_parcel"})

Key = tuple[UUID, UUID]
"""Variant and owner."""
Returned = tuple[UUID, str, UUID | None]
"""Owner, account of the seller, and the location that had sold."""


class Transit(msgspec.Struct):
    """What stands in the account of goods on their way for a transfer.

    Args:
        owner_id: legal entity that owns them.
        posted_minor: in minor units of its book currency.
    """

    owner_id: UUID
    posted_minor: int = 0


class Stock(msgspec.Struct):
    """What the books hold of a variant of one owner.

    Args:
        units: by the events posted so far; what is on its way between our locations counts.
        average_milli: the latest average cost, None when nothing ever had a cost.
        change_no: which change of the cost that was.
        posted_minor: what of it stands in the inventory account.
    """

    units: int = 0
    average_milli: int | None = None
    change_no: int = 0
    posted_minor: int = 0

    @property
    def value_minor(self) -> int:
        """Units times average, rounded once."""
        return line_amount(self.average_milli, self.units) if self.average_milli else 0


def keys_of(told: StockValued | TransferSent | Sale, stockholders: Stockholders) -> set[Key]:
    """Return whose stock an event or a sale changes; a vendor's is not ours."""
    if isinstance(told, StockValued):
        keys = {(one.variant_id, one.owner_id) for one in told.averages}
        keys.update((v, moved.owner_id) for moved in told.movements for v in moved.variant_ids)
    elif isinstance(told, TransferSent):
        keys = {(unit.variant_id, unit.owner_id) for unit in told.units}
    else:
        keys = {(unit.variant_id, cost.owner_id) for unit in told.units for cost in unit.costs}
    return {key for key in keys if key[1] in stockholders.book_currencies}


def units_alone(
    told: Sequence[object], stockholders: Stockholders
) -> dict[UUID, tuple[list[UUID], list[int]]] | None:
    """Return the units that events tell of, when they say nothing of costs: None when they do.

    A feed is like that as long as nothing is known of costs, and tells of very many.

    Returns:
        By owner variants and units, which belong together; a variant may be there several times.
    """
    units: dict[UUID, tuple[list[UUID], list[int]]] = {}
    for event in told:
        if not isinstance(event, StockValued) or event.averages:
            return None
        for moved in event.movements:
            if any(moved.unit_costs_milli):
                return None
            if moved.owner_id in stockholders.book_currencies and not _on_its_way(event, moved):
                variant_ids, quantities = units.setdefault(moved.owner_id, ([], []))
                variant_ids += moved.variant_ids
                quantities += moved.quantities
    return units


def stock_entry(
    cause: Cause,
    timezone: str,
    event: StockValued,
    stock: MutableMapping[Key, Stock],
    stockholders: Stockholders,
    origin: Origin | None = None,
    transit: Transit | None = None,
) -> Entry | None:
    """Return what a change of stock does to the books, and count it.

    Args:
        cause: the event.
        timezone: of the location, whose business day it counts for.
        event: what came and went.
        stock: what the books hold of everything the event names, but for what is worth nothing and
            counted already; changed here.
        stockholders: whose stock is ours, and in which currency their books are.
        origin: where goods that a return moved had been sold: what they cost goes there.
        transit: what a transfer has on its way, when it is one that arrived; changed here.
    """
    if not stock:
        return None
    amounts: Counter[tuple[UUID, str]] = Counter()
    returned: Counter[Returned] = Counter()
    for moved in event.movements:
        if _on_its_way(event, moved):
            continue
        owner_id, came = moved.owner_id, moved.reason == "receive"
        for variant_id, quantity, unit_cost_milli in moved:
            held = stock.get((variant_id, owner_id))
            if held is None:
                continue
            held.units += quantity
            if not unit_cost_milli:
                continue
            minor = line_amount(unit_cost_milli, quantity)
            held.posted_minor += minor
            if origin is not None:
                account = COST_OF_GOODS if came else INVENTORY_ADJUSTMENT
                returned[owner_id, account, origin.sold_at.get(variant_id)] += minor
                continue
            amounts[owner_id, INVENTORY] += minor
            if transit is not None and came:
                transit.posted_minor -= minor
                amounts[owner_id, STOCK_IN_TRANSIT] -= minor
                continue
            amounts[owner_id, RECEIVED_NOT_INVOICED if came else INVENTORY_ADJUSTMENT] -= minor
    for average in event.averages:
        held = stock.get((average.variant_id, average.owner_id))
        if held is not None and average.change_no > held.change_no:
            held.average_milli, held.change_no = average.average_milli, average.change_no
    keys = keys_of(event, stockholders) & stock.keys()
    for key, minor in brought_to_value(stock, keys):
        amounts[key] += minor
    postings = _postings(amounts, stockholders.book_currencies, event.location_id)
    if origin is not None:
        book_currencies = stockholders.book_currencies
        postings += _returned(returned, origin.seller, book_currencies, event.location_id)
    return entry_of(cause, timezone, postings)


def take_sold(
    sale: Sale, stock: MutableMapping[Key, Stock], stockholders: Stockholders
) -> list[Posting]:
    """Count what a sale took, and return the postings beyond what its units cost."""
    for unit in sale.units:
        for cost in unit.costs:
            held = stock.get((unit.variant_id, cost.owner_id))
            if held is not None:
                held.units -= cost.quantity
                held.posted_minor -= cost.cost_minor
                if held.average_milli is None and cost.cost_minor:
                    # Nothing has told of a cost yet; what the sale says is as good. Goods that
                    # were never received cost nothing, which says nothing.
                    milli = cost.cost_minor * MILLI_PER_MINOR
                    held.average_milli = rounded_ratio(milli, 1, cost.quantity)
    amounts: Counter[tuple[UUID, str]] = Counter()
    for key, minor in brought_to_value(stock, keys_of(sale, stockholders)):
        amounts[key] += minor
    return _postings(amounts, stockholders.book_currencies, None)


def _returned(
    returned: Mapping[Returned, int],
    seller: Seller,
    book_currencies: Mapping[UUID, str],
    location_id: UUID,
) -> list[Posting]:
    """Return what goods of a return do: those that came cost their seller nothing any more.

    What a regrade takes from one condition and puts into another is nothing here; what is destroyed
    is the seller's loss, whoever owned it.
    """
    return [
        posting(
            seller,
            name,
            book_currencies[owner_id],
            signed,
            entity_id=entity_id,
            location_id=place_id,
        )
        for (owner_id, account, sold_at), minor in returned.items()
        if minor
        for name, signed, entity_id, place_id in (
            (INVENTORY, minor, owner_id, location_id),
            (account, -minor, seller.entity_id, sold_at),
        )
    ]


def _on_its_way(event: StockValued, moved: ValuedMovements) -> bool:
    return moved.reason == "receive" and event.cause_kind in ON_ITS_WAY


def brought_to_value(
    stock: Mapping[Key, Stock], keys: Iterable[Key]
) -> list[tuple[tuple[UUID, str], int]]:
    """Bring the account to units times average; return what that takes."""
    moved: list[tuple[tuple[UUID, str], int]] = []
    # Most of what a feed tells of is worth nothing yet, and identifiers are slow to sort.
    for key in sorted(key for key in keys if stock[key].value_minor != stock[key].posted_minor):
        held = stock[key]
        minor = held.value_minor - held.posted_minor
        held.posted_minor += minor
        moved += [((key[1], INVENTORY), minor), ((key[1], INVENTORY_ADJUSTMENT), -minor)]
    return moved


def _postings(
    amounts: Mapping[tuple[UUID, str], int],
    book_currencies: Mapping[UUID, str],
    location_id: UUID | None,
) -> list[Posting]:
    return [
        Posting(
            entity_id=owner_id,
            account=account,
            currency=book_currencies[owner_id],
            minor=minor,
            location_id=location_id,
        )
        for (owner_id, account), minor in sorted(amounts.items())
        if minor
    ]
