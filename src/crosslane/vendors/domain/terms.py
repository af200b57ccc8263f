"""Who a vendor is to us, and what it agreed to."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec


class Vendor(msgspec.Struct, frozen=True):
    """How a vendor is spoken to.

    Args:
        location_id: the location its goods come from.
        port: ``http``, or ``none`` when people pass orders and answers on.
        endpoint: URL that orders are posted to.
        order_secret: signs what is sent to the vendor.
        message_secret: signs what the vendor sends.
        currency: of its costs and invoices, ISO 4217.
        active: whether orders are sent.
        units_min: it is asked for no fewer units for one order; 0 for any.
        value_min_minor: nor for less than this at agreed costs, in its currency; 0 for any.
    """

    location_id: UUID
    port: Literal["http", "none"]
    endpoint: str
    order_secret: str
    message_secret: str
    currency: str
    active: bool
    units_min: int = 0
    value_min_minor: int = 0

    @property
    def is_connected(self) -> bool:
        """Whether orders reach it by themselves."""
        return self.active and self.port != "none"


class Term(msgspec.Struct, frozen=True):
    """What a unit costs us from a day on.

    Args:
        unit_cost_milli: 1/1000 minor unit of the vendor's currency; None ends the agreement.
        vendor_sku: what the vendor calls the article, "" when the same.
    """

    location_id: UUID
    variant_id: UUID
    valid_from: date
    unit_cost_milli: int | None
    vendor_sku: str = ""
