"""A problem by columns: what is the same for all orders of a moment, and what is each one's own.

A receipt is mostly places that are not sent from, there can be hundreds. As rows each of them is
made, written and pressed together for every order; as columns what a place is by itself is made
once for all orders of a batch, and an order adds how far and how full it is, and what lies there.
Where goods lie densely it is written once for all as well. Only plain questions are kept so: goods
sent home by one service, for no instant.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Self

import msgspec

from crosslane.sourcing.domain.problem import (
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
)

# More effort makes a receipt a tenth smaller and takes half as long again.
COMPRESSION_LEVEL = 1
# The first byte of what zlib presses with a window of 32 KiB (RFC 1950, 2.2); no list of
# MessagePack's begins so.
ZLIB_BEGINS = b"\x78"
# Goods lie densely where each line lies at so many of the places.
DENSE_PERCENT = 75
# A thousand places are some twenty kilobytes.
PACKED_REMEMBERED_MAX = 64
# What a place is or does, as bits.
SERVES, ACTIVE, OPEN, SENDS = 1, 2, 4, 8
NOTHING: frozenset[str] = frozenset()


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """What places are for every order of a moment, one entry of each column per place.

    Args:
        settings: which costs count.
        codes: rising.
        traits: bits of what a place is or does.
        handling_parcel_milli: work of sending one parcel.
        handling_unit_milli: work of picking one unit.
        capacity_milli: value of one parcel of the day to later orders; empty for nothing.
    """

    settings: SourcingSettings
    codes: tuple[str, ...]
    traits: bytes
    handling_parcel_milli: tuple[int, ...]
    handling_unit_milli: tuple[int, ...]
    capacity_milli: tuple[int, ...] = ()

    @classmethod
    def of(cls, settings: SourcingSettings, places: Sequence[Place]) -> Self:
        """Return what of some places is the same for every order."""
        worth = tuple([place.capacity_milli for place in places])
        return cls(
            settings,
            tuple([place.code for place in places]),
            bytes([_traits(place) for place in places]),
            tuple([place.handling_parcel_milli for place in places]),
            tuple([place.handling_unit_milli for place in places]),
            worth if any(worth) else (),
        )

    @property
    def worth(self) -> tuple[int, ...]:
        """The value of one parcel of the day, of every place."""
        return self.capacity_milli or (0,) * len(self.codes)


class Packed(msgspec.Struct, frozen=True):
    """What places are for every order, as receipts keep it.

    Args:
        raw: as bytes.
        kept: the same, or pressed together.
    """

    raw: bytes
    kept: bytes

    @classmethod
    def of(cls, standing: Standing, *, densely: bool) -> Self:
        """Return it packed.

        Where goods lie densely the places are those of other orders as well: they are pressed
        together once for all. Elsewhere hardly another order has the same, and they are pressed
        together with what is the order's own.

        Args:
            standing: the places.
            densely: see :func:`is_dense`.
        """
        if densely:
            return cls._pressed(standing)
        raw = _ENCODER.encode(standing)
        return cls(raw, raw)

    @classmethod
    @lru_cache(maxsize=PACKED_REMEMBERED_MAX)
    def _pressed(cls, standing: Standing) -> Self:
        raw = _ENCODER.encode(standing)
        return cls(raw, zlib.compress(raw, COMPRESSION_LEVEL))


def is_dense(units: Sequence[Sequence[int]]) -> bool:
    """Say whether each line lies at most of the places, given what of it lies at each."""
    return all((len(row) - row.count(0)) * 100 >= len(row) * DENSE_PERCENT for row in units)


class Columns(msgspec.Struct, frozen=True, array_like=True):
    """What is an order's own of a problem by columns.

    Args:
        method: how the goods reach the customer; likewise all that problems call so.
        currency: see there.
        metres: how far each place is from the destination.
        left: parcels each can still send on the day; None for no limit.
        lines: without candidates.
        units: of each line, what lies at each place; 0 for nothing, less than that for as many that
            are all kept for others.
        scarce_milli: likewise what a unit is worth there to later orders; empty for nothing.
        tariff: of all parcels.
    """

    method: str
    currency: str
    metres: tuple[int, ...]
    left: tuple[int | None, ...]
    lines: tuple[Line, ...]
    units: tuple[tuple[int, ...], ...]
    scarce_milli: tuple[tuple[int, ...], ...]
    tariff: Tariff

    def encode(self) -> bytes:
        """Return the columns as bytes; equal questions at equal places are equal bytes."""
        return _ENCODER.encode(self)

    def problem(self, standing: Standing) -> SourcingProblem:
        """Return the problem as it is asked, at places of which so much is the same for all."""
        able = frozenset({self.method})
        size = len(standing.codes)
        places = [
            Place(
                code,
                able if traits & SERVES else NOTHING,
                0,
                metres,
                parcel,
                unit,
                left,
                capacity,
                active=bool(traits & ACTIVE),
                open=bool(traits & OPEN),
                sends=bool(traits & SENDS),
            )
            for code, traits, parcel, unit, capacity, metres, left in zip(
                standing.codes,
                standing.traits,
                standing.handling_parcel_milli,
                standing.handling_unit_milli,
                standing.worth,
                self.metres,
                self.left,
                strict=True,
            )
        ]
        scarce = self.scarce_milli or ((0,) * size,) * len(self.lines)
        lines = [
            msgspec.structs.replace(
                line,
                candidates=tuple(
                    Candidate(code, n, scarcity_milli=milli) if n > 0 else Candidate(code, 0, -n)
                    for code, n, milli in zip(standing.codes, units, worths, strict=True)
                    if n
                ),
            )
            for line, units, worths in zip(self.lines, self.units, scarce, strict=True)
        ]
        return SourcingProblem(
            self.method,
            self.currency,
            tuple(lines),
            tuple(places),
            (self.tariff,),
            standing.settings,
        )


def unpacked(kept: bytes) -> Standing:
    """Return what was packed."""
    return _DECODER.decode(unpressed(kept))


def unpressed(kept: bytes) -> bytes:
    """Return MessagePack as it was before it was pressed together, if it was."""
    return zlib.decompress(kept) if kept[:1] == ZLIB_BEGINS else kept


def columns_of(problem: SourcingProblem) -> tuple[Standing, Columns]:
    """Return a problem that was made of columns by columns again."""
    codes = [place.code for place in problem.places]
    held = [{each.place: each for each in line.candidates} for line in problem.lines]
    none = Candidate("", 0)
    found = [[here.get(code, none) for code in codes] for here in held]
    scarce = tuple([tuple([each.scarcity_milli for each in row]) for row in found])
    return Standing.of(problem.settings, problem.places), Columns(
        problem.method,
        problem.currency,
        tuple([place.distance_metres for place in problem.places]),
        tuple([place.capacity_left for place in problem.places]),
        tuple([msgspec.structs.replace(line, candidates=()) for line in problem.lines]),
        tuple([tuple([each.units or -each.fenced_units for each in row]) for row in found]),
        scarce if any(map(any, scarce)) else (),
        problem.tariffs[0],
    )


def _traits(place: Place) -> int:
    return (
        SERVES * bool(place.serves)
        + ACTIVE * place.active
        + OPEN * place.open
        + SENDS * place.sends
    )


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(Standing)
