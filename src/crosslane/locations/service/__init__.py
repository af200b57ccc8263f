"""Use cases of locations."""

from crosslane.locations.service.capacity import (
    capacity_of_days,
    capacity_taken,
    open_capacity,
    return_capacity,
    take_capacity,
    write_capacity,
)
from crosslane.locations.service.network import (
    ADD,
    CHANGE,
    CLOSE,
    IMPORT,
    REOPEN,
    RETIRE,
    ChangeLocation,
    Close,
    ImportLocations,
    LocationProblem,
    LocationsImported,
    Reopen,
    Retire,
    location_exists,
    network,
)
from crosslane.locations.service.postcodes import locate_postcode, position_of

__all__ = [
    "ADD",
    "CHANGE",
    "CLOSE",
    "IMPORT",
    "REOPEN",
    "RETIRE",
    "ChangeLocation",
    "Close",
    "ImportLocations",
    "LocationProblem",
    "LocationsImported",
    "Reopen",
    "Retire",
    "capacity_of_days",
    "capacity_taken",
    "locate_postcode",
    "location_exists",
    "network",
    "open_capacity",
    "position_of",
    "return_capacity",
    "take_capacity",
    "write_capacity",
]
