"""Retailers' days made up by a few parameters, for trying policies of sourcing on.

Regions lie at random on a map and differ in size as towns do; warehouses lie near the large ones,
stores in them. Few variants sell much and many sell little. Stock is put where demand is expected,
as far as the family says; then customers come at random, some to a store. What is written is the
form that :mod:`crosslane.sourcing.fields` reads.
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from crosslane.sourcing.fields import NO_LIMIT

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

MAP_KM = 1_500.0
ZONE_ENDS_KM = (60.0, 160.0, 320.0, 600.0, 1_000.0)
BREAKS_KG = (1.0, 2.0, 5.0, 10.0, 20.0)
# A parcel by zone and weight, and what express adds by zone, in currency units.
CARRIAGE = np.add.outer([3.6, 4.2, 4.9, 6.0, 7.4, 9.1], [0.0, 0.5, 1.6, 3.4, 6.2, 13.0])
EXPRESS = np.array([0.0, 0.0, 1.5, 6.0, 9.0, 13.0])
LATE = 5.0
GOODWILL = 15.0
SIZES = (1, 2, 3, 4, 5, 6)
SIZE_SHARES = (0.58, 0.22, 0.10, 0.05, 0.03, 0.02)
EXPRESS_SHARE = 0.2
TWO_UNITS_SHARE = 0.03
VENDOR_UNITS = 10_000
WAREHOUSE, STORE, VENDOR = 0, 1, 2


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What a made-up retailer is like.

    Args:
        warehouses: how many.
        stores: how many; they have customers of their own.
        vendors: how many; each sells a part of the variants, as many units as wanted.
        variants: how many.
        regions: where orders go.
        days: how long it lasts.
        orders: how many in all.
        walk_ins: how many in all.
        cover: units in warehouses for each that is expected to be ordered.
        store_cover: units in stores for each that is expected to be taken there.
        parcels_per_store: its capacity a day, in parts of the orders a day and store.
        forecast_error: standard deviation of the logarithm.
        drift: share of variants' and regions' demand that moves elsewhere by the end.
        misplaced: share of stock that lies at a location where nobody expected it.
    """

    warehouses: int = 4
    stores: int = 12
    vendors: int = 1
    variants: int = 400
    regions: int = 40
    days: int = 2
    orders: int = 2_000
    walk_ins: int = 2_500
    cover: float = 0.95
    store_cover: float = 1.6
    parcels_per_store: float = 0.6
    forecast_error: float = 0.15
    drift: float = 0.0
    misplaced: float = 0.0


FAMILIES = {
    "plain": Family(),
    "warehouses": Family(warehouses=8, stores=0, vendors=0, walk_ins=0, variants=800, orders=5_000),
    "stores": Family(stores=120, variants=1_000, regions=80, orders=6_000, walk_ins=12_000),
    "thin": Family(stores=60, variants=800, cover=0.3, store_cover=1.1, orders=4_000),
    "drift": Family(drift=0.7, forecast_error=0.3, orders=3_000),
    "misplaced": Family(misplaced=0.6, orders=3_000),
}


def made_up(family: Family, seed: int) -> Arrays:
    """Return an instance of a family; equal seeds give equal instances."""
    chance = np.random.default_rng(seed)
    places = _places(family, chance)
    goods = _goods(family, chance)
    share, pull = _shares(family, chance, places)
    stock = _stock(family, chance, places, share, pull)
    demand = _demand(family, chance, share, pull, places)
    units = family.orders * float(np.dot(SIZES, SIZE_SHARES)) * (1 + TWO_UNITS_SHARE)
    error = chance.normal(0, family.forecast_error, family.variants)
    counts = {"N": len(places["ntype"]), "S": family.variants, "J": family.regions}
    return {
        **places,
        **goods,
        **stock,
        **demand,
        "fc_sku": units * share[0] * np.exp(error - family.forecast_error**2 / 2),
        "pop": pull[0],
        **{name: np.int64(count) for name, count in counts.items()},
        "D": np.int64(family.days),
    }


def write_instance(path: Path, arrays: Arrays) -> None:
    """Write an instance file."""
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _places(family: Family, chance: Generator) -> Arrays:
    """Return locations and regions, what lies between them, and what sending costs."""
    regions = chance.random((family.regions, 2)) * MAP_KM
    size = 1.0 / np.arange(1, family.regions + 1) ** 0.8
    kinds = np.repeat(
        [WAREHOUSE, STORE, VENDOR], [family.warehouses, family.stores, family.vendors]
    )
    near = np.concatenate(
        [
            chance.choice(family.regions, family.warehouses, p=size / size.sum()),
            chance.choice(family.regions, family.stores, p=size / size.sum()),
            chance.integers(family.regions, size=family.vendors),
        ]
    )
    away = np.where(kinds == STORE, 8.0, 60.0)[:, None]
    spots = regions[near] + chance.normal(0, 1, (len(kinds), 2)) * away
    distance = np.hypot(*(spots[:, None, :] - regions[None, :, :]).transpose(2, 0, 1))
    spread = chance.uniform(0.9, 1.1, len(kinds))
    a_day = family.orders / family.days / max(1, family.stores)
    capacity = np.maximum(2, chance.poisson(family.parcels_per_store * a_day, len(kinds)))
    return {
        "ntype": kinds,
        "home": near,
        "dist": distance,
        "zone": np.searchsorted(ZONE_ENDS_KM, distance),
        "h_pkg": np.array([0.55, 1.1, 2.2])[kinds] * spread,
        "h_unit": np.array([0.3, 0.8, 0.2])[kinds] * spread,
        "fee": CARRIAGE,
        "perkg": np.zeros(len(CARRIAGE)),
        "wbreak": np.array(BREAKS_KG),
        "xup": EXPRESS,
        "late": np.float64(LATE),
        "cap": np.repeat(np.where(kinds == STORE, capacity, NO_LIMIT)[:, None], family.days, 1),
    }


