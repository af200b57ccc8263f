"""Carriers and parcels for tests."""

from datetime import date
from importlib import resources
from typing import Any

import msgspec

from crosslane.carriers import (
    CarrierDraft,
    PostalAddress,
    SaveCarrier,
    Shipment,
    TariffDraft,
)
from crosslane.carriers.domain.shipment import Consignment, tracking_number
from crosslane.carriers.service import ADD_TARIFF, SAVE_CARRIER, AddTariff
from crosslane.kernel import new_id
from crosslane.platform.lane import Lanes

SENDER = PostalAddress(
    name="Dispatch",
    organization="Marlow & Finch",
    lines=("Unit 4, Crick Logistics Park",),
    city="Crick",
    postcode="NN6 7QW",
    country="GB",
)
RECIPIENT = PostalAddress(
    name="Ottilie Brackenbury",
    lines=("Flat 3, 17 Union Terrace",),
    city="Aberdeen",
    postcode="AB10 1NJ",
    country="GB",
    phone="+44 7700 900123",
)


class HouseSheet(msgspec.Struct, forbid_unknown_fields=True):
    """The packaged description of the house carrier."""

    about: str
    carrier: CarrierDraft
    tariff: TariffDraft


def house_sheet() -> HouseSheet:
    """Return the packaged description of the house carrier."""
    packed = resources.files("crosslane.carriers").joinpath("house_carrier.json").read_bytes()
    return msgspec.json.decode(packed, type=HouseSheet)


def shipment(**changes: Any) -> Shipment:
    """Return a parcel from Crick to Aberdeen."""
    given: dict[str, Any] = {
        "parcel_id": new_id(),
        "location_id": new_id(),
        "service": "STANDARD48",
        "sender": SENDER,
        "recipient": RECIPIENT,
        "weight_grams": 1_250,
        "shipped_on": date(2011, 1, 5),
        "reference": "0001ZT-8",
        **changes,
    }
    return Shipment(**given)


def to(**changes: Any) -> PostalAddress:
    """Return the recipient with other fields."""
    return msgspec.structs.replace(RECIPIENT, **changes)


def consignment(*, serial: int = 123, tracking_url: str = "", **changes: Any) -> Consignment:
    """Return the parcel with what its label says of the carrier."""
    return Consignment(
        shipment=shipment(**changes),
        carrier_name="House Courier",
        service_name="Standard 48",
        zone="MAINLAND",
        tracking_number=tracking_number("CX", serial),
        tracking_url=tracking_url,
    )


async def with_house(lanes: Lanes, tenant: str, **changes: Any) -> None:
    """Give a tenant the house carrier and its prices."""
    sheet = house_sheet()
    draft = msgspec.structs.replace(sheet.carrier, **changes)
    await lanes.run(tenant, SAVE_CARRIER, str(new_id()), SaveCarrier(draft))
    tariff = AddTariff(draft.code, sheet.tariff)
    await lanes.run(tenant, ADD_TARIFF, str(new_id()), tariff)
