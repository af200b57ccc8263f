"""Nouns and pure decisions of the locations module."""

from crosslane.locations.domain.capacity import CapacityClaim, CapacityKey, CapacitySheet
from crosslane.locations.domain.location import (
    Ability,
    Kind,
    Location,
    LocationDraft,
    location_of,
    show_hours,
    show_minute,
    show_spans,
)
from crosslane.locations.domain.network import Near, Network
from crosslane.locations.domain.opening import (
    Closure,
    Hours,
    Timetable,
    dispatch_day,
    last_dispatch,
    next_opening,
    open_at,
    openings,
    ready_at,
    require_usable,
    spans_on,
)
from crosslane.locations.domain.position import (
    Located,
    Point,
    PostcodeTable,
    Sector,
    distance_metres,
    postcode_parts,
)

__all__ = [
    "Ability",
    "CapacityClaim",
    "CapacityKey",
    "CapacitySheet",
    "Closure",
    "Hours",
    "Kind",
    "Located",
    "Location",
    "LocationDraft",
    "Near",
    "Network",
    "Point",
    "PostcodeTable",
    "Sector",
    "Timetable",
    "dispatch_day",
    "distance_metres",
    "last_dispatch",
    "location_of",
    "next_opening",
    "open_at",
    "openings",
    "postcode_parts",
    "ready_at",
    "require_usable",
    "show_hours",
    "show_minute",
    "show_spans",
    "spans_on",
]
