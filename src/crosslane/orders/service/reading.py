"""What people read of orders: one order whole, lists, search, and the timeline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import catalog, customers, locations, organization, payments
from crosslane.kernel import BadOrderNumber, parse_order_number
from crosslane.locations import Network
from crosslane.orders.domain import (
    NOWHERE,
    OrderLine,
    OrderState,
    Stage,
    Status,
    Stop,
    concerns,
    earned,
    status,
    status_of,
    worth,
)
from crosslane.orders.domain.problems import MoneyProblem
from crosslane.orders.errors import NoSuchOrder
from crosslane.orders.service.adding import owed
from crosslane.orders.service.problems import PROBLEMS_SHOWN_MAX
from crosslane.orders.storage import lists, problems, states, views
from crosslane.platform import log
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx

AMENDMENTS_SHOWN_MAX = 500
ATTRIBUTIONS_SHOWN_MAX = 5_000
# Of customers with one name so many are looked at.
CUSTOMERS_MATCHED_MAX = 50


class BucketView(msgspec.Struct, frozen=True):
    """Units of a line in one stage; ``location`` is "" before one is chosen."""

    stage: str
    location: str
    quantity: int


class ReturnedView(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that came back, with what was credited for them.

    Args:
        location: code of the location whose sale is undone.
        cause_kind: what they were credited for, such as ``return``; likewise which one.
    """

    location: str
    quantity: int
    net_minor: int
    tax_minor: int
    cause_kind: str
    cause_id: UUID
    occurred_at: datetime


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line as people read it; the units of ``returned`` are among its buckets still."""

    id: UUID
    position: int
    parent_line_id: UUID | None
    cause: str
    amendment_no: int
    sku: str
    title: str
    quantity: int
    method: str
    store: str
    unit_price_milli: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_rate_bp: int
    jurisdiction: str
    promised_at: datetime | None
    is_bundle: bool
    buckets: list[BucketView]
    returned: list[ReturnedView]
    price_reasons: msgspec.Raw


class ChargeView(msgspec.Struct, frozen=True, kw_only=True):
    """Money on an order that is not goods."""

    id: UUID
    kind: str
    line_id: UUID | None
    title: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_rate_bp: int
    cancelled: bool


class MoneyView(msgspec.Struct, frozen=True, kw_only=True):
    """The money axis: what the order is worth, what of it is earned, and what was paid.

    Args:
        worth_minor: what the customer pays when everything not cancelled is handed over.
        earned_minor: due for what was handed over and did not come back.
        credited_minor: what was credited for units that came back.
        tenders: per tender, in the order of capture.
        owed_minor: what neither tenders nor credits that are expected cover; negative when they
            cover more than the order is worth.
        problems: what was refused or is not known, open ones first.
    """

    worth_minor: int
    owed_minor: int
    earned_minor: int
    credited_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    tenders: list[payments.TenderMoney]
    problems: list[MoneyProblem]


class AmendmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A change after placing."""

    no: int
    kind: str
    reason: str
    gross_delta_minor: int
    actor: str
    at: datetime
    lines: msgspec.Raw


class AttributionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets the credit for a line."""

    line_id: UUID
    role: str
    beneficiary_kind: str
    beneficiary_id: str
    share_bp: int
    source: str


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list."""

    id: UUID
    number: str
    channel: str
    source_id: str
    status: Status
    placed_at: datetime
    currency: str
    gross_minor: int
    lines: int
    units: int
    returned: int


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order whole."""

    id: UUID
    number: str
    version: int
    channel: str
    source_id: str
    entity: str
    brand: str
    market: str
    currency: str
    locale: str
    status: Status
    placed_at: datetime
    recorded_at: datetime
    closed_at: datetime | None
    customer_id: UUID | None
    ship_to: customers.Address | None
    service: str
    lines: list[LineView]
    charges: list[ChargeView]
    stops: list[Stop]
    money: MoneyView
    amendments: list[AmendmentView]
    attributions: list[AttributionView]


async def find_order(tx: Tx, named: str) -> OrderState:
    """Return an order by its number, as typed, or by its id.

    Raises:
        NoSuchOrder: there is none, or the caller may not see it.
    """
    try:
        order_id = UUID(named)
    except ValueError:
        order_id = await _by_number(tx, named)
    state = (await states.list_states(tx, [order_id])).get(order_id)
    if state is None or not _may_see(tx.actor, state):
        raise NoSuchOrder(order=named[:60])
    return state


def _may_see(actor: Actor, state: OrderState) -> bool:
    """Tell whether an order is a customer's own, or concerns an associate's location."""
    if actor.customer_id not in (None, state.order.customer_id):
        return False
    return actor.location_id is None or concerns(state, actor.location_id)


async def _by_number(tx: Tx, named: str) -> UUID:
    try:
        number = parse_order_number(named)
    except BadOrderNumber:
        raise NoSuchOrder(order=named[:60]) from None
    found = await states.find_by_number(tx, [number])
    if number not in found:
        raise NoSuchOrder(order=named[:60])
    return found[number]


async def order_view(tx: Tx, named: str) -> OrderView:
    """Return an order whole, by its number or id.

    Raises:
        NoSuchOrder: there is none, or the caller may not see it.
    """
    state = await find_order(tx, named)
    order, network = state.order, await locations.network(tx)
    address_ids = [order.ship_address_id] if order.ship_address_id else []
    addresses = await customers.addresses_by_id(tx, address_ids)
    money = (await payments.money_by_order(tx, [order.id]))[order.id]
    amendments = await views.list_amendments(tx, order.id, AMENDMENTS_SHOWN_MAX)
    reasons = await views.list_price_reasons(tx, list(state.by_id))
    credits = await views.list_attributions(tx, order.id, ATTRIBUTIONS_SHOWN_MAX)
    return OrderView(
        id=order.id,
        number=order.number,
        version=order.version,
        channel=order.channel,
        source_id=order.source_id,
        entity=order.entity,
        brand=order.brand,
        market=order.market,
        currency=order.currency,
        locale=order.locale,
        status=status(state),
        placed_at=order.placed_at,
        recorded_at=order.recorded_at,
        closed_at=order.closed_at,
        customer_id=order.customer_id,
        ship_to=_address(addresses, order.ship_address_id),
        service=order.service,
        lines=[_line_view(state, line, network, reasons[line.id]) for line in state.lines],
        charges=[msgspec.convert(c, ChargeView, from_attributes=True) for c in state.charges],
        stops=list(state.stops),
        money=MoneyView(
            worth_minor=worth(state).gross_minor,
            owed_minor=owed(state, money),
            earned_minor=earned(state).gross_minor,
            credited_minor=sum(one.net_minor + one.tax_minor for one in state.returned),
            authorized_minor=money.authorized_minor,
            captured_minor=money.captured_minor,
            refunded_minor=money.refunded_minor,
            tenders=money.tenders,
            problems=await problems.list_problems(tx, order.id, PROBLEMS_SHOWN_MAX),
        ),
        amendments=[
            AmendmentView(**{**dict(row), "lines": msgspec.Raw(row["lines"])}) for row in amendments
        ],
        attributions=[AttributionView(**dict(row)) for row in credits],
    )


def _address(
    known: Mapping[UUID, customers.AddressSnapshot], address_id: UUID | None
) -> customers.Address | None:
    return known[address_id].address if address_id in known else None


def _line_view(
    state: OrderState, line: OrderLine, network: Network, price_reasons: msgspec.Raw
) -> LineView:
    store = network.by_id.get(line.store_id) if line.store_id else None
    return LineView(
        id=line.id,
        position=line.position,
        parent_line_id=line.parent_line_id,
        cause=line.cause,
        amendment_no=line.amendment_no,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        method=line.method,
        store=store.code if store else "",
        unit_price_milli=line.unit_price_milli,
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        gross_minor=line.gross_minor,
        tax_rate_bp=line.tax_rate_bp,
        jurisdiction=line.jurisdiction,
        promised_at=line.promised_at,
        is_bundle=line.is_bundle,
        buckets=[
            BucketView(b.stage, _code(network, b.location_id), b.quantity)
            for b in state.buckets.of(line.id)
        ],
        returned=[
            ReturnedView(
                location=_code(network, one.location_id),
                quantity=one.quantity,
                net_minor=one.net_minor,
                tax_minor=one.tax_minor,
                cause_kind=one.cause_kind,
                cause_id=one.cause_id,
                occurred_at=one.occurred_at,
            )
            for one in state.returned
            if one.line_id == line.id
        ],
        price_reasons=price_reasons,
    )


def _code(network: Network, location_id: UUID) -> str:
    if location_id == NOWHERE:
        return ""
    return network.by_id[location_id].code


async def list_orders(
    tx: Tx,
    *,
    channel: str | None = None,
    stop: str | None = None,
    placed_from: datetime | None = None,
    placed_before: datetime | None = None,
    is_open: bool | None = None,
    money_problem: bool | None = None,
    returned: bool | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[OrderSummary]:
    """Return orders that fit every filter given, newest first.

    A customer sees its own only, and an associate those that concern the own location: exactly
    the orders that :func:`find_order` shows them.
    """
    found = await views.list_orders(
        tx,
        channel=channel,
        customer_id=tx.actor.customer_id,
        location_id=tx.actor.location_id,
        stop=stop,
        placed_from=placed_from,
        placed_before=placed_before,
        is_open=is_open,
        money_problem=money_problem,
        returned=returned,
        after=after,
        limit=limit,
    )
    return await list_summaries(tx, found)


class SearchPage(msgspec.Struct, frozen=True):
    """A page of what a search finds.

    Args:
        order_ids: newest first.
        next: business time and id after which the next page begins, None when this is the last.
        cut_short: so many orders were looked through that the page ended before it was full.
    """

    order_ids: list[UUID]
    next: tuple[datetime, UUID] | None = None
    cut_short: bool = False


async def search(
    tx: Tx, words: str, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> SearchPage:
    """Return the newest orders that match what somebody typed.

    That is an order number, a channel's own number, SKUs, a barcode, or a customer's name, e-mail
    address, telephone or account number. What very many orders match is looked for among so many
    orders a page.

    Args:
        tx: open transaction.
        words: what was typed.
        after: business time and id of the last one seen.
        limit: most to return.
    """
    words = words.strip()
    try:
        number = parse_order_number(words)
    except BadOrderNumber:
        number = ""
    who = await customers.list_customers(
        tx, after=None, limit=CUSTOMERS_MATCHED_MAX, query=words, owner=tx.actor.customer_id
    )
    scanned = (await catalog.scan(tx, [words])).get(words)
    channel_ids = [channel.id for channel in (await organization.book(tx)).channels.values()]
    found, looked_to = await lists.search(
        tx,
        scanned.sku if scanned else words,
        number,
        channel_ids,
        [one.id for one in who],
        after,
        limit + 1,
    )
    if len(found) > limit:
        return SearchPage([order_id for _, order_id in found[:limit]], found[limit - 1])
    return SearchPage([order_id for _, order_id in found], looked_to, looked_to is not None)


async def list_summaries(tx: Tx, order_ids: Sequence[UUID]) -> list[OrderSummary]:
    """Return what a list shows of some orders, newest first."""
    summaries = []
    for row in await views.list_summaries(tx, order_ids):
        shown = dict(row)
        stages = Counter(msgspec.json.decode(shown.pop("stages"), type=dict[Stage, int]))
        status = status_of(stages, set(shown.pop("stops")), shown["returned"])
        summaries.append(OrderSummary(status=status, **shown))
    return summaries


async def timeline(tx: Tx, named: str, *, after_no: int, limit: int) -> list[log.Entry]:
    """Return what has happened to an order, oldest first, each with who did it.

    Raises:
        NoSuchOrder: there is none, or the caller may not see it.
    """
    state = await find_order(tx, named)
    return await log.history(tx, f"order:{state.order.id}", after_no=after_no, limit=limit)
