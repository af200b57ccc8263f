"""Entries of what customers are credited, and locations for their work."""

from collections.abc import Mapping
from uuid import UUID

from msgspec import structs

from crosslane import ledger, locations, orders, returns
from crosslane.finance import domain
from crosslane.finance.domain import Credit, HandlingCredit, UnitsBack
from crosslane.finance.reactions.sellers import cause_of, seller_of
from crosslane.organization import OrganizationBook
from crosslane.platform.log import Logged

Credits = orders.LinesCredited | returns.BlindUnitsCredited | returns.HandlingCredited


def of_credit(
    entry: Logged[Credits],
    book: OrganizationBook,
    heads: Mapping[UUID, orders.Order],
    network: locations.Network,
) -> ledger.Entry | None:
    """Return the entry of what a customer was credited, or a location for its work."""
    event = entry.event
    if isinstance(event, returns.HandlingCredited):
        handled = HandlingCredit(
            event.location_id,
            book.entity(network.by_id[event.location_id].entity).id,
            event.return_id,
            event.minor,
            event.currency,
        )
        return domain.handling_entry(cause_of(entry), seller_of(book, event.channel_id), handled)
    if isinstance(event, orders.LinesCredited):
        head = heads[event.order_id]
        channel_id, currency, blind = head.channel_id, head.currency, False
        charges = event.charges
    else:
        channel_id, currency, blind = event.channel_id, event.currency, True
        charges = [orders.ChargedSum(**structs.asdict(charge)) for charge in event.charges]
    units = [
        UnitsBack(
            unit.line_id,
            None if blind else unit.location_id,
            unit.net_minor,
            unit.tax_minor,
            unit.tax_rate_bp,
            unit.jurisdiction,
        )
        for unit in event.units
    ]
    credit = Credit(currency, units, charges)
    return domain.credit_entry(cause_of(entry), seller_of(book, channel_id), credit)
