"""EDIFACT: published messages are read whole, and what partners really send is understood."""

from pathlib import Path

import msgspec
import pytest

from crosslane.channels.adapters.edi_stream import cut_at
from crosslane.channels.adapters.edifact.interchange import Way
from crosslane.demo.raw import data_folder
from tests.channels.bazaar import Bazaar
from tests.channels.edifact import CHANGE, ORDER, SHIPMENT, wrapped
from tests.channels.reading import CANONICAL, as_lines, forms_of, read
from tests.orders.world import give_credit

FIXTURES = data_folder() / "fixtures/edifact"
# Words of the standard that become words of ours, and what only holds a message together.
MAPPED = {"UNH01", "UNH02", "UNT01", "UNT02", "BGM03", "CNT01", "NAD01", "DTM01", "RFF01", "CUX01"}
MAPPED |= {"LIN03", "PIA02", "QTY01", "FTX01", "NAD02", "DTM03"}


def published() -> list[Path]:
    return sorted(path for path in FIXTURES.glob("*/*") if path.is_file())


def told(path: Path):
    return read("edifact", path.read_bytes(), currency="EUR")


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_interchange_is_read_as_it_was_checked(path):
    expected = CANONICAL / "edifact" / f"{path.stem}.jsonl"
    assert as_lines(told(path), faults=True) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    lost = []
    for reading in told(path):
        if reading.fault is not None or reading.body.startswith("UNO"):
            continue
        way = Way()
        first, *others = map(msgspec.to_builtins, reading.messages)
        rest = first.pop("rest")
        said = msgspec.json.encode([first, *others]).decode()
        segments = [text for raw in cut_at(reading.body, "'", "?") if (text := raw.strip())]
        for number, segment in enumerate(segments, 1):
            tag, *elements = cut_at(segment, way.element, way.release)
            if rest.get(f"/{number}/{tag}") == segment:
                continue
            for n, element in enumerate(elements, 1):
                for part, text in enumerate(cut_at(element, way.component, way.release), 1):
                    name = f"{tag}{n:02d}"
                    kept = rest.get(f"/{number}/{name}.{part}") == text.replace("?", "")
                    short = name in MAPPED and len(text) <= 6
                    if text.strip() and not kept and not short and not is_said(text, said):
                        lost.append((number, name, part, text))
    assert lost == []


def is_said(text: str, said: str) -> bool:
    day = f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text.isdecimal() and len(text) >= 8 else text
    return any(form in said for form in forms_of(text.replace("?", "")) | {day})


def said(*messages: str, **context):
    readings = read("edifact", wrapped(*messages).encode(), **context)
    assert [reading.fault for reading in readings] == [None] * len(messages)
    return [message for reading in readings for message in reading.messages]


def fault(text: str):
    return next(r.fault for r in read("edifact", wrapped(text).encode()) if r.fault)


def test_an_order_is_as_old_as_its_day_and_names_goods_money_and_people():
    (order,) = said(ORDER, timezone="Europe/Berlin")
    assert (order.source_id, order.number, order.currency) == ("PO-1", "PO-1", "EUR")
    assert order.event_at.isoformat() == "2026-01-03T23:00:00+00:00"
    (line,) = order.lines
    assert (line.sku, line.article, line.gtin) == ("MUG", "77-1", "4000862141404")
    assert (line.quantity, line.unit_price_milli, line.title) == (12, 925_000, "A mug of clay")
    assert (order.buyer.account_number, order.buyer.email) == (
        "4012345000009",
        "buyer@shops.example",
    )
    assert (order.ship_to.country, order.ship_to.name, order.total_minor) == (
        "DE",
        "Shop 1",
        11_100,
    )
    assert (order.note, order.stops, order.shipping_minor) == ("Ring twice please", (), 0)
    # Sent again in a later interchange it says what it said.
    later = wrapped(ORDER).replace("260105:1000+7", "260109:1000+8").replace("UNZ+1+7", "UNZ+1+8")
    ((again,),) = (r.messages for r in read("edifact", later.encode(), timezone="Europe/Berlin"))
    assert again == order


