"""What is copied into a tenant is as if it had been made there."""

from datetime import UTC, datetime

from crosslane import organization
from crosslane.orders import INTAKE
from crosslane.organization import PolicyChanged, PutBrand, Scope, SetPolicy
from crosslane.platform.database import Database
from crosslane.platform.log import Reaction
from tests.keeping import begin_with
from tests.reacting import react_to_all
from tests.tenancy import Tenants

LONG_AGO = datetime(2009, 1, 1, tzinfo=UTC)
AGREED = SetPolicy(INTAKE.name, {"backdating": True}, "as agreed", Scope("tenant"), LONG_AGO)
CHANGES = "select no, valid_from, recorded_at from organization_policy order by no"
KNOWN = "select count(*) from control.tenant where name = any($1)"


async def test_it_is_made_once_and_is_new_in_each_tenant(database: Database, tenants: Tenants):
    organization.register_policies([INTAKE])
    made: dict[str, datetime] = {}
    seen: list[int] = []

    async def make(database: Database, tenant: str) -> None:
        async with database.transaction(tenant) as tx:
            made[tenant] = tx.now
            await organization.put_brand(tx, PutBrand("marlow", "Marlow"))
            await organization.set_policy(tx, AGREED)

    async def look(_, logged) -> None:
        seen.extend(one.subject_no for one in logged)

    lent = [await tenants.take() for _ in range(2)]
    kept_at = None
    for tenant in lent:
        async with database.transaction(tenant) as tx:
            began_at = tx.now
            # What there is not is remembered as well.
            assert not (await organization.book(tx)).brands
        await begin_with(database, tenant, make)
        (made_at,) = made.values()
        async with database.transaction(tenant) as tx:
            kept_at = kept_at or tx.now
            assert (await organization.book(tx)).brand("marlow").name == "Marlow"
            await organization.set_policy(tx, AGREED)
            first, second = await tx.fetch(CHANGES)
            assert (first["no"], second["no"]) == (1, 2)
            assert first["valid_from"] == LONG_AGO
            # As much later as the tenant has begun after it was kept.
            assert first["recorded_at"] - made_at >= began_at - kept_at
            assert first["recorded_at"] < second["recorded_at"]
        await react_to_all(database, tenant, [Reaction("tried.look", (PolicyChanged,), look)])
    assert seen == [1, 2, 1, 2]
    async with database.connection() as connection:
        assert await connection.fetchval(KNOWN, list(made)) == 0
    for tenant in lent:
        await tenants.give_back(tenant)
