"""The life of orders in a house with desks for returns, gift cards, disputes and two currencies."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from crosslane import ledger, orders, organization, pricing, returns
from crosslane.kernel import new_id
from crosslane.ledger import SetRate
from crosslane.orders import LineWish, PlaceOrder, TenderWish
from crosslane.organization import PutChannel
from crosslane.payments.domain import code_of
from crosslane.payments.provider import Dispute
from crosslane.payments.service.disputes import Disputed, take_disputes
from crosslane.payments.service.loading import IssueGiftCard, issue_gift_card
from crosslane.payments.service.stored import hash_code
from crosslane.platform.database import Database, Tx
from crosslane.platform.seals import use_secret
from crosslane.returns import CLEAR, TAKE_BACK, Clear, DeskLine, TakeBack
from crosslane.returns.service.wishes import RefundWish
from tests.orders.after import WholeLife
from tests.orders.life import REACTIONS, STORE
from tests.orders.world import LONG_AGO, set_policy

use_secret(b"a secret of the tests alone")
BEFORE_THE_RATE_ROSE = datetime(2010, 12, 10, 12, tzinfo=UTC)
ABROAD = "S0009"
GIFT_MINOR = 1_500
REFUNDS = ("", "original", "cash", "stored_value")


async def open_house(database: Database, tenant: str) -> None:
    """Let the retailer sell in euro too, at a promotion on the web, goods of two tax classes."""
    async with database.transaction(tenant) as tx:
        euro = PutChannel("berlin", "Berlin", "store", "marlow", "de", "mf")
        await organization.put_channel(tx, euro)
        await set_policy(tx, "orders.intake", {"backdating": True}, "berlin")
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "berlin")
        told = (("GB", "zero", 0), ("DE", "standard", 1900), ("DE", "zero", 700))
        rates = [
            pricing.TaxRateRow(country=country, tax_class=name, rate_bp=bp, valid_from=LONG_AGO)
            for country, name, bp in told
        ]
        await pricing.put_tax_rates(tx, pricing.PutTaxRates(tuple(rates)))
        tenth = pricing.PutPromotion(
            code="tenth", title="A tenth off", percent_bp=1_000, channels=frozenset({"web"})
        )
        await pricing.put_promotion(tx, tenth)
        for one, other, rate in (("EUR", "GBP", "0.8512"), ("GBP", "EUR", "1.1748")):
            await ledger.set_rate(tx, SetRate(one, other, date(2009, 1, 1), rate))


class HouseLife(WholeLife):
    """A life in which goods come back over desks, and money in every way.

    Attributes:
        disputes: opened ones that are not decided, by their name.
    """

    reactions: ClassVar = [*REACTIONS, *returns.REACTIONS]
    tax_classes: ClassVar = ["standard", "zero", "standard"]
    backdates: ClassVar = True

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.disputes: dict[str, tuple[str, int]] = {}
        self.gift: UUID | None = None

    async def begin(self) -> None:
        """Buy a gift card besides."""
        await super().begin()
        async with self.database.transaction(self.tenant) as tx:
            wish = IssueGiftCard(
                channel="web",
                minor=GIFT_MINOR,
                code=hash_code(code_of(new_id().bytes)),
                paid_by="cash",
                reference=str(new_id()),
                location_id=None,
                customer_id=None,
            )
            self.gift = (await issue_gift_card(tx, wish)).id

    async def sell(self, article: int, quantity: int, where: str, gift: int) -> None:
        """Sell over a counter: before the rate rose, in euro, or partly for the gift card."""
        line = LineWish(sku=self.skus[article], quantity=quantity, method="carry_out", store=STORE)
        tenders = [TenderWish(method="cash")]
        if where == "berlin":
            line = msgspec.structs.replace(line, store=ABROAD, unit_price_milli=777_770)
        elif gift:
            tenders.insert(0, TenderWish(method="stored_value", account=self.gift, minor=gift))
        await self.take_in(
            PlaceOrder(
                channel="berlin" if where == "berlin" else "till",
                placed_at=None if where == "today" else BEFORE_THE_RATE_ROSE,
                lines=[line],
                tenders=tenders,
            )
        )

    async def bring(
        self, number: int, line: int, quantity: int, refund: str, fate: str, *, abroad: bool
    ) -> None:
        """Bring units of an order to a desk."""
        shown = await self.look(number)
        had = self._had(shown, line)
        (sku,) = [one.sku for one in shown.lines if one.id == had]
        await self.do(
            TAKE_BACK,
            TakeBack(
                channel=shown.channel,
                location=ABROAD if abroad else STORE,
                order=shown.number,
                lines=[DeskLine(order_line=had, sku=sku, quantity=quantity, disposition=fate)],
                refunds=[self._refund(refund)] if refund else [],
                # The time for what was sold years ago is over, but for regulars.
                blind_override_reason="a regular" if quantity < 3 else "",
            ),
        )

    async def bring_unknown(self, article: int, quantity: int, milli: int, refund: str) -> None:
        """Bring units with a receipt that nobody here knows."""
        line = DeskLine(
            sku=self.skus[article], quantity=quantity, unit_price_milli=milli, tax_rate_bp=2_000
        )
        await self.do(
            TAKE_BACK,
            TakeBack(
                channel="till",
                location=STORE,
                proof=str(new_id()),
                lines=[line],
                refunds=[self._refund(refund)] if refund else [],
                blind_override_reason="a regular",
            ),
        )

    def _refund(self, method: str) -> RefundWish:
        return RefundWish(method=method, account=self.gift if method == "stored_value" else None)

    async def dispute(self, number: int, minor: int, state: str) -> None:
        """A card holder disputes what was captured, or such a dispute is decided."""
        if state != "opened" and self.disputes:
            name, (reference, minor) = sorted(self.disputes.items())[number % len(self.disputes)]
            del self.disputes[name]
        else:
            async with self.database.transaction(self.tenant, read_only=True) as tx:
                reference = await tx.fetchval(CHARGED_CARD, self.placed)
            if reference is None:
                return
            name = str(new_id())
            self.disputes[name] = (reference, minor)
            state = "opened"
        async with self.database.transaction(self.tenant) as tx:
            told = Dispute(id=name, reference=reference, minor=minor, currency="GBP", state=state)
            (became,) = (
                await take_disputes(tx, [Disputed(("house", str(new_id())), tx, told)])
            ).values()
        assert became == "applied"
        self.done[f"dispute {state}"] += 1

    async def clear(self) -> None:
        """A person looks at what is held, and lets it go on."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            held = await tx.fetch("select id from returns_return where held")
        for row in held:
            await self.do(CLEAR, Clear(return_id=row["id"], reason="known for years"))

    async def end(self) -> None:
        """Bring everything to its end: units and money add up over all journals."""
        await self.clear()
        await super().end()
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            differ = [dict(row) for row in await tx.fetch(UNITS_DIFFER)]
            assert differ == [], differ
            await self._check_clearing(tx)

    async def _check_clearing(self, tx: Tx) -> None:
        """What lies in clearing is what customers still owe for what they have and keep."""
        ids = [row["id"] for row in await tx.fetch("select id from orders_order")]
        paid = {row["order_id"]: row["minor"] for row in await tx.fetch(PAID)}
        owed: Counter[str] = Counter()
        for order_id, state in (await orders.list_states(tx, ids)).items():
            owed[state.order.currency] += orders.earned(state).gross_minor - paid.get(order_id, 0)
        books = Counter({row["currency"]: row["minor"] for row in await tx.fetch(CLEARING)})
        assert (+books, -books) == (+owed, -owed), (books, owed)