def test_goods_go_to_the_buyer_where_nobody_else_is_named():
    text = ORDER.replace("NAD+BY+4012345000009::9++Shops", "NAD+BY+1::9++Shops+2 Side St+Town+++FR")
    text = text.replace("\nNAD+DP+4012345000016::9++Shop 1+1 High St+Town++44139+DE", "")
    (order,) = said(text)
    assert (order.ship_to.country, order.ship_to.lines) == ("FR", ("2 Side St",))


def test_a_book_is_called_by_the_number_of_gs1():
    (order,) = said(ORDER.replace("4000862141404:SRV", "0764569104:IB"))
    assert order.lines[0].gtin == "9780764569104"
    assert order.rest["/9/LIN"] == "LIN+1++0764569104:IB"


def test_an_order_keeps_what_an_answer_has_to_repeat():
    (order,) = said(ORDER)
    assert order.rest["/UNB"] == "UNB+UNOC:3+BUYER:14+SELLER:14++"
    assert order.rest["/UNA"] == "UNA:+.? '"
    assert order.rest["/9/LIN"] == "LIN+1++4000862141404:SRV"
    assert order.rest["/10/PIA"] == "PIA+1+MUG:SA::91+77-1:IN"
    assert order.rest["/5/NAD"] == "NAD+BY+4012345000009::9++Shops"


SPLIT = ORDER.replace("UNS+S\nMOA+86:111\nCNT+2:1", "LOC+7+S1::9\nQTY+11:5\nLOC+7+S2::9\nQTY+11:7")


def test_an_order_for_several_stores_is_one_for_each():
    other = "\nLIN+2\nPIA+5+BOWL:SA\nQTY+21:3\nNAD+DP+S2::9\nLIN+3\nPIA+5+JAR:SA\nQTY+21:1\nUNS+S"
    one, two, rest = said(SPLIT + other)
    assert [order.source_id for order in (one, two, rest)] == [
        "PO-1/S1",
        "PO-1/S2",
        "PO-1/4012345000016",
    ]
    assert [(line.sku, line.quantity) for line in one.lines] == [("MUG", 5)]
    assert [(line.sku, line.quantity) for line in two.lines] == [("MUG", 7), ("BOWL", 3)]
    assert [(line.sku, line.quantity) for line in rest.lines] == [("JAR", 1)]
    assert (one.ship_to.name, rest.ship_to.name) == ("S1", "Shop 1")
    assert {(order.part_of, order.parts) for order in (one, two, rest)} == {("PO-1", 3)}


def test_a_change_of_some_stores_leaves_other_lines_to_the_whole():
    split = CHANGE.replace("QTY+21:15", "QTY+21:15\nLOC+7+S1::9\nQTY+11:5\nLOC+7+S2::9\nQTY+11:10")
    whole, one, two = said(split)
    assert [(line.id, line.quantity) for line in whole.lines] == [("2", 0), ("4", 2)]
    assert whole.source_id == "PO-1"
    assert [(own.source_id, own.lines[0].quantity) for own in (one, two)] == [
        ("PO-1/S1", 5),
        ("PO-1/S2", 10),
    ]
    assert {len(own.lines) for own in (one, two)} == {1}


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (SPLIT.replace("QTY+11:7", "QTY+11:8"), "/12/QTY01.2"),
        (SPLIT.replace("QTY+11:5\n", "").replace("\nQTY+11:7", ""), "/12/QTY01.2"),
        (ORDER.replace("CUX", "NAD+DP+S2::9\nCUX"), "/8/NAD01.1"),
        (ORDER.replace("UNS", "NAD+DP+S1\nNAD+DP+S2\nUNS"), "/12/QTY01.2"),
    ],
)
def test_what_goes_where_has_to_be_told(text, pointer):
    found = fault(text)
    assert (found.code, found.pointer) == ("store-count", pointer)


@pytest.mark.parametrize(
    ("unit", "more", "quantity", "price"),
    [
        ("DZN", "", 24, None),
        ("CT", "\nQTY+59:6", 12, None),
        ("CT", "\nQTY+52:8\nPRI+AAA:40:::1:CT", 16, 500_000),
        ("CT", "\nQTY+59:6\nPRI+AAA:5:::1:PCE", 12, 500_000),
        ("CT", "\nQTY+59:6\nPRI+AAB:30", 12, 500_000),
        ("PCE", "\nPRI+AAA:3630.18::NTP:100:C62", 2, 3_630_180),
    ],
)
def test_packs_are_ordered_in_pieces(unit, more, quantity, price):
    text = ORDER.replace("QTY+21:12:PCE\nPRI+AAA:9,25", f"QTY+21:2:{unit}{more}")
    (order,) = said(text)
    (line,) = order.lines
    assert (line.quantity, line.unit_price_milli) == (quantity, price)


