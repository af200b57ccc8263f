"""What offers notice: which events mean that articles, or all there is, are looked at anew."""

from collections.abc import Sequence

from crosslane import catalog, inventory
from crosslane.catalog import ProductsChanged
from crosslane.channels.domain.offering import OFFERING
from crosslane.channels.domain.policy import TELLING
from crosslane.channels.service import offers
from crosslane.channels.service.offer_messages import offered
from crosslane.channels.service.offering import PRICE, STOCK
from crosslane.inventory import AvailabilityMoved
from crosslane.organization import PolicyChanged, Scope, policies
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged
from crosslane.pricing import PriceListChanged, PricesChanged, TaxesChanged

# What decides on figures besides stock.
DECIDE = (
    OFFERING,
    TELLING,
    inventory.SAFETY_STOCK,
    inventory.RING_FENCE,
    inventory.VENDOR_SUPPLY,
)


async def notice_stock(tx: Tx, moved: Sequence[Logged[AvailabilityMoved]]) -> None:
    """Look at the stock of what has moved; a hundred movements of an article are one look."""
    await offers.mark(tx, STOCK, [one for logged in moved for one in logged.event.variant_ids])


async def notice_prices(
    tx: Tx, told: Sequence[Logged[PricesChanged | PriceListChanged | TaxesChanged]]
) -> None:
    """Look at prices that were changed, or at all when a list or a tax was."""
    changed = [logged.event for logged in told]
    if any(not isinstance(event, PricesChanged) for event in changed):
        channels = [code for code, kinds in (await offered(tx)).items() if PRICE in kinds]
        await offers.walk(tx, channels)
        return
    ids = [one for e in changed if isinstance(e, PricesChanged) for one in e.variant_ids]
    await offers.mark(tx, PRICE, ids)


async def notice_articles(tx: Tx, changed: Sequence[Logged[ProductsChanged]]) -> None:
    """Look at articles that were changed, and offer those that are new."""
    channels = await offered(tx)
    ids = list(dict.fromkeys(one for logged in changed for one in logged.event.variant_ids))
    if not channels or not ids:
        return
    await offers.mark(tx, STOCK, ids)
    await offers.mark(tx, PRICE, ids)
    await offers.enter(tx, channels, await catalog.variants_by_id(tx, ids))


async def notice_policies(tx: Tx, changed: Sequence[Logged[PolicyChanged]]) -> None:
    """Look at all that is offered when a policy decides otherwise, from when it begins to hold."""
    kinds = {kind.name: kind for kind in DECIDE}
    told = [logged.event for logged in changed if logged.event.policy in kinds]
    channels = list(await offered(tx)) if told else []
    if not channels:
        return
    book = await policies(tx)
    for event in told:
        scope = Scope(event.scope_type, event.scope_code)  # type: ignore[arg-type]
        versions = book.versions(kinds[event.policy], scope)
        begins = [one.valid_from for one in versions if one.id == event.version_id]
        if begins and begins[0] > tx.now:
            await offers.walk_later(tx, channels, begins[0], str(event.version_id))
        else:
            await offers.walk(tx, channels)


async def notice_names(tx: Tx, named: Sequence[tuple[str, str]]) -> None:
    """Offer articles that channels have given a name.

    Args:
        tx: open transaction.
        named: codes of channels and SKUs.
    """
    told = (await offered(tx)).keys() & {channel for channel, _ in named}
    for channel in sorted(told):
        skus = sorted({sku for code, sku in named if code == channel})
        found = await catalog.variants_by_sku(tx, skus)
        known = {variant.id: variant for variant in found.values()}
        await offers.mark(tx, STOCK, known)
        await offers.enter(tx, [channel], known)
