"""A parcel on its way: what a carrier is told, what it answers, and what it reports later."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Annotated, Literal
from uuid import UUID

from babel import Locale
from msgspec import Meta, Struct

from crosslane.carriers.domain.rates import BRITISH_POSTCODE_COUNTRIES, outward
from crosslane.carriers.errors import BadTrackingNumber
from crosslane.kernel import check_character

TrackingStatus = Literal[
    "accepted",
    "in_transit",
    "out_for_delivery",
    "ready_for_collection",
    "delivered",
    "attempt_failed",
    "exception",
    "returned",
]
LabelState = Literal["requested", "created", "failed", "voiding", "voided"]

SERIAL_DIGITS = 10
TRACKING_EVENTS_MAX = 1_000

Line = Annotated[str, Meta(max_length=200)]

_NUMBER = re.compile(r"([A-Z]{2}[0-9]{10})([0-9A-Z])")


class PostalAddress(Struct, frozen=True, kw_only=True):
    """Where somebody is, as it is written on a parcel. Personal.

    Args:
        name: person.
        organization: firm.
        lines: street and house, at most six lines.
        city: post town.
        region: state or county where the country's post wants it.
        postcode: in the country's form.
        country: ISO 3166 alpha-2.
        phone: for the driver.
    """

    name: Line = ""
    organization: Line = ""
    lines: Annotated[tuple[Line, ...], Meta(max_length=6)] = ()
    city: Line = ""
    region: Line = ""
    postcode: Annotated[str, Meta(max_length=16)] = ""
    country: Annotated[str, Meta(max_length=2)]
    phone: Annotated[str, Meta(max_length=32)] = ""


class Shipment(Struct, frozen=True, kw_only=True):
    """One parcel to be labelled.

    Args:
        parcel_id: the caller's parcel; events name it.
        location_id: our location that sends it; its staff may see the label.
        service: code of the carrier service.
        sender: where it comes from, and goes back to.
        recipient: where it goes.
        weight_grams: weight packed.
        shipped_on: local day on which it leaves.
        reference: what sender and recipient know it by, such as the order number.
        parcel: its place among the order's parcels, from 1.
        parcels: how many parcels there are.
        instruction: for the driver.
    """

    parcel_id: UUID
    location_id: UUID
    service: str
    sender: PostalAddress
    recipient: PostalAddress
    weight_grams: Annotated[int, Meta(ge=1, le=10**8)]
    shipped_on: date
    reference: Annotated[str, Meta(max_length=40)] = ""
    parcel: Annotated[int, Meta(ge=1, le=999)] = 1
    parcels: Annotated[int, Meta(ge=1, le=999)] = 1
    instruction: Annotated[str, Meta(max_length=120)] = ""


class Consignment(Struct, frozen=True, kw_only=True):
    """A shipment with all that a label needs to know of its carrier.

    Args:
        shipment: the parcel.
        carrier_name: for people.
        service_name: for people.
        zone: zone of the destination, "" when the carrier has none for it.
        tracking_number: a number of our own, for carriers that let the shipper number parcels.
        tracking_url: link for customers with ``{tracking_number}`` in it, or "".
    """

    shipment: Shipment
    carrier_name: str
    service_name: str
    zone: str
    tracking_number: str
    tracking_url: str


class Label(Struct, frozen=True):
    """What a carrier gives for a parcel.

    Args:
        tracking_number: the carrier's number for it.
        document: the label to be printed.
        mime: media type of the document.
    """

    tracking_number: str
    document: bytes
    mime: str = "application/pdf"


class TrackingEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """Something a carrier saw happen to a parcel.

    Args:
        id: the carrier's name for this event; a repetition has the same.
        tracking_number: which parcel.
        status: what happened.
        occurred_at: when, as the carrier says.
        place: where, for people.
    """

    id: Annotated[str, Meta(min_length=1, max_length=100)]
    tracking_number: Annotated[str, Meta(min_length=1, max_length=40)]
    status: TrackingStatus
    occurred_at: datetime
    place: Annotated[str, Meta(max_length=120)] = ""


def tracking_number(prefix: str, serial: int) -> str:
    """Return the tracking number of a serial: two letters, ten digits, a check character.

    Args:
        prefix: two capital letters of the carrier.
        serial: counts the carrier's parcels.
    """
    digits = f"{serial:0{SERIAL_DIGITS}}"
    return f"{prefix}{digits}{check_character(digits)}"


def parse_tracking_number(text: str) -> str:
    """Return the canonical form of one of our own tracking numbers as somebody typed it.

    Raises:
        BadTrackingNumber: it has another form or the check character does not fit.
    """
    found = _NUMBER.fullmatch("".join(text.upper().split()))
    if not found or check_character(found[1][2:]) != found[2]:
        raise BadTrackingNumber(number=text[:40])
    return found[0]


def show_tracking_number(number: str) -> str:
    """Return a tracking number in groups that can be read out and typed."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def tracking_link(url: str, number: str) -> str:
    """Return the link under which a customer follows a parcel, "" when there is none."""
    return url.replace("{tracking_number}", number)


