"""Counters that take goods back, and what was sold before."""

from datetime import UTC, datetime
from uuid import UUID

from crosslane import locations, organization
from crosslane.kernel import Refusal, new_id
from crosslane.locations import LocationDraft
from crosslane.locations.service.network import add_location
from crosslane.orders import LineWish, OrderView, PlaceOrder, TenderWish
from crosslane.organization import PutEntity, PutMarket, Scope, SetPolicy
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, CommandKind, Lanes
from crosslane.returns import TAKE_BACK, DeskLine, TakeBack, TakenBack
from tests.orders.world import LONG_AGO, STORE_ABILITIES, WEEK, place, view

THEN = datetime(2010, 12, 10, 12, tzinfo=UTC)


async def open_counters(database: Database, tenant: str) -> None:
    """Open a second store, a franchisee's, one abroad and a returns center."""
    async with database.transaction(tenant) as tx:
        await organization.put_entity(tx, PutEntity("fr", "Franchise Ltd", "GB", "GBP"))
        market = PutMarket("de", "Germany", "DE", "EUR", ("de-DE",), "inclusive", "Europe/Berlin")
        await organization.put_market(tx, market)
        for code, kind, entity, country, abilities in (
            ("S0002", "store", "mf", "GB", STORE_ABILITIES),
            ("S0003", "store", "fr", "GB", STORE_ABILITIES),
            ("S0009", "store", "mf", "DE", STORE_ABILITIES),
            ("S0004", "store", "mf", "GB", {"carry_out"}),
            ("RC1", "warehouse", "mf", "GB", {"receive_returns"}),
        ):
            draft = LocationDraft(
                code=code,
                kind=kind,
                entity=entity,
                name=f"Place {code}",
                country=country,
                lat=52.0,
                lon=-1.0,
                timezone="Europe/London",
                abilities=frozenset(abilities),
                hours=WEEK,
            )
            await add_location(tx, draft)


async def sell(
    database: Database,
    lanes: Lanes,
    tenant: str,
    *lines: LineWish | str,
    at: datetime = THEN,
    **changes,
) -> OrderView:
    """Sell over the till of the first store, paid in cash; the goods are carried out."""
    given = {"channel": "till", "placed_at": at, "tenders": [TenderWish(method="cash")], **changes}
    wishes = [LineWish(sku=one, quantity=1) if isinstance(one, str) else one for one in lines]
    placed = await place(
        lanes,
        tenant,
        PlaceOrder(
            lines=[
                LineWish(
                    sku=w.sku,
                    quantity=w.quantity,
                    method="carry_out",
                    store="S0001",
                    attributions=w.attributions,
                )
                for w in wishes
            ],
            **given,
        ),
    )
    return await view(database, tenant, placed.id)


def line(sku: str, quantity: int = 1, **told) -> DeskLine:
    """Units on the counter."""
    return DeskLine(sku=sku, quantity=quantity, **told)


async def bring(
    lanes: Lanes,
    tenant: str,
    order: OrderView | None,
    *lines: DeskLine | str,
    actor: Actor = SYSTEM,
    key: str = "",
    **told,
) -> TakenBack | Refusal:
    """Bring goods to a counter; return the answer or the refusal."""
    given = {"channel": "till", "location": "S0001", "occurred_at": THEN, **told}
    body = TakeBack(
        order=order.number if order else None,
        lines=[line(one) if isinstance(one, str) else one for one in lines],
        **given,
    )
    return await ask(lanes, tenant, TAKE_BACK, body, actor=actor, key=key)


async def ask(
    lanes: Lanes, tenant: str, kind: CommandKind, body, *, actor: Actor = SYSTEM, key: str = ""
):
    """Submit a command; return its outcome."""
    answer = await lanes.submit(tenant, kind, Command(key or str(new_id()), actor, body))
    return answer.outcome


async def set_rule(database: Database, tenant: str, scope: Scope | None = None, **value) -> None:
    """Set the policy of returns."""
    async with database.transaction(tenant) as tx:
        wish = SetPolicy("returns.policy", value, "as agreed", scope or Scope("tenant"), LONG_AGO)
        await organization.set_policy(tx, wish)


async def stock_at(database: Database, tenant: str, sku: str, code: str) -> dict[str, int]:
    """Return units of an article at a location by condition, empty ones left out."""
    async with database.transaction(tenant) as tx:
        where = (await locations.network(tx)).by_code[code].id
        rows = await tx.fetch(
            "select condition, sum(on_hand)::int as units from inventory_position p"
            " join catalog_variant v on v.id = p.variant_id"
            " where v.sku = $1 and location_id = $2 group by 1 having sum(on_hand) <> 0",
            sku,
            where,
        )
    return {row["condition"]: row["units"] for row in rows}


async def clerk_of(database: Database, tenant: str, code: str, *more: str) -> Actor:
    """Return an associate of a store."""
    async with database.transaction(tenant) as tx:
        where: UUID = (await locations.network(tx)).by_code[code].id
    held = frozenset({"returns:read", "returns:take_back", *more})
    return Actor("staff", "jo", held, location_id=where)
