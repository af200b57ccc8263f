"""A retailer that gets its orders by messages: a marketplace, a store with a till."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crosslane import catalog, organization, payments, returns
from crosslane.channels.reactions import REACTIONS
from crosslane.channels.service import reading
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.intake import RECEIVE, Receive, Received, read_body
from crosslane.channels.service.reading import BatchView, MessageView
from crosslane.channels.service.replaying import REPLAY, Replay, Replayed
from crosslane.inventory import REACTIONS as INVENTORY
from crosslane.orders import OrderView, find_by_source, order_view
from crosslane.organization import book
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Reaction
from tests.orders.world import HOME, found_retailer, set_policy, stock_up
from tests.reacting import react_to_all
from tests.soundness import assert_sound

organization.register_policies(returns.POLICIES)

AT = "2011-01-05T10:00:00Z"
OPENED, CLOSED = "2011-01-05T08:00:00Z", "2011-01-05T18:00:00Z"


class Bazaar:
    """One tenant, spoken to by messages."""

    def __init__(self, database: Database, tenant: str, reactions: Sequence[Reaction] = ()) -> None:
        self.database, self.tenant = database, tenant
        self.lanes = Lanes(database)
        self.reactions = (*REACTIONS, *INVENTORY, *reactions)
        self._sent = 0

    async def read(self, text: str, *, channel: str = "bazaar", **how: Any) -> Receive:
        """Take a body apart as the edge does."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            known, now = (await book(tx)).channel(channel), tx.now
            agreed = await agreed_with(tx, known, how.setdefault("format", "orders-jsonl"))
        raw = text.encode(how.get("encoding", "utf-8"))
        return read_body(raw, channel=known, agreed=agreed, received_at=now, **how)

    async def send(self, text: str, *, key: str = "", **how: Any) -> Received:
        """Send a body."""
        self._sent += 1
        wish = await self.read(text, **how)
        return await self.lanes.run(self.tenant, RECEIVE, key or f"send {self._sent}", wish)

    async def tell(self, *messages: dict[str, Any], **how: Any) -> Received:
        """Send messages, one a line, and have them applied."""
        received = await self.send("\n".join(map(json.dumps, messages)), **how)
        await self.work()
        return received

    async def work(self, *reactions: Reaction) -> None:
        """Let reactions run until nothing is left."""
        await react_to_all(self.database, self.tenant, reactions or self.reactions)

    async def replay(self, **which: Any) -> Replayed:
        """Try messages again and have them applied."""
        self._sent += 1
        answer = await self.lanes.run(self.tenant, REPLAY, f"replay {self._sent}", Replay(**which))
        await self.work()
        return answer

    async def batch(self, received: Received) -> BatchView:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return await reading.batch(tx, received.id)

    async def messages(self, **which: Any) -> list[MessageView]:
        """Messages in the order in which they came."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            found = await reading.list_messages(tx, **which, limit=1_000)
        return sorted(found, key=lambda one: (one.received_at, one.place, one.part))

    async def states(self, **which: Any) -> list[str]:
        """What became of messages, in the order in which they came."""
        return [message.state for message in await self.messages(**which)]

    async def order(self, source_id: str, channel: str = "bazaar") -> OrderView | None:
        """The order of a channel's number, if there is one."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            channel_id = (await book(tx)).channel(channel).id
            found = await find_by_source(tx, [channel_id], [source_id])
            if not found:
                return None
            ((order_id, _),) = found.values()
            return await order_view(tx, str(order_id))

    async def units(self, source_id: str) -> dict[str, int]:
        """Units of an order that are still wanted, by SKU."""
        shown = await self.order(source_id)
        found: dict[str, int] = {}
        for line in shown.lines if shown else ():
            live = sum(b.quantity for b in line.buckets if b.stage != "cancelled")
            if live and not line.is_bundle:
                found[line.sku] = found.get(line.sku, 0) + live
        return found

    async def on_hand(self, sku: str, location: str) -> int:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return await tx.fetchval(
                """
                select coalesce(sum(p.on_hand), 0) from inventory_position p
                join catalog_variant v on v.id = p.variant_id
                join locations_location l on l.id = p.location_id
                where v.sku = $1 and l.code = $2
                """,
                sku,
                location,
            )

    async def moved(self) -> dict[str, int]:
        """What tills hold by method: taken less given, in minor units."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            channel_id = (await book(tx)).channel("till").id
            span = {"start": datetime(2011, 1, 1, tzinfo=UTC), "end": tx.now + timedelta(days=1)}
            sums = await payments.sum_moved(tx, channel_id=channel_id, **span)
        found: dict[str, int] = {}
        for one in sums:
            sign = {"capture": 1, "refund": -1}.get(one.deed, 0)
            found[one.method] = found.get(one.method, 0) + sign * one.minor
        return {method: minor for method, minor in found.items() if minor}

    async def returned(self, source_id: str, place: int = 1) -> returns.Return | None:
        """A return a till's basket has made."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            found = await tx.fetchval(
                "select id from returns_return where source_id = $1", f"till:{source_id}#{place}"
            )
            return (await returns.list_returns(tx, [found]))[found] if found else None

    async def assert_sound(self) -> None:
        await assert_sound(self.database, self.tenant)


