"""X12: what partners write within the standard in other ways than most."""

import pytest

from tests.channels.reading import read
from tests.channels.test_x12 import CHANGE, ORDER, fault, said, wrapped


@pytest.mark.parametrize("kind", ["BK", "BL", "CF", "IN"])
def test_what_is_no_order_for_goods_now_waits_for_somebody(kind):
    (order,) = said(ORDER.replace("BEG*00*SA", f"BEG*00*{kind}"))
    assert [(stop.kind, kind in stop.reason) for stop in order.stops] == [("manual", True)]


@pytest.mark.parametrize(("purpose", "stops"), [("00", 0), ("07", 0), ("06", 1), ("22", 1)])
def test_what_an_order_is_for_decides_whether_it_goes_on(purpose, stops):
    (order,) = said(ORDER.replace("BEG*00", f"BEG*{purpose}"))
    assert len(order.stops) == stops


@pytest.mark.parametrize(
    ("line", "prices", "milli"),
    [
        ("*12*EA", "CTP**NET*9.25", 925_000),
        ("*12*EA", "CTP**RES*15\nCTP**CON*9.25", 925_000),
        ("*2*CA", "PO4*6\nCTP**UCP*12", 200_000),
        # What they cost who buy more, and what a shop sells them for, are no prices of it.
        ("*12*EA", "CTP**UCP*9.25*100*EA", None),
        ("*12*EA", "CTP**MSR*15", None),
        ("*12*EA**NC", "", 0),
        ("*12*EA*0*NC", "", 0),
        ("*12*EA", "", None),
    ],
)
def test_a_price_may_be_told_beside_the_line(line, prices, milli):
    start, _, rest = ORDER.partition("*12*EA*9.25*PE")
    dots = "*" * (4 - line.count("*"))
    text = start + line + dots + rest.replace("\nPID", f"\n{prices}\nPID" if prices else "\nPID")
    (order,) = said(text)
    assert order.lines[0].unit_price_milli == milli


def test_stores_may_get_pieces_of_what_is_ordered_by_cases():
    text = ORDER.replace("*12*EA", "*2*CA").replace("PID", "PO4*6\nSDQ*EA*92*0001*4*0002*8\nPID")
    assert [one.lines[0].quantity for one in said(text)] == [4, 8]


def test_a_line_may_name_where_it_goes():
    other = "PO1*2*3*EA*1*PE*VN*BOWL\nN1*ST*Shop 2*92*0002\nN3*2 Side St\nN4*Town*OH*44139\nCTT*2"
    own, second = sorted(said(ORDER.replace("CTT*1", other)), key=lambda one: one.source_id)
    assert [(one.lines[0].sku, one.ship_to.lines) for one in (own, second)] == [
        ("MUG", ("1 High St",)),
        ("BOWL", ("2 Side St",)),
    ]


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (ORDER.replace("PO1", "N1*ST*Shop 2*92*0002\nPO1"), "/8/N104"),
        (ORDER.replace("CTT", "N1*ST*Shop 2*92*2\nN1*ST*Shop 3*92*3\nCTT"), "/12/N104"),
    ],
)
def test_what_goes_where_has_to_be_told(text, pointer):
    found = fault(text)
    assert (found.code, found.pointer) == ("store-count", pointer)


@pytest.mark.parametrize(
    ("party", "lines"),
    [("N1*BY*Shops*92*77\nN3*9 Main St\nN4*Town*OH*44139", ("9 Main St",)), ("N1*BY*Shops", None)],
)
def test_goods_go_to_the_buyer_where_nobody_else_is_named(party, lines):
    text = ORDER.replace("N1*ST*Shop 1*92*0001\nN3*1 High St\nN4*Town*OH*44139\n", "")
    (order,) = said(text.replace("N1*BY*Shops*92*77", party))
    assert (order.ship_to and order.ship_to.lines) == lines


def test_one_party_may_get_goods_and_bill():
    (order,) = said(ORDER.replace("N1*ST", "N1*BS"))
    assert order.ship_to == order.bill_to
    assert (order.bill_to.lines, order.buyer.account_number) == (("1 High St",), "77")


def test_a_change_that_says_nothing_is_refused():
    found = fault(CHANGE.partition("\nPOC")[0])
    assert (found.code, found.pointer) == ("says-nothing", "/POC")


