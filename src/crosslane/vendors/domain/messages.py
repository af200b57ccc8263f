"""What vendors say, in any order and any number of times; names of lines are ours."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from crosslane.kernel import QUANTITY_MAX, matching

LINES_MAX = 2_000
PARCELS_MAX = 200
MINOR_MAX = 10**12

MessageId = Annotated[str, Meta(min_length=1, max_length=120)]
Units = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
Minor = Annotated[int, Meta(ge=0, le=MINOR_MAX)]
Code = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,59}")]
# It is shown to customers as a link, so nothing but a plain https address will do.
Link = Annotated[str, matching(r"(https://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-;=?-~]*)?)?")]
LinkText = Annotated[Link, Meta(max_length=400)]


class LineUnits(Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one line of the purchase order."""

    line_id: UUID
    quantity: Units


Lines = Annotated[tuple[LineUnits, ...], Meta(min_length=1, max_length=LINES_MAX)]


class _Said(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """What every message has.

    Args:
        id: the vendor's own id of the message; the same again changes nothing.
        purchase_order: which order it is about.
        occurred_at: when it happened.
    """

    id: MessageId
    purchase_order: UUID
    occurred_at: datetime


class Acknowledge(_Said, frozen=True, kw_only=True, tag="acknowledge"):
    """The vendor takes the order on.

    Args:
        expected_on: day on which the goods leave, when it is known.
    """

    expected_on: date | None = None


class Short(_Said, frozen=True, kw_only=True, tag="short"):
    """Units the vendor will not ship; all units of all lines reject the order.

    Args:
        lines: how many of which line.
        reason: a short code.
    """

    lines: Lines
    reason: Code = "out of stock"


class SentParcel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A parcel on its way to the customer.

    Args:
        carrier: who carries it.
        tracking_number: its number there; a parcel told of twice is one parcel.
        tracking_url: where the customer follows it, https only.
        lines: what is in it.
    """

    carrier: Code
    tracking_number: Code
    lines: Lines
    tracking_url: LinkText = ""


class Ship(_Said, frozen=True, kw_only=True, tag="ship"):
    """Parcels have left."""

    parcels: Annotated[tuple[SentParcel, ...], Meta(min_length=1, max_length=PARCELS_MAX)]


class Deliver(_Said, frozen=True, kw_only=True, tag="deliver"):
    """A parcel has reached the customer."""

    carrier: Code
    tracking_number: Code


class InvoicedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """Units that are invoiced, and what they cost together without tax."""

    line_id: UUID
    quantity: Units
    net_minor: Minor


class SendInvoice(_Said, frozen=True, kw_only=True, tag="invoice"):
    """What the vendor wants to be paid for goods it has shipped, or is about to.

    Args:
        number: the vendor's own.
        currency: ISO 4217, that of the order.
        lines: what is invoiced.
        freight_minor: what sending cost, without tax.
        tax_minor: tax on all of it.
        due_on: when it is to be paid.
    """

    number: Code
    currency: Annotated[str, matching("[A-Z]{3}")]
    lines: Annotated[tuple[InvoicedLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    tax_minor: Minor
    freight_minor: Minor = 0
    due_on: date | None = None


VendorMessage = Acknowledge | Short | Ship | Deliver | SendInvoice
