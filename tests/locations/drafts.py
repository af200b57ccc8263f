"""Locations for tests."""

from typing import Any

import msgspec

from crosslane.kernel import new_id
from crosslane.locations import ADD, Location, LocationDraft
from crosslane.organization import PutEntity, put_entity
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes

DAILY = dict.fromkeys(
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), ("09:00-20:00",)
)


def draft(code: str = "S0001", **changes: Any) -> LocationDraft:
    """Return a shop in Aberdeen, open all days but Sunday."""
    given: dict[str, Any] = {
        "code": code,
        "kind": "store",
        "entity": "MF",
        "name": f"Shop {code}",
        "country": "GB",
        "nation": "SCT",
        "postcode": "AB11 5RN",
        "timezone": "Europe/London",
        "abilities": frozenset({"ship", "pickup"}),
        "hours": DAILY,
        "cut_off": "15:00",
        "handling_hours": 2,
        "parcels_per_day": 10,
        **changes,
    }
    return LocationDraft(**given)


async def with_entity(database: Database, tenant: str) -> None:
    """Give a tenant the legal entity that owns these shops."""
    async with database.transaction(tenant) as tx:
        await put_entity(tx, PutEntity("MF", "Marlow & Finch Ltd", "GB", "GBP"))


async def added(lanes: Lanes, tenant: str, code: str = "S0001", **changes: Any) -> Location:
    """Add a shop through its command and return it."""
    return await lanes.run(tenant, ADD, str(new_id()), draft(code, **changes))


def as_row(location: LocationDraft) -> dict[str, Any]:
    """Return a draft as an import gives it."""
    return msgspec.json.decode(msgspec.json.encode(location))
