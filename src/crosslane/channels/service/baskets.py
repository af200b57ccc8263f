"""Baskets of tills with goods that came back or gift cards: booked together or not at all.

What a till has done is a fact. Goods of a sale nobody has told of yet wait for it, since it may be
in another till's batch; after PARKED_DAYS_MAX they are booked without it, on the receipt as proof.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from crosslane import locations, orders, organization, payments, returns
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.baskets import (
    Means,
    Origin,
    Settlement,
    pay_cards,
    returned_lines,
    settle_net,
    sold_lines,
)
from crosslane.channels.domain.messages import Sale, SaleLine, TakenTender
from crosslane.channels.errors import AmountsDiffer, MeansUnclear
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage.messages import Outcome, source_key
from crosslane.kernel import Refusal
from crosslane.orders import AttributionWish, LineWish, PreparedOrder, TenderWish
from crosslane.platform.database import Tx
from crosslane.returns import DeskCharge, DeskLine, RefundWish, TakeBack, TakenBack

PARKED_DAYS_MAX = 14
SALE_MISSING = "sale-missing"
CHANGED = Fault("sale-changed", "The sale is booked already and was different then")
DIFFERENCE_TITLE = "Difference at the till"


class Group(msgspec.Struct, kw_only=True):
    """Goods of a basket that came back on one order, or on none.

    Args:
        order_id: the order, None when it is blind.
        proof: what proves the purchase when it is blind.
    """

    order_id: UUID | None
    proof: str
    lines: list[SaleLine]

    @property
    def minor(self) -> int:
        """What the till gave for them, in minor units."""
        return -sum(line.minor for line in self.lines)


async def carry_out(tx: Tx, one: Todo, sale: Sale) -> Outcome:
    """Book a basket: what was sold is an order, what came back is taken back, as facts."""
    found = await _orders_of(tx, one, sale)
    missing = [o for o in returned_lines(sale) if o.is_known and o not in found]
    if missing and tx.now - one.pending.received_at < timedelta(days=PARKED_DAYS_MAX):
        named = missing[0].receipt or missing[0].order
        fault = Fault(SALE_MISSING, f"The sale {named} has not come yet", "/lines")
        return outcome_of(one, "parked", fault, waits_for=waits_for(one, missing[0]))
    try:
        async with tx.savepoint():
            order_id, return_id = await _book(tx, one, sale, _groups(sale, found))
    except orders.SourceIdTaken:
        return outcome_of(one, "quarantined", CHANGED)
    except Refusal as refusal:
        return refused(one, refusal)
    return outcome_of(one, "applied", order_id=order_id, return_id=return_id)


def waits_for(one: Todo, origin: Origin) -> str:
    """Return what a basket waits for whose earlier sale is not known."""
    if origin.receipt:
        return source_key(one.pending.channel, origin.receipt)
    return f"order:{origin.order.strip().upper()}"


async def _orders_of(tx: Tx, one: Todo, sale: Sale) -> dict[Origin, UUID]:
    """Return the orders of earlier sales that are known."""
    origins = [origin for origin in returned_lines(sale) if origin.is_known]
    receipts = [origin.receipt for origin in origins if origin.receipt]
    channel_id = (await organization.book(tx)).channel(one.pending.channel).id
    by_source = await orders.find_by_source(tx, [channel_id] * len(receipts), receipts)
    named = [origin.order for origin in origins if origin.order]
    by_name = await orders.find_ids(tx, named) if named else {}
    heads = await orders.list_heads(tx, list(by_name.values())) if by_name else {}
    found: dict[Origin, UUID] = {}
    for origin in origins:
        if origin.receipt and (channel_id, origin.receipt) in by_source:
            found[origin] = by_source[channel_id, origin.receipt][0]
        elif by_name.get(origin.order) in heads:
            found[origin] = by_name[origin.order]
    return found


def _groups(sale: Sale, found: dict[Origin, UUID]) -> list[Group]:
    groups: dict[UUID | str, Group] = {}
    for origin, lines in returned_lines(sale).items():
        order_id = found.get(origin)
        proof = origin.proof or ("" if order_id else origin.receipt or origin.order)
        group = groups.setdefault(
            order_id or proof, Group(order_id=order_id, proof=proof, lines=[])
        )
        group.lines += lines
    return list(groups.values())


async def _book(
    tx: Tx, one: Todo, sale: Sale, groups: Sequence[Group]
) -> tuple[UUID | None, UUID | None]:
    sold = sold_lines(sale)
    shared = pay_cards(sale.issued, sale.tenders)
    if shared is None:
        raise MeansUnclear(pointer="/tenders")
    for_cards, others = shared
    paid = settle_net(sum(line.minor for line in sold), [group.minor for group in groups], others)
    if paid is None:
        raise MeansUnclear(pointer="/tenders")
    await _issue(tx, one, sale, for_cards)
    taken = [
        await _give_back(tx, one, sale, group, means, place)
        for place, (group, means) in enumerate(zip(groups, paid.backs, strict=True), 1)
    ]
    order_id = None
    if sold:
        (answer,) = await orders.PLACE.handle(tx, [one.command(order_of(one, sale, sold, paid))])
        if isinstance(answer, Refusal):
            raise answer
        order_id = answer.id
    return order_id, taken[0].return_id if taken else None


async def _issue(tx: Tx, one: Todo, sale: Sale, paid: Sequence[Sequence[TakenTender]]) -> None:
    """Put what gift cards were sold for on them, as a fact."""
    store = (await locations.network(tx)).by_code.get(sale.store)
    for card, parts in zip(sale.issued, paid, strict=True):
        sold = payments.SoldGiftCard(
            channel=one.pending.channel,
            paid=[(part.method, part.minor) for part in parts],
            code_end=card.code_end,
            reference=sale.source_id,
            location_id=store.id if store else None,
            at=sale.event_at,
        )
        await payments.record_gift_card(tx, sold)


def order_of(
    one: Todo, sale: Sale, sold: Sequence[SaleLine], paid: Settlement | None = None
) -> PreparedOrder:
    """Return the order that the goods sold in a basket are; all of its money paid for them."""
    if paid is None:
        tenders = [(Means(t.method, t.account), t.minor) for t in sale.tenders]
    else:
        tenders = list(paid.sale.items())
    return PreparedOrder(
        channel=one.pending.channel,
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
            for line in sold
        ],
        tenders=[
            TenderWish(method=means.method, minor=minor, account=means.account)
            for means, minor in tenders
        ],
        happened=True,
    )


def _credit(staff: str) -> list[AttributionWish]:
    return [AttributionWish(role="sold", staff=staff)] if staff else []


class _Differs(Exception):
    """What a return is worth by the order differs from what the till gave."""

    def __init__(self, minor: int) -> None:
        super().__init__(minor)
        self.minor = minor


async def _give_back(
    tx: Tx, one: Todo, sale: Sale, group: Group, means: Means, place: int
) -> TakenBack:
    """Take goods back for what the till gave; what it gave beyond their worth is told apart."""
    try:
        async with tx.savepoint():
            taken = await _take_back(tx, one, _wish(one, sale, group, means, place, 0))
            if taken.refund_minor != group.minor:
                raise _Differs(group.minor - taken.refund_minor)
            return taken
    except _Differs as differs:
        wish = _wish(one, sale, group, means, place, differs.minor)
    taken = await _take_back(tx, one, wish)
    if taken.refund_minor != group.minor:
        raise AmountsDiffer(
            pointer="/lines", given_minor=group.minor, worth_minor=taken.refund_minor
        )
    return taken


async def _take_back(tx: Tx, one: Todo, wish: TakeBack) -> TakenBack:
    (answer,) = await returns.TAKE_BACK.handle(tx, [one.command(wish)])
    if isinstance(answer, Refusal):
        raise answer
    return answer


def _wish(
    one: Todo, sale: Sale, group: Group, means: Means, place: int, difference_minor: int
) -> TakeBack:
    """Return the goods of a group as they are told to returns.

    Args:
        one: the message.
        sale: what it says.
        group: the goods.
        means: what their money was given as.
        place: number of the group in its basket, from 1.
        difference_minor: what the till gave above the goods' worth, negative below.
    """
    charges: list[DeskCharge] = []
    if difference_minor:
        kind = "appeasement" if difference_minor > 0 else "fee"
        charges = [DeskCharge(kind=kind, title=DIFFERENCE_TITLE, gross_minor=-difference_minor)]
    return TakeBack(
        channel=one.pending.channel,
        location=sale.store,
        source_id=f"{one.pending.channel}:{sale.source_id}#{place}",
        occurred_at=sale.event_at,
        happened=True,
        order=str(group.order_id) if group.order_id else None,
        proof=group.proof or None,
        lines=[
            DeskLine(
                sku=line.sku,
                quantity=-line.quantity,
                reason=line.reason,
                item_state=line.item_state,
                disposition=line.disposition,
                unit_price_milli=line.unit_price_milli,
            )
            for line in group.lines
        ],
        charges=charges,
        refunds=[RefundWish(method=means.method, account=means.account)],
        staff=sale.staff,
    )