async def open_bazaar(database: Database, tenant: str) -> Bazaar:
    """Found the retailer; its tills say their own prices."""
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "till")
    return Bazaar(database, tenant)


async def open_stocked(database: Database, tenant: str, skus: Sequence[str]) -> Bazaar:
    """Found the retailer with articles of these SKUs, ten of each in the warehouse."""
    opened = await open_bazaar(database, tenant)
    async with database.transaction(tenant) as tx:
        rows = tuple(catalog.ProductRow(sku, "home", title=sku, weight_grams=200) for sku in skus)
        await catalog.import_products(tx, catalog.ImportProducts(rows))
        await stock_up(tx, {(sku, "DC1"): 10 for sku in skus})
    return opened


def order(source_id: str = "B-1", *lines: tuple[str, int], **changes: Any) -> dict[str, Any]:
    """An order of SKUs and units for Ada, one pound each."""
    address = {
        "name": HOME.name,
        "lines": list(HOME.lines),
        "city": HOME.city,
        "postcode": HOME.postcode,
        "country": HOME.country,
    }
    return {
        "type": "order",
        "source_id": source_id,
        "event_at": AT,
        "buyer": {"name": "Ada Brown", "email": "ada@example.com"},
        "ship_to": address,
        "shipping_minor": 0,
        "lines": [
            {"sku": sku, "quantity": units, "unit_price_milli": 100_000}
            for sku, units in lines or [("MUG", 1)]
        ],
        **changes,
    }


def about(kind: str, source_id: str = "B-1", version: int = 2, **told: Any) -> dict[str, Any]:
    """A message about an order that was told before."""
    head = {"type": kind, "source_id": source_id, "source_version": version, "event_at": AT}
    return head | told


def snapshot(source_id: str, at: str, **units: int) -> dict[str, Any]:
    """A snapshot of the store."""
    rows = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
    head = {"type": "supply_snapshot", "source_id": source_id, "event_at": at}
    return head | {"location": "S0001", "rows": rows}


def sale(receipt: str, *lines: tuple[str, int, int], **changes: Any) -> dict[str, Any]:
    """A sale of (SKU, units, price of one in minor units), paid in cash."""
    paid = sum(units * minor for _, units, minor in lines)
    return {
        "type": "sale",
        "receipt": receipt,
        "at": AT,
        "staff": "A1",
        "lines": [
            {"sku": sku, "quantity": units, "unit_price_milli": minor * 1000}
            for sku, units, minor in lines
        ],
        "tenders": [{"method": "cash", "minor": paid}] if paid else [],
        **changes,
    }


def void(receipt: str, voids: str) -> dict[str, Any]:
    """A sale that the till took back."""
    return {"type": "void", "receipt": receipt, "at": AT, "voids": voids}


def till_batch(*records: dict[str, Any], head: Any = None, totals: Any = None, **end: Any) -> str:
    """A till's batch with right totals, unless told otherwise."""
    voided = {record["voids"] for record in records if record["type"] == "void"}
    sales = [r for r in records if r["type"] == "sale" and r["receipt"] not in voided]
    tenders: dict[str, int] = {}
    for each in sales:
        for tender in each["tenders"]:
            tenders[tender["method"]] = tenders.get(tender["method"], 0) + tender["minor"]
    counted = {
        "sales": len(sales),
        "voids": sum(record["type"] == "void" for record in records),
        "units": sum(line["quantity"] for each in sales for line in each["lines"]),
        "gross_minor": sum(tenders.values()),
        "tenders": tenders,
    }
    opening = {
        "type": "till",
        "store": "S0001",
        "till": "T1",
        "batch": "2011-01-05/1",
        "currency": "GBP",
        "opened_at": OPENED,
        "closed_at": CLOSED,
        "totals": counted | (totals or {}),
        **(head or {}),
    }
    closing = {"type": "end", "records": len(records), **end}
    return "\n".join(map(json.dumps, [opening, *records, closing])) + "\n"
