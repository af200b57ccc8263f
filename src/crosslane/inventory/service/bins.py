"""Telling and asking where articles lie at a location."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.inventory.domain.bins import Bin, bins_of_article
from crosslane.inventory.errors import ForeignLocation
from crosslane.inventory.service.codes import Codes, codes_of
from crosslane.inventory.service.corrections import Code, Sku
from crosslane.inventory.storage import bins as storage
from crosslane.inventory.storage.bins import Lain, Spot
from crosslane.kernel import Refusal, RowProblem
from crosslane.platform import audit
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

LINES_MAX = 5_000
BINS_TOLD_MAX = 10_000
PROBLEMS_TOLD_MAX = 1_000
THE_BEGINNING = ("", UUID(int=0), 0)

BinCodes = Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=50)]


class BinsLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one article lies at one location.

    Args:
        sku: the article.
        location: code of the location.
        bins: all of them, the one to pick from first; none when nobody knows any more.
    """

    sku: Sku
    location: Code
    bins: BinCodes


class PutBins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tell where articles lie; what is told of an article at a location is all there is."""

    lines: Annotated[tuple[BinsLine, ...], Meta(min_length=1, max_length=LINES_MAX)]


class BinsStored(msgspec.Struct, frozen=True):
    """What became of the lines.

    Args:
        changed: articles that lie elsewhere now.
        unchanged: articles that lay there already.
        refused: lines that were not taken.
        problems: why, at most PROBLEMS_TOLD_MAX of them.
    """

    changed: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]


async def put_bins(tx: Tx, wish: PutBins) -> BinsStored:
    """Store the lines that can be, tell of the others why not; of two alike the later counts.

    Raises:
        ForeignLocation: a line is of a location the caller does not belong to.
    """
    await storage.lock_bins(tx)
    codes = await codes_of(tx, [line.sku for line in wish.lines])
    wanted: dict[Spot, list[Bin]] = {}
    problems: list[RowProblem] = []
    for n, line in enumerate(wish.lines):
        try:
            spot, bins = _read(tx, codes, line, f"/lines/{n}")
        except ForeignLocation:
            raise
        except Refusal as refusal:
            problems.append(RowProblem.of(n, refusal, key=line.sku))
        else:
            wanted[spot] = bins
    present = await _present(tx, list(wanted))
    changed = {spot: bins for spot, bins in wanted.items() if bins != present.get(spot, [])}
    await storage.delete_bins(tx, list(changed))
    await storage.insert_bins(tx, changed)
    await audit.record(tx, _told(wish, present, changed))
    unchanged = len(wanted) - len(changed)
    return BinsStored(len(changed), unchanged, len(problems), tuple(problems[:PROBLEMS_TOLD_MAX]))


def _read(tx: Tx, codes: Codes, line: BinsLine, at: str) -> tuple[Spot, list[Bin]]:
    location_id = codes.own_location(line.location, tx.actor, pointer=f"{at}/location")
    variant_id = codes.stocked(line.sku, pointer=f"{at}/sku")
    return (location_id, variant_id), bins_of_article(line.bins, pointer=f"{at}/bins")


async def _present(tx: Tx, spots: Sequence[Spot]) -> dict[Spot, list[Bin]]:
    by_location: dict[UUID, list[UUID]] = {}
    for place, what in spots:
        by_location.setdefault(place, []).append(what)
    found: dict[Spot, list[Bin]] = {}
    # Lines are of one location, or of few.
    for place, variants in by_location.items():
        found |= await storage.list_bins(tx, variants, [place])
    return found


def _told(
    wish: PutBins, present: dict[Spot, list[Bin]], changed: dict[Spot, list[Bin]]
) -> list[audit.Change]:
    """Return the line of the journal: one article whole, of more than one how many."""
    action = "inventory.put_bins"
    if len(wish.lines) > 1 or not changed:
        return [audit.Change(action=action, after={"changed": len(changed)})]
    [line], [(spot, bins)] = wish.lines, changed.items()
    before = [one.code for one in present.get(spot, [])]
    after = [one.code for one in bins]
    subject = f"variant:{spot[1]}"
    place = line.location
    return [
        audit.Change(
            action=action,
            subject=subject,
            before={"location": place, "bins": before},
            after={"location": place, "bins": after},
        )
    ]


async def bins_here(
    tx: Tx, location_id: UUID, variant_ids: Sequence[UUID]
) -> dict[UUID, list[Bin]]:
    """Return where variants lie at a location, the bin to pick from first before the others."""
    found = await storage.list_bins(tx, variant_ids, [location_id])
    return {variant_id: bins for (_, variant_id), bins in found.items()}


async def bins_anywhere(tx: Tx, variant_id: UUID) -> dict[UUID, list[Bin]]:
    """Return where a variant lies, by location."""
    return await storage.list_bins_of(tx, variant_id, BINS_TOLD_MAX)


async def walk_bins(
    tx: Tx, location_id: UUID, *, after: tuple[str, UUID, int] = THE_BEGINNING, limit: int
) -> list[Lain]:
    """Return the bins of a location in walking order.

    Args:
        tx: open transaction.
        location_id: which location.
        after: way, variant and place of the last one seen.
        limit: most to return.
    """
    return await storage.walk_bins(tx, location_id, after, limit)


PUT_BINS = one_by_one("inventory.put_bins", PutBins, BinsStored, put_bins)