def _goods(family: Family, chance: Generator) -> Arrays:
    price = np.exp(chance.normal(3.4, 0.8, family.variants)) + 4
    margin = price * chance.uniform(0.25, 0.55, family.variants)
    weight = np.clip(np.exp(chance.normal(-0.6, 0.9, family.variants)), 0.05, 18.0)
    return {"price": price, "margin": margin, "pen": margin + GOODWILL, "weight": weight}


def _shares(
    family: Family, chance: Generator, places: Arrays
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return shares of variants and of regions, each in the beginning and in the end."""
    sells = 1.0 / np.arange(1, family.variants + 1) ** 0.85
    lives = 1.0 / np.arange(1, family.regions + 1) ** 0.8
    both = []
    for weights in (chance.permutation(sells), lives):
        first = weights / weights.sum()
        moved = (1 - family.drift) * first + family.drift * chance.permutation(first)
        both.append((first, moved))
    return both[0], both[1]


def _walks(places: Arrays, pull: Floats) -> Floats:
    """Return the share of walk-ins that each location has."""
    share = np.where(places["ntype"] == STORE, pull[places["home"]], 0.0)
    return share / share.sum() if share.sum() else share


def _stock(
    family: Family,
    chance: Generator,
    places: Arrays,
    share: tuple[Floats, Floats],
    pull: tuple[Floats, Floats],
) -> Arrays:
    """Return slots with stock where demand is expected, as far as it is not misplaced."""
    kinds = places["ntype"]
    units = family.orders * float(np.dot(SIZES, SIZE_SHARES))
    served = np.zeros(len(kinds))
    if family.warehouses:
        nearest = np.argmin(places["dist"][: family.warehouses], axis=0)
        served[: family.warehouses] = np.bincount(nearest, pull[0], family.warehouses)
    mean = family.cover * units * np.outer(share[0], served)
    mean += family.store_cover * family.walk_ins * np.outer(share[0], _walks(places, pull[0]))
    held = chance.poisson(mean)
    for variant in np.nonzero(chance.random(family.variants) < family.misplaced)[0]:
        held[variant] = chance.permutation(held[variant])
    sells = chance.random((family.variants, len(kinds))) < 0.3
    held = np.where((kinds == VENDOR) & sells, VENDOR_UNITS, np.where(kinds == VENDOR, 0, held))
    variant, location = np.nonzero(held)
    extra = np.where(kinds[location] == VENDOR, 6.0, 0.0)
    return {
        "sptr": np.searchsorted(variant, np.arange(family.variants + 1)),
        "snode": location,
        "stock": held[variant, location],
        "extra": extra,
    }


def _demand(
    family: Family,
    chance: Generator,
    share: tuple[Floats, Floats],
    pull: tuple[Floats, Floats],
    places: Arrays,
) -> Arrays:
    """Return the events in the order of time."""
    walk_ins = family.walk_ins if family.stores else 0
    at = chance.random(family.orders + walk_ins) * family.days
    walks = np.arange(len(at)) >= family.orders
    late = chance.random(len(at)) < at / family.days
    size = np.where(walks, 1, chance.choice(SIZES, len(at), p=SIZE_SHARES))
    kind = np.where(walks, 2, chance.random(len(at)) < EXPRESS_SHARE)
    place = np.zeros(len(at), np.int64)
    own = np.repeat(np.arange(len(at)), size)
    variant = np.zeros(len(own), np.int64)
    for end, (of_variants, of_regions) in enumerate(zip(share, pull, strict=True)):
        now = late == bool(end)
        orders, walked = now & ~walks, now & walks
        place[orders] = chance.choice(family.regions, orders.sum(), p=of_regions)
        if walked.any():
            spots = _walks(places, of_regions)
            place[walked] = chance.choice(len(spots), walked.sum(), p=spots)
        lines = now[own]
        variant[lines] = chance.choice(family.variants, lines.sum(), p=of_variants)
    # Events in the order of time; an event names a variant once.
    turn = np.argsort(np.argsort(at))
    once = np.unique(turn[own] * family.variants + variant)
    event, variant = once // family.variants, once % family.variants
    order = np.argsort(at)
    two = chance.random(len(variant)) < TWO_UNITS_SHARE
    return {
        "t": at[order],
        "oday": at[order].astype(np.int64),
        "reg": place[order],
        "cls": kind[order].astype(np.int64),
        "optr": np.searchsorted(event, np.arange(len(at) + 1)),
        "osku": variant,
        "oqty": np.where(two & ~walks[order][event], 2, 1),
    }