@pytest.mark.parametrize("unit", ["PR", "ST", "KT", "AS"])
def test_what_is_sold_as_one_is_a_piece(unit):
    (order,) = said(ORDER.replace("*12*EA", f"*12*{unit}"))
    assert (order.lines[0].quantity, order.stops) == (12, ())


SUPPLY = """846
BIA*00*DD*INV-1*20260105*0930
LIN*1*IN*MUG
{told}
CTT*1"""


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("QTY*33*2*DZ", [("BUYER", 24)]),
        ("PO4*6\nQTY*33*2*CA", [("BUYER", 12)]),
        ("SDQ*EA*92*S1*4*S2*0", [("S1", 4), ("S2", 0)]),
        ("QTY*33*4\nN1*WH*Hub*92*W1\nQTY*33*5\nN1*WH*Hub*92*W2", [("W1", 4), ("W2", 5)]),
        ("N1*WH*Hub*92*W1\nQTY*33*4\nN1*WH*Hub*92*W2\nQTY*33*5", [("W1", 4), ("W2", 5)]),
    ],
)
def test_stock_is_told_in_packs_and_for_several_places(told, found):
    rows = {one.location: one.rows[0].quantity for one in said(SUPPLY.format(told=told), kind="IB")}
    assert rows == dict(found)


@pytest.mark.parametrize(
    ("told", "code", "pointer"),
    [
        ("QTY*33*2*CA", "unit-unknown", "/4/QTY03"),
        ("QTY*33*4*EA\nQTY*33*5*EA", "stock-twice", "/5/QTY02"),
    ],
)
def test_stock_that_nobody_counts_is_not_guessed(told, code, pointer):
    found = fault(SUPPLY.format(told=told))
    assert (found.code, found.pointer) == (code, pointer)


SHIPMENT = """856
BSN*00*SH-1*20260105*0930*0004
HL*1**S
{top}
HL*2*1*O
{order}
HL*3*2*I
LIN*1*IN*MUG
SN1*1*{sent}
CTT*{count}"""


def shipped(top="TD1", order="PRF*PO-9", sent="2*EA", count="3"):
    return SHIPMENT.format(top=top, order=order, sent=sent, count=count)


def test_a_shipment_is_counted_in_pieces():
    (event,) = said(shipped(sent="2*DZ"), kind="SH")
    assert event.lines[0].quantity == 24
    found = fault(shipped(sent="2*CA"))
    assert (found.code, found.pointer) == ("unit-unknown", "/9/SN103")


def test_the_order_of_a_shipment_may_be_told_at_its_top():
    (event,) = said(shipped(top="PRF*PO-9", order="REF*IA*1"), kind="SH")
    assert (event.order, event.lines[0].quantity) == ("PO-9", 2)


def test_levels_of_a_shipment_are_counted_or_what_lies_in_them():
    assert said(shipped(count="1"), kind="SH") == said(shipped(), kind="SH")
    assert fault(shipped(count="2")).code == "line-count"


def test_a_shipment_without_levels_is_refused():
    found = fault(shipped().partition("\nHL")[0])
    assert (found.code, found.pointer) == ("field-missing", "/3/HL")


@pytest.mark.parametrize(
    ("line", "milli"),
    [("*12*LB*9.25*PP", 925_000), ("*300*FT*5*HF", 5_000), ("*12*EA*0*TB", None)],
)
def test_a_price_by_measure_is_for_what_is_ordered_so(line, milli):
    (order,) = said(ORDER.replace("*12*EA*9.25*PE", line))
    assert order.lines[0].unit_price_milli == milli


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (ORDER.replace("*12*EA*9.25*PE", "*12*EA*9.25*PP"), "/8/PO105"),
        (CHANGE.replace("EA*9.00*PE", "EA*9.00*PK"), "/3/POC07"),
    ],
)
def test_a_price_by_weight_is_none_of_a_piece(text, pointer):
    found = fault(text)
    assert (found.code, found.pointer) == ("invalid-field", pointer)


@pytest.mark.parametrize("width", [80, 128, 61])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_may_end_where_they_are_full(width, end):
    flat = wrapped(ORDER).replace("\n", "") * 3
    lines = [flat[n : n + width] for n in range(0, len(flat), width)]
    found = list(read("x12", end.join(lines).encode()))
    assert [(one.fault, one.messages) for one in found] == [(None, said(ORDER))] * 3
    assert found[0].body in flat