@pytest.mark.parametrize(
    "text",
    [
        ORDER.replace("BGM+220", "BGM+221"),
        ORDER.replace("+PO-1+9", "+PO-1+16"),
        ORDER.replace("CUX", "ALC+C++++FC\nCUX"),
        ORDER.replace("PRI+AAA:9,25", "PRI+AAB:9,25\nALC+A"),
        ORDER.replace("12:PCE", "12:KGM"),
        ORDER.replace("UNS", "LIN+2++4000862141428:SRV+1:1\nQTY+21:1\nUNS").replace(
            "CNT+2:1", "CNT+2:2"
        ),
    ],
)
def test_what_a_person_has_to_look_at_stops_the_order(text):
    (order,) = said(text)
    assert [stop.kind for stop in order.stops] == ["manual"]
    assert len(order.lines) == 1


def test_a_test_stops_the_order_and_charges_within_net_prices_do_not():
    (order,) = said(ORDER.replace("PRI+AAA:9,25", "PRI+AAA:9,25\nALC+A"))
    assert order.stops == ()
    raw = wrapped(ORDER).replace("+260105:1000+7'", "+260105:1000+7++++++1'", 1)
    (order,) = read("edifact", raw.encode())[0].messages
    assert "test" in order.stops[0].reason


def test_a_change_says_how_lines_are_from_now_on():
    (change,) = said(CHANGE)
    assert change.source_id == "PO-1"
    assert change.source_version > said(ORDER)[0].source_version
    assert [(one.id, one.quantity, one.unit_price_milli, one.sku) for one in change.lines] == [
        ("1", 15, None, ""),
        ("2", 0, None, ""),
        ("4", 2, 450_000, "JAR"),
    ]
    assert change.rest["/9/QTY"] == "QTY+21:3"
    (whole,) = said(
        CHANGE.replace("CH-1+4", "CH-1+5").replace("LIN+2+2\n", "").replace("2:4", "2:3")
    )
    assert (whole.source_id, len(whole.lines)) == ("PO-1", 3)


@pytest.mark.parametrize(
    "text", [ORDER.replace("PO-1+9", "PO-1+1"), CHANGE.replace("CH-1+4", "CH-1+1")]
)
def test_an_order_is_off(text):
    (off,) = said(text)
    assert (off.source_id, type(off).__name__) == ("PO-1", "Cancellation")


def test_supply_is_told_by_location():
    text = """INVRPT
BGM+35+INV-1+9
DTM+366:202601050930:203
NAD+WH+W1::9
LIN+1++4000862141404:SRV
PIA+1+MUG:IN+V-1:SA
QTY+17:9
QTY+145:-4
LIN+2
PIA+5+BOWL:IN
QTY+17:7
QTY+17:3
LOC+18+W2::9
QTY+17:4
LOC+18+W3::9
LIN+3
PIA+5+CUP:IN
INV+1
QTY+17:5
UNS+S
CNT+2:3"""
    usual, second, third = said(text)
    assert [one.location for one in (usual, second, third)] == ["W1", "W2", "W3"]
    assert [(row.sku, row.article, row.quantity) for row in usual.rows] == [("MUG", "V-1", -4)]
    assert [(row.sku, row.quantity) for row in second.rows + third.rows] == [
        ("BOWL", 3),
        ("BOWL", 4),
    ]
    assert usual.event_at.isoformat() == "2026-01-05T09:30:00+00:00"
    # Sums, other kinds of stock and what only moved are kept.
    assert usual.rest["/7/QTY01.2"] == "9"
    assert usual.rest["/11/QTY01.2"] == "7"
    assert usual.rest["/19/QTY01.2"] == "5"
    assert fault(text.replace("LOC+18+W3", "LOC+18+W2")).code == "stock-twice"


