"""Hearing: what a channel that is offered stock says that it has is compared with what it was told.

It is no fact about our shelves: it follows from what was told, and from what the channel has sold
since, whose orders come by themselves. What differs shows as drift, and is told again: at once
where the channel has more than it may sell, after a while where it has less.
"""

from collections.abc import Sequence
from datetime import timedelta

from crosslane import catalog
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import SupplySnapshot
from crosslane.channels.domain.offering import EVERYWHERE
from crosslane.channels.service import offers
from crosslane.channels.service.articles import Skus, sku_of
from crosslane.channels.service.offer_messages import offered
from crosslane.channels.service.offering import STOCK, Terms, open_terms
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.offers import Heard
from crosslane.platform.database import Tx

# An order of what a channel has sold comes within this time, or it is no order.
ORDERS_COME_WITHIN = timedelta(minutes=15)
COMPARED = Fault("offered", "It is told what it may sell; what it has is compared with that")


async def compare(tx: Tx, todo: Sequence[Todo], skus: Skus) -> list[Outcome]:
    """Compare what channels say that they have, of those who are offered stock.

    Args:
        tx: open transaction.
        todo: supply messages.
        skus: what they call articles.

    Returns:
        What became of those; the others are of channels that tell facts.
    """
    told = {code for code, kinds in (await offered(tx)).items() if STOCK in kinds}
    terms = {
        code: await open_terms(tx, code)
        for code in sorted({one.pending.channel for one in todo} & told)
    }
    theirs = [
        one
        for one in todo
        if one.pending.channel in terms and not terms[one.pending.channel].offerings()[0].counts
    ]
    named = {sku for one in theirs for _, sku in _units(one, skus)}
    variants = await catalog.variants_by_sku(tx, sorted(named)) if named else {}
    heard = [
        Heard(
            channel=one.pending.channel,
            variant_id=variants[sku].id,
            place=place,
            units=units,
            at=one.message.event_at,
        )
        for one in theirs
        if (place := _place(terms[one.pending.channel], one)) is not None
        for units, sku in _units(one, skus)
        if sku in variants
    ]
    if heard:
        await offers.hear(tx, heard, less_at=tx.now + ORDERS_COME_WITHIN)
    return [outcome_of(one, "kept", COMPARED) for one in theirs]


def _units(one: Todo, skus: Skus) -> list[tuple[int, str]]:
    """Return how many a message says there are of which articles, by SKU."""
    # What came or went says nothing of how much there is.
    if not isinstance(one.message, SupplySnapshot):
        return []
    named = [(row.quantity, sku_of(row, one.pending.channel, skus)) for row in one.message.rows]
    return [(units, sku) for units, sku in named if sku]


def _place(terms: Terms, one: Todo) -> str | None:
    """Return the location a channel was told of, that it speaks of; None for another one."""
    location = one.message.location if isinstance(one.message, SupplySnapshot) else ""
    offering = terms.offerings()[0]
    if offering.by_location or offering.at == location:
        return location
    return EVERYWHERE if offering.at == EVERYWHERE and len(terms.places) <= 1 else None
