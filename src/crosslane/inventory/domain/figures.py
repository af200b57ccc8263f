"""The figures of an article at a place, as people look at them; nothing here promises anything."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Condition, Reserves, available_to_promise


class Lying(msgspec.Struct, frozen=True):
    """What lies of a variant at a location in one condition, all owners together."""

    variant_id: UUID
    location_id: UUID
    condition: Condition
    on_hand: int
    allocated: int
    held: int
    safety_stock: int | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The stock figures of a variant, at a location or added up over several.

    Args:
        on_hand: sellable units that lie there; likewise allocated and held.
        safety: units kept back as safety stock.
        fenced: units ring-fenced for other channels than the one that asks.
        incoming: units still to come, those already promised included.
        available: ATP, 0 at least.
        short: units allocated or held that do not lie there.
        set_aside: units that cannot be sold, by condition.
    """

    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    safety: int = 0
    fenced: int = 0
    incoming: int = 0
    available: int = 0
    short: int = 0
    set_aside: Mapping[Condition, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        told = (self.on_hand, self.allocated, self.held, self.incoming)
        return not any(told) and not any(self.set_aside.values())


Places = dict[UUID, dict[UUID, Figures]]
"""Figures by variant and location."""


def figures_of(
    lying: Iterable[Lying],
    coming: Mapping[tuple[UUID, UUID], int],
    reserves: Reserves,
    channel_id: UUID | None,
) -> Places:
    """Return the figures of each variant at each location anything is known of.

    Args:
        lying: what lies there.
        coming: units still to come, by variant and location.
        reserves: what policies keep back.
        channel_id: the channel that asks; None sees what every channel may have.
    """
    sellable: dict[tuple[UUID, UUID], Lying] = {}
    aside: dict[tuple[UUID, UUID], dict[Condition, int]] = {}
    for one in lying:
        key = (one.variant_id, one.location_id)
        if one.condition is Condition.SELLABLE:
            sellable[key] = one
        else:
            aside.setdefault(key, {})[one.condition] = one.on_hand
    places: Places = {}
    for key in sellable.keys() | aside.keys() | coming.keys():
        variant_id, location_id = key
        found = _figures(sellable.get(key), reserves, key, channel_id)
        found = msgspec.structs.replace(
            found, incoming=coming.get(key, 0), set_aside=aside.get(key, {})
        )
        places.setdefault(variant_id, {})[location_id] = found
    return places


def added_up(figures: Iterable[Figures]) -> Figures:
    """Return the sum of figures; what is short at one place is not made good by another."""
    total: dict[str, int] = {}
    aside: dict[Condition, int] = {}
    for one in figures:
        for name in SUMMED:
            total[name] = total.get(name, 0) + getattr(one, name)
        for condition, units in one.set_aside.items():
            aside[condition] = aside.get(condition, 0) + units
    return Figures(**total, set_aside=aside)


SUMMED = tuple(name for name in Figures.__struct_fields__ if name != "set_aside")


def _figures(
    lying: Lying | None, reserves: Reserves, key: tuple[UUID, UUID], channel_id: UUID | None
) -> Figures:
    if lying is None:
        return Figures()
    kept = reserves.of(*key, channel_id)
    free = lying.on_hand - lying.allocated - lying.held
    return Figures(
        on_hand=lying.on_hand,
        allocated=lying.allocated,
        held=lying.held,
        safety=kept.safety_units if lying.safety_stock is None else lying.safety_stock,
        fenced=kept.fenced_units,
        available=max(0, available_to_promise(free, lying.safety_stock, kept)),
        short=max(0, -free),
    )
