"""The 815 sites and 6 warehouses as rows of a location import.

Places and formats are real or as recorded; hours, cut-offs and capacities are invented by format.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from crosslane.demo.packaged import SAMPLE_SITES, SAMPLE_WAREHOUSES
from crosslane.demo.raw import read_rows
from crosslane.demo.world.organization import FRANCHISEE, RETAILER

NATIONS = frozenset({"ENG", "SCT", "WLS", "NIR"})
COUNTRIES = {
    "JEY": ("JE", "Europe/Jersey"),
    "GGY": ("GG", "Europe/Guernsey"),
    "IOM": ("IM", "Europe/Isle_of_Man"),
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


class Format(Struct, frozen=True):
    """What sites of a format have in common.

    Args:
        abilities: what they do for orders.
        weekdays: hours from Monday to Friday.
        saturday: hours on Saturday.
        sunday: hours on Sunday; None leaves it to the law of the nation for large shops.
        holiday: hours on public holidays, "" closed.
        parcels_per_day: what they can send, None without limit.
        handling_parcel_minor: cost of sending a parcel in pence.
        handling_unit_minor: cost of handling a unit in pence.
        cut_off: until when an order leaves the same day.
    """

    abilities: tuple[str, ...]
    weekdays: str = "09:00-20:00"
    saturday: str = "09:00-20:00"
    sunday: str | None = None
    holiday: str = ""
    parcels_per_day: int | None = None
    handling_parcel_minor: int = 110
    handling_unit_minor: int = 10
    cut_off: str | None = None


# Large shops may open six hours on Sundays in England and Wales and from one o'clock in Northern
# Ireland; Scotland and the islands leave it to the shop.
LARGE_SUNDAY = {"ENG": "11:00-17:00", "WLS": "11:00-17:00", "NIR": "13:00-18:00"}
FREE_SUNDAY = "10:00-18:00"
AT_STORE = ("pickup", "ship_to_store", "carry_out")
FORMATS = {
    "FULL": Format(("ship", *AT_STORE, "receive_returns"), parcels_per_day=40, cut_off="14:00"),
    "SMALL": Format(AT_STORE, sunday="10:00-17:00"),
    "TRAVEL": Format(
        AT_STORE, "07:00-22:00", "07:00-22:00", sunday="07:00-22:00", holiday="08:00-20:00"
    ),
    "OUTLET": Format(("carry_out", "receive_returns"), "10:00-18:00", "10:00-18:00"),
    "HOME": Format(("pickup", "carry_out", "receive_returns")),
    "FRANCHISE": Format(("carry_out",), sunday="10:00-16:00"),
}
WAREHOUSE = Format(
    ("ship",),
    "06:00-22:00",
    "06:00-14:00",
    sunday="",
    parcels_per_day=20_000,
    handling_parcel_minor=55,
    handling_unit_minor=5,
    cut_off="16:00",
)
ONLINE = Format(
    ("ship",),
    "06:00-22:00",
    "06:00-20:00",
    sunday="",
    parcels_per_day=20_000,
    handling_parcel_minor=50,
    handling_unit_minor=4,
    cut_off="18:00",
)
RETURNS = Format(("receive_returns",), "08:00-18:00", "", sunday="")
WAREHOUSES = {"NDC": WAREHOUSE, "RDC": WAREHOUSE, "EFC": ONLINE, "RTN": RETURNS}


def read_places() -> list[dict[str, str]]:
    """Read warehouses and sites; a warehouse's ``kind`` becomes its format."""
    warehouses = [{**row, "format": row["kind"]} for row in read_rows(SAMPLE_WAREHOUSES)]
    return [*warehouses, *read_rows(SAMPLE_SITES)]


def location_rows(places: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the rows of the import."""
    return [_row(place) for place in places]


def _row(place: Mapping[str, str]) -> dict[str, Any]:
    is_warehouse = place["format"] in WAREHOUSES
    how = (WAREHOUSES if is_warehouse else FORMATS)[place["format"]]
    nation = place["nation"]
    country, timezone = COUNTRIES.get(nation, ("GB", "Europe/London"))
    street = [place.get(name, "") for name in ("add1", "add2")]
    return {
        "code": place["site_id"],
        "kind": "warehouse" if is_warehouse else "store",
        "entity": FRANCHISEE if place["format"] == "FRANCHISE" else RETAILER,
        "name": place["name"],
        "lines": [line for line in street if line],
        "city": place.get("town") or place.get("locality") or place["name"],
        "country": country,
        "nation": nation if nation in NATIONS else "",
        "postcode": place["postcode"],
        "lat": float(place["lat"]),
        "lon": float(place["lon"]),
        "easting": int(place["easting"]),
        "northing": int(place["northing"]),
        "timezone": timezone,
        "abilities": list(how.abilities),
        "hours": _hours(how, nation),
        "cut_off": how.cut_off,
        "handling_hours": 0 if is_warehouse else 2,
        "parcels_per_day": how.parcels_per_day,
        "handling_parcel_minor": how.handling_parcel_minor,
        "handling_unit_minor": how.handling_unit_minor,
    }


def _hours(how: Format, nation: str) -> dict[str, list[str]]:
    sunday = LARGE_SUNDAY.get(nation, FREE_SUNDAY) if how.sunday is None else how.sunday
    days = dict.fromkeys(WEEKDAYS, how.weekdays)
    days |= {"saturday": how.saturday, "sunday": sunday, "holiday": how.holiday}
    return {day: [span] for day, span in days.items() if span}
