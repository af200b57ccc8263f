"""What we tell by X12: others' tools find nothing wrong, and read what we have meant."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gs1_128 import validate as gs1

from crosslane.channels.adapters.telling import Answer, Outcome, Outgoing
from crosslane.channels.domain.messages import StockRow, SupplySnapshot
from crosslane.channels.domain.reports import MovedGoods
from tests.channels.edi_saying import BOWL, CLIP, MUG, NOW, TALK
from tests.channels.judges import found_by_bots, found_by_mock, read_by_mock
from tests.channels.reading import read
from tests.channels.test_x12 import wrapped
from tests.channels.x12_partner import ASKED, X12, ordered, reply, segments, shipped, sound, told


def test_an_order_is_confirmed_in_the_words_in_which_it_was_asked():
    (order,) = ordered()
    assert [(line.id, line.quantity, line.unit_price_milli) for line in order.lines] == [
        ("10", 12, 925_000),
        ("20", 48, 500_000),
        ("3", 3, 12_500),
    ]
    text = sound("order_reply", reply(MUG, BOWL, CLIP), order=order)
    assert segments(text, "BAK", "N1", "PO1", "ACK") == [
        "BAK*00*AD*PO-1*20260104*R7***000001-Y*20260106",
        "N1*BY*Shops*92*77",
        "N1*ST*Shop 1*92*0001",
        "PO1*10*12*EA*9.25*PE*VP*MUG*UP*036000291452*IN*77-1",
        "ACK*IA*12*EA*067*20260106",
        "PO1*20*2*CA*120*UM*VP*BOWL*BP*77-2",
        "ACK*IA*2*CA",
        "PO1*3*3*EA*0.125**VP*CLIP",
        "ACK*IA*3*EA",
    ]
    assert text.startswith(
        "ISA*00*          *00*          *ZZ*SELLER         *ZZ*BUYER          "
        "*260106*0930*U*00401*000000041*0*P*>~GS*PR*SELLER*BUYER*20260106*0930*41*X*004010~"
    )
    assert text.index("~") == 105
    (read_back,) = read_by_mock(text)
    assert (read_back.po_number, read_back.seller_order) == ("PO-1", "000001-Y")
    assert [line.confirmed for line in read_back.lines] == [12, 2, 3]


def test_what_is_not_as_asked_is_told_by_line():
    (order,) = ordered()
    fewer = msgspec.structs.replace(MUG, quantity=7, backordered=3, cancelled=2)
    dearer = msgspec.structs.replace(BOWL, unit_price_milli=512_500)
    gone = msgspec.structs.replace(CLIP, quantity=0, cancelled=3)
    said = reply(fewer, dearer, gone, outcome="changed", reason="Nur noch “sieben” übrig * ~")
    text = sound("order_reply", said, order=order)
    assert segments(text, "BAK", "PO1", "ACK", "REF") == [
        "BAK*00*AC*PO-1*20260104*R7***000001-Y*20260106",
        "PO1*10*12*EA*9.25*PE*VP*MUG*UP*036000291452*IN*77-1",
        'REF*ZZ**Nur noch "sieben" ubrig',
        "ACK*IQ*7*EA*067*20260106",
        "ACK*IB*3*EA",
        "ACK*IR*2*EA",
        "PO1*20*2*CA*123.00*UM*VP*BOWL*BP*77-2",
        'REF*ZZ**Nur noch "sieben" ubrig',
        "ACK*IP*2*CA",
        "PO1*3*3*EA*0.125**VP*CLIP",
        'REF*ZZ**Nur noch "sieben" ubrig',
        "ACK*IR*3*EA",
    ]
    first, second, third = read_by_mock(text)[0].lines
    assert (first.confirmed, first.status) == (7, "IQ")
    assert (second.price, second.status) == (Decimal("123.00"), "IP")
    assert (third.confirmed, third.status) == (0, "IR")


def test_packs_that_are_not_whole_are_told_in_pieces():
    (order,) = ordered()
    some = msgspec.structs.replace(BOWL, quantity=25, cancelled=23)
    text = sound("order_reply", reply(MUG, some, CLIP, outcome="changed"), order=order)
    assert segments(text, "ACK")[1:3] == ["ACK*IQ*25*EA", "ACK*IR*23*EA"]


def test_an_order_refused_as_a_whole_is_refused_by_line():
    (order,) = ordered()
    text = sound("order_reply", reply(outcome="rejected", reason="No credit"), order=order)
    assert segments(text, "BAK") == ["BAK*00*RD*PO-1*20260104*R7***000001-Y*20260106"]
    assert segments(text, "ACK") == ["ACK*IR*12*EA", "ACK*IR*2*CA", "ACK*IR*3*EA"]


def test_a_later_reply_replaces_the_one_before():
    (order,) = ordered()
    _, (outcome,) = told("order_reply", reply(MUG), order=order)
    text = sound("order_reply", reply(MUG), order=order, known=outcome.learnt)
    assert segments(text, "BAK")[0].startswith("BAK*05*AD*")
    text = sound("order_reply", reply(MUG, change=True), order=order)
    assert segments(text, "BAK")[0].startswith("BAK*05*AD*")


def test_a_part_of_an_order_for_a_store_says_which_store():
    split = ASKED.replace("PID", "SDQ*EA*92*0001*5*0002*7\nPID")
    split = split.replace("PO4*24", "PO4*24\nSDQ*CA*92*0002*2").replace(
        "CTT", "SDQ*EA*92*0002*3\nCTT"
    )
    first, second = ordered(split)
    assert [line.quantity for line in second.lines] == [7, 48, 3]
    text = sound("order_reply", reply(msgspec.structs.replace(MUG, quantity=5)), order=first)
    assert segments(text, "PO1", "SDQ", "ACK") == [
        "PO1*10*5*EA*9.25*PE*VP*MUG*UP*036000291452*IN*77-1",
        "SDQ*EA*92*0001*5",
        "ACK*IA*5*EA*067*20260106",
    ]
    notice = shipped(MovedGoods(id="20", sku="BOWL", quantity=48))
    text = sound("fulfillment", notice, order=second)
    assert segments(text, "N1") == ["N1*SF*LONDON*91*LONDON", "N1*ST**92*0002"]
    assert segments(text, "SN1") == ["SN1*20*2*CA**2*CA"]


def test_a_parcel_is_told_as_a_tree():
    (order,) = ordered()
    notice = shipped(
        MovedGoods(id="10", sku="MUG", quantity=12, title="A mug", lot="L7"),
        MovedGoods(id="20", sku="BOWL", quantity=24),
    )
    talk = msgspec.structs.replace(TALK, settings={"scac": "UPS=UPSN"})
    text = sound("fulfillment", notice, order=order, talk=talk)
    assert text.split("~")[3:-4] == [
        "BSN*00*S-1*20260106*093000*0004",
        "HL*1**S*1",
        "TD1*CTN*1",
        "TD5*B*2*UPSN**UPS Ground",
        "REF*CN*1Z999",
        "DTM*011*20260106*0930",
        "DTM*017*20260108",
        "N1*SF*LONDON*91*LONDON",
        "N1*ST*Shop 1*92*0001",
        "HL*2*1*O*1",
        "PRF*PO-1*R7**20260104",
        "HL*3*2*I*0",
        "LIN*10*VP*MUG*UP*036000291452*IN*77-1*LT*L7",
        "SN1*10*12*EA**12*EA",
        "PID*F****A mug",
        "HL*4*2*I*0",
        "LIN*20*VP*BOWL*BP*77-2",
        "SN1*20*1*CA**2*CA",
        "PO4*24",
        "CTT*4",
    ]
    (despatch,) = read_by_mock(text)
    assert (despatch.scac, despatch.tracking, despatch.po_number) == ("UPSN", "1Z999", "PO-1")
    assert [(item.line, item.quantity) for item in despatch.items] == [("10", 12), ("20", 1)]


def test_a_company_prefix_numbers_parcels():
    (order,) = ordered()
    talk = msgspec.structs.replace(TALK, settings={"company_prefix": "4012345"})
    notice = shipped(MovedGoods(id="10", sku="MUG", quantity=12))
    text = sound("fulfillment", notice, order=order, talk=talk)
    (sscc, tracking) = segments(text, "MAN")
    assert (sscc, tracking) == ("MAN*GM*040123450000000412", "MAN*CP*1Z999")
    assert gs1("(00)" + sscc.rpartition("*")[2])
    assert segments(text, "HL", "BSN") == [
        "BSN*00*S-1*20260106*093000*0001",
        "HL*1**S*1",
        "HL*2*1*O*1",
        "HL*3*2*P*1",
        "HL*4*3*I*0",
    ]
    _, (outcome,) = told("fulfillment", notice, order=order, talk=talk)
    assert outcome.learnt["sscc:S-1"] == "040123450000000412"


def test_what_is_no_departure_is_not_told():
    (order,) = ordered()
    documents, (outcome,) = told("fulfillment", shipped(step="delivered"), order=order)
    assert (documents, outcome.state) == ([], "unsupported")


def test_a_name_too_long_for_a_shipment_gives_way_to_its_number():
    (order,) = ordered()
    long = shipped(
        MovedGoods(id="10", quantity=1), source_id="0190c8f0-1111-7222-8333-944455556666"
    )
    text = sound("fulfillment", long, order=order)
    assert segments(text, "BSN")[0].split("*")[2] == "000000041"


SUPPLY = SupplySnapshot(
    source_id="S-77",
    event_at=NOW,
    location="LONDON",
    rows=(
        StockRow(sku="MUG", gtin="036000291452", article="77-1", quantity=9),
        StockRow(sku="BOWL", gtin="4006381333931", quantity=0),
        StockRow(sku="CLIP", quantity=-2),
    ),
)
PARTNER = {
    "our_id": "SELLER",
    "their_id": "4405197800",
    "their_qualifier": "12",
    "version": "005010",
    "usage": "T",
}


def test_stock_is_told_to_a_partner_the_connection_names():
    talk = msgspec.structs.replace(TALK, settings=PARTNER, locations={"LONDON": "W1"})
    (text,), (outcome,) = told("supply_snapshot", SUPPLY, talk=talk)
    assert outcome == Outcome(control=41, place=1)
    # mock-edi knows no 846.
    assert found_by_bots(text) == []
    assert text.split("~")[3:-4] == [
        "BIA*04*SI*S-77*20260106*093000",
        "N1*WH*LONDON*92*W1",
        "LIN*1*VP*MUG*UP*036000291452*BP*77-1",
        "QTY*33*9*EA",
        "LIN*2*VP*BOWL*EN*4006381333931",
        "QTY*33*0*EA",
        "LIN*3*VP*CLIP",
        "QTY*33*0*EA",
        "CTT*3",
    ]
    assert text.startswith(
        "ISA*00*          *00*          *ZZ*SELLER         *12*4405197800     "
        "*260106*0930*^*00501*000000041*0*T*>~GS*IB*SELLER*4405197800*20260106*0930*41*X*005010~"
    )
    ((snapshot,),) = (r.messages for r in read("x12", text.encode()))
    assert snapshot.location == "W1"
    # Read as a buyer, what is ours is theirs.
    assert [(row.sku, row.article, row.quantity) for row in snapshot.rows] == [
        ("77-1", "MUG", 9),
        ("", "BOWL", 0),
        ("", "CLIP", 0),
    ]


def test_nobody_says_who_the_partner_is():
    documents, (outcome,) = told("supply_snapshot", SUPPLY)
    assert (documents, outcome.state, outcome.code) == ([], "refused", "setting-missing")
    assert "our_id" in outcome.detail


def test_a_shipment_read_again_is_what_was_told():
    (order,) = ordered()
    goods = (MovedGoods(id="10", article="MUG", sku="77-1", gtin="036000291452", quantity=12),)
    notice = shipped(*goods, to="0001", carrier="UPSN", service="UPS Ground")
    talk = msgspec.structs.replace(TALK, settings={"scac": "UPS=UPSN"})
    said = msgspec.structs.replace(notice, carrier="UPS", service="Ground")
    (text,), _ = told("fulfillment", said, order=order, talk=talk)
    ((again,),) = (r.messages for r in read("x12", text.encode()))
    same = {"rest": {}, "source_version": 1, "channel": ""}
    expected = msgspec.structs.replace(notice, order="PO-1")
    assert msgspec.structs.replace(again, **same) == expected


def test_sets_of_one_partner_go_in_one_interchange_and_each_partner_gets_its_own():
    (order,) = ordered()
    (other,) = (
        m
        for r in read("x12", wrapped(ASKED).replace("BUYER ", "OTHER ").encode())
        for m in r.messages
    )
    outgoing = [
        Outgoing(key=f"k{n}", number=n, message=reply(MUG), order=of)
        for n, of in enumerate((order, other, order), 7)
    ]
    talking = X12.tells["order_reply"].tell(outgoing, TALK)
    first = next(talking)
    second = talking.send(Answer())
    with pytest.raises(StopIteration) as stop:
        talking.send(Answer(status=422))
    assert [one.state for one in stop.value.value] == ["told", "refused", "told"]
    assert (first.name, second.name) == ("855-000000007.x12", "855-000000008.x12")
    text = first.body.decode()
    assert segments(text, "ST", "GE", "IEA") == [
        "ST*855*0001",
        "ST*855*0002",
        "GE*2*7",
        "IEA*1*000000007",
    ]
    assert found_by_bots(text) == found_by_mock(text) == []


@pytest.mark.parametrize("way", ["*>", "|^", "\x1d\x1f"])
@pytest.mark.parametrize("ends", ["~", "\n", "'"])
def test_a_partner_is_written_to_as_it_writes(way, ends):
    raw = wrapped(ASKED, ends=ends, way=way)
    ((order,),) = (r.messages for r in read("x12", raw.encode()))
    (text,), _ = told("order_reply", reply(MUG, BOWL, CLIP), order=order)
    (plain,), _ = told("order_reply", reply(MUG, BOWL, CLIP), order=ordered()[0])
    assert text.replace(ends, "~").replace(way[0], "*").replace(way[1], ">") == plain


def test_a_point_that_is_a_mark_makes_prices_unwritable():
    (order,) = ordered()
    talk = msgspec.structs.replace(TALK, settings={"marks": ".:~"})
    documents, (outcome,) = told("order_reply", reply(MUG), order=order, talk=talk)
    assert (documents, outcome.state) == ([], "refused")
    assert "mark of the partner" in outcome.detail


@given(st.text(max_size=120), st.text(max_size=60), st.text(max_size=40))
def test_whatever_people_have_written_the_set_stays_sound(title, reason, name):
    (order,) = ordered()
    goods = MovedGoods(id="10", sku="MUG", quantity=1, title=title)
    (text,), _ = told("fulfillment", shipped(goods, location=name, carrier=reason), order=order)
    assert found_by_bots(text) == []
    ((again,),) = (r.messages for r in read("x12", text.encode()))
    assert [line.quantity for line in again.lines] == [1]


def test_what_is_told_is_told_alike_at_every_try():
    (order,) = ordered()
    first, second = (told("order_reply", reply(MUG), order=order) for _ in range(2))
    assert first == second
