"""What partners order in without saying how much it is: counted as agreed on, and told back so."""

from decimal import Decimal

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import Pack, Packs
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.kernel import line_amount
from tests.channels import edifact, edifact_partner, tradacoms, ubl, x12_partner
from tests.channels.bazaar import Bazaar
from tests.channels.edi_saying import NOW
from tests.channels.reading import read
from tests.channels.telling import outgoing, tell
from tests.channels.test_edifact import FIXTURES
from tests.channels.test_x12 import CHANGE, ORDER, wrapped
from tests.orders.world import give_credit, set_policy

MUG, UPC = "MUG", "036000291452"


def packs(**rows: int) -> Packs:
    """What is agreed on, of all articles; ``CA_MUG`` is that of one."""
    told = ((*(*name.split("_"), "")[:2], pieces) for name, pieces in rows.items())
    return Packs(tuple(Pack(unit=u, article=a, pieces=n) for u, a, n in told))


def x12(text: str, agreed: Packs, kind: str = "PO"):
    (reading,) = read("x12", wrapped(text, kind=kind).encode(), packs=agreed)
    return reading


def of_edifact(text: str, agreed: Packs):
    (reading,) = read("edifact", edifact.wrapped(text).encode(), packs=agreed, currency="EUR")
    return reading


def of_ubl(inner: str, agreed: Packs, name: str = "Order"):
    (reading,) = read("ubl", ubl.document(name, inner).encode(), packs=agreed)
    return reading


def test_an_article_of_its_own_goes_before_all_others_and_letters_have_no_size():
    agreed = packs(CA=12, CA_MUG=6, ca_UPC=8, KGM=1_000)
    assert agreed.pieces("CA") == 12
    assert agreed.pieces("ca", "", "BOWL", "") == 12
    assert agreed.pieces("CA", "MUG", "UPC") == 6
    assert agreed.pieces("CA", "BOWL", "UPC") == 8
    assert agreed.pieces("CS", "MUG") is None
    assert packs(CS_MUG=6).pieces("CS", "BOWL") is None
    assert Packs((Pack(unit="CA", pieces=2), Pack(unit="CA", pieces=3))).pieces("CA") == 3


@pytest.mark.parametrize(
    "wrong", [{"pieces": 0}, {"pieces": 1_000_001}, {"unit": ""}, {"unit": "X" * 21}, {"each": 1}]
)
def test_what_is_agreed_on_has_limits(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"packs": [{"unit": "CA", "pieces": 12, **wrong}]}, Packs)


@pytest.mark.parametrize(
    ("line", "agreed", "quantity", "each"),
    [
        ("*12*CA*48*UM", packs(CA=24), 288, 200_000),
        ("*12*CA*2*PE", packs(CA=24), 288, 200_000),
        ("*12*CA*48*", packs(CA=12, CA_MUG=24), 288, 200_000),
        ("*12*CA*48*", packs(**{"CA": 12, f"CA_{UPC}": 24}), 288, 200_000),
        ("*12*CA*48*", packs(**{"CA": 12, "CA_77-1": 24}), 288, 200_000),
        ("*12*CA*48*", packs(CA=12, CA_BOWL=24), 144, 400_000),
        # What a code means by itself is open to agreement, too.
        ("*2*ST*12*", packs(ST=6), 12, 200_000),
        ("*2*EA*12*PE", packs(EA=6), 12, 1_200_000),
        ("*2*DZ*26*", packs(DZ=13), 26, 200_000),
        # Half a case of twelve is six pieces, two and a half kilograms are as many grams.
        ("*0.5*CA*24*", packs(CA=12), 6, 200_000),
        ("*2.5*KG*12.4*PE", packs(KG=1_000), 2_500, 1_240),
        ("*2.5*KG*12.4*PK", packs(KG=1_000), 2_500, 1_240),
        ("*2.5*KG*1240*HP", packs(KG=1_000), 2_500, 1_240),
    ],
)
def test_x12_counts_as_agreed_on(line, agreed, quantity, each):
    (order,) = x12(ORDER.replace("*12*EA*9.25*PE", line), agreed).messages
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (quantity, each)
    assert (order.lines[0].note, order.stops) == ("Blue", ())


@pytest.mark.parametrize(
    ("unit", "more", "agreed", "quantity", "price"),
    [
        ("21:2:CT", "", packs(CT=6), 12, None),
        ("21:2:CT", "\nPRI+AAA:30", packs(CT=6, CT_BOWL=3), 6, 10_00_000),
        ("21:2:CT", "\nPRI+AAA:30:::2:CT", packs(CT=6), 12, 250_000),
        ("21:2:CT", "\nPRI+AAA:5:::1:PCE", packs(CT=6), 12, 500_000),
        ("21:2,5:KGM", "\nPRI+AAA:12,40", packs(KGM=1_000), 2_500, 1_240),
        ("21:2,5:KGM", "\nPRI+AAA:12,40:::1:KGM", packs(KGM=1_000), 2_500, 1_240),
    ],
)
def test_edifact_counts_as_agreed_on(unit, more, agreed, quantity, price):
    text = edifact_partner.ASKED.replace("21:2:CT\nQTY+59:24\nPRI+AAA:120", unit + more)
    (order,) = of_edifact(text, agreed).messages
    assert (order.lines[1].quantity, order.lines[1].unit_price_milli) == (quantity, price)
    assert order.stops == ()


