from crosslane import documents, locations
from crosslane.kernel import new_id
from tests.edge import clients
from tests.finance.test_books import till_sale
from tests.orders.world import place


async def test_documents_are_listed_shown_and_downloaded(desk):
    placed = await desk.sell("MUG")
    other = await desk.sell("LAMP")
    await desk.issue()
    async with clients(documents.ROUTES, desk.database, desk.lanes, desk.tenant) as client:
        staff = client("documents:read", "documents:list")
        listed = (await staff.get(f"orders/{placed.number}/documents")).json()
        assert [one["number"] for one in listed] == ["INV-1"]
        answer = (await staff.get("documents", params={"entity": "mf", "limit": 1})).json()
        assert [one["number"] for one in answer["items"]] == ["INV-2"]
        after = {"entity": "mf", "limit": 1, "cursor": answer["next_cursor"]}
        answer = (await staff.get("documents", params=after)).json()
        assert [one["number"] for one in answer["items"]] == ["INV-1"]
        notes = (await staff.get("documents", params={"kind": "credit_note"})).json()
        assert notes["items"] == []
        shown = (await staff.get(f"documents/{listed[0]['id']}")).json()
        assert shown["content"]["order_number"] == placed.number
        assert shown["buyer"]["lines"][0] == "Ada Brown"
        pdf = await staff.get(f"documents/{listed[0]['id']}/pdf")
        assert pdf.headers["content-type"] == "application/pdf"
        assert "INV-1.pdf" in pdf.headers["content-disposition"]
        assert pdf.content.startswith(b"%PDF")
        again = await staff.get(f"documents/{listed[0]['id']}/pdf")
        assert again.content == pdf.content
        assert (await staff.get(f"documents/{new_id()}")).status_code == 404
        assert (await staff.get(f"orders/{new_id()}/documents")).status_code == 404
        assert (await client("orders:read").get("documents")).status_code == 403
        assert other.number not in pdf.text


async def test_a_store_sees_documents_of_its_own_orders_only(desk):
    await desk.decide({"issue": "always"}, channel="till")
    placed = await desk.sell("MUG")
    sold = await place(desk.lanes, desk.tenant, till_sale("MUG"))
    await desk.issue()
    (elsewhere,), (own,) = await desk.of(placed.id), await desk.of(sold.id)
    async with desk.transaction() as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
    async with clients(documents.ROUTES, desk.database, desk.lanes, desk.tenant) as client:
        associate = client("documents:read", location_id=store)
        assert (await associate.get(f"documents/{own.id}")).status_code == 200
        assert (await associate.get(f"documents/{elsewhere.id}")).status_code == 404
        assert (await associate.get(f"documents/{elsewhere.id}/pdf")).status_code == 404
        assert (await associate.get("documents")).status_code == 403
