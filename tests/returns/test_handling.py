"""Locations are credited once for each settled return, and the books follow."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crosslane import finance, ledger, locations, organization, returns
from crosslane.kernel import new_id
from crosslane.locations import LocationDraft
from crosslane.locations.service.network import add_location
from crosslane.organization import PutStaffMember, Scope, SetPolicy
from crosslane.platform import log
from crosslane.platform.database import Database
from crosslane.returns import ReturnCancelled, ReturnSettled, SettledLine
from crosslane.returns.service import handling
from tests.api import Api
from tests.orders.world import LONG_AGO, WEEK, found_retailer
from tests.reacting import react_to_all
from tests.soundness import list_findings

NOON = datetime(2011, 2, 1, 12, tzinfo=UTC)
INSERT_RETURN = """
insert into returns_return (id, number, state, kind, method, order_id, channel_id, channel, entity,
                            currency, requested_by, refund_method, occurred_at, requested_at)
values ($1, $2, 'settled', 'return', 'counter', $3, $4, 'web', 'mf', 'GBP', 'staff:x', 'original',
        $5, $5)
"""


class Desk:
    """A store that takes returns of the web shop."""

    def __init__(self, database: Database, tenant: str, store: UUID, dc: UUID, web: UUID) -> None:
        self.database, self.tenant = database, tenant
        self.store, self.dc, self.web = store, dc, web

    def transaction(self):
        return self.database.transaction(self.tenant)

    async def settle(self, *, at: datetime = NOON, customer_id: UUID | None = None) -> UUID:
        """Tell of a return of one unit that was settled."""
        return_id, order_id = new_id(), new_id()
        unit = SettledLine(
            order_line_id=new_id(),
            variant_id=new_id(),
            sku="MUG",
            sold_at=self.dc,
            received_at=self.store,
            quantity=1,
            net_minor=1000,
            tax_minor=200,
            tax_rate_bp=2000,
            jurisdiction="GB",
        )
        event = ReturnSettled(
            return_id=return_id,
            order_id=order_id,
            channel_id=self.web,
            return_kind="return",
            selling_entity="mf",
            received_at=self.store,
            currency="GBP",
            lines=[unit],
            fee_minor=0,
            delivery_minor=0,
            refund_minor=1200,
            customer_id=customer_id,
            staff="",
            actor="staff:x",
            exchange=False,
            occurred_at=at,
        )
        async with self.transaction() as tx:
            number = f"R{return_id.hex[-12:]}"
            await tx.execute(INSERT_RETURN, return_id, number, order_id, self.web, at)
            await log.append(tx, [event])
        return return_id

    async def cancel(self, return_id: UUID) -> None:
        """Tell that a return came to nothing after all."""
        event = ReturnCancelled(
            return_id=return_id, order_id=None, channel_id=self.web, reason="typed twice"
        )
        async with self.transaction() as tx:
            await log.append(tx, [event])

    async def follow(self) -> None:
        """Let returns and the books read everything there is."""
        await react_to_all(self.database, self.tenant, (*returns.REACTIONS, *finance.REACTIONS))

    async def credits(self) -> list[handling.CreditView]:
        async with self.transaction() as tx:
            return await handling.list_credits(tx, after=None, limit=50)

    async def booked(self) -> dict[str, int]:
        async with self.transaction() as tx:
            # Returns are written here with nothing of their orders.
            assert await list_findings(tx, by_hand=("returns.",)) == []
            found = await ledger.balances(tx)
        goods = {"inventory", "received_not_invoiced"}
        booked = {b.account: b.balance_minor for b in found if b.balance_minor}
        return {account: minor for account, minor in booked.items() if account not in goods}


@pytest.fixture
async def desk(database: Database, tenant: str) -> Desk:
    organization.register_policies(returns.POLICIES)
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        value = {
            "return_minor": 100,
            "percent_bp": 500,
            "store_day_minor_max": 400,
            "customer_minor_max": 250,
        }
        await organization.set_policy(
            tx, SetPolicy("returns.handling_credit", value, "as agreed", Scope("tenant"), LONG_AGO)
        )
        network = await locations.network(tx)
        web = (await organization.book(tx)).channel("web").id
    places = network.by_code
    return Desk(database, tenant, places["S0001"].id, places["DC1"].id, web)


async def test_a_settled_return_is_credited_once(desk: Desk):
    return_id = await desk.settle()
    await desk.follow()
    await desk.follow()
    (credit,) = await desk.credits()
    assert (credit.return_id, credit.location, credit.channel) == (return_id, "S0001", "web")
    assert (credit.minor, credit.wanted_minor, credit.reason) == (150, 150, "")
    assert credit.policy_id is not None
    assert await desk.booked() == {"return_handling": 150, "return_handling_income": -150}
    async with desk.transaction() as tx:
        shown = await finance.statement(
            tx,
            finance.StatementOf(NOON.date(), NOON.date(), location="S0001"),
        )
    (section,) = shown.sections
    assert (section.section, section.results[0].result_minor) == ("handling_credits", 150)


async def test_an_event_that_is_read_again_credits_nothing_more(desk: Desk):
    await desk.settle()
    await desk.follow()
    async with desk.transaction() as tx:
        await tx.execute("delete from platform_cursor where reaction = 'returns.credit_handling'")
    await desk.follow()
    assert len(await desk.credits()) == 1
    assert (await desk.booked())["return_handling"] == 150


async def test_caps_hold_within_a_batch_and_across_batches(desk: Desk):
    for _ in range(2):
        await desk.settle()
    await desk.follow()
    for _ in range(2):
        await desk.settle()
    await desk.settle(at=NOON + timedelta(days=1))
    await desk.follow()
    found = sorted((c.day, c.minor, c.reason) for c in await desk.credits())
    today, next_day = NOON.date(), NOON.date() + timedelta(days=1)
    assert found == [
        (today, 0, "store_day_cap"),
        (today, 100, "store_day_cap"),
        (today, 150, ""),
        (today, 150, ""),
        (next_day, 150, ""),
    ]
    assert (await desk.booked())["return_handling"] == 550


async def test_a_customers_cap_counts_the_days_before_and_no_more(desk: Desk):
    customer = new_id()
    for day in (0, 10, 20, 60):
        await desk.settle(at=NOON + timedelta(days=day), customer_id=customer)
    await desk.follow()
    found = sorted((c.day, c.minor) for c in await desk.credits())
    assert [minor for _, minor in found] == [150, 100, 0, 150]


async def test_what_staff_had_bought_earns_nothing(desk: Desk):
    customer = new_id()
    async with desk.transaction() as tx:
        clerk = PutStaffMember("C1", "Ada", frozenset({"associate"}), customer_id=customer)
        await organization.put_staff(tx, [clerk])
    await desk.settle(customer_id=customer)
    await desk.follow()
    assert [(c.minor, c.reason) for c in await desk.credits()] == [(0, "staff_purchase")]
    assert await desk.booked() == {}


async def test_a_return_that_came_to_nothing_loses_its_credit(desk: Desk):
    return_id = await desk.settle()
    await desk.cancel(return_id)
    await desk.cancel(await desk.settle())
    await desk.follow()
    await desk.cancel(return_id)
    await desk.follow()
    assert await desk.booked() == {}
    assert sorted(c.minor for c in await desk.credits()) == [-150, -150, 150, 150]


async def test_a_manager_takes_a_credit_back_once(api: Api, desk: Desk):
    await desk.settle()
    await desk.follow()
    manager, agent = await api.staff("manager"), await api.staff("agent")
    (shown,) = (await manager.get("/api/v1/handling-credits?location=S0001")).json()["items"]
    path, why = f"/api/v1/handling-credits/{shown['id']}/withdrawal", {"reason": "farmed"}
    assert (await agent.post(path, json=why)).status_code == 403
    done = await manager.post(path, json=why)
    assert done.status_code == 201, done.text
    assert (done.json()["minor"], done.json()["reason"]) == (-150, "farmed")
    again = await manager.post(path, json=why)
    assert (again.status_code, again.json()["code"]) == (409, "credit-taken-back")
    none = await manager.post(path.replace(shown["id"], str(new_id())), json=why)
    assert none.status_code == 404
    await desk.follow()
    assert await desk.booked() == {}


async def test_the_store_of_another_entity_is_owed_by_the_one_that_had_sold(desk: Desk):
    async with desk.transaction() as tx:
        await organization.put_entity(
            tx, organization.PutEntity("franchise", "Franchise Ltd", "GB", "GBP")
        )
        draft = LocationDraft(
            code="F0001",
            kind="store",
            entity="franchise",
            name="Franchise",
            country="GB",
            nation="ENG",
            postcode="OX1 1AA",
            timezone="Europe/London",
            hours=WEEK,
        )
        desk.store = (await add_location(tx, draft)).id
    await desk.settle()
    await desk.follow()
    booked = await desk.booked()
    assert booked["intercompany_payable"] == -booked["intercompany_receivable"] == -150
