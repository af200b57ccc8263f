"""Supply: what a channel says lies somewhere goes to inventory, which sorts it by its time.

An article may be named by its SKU, by its number of GS1, or as the channel calls it; what names one
the channel has not told of yet waits for it.
"""

from collections.abc import Sequence

from crosslane import inventory, locations
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import StockRow, SupplyDelta, SupplySnapshot
from crosslane.channels.errors import ArticleUnknown
from crosslane.channels.service import hearing
from crosslane.channels.service.articles import Skus, name_key, sku_of, skus_of_rows
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
    skus = await skus_of_rows(
        tx, [(one.pending.channel, row) for one in todo for row in _supply(one).rows]
    )
    compared = await hearing.compare(tx, todo, skus)
    return compared + [
        await _report(tx, one, network, skus)
        for one in todo
        if one.id not in {outcome.id for outcome in compared}
    ]


async def _report(tx: Tx, todo: Todo, network: Network, skus: Skus) -> Outcome:
    message, channel = _supply(todo), todo.pending.channel
    rows = [sku_of(row, channel, skus) for row in message.rows]
    for place, (sku, row) in enumerate(zip(rows, message.rows, strict=True)):
        if not sku:
            return _unknown(todo, place, row)
    try:
        async with tx.savepoint():
            taken = await inventory.report_supply(
                tx,
                inventory.SupplyReport(
                    source=f"channel:{channel}",
                    message=f"{message.source_id}/{message.source_version}",
                    kind="snapshot" if isinstance(message, SupplySnapshot) else "delta",
                    location_id=network.require(message.location, pointer="/location").id,
                    as_of=message.event_at,
                    rows=tuple(
                        inventory.SupplyRow(sku, row.quantity)
                        for sku, row in zip(rows, message.rows, strict=True)
                    ),
                    complete=isinstance(message, SupplySnapshot) and message.complete,
                ),
            )
    except Refusal as refusal:
        return refused(todo, refusal)
    return outcome_of(todo, "applied", supply_id=taken.header.id)


def _supply(todo: Todo) -> SupplySnapshot | SupplyDelta:
    if not isinstance(todo.message, SupplySnapshot | SupplyDelta):
        raise TypeError(f"{todo.pending.kind} is no supply message")
    return todo.message


def _unknown(todo: Todo, place: int, row: StockRow) -> Outcome:
    """Return that an article is unknown: it waits for its name, if it has one of the channel's."""
    refusal = ArticleUnknown(pointer=f"/rows/{place}/sku", article=row.article or row.gtin)
    if not row.article:
        return refused(todo, refusal)
    key = name_key(todo.pending.channel, row.article)
    return outcome_of(todo, "parked", Fault.of(refusal), waits_for=key)
