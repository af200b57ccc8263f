"""Placing: an order of any channel becomes priced, sourced, allocated and written, in one batch."""

from crosslane.orders.service.placing.place import PLACE, place
from crosslane.orders.service.placing.wishes import (
    STOPS_MAX,
    AttributionWish,
    BuyerWish,
    LineWish,
    Offers,
    Placed,
    PlacedLine,
    PlaceOrder,
    PreparedOrder,
    StopWish,
    TenderWish,
    UnitsHeld,
)

__all__ = [
    "PLACE",
    "STOPS_MAX",
    "AttributionWish",
    "BuyerWish",
    "LineWish",
    "Offers",
    "PlaceOrder",
    "Placed",
    "PlacedLine",
    "PreparedOrder",
    "StopWish",
    "TenderWish",
    "UnitsHeld",
    "place",
]
