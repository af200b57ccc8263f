"""The capacity of days: reading counters, taking from them, giving back.

In a lane, open a sheet with ``open_capacity``, decide on it, then ``write_capacity``; alone,
``take_capacity`` does all three. The counters stay locked until the transaction ends, so no two
transactions can promise the same place.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from crosslane.locations import storage
from crosslane.locations.domain import CapacityClaim, CapacityKey, CapacitySheet
from crosslane.locations.errors import CapacityFull
from crosslane.locations.service.network import network
from crosslane.platform.database import Tx


async def capacity_taken(
    tx: Tx, keys: Iterable[CapacityKey], *, days_ahead: int = 0
) -> dict[CapacityKey, int]:
    """Return the parcels taken so far, 0 where nothing was; unprotected, for planning.

    Args:
        tx: open transaction.
        keys: (location id, local day of dispatch).
        days_ahead: also of so many days after each; those of which nothing is taken are left out.
    """
    wanted = list(keys)
    return dict.fromkeys(wanted, 0) | await storage.find_capacity(tx, wanted, days_ahead)


async def claim_capacity(tx: Tx, claims: Sequence[CapacityClaim]) -> set[CapacityKey]:
    """Take from days on which everything fits, in one statement; return the others.

    Of a day that is returned nothing was taken; it is protected, to be decided on a sheet.

    Args:
        tx: open transaction.
        claims: what is wanted of locations with a limit, by causes that have claimed nothing yet.
    """
    limits = await _limits(tx, claims)
    taken = await storage.claim_days(tx, claims, limits) if claims else set()
    return {claim.key for claim in claims} - taken


async def claim_at_last(tx: Tx, claims: Sequence[CapacityClaim]) -> None:
    """Take from days by the statement that is written next, with all else that was put.

    It fails by a SerializationError when a day is full by then, and nothing of it is written.

    Args:
        tx: open transaction.
        claims: as of :func:`claim_capacity`.
    """
    if claims:
        await storage.put_claims(tx, claims, await _limits(tx, claims))


async def _limits(tx: Tx, claims: Sequence[CapacityClaim]) -> list[int]:
    by_id = (await network(tx)).by_id
    return [by_id[claim.location_id].parcels_per_day or 0 for claim in claims]


async def open_capacity(tx: Tx, keys: Iterable[CapacityKey]) -> CapacitySheet:
    """Lock the counters of a batch, in one statement, and return them as a sheet to decide on."""
    taken = await storage.lock_capacity(tx, keys)
    by_id = (await network(tx)).by_id
    return CapacitySheet(taken, {key[0]: by_id[key[0]].parcels_per_day for key in taken})


async def write_capacity(tx: Tx, sheet: CapacitySheet) -> None:
    """Save what was taken on a sheet, in one statement."""
    if sheet.claims:
        await storage.insert_takes(tx, sheet.claims)


async def take_capacity(
    tx: Tx, claims: Sequence[CapacityClaim]
) -> list[CapacityClaim | CapacityFull]:
    """Take capacity, each claim whole or not at all, in the order given.

    A claim that was granted before is granted again and counts once, even on a full day.

    Args:
        tx: open transaction.
        claims: what is wanted.

    Returns:
        For each claim itself, or why it was refused.
    """
    if not claims:
        return []
    sheet = await open_capacity(tx, {claim.key for claim in claims})
    answers: list[CapacityClaim | CapacityFull] = [sheet.take(claim) or claim for claim in claims]
    refused = [n for n, answer in enumerate(answers) if isinstance(answer, CapacityFull)]
    if refused:
        for place in await storage.held_claims(tx, [claims[n] for n in refused]):
            answers[refused[place]] = claims[refused[place]]
    await write_capacity(tx, sheet)
    return answers


async def return_capacity(
    tx: Tx, claims: Sequence[CapacityClaim], *, then: Iterable[CapacityKey] = ()
) -> None:
    """Give back what claims took, whole; unknown and returned ones change nothing.

    Args:
        tx: open transaction.
        claims: location, day and cause say which; ``parcels`` is not looked at.
        then: the days that are claimed next. They are protected along: everybody takes counters in
            one order, and who took them in two would wait in a circle with whoever claims both.
    """
    if claims:
        await storage.lock_capacity(tx, {*then, *(claim.key for claim in claims)})
        await storage.insert_returns(tx, claims)


async def return_held(tx: Tx, held: Sequence[tuple[UUID, UUID]]) -> None:
    """Give back all that holders have claimed at locations; those without a limit cost nothing.

    Args:
        tx: open transaction.
        held: (holder, location).
    """
    await return_capacity(tx, await claims_held(tx, held))


async def claims_held(tx: Tx, held: Sequence[tuple[UUID, UUID]]) -> list[CapacityClaim]:
    """Return what holders have claimed at locations and not given back; unprotected.

    Args:
        tx: open transaction.
        held: (holder, location).
    """
    by_id = (await network(tx)).by_id
    limited = [(h, at) for h, at in held if by_id[at].parcels_per_day is not None]
    return await storage.claims_of_holders(tx, limited) if limited else []


async def capacity_of_days(
    tx: Tx, location_id: UUID, first: date, last: date, limit: int
) -> dict[date, int]:
    """Return the parcels taken from one location by day; a day without any is left out."""
    return await storage.list_capacity(tx, location_id, first, last, limit)