CHARGED_CARD = """
select reference from payments_payment
where order_id = any($1::uuid[]) and provider <> '' and captured_minor > 0
order by order_id limit 1
"""
# What left and what came back, by the journals of orders, returns and stock. What is sent to a
# store for somebody leaves, is on its way, comes in there and leaves again.
UNITS_DIFFER = """
with told as (
    select variant_id, reason, sum(units) as units from (
        select l.variant_id, 'ship' as reason, -m.quantity as units
        from orders_movement m join orders_line l on l.id = m.line_id
        where m.to_stage = 'handed_over'
        union all
        select l.variant_id, 'ship', -s.quantity
        from fulfillment_transfer s
        join fulfillment_parcel p on p.id = s.parcel_id and p.state = 'shipped'
        join fulfillment_line l on l.id = s.fulfillment_line_id
        union all
        select l.variant_id, 'return', u.quantity
        from returns_unit u join returns_line l on l.id = u.return_line_id
    ) each_of group by 1, 2
), seen as (
    select p.variant_id, case m.cause_kind when 'return' then 'return' else 'ship' end as reason,
           sum(m.on_hand_delta) as units
    from inventory_movement m join inventory_position p on p.id = m.position_id
    where m.reason = 'ship'
       or (m.reason = 'receive' and m.cause_kind in ('return', 'order', 'transfer'))
    group by 1, 2
)
select variant_id, reason, t.units as told, s.units as seen
from told t full join seen s using (variant_id, reason)
where t.units is distinct from s.units
"""
PAID = """
select order_id, sum(captured_minor - refunded_minor)::bigint as minor
from payments_payment group by 1
"""
CLEARING = """
select currency, sum(minor)::bigint as minor from ledger_posting where account = 'clearing'
group by 1
"""
