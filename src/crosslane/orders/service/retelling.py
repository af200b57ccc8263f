"""Telling what became of orders to those who decide their sourcing otherwise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane import locations, organization, sourcing
from crosslane.customers import Address, addresses_by_id
from crosslane.orders.domain import NOWHERE
from crosslane.orders.storage import retelling
from crosslane.orders.storage.retelling import LetGoRow, SoughtRow
from crosslane.platform.database import Tx

ROWS_AT_ONCE = 20_000


async def requests_of(
    tx: Tx, decisions: Sequence[sourcing.KeptReceipt]
) -> dict[UUID, sourcing.SourcingRequest]:
    """Return whither the goods of sourcing decisions went, by receipt, without lines.

    Orders go to the address they have now. Decisions on orders that were refused are left out.
    """
    ids = list({kept.order_id for kept in decisions})
    sought = {
        (row.order_id, row.method, row.sku): row for row in await retelling.list_sought(tx, ids)
    }
    found = {row.ship_address_id for row in sought.values() if row.ship_address_id}
    addresses = await addresses_by_id(tx, sorted(found))
    book, network = await organization.book(tx), await locations.network(tx)
    requests: dict[UUID, sourcing.SourcingRequest] = {}
    for kept in decisions:
        lines = kept.receipt.problem.lines
        row = sought.get((kept.order_id, kept.method, lines[0].sku)) if lines else None
        if row is not None:
            snapshot = addresses.get(row.ship_address_id) if row.ship_address_id else None
            requests[kept.id] = _request(
                kept, row, snapshot.address if snapshot else None, book, network
            )
    return requests


def _request(
    kept: sourcing.KeptReceipt,
    row: SoughtRow,
    address: Address | None,
    book: organization.OrganizationBook,
    network: locations.Network,
) -> sourcing.SourcingRequest:
    channel = book.channel(row.channel)
    return sourcing.SourcingRequest(
        order_id=kept.order_id,
        channel=channel,
        currency=row.currency,
        method=kept.method,
        at=kept.placed_at,
        lines=(),
        country=address.country if address else channel.country,
        postcode=address.postcode if address else "",
        store=network.by_id[row.store_id] if row.store_id else None,
        service=row.service,
    )


async def units_let_go(tx: Tx, since: datetime, until: datetime) -> list[sourcing.LetGo]:
    """Return the units that orders let go, from one instant up to another, by time."""
    by_id = (await locations.network(tx)).by_id
    found: list[sourcing.LetGo] = []
    after = since, -1
    while True:
        rows = await retelling.list_let_go(tx, after, until, ROWS_AT_ONCE)
        found += [_let_go(row, by_id[row.from_location_id].code if _placed(row) else "")
                  for row in rows]  # fmt: skip
        if len(rows) < ROWS_AT_ONCE:
            return found
        after = rows[-1].at, rows[-1].id


def _placed(row: LetGoRow) -> bool:
    return row.from_location_id != NOWHERE


def _let_go(row: LetGoRow, place: str) -> sourcing.LetGo:
    return sourcing.LetGo(
        at=row.at,
        demand=sourcing.Demand(row.order_id, row.method, row.sku),
        place=place,
        quantity=row.quantity,
        sought=row.sought,
    )
