"""Sales of tills: what has happened is recorded as the till says it."""

from collections.abc import Sequence

from crosslane import catalog, orders
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import Sale
from crosslane.channels.events import UnknownArticleSold
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage import messages
from crosslane.channels.storage.messages import Outcome
from crosslane.kernel import Refusal
from crosslane.orders import AttributionWish, LineWish, PreparedOrder, TenderWish
from crosslane.platform import log
from crosslane.platform.database import Tx

RETURNS_MISSING = Fault("returns-missing", "Goods that come back over a till cannot be booked yet")
BOOKED = Fault("already-booked", "Another version of the batch told of it already, just so")
CHANGED = Fault("sale-changed", "The sale is booked already and was different then")
# Articles that only a till knows are put here, for somebody to look at.
UNLISTED = "unlisted"
UNLISTED_NAME = "Sold by tills, not in the catalog"


async def record(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Record sales as orders that were carried out; stock may go below zero.

    An article nobody has told of is put into the catalog, not on sale, so that its stock and its
    money have a place.
    """
    outcomes: list[Outcome] = []
    fresh: list[tuple[Todo, Sale]] = []
    for one in todo:
        sale = one.message
        if not isinstance(sale, Sale) or sale.voided:
            outcomes.append(outcome_of(one, "voided"))
        elif sale.has_returns:
            outcomes.append(outcome_of(one, "parked", RETURNS_MISSING))
        else:
            fresh.append((one, sale))
    if not fresh:
        return outcomes
    await _list_unknown(tx, fresh)
    answers = await orders.PLACE.handle(tx, [one.command(order_of(one, s)) for one, s in fresh])
    booked = await messages.list_booked(tx, [one.id for one, _ in fresh])
    for (one, _), answer in zip(fresh, answers, strict=True):
        if isinstance(answer, orders.SourceIdTaken):
            told = ("outdated", BOOKED) if one.id in booked else ("quarantined", CHANGED)
            outcomes.append(outcome_of(one, *told))
        elif isinstance(answer, Refusal):
            outcomes.append(refused(one, answer))
        else:
            outcomes.append(outcome_of(one, "applied", order_id=answer.id))
    return outcomes


def order_of(todo: Todo, sale: Sale) -> PreparedOrder:
    """Return the order a sale is."""
    return PreparedOrder(
        channel=todo.pending.channel,
        source_id=sale.source_id,
        placed_at=sale.event_at,
        buyer=sale.customer,
        lines=[
            LineWish(
                sku=line.sku,
                quantity=line.quantity,
                method="carry_out",
                store=sale.store,
                unit_price_milli=line.unit_price_milli,
                attributions=_credit(line.staff or sale.staff),
            )
            for line in sale.lines
        ],
        tenders=[
            TenderWish(method=each.method, minor=each.minor, account=each.account)
            for each in sale.tenders
        ],
        happened=True,
    )


def _credit(staff: str) -> list[AttributionWish]:
    return [AttributionWish(role="sold", staff=staff)] if staff else []


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
