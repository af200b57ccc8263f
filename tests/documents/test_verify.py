"""Verify finds each planted defect of documents."""

import pytest

from crosslane.kernel import new_id
from crosslane.orders import CHANGE_PRICE, ChangePrice
from crosslane.verify import verify
from crosslane.verify.documents import RULES
from tests.orders.world import view


@pytest.mark.parametrize(
    ("planted", "rules"),
    [
        ("select 1", set()),
        (
            "delete from documents_document where number = 'INV-1'",
            {"no_gaps", "every_cause", "corrects_its_order"},
        ),
        ("update documents_document set number = 'INV-7' where number = 'INV-2'", {"no_gaps"}),
        (
            "update organization_invoice_series set next_number = next_number + 1"
            " where kind = 'credit_note'",
            {"no_gaps"},
        ),
        (
            "update documents_document set net_minor = net_minor + 1, gross_minor = gross_minor + 1"
            " where kind = 'credit_note'",
            {"amounts_of_the_cause"},
        ),
        (
            "update documents_document set content ="
            " jsonb_set(content, '{lines,0,tax_minor}', '1') where number = 'INV-1'",
            {"amounts_of_the_cause"},
        ),
        (
            "update documents_document set content ="
            " jsonb_set(content, '{taxes,0,net_minor}', '1') where number = 'INV-1'",
            {"amounts_of_the_cause"},
        ),
        (
            "update documents_document set cause_id = 'order:x#1' where number = 'INV-1'",
            {"amounts_of_the_cause", "every_cause"},
        ),
        (
            "update documents_document set content = jsonb_set(content, '{references,0,number}',"
            " '\"INV-9\"') where kind = 'credit_note'",
            {"corrects_its_order"},
        ),
    ],
)
async def test_planted_defects_are_found(desk, planted, rules):
    placed = await desk.pack("MUG", "LAMP")
    await desk.hand_over(placed.id, "MUG")
    shown = await view(desk.database, desk.tenant, placed.id)
    lamp = next(line for line in shown.lines if line.sku == "LAMP")
    change = ChangePrice(
        order_id=placed.id, line_id=lamp.id, unit_price_milli=1_999_000, reason="late"
    )
    await desk.lanes.run(desk.tenant, CHANGE_PRICE, str(new_id()), change)
    await desk.hand_over(placed.id)
    await desk.issue()
    async with desk.transaction() as tx:
        await tx.execute(planted)
        found = {finding.rule.removeprefix("documents.") for finding in await verify(tx, RULES)}
    assert found == rules