def test_a_shipment_says_what_was_sent_of_each_order():
    first, second = said(SHIPMENT)
    assert (first.order, second.order) == ("PO-9", "PO-10")
    assert (first.step, first.location, first.carrier) == ("shipped", "M1", "UPSN")
    assert first.tracking == ("354123450000000014", "354123450000000021")
    (goods,) = first.lines
    assert (goods.id, goods.sku, goods.quantity, goods.lot) == ("4", "MUG", 24, "L7")
    assert first.event_at.isoformat() == "2026-01-05T15:00:00+00:00"
    assert first.due_at.isoformat() == "2026-01-08T00:00:00+00:00"
    (off, _) = said(SHIPMENT.replace("SH-1+9", "SH-1+1"))
    assert off.step == "cancelled"


def test_replies_say_what_became_of_what_was_sent():
    text = """CONTRL
UCI+77+SELLER:14+BUYER:14+7
UCM+1+ORDRSP:D:01B:UN+7
UCM+2+INVOIC:D:01B:UN+4+13
UCS+8+12
UCD+21+2:1"""
    whole, first, second = said(text)
    assert [one.topic for one in (whole, first, second)] == ["accepted", "accepted", "rejected"]
    assert (whole.source_id, second.source_id) == ("77", "77/INVOIC/2")
    assert second.title == (
        "77/INVOIC/2 rejected: 13 missing; segment 8: 12 invalid value;"
        " element 01.1: 21 invalid character"
    )


async def test_an_order_is_placed_on_account_and_changed(bazaar: Bazaar):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await give_credit(tx, "4012345000009", 100_000)
    order = ORDER.replace("EUR:9", "GBP:9").replace("MOA+86:111", "MOA+86:18,50")
    order = order.replace("Town++44139+DE", "Oxford++OX1 4AA+GB").replace("21:12", "21:2")
    await bazaar.send(wrapped(order), format="edifact")
    fewer = "ORDCHG\nBGM+230+CH-1+4\nRFF+ON:PO-1\nLIN+1+3\nQTY+21:1\nUNS+S\nCNT+2:1"
    await bazaar.send(wrapped(fewer), format="edifact")
    await bazaar.work()
    told = [(one.kind, one.state, one.code) for one in await bazaar.messages()]
    assert told == [("order", "applied", ""), ("amendment", "applied", "")]
    assert await bazaar.units("PO-1") == {"MUG": 1}
    await bazaar.assert_sound()


def test_a_title_is_its_words_and_not_their_language():
    (order,) = said(ORDER.replace("A mug:of clay", "A mug:of clay:EN"))
    assert order.lines[0].title == "A mug of clay"
    assert order.rest["/11/IMD03.6"] == "EN"


def test_a_change_that_says_nothing_is_refused():
    text = "ORDCHG\nBGM+230+CH-1+4\nRFF+ON:PO-1\nFTX+AAI+++Hello\nUNS+S"
    found = fault(text)
    assert (found.code, found.pointer) == ("says-nothing", "/LIN")
    (change,) = said(text.replace("UNS", "NAD+DP+S1++Shop+1 High St+Town++44139+DE\nUNS"))
    assert (change.lines, change.ship_to.city) == ((), "Town")


def test_a_price_by_weight_is_shared_by_the_pieces_or_refused():
    weighed = ORDER.replace("PRI+AAA:9,25", "PRI+AAA:9,25:::1:KGM")
    found = fault(weighed)
    assert (found.code, found.pointer) == ("invalid-field", "/13/PRI01.6")
    (order,) = said(weighed.replace("\nUNS", "\nMOA+203:30\nUNS"))
    assert order.lines[0].unit_price_milli == 250_000
    (order,) = said(weighed.replace("12:PCE", "12:KGM"))
    assert order.lines[0].unit_price_milli == 925_000


def test_a_price_by_weight_that_no_piece_can_have_is_refused():
    weighed = ORDER.replace("PRI+AAA:9,25", "PRI+AAA:9,25:::1:KGM").replace("12:PCE", "9999:PCE")
    found = fault(weighed.replace("\nUNS", "\nMOA+203:0.01\nUNS"))
    assert (found.code, found.pointer) == ("discount-uneven", "/13/PRI")


def test_a_purchase_order_is_an_order():
    (order,) = said(ORDER.replace("BGM+220", "BGM+105"))
    assert order.stops == ()
