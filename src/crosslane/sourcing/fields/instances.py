"""Instance files: a retailer's days as arrays, for trying policies on (numpy's ``.npz``).

Money in a file is in currency units, weights in kilograms, instants in days; the names of the
arrays are told in ``docs/reference/instances.md``.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from crosslane.sourcing.fields.field import (
    NO_LIMIT,
    WALK_IN,
    WEIGHT_PER_KG,
    Demand,
    Field,
    Ints,
    State,
)
from crosslane.sourcing.fields.pieces import PIECES_MAX

MILLI_PER_UNIT = 100_000


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """A field, what lies in it in the beginning, what is asked of it, and what was forecast.

    Args:
        field: what lies where.
        start: before the first event.
        demand: who asks for what.
        days: how long it lasts.
        forecast: forecast of units that are ordered, by variant.
        region_share: forecast of where orders go, by region.
        distance_km: by location and region.
        location_kind: 0 warehouse, 1 store, 2 vendor.
    """

    field: Field
    start: State
    demand: Demand
    days: int
    forecast: NDArray[np.float64]
    region_share: NDArray[np.float64]
    distance_km: NDArray[np.float64]
    location_kind: Ints


class NoInstance(ValueError):
    """Told of a file that is no instance file, with the reason."""


def load_instance(path: Path) -> Instance:
    """Read an instance file.

    Raises:
        NoInstance: it is not one or cannot be read, or something in it does not fit together.
    """
    given = _arrays(path)
    missing = sorted(_NEEDED - given.keys())
    if missing:
        raise NoInstance(f"{path} is no instance file: it lacks {', '.join(missing)}")
    _check(path, given)
    return Instance(
        field=_field(given),
        start=State(
            _whole(np.minimum(given["stock"], NO_LIMIT)), np.zeros(given["cap"].shape, np.int64)
        ),
        demand=_demand(given),
        days=int(given["D"]),
        forecast=given["fc_sku"].astype(np.float64),
        region_share=given["pop"].astype(np.float64),
        distance_km=given["dist"].astype(np.float64),
        location_kind=_whole(given["ntype"]),
    )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise NoInstance(f"{path} is no instance file: it is a single array")
            return {name: arrays[name] for name in arrays.files}
    except NoInstance:
        raise
    except OSError as error:
        raise NoInstance(f"{path} cannot be read: {error.strerror}") from error
    # Whatever a damaged archive or array makes the readers say.
    except (ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise NoInstance(f"{path} is no instance file: {error}") from error


_NEEDED = frozenset(
    (
        *("ntype", "zone", "dist", "h_pkg", "h_unit", "fee", "perkg", "wbreak", "xup", "late"),
        *("weight", "margin", "pen", "sptr", "snode", "stock", "extra", "cap"),
        *("fc_sku", "pop", "t", "oday", "reg", "cls", "optr", "osku", "oqty", "D"),
    )
)


def _whole(array: NDArray[Any]) -> Ints:
    return array.astype(np.int64)


def _milli(array: NDArray[Any]) -> Ints:
    return np.rint(array * MILLI_PER_UNIT).astype(np.int64)


def _field(given: dict[str, NDArray[Any]]) -> Field:
    return Field(
        parcel_milli=_milli(given["h_pkg"]),
        unit_milli=_milli(given["h_unit"]),
        zone=_whole(given["zone"]),
        carriage_milli=_milli(given["fee"]),
        per_kg_milli=_milli(given["perkg"]),
        breaks=np.rint(given["wbreak"] * WEIGHT_PER_KG).astype(np.int64),
        express_milli=_milli(given["xup"]),
        late_milli=int(_milli(given["late"])),
        weight=np.rint(given["weight"] * WEIGHT_PER_KG).astype(np.int64),
        unserved_milli=_milli(given["pen"]),
        margin_milli=_milli(given["margin"]),
        slot_starts=_whole(given["sptr"]),
        slot_location=_whole(given["snode"]),
        extra_milli=_milli(given["extra"]),
        # An infinite number has no whole one.
        capacity=_whole(np.minimum(given["cap"], NO_LIMIT)),
    )


def _demand(given: dict[str, NDArray[Any]]) -> Demand:
    """Return the events, lines of one variant in one event joined."""
    starts, variant = _whole(given["optr"]), _whole(given["osku"])
    event = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    span = int(variant.max(initial=0)) + 1
    keys, line = np.unique(event * span + variant, return_inverse=True)
    if len(keys) < len(variant):
        quantity = np.bincount(line, given["oqty"], len(keys)).astype(np.int64)
        event, variant = keys // span, keys % span
        starts = np.searchsorted(event, np.arange(len(starts)))
    else:
        quantity = _whole(given["oqty"])
    return Demand(
        at=given["t"].astype(np.float64),
        day=_whole(given["oday"]),
        place=_whole(given["reg"]),
        kind=_whole(given["cls"]),
        starts=starts,
        variant=variant,
        quantity=quantity,
    )


def _check(path: Path, given: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays that do not fit together: compiled loops would read beside them."""
    for problem, found in _problems(given):
        if found:
            raise NoInstance(f"{path} is no instance file: {problem}")