@pytest.mark.parametrize(
    ("unit", "quantity", "price", "agreed", "pieces", "milli"),
    [
        ("CS", "2", "55.50", packs(CS=6), 12, 925_000),
        ("xbx", "2", "55.50", packs(XBX=3, XBX_MUG=6), 12, 925_000),
        ("KGM", "2.5", "44.40", packs(KGM=1_000), 2_500, 4_440),
        ("PR", "6", "18.50", packs(PR=2), 12, 925_000),
    ],
)
def test_ubl_counts_as_agreed_on(unit, quantity, price, agreed, pieces, milli):
    text = ubl.ORDER.replace('unitCode="C62">12<', f'unitCode="{unit}">{quantity}<')
    text = text.replace('EUR">9.25<', f'EUR">{price}<')
    (order,) = of_ubl(text, agreed).messages
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (pieces, milli)
    assert (order.lines[0].note, order.stops) == ("Blue", ())


def test_tradacoms_counts_measures_as_agreed_on():
    line = "::KG+:2500:KG+18500:KG+P+"
    text = tradacoms.ORDER.replace("12+2+1110000+P+", line)
    raw = tradacoms.sent(*tradacoms.filed(text)).encode()
    (reading,) = read("tradacoms", raw, packs=packs(KG=100, KG_MUG=1_000))
    (order,) = reading.messages
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (2_500, 185)
    assert order.stops == ()
    (reading,) = read("tradacoms", raw)
    assert (reading.fault.code, reading.fault.pointer) == ("invalid-field", "/5/OLD06.2")
    assert "“What a channel orders in” names no smaller ones" in reading.fault.detail


def test_a_package_of_ubl_may_say_what_it_holds_and_its_price_may_be_for_a_piece():
    text = ubl.ORDER.replace('unitCode="C62">12<', 'unitCode="CS">2<').replace(
        "<a:Item>", "<a:Item><b:PackSizeNumeric>6</b:PackSizeNumeric>"
    )
    each = '9.25</b:PriceAmount><b:BaseQuantity unitCode="C62">1</b:BaseQuantity>'
    (order,) = of_ubl(text.replace("9.25</b:PriceAmount>", each), Packs()).messages
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (12, 925_000)
    assert (order.lines[0].note, order.stops) == ("Blue", ())


DOUBT = "Line 1: A {} is {} pieces here, {} by the channel's rule “What a channel orders in”"


def test_what_a_line_says_counts_and_a_person_looks_where_it_is_not_what_was_agreed_on():
    told = ORDER.replace("*12*EA*9.25*PE", "*12*CA*48*UM").replace("CTT", "PO4*24\nCTT")
    (order,) = x12(told, packs(CA=12)).messages
    assert order.lines[0].quantity == 288
    assert [stop.reason for stop in order.stops] == [DOUBT.format("CA", 24, 12)]
    assert x12(told, packs(CA=12, CA_MUG=24)).messages[0].stops == ()

    told = edifact.ORDER.replace("21:12:PCE", "21:2:CT\nQTY+59:6").replace("9,25", "55.5")
    (order,) = of_edifact(told, packs(CT=12)).messages
    assert order.lines[0].quantity == 12
    assert [stop.reason for stop in order.stops] == [DOUBT.format("CT", 6, 12)]

    told = ubl.ORDER.replace('unitCode="C62">12<', 'unitCode="CS">2<').replace(
        "<a:Item>", "<a:Item><b:PackSizeNumeric>6</b:PackSizeNumeric>"
    )
    (order,) = of_ubl(told.replace(">9.25<", ">55.50<"), packs(CS=24)).messages
    assert order.lines[0].quantity == 12
    assert [stop.reason for stop in order.stops] == [DOUBT.format("CS", 6, 24)]


def test_an_order_that_is_in_doubt_for_many_reasons_still_waits():
    lines = "".join(f"PO1*{n}*1*CA***VN*A{n}\nPO4*6\n" for n in range(2, 9))
    told = ORDER.replace("PO1*1*12*EA", "PO1*1*12*KG").replace("CTT*1", f"{lines}CTT*8")
    (order,) = x12(told.replace("*00*SA", "*00*BK"), packs(CA=12)).messages
    assert len(order.stops) == 4
    assert order.stops[-1].reason.startswith("6 more doubts, the first: Line 3: A CA is 6")


