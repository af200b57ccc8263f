"""What channels show as prices: for those who are told what articles cost."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from crosslane.kernel import Refusal
from crosslane.organization import Channel, book
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.pricing.domain.lists import Buyer, Price, PriceList
from crosslane.pricing.domain.shown import Frame, Showing, show
from crosslane.pricing.domain.tax import Basis, Destination
from crosslane.pricing.service.carts import TERMS
from crosslane.pricing.storage.prices import list_prices

# As far ahead as a price that is to come is known of.
AHEAD = timedelta(days=400)


async def shown_prices(
    tx: Tx, channel: Channel, tax_classes: Mapping[UUID, str]
) -> dict[UUID, Showing]:
    """Return what articles cost anybody in a channel now, and when that may change.

    One statement, however many there are. A price of an article whose tax nobody knows is none.

    Args:
        tx: open transaction.
        channel: whose lists count, on whose basis.
        tax_classes: tax class by variant.
    """
    terms = await facts.get(tx, TERMS)
    buyer = Buyer(channel.code, channel.market, None, channel.currency, tx.now)
    lists = [each for each in terms.price_lists if _may_be_offered(each, buyer)]
    wanted = [
        (variant_id, each.id, tx.now, tx.now + AHEAD)
        for variant_id in tax_classes
        for each in lists
    ]
    prices: dict[UUID, dict[UUID, tuple[Price, ...]]] = {one: {} for one in tax_classes}
    for (variant_id, list_id, _, _), rows in zip(
        wanted, await list_prices(tx, wanted) if wanted else (), strict=True
    ):
        if rows:
            prices[variant_id][list_id] = rows
    seller = (await book(tx)).entity(channel.entity).country
    basis: Basis = "gross" if channel.tax_mode == "inclusive" else "net"
    found: dict[UUID, Showing] = {}
    for variant_id, tax_class in tax_classes.items():
        try:
            tax = terms.taxes.tax(seller, Destination(channel.country), tax_class, tx.now)
            frame = Frame(taxes=terms.taxes, tax_class=tax_class, tax=tax, basis=basis, at=tx.now)
            found[variant_id] = show(lists, prices[variant_id], buyer, frame)
        except Refusal:
            found[variant_id] = Showing(None, None)
    return found


def _may_be_offered(price_list: PriceList, buyer: Buyer) -> bool:
    """Whether a list is offered to anybody in a channel, now or later."""
    return (
        price_list.currency == buyer.currency
        and price_list.customer_group is None
        and price_list.channel in (None, buyer.channel)
        and price_list.market in (None, buyer.market)
        and (price_list.valid_to is None or price_list.valid_to > buyer.at)
    )
