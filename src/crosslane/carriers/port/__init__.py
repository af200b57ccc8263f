"""The port to carriers: what is asked of them, the adapters, and a strict one to try with.

A carrier must know a label by the key Crosslane gave it: asked again with the same key it answers
the same, and asked whether a key happened it can tell. That is what makes a lost answer harmless.
"""

from crosslane.carriers.port.house import HouseCarrier
from crosslane.carriers.port.http import HttpCarrier
from crosslane.carriers.port.messages import TrackingMessage
from crosslane.carriers.port.port import (
    AnswerUnknown,
    CarrierPort,
    CarrierRefused,
    CarrierSettings,
)

PORTS: dict[str, type[CarrierPort]] = {"house": HouseCarrier, "http": HttpCarrier}

__all__ = [
    "PORTS",
    "AnswerUnknown",
    "CarrierPort",
    "CarrierRefused",
    "CarrierSettings",
    "HouseCarrier",
    "HttpCarrier",
    "TrackingMessage",
]