@pytest.mark.parametrize(
    ("reading", "pointer"),
    [
        (
            x12(
                CHANGE.replace("15**EA*9.00*PE", "15**CA*48*UM").replace("POC*2", "PO4*6\nPOC*2"),
                packs(CA=12),
            ),
            "/3/POC05",
        ),
        (
            of_edifact(
                edifact.CHANGE.replace("21:15:PCE", "21:15:CT\nQTY+59:24"), packs(CT=12)
            ),
            "/6/QTY01.3",
        ),
        (of_edifact(edifact.SHIPMENT.replace("12:2:DZN", "12:2:CT\nQTY+59:24"), packs(CT=12)),
         "/14/QTY01.3"),
        (
            of_ubl(
                ubl.CHANGE.replace("{more}", "")
                .replace('unitCode="C62">12<', 'unitCode="CS">2<')
                .replace("<a:Item>", "<a:Item><b:PackSizeNumeric>6</b:PackSizeNumeric>"),
                packs(CS=12),
                "OrderChange",
            ),
            "/OrderLine[1]/LineItem/Quantity/@unitCode",
        ),
    ],
)  # fmt: skip
def test_what_cannot_wait_for_a_person_is_kept_back_when_it_is_in_doubt(reading, pointer):
    assert reading.fault is not None
    assert (reading.fault.code, reading.fault.pointer) == ("unit-in-doubt", pointer)


def test_changes_stock_and_shipments_are_counted_as_agreed_on():
    (change,) = x12(CHANGE.replace("*15**EA*9.00*PE", "*15**CA*48*UM"), packs(CA=24)).messages
    assert (change.lines[0].quantity, change.lines[0].unit_price_milli) == (360, 200_000)
    stock = "846\nBIA*00*SI*INV-1*20260104\nN1*WH*Mill*92*W1\nLIN**BP*MUG\nQTY*33*4*CA\nCTT*1"
    (supply,) = x12(stock, packs(CA=6, CA_BOWL=9), "IB").messages
    assert [(row.sku, row.quantity) for row in supply.rows] == [("MUG", 24)]

    (change,) = of_edifact(edifact.CHANGE.replace("15:PCE", "15:CT"), packs(CT=6)).messages
    assert [line.quantity for line in change.lines] == [90, 0, 2]
    sent, _ = of_edifact(edifact.SHIPMENT.replace("2:DZN", "2:CT"), packs(CT_MUG=6)).messages
    assert [goods.quantity for goods in sent.lines] == [12]

    text = ubl.CHANGE.replace("{more}", "").replace('"C62">12<', '"CS">2<').replace("9.25", "55.5")
    (change,) = of_ubl(text, packs(CS_MUG=6), "OrderChange").messages
    assert (change.lines[0].quantity, change.lines[0].unit_price_milli) == (12, 925_000)


@pytest.mark.parametrize("stem", ["example_order_ok", "example_order_error"])
def test_published_orders_in_bundles_that_nobody_counts_are_understood(stem):
    raw = (FIXTURES / f"php_edifact/{stem}.edi").read_bytes()
    (reading,) = read("edifact", raw, currency="EUR")
    assert (reading.fault and reading.fault.code) == "unit-unknown"
    alone = dict.fromkeys(("STK", "PACK", "EIM", "BTL"), 1)
    (reading,) = read(
        "edifact", raw, currency="EUR", packs=packs(**alone, SCHA=2, GBND=4, GBND_1129=6)
    )
    (order,) = reading.messages
    # By the same article of which bundles are ordered beside single bags.
    bags = [line.quantity for line in order.lines if line.sku == "5519"]
    assert (len(order.lines), bags) == (146, [12, 8])
    assert next(line.quantity for line in order.lines if line.sku == "1129") == 6
    assert [stop.reason for stop in order.stops] == ["The interchange says it is a test"]


def test_what_was_ordered_by_the_case_is_told_by_the_case_whatever_is_agreed_on_since():
    text = x12_partner.ASKED.replace("PO4*24\n", "")
    (order,) = x12(text, packs(CA=24)).messages
    assert [told for place, told in order.rest.items() if place.endswith("/each")] == ["24"]
    said = x12_partner.reply(ReplyLine(id="20", sku="BOWL", quantity=48), order="PO-1-R7")
    told = x12_partner.sound("order_reply", said, order=order)
    assert x12_partner.segments(told, "PO1", "ACK") == [
        "PO1*20*2*CA*120*UM*VP*BOWL*BP*77-2",
        "ACK*IA*2*CA",
    ]
    goods = MovedGoods(id="20", sku="BOWL", quantity=24)
    told = x12_partner.sound("fulfillment", x12_partner.shipped(goods), order=order)
    assert x12_partner.segments(told, "SN1", "PO4") == ["SN1*20*1*CA**2*CA", "PO4*24"]

    text = edifact_partner.ASKED.replace("QTY+59:24\n", "").replace("21:2:CT", "21:2.5:KGM")
    (order,) = of_edifact(text, packs(KGM=1_000)).messages
    line = ReplyLine(id="20", sku="BOWL", quantity=1_500, cancelled=1_000)
    said = edifact_partner.sound(
        "order_reply", x12_partner.edi_saying.reply(line, outcome="changed"), order=order
    )
    assert edifact_partner.segments(said, "QTY", "PRI") == [
        "QTY+21:2.5:KGM",
        "QTY+113:1.5:KGM",
        "PRI+AAA:120:::1:KGM",
    ]


