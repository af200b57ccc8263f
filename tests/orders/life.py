"""The life of orders as a handful of deeds, for a machine that does them in any order.

Every life has articles and stock of its own, so many of them share one retailer.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from crosslane import (
    carriers,
    catalog,
    finance,
    fulfillment,
    orders,
    payments,
)
from crosslane.carriers import RECORD_TRACKING
from crosslane.carriers.service.tracking import RecordTracking
from crosslane.catalog.domain import ComponentRow, ProductRow
from crosslane.catalog.service import ImportProducts
from crosslane.fulfillment.service import handing, packing, transfers, working
from crosslane.fulfillment.service.following import WorkView, list_queue
from crosslane.inventory.service import corrections
from crosslane.kernel import Refusal, new_id
from crosslane.orders import (
    ADD_LINES,
    CANCEL,
    CHANGE_ADDRESS,
    CHANGE_PRICE,
    PLACE,
    RAISE_STOP,
    RESOLVE_STOP,
    AddLines,
    BuyerWish,
    CancelLine,
    CancelUnits,
    ChangeAddress,
    ChangePrice,
    LineWish,
    OrderView,
    PlaceOrder,
    RaiseStop,
    ResolveStop,
    StopWish,
    TenderWish,
    list_states,
    order_view,
    status,
    worth,
)
from crosslane.orders.service.reading import list_orders
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import CommandKind, Lanes
from crosslane.pricing.domain.lists import Price
from crosslane.pricing.storage.prices import upsert_prices
from crosslane.verify import verify
from tests.orders.world import HOME, LONG_AGO, give_credit, stock_up
from tests.reacting import react

PLACES = ("DC1", "DC2", "S0001")
STORE = "S0001"
ARTICLES = 3
CREDIT_MINOR = 200_000
# Rounds of work after which an order that still is not closed never will be by itself.
ROUNDS_MAX = 3
SETTLING_MAX = 30
PLENTY = 60
TENDERS = {
    "cash": [TenderWish(method="cash")],
    "terminal": [TenderWish(method="card")],
    "card": [TenderWish(method="card", provider="house", token="tok_visa")],
    "declined": [TenderWish(method="card", provider="house", token="tok_decline_stolen")],
    "account": [TenderWish(method="on_account")],
    "card and cash": [
        TenderWish(method="cash", minor=300),
        TenderWish(method="card", provider="house", token="tok_visa"),
    ],
}
REACTIONS = [*orders.REACTIONS, *fulfillment.REACTIONS, *finance.REACTIONS]


class Life:
    """Some orders from placing to the end.

    Attributes:
        placed: ids of the orders, in the order of placing.
        repriced: those of which a line got another price.
        done: how often each deed was done and how often it was refused.
    """

    reactions: ClassVar = REACTIONS
    tax_classes: ClassVar = ["standard"] * ARTICLES
    # Sales told of with an earlier day stand in lists among those of other lives.
    backdates: ClassVar = False

    def __init__(self, database: Database, lanes: Lanes, tenant: str, done: Counter[str]) -> None:
        self.database, self.lanes, self.tenant = database, lanes, tenant
        self.placed: list[UUID] = []
        self.repriced: set[UUID] = set()
        self.done = done
        self.account = f"A{new_id()}"
        self.skus: list[str] = []
        self._runner = Runner(database, [*carriers.EFFECTS, *payments.EFFECTS])
        self._tracked = 0

    async def begin(self) -> None:
        """Bring articles of its own, a little stock, and a customer with credit."""
        name = str(new_id())[-12:]
        self.skus = [f"{name}-{number}" for number in range(ARTICLES)] + [f"{name}-SET"]
        first, second, *_ = self.skus
        parts = (ComponentRow(first, 2, 3), ComponentRow(second, 1, 1))
        rows = (
            *(
                ProductRow(sku, "home", title=sku, weight_grams=400, tax_class=tax_class)
                for sku, tax_class in zip(self.skus, self.tax_classes, strict=False)
            ),
            ProductRow(self.skus[-1], "home", title="A set", components=parts),
        )
        async with self.database.transaction(self.tenant) as tx:
            await catalog.import_products(tx, ImportProducts(rows))
            variants = await catalog.variants_by_sku(tx, self.skus)
            listed = await tx.fetchval("select id from pricing_price_list where code = 'retail'")
            prices = [
                Price(
                    price_list_id=listed,
                    variant_id=variants[sku].id,
                    unit_price_milli=milli,
                    quantity_min=1,
                    valid_from=LONG_AGO,
                )
                for sku, milli in zip(self.skus, (600_000, 99_500, 333_333, 1_250_000), strict=True)
            ]
            await upsert_prices(tx, listed, prices)
            await give_credit(tx, self.account, CREDIT_MINOR)
            stock = [(0, "DC1", 5), (0, STORE, 2), (1, "DC2", 6), (1, STORE, 3), (2, "DC1", 2)]
            await stock_up(tx, {(self.skus[n], place): units for n, place, units in stock})

    async def do(self, kind: CommandKind, body: Any) -> Any:
        """Run a command; a refusal is an answer too."""
        try:
            answer = await self.lanes.run(self.tenant, kind, str(new_id()), body)
        except Refusal as refusal:
            self.done[f"{kind.name} refused: {type(refusal).__name__}"] += 1
            return refusal
        self.done[kind.name] += 1
        return answer

    async def look(self, number: int) -> OrderView:
        """Return an order; numbers go round."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return await order_view(tx, str(self.placed[number % len(self.placed)]))

    async def works(self, *states: str) -> list[WorkView]:
        """Return the work of this life's orders in some states, in an order that repeats."""
        found: list[WorkView] = []
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            for order_id in self.placed:
                found += await list_queue(
                    tx, location_id=None, state=None, order_id=order_id, store_id=None,
                    after=None, limit=100,
                )  # fmt: skip
        mine = [work for work in found if not states or work.state in states]
        places = {order_id: number for number, order_id in enumerate(self.placed)}
        return sorted(
            mine, key=lambda w: (places[w.order_id], w.location_id, w.method, w.offered_at)
        )

    async def place(
        self, lines: list[tuple[int, int, str]], tender: str, *, stopped: bool, channel: str
    ) -> None:
        """Place an order; lines are article, units and method."""
        asked = PlaceOrder(
            channel=channel,
            buyer=BuyerWish(account_number=self.account, name="Corner Shop"),
            ship_to=HOME,
            lines=[self._wish(*line) for line in lines],
            tenders=TENDERS[tender],
            stops=[StopWish("manual", "to be looked at")] if stopped else [],
        )
        await self.take_in(asked)

    async def take_in(self, asked: PlaceOrder) -> None:
        """Place an order and remember it."""
        answer = await self.do(PLACE, asked)
        if not isinstance(answer, Refusal):
            self.placed.append(answer.id)

    def _wish(self, article: int, quantity: int, method: str) -> LineWish:
        store = "" if method == "ship" else STORE
        return LineWish(sku=self.skus[article], quantity=quantity, method=method, store=store)

    async def react(self) -> int:
        """One round of every reaction and effect; returns how much there was to do."""
        done = await react(self.database, self.tenant, self.reactions)
        done += await self._runner.start_due(self.tenant)
        await self._runner.drain()
        return done

    async def settle(self) -> None:
        """React until nothing is left to do."""
        for _ in range(SETTLING_MAX):
            if not await self.react():
                return
        raise AssertionError("work never ends")

    async def cancel(self, number: int, line: int | None, quantity: int) -> None:
        """Cancel units of a line, or the whole order."""
        shown = await self.look(number)
        lines = []
        if line is not None:
            lines = [CancelLine(shown.lines[line % len(shown.lines)].id, quantity)]
        await self.do(CANCEL, CancelUnits(order_id=shown.id, lines=lines, reason="changed mind"))

    async def amend(self, number: int, line: tuple[int, int, str]) -> None:
        """Add a line, paid in cash."""
        order_id = self.placed[number % len(self.placed)]
        added = AddLines(
            order_id=order_id, lines=[self._wish(*line)], tenders=TENDERS["cash"], reason="more"
        )
        if isinstance(await self.do(ADD_LINES, added), Refusal):
            unpaid = AddLines(order_id=order_id, lines=added.lines, reason="more")
            await self.do(ADD_LINES, unpaid)

    async def reprice(self, number: int, line: int, milli: int) -> None:
        """Give a line another price."""
        shown = await self.look(number)
        line_id = shown.lines[line % len(shown.lines)].id
        self.repriced.add(shown.id)
        await self.do(
            CHANGE_PRICE,
            ChangePrice(
                order_id=shown.id, line_id=line_id, unit_price_milli=milli, reason="agreed"
            ),
        )

    async def readdress(self, number: int) -> None:
        """Send it elsewhere."""
        order_id = self.placed[number % len(self.placed)]
        await self.do(
            CHANGE_ADDRESS, ChangeAddress(order_id=order_id, ship_to=HOME, reason="moved")
        )

    async def stop(self, number: int) -> None:
        """Hold an order back."""
        order_id = self.placed[number % len(self.placed)]
        await self.do(RAISE_STOP, RaiseStop(order_id, "fraud", "looks odd"))

    async def resolve(self, number: int) -> None:
        """Lift every stop of an order that a person may lift."""
        shown = await self.look(number)
        for stop in shown.stops:
            if stop.resolved_at is None and stop.kind != "payment":
                await self.do(RESOLVE_STOP, ResolveStop(shown.id, stop.id, "looked at"))

    async def accept(self, number: int) -> None:
        """A location takes work on."""
        if works := await self.works("offered"):
            chosen = works[number % len(works)]
            await self.do(working.ACCEPT, working.Accept([chosen.id]))

    async def reject(self, number: int) -> None:
        """A location turns work down."""
        if works := await self.works("offered", "accepted"):
            chosen = works[number % len(works)]
            await self.do(working.REJECT, working.Reject(chosen.id, "too busy"))

    async def pick(self, number: int, missing: int) -> None:
        """A location picks what is left of some work; some units of each line are not there."""
        if works := await self.works("accepted"):
            chosen = works[number % len(works)]
            lines = [
                working.PickedLine(line.line_id, line.to_pick - short, short)
                for line in chosen.lines
                if line.to_pick
                for short in [min(missing, line.to_pick)]
            ]
            await self.do(working.PICK, working.PickUnits([working.Pick(chosen.id, lines)]))

    async def pack(self, number: int, *, one_by_one: bool) -> None:
        """A location packs what is picked, in one parcel or in one for each line."""
        works = [w for w in await self.works() if w.method != "pickup" and _picked(w)]
        if not works:
            return
        chosen = works[number % len(works)]
        parcels = (packing.PackParcel(),)
        if one_by_one:
            parcels = tuple(
                packing.PackParcel([packing.PackedUnits(line.line_id, line.picked)])
                for line in chosen.lines
                if line.picked
            )
        await self.do(packing.PACK, packing.PackUnits([packing.Pack(chosen.id, parcels)]))

    async def collect(self, number: int) -> None:
        """A customer comes for what is ready."""
        if works := await self.works("ready"):
            chosen = works[number % len(works)]
            async with self.database.transaction(self.tenant, read_only=True) as tx:
                code = await tx.fetchval(
                    "select pickup_code from fulfillment_order where id = $1", chosen.id
                )
            await self.do(handing.COLLECT, handing.Collect(chosen.id, code))

    async def arrive(self, number: int) -> None:
        """Parcels for a store have come."""
        if works := await self.works("in_transit"):
            chosen = works[number % len(works)]
            await self.do(transfers.ARRIVE, transfers.Arrive(chosen.id))

    async def deliver(self) -> None:
        """The carrier has delivered everything that is on its way."""
        parcels = [p for w in await self.works("shipped", "packed") for p in w.parcels]
        told = [
            {
                "id": f"{parcel.id}",
                "tracking_number": parcel.tracking_number,
                "status": "delivered",
                "occurred_at": datetime.now(UTC).isoformat(),
            }
            for parcel in parcels
            if parcel.state == "shipped"
        ]
        if told:
            import msgspec

            message = msgspec.json.encode({"events": told})
            await self.do(RECORD_TRACKING, RecordTracking("house", message))

    async def supply(self, article: int | None, place: str, quantity: int) -> None:
        """Goods come in, of one article or of all."""
        chosen = self.skus[:ARTICLES] if article is None else [self.skus[article]]
        lines = tuple(
            corrections.ReceiveLine(
                sku=sku, location=place, quantity=quantity, unit_cost_milli=200_000
            )
            for sku in chosen
        )
        await self.do(corrections.RECEIVE, corrections.ReceiveStock(lines=lines))

    async def count(self, article: int, place: str, quantity: int) -> None:
        """Somebody counts what lies there."""
        line = corrections.CountLine(sku=self.skus[article], location=place, quantity=quantity)
        await self.do(corrections.COUNT, corrections.CountStock(lines=(line,)))

    async def let_time_pass(self) -> None:
        """Payments expire, and what was not collected is given up."""
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(
                "update orders_stop set expires_at = clock_timestamp() - interval '1 second'"
                " where resolved_at is null and expires_at is not null"
            )
            await tx.execute(
                "update fulfillment_order set collect_by = clock_timestamp() - interval '1 second'"
                " where collect_by is not null"
            )
        for schedule in (*orders.SCHEDULES, *fulfillment.SCHEDULES):
            async with self.database.transaction(self.tenant) as tx:
                await schedule.run(tx)

    async def check_units(self) -> None:
        """No unit of an order is lost or made, and a list says of an order what it says itself."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            broken = await tx.fetch(CONSERVED, self.placed)
            listed = await list_orders(tx, limit=len(self.placed))
            known = await list_states(tx, self.placed)
        assert [dict(row) for row in broken] == []
        told = {
            one.id: (one.status, one.gross_minor, one.lines, one.units, one.returned)
            for one in listed
            if one.id in known
        }
        assert told == {
            id: (
                status(one),
                worth(one).gross_minor,
                len(one.stock_lines),
                sum(line.quantity for line in one.stock_lines),
                sum(back.quantity for back in one.returned),
            )
            for id, one in known.items()
            if id in told
        }
        assert self.backdates or told.keys() == known.keys()

    async def end(self) -> None:
        """Bring every order to its end and look whether anything is left over."""
        for _ in range(ROUNDS_MAX):
            await self._work_all()
            if await self._closed():
                break
        # What every location has failed waits for nothing any more: a person gives it up.
        for number in range(len(self.placed)):
            if not (await self.look(number)).closed_at:
                self.done["given up"] += 1
                await self.cancel(number, None, 0)
        await self._work_all()
        await self.deliver()
        await self.settle()
        for number in range(len(self.placed)):
            shown = await self.look(number)
            assert shown.closed_at, f"{shown.status}: {shown.lines} {shown.stops}"
            money = shown.money
            # What a provider has taken back is given back too.
            disputed = sum(tender.charged_back_minor for tender in money.tenders)
            kept = money.captured_minor - money.refunded_minor - disputed
            owed = money.earned_minor - kept
            # A price that was raised beyond what is authorised stays owed, and so does what is
            # disputed.
            may_owe = shown.id in self.repriced or owed <= disputed
            assert owed == 0 or (owed > 0 and may_owe), money
            unused = [t.authorized_minor - t.captured_minor - t.voided_minor for t in money.tenders]
            assert owed == 0 or sum(unused) == 0, money
        async with self.database.transaction(self.tenant) as tx:
            assert [dict(row) for row in await tx.fetch(LEFT_OVER)] == []
            assert await verify(tx) == []

    async def _closed(self) -> bool:
        shown = [await self.look(number) for number in range(len(self.placed))]
        return all(order.closed_at for order in shown)

    async def _work_all(self) -> None:
        await self.settle()
        for number in range(len(self.placed)):
            await self.resolve(number)
        await self.supply(None, "DC1", PLENTY)
        await self.supply(None, STORE, PLENTY)
        await self.settle()
        for number, _ in enumerate(await self.works("offered")):
            await self.accept(number)
        for _ in await self.works("accepted"):
            await self.pick(0, 0)
        for work in await self.works():
            if work.method != "pickup" and _picked(work):
                await self.do(packing.PACK, packing.PackUnits([packing.Pack(work.id)]))
        await self.settle()
        for _ in await self.works("in_transit"):
            await self.arrive(0)
        await self.settle()
        for _ in await self.works("ready"):
            await self.collect(0)
        await self.settle()


def _picked(work: WorkView) -> bool:
    return any(line.picked for line in work.lines)


# The units of every line are somewhere, and what a line has at a location is allocated there.
CONSERVED = """
select l.id, l.quantity, coalesce(sum(b.quantity), 0) as in_buckets
from orders_line l left join orders_bucket b on b.line_id = l.id
where l.order_id = any($1::uuid[]) and not l.is_bundle
group by l.id having coalesce(sum(b.quantity), 0) <> l.quantity
"""
# When all is done nothing is allocated or held, no work is open, no call is given up.
LEFT_OVER = """
select 'position' as what, id::text, allocated::text as how from inventory_position
where allocated <> 0
union all
select 'work', id::text, state from fulfillment_order
where state not in ('shipped', 'collected', 'unclaimed', 'rejected', 'cancelled', 'arrived')
union all
select 'payment', id::text, format('%s captured, %s voided of %s', captured_minor, voided_minor,
       authorized_minor)
from payments_payment
where authorized_minor <> captured_minor + voided_minor or capturing_minor + refunding_minor
      + voiding_minor <> 0
union all
select 'effect', id::text, kind || ': ' || reason from platform_effect where state = 'dead'
union all
select 'event', log_id::text, reaction || ': ' || reason from platform_backlog
"""
