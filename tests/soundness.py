"""Whether a retailer of a test is sound at the end of its history, by the rules of every module."""

from crosslane.platform.database import Database, Tx
from crosslane.verify import Finding, all_rules, verify


async def list_findings(tx: Tx, *, by_hand: tuple[str, ...] = ()) -> list[Finding]:
    """Return what all rules find.

    Where no location was ever given work, a test has moved units by hand, and fulfillment has no
    part in that.

    Args:
        tx: open transaction of the tenant.
        by_hand: with what the names of rules begin that a test cannot keep, because it does by hand
            what their module would do.
    """
    worked = await tx.fetchval("select exists (select from fulfillment_order)")
    left_out = by_hand if worked else (*by_hand, "fulfillment.")
    return await verify(tx, [rule for rule in all_rules() if not rule.name.startswith(left_out)])


async def assert_sound(database: Database, tenant: str, *, by_hand: tuple[str, ...] = ()) -> None:
    """Find nothing wrong; the arguments are those of :func:`list_findings`."""
    async with database.transaction(tenant) as tx:
        assert await list_findings(tx, by_hand=by_hand) == []
