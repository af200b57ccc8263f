"""Sales of tills: what has happened is recorded as the till says it."""

from collections.abc import Sequence

from crosslane import catalog, orders
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import Sale
from crosslane.channels.events import UnknownArticleSold
from crosslane.channels.service import baskets
from crosslane.channels.service.baskets import CHANGED, order_of
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage import messages
from crosslane.channels.storage.messages import Outcome
from crosslane.kernel import Refusal
from crosslane.platform import log
from crosslane.platform.database import Tx

BOOKED = Fault("already-booked", "Another version of the batch told of it already, just so")
# Articles that only a till knows are put here, for somebody to look at.
UNLISTED = "unlisted"
UNLISTED_NAME = "Sold by tills, not in the catalog"


async def record(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Record sales as orders that were carried out, and goods that came back as returns.

    Stock may go below zero. An article nobody has told of is put into the catalog, not on sale, so
    that its stock and its money have a place. Baskets with gift cards or goods that came back are
    booked one by one, after the sales: they may belong to one of them.
    """
    outcomes: list[Outcome] = []
    fresh: list[tuple[Todo, Sale]] = []
    mixed: list[tuple[Todo, Sale]] = []
    booked = await messages.list_booked(tx, [one.id for one in todo]) if todo else {}
    for one in todo:
        sale = one.message
        if not isinstance(sale, Sale) or sale.voided:
            outcomes.append(outcome_of(one, "voided"))
        elif one.id in booked:
            told = ("outdated", BOOKED) if booked[one.id] else ("quarantined", CHANGED)
            outcomes.append(outcome_of(one, *told))
        else:
            (mixed if sale.has_returns or sale.issued else fresh).append((one, sale))
    if not (fresh or mixed):
        return outcomes
    await _list_unknown(tx, [*fresh, *mixed])
    outcomes += await _place(tx, fresh)
    return [*outcomes, *[await baskets.carry_out(tx, one, sale) for one, sale in mixed]]


async def _place(tx: Tx, fresh: Sequence[tuple[Todo, Sale]]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    wishes = [one.command(order_of(one, sale, sale.lines)) for one, sale in fresh]
    answers = await orders.PLACE.handle(tx, wishes) if wishes else []
    for (one, _), answer in zip(fresh, answers, strict=True):
        if isinstance(answer, orders.SourceIdTaken):
            outcomes.append(outcome_of(one, "quarantined", CHANGED))
        elif isinstance(answer, Refusal):
            outcomes.append(refused(one, answer))
        else:
            outcomes.append(outcome_of(one, "applied", order_id=answer.id))
    return outcomes


async def _list_unknown(tx: Tx, fresh: Sequence[tuple[Todo, Sale]]) -> None:
    titles = {line.sku: line.title or line.sku for _, sale in fresh for line in sale.lines}
    known = await catalog.variants_by_sku(tx, sorted(titles))
    unknown = sorted(titles.keys() - known.keys())
    if not unknown:
        return
    if not await catalog.category_exists(tx, UNLISTED):
        place = catalog.PutCategory(UNLISTED, UNLISTED_NAME)
        await catalog.put_categories(tx, catalog.PutCategories((place,)))
    rows = tuple(
        catalog.ProductRow(sku, UNLISTED, title=titles[sku], active=False) for sku in unknown
    )
    await catalog.import_products(tx, catalog.ImportProducts(rows))
    told = [
        (one, skus)
        for one, sale in fresh
        if (skus := sorted({line.sku for line in sale.lines} & set(unknown)))
    ]
    await log.append(
        tx,
        [
            UnknownArticleSold(
                message_id=one.id, channel=one.source[0], source_id=one.source[1], skus=skus
            )
            for one, skus in told
        ],
        [one.command(None) for one, _ in told],
    )
