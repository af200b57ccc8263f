"""Any document as EN 16931 has it: of the same sums, and held to the rules."""

from crosslane import channels, organization
from crosslane.organization import PutEntity
from tests.channels.schemas.ubl import found_by_rules, found_by_schema
from tests.edge import clients


async def test_a_document_of_any_channel_is_written_as_an_e_invoice(desk):
    placed = await desk.sell("LAMP", "MUG")
    await desk.issue()
    (told,) = await desk.of(placed.id)
    async with desk.transaction() as tx:
        await organization.put_entity(tx, PutEntity("mf", "Marlow & Finch Ltd", "GB", "GBP"))
    other = await desk.sell("MUG")
    await desk.issue()
    (bare,) = await desk.of(other.id)
    async with clients(channels.ROUTES, desk.database, desk.lanes, desk.tenant) as client:
        staff = client("documents:read")
        # It bears tax, and nobody's number for it.
        refused = await staff.get(f"documents/{bare.id}/ubl")
        assert (refused.status_code, refused.json()["code"]) == (409, "not-an-e-invoice")
        answer = await staff.get(f"documents/{told.id}/ubl")
        assert answer.headers["content-type"] == "application/xml"
        assert f"Invoice-{told.number}.xml" in answer.headers["content-disposition"]
        assert found_by_schema(answer.content) == []
        assert found_by_rules(answer.content, core=True) == []
        total = f"{told.gross_minor // 100}.{told.gross_minor % 100:02}"
        assert f">{total}</cbc:TaxInclusiveAmount>" in answer.text
        assert "<cbc:PostalZone>OX1 4AA</cbc:PostalZone>" in answer.text
        assert (await client("orders:read").get(f"documents/{told.id}/ubl")).status_code == 403
