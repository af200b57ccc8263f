"""A retailer with a vendor, and what the vendor says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from crosslane import carriers, catalog, finance, fulfillment, inventory, locations, orders, vendors
from crosslane.fulfillment.service.following import WorkView, list_queue
from crosslane.kernel import new_id
from crosslane.locations import LocationDraft
from crosslane.locations.service.network import add_location
from crosslane.orders import LineWish, OrderView, Placed
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from crosslane.vendors import PutTerms, PutVendor, TermRow
from crosslane.vendors.domain import VendorMessage
from crosslane.vendors.service.reading import PurchaseOrderView, list_orders, order_view
from crosslane.vendors.service.receiving import Receipt, receive
from tests.orders.world import WEEK, place, view, wish
from tests.reacting import settle
from tests.soundness import assert_sound
from tests.vendors.strict import MESSAGE_SECRET, ORDER_SECRET

REACTIONS = [*orders.REACTIONS, *fulfillment.REACTIONS, *finance.REACTIONS]
UNIT_COST_MILLI = 350_500
FIRST_DAY = date(2010, 1, 1)


async def add_vendor(
    database: Database, tenant: str, endpoint: str = "", stock: int = 6, code: str = "V01"
) -> UUID:
    """Open a vendor that has mugs and sells them to us; return its location."""
    async with database.transaction(tenant) as tx:
        draft = LocationDraft(
            code=code,
            kind="vendor",
            entity="mf",
            name="Potteries Ltd",
            country="GB",
            nation="ENG",
            postcode="ST1 4LY",
            timezone="Europe/London",
            abilities=frozenset({"ship"}),
            hours=WEEK,
            cut_off="15:00",
        )
        await add_location(tx, draft)
    async with database.transaction(tenant) as tx:
        location = (await locations.network(tx)).by_code[code]
        settings = PutVendor(location=code, currency="GBP", message_secret=MESSAGE_SECRET)
        if endpoint:
            settings = PutVendor(
                location=code,
                currency="GBP",
                port="http",
                endpoint=endpoint,
                order_secret=ORDER_SECRET,
                message_secret=MESSAGE_SECRET,
            )
        await vendors.put_vendor(tx, settings)
        term = TermRow("MUG", UNIT_COST_MILLI, FIRST_DAY, "P-0815")
        await vendors.put_terms(tx, PutTerms(code, (term,)))
        await report_stock(tx, location.id, stock)
    return location.id


async def report_stock(tx: Tx, location_id: UUID, units: int) -> None:
    """Say how many mugs the vendor has."""
    mug = (await catalog.variants_by_sku(tx, ["MUG"]))["MUG"].id
    at = datetime.now(UTC)
    cause = inventory.Cause("count", new_id(), new_id())
    await inventory.count(
        tx,
        [
            inventory.Count(
                variant_id=mug,
                location_id=location_id,
                quantity=units,
                cause=cause,
                counted_at=at,
                message=str(cause.id),
            )
        ],
    )


async def only_vendor_has_mugs(database: Database, shop: str) -> None:
    """Lose the mugs of the retailer's own places."""
    async with database.transaction(shop) as tx:
        network = await locations.network(tx)
        mug = (await catalog.variants_by_sku(tx, ["MUG"]))["MUG"].id
        for code, units in (("DC1", 10), ("S0001", 4)):
            cause = inventory.Cause("loss", mug, network.by_code[code].id)
            lost = inventory.Adjustment(
                variant_id=mug,
                location_id=network.by_code[code].id,
                delta=-units,
                cause=cause,
                code="lost",
            )
            await inventory.adjust(tx, [lost])


class Play:
    """One order that a vendor supplies."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes, vendor: UUID) -> None:
        self.database, self.tenant, self.lanes, self.vendor = database, tenant, lanes, vendor
        self.said = 0

    async def order(self, units: int = 3) -> Placed:
        """Place an order of mugs that only the vendor has, and let it be asked for."""
        placed = await place(self.lanes, self.tenant, wish(LineWish(sku="MUG", quantity=units)))
        await self.settle()
        return placed

    async def settle(self) -> None:
        """React and carry effects out until nothing is left to do."""
        runner = Runner(self.database, [*carriers.EFFECTS, *vendors.EFFECTS])
        await settle(self.database, self.tenant, REACTIONS, runner, rounds_max=30)

    async def purchase(self, placed: Placed) -> PurchaseOrderView:
        """The first purchase order for an order."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            found = await list_orders(
                tx, location_id=None, order_id=placed.id, has_problem=None, before=None, limit=9
            )
        return found[-1]

    async def shown(self, purchase_order_id: UUID) -> PurchaseOrderView:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return await order_view(tx, purchase_order_id)

    async def works(self, placed: Placed) -> list[WorkView]:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return await list_queue(
                tx,
                location_id=None,
                state=None,
                order_id=placed.id,
                store_id=None,
                after=None,
                limit=50,
            )

    async def view(self, placed: Placed) -> OrderView:
        return await view(self.database, self.tenant, placed.id)

    async def tell(self, *messages: VendorMessage) -> list[Receipt]:
        """Let the vendor say something, and everybody react."""
        receipts = []
        for message in messages:
            async with self.database.transaction(self.tenant) as tx:
                receipts.append(await receive(tx, self.vendor, message))
        await self.settle()
        return receipts

    def about(self, purchase: PurchaseOrderView | UUID, **more: Any) -> dict[str, Any]:
        """What every message has; ids count up."""
        self.said += 1
        purchase_id = purchase if isinstance(purchase, UUID) else purchase.id
        given = {
            "id": f"m-{self.said}",
            "purchase_order": purchase_id,
            "occurred_at": datetime.now(UTC),
        }
        return {**given, **more}

    def ship(self, purchase: PurchaseOrderView, units: int, number: str = "T1", **more: Any):
        lines = (vendors.LineUnits(purchase.lines[0].line_id, units),)
        parcel = vendors.SentParcel(
            carrier="VANS",
            tracking_number=number,
            lines=lines,
            tracking_url=f"https://vans.example/{number}",
        )
        return vendors.Ship(**self.about(purchase, parcels=(parcel,), **more))

    def short(self, purchase: PurchaseOrderView, units: int, **more: Any) -> vendors.Short:
        lines = (vendors.LineUnits(purchase.lines[0].line_id, units),)
        return vendors.Short(**self.about(purchase, lines=lines, **more))

    def acknowledge(self, purchase: PurchaseOrderView, **more: Any) -> vendors.Acknowledge:
        return vendors.Acknowledge(**self.about(purchase, **more))

    def invoice(
        self, purchase: PurchaseOrderView, units: int, net_minor: int, number: str = "I1", **more
    ) -> vendors.SendInvoice:
        line = vendors.InvoicedLine(purchase.lines[0].line_id, units, net_minor)
        return vendors.SendInvoice(
            **self.about(
                purchase,
                number=number,
                currency="GBP",
                lines=(line,),
                tax_minor=net_minor // 5,
                **more,
            )
        )


def counted(purchase: PurchaseOrderView) -> Sequence[int]:
    """Return what a purchase order's first line counts, to compare states."""
    line = purchase.lines[0]
    return line.short, line.shipped, line.invoiced, line.left, line.surplus


async def sound(play: Play) -> None:
    """Verify everything that a vendor's order touches."""
    await assert_sound(play.database, play.tenant)