def test_each_store_is_told_in_cases():
    text = ORDER.replace("*12*EA*9.25*PE", "*3*CA*12*").replace(
        "PID", "SDQ*CA*92*0001*1*0002*2\nPID"
    )
    one, two = x12(text, packs(CA=6)).messages
    assert [part.lines[0].quantity for part in (one, two)] == [6, 12]
    said = x12_partner.edi_saying.reply(ReplyLine(id="1", quantity=12), order="PO-1/0002")
    told = x12_partner.sound("order_reply", said, order=two)
    assert x12_partner.segments(told, "SDQ") == ["SDQ*CA*92*0002*2"]


def ubl_told(order, message, kind="OrderLine"):
    told = tell("ubl", [outgoing(message, order=order)])
    root = fromstring(told.asked[0].body)
    return root, "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


def test_ubl_is_told_in_the_package_that_was_ordered():
    text = ubl.ORDER.replace('unitCode="C62">12<', 'unitCode="CS">2<').replace("9.25", "55.5")
    (order,) = of_ubl(text, packs(CS=6)).messages
    line = ReplyLine(id="1", quantity=6, cancelled=5, backordered=1, unit_price_milli=925_000)
    said = OrderReply(
        source_id="R", event_at=NOW, order="PO-1", ours="CL", outcome="changed", lines=(line,)
    )
    root, basic = ubl_told(order, said)
    quantity = next(root.iter(f"{basic}Quantity"))
    assert (quantity.text, quantity.get("unitCode")) == ("1", "CS")
    # What is no whole case is told by the piece.
    later = next(root.iter(f"{basic}MaximumBackorderQuantity"))
    assert (later.text, later.get("unitCode")) == ("1", "C62")
    assert next(root.iter(f"{basic}PriceAmount")).text == "55.50"
    moved = FulfillmentEvent(
        source_id="S",
        event_at=NOW,
        order="PO-1",
        step="shipped",
        lines=(MovedGoods(id="1", quantity=12),),
    )
    root, basic = ubl_told(order, moved)
    sent = next(root.iter(f"{basic}DeliveredQuantity"))
    assert (sent.text, sent.get("unitCode")) == ("2", "CS")


@given(
    cases=st.integers(1, 10_000),
    each=st.integers(1, 1_000),
    cents=st.integers(0, 10**7),
)
def test_a_price_of_a_case_never_changes_what_the_line_costs(cases, each, cents):
    price = Decimal(cents) / 100
    reading = x12(ORDER.replace("*12*EA*9.25*PE", f"*{cases}*CA*{price}*UM"), packs(CA=each))
    if reading.fault is not None:
        assert (reading.fault.code, reading.fault.pointer) == ("invalid-field", "/8/PO104")
        assert cents * 1_000 % each
        return
    (line,) = reading.messages[0].lines
    assert line.quantity == cases * each
    assert line_amount(line.unit_price_milli, line.quantity) == cases * cents


async def test_an_order_that_was_kept_back_is_placed_once_it_is_agreed_what_a_case_is(
    bazaar: Bazaar,
):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await give_credit(tx, "4012345000009", 100_000)
    order = edifact.ORDER.replace("EUR:9", "GBP:9").replace("MOA+86:111", "MOA+86:18,50")
    order = order.replace("Town++44139+DE", "Oxford++OX1 4AA+GB").replace("21:12:PCE", "21:1:CT")
    await bazaar.send(edifact.wrapped(order.replace("9,25", "18,50")), format="edifact")
    (kept,) = await bazaar.messages()
    assert (kept.state, kept.code) == ("quarantined", "unit-unknown")
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        rule = {"packs": [{"unit": "CT", "article": "MUG", "pieces": 2}]}
        await set_policy(tx, "channels.packs", rule, "bazaar")
    await bazaar.replay(channel="bazaar", code="unit-unknown")
    assert [(one.kind, one.state) for one in await bazaar.messages()] == [("order", "applied")]
    assert await bazaar.units("PO-1") == {"MUG": 2}
    await bazaar.assert_sound()
