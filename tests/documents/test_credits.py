"""What comes back is a credit note: at the rate of the sale, to the invoice of the sale."""

from crosslane import catalog, orders, organization
from crosslane.kernel import new_id
from crosslane.orders import CreditLine, CreditRequest, LineWish, NewCharge
from crosslane.platform import log
from crosslane.returns import BlindCharge, BlindUnits, BlindUnitsCredited
from tests.orders.world import view


async def credit(desk, order_id, lines, charges=(), cause_id=None):
    async with desk.transaction() as tx:
        asked = CreditRequest(
            order_id=order_id,
            cause_kind="return",
            cause_id=cause_id or new_id(),
            at=tx.now,
            lines=lines,
            charges=charges,
        )
        (done,) = await orders.credit(tx, [asked])
    assert isinstance(done, orders.Credited), done
    return done


async def test_units_that_come_back_are_credited_to_the_invoice_of_their_parcel(desk):
    placed = await desk.pack(LineWish(sku="MUG", quantity=3), "LAMP")
    await desk.hand_over(placed.id, "MUG")
    await desk.hand_over(placed.id, "LAMP")
    shown = await view(desk.database, desk.tenant, placed.id)
    mug, lamp = (next(line for line in shown.lines if line.sku == sku) for sku in ("MUG", "LAMP"))
    fee = NewCharge("fee", "kept back for the way", 250)
    done = await credit(desk, placed.id, [CreditLine(lamp.id, 1)], [fee])
    two = await credit(desk, placed.id, [CreditLine(mug.id, 2)])
    await desk.issue()
    first, second, of_lamp, of_mugs = await desk.of(placed.id)
    assert [one.number for one in (of_lamp, of_mugs)] == ["CRN-1", "CRN-2"]
    assert of_lamp.gross_minor == done.gross_minor == 2_499 - 250
    assert of_mugs.gross_minor == two.gross_minor == 1_200
    goods, kept = of_lamp.content.lines
    assert (goods.title, goods.quantity, goods.net_minor + goods.tax_minor) == (
        "Desk lamp",
        1,
        2_499,
    )
    assert (kept.charge_kind, kept.net_minor + kept.tax_minor) == ("fee", -250)
    assert kept.title == ""
    assert [ref.number for ref in of_lamp.content.references] == [second.number]
    assert [ref.number for ref in of_mugs.content.references] == [first.number]
    await desk.sound()


async def test_a_credit_without_an_invoice_of_ours_still_has_its_note(desk):
    await desk.decide({"issue": "never"})
    placed = await desk.sell("MUG")
    await desk.issue()
    await desk.decide({"issue": "always"})
    shown = await view(desk.database, desk.tenant, placed.id)
    await credit(desk, placed.id, [CreditLine(shown.lines[0].id, 1)])
    await desk.issue()
    (note,) = await desk.of(placed.id)
    assert (note.kind, note.content.references) == ("credit_note", [])
    assert note.content.order_number == placed.number
    await desk.sound()


async def test_goods_without_an_order_are_credited_in_the_channels_language(desk):
    async with desk.transaction() as tx:
        channel = (await organization.book(tx)).channel("web")
        (mug,) = (await catalog.variants_by_sku(tx, ["MUG"])).values()
        told = BlindUnitsCredited(
            return_id=new_id(),
            order_id=None,
            channel_id=channel.id,
            selling_entity=channel.entity,
            currency="GBP",
            units=[
                BlindUnits(
                    line_id=new_id(),
                    variant_id=mug.id,
                    location_id=new_id(),
                    quantity=2,
                    net_minor=1_000,
                    tax_minor=175,
                    tax_rate_bp=1750,
                    tax_class="standard",
                    jurisdiction="GB",
                )
            ],
            charges=[
                BlindCharge(
                    charge_id=new_id(),
                    charge_kind="fee",
                    net_minor=85,
                    tax_minor=15,
                    tax_rate_bp=1750,
                    jurisdiction="GB",
                )
            ],
            occurred_at=tx.now,
        )
        await log.append(tx, [told])
    await desk.issue()
    async with desk.transaction() as tx:
        row = await tx.fetchrow("select id, number, gross_minor, order_id from documents_document")
    assert (row["number"], row["gross_minor"], row["order_id"]) == ("CRN-1", 1_075, None)
    await desk.sound()
