"""How picked units are put into parcels: no heavier than the service carries; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from crosslane.demo.replay.reports import Pack, PackedParcel, PackedUnits

Parcel = dict[UUID, int]
PARCELS_AT_ONCE = 100


def split_by_weight(units: Iterable[tuple[UUID, int, int]], weight_max_grams: int) -> list[Parcel]:
    """Put units into parcels, filling each before the next is begun.

    A unit that is too heavy by itself still gets a parcel: the carrier will say what it thinks.

    Args:
        units: line, how many, and the weight of one in grams.
        weight_max_grams: heaviest parcel.
    """
    parcels: list[Parcel] = [{}]
    room = weight_max_grams
    for line, count, grams in units:
        left = count
        while left:
            fits = min(left, room // grams if grams else left) if room > 0 else 0
            if not fits and not parcels[-1]:
                fits = 1
            if fits:
                parcels[-1][line] = parcels[-1].get(line, 0) + fits
                left -= fits
                room -= fits * grams
            if left:
                parcels.append({})
                room = weight_max_grams
    return [parcel for parcel in parcels if parcel]


def as_packs(work: UUID, parcels: Sequence[Parcel], at: datetime) -> list[Pack]:
    """Return the parcels of a fulfillment order as reports, none with too many."""
    closed = [
        PackedParcel(tuple(PackedUnits(line, count) for line, count in parcel.items()))
        for parcel in parcels
    ]
    return [
        Pack(work, at, tuple(closed[start : start + PARCELS_AT_ONCE]))
        for start in range(0, len(closed), PARCELS_AT_ONCE)
    ]