def routing_code(address: PostalAddress) -> str:
    """Return what sorters read first: the outward postcode, else the country and the postcode."""
    outward_code = outward(address.country, address.postcode).code
    return outward_code or printable(f"{address.country} {address.postcode}")


def address_lines(address: PostalAddress, *, sender_country: str) -> list[str]:
    """Return the lines of an address without the postcode, empty ones left out.

    The country's name, in English capitals as the postal union asks, ends the address of a parcel
    that leaves the sender's postal territory.
    """
    lines = [address.name, address.organization, *address.lines, address.city, address.region]
    both = {address.country, sender_country}
    if len(both) > 1 and not both <= BRITISH_POSTCODE_COUNTRIES:
        lines.append(country_name(address.country).upper())
    return [tidy for line in lines if (tidy := printable(line))]


def country_name(code: str) -> str:
    """Return the English name of a country, or its code when it has none (CLDR)."""
    return _country_names().get(code, code)


def printable(text: str) -> str:
    """Return text as it can be printed: composed, one line, without invisible characters."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text)
    kinds = ((c, unicodedata.category(c)) for c in composed)
    return " ".join("".join(" " if k == "Cc" else c for c, k in kinds if k != "Cf").split())


def latest_status(events: Iterable[TrackingEvent]) -> TrackingStatus | None:
    """Return the status after all events, whatever order they arrived in; None without any."""
    newest = max(events, key=lambda e: (e.occurred_at, _RANK[e.status], e.id), default=None)
    return newest.status if newest else None


@cache
def _country_names() -> Mapping[str, str]:
    names: Mapping[str, str] = dict(Locale("en").territories)  # pyright: ignore
    return names


# Of two events with one time, the one further on the way is the later.
_RANK: dict[str, int] = {
    status: rank
    for rank, status in enumerate(
        (
            "accepted",
            "in_transit",
            "exception",
            "out_for_delivery",
            "attempt_failed",
            "ready_for_collection",
            "returned",
            "delivered",
        )
    )
}


class LabelRecord(Struct, frozen=True, kw_only=True):
    """What is known of a label.

    Args:
        id: the label.
        parcel_id: the caller's parcel.
        location_id: our location that sends it.
        carrier: code of the carrier.
        service: code of the service.
        state: requested, created, failed, voiding or voided.
        tracking_number: "" until it is created.
        tracking_url: link for the customer, "" when there is none.
        reason: why it failed, or could not be voided.
        requested_at: when it was wanted.
        created_at: when the carrier had given it.
    """

    id: UUID
    parcel_id: UUID
    location_id: UUID
    carrier: str
    service: str
    state: LabelState
    tracking_number: str
    tracking_url: str
    reason: str
    requested_at: datetime
    created_at: datetime | None
