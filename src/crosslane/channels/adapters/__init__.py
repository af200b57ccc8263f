"""Adapters: how a channel's own language becomes canonical messages, a file or package a family.

A family is declared once and listed in ``FAMILIES``; nothing else in the house knows a format by
name. It reads a stream and answers with readings, each with what a record says or with why it says
nothing that can be understood: no clock, no database, no network.
"""

from crosslane.channels.adapters.amazon import AMAZON
from crosslane.channels.adapters.family import Context, Envelope, Family, Reading
from crosslane.channels.adapters.orders_jsonl import ORDERS_JSONL
from crosslane.channels.adapters.port import CSV, FORM, JSON, LINES, RECORDS_MAX, Fault
from crosslane.channels.adapters.poslog import POSLOG
from crosslane.channels.adapters.shopify import SHOPIFY
from crosslane.channels.adapters.tables import TABLES, WORKBOOKS
from crosslane.channels.adapters.telling import Answer, Call, Document, Outcome, Outgoing, Talk
from crosslane.channels.adapters.till_batch import TILL_BATCH
from crosslane.channels.adapters.ubl import UBL
from crosslane.channels.adapters.woocommerce import WOOCOMMERCE
from crosslane.channels.adapters.x12 import X12
from crosslane.channels.errors import UnknownFormat

FAMILIES = {
    family.name: family
    for family in (
        ORDERS_JSONL,
        TILL_BATCH,
        TABLES,
        SHOPIFY,
        WOOCOMMERCE,
        POSLOG,
        X12,
        AMAZON,
        UBL,
    )
}


def family_of(format: str, *, pointer: str = "/format") -> Family:
    """Return the family of a format.

    Raises:
        UnknownFormat: there is none.
    """
    if (found := FAMILIES.get(format)) is None:
        known = ", ".join(sorted(FAMILIES))
        raise UnknownFormat(pointer=pointer, format=format[:40], known=known)
    return found


def is_ping(body: bytes) -> bool:
    """Whether a body only asks, as any family does, whether somebody is there."""
    return any(family.pings is not None and family.pings(body) for family in FAMILIES.values())


__all__ = [
    "CSV",
    "FAMILIES",
    "FORM",
    "JSON",
    "LINES",
    "RECORDS_MAX",
    "WORKBOOKS",
    "Answer",
    "Call",
    "Context",
    "Document",
    "Envelope",
    "Family",
    "Fault",
    "Outcome",
    "Outgoing",
    "Reading",
    "Talk",
    "family_of",
    "is_ping",
]