def _problems(given: dict[str, NDArray[Any]]) -> Iterator[tuple[str, bool]]:
    """Yield what may be wrong, and whether it is; each is asked once those before it are right."""
    locations, variants, zones = len(given["ntype"]), len(given["weight"]), len(given["fee"])
    slots, events, lines = len(given["snode"]), len(given["t"]), len(given["osku"])
    optr, sptr, regions = given["optr"], given["sptr"], given["zone"].shape[-1]
    yield (
        "slots do not add up",
        not (_steps(sptr, variants, slots) and len(given["stock"]) == len(given["extra"]) == slots),
    )
    yield (
        "events do not add up",
        not (
            _steps(optr, events, lines)
            and len(given["oqty"]) == lines
            and len(given["oday"]) == len(given["reg"]) == len(given["cls"]) == events
        ),
    )
    yield "events are not in the order of time", bool((np.diff(given["t"]) < 0).any())
    yield "a line names no variant", _beside(given["osku"], variants)
    yield "prices and breaks differ", given["fee"].shape[1] != len(given["wbreak"]) + 1
    sizes = np.diff(optr)
    yield f"an event has more than {PIECES_MAX} lines", bool((sizes > PIECES_MAX).any())
    yield "a quantity is not above zero", bool((given["oqty"] <= 0).any())
    yield "a slot is at no location", _beside(given["snode"], locations)
    yield "an event is on no day", _beside(given["oday"], int(given["D"]))
    walks = given["cls"] == WALK_IN
    places = given["reg"]
    nowhere = _beside(places[walks], locations) or _beside(places[~walks], regions)
    yield "an event is at no place", nowhere
    shapes = {
        "zone": (locations, regions),
        "dist": (locations, regions),
        "cap": (locations, int(given["D"])),
        "h_pkg": (locations,),
        "h_unit": (locations,),
        "perkg": (zones,),
        "xup": (zones,),
        "margin": (variants,),
        "pen": (variants,),
        "fc_sku": (variants,),
        "pop": (regions,),
    }
    for name, shape in shapes.items():
        yield f"{name} is not of the shape {shape}", given[name].shape != shape
    yield "a zone has no prices", _beside(given["zone"], zones)


def _steps(starts: NDArray[Any], count: int, end: int) -> bool:
    """Say whether these are the first of each of some runs, and the end of the last one."""
    if len(starts) != count + 1:
        return False
    return starts[0] == 0 and starts[-1] == end and not (np.diff(starts) < 0).any()


def _beside(numbers: NDArray[Any], end: int) -> bool:
    """Say whether one of some numbers is none from 0 to before the end."""
    return bool(((numbers < 0) | (numbers >= end)).any())
