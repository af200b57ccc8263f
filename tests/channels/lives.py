"""What each family's channels say over the life of their orders, told to a running hub.

Below ``lives`` lies what a channel of a shop in Britain sends, file by file, in its own format; a
file that sorts later was sent later. :meth:`Hub.state` is everything that came of it, in words that
do not depend on when it came.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from crosslane import catalog, channels, orders
from crosslane.kit.samples import Sample, load_samples
from crosslane.locations import LocationDraft
from crosslane.locations.service.network import add_location
from crosslane.organization import book
from crosslane.platform.database import Database
from tests.channels.talking import Talking
from tests.orders.world import found_retailer, give_credit, set_policy, stock_up
from tests.tenancy import Tenants

FOLDER = Path(__file__).parent / "lives"
GTINS = {"MUG": "4012345123456", "LAMP": "4012345999990"}
SKUS = ("MUG", "LAMP", "SPOON", "BOWL", "JAR", "CUP")
UNITS = 500
# Where a marketplace keeps goods of ours; nothing is sent from there by us.
POOL = "POOL"
KEPT_FOR_US = LocationDraft(
    code=POOL,
    kind="warehouse",
    entity="mf",
    name="Pool",
    country="GB",
    nation="ENG",
    postcode="OX1 1AA",
    timezone="Europe/London",
    abilities=frozenset(),
    hours={},
    cut_off="15:00",
    handling_hours=2,
    handling_parcel_minor=55,
)
OWN = "orders-jsonl"
PLACES = ("DC1", "S0001")
CREDIT_MINOR = 10_000_000


class Told(msgspec.Struct, frozen=True):
    """One thing that a channel sends at once.

    Args:
        name: of its file.
        raw: what is sent.
        format: in which it is.
        mapping: what its columns mean, of a table.
    """

    name: str
    raw: bytes
    format: str
    mapping: channels.MappingView | None = None


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Who says things.

    Args:
        family: format it speaks; its folder of ``lives`` is named so.
        channel: code of the channel.
        locations: codes of our locations by its names.
        account: its number as one who buys on account.
    """

    family: str
    channel: str = "bazaar"
    locations: Mapping[str, str] = {}
    account: str = ""


LIVES = {
    one.family: one
    for one in (
        Life(family="shopify", locations={"5": "S0001"}),
        Life(family="woocommerce"),
        Life(family="amazon", locations={"OXFORD": "S0001", "FBA": POOL}),
        Life(family="ebay"),
        Life(family="square", locations={"L-OXFORD": "S0001"}),
        Life(family="poslog", channel="till"),
        Life(family="till-batch", channel="till"),
        Life(family="x12", channel="trade", account="77", locations={"W1": "DC1", "M1": "DC1"}),
        Life(
            family="edifact",
            channel="trade",
            account="4012345000009",
            locations={"4012345000023": "DC1"},
        ),
        Life(family="tradacoms", channel="trade", account="5000600003101"),
        Life(family="ubl", channel="trade", account="77", locations={"M1": "DC1"}),
        Life(family="epcis", locations={"4012345000115": "DC1"}),
        Life(family="orders-jsonl"),
        Life(family="csv", locations={"S1": "S0001", "S2": "DC2"}),
    )
}


def told_by(life: Life) -> list[Told]:
    """Return what a channel says, in the order in which it happened."""
    samples = load_samples(FOLDER / life.family).streams
    return [told for one in samples for told in _told(life, one)]


def _told(life: Life, sample: Sample) -> Iterator[Told]:
    if life.family == OWN or (life.family == "epcis" and sample.name.endswith(".jsonl")):
        # One line is one message; EPCIS has no orders, those come in our own format.
        for line in sample.raw.splitlines():
            yield Told(sample.name, line, OWN)
        return
    meant = sample.context.mapping and channels.MappingView(
        channel=life.channel, name=Path(sample.name).stem, mapping=sample.context.mapping
    )
    yield Told(sample.name, sample.raw, life.family, meant)


