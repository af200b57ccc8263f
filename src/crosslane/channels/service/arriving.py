"""What suppliers say is on its way to us: incoming goods, by the channel's own number.

The newest version of a shipment stands; what it does not name any more does not come.
"""

from collections import Counter

from crosslane import catalog, inventory, locations
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.registers import ShipmentStanding
from crosslane.channels.domain.reports import FulfillmentEvent
from crosslane.channels.errors import ArticleUnknown
from crosslane.channels.service.orders import OVERTAKEN
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage.messages import Outcome
from crosslane.inventory import IncomingKey, IncomingReport
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx

COMING = ("shipped", "in_transit")
ENDED = ("cancelled", "failed", "rejected")
NO_ORDER = "It is of no order, and says nothing of goods on their way to us"


async def report(
    tx: Tx, one: Todo, message: FulfillmentEvent, standing: ShipmentStanding
) -> tuple[Outcome, ShipmentStanding]:
    """Report what comes to us; return what became of the message, and how far was told since."""
    if message.step not in (*COMING, *ENDED):
        return outcome_of(one, "kept", Fault("of-no-order", NO_ORDER, "/order")), standing
    if standing.version >= message.source_version:
        return outcome_of(one, "outdated", OVERTAKEN), standing
    if message.step in ENDED and not standing.variants:
        kept = Fault(message.step, "Nothing of it was told to come", "/step")
        told = ShipmentStanding(version=message.source_version)
        return outcome_of(one, "kept", kept), told
    try:
        async with tx.savepoint():
            after = await _report(tx, one, message, standing)
    except Refusal as refusal:
        return refused(one, refusal), standing
    return outcome_of(one, "applied"), after


async def _report(
    tx: Tx, one: Todo, message: FulfillmentEvent, standing: ShipmentStanding
) -> ShipmentStanding:
    network = await locations.network(tx)
    place = network.require(message.to, pointer="/to")
    goods = message.lines if message.step in COMING else ()
    variants = await catalog.variants_by_sku(tx, sorted({each.sku for each in goods if each.sku}))
    coming: Counter = Counter()
    for at, each in enumerate(goods):
        if each.sku not in variants:
            raise ArticleUnknown(pointer=f"/lines/{at}/sku", article=each.sku or each.article)
        coming[variants[each.sku].id] += each.quantity
    as_of = max(message.event_at, standing.as_of or message.event_at)
    gone = [variant_id for variant_id in standing.variants if variant_id not in coming]
    await inventory.report_incoming(
        tx,
        [
            IncomingReport(
                key=IncomingKey(
                    f"channel:{one.pending.channel}", message.source_id, variant_id, place.id
                ),
                quantity=coming[variant_id],
                available_on=(message.due_at or message.event_at).date(),
                as_of=as_of,
                message=f"{message.source_id}/{message.source_version:020}",
            )
            for variant_id in (*coming, *gone)
        ],
    )
    variants_told = (*coming, *gone)
    return ShipmentStanding(version=message.source_version, as_of=as_of, variants=variants_told)
