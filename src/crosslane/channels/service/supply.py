"""Supply: what a channel says lies somewhere goes to inventory, which sorts it by its time."""

from collections.abc import Sequence

from crosslane import inventory, locations
from crosslane.channels.domain.messages import SupplyDelta, SupplySnapshot
from crosslane.channels.errors import ArticleUnknown
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage.messages import Outcome
from crosslane.kernel import Refusal
from crosslane.locations import Network
from crosslane.platform.database import Tx


async def report(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Hand supply messages on, each for itself; every version of one is a message of its own."""
    if not todo:
        return []
    network = await locations.network(tx)
    return [await _report(tx, one, network) for one in todo]


async def _report(tx: Tx, todo: Todo, network: Network) -> Outcome:
    message = todo.message
    if not isinstance(message, SupplySnapshot | SupplyDelta):
        raise TypeError(f"{todo.pending.kind} is no supply message")
    try:
        async with tx.savepoint():
            taken = await inventory.report_supply(
                tx,
                inventory.SupplyReport(
                    source=f"channel:{todo.pending.channel}",
                    message=f"{message.source_id}/{message.source_version}",
                    kind="snapshot" if isinstance(message, SupplySnapshot) else "delta",
                    location_id=network.require(message.location, pointer="/location").id,
                    as_of=message.event_at,
                    rows=_rows(message),
                    complete=isinstance(message, SupplySnapshot) and message.complete,
                ),
            )
    except Refusal as refusal:
        return refused(todo, refusal)
    return outcome_of(todo, "applied", supply_id=taken.header.id)


def _rows(message: SupplySnapshot | SupplyDelta) -> tuple[inventory.SupplyRow, ...]:
    for place, row in enumerate(message.rows):
        if not row.sku:
            raise ArticleUnknown(pointer=f"/rows/{place}/sku", article=row.article or row.gtin)
    return tuple(inventory.SupplyRow(row.sku, row.quantity) for row in message.rows)
