"""Goods that go out in exchange for those of a return, as screens show them."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from crosslane import catalog, inventory, locations, orders
from crosslane.inventory import Figures
from crosslane.orders import OrderLine, OrderState, Stage
from crosslane.organization import Method
from crosslane.platform.database import Tx
from crosslane.returns import Return

NOTHING = Figures()


class GoingOut(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that go out in exchange.

    Args:
        title: of the article; likewise its SKU.
        gross_minor: what they cost, with tax, in minor units.
        method: how the customer gets them.
        store: what the store is called where they are fetched, "" when they are sent.
        waiting: units that wait for stock.
        gone: units that were given up, such as those nobody waited for.
        missing: units that are taken along and by the books were another's, or not there.
    """

    title: str
    sku: str
    quantity: int
    gross_minor: int
    method: Method
    store: str
    waiting: int
    gone: int
    missing: int


async def going_out(tx: Tx, language: str, one: Return) -> list[GoingOut]:
    """Return the goods that go out in exchange for a return, or were to.

    Args:
        tx: open transaction.
        language: of titles.
        one: the return.
    """
    if one.order_id is None or not one.exchange:
        return []
    state = (await orders.list_states(tx, [one.order_id]))[one.order_id]
    lines = [line for line_id in one.exchange if (line := state.line(line_id))]
    titles = await catalog.variants_by_id(tx, [x.variant_id for x in lines], locale=language)
    network = await locations.network(tx)
    carried = [line for line in lines if line.method == "carry_out"]
    figures = await inventory.stock_figures(
        tx,
        [line.variant_id for line in carried],
        location_ids=sorted({line.store_id for line in carried if line.store_id}),
    )
    return [
        GoingOut(
            title=titles[line.variant_id].title if line.variant_id in titles else line.title,
            sku=line.sku,
            quantity=line.quantity,
            gross_minor=line.gross_minor,
            method=line.method,
            store=network.by_id[line.store_id].name if line.store_id else "",
            waiting=_units(state, line, Stage.BACKORDERED),
            gone=_units(state, line, Stage.CANCELLED),
            missing=min(line.quantity, _short(figures, line)),
        )
        for line in lines
    ]


def _units(state: OrderState, line: OrderLine, stage: Stage) -> int:
    """Return units of a line at a stage; of a bundle, of its components."""
    mine = [one for one in state.stock_lines if line.id in (one.id, one.parent_line_id)]
    return sum(state.buckets.units(one.id, stage) for one in mine)


def _short(figures: Mapping[UUID, Mapping[UUID, Figures]], line: OrderLine) -> int:
    if line.method != "carry_out" or line.store_id is None:
        return 0
    return figures.get(line.variant_id, {}).get(line.store_id, NOTHING).short
