"""Adapters: how a channel's own language becomes canonical messages, one file per format.

An adapter is declared once and listed in ``ADAPTERS``; nothing else in the house knows a format by
name. It reads text and answers with records, each with its message or with why it is none: no
clock, no database, no network.
"""

from crosslane.channels.adapters.family import Context, Family, Reading
from crosslane.channels.adapters.orders_csv import ORDERS_CSV
from crosslane.channels.adapters.orders_jsonl import ORDERS_JSONL
from crosslane.channels.adapters.port import (
    CSV,
    JSON,
    LINES,
    RECORDS_MAX,
    Adapter,
    Fault,
    Parsed,
    Record,
    Source,
    decode_text,
)
from crosslane.channels.adapters.shopify import SHOPIFY
from crosslane.channels.adapters.till_batch import TILL_BATCH
from crosslane.channels.errors import UnknownFormat

ADAPTERS = {adapter.name: adapter for adapter in (ORDERS_JSONL, TILL_BATCH, ORDERS_CSV)}
FAMILIES = {family.name: family for family in (SHOPIFY,)}
"""Formats of others that can be read; what they say is not taken in yet."""


def adapter_of(format: str, *, pointer: str = "/format") -> Adapter:
    """Return the adapter of a format.

    Raises:
        UnknownFormat: there is none.
    """
    if (found := ADAPTERS.get(format)) is None:
        known = ", ".join(sorted(ADAPTERS))
        raise UnknownFormat(pointer=pointer, format=format[:40], known=known)
    return found


__all__ = [
    "ADAPTERS",
    "CSV",
    "FAMILIES",
    "JSON",
    "LINES",
    "RECORDS_MAX",
    "Adapter",
    "Context",
    "Family",
    "Fault",
    "Parsed",
    "Reading",
    "Record",
    "Source",
    "adapter_of",
    "decode_text",
]
