"""Placing: an order of any channel becomes priced, sourced, allocated and written, in one batch."""

from crosslane.orders.service.placing.place import PLACE, place
from crosslane.orders.service.placing.wishes import (
    AttributionWish,
    BuyerWish,
    LineWish,
    Placed,
    PlacedLine,
    PlaceOrder,
    StopWish,
    TenderWish,
)

__all__ = [
    "PLACE",
    "AttributionWish",
    "BuyerWish",
    "LineWish",
    "PlaceOrder",
    "Placed",
    "PlacedLine",
    "StopWish",
    "TenderWish",
    "place",
]