class Hub(Talking):
    """A running hub that one channel speaks to."""

    def __init__(self, database: Database, tenant: str, life: Life) -> None:
        super().__init__(database, tenant)
        self.life = life

    async def hear(self, told: Told) -> None:
        """Take in what is sent at once."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            channel, now = (await book(tx)).channel(self.life.channel), tx.now
            agreed = await channels.agreed_with(tx, channel, told.format)
        how = {"format": told.format, "mapping": told.mapping, "agreed": agreed}
        wish = channels.read_body(told.raw, channel=channel, received_at=now, **how)
        await self._do(channels.RECEIVE, wish)

    async def state(self) -> dict[str, Any]:
        """Everything that came of what was said."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            found = {
                name: [list(row.values()) for row in await tx.fetch(query)]
                for name, query in STATE.items()
            }
            ids = await tx.fetch("select id from orders_order order by channel, source_id")
            shown = [await orders.order_view(tx, str(row["id"])) for row in ids]
        return found | {"orders": [order_state(one) for one in shown]}


# What comes out besides orders; whatever is equal in these is equal in stock, money and books.
STATE = {
    "stock": """
        select v.sku, l.code, p.condition, p.on_hand, p.allocated
        from inventory_position p join catalog_variant v on v.id = p.variant_id
        join locations_location l on l.id = p.location_id
        where p.on_hand <> 0 or p.allocated <> 0 order by 1, 2, 3
    """,
    "coming": "select reference, quantity from inventory_incoming order by 1, 2",
    "returns": """
        select r.source_id, r.state, r.kind, r.refund_minor, r.held, x.sku, x.requested
        from returns_return r join returns_line x on x.return_id = r.id order by 1, 6
    """,
    "books": """
        select account, currency, tax_code, sum(minor)::bigint from ledger_posting
        group by 1, 2, 3 having sum(minor) <> 0 order by 1, 2, 3
    """,
    "moved": """
        select o.source_id, p.method,
            sum(case m.deed when 'capture' then m.minor else -m.minor end)::bigint as net
        from payments_movement m join payments_payment p on p.id = m.payment_id
        join orders_order o on o.id = m.order_id where m.deed in ('capture', 'refund')
        group by 1, 2 order by 1, 2
    """,
    "kept back": """
        select distinct state, kind, source_id, code from channels_message
        where state in ('received', 'parked', 'quarantined') order by 1, 2, 3, 4
    """,
}


def order_state(shown: orders.OrderView) -> dict[str, Any]:
    """Return an order, without when and in how many steps it became that."""
    units = Counter[tuple[str, str, str]]()
    for line in shown.lines:
        for bucket in line.buckets:
            if bucket.stage != "cancelled":
                units[line.sku, bucket.stage, bucket.location or ""] += bucket.quantity
    # What held an order back that was cancelled holds nothing.
    stops = [] if shown.status == "cancelled" else shown.stops
    money = shown.money
    return {
        "source_id": shown.source_id,
        "status": shown.status,
        "service": shown.service,
        "ship_to": shown.ship_to,
        "stops": sorted((one.kind, one.reason) for one in stops if one.resolved_at is None),
        "charges": sorted(
            (one.kind, one.title, one.gross_minor, one.tax_minor)
            for one in shown.charges
            if not one.cancelled
        ),
        "money": (
            money.worth_minor,
            money.owed_minor,
            money.earned_minor,
            money.credited_minor,
        ),
        "units": sorted(units.items()),
    }


@asynccontextmanager
async def open_hub(database: Database, tenants: Tenants, life: Life) -> AsyncIterator[Hub]:
    """Found the retailer, its channel connected."""
    tenant = await tenants.take()
    await found_retailer(database, tenant)
    hub = Hub(database, tenant, life)
    async with database.transaction(tenant) as tx:
        rows = tuple(
            catalog.ProductRow(sku, "home", title=sku, weight_grams=200, gtin=GTINS.get(sku))
            for sku in SKUS
        )
        await catalog.import_products(tx, catalog.ImportProducts(rows))
        await add_location(tx, KEPT_FOR_US)
        await stock_up(tx, {(sku, place): UNITS for sku in SKUS for place in PLACES})
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, life.channel)
        # Some say of a return only when we hear of it, long after its order.
        await set_policy(tx, "returns.policy", {"window_days": 3_650}, life.channel)
        if life.account:
            await give_credit(tx, life.account, CREDIT_MINOR)
    await hub.connect(
        channel=life.channel,
        format=life.family,
        locations=dict(life.locations),
        services={"*": "STANDARD48"},
        delivery="call",
    )
    yield hub
    await tenants.give_back(tenant)
