"""Who sold, whose goods are ours, and what an entry is known by."""

from typing import Any
from uuid import UUID

from crosslane import inventory, orders, returns, transfers, vendors
from crosslane.finance.domain import Cause, Seller, Stockholders
from crosslane.kernel import parse_instant
from crosslane.organization import OrganizationBook
from crosslane.platform.log import Logged

DATED = (
    inventory.StockValued
    | transfers.TransferEvent
    | returns.BlindUnitsCredited
    | returns.HandlingCredited
    | vendors.VendorShipped
    | vendors.InvoiceAccepted
)
"""Events that tell when they happened as an instant."""


def seller_of(book: OrganizationBook, channel_id: UUID) -> Seller:
    """Return who sells in a channel, as postings name it."""
    channel = book.channel_by_id(channel_id)
    return Seller(
        entity_id=book.entity(channel.entity).id,
        channel_id=channel.id,
        brand_id=book.brand(channel.brand).id,
        market_id=book.market(channel.market).id,
        timezone=channel.timezone,
    )


def stockholders_of(book: OrganizationBook) -> Stockholders:
    """Return whose stock is ours: that of our legal entities."""
    return Stockholders({entity.id: entity.book_currency for entity in book.entities.values()})


def cause_of(entry: Logged[Any]) -> Cause:
    """Return the event as the cause of its entry, at the time at which it happened."""
    event = entry.event
    occurred_at = entry.at
    if isinstance(event, orders.LinesHandedOver | orders.LinesCredited):
        occurred_at = parse_instant(event.occurred_at)
    elif isinstance(event, DATED):
        occurred_at = event.occurred_at
    return Cause(event.kind(), f"{entry.subject}#{entry.subject_no}", occurred_at)
