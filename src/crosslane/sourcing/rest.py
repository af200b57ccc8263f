"""Sourcing over HTTP: why an order was sourced as it was."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from crosslane.carriers import ServiceUnknown
from crosslane.catalog import UnknownSku
from crosslane.kernel import QUANTITY_MAX, Page, matching
from crosslane.organization import UnknownChannel
from crosslane.platform.seals import SealsOff
from crosslane.platform.web import Caller, Paging, get, post
from crosslane.sourcing import service
from crosslane.sourcing.domain import Assignment, Explanation, KeptReceipt, Unfilled, explain
from crosslane.sourcing.errors import (
    NotOnSale,
    PlaceUnknown,
    ReceiptForgotten,
    UnknownReceipt,
)
from crosslane.sourcing.service import (
    ItemAsked,
    Options,
    OptionsWanted,
    PricesShown,
    decide_options,
)
from crosslane.sourcing.service.choices import GATHERING, STORES_OFFERED_MAX

READ = "sourcing:read"
ITEMS_MAX = 100


class ReceiptShown(Struct, frozen=True):
    """One decision in short; lines are counted 0001, 0002 as they were asked.

    Args:
        id: names the decision.
        at: when it was recorded.
        order_id: the order.
        method: how the customer gets the goods.
        placed_at: business time it was decided for.
        digest: fingerprint of the question.
        proven: whether no plan is cheaper.
        currency: of the costs.
        cost_milli: cost in thousandths of a minor unit.
        bound_milli: no plan costs less.
        nearest_milli: what sending it from the nearest places would have cost; null when no
            distance is known.
        before_milli: what the decision cost that this one replaced when open orders were decided
            together; null for a decision by itself.
        assignments: the plan.
        unfilled: what it leaves.
    """

    id: UUID
    at: datetime
    order_id: UUID
    method: str
    placed_at: datetime
    digest: str
    proven: bool
    currency: str
    cost_milli: int
    bound_milli: int
    nearest_milli: int | None
    before_milli: int | None
    assignments: tuple[Assignment, ...]
    unfilled: tuple[Unfilled, ...]


class ReceiptExplained(Struct, frozen=True):
    """One decision in full; replayed says that deciding it again gave the same plan."""

    receipt: ReceiptShown
    explanation: Explanation


class ItemWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Units of a SKU."""

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]


class OptionsAsked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods, and where the customer is.

    Args:
        channel: code of the channel.
        country: ISO 3166 alpha-2.
        postcode: of the customer; pickups are offered near it.
        items: what is in the cart.
        at: business time, now when absent.
        stores: how many stores to offer at most; 0 for none.
        service: by which goods would be brought to a store, where the order will name one; the
            cheapest that goes there when empty.
    """

    channel: Annotated[str, Meta(min_length=1, max_length=64)]
    country: Annotated[str, matching("[A-Z]{2}")]
    items: Annotated[list[ItemWanted], Meta(min_length=1, max_length=ITEMS_MAX)]
    postcode: Annotated[str, Meta(max_length=16)] = ""
    at: Annotated[datetime, Meta(tz=True)] | None = None
    stores: Annotated[int, Meta(ge=0, le=STORES_OFFERED_MAX)] = STORES_OFFERED_MAX
    service: Annotated[str, Meta(max_length=64)] = ""


def _shown(kept: KeptReceipt) -> ReceiptShown:
    plan = kept.receipt.plan
    return ReceiptShown(
        id=kept.id,
        at=kept.at,
        order_id=kept.order_id,
        method=kept.method,
        placed_at=kept.placed_at,
        digest=kept.receipt.digest,
        proven=plan.method == "exact",
        currency=kept.receipt.problem.currency,
        cost_milli=plan.cost_milli,
        bound_milli=plan.bound_milli,
        nearest_milli=kept.receipt.nearest_milli,
        before_milli=kept.receipt.before_milli,
        assignments=plan.assignments,
        unfilled=plan.unfilled,
    )


@get("/api/v1/sourcing-receipts", permission=READ, raises=(ReceiptForgotten,))
async def list_receipts(caller: Caller, paging: Paging, order_id: UUID) -> Page[ReceiptShown]:
    """List the sourcing decisions on an order; those of one moment in no particular order.

    Where none is kept of an order that is older than receipts are, that is said in place of an
    empty list.
    """
    after = paging.after(UUID)
    async with caller.read() as tx:
        found = await service.receipts_of_order(
            tx, order_id, after=after[0] if after else None, limit=paging.limit + 1
        )
        if not found and not after:
            service.refuse_forgotten(tx, order_id)
    return paging.page([_shown(kept) for kept in found], key=lambda shown: (shown.id,))


@get(
    "/api/v1/sourcing-receipts/{receipt_id}",
    permission=READ,
    raises=(UnknownReceipt, ReceiptForgotten),
)
async def show_receipt(caller: Caller, receipt_id: UUID) -> ReceiptExplained:
    """Explain one sourcing decision.

    It is decided again from what was kept, and told with every candidate and its costs, what took
    the others out, what came second, and the smallest change of a price or a stock that would have
    changed it.
    """
    async with caller.read() as tx:
        kept = await service.receipt_by_id(tx, receipt_id)
    # Dozens of variations are decided; others are answered meanwhile.
    return ReceiptExplained(_shown(kept), await asyncio.to_thread(explain, kept.receipt))


@post(
    "/api/v1/fulfillment-options",
    permission=READ,
    command=None,
    raises=(UnknownChannel, NotOnSale, PlaceUnknown, ServiceUnknown, SealsOff),
    example=OptionsAsked(
        channel="web",
        country="GB",
        postcode="AB10 1NJ",
        items=[ItemWanted(sku="22423", quantity=2)],
    ),
)
async def show_options(caller: Caller, data: OptionsAsked) -> Options:
    """Show how and when goods could reach a customer.

    Every delivery service that goes there, the earliest first, and pickup at the stores near by.
    Nothing is held. An order that is placed with the ``offer`` of an option until it expires has
    everything by the date that was shown, or is refused.
    """
    wanted = OptionsWanted(
        items=[ItemAsked(item.sku, item.quantity) for item in data.items],
        channel=data.channel,
        country=data.country,
        postcode=data.postcode,
        at=data.at,
        stores=data.stores,
        service=data.service,
    )
    return decide_options(await GATHERING.ask(caller.tenant, caller.read, wanted))


@get("/api/v1/sourcing/prices", permission=READ, raises=(UnknownSku,))
async def show_prices(
    caller: Caller, sku: Annotated[str, Meta(max_length=64)] | None = None
) -> PricesShown:
    """Show what stock and capacity are worth to later orders, and how that was estimated.

    Prices of units are those of one SKU. A place that is left out is worth nothing. The costs told
    are of futures that the prices were tried on: without prices, with all and with half of them.
    """
    async with caller.read() as tx:
        return await service.show_prices(tx, sku)


ROUTES = [list_receipts, show_receipt, show_options, show_prices]
