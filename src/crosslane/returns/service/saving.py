"""Sales that a store has saved: what somebody who brings goods back takes along instead.

Goods taken in exchange are, and so is what the same customer, or the same receipt, carries out of
the store within the visit. The store has the credit for them, whoever sells: an attribution of the
role saved_sale, once for each line, whichever of return and purchase is told of first.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from crosslane import locations, orders, organization
from crosslane.kernel import parse_instant
from crosslane.orders import Attribution, CarriedOut, LinesHandedOver
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged
from crosslane.returns.domain import Return
from crosslane.returns.domain.fairness import COUNTER_TYPES, HANDLING, VISIT_MINUTES_MAX
from crosslane.returns.events import ReturnSettled
from crosslane.returns.storage import visits, writing
from crosslane.returns.storage.visits import Bought

BESIDE = "+blind"
WHOLE_BP = 10_000


class _Rules:
    """What decides how long a visit is, and which channels sell over counters."""

    def __init__(
        self, book: OrganizationBook, policies: PolicyBook, network: locations.Network
    ) -> None:
        self.book, self.policies, self.network = book, policies, network
        self.counters = [one.id for one in book.channels.values() if one.type in COUNTER_TYPES]

    @classmethod
    async def load(cls, tx: Tx) -> "_Rules":
        """Read them from memory."""
        return cls(
            await organization.book(tx),
            await organization.policies(tx),
            await locations.network(tx),
        )

    def visit(self, store_id: UUID, channel_id: UUID, at) -> timedelta:
        """Return how far apart a return and a purchase at a store may be."""
        channel = self.book.channel_by_id(channel_id)
        value, _ = self.policies.resolve(
            HANDLING,
            at,
            location=self.network.by_id[store_id].code,
            channel=channel.code,
            brand=channel.brand,
        )
        return timedelta(minutes=value.visit_minutes)

    def saved(self, line_id: UUID, store_id: UUID, return_id: UUID) -> Attribution:
        """Return the credit of a store for a line."""
        return Attribution(
            line_id=line_id,
            role="saved_sale",
            beneficiary_kind="location",
            beneficiary_id=self.network.by_id[store_id].code,
            share_bp=WHOLE_BP,
            source=f"return:{return_id}",
        )


async def save_by_returns(tx: Tx, logged: Sequence[Logged[ReturnSettled]]) -> None:
    """Credit stores with what was taken in exchange, or bought around a return."""
    events = [entry.event for entry in logged if entry.event.received_at is not None]
    if not events:
        return
    rules = await _Rules.load(tx)
    whole = await writing.list_returns(tx, [event.return_id for event in events])
    asked: list[tuple[ReturnSettled, CarriedOut]] = []
    saved: list[Attribution] = []
    for event in events:
        one = whole.get(event.return_id)
        asked += [(event, each) for each in _purchases(rules, event, one)]
        if one is not None and event.received_at is not None:
            saved += [
                rules.saved(line_id, event.received_at, event.return_id) for line_id in one.exchange
            ]
    found = await orders.list_carried_out(tx, [each for _, each in asked])
    for (event, each), line_ids in zip(asked, found, strict=True):
        saved += [rules.saved(line_id, each.store_id, event.return_id) for line_id in line_ids]
    await orders.attribute(tx, saved)


async def save_by_sales(tx: Tx, logged: Sequence[Logged[LinesHandedOver]]) -> None:
    """Credit stores with what was bought after a return that is known already."""
    if not logged:
        return
    rules = await _Rules.load(tx)
    heads = await orders.list_heads(tx, [entry.event.order_id for entry in logged])
    sold: list[tuple[UUID, Bought]] = []
    for entry in logged:
        head = heads[entry.event.order_id]
        if head.channel_id not in rules.counters:
            continue
        at = parse_instant(entry.event.occurred_at)
        sold += [
            (
                unit.line_id,
                Bought(
                    store_id=unit.location_id,
                    customer_id=head.customer_id,
                    at=at,
                    source_id=head.source_id,
                ),
            )
            for unit in entry.event.units
        ]
    if not sold:
        return
    saved: list[Attribution] = []
    for row in await visits.list_visits(tx, [each for _, each in sold], VISIT_MINUTES_MAX):
        line_id, bought = sold[row["place"] - 1]
        apart = abs(row["settled_at"] - bought.at)
        if apart <= rules.visit(row["location_id"], row["channel_id"], row["settled_at"]):
            saved.append(rules.saved(line_id, row["location_id"], row["id"]))
    await orders.attribute(tx, saved)


def _purchases(rules: _Rules, event: ReturnSettled, one: Return | None) -> list[CarriedOut]:
    """Return what to look for: goods of the customer, and of the receipt in any counter channel."""
    if event.received_at is None:
        return []
    visit = rules.visit(event.received_at, event.channel_id, event.occurred_at)
    source_id = one.source_id.removesuffix(BESIDE) if one else ""
    return [
        CarriedOut(
            store_id=event.received_at,
            customer_id=None if place else event.customer_id,
            since=event.occurred_at - visit,
            until=event.occurred_at + visit,
            channel_id=channel_id,
            source_id=source_id,
        )
        for place, channel_id in enumerate(rules.counters)
    ]
