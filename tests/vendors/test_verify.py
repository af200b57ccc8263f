"""Verify finds each planted defect of purchase orders."""

from datetime import timedelta

import msgspec
import pytest

from crosslane.kernel import new_id
from crosslane.vendors.service.receiving import forget_bodies
from crosslane.verify import Finding, verify
from crosslane.verify.finance import RULES as FINANCE_RULES
from crosslane.verify.vendors import RULES
from tests.vendors.shop import Play


@pytest.fixture
async def played(play: Play) -> Play:
    """An order that was short, shipped and invoiced."""
    purchase = await play.purchase(await play.order(3))
    await play.tell(play.short(purchase, 1), play.ship(purchase, 2), play.invoice(purchase, 2, 701))
    return play


async def findings(play: Play, planted: str) -> list[Finding]:
    async with play.database.transaction(play.tenant) as tx:
        await tx.execute(planted)
        return await verify(tx, [*RULES, *FINANCE_RULES])


async def test_a_sound_tenant_has_no_findings(played: Play):
    assert await findings(played, "select 1") == []


async def test_what_was_said_long_ago_goes_and_figures_stay_proven(played: Play):
    stray = played.ship(await played.purchase(await played.order(1)), 1, "T2")
    await played.tell(msgspec.structs.replace(stray, purchase_order=new_id()))
    async with played.database.transaction(played.tenant) as tx:
        old = "update vendors_message set received_at = $1 where type <> 'invoice'"
        await tx.execute(old, tx.now - timedelta(days=401))
        await forget_bodies(tx)
        rows = await tx.fetch("select type, state, body from vendors_message order by id")
    left = [(row["type"], row["state"], sorted(msgspec.json.decode(row["body"]))) for row in rows]
    assert left[0] == ("short", "applied", ["forgotten", "lines"])
    assert left[1] == ("ship", "applied", ["forgotten"])
    assert len(left[2][2]) > 2
    assert left[3] == ("ship", "dismissed", ["forgotten"])
    assert await findings(played, "select 1") == []


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("update vendors_parcel_line set quantity = 1", "vendors.shipped_is_parcels"),
        ("update vendors_order_line set short = 2", "vendors.short_is_told"),
        ("update vendors_message set state = 'dismissed'", "vendors.short_is_told"),
        ("update vendors_order_line set invoiced = 1", "vendors.invoiced_is_accepted"),
        ("update vendors_invoice set accrued_minor = 700", "vendors.accrued_is_agreed"),
        ("update vendors_order set problems = '{silent}'", "vendors.problems_are_shown"),
        ("update vendors_order_line set quantity = 4", "vendors.orders_are_works"),
        ("update fulfillment_line set gone = 3", "vendors.gone_is_shipped"),
        (
            "delete from ledger_entry where cause_kind = 'vendors.VendorShipped'",
            "finance.supplies_posted",
        ),
        (
            "update ledger_posting set account = 'inventory' where account = 'cost_of_goods'",
            "finance.supplies_posted",
        ),
        (
            "update ledger_posting set minor = minor - 1 where account = 'payables'",
            "finance.supplies_posted",
        ),
    ],
)
async def test_a_planted_defect_is_found(played: Play, planted: str, rule: str):
    if "gone = 3" in planted:
        async with played.database.transaction(played.tenant) as tx:
            await tx.execute("alter table fulfillment_line drop constraint fulfillment_line_check")
    assert rule in {finding.rule for finding in await findings(played, planted)}
