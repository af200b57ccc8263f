"""Locations: the stores, warehouses and vendors that goods come from and go to.

Nouns: Location (with its Timetable and Point), Network (all of them, kept in memory), CapacityClaim
(parcels that a cause takes from a location's day).

Doors: ``network(tx)`` and its pure ``by_code``, ``by_id``, ``require``, ``able``, ``nearest``;
``position_of(country, postcode)``, ``district_of`` likewise; pure rules on ``location.timetable``:
``open_at``, ``next_opening``, ``ready_at`` (pickup), ``dispatch_day`` (by cut-off),
``last_dispatch`` and ``spans_on`` of a day; ``preview_change`` before a change is made;
``capacity_taken``, ``take_capacity``, ``return_capacity``, ``return_held`` (all of an order at a
location), and for lanes ``claim_capacity`` where everything fits, else ``open_capacity``, the
sheet's ``take`` and ``undo``, ``write_capacity``; ``claim_at_last`` where it is sure to fit.

Invariants: a location's code never changes and never goes away (it is retired instead); a counter
of locations_capacity is the sum of its rows in locations_capacity_move; a claim that was not marked
``beyond_limit`` never lifts a counter above ``parcels_per_day``; a cause takes from a counter once
and gives back once.

Events: LocationAdded, LocationEdited, LocationClosed, LocationReopened.
Tables: locations_location, locations_capacity, locations_capacity_move.
"""

from crosslane.locations.domain import (
    HOLIDAY,
    WEEKDAYS,
    Ability,
    CapacityClaim,
    CapacityKey,
    CapacitySheet,
    Closure,
    Kind,
    Located,
    Location,
    LocationDraft,
    Near,
    Network,
    Point,
    Timetable,
    dispatch_day,
    distance_metres,
    distances_metres,
    district_of,
    last_dispatch,
    next_opening,
    open_at,
    openings,
    ready_at,
    show_hours,
    show_minute,
    show_spans,
    spans_on,
)
from crosslane.locations.errors import CapacityFull, LocationUnknown
from crosslane.locations.events import (
    LocationAdded,
    LocationClosed,
    LocationEdited,
    LocationReopened,
)
from crosslane.locations.rest import ROUTES
from crosslane.locations.service import (
    ADD,
    CHANGE,
    CLOSE,
    IMPORT,
    REOPEN,
    RETIRE,
    ChangeLocation,
    Close,
    ImportLocations,
    LocationsImported,
    Reopen,
    capacity_of_days,
    capacity_taken,
    claim_at_last,
    claim_capacity,
    claims_held,
    locate_postcode,
    location_exists,
    network,
    open_capacity,
    position_of,
    preview_change,
    return_capacity,
    return_held,
    take_capacity,
    write_capacity,
)

COMMANDS = [ADD, CHANGE, IMPORT, CLOSE, REOPEN, RETIRE]

__all__ = [
    "ADD",
    "CHANGE",
    "CLOSE",
    "COMMANDS",
    "HOLIDAY",
    "REOPEN",
    "ROUTES",
    "WEEKDAYS",
    "Ability",
    "CapacityClaim",
    "CapacityFull",
    "CapacityKey",
    "CapacitySheet",
    "ChangeLocation",
    "Close",
    "Closure",
    "ImportLocations",
    "Kind",
    "Located",
    "Location",
    "LocationAdded",
    "LocationClosed",
    "LocationDraft",
    "LocationEdited",
    "LocationReopened",
    "LocationUnknown",
    "LocationsImported",
    "Near",
    "Network",
    "Point",
    "Reopen",
    "Timetable",
    "capacity_of_days",
    "capacity_taken",
    "claim_at_last",
    "claim_capacity",
    "claims_held",
    "dispatch_day",
    "distance_metres",
    "distances_metres",
    "district_of",
    "last_dispatch",
    "locate_postcode",
    "location_exists",
    "network",
    "next_opening",
    "open_at",
    "open_capacity",
    "openings",
    "position_of",
    "preview_change",
    "ready_at",
    "return_capacity",
    "return_held",
    "show_hours",
    "show_minute",
    "show_spans",
    "spans_on",
    "take_capacity",
    "write_capacity",
]
