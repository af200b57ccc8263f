"""What is known of a return is looked up as the made-up years know it, by few statements."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from crosslane.bench.abuse_year import KINDS, Weighed, Year, draw_year, weigh_year
from crosslane.bench.abuse_year.drawing import Sale
from crosslane.kernel import new_id
from crosslane.platform.database import Database, Tx
from crosslane.returns import Abuse, Finding
from crosslane.returns.service.suspecting import Suspect, suspect
from crosslane.returns.storage import abuse as storage

BATCH = 60
STATEMENTS_MAX = 5

INSERT_ORDERS = """
insert into orders_order (id, number, channel_id, source_id, channel, entity, brand, market,
                          currency, locale, customer_id, placed_at, recorded_at, placed_by)
select id, source, $1, source, 'web', 'E', 'B', 'GB', 'GBP', 'en-GB', customer, at, at, 'test'
from unnest($2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[]) as w(id, source, customer, at)
"""
INSERT_LINES = """
insert into orders_line (id, order_id, position, cause, variant_id, sku, title, quantity, method,
                         unit_price_milli, net_minor, tax_minor, gross_minor, tax_rate_bp,
                         tax_class, jurisdiction, price_reasons)
select gen_random_uuid(), id, 1, 'cart', $1, 'A', 'A', 2, 'ship', 0, minor, 0, minor, 0, '', '',
       '{}'
from unnest($2::uuid[], $3::bigint[]) as w(id, minor)
"""


async def insert_orders(tx: Tx, sales: Sequence[Sale]) -> None:
    ids = [new_id() for _ in sales]
    named = [sale.receipt for sale in sales]
    customers, at = [sale.customer for sale in sales], [sale.at for sale in sales]
    await tx.execute(INSERT_ORDERS, new_id(), ids, named, customers, at)
    await tx.execute(INSERT_LINES, new_id(), ids, [sale.minor for sale in sales])


def with_names(year: Year) -> Year:
    """Let every card have a customer: orders know no others."""

    owners = {sale.card: sale.customer for sale in year.sales if sale.customer}

    def named(customer: UUID | None, card: str) -> UUID | None:
        return customer or (owners.get(card, uuid5(NAMESPACE_OID, card)) if card else None)

    sales = {
        sale.receipt: msgspec.structs.replace(sale, customer=named(sale.customer, sale.card))
        for sale in year.sales
    }
    backs = [
        msgspec.structs.replace(
            back, sale=sales[back.sale.receipt], customer=named(back.customer, back.card)
        )
        for back in year.backs
    ]
    return Year(sales=list(sales.values()), backs=backs)


def suspect_of(one: Weighed) -> Suspect:
    sold = {sku: units for sku, (units, _) in one.back.sale.lines.items()}
    known = one.back.with_receipt and one.back.known_receipt
    return Suspect(trait=one.trait, sold=sold if known else None, policy=Abuse())


async def test_a_year_is_found_out_as_it_is_in_memory(database: Database, tenant: str):
    year = with_names(draw_year(601, people=150, planted=2))
    told = weigh_year(year, Abuse())
    assert {kind for one in told for kind in one.held} == set(KINDS)
    async with database.transaction(tenant) as tx:
        await insert_orders(tx, [sale for sale in year.sales if sale.customer])
    found: dict[UUID, list[Finding]] = {}
    for begin in range(0, len(told), BATCH):
        async with database.transaction(tenant) as tx:
            before = tx.statements
            found |= await suspect(tx, [suspect_of(one) for one in told[begin : begin + BATCH]])
            assert tx.statements - before <= STATEMENTS_MAX
    assert found == {one.trait.return_id: one.findings for one in told if one.findings}
    async with database.transaction(tenant, read_only=True) as tx:
        kept = await storage.list_findings(tx, limit=10_000)
    assert len(kept) == sum(map(len, found.values()))
    assert all(one.score == sum(reason.points for reason in one.reasons) for one in kept)


async def test_what_a_person_cleared_is_trusted_and_weighing_again_changes_no_word(
    database: Database, tenant: str
):
    year = with_names(draw_year(602, people=20, planted=1))
    told = weigh_year(year, Abuse())
    async with database.transaction(tenant) as tx:
        await insert_orders(tx, [sale for sale in year.sales if sale.customer])
        await suspect(tx, [suspect_of(one) for one in told])
        held = next(one for one in told if "serial_returner" in one.held)
        return_id = held.trait.return_id
        verdict = storage.Verdict(
            return_id=return_id, outcome="cleared", reason="buys for a school", actor="staff:1"
        )
        await storage.decide_findings(tx, [verdict])
        again = msgspec.structs.replace(
            held.trait, return_id=new_id(), at=held.trait.at + timedelta(hours=1), receipt="other"
        )
        one = msgspec.structs.replace(suspect_of(held), trait=again)
        found = await suspect(tx, [one])
        assert [f.held for f in found[again.return_id] if f.kind == "serial_returner"] == [False]
        await suspect(tx, [suspect_of(held)])
        (kept, *_) = await storage.list_findings(tx, return_ids=[return_id], limit=10)
    assert (kept.outcome, kept.reason, kept.decided_by) == (
        "cleared",
        "buys for a school",
        "staff:1",
    )
