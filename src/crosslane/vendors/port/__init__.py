"""The port to vendors: what they are told, the adapter, and a strict one to try with.

A vendor must know an order by the key Crosslane gave it: sent again with the same key it is the
same order. That is what makes a lost answer harmless.
"""

from crosslane.vendors.port.http import HttpVendor
from crosslane.vendors.port.port import (
    AnswerUnknown,
    Recipient,
    SentLine,
    SentOrder,
    VendorPort,
    VendorRefused,
)

PORTS: dict[str, type[VendorPort]] = {"http": HttpVendor}

__all__ = [
    "PORTS",
    "AnswerUnknown",
    "HttpVendor",
    "Recipient",
    "SentLine",
    "SentOrder",
    "VendorPort",
    "VendorRefused",
]
