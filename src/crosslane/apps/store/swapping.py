"""What a customer may have in exchange at a store, and how they get it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import catalog, inventory, locations, organization
from crosslane.apps.store.counter import FETCHED, HERE, SENT, Counter
from crosslane.catalog import Variant
from crosslane.inventory import Figures
from crosslane.locations import Location
from crosslane.orders import OrderState
from crosslane.organization import Channel, PolicyBook
from crosslane.platform.database import Tx

SWAPS_MAX = 40
STORES_MAX = 8
NOTHING = Figures()
Lying = Mapping[UUID, Mapping[UUID, Figures]]


class Way(msgspec.Struct, frozen=True):
    """A way by which a customer may get an article.

    Args:
        value: of its field.
        store: where it is fetched, None when that is not said by the way.
        units: to be had there by the books, None when that is not asked.
    """

    value: str
    store: Location | None = None
    units: int | None = None


class Swap(msgspec.Struct, frozen=True):
    """An article that a line may be swapped for; ``here`` of it are to be had at the store."""

    variant: Variant
    here: int


class OtherArticle(msgspec.Struct, frozen=True):
    """Another article that is wanted, with the ways there are."""

    variant: Variant
    units: int
    how: str
    ways: Sequence[Way]


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What there is in exchange for goods of an order.

    Args:
        swaps: by line of the order, itself first; lines whose product is sold no more are left out.
        ways: how a line's swaps may be had.
        others: what else was put on the counter.
    """

    swaps: Mapping[UUID, Sequence[Swap]] = {}
    ways: Mapping[UUID, Sequence[Way]] = {}
    others: Sequence[OtherArticle] = ()


class _Around(msgspec.Struct, frozen=True):
    """What decides by which ways goods of an order may be had at a store."""

    place: Location
    channel: Channel
    policies: PolicyBook
    stores: Sequence[Location]
    sent: bool
    at: datetime

    def ways(self, variant: Variant, at_stores: Mapping[str, int | None]) -> list[Way]:
        """Return the ways of an article, the one at once first.

        Args:
            variant: what.
            at_stores: where it may be fetched, by code, with how many there are.
        """
        allowed, _ = catalog.methods_allowed(self.policies, variant, self.channel, self.at)
        carried = "carry_out" in allowed and self.place.can("carry_out")
        ways = [Way(HERE, self.place, at_stores.get(self.place.code))] if carried else []
        if self.sent and "ship" in allowed:
            ways.append(Way(SENT))
        stores = [
            Way(FETCHED + one.code, one, at_stores[one.code])
            for one in self.stores
            if "pickup" in allowed and one.code in at_stores
            # What may be carried out need not be set aside here.
            if one.code != self.place.code or not carried
        ]
        return ways + stores


async def offered_for(
    tx: Tx,
    place: Location,
    state: OrderState,
    lines: Iterable[UUID],
    *,
    counter: Counter,
    language: str,
) -> Offered:
    """Return what there is in exchange for lines of an order.

    Args:
        tx: open transaction.
        place: the store.
        state: the order.
        lines: of which something may come back.
        counter: what was put on the counter.
        language: of titles.
    """
    order = state.order
    bought = {line_id: line.variant_id for line_id in lines if (line := state.line(line_id))}
    siblings = await catalog.siblings_of(
        tx, list(set(bought.values())), locale=language, channel=order.channel
    )
    wanted = [one.key for one in counter.others]
    known = await catalog.variants_by_sku(tx, wanted, locale=language) if wanted else {}
    around = await _around(tx, place, state)
    shown = {one.id for found in siblings.values() for one in found[:SWAPS_MAX]}
    figures = await inventory.stock_figures(
        tx,
        sorted(shown | {one.id for one in known.values()}),
        location_ids=[place.id, *(one.id for one in around.stores)],
        channel_id=order.channel_id,
    )
    swaps = {
        line_id: [_swap(one, place, figures) for one in found[:SWAPS_MAX]]
        for line_id, variant_id in bought.items()
        if (found := siblings.get(variant_id))
    }
    return Offered(
        swaps=swaps,
        ways={
            line_id: around.ways(found[0].variant, _having(found, around, figures))
            for line_id, found in swaps.items()
        },
        others=[
            OtherArticle(variant, one.units, one.how, around.ways(variant, counts))
            for one in counter.others
            if (variant := known.get(one.key))
            for counts in [_counts(variant, around, figures)]
        ],
    )


async def _around(tx: Tx, place: Location, state: OrderState) -> _Around:
    """Return the surroundings: the store itself and the nearest ones where goods are fetched."""
    network = await locations.network(tx)
    near = network.nearest(
        place.point,
        STORES_MAX,
        "pickup",
        lambda at: at.id != place.id and at.country == place.country and at.kind == "store",
    )
    itself = [place] if place.can("pickup") else []
    return _Around(
        place=place,
        channel=(await organization.book(tx)).channel(state.order.channel),
        policies=await organization.policies(tx),
        stores=[*itself, *(one.location for one in near)],
        sent=state.order.ship_address_id is not None,
        at=tx.now,
    )


def _swap(variant: Variant, place: Location, figures: Lying) -> Swap:
    return Swap(variant, figures.get(variant.id, {}).get(place.id, NOTHING).available)


def _counts(variant: Variant, around: _Around, figures: Lying) -> dict[str, int | None]:
    """Return how many of an article each place has; those that have none are left out elsewhere."""
    lying = figures.get(variant.id, {})
    counts: dict[str, int | None] = {
        one.code: units for one in around.stores if (units := lying.get(one.id, NOTHING).available)
    }
    return counts | {around.place.code: lying.get(around.place.id, NOTHING).available}


def _having(swaps: Sequence[Swap], around: _Around, figures: Lying) -> dict[str, int | None]:
    """Return the places that have any of some articles, and the store itself."""
    having = {code for swap in swaps for code in _counts(swap.variant, around, figures)}
    return dict.fromkeys(having)
