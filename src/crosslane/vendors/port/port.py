"""What Crosslane tells a vendor, whatever it is."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from crosslane.vendors.domain import Vendor


class SentLine(Struct, frozen=True, kw_only=True):
    """Units of an article to be shipped.

    Args:
        line_id: what the vendor's messages call the line.
        sku: our article.
        vendor_sku: the vendor's, "" when the same.
        quantity: units wanted, 0 when they were all withdrawn.
        unit_cost_milli: what was agreed, 1/1000 minor unit; None when nothing was.
    """

    line_id: UUID
    sku: str
    vendor_sku: str
    title: str
    quantity: int
    unit_cost_milli: int | None


class Recipient(Struct, frozen=True, kw_only=True):
    """Where the goods go."""

    name: str
    organization: str
    lines: tuple[str, ...]
    city: str
    region: str
    postcode: str
    country: str
    phone: str


class SentOrder(Struct, frozen=True, kw_only=True):
    """A purchase order as the vendor gets it; a later version replaces an earlier one.

    Args:
        id: what the vendor's messages call the order.
        version: 1 at first.
        reference: to be printed on the parcel.
        buyer: code of the buying legal entity.
        service: how fast the customer was promised the goods.
        promised_at: when the customer was told to have them.
    """

    id: UUID
    version: int
    reference: str
    buyer: str
    currency: str
    service: str
    promised_at: datetime | None
    ship_to: Recipient
    lines: list[SentLine]


class AnswerUnknown(Exception):
    """Nobody can tell now whether it was taken; send it again later, with the same key.

    Args:
        reason: what was seen instead of an answer; no personal data.
        after_seconds: when the vendor wishes to be asked again, None when it does not say.
    """

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class VendorRefused(Exception):
    """The vendor will not take the order, however often it is sent.

    Args:
        reason: a short code; no personal data.
    """


class VendorPort(Protocol):
    """A connection to one vendor. Every key names one version of one order for ever."""

    def __init__(self, vendor: Vendor) -> None: ...

    async def send(self, key: str, order: SentOrder) -> None:
        """Hand an order over; sent again with its key it is the same order.

        Raises:
            AnswerUnknown: there was no clear answer.
            VendorRefused: it will not take the order.
        """
        ...
