"""Promises that were kept or broken: counted as parcels arrive, read from memory."""

from collections.abc import Iterable
from uuid import UUID

from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact
from crosslane.sourcing import storage
from crosslane.sourcing.domain import Arrived, Kept

KEPT: Fact[dict[tuple[str, UUID], Kept]] = Fact("sourcing.kept", storage.list_kept)


async def note_arrived(tx: Tx, arrived: Iterable[Arrived]) -> None:
    """Count promises that were kept or broken; each parcel is told once."""
    counts: dict[tuple[str, UUID], Kept] = {}
    for each in arrived:
        key = each.service, each.location_id
        before = counts.get(key, Kept(0, 0))
        in_time = each.at <= each.promised_at
        counts[key] = Kept(before.promised + 1, before.kept + in_time)
    if counts:
        await facts.touch(tx, KEPT.topic)
        await storage.count_kept(tx, counts)
