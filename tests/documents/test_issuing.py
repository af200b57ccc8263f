"""Sales become invoices: one per cause, without gaps, and never changed afterwards."""

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from crosslane import customers, documents, organization
from crosslane.documents.service.personal import export, forget_buyers
from crosslane.kernel import new_id
from crosslane.orders import CHANGE_PRICE, ChangePrice, LineWish
from crosslane.platform.log import run_reaction
from tests.documents.conftest import SELLER
from tests.finance.test_books import till_sale
from tests.orders.world import place, view


async def test_goods_that_left_are_invoiced(desk):
    placed = await desk.sell(LineWish(sku="MUG", quantity=3), "SET")
    await desk.issue()
    (invoice,) = await desk.of(placed.id)
    shown = await view(desk.database, desk.tenant, placed.id)
    assert (invoice.kind, invoice.number) == ("invoice", "INV-1")
    assert invoice.gross_minor == shown.money.worth_minor
    assert invoice.buyer.lines[0] == "Ada Brown"
    content = invoice.content
    assert content.seller.vat_numbers == ["GB980780684"]
    assert content.seller.address == ["7 Wharf Road", "Derby", "DE1 2AA"]
    assert content.order_number == placed.number
    told = [(line.title, line.quantity, line.part_of) for line in content.lines]
    assert told == [
        ("Red mug", 3, ""),
        ("Red mug", 2, "Tea for two"),
        ("Tea spoon", 2, "Tea for two"),
        ("", 0, ""),
    ]
    assert content.lines[-1].charge_kind == "shipping"
    (tax,) = content.taxes
    assert (tax.tax_rate_bp, tax.net_minor + tax.tax_minor) == (2000, invoice.gross_minor)
    await desk.sound()


async def test_each_parcel_has_an_invoice_of_its_own(desk):
    placed = await desk.pack(LineWish(sku="MUG", quantity=3), "LAMP")
    await desk.hand_over(placed.id, "MUG", units=1)
    await desk.issue()
    await desk.hand_over(placed.id)
    await desk.issue()
    first, second = await desk.of(placed.id)
    assert [first.number, second.number] == ["INV-1", "INV-2"]
    assert [line.quantity for line in first.content.lines] == [1, 0]
    assert [line.quantity for line in second.content.lines] == [2, 1]
    worth = (await view(desk.database, desk.tenant, placed.id)).money.worth_minor
    assert first.gross_minor + second.gross_minor == worth
    await desk.sound()


async def test_a_price_lowered_later_is_a_credit_note_to_its_invoice(desk):
    placed = await desk.pack("MUG", "LAMP")
    await desk.hand_over(placed.id, "MUG")
    shown = await view(desk.database, desk.tenant, placed.id)
    lamp = next(line for line in shown.lines if line.sku == "LAMP")
    change = ChangePrice(
        order_id=placed.id, line_id=lamp.id, unit_price_milli=1_999_000, reason="Ada is a friend"
    )
    await desk.lanes.run(desk.tenant, CHANGE_PRICE, str(new_id()), change)
    await desk.issue()
    invoice, credit = await desk.of(placed.id)
    assert (credit.kind, credit.number, credit.gross_minor) == ("credit_note", "CRN-1", 500)
    (line,) = credit.content.lines
    assert (line.charge_kind, line.title, line.quantity) == ("price_change", "Desk lamp", 0)
    assert [one.number for one in credit.content.references] == [invoice.number]
    await desk.sound()


async def test_numbers_have_no_gaps_when_a_batch_fails_and_is_read_again(desk):
    for _ in range(3):
        await desk.sell("MUG")
    (reaction,) = documents.REACTIONS

    async def broken(tx, logged):
        await reaction.handle(tx, logged)
        raise ValueError("after numbers were taken")

    await run_reaction(desk.database, desk.tenant, replace(reaction, handle=broken))
    async with desk.transaction() as tx:
        await tx.execute("update platform_backlog set due_at = clock_timestamp()")
    await asyncio.gather(*(desk.issue() for _ in range(3)))
    async with desk.transaction() as tx:
        numbers = await tx.fetch("select number from documents_document order by number")
    assert [row["number"] for row in numbers] == ["INV-1", "INV-2", "INV-3"]
    await desk.sound()


async def test_events_read_again_have_one_document(desk):
    placed = await desk.sell("MUG")
    await desk.issue()
    async with desk.transaction() as tx:
        await tx.execute("delete from platform_cursor where reaction = 'documents.issue'")
    await desk.sell("LAMP")
    await desk.issue()
    assert [one.number for one in await desk.of(placed.id)] == ["INV-1"]
    await desk.sound()


async def test_a_till_prints_its_own_unless_it_is_asked_otherwise(desk):
    printed = await place(desk.lanes, desk.tenant, till_sale("MUG"))
    await desk.issue()
    assert await desk.of(printed.id) == []
    await desk.sound()
    await desk.decide({"issue": "always"}, channel="till")
    await desk.decide({"issue": "never"}, channel="web")
    invoiced = await place(desk.lanes, desk.tenant, till_sale("MUG"))
    silent = await desk.sell("MUG")
    await desk.issue()
    (one,) = await desk.of(invoiced.id)
    assert one.number == "INV-1"
    assert await desk.of(silent.id) == []
    await desk.sound()


async def test_what_was_issued_does_not_follow_later_changes(desk):
    placed = await desk.sell("MUG")
    await desk.issue()
    (before,) = await desk.of(placed.id)
    async with desk.transaction() as tx:
        await organization.put_entity(tx, replace(SELLER, name="Finch & Sons Ltd", address=()))
        await tx.execute("update orders_line set title = 'Blue mug'")
    (after,) = await desk.of(placed.id)
    assert after == before
    assert await documents.drawn(after) == await documents.drawn(before)


async def test_an_erased_customer_stays_on_documents_until_their_retention_ends(desk):
    placed = await desk.sell("MUG")
    await desk.issue()
    (invoice,) = await desk.of(placed.id)
    assert invoice.kept_until.year == invoice.issued_at.year + 10
    async with desk.transaction() as tx:
        told = await export(tx, frozenset([invoice.customer_id]))
        assert [one.number for one in told] == ["INV-1"]
        await customers.erase(tx, customers.EraseCustomer(invoice.customer_id, "she asked for it"))
        await forget_buyers(tx)
    (kept,) = await desk.of(placed.id)
    assert kept == invoice
    async with desk.transaction() as tx:
        past = invoice.issued_at.date() - timedelta(days=1)
        await tx.execute("update documents_document set kept_until = $1", past)
        await forget_buyers(tx)
    (blank,) = await desk.of(placed.id)
    assert blank.buyer.lines == []
    assert blank.content == invoice.content
