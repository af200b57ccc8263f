"""X12: published sets are read whole, and what partners really send is understood."""

from pathlib import Path

import msgspec
import pytest

from crosslane.channels.adapters.x12 import interchange
from crosslane.demo.raw import data_folder
from tests.channels.bazaar import Bazaar
from tests.channels.reading import CANONICAL, as_lines, forms_of, read, require_level
from tests.orders.world import give_credit
from tests.published import needs_published

# Garbage that waits to be collected, and what is kept of words that come again.
SLACK_BYTES = 96 << 10
FIXTURES = data_folder() / "fixtures/edi_x12"
# Words of the standard that become words of ours, and what only holds a set together.
MAPPED = {
    *("ST01", "ST02", "SE01", "SE02", "BEG01", "BCH01", "BSN01", "BIG07", "CUR01", "CTT01"),
    *("N101", "N103", "PO103", "HL01", "HL02", "HL03", "HL04", "DTM01", "REF01", "TDS01"),
    # Qualifiers of numbers of articles.
    *(f"PO1{n:02d}" for n in range(6, 26, 2)),
    *(f"LIN{n:02d}" for n in range(2, 30, 2)),
    # The day and time of a shipment notice are its version.
    *("BSN03", "BSN04"),
}


def published() -> list[Path]:
    return sorted(path for path in FIXTURES.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_interchange_is_read_as_it_was_checked(path):
    expected = CANONICAL / "x12" / f"{path.stem}.jsonl"
    readings = read("x12", path.read_bytes(), currency="USD")
    assert as_lines(readings, faults=True) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_set_gets_lost(path):
    lost = []
    for reading in read("x12", path.read_bytes(), currency="USD"):
        if reading.fault is not None:
            continue
        between, end = reading.head[3], reading.tail[-1]
        first, *others = map(msgspec.to_builtins, reading.messages)
        rest = first.pop("rest")
        said = msgspec.json.encode([first, *others]).decode().replace('\\"', '"')
        segments = [text for raw in reading.body.split(end) if (text := raw.strip())]
        for number, segment in enumerate(segments, 1):
            tag, *elements = segment.split(between)
            if rest.get(f"/{number}/{tag}") == segment:
                continue
            lost += [
                (name, text)
                for n, text in enumerate(elements, 1)
                if (name := f"{tag}{n:02d}") and text.strip()
                if rest.get(f"/{number}/{name}") != text and name not in MAPPED
                if not any(form in said for form in forms_of(text) | forms_of(day(text)))
            ]
    assert lost == []


def day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text


def wrapped(
    *sets: str, kind: str = "PO", usage: str = "P", ends: str = "~\n", way: str = "*>"
) -> str:
    isa = (
        f"ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER         "
        f"*260105*1000*U*00401*000000007*0*{usage}*>~\n"
    )
    parts = [isa, f"GS*{kind}*BUYER*SELLER*20260105*1000*3*X*004010~\n"]
    for n, text in enumerate(sets, 1):
        number, *segments = text.split("\n")
        body = [f"ST*{number}*{n:04d}", *segments, f"SE*{len(segments) + 2}*{n:04d}"]
        parts += [f"{segment}~\n" for segment in body]
    parts += [f"GE*{len(sets)}*3~\n", "IEA*1*000000007~\n"]
    text = "".join(parts).replace("~\n", ends)
    return text.replace("*", way[0]).replace(">", way[1])


def said(*sets: str, kind: str = "PO", **context):
    (reading,) = read("x12", wrapped(*sets, kind=kind).encode(), **context)
    assert reading.fault is None, reading.fault
    return reading.messages


def fault(text: str | bytes):
    raw = text if isinstance(text, bytes) else wrapped(text).encode()
    return next(r.fault for r in read("x12", raw) if r.fault)


ORDER = """850
BEG*00*SA*PO-1**20260104
CUR*BY*EUR
N1*BY*Shops*92*77
N1*ST*Shop 1*92*0001
N3*1 High St
N4*Town*OH*44139
PO1*1*12*EA*9.25*PE*VN*MUG*UP*036000291452*IN*77-1
PID*F****A mug
MSG*Blue
CTT*1"""


def test_an_order_is_as_old_as_its_day_and_names_goods_money_and_people():
    (order,) = said(ORDER, timezone="Europe/Berlin")
    assert (order.source_id, order.number, order.currency) == ("PO-1", "PO-1", "EUR")
    assert order.event_at.isoformat() == "2026-01-03T23:00:00+00:00"
    (line,) = order.lines
    assert (line.sku, line.article, line.gtin) == ("MUG", "77-1", "036000291452")
    assert (line.quantity, line.unit_price_milli) == (12, 925_000)
    assert (line.title, line.note) == ("A mug", "Blue")
    assert (order.buyer.account_number, order.buyer.name) == ("77", "Shops")
    assert (order.ship_to.country, order.ship_to.name) == ("US", "Shop 1")
    assert order.stops == ()
    # Sent again in a later interchange it says what it said.
    later = wrapped(ORDER).replace("*20260105*1000*3", "*20260109*1000*3")
    ((again,),) = (r.messages for r in read("x12", later.encode(), timezone="Europe/Berlin"))
    assert again == order


def test_an_order_for_several_stores_is_one_for_each():
    split = ORDER.replace("PID", "SDQ*EA*92*0001*5*0002*7\nPID").replace(
        "CTT*1", "PO1*2*3*EA*1*PE*VN*BOWL\nSDQ*EA*92*0002*3\nCTT*2"
    )
    first, second = said(split)
    assert (first.source_id, second.source_id) == ("PO-1/0001", "PO-1/0002")
    assert [(line.sku, line.quantity) for line in first.lines] == [("MUG", 5)]
    assert [(line.sku, line.quantity) for line in second.lines] == [("MUG", 7), ("BOWL", 3)]
    assert (first.ship_to.lines, second.ship_to.name) == (("1 High St",), "0002")
    wrong = fault(split.replace("*0002*7", "*0002*8"))
    assert (wrong.code, wrong.pointer) == ("store-count", "/8/PO102")


def test_lines_that_name_no_store_go_where_the_order_goes():
    some = ORDER.replace("PID", "SDQ*EA*92*0001*5*0002*7\nPID").replace(
        "CTT*1", "PO1*2*3*EA*1*PE*VN*BOWL\nCTT*2"
    )
    first, second = said(some)
    assert [(one.source_id, one.part_of, one.parts) for one in (first, second)] == [
        ("PO-1/0001", "PO-1", 2),
        ("PO-1/0002", "PO-1", 2),
    ]
    # The store the order goes to is one of those that lines name.
    assert [(line.sku, line.quantity) for line in first.lines] == [("MUG", 5), ("BOWL", 3)]
    *_, rest = said(some.replace("0001*5", "0003*5"))
    assert (rest.source_id, rest.parts, rest.ship_to.lines) == ("PO-1/0001", 3, ("1 High St",))
    assert [(line.sku, line.quantity) for line in rest.lines] == [("BOWL", 3)]


def test_what_the_prices_do_not_say_stops_the_order():
    (order,) = said(ORDER.replace("N1*BY", "SAC*A*C310***1000\nN1*BY"))
    assert [stop.kind for stop in order.stops] == ["manual"]
    ((order,),) = (r.messages for r in read("x12", wrapped(ORDER, usage="T").encode()))
    assert "test" in order.stops[0].reason


def test_delivery_is_in_the_prices_unless_the_buyer_says_otherwise():
    (order,) = said(ORDER)
    assert order.shipping_minor == 0
    (order,) = said(ORDER.replace("N1*BY", "FOB*PC*OR\nN1*BY"))
    assert (order.shipping_minor, order.rest["/4/FOB"]) == (None, "FOB*PC*OR")


def test_an_order_keeps_what_an_answer_has_to_repeat():
    (order,) = said(ORDER)
    assert order.rest["/ISA"] == "ISA*00**00**ZZ*BUYER*ZZ*SELLER***U*00401**0*P*>~"
    assert order.rest["/GS"] == "GS*PO*BUYER*SELLER****X*004010"
    assert order.rest["/8/PO1"] == "PO1*1*12*EA*9.25*PE*VN*MUG*UP*036000291452*IN*77-1"
    assert order.rest["/5/N1"] == "N1*ST*Shop 1*92*0001"


CHANGE = """860
BCH*04*SA*PO-1***20260104
POC*1*QI*15**EA*9.00*PE*VN*MUG
POC*2*DI*3**EA**PE*VN*BOWL
POC*3*NC*3**EA**PE*VN*CUP
POC*4*AI*2**EA*4.5*PE*VN*JAR
CTT*4"""


def test_a_change_says_how_lines_are_from_now_on():
    (change,) = said(CHANGE)
    assert change.source_id == "PO-1"
    assert change.source_version > said(ORDER)[0].source_version
    assert [(line.id, line.quantity, line.unit_price_milli) for line in change.lines] == [
        ("1", 15, 900_000),
        ("2", 0, None),
        ("4", 2, 450_000),
    ]
    assert "/5/POC" in {place[:6] for place in change.rest}


@pytest.mark.parametrize(
    "text", [ORDER.replace("BEG*00", "BEG*01"), CHANGE.replace("BCH*04", "BCH*01")]
)
def test_an_order_is_off(text):
    (off,) = said(text)
    assert (off.source_id, type(off).__name__) == ("PO-1", "Cancellation")


def test_supply_is_told_by_location():
    text = """846
BIA*00*DD*INV-1*20260105*0930
N1*WH*Hub*92*W1
LIN*1*VN*V-1*IN*MUG*UP*036000291452
QTY*17*9*EA
QTY*33*-4*EA
LIN*2*IN*BOWL
N1*WH*Other*92*W2
QTY*33*0*EA
LIN*3*IN*CUP
CTT*3"""
    hub, other = said(text, kind="IB")
    assert (hub.location, other.location) == ("W1", "W2")
    assert [(r.sku, r.article, r.quantity) for r in hub.rows] == [("MUG", "V-1", -4)]
    assert [(r.sku, r.quantity) for r in other.rows] == [("BOWL", 0)]
    assert hub.event_at.isoformat() == "2026-01-05T09:30:00+00:00"
    assert hub.rest["/5/QTY01"] == "17" or hub.rest["/5/QTY"] == "QTY*17*9*EA"


SHIPMENT = """856
BSN*00*SH-1*20260105*0930*0001
HL*1**S
TD5**2*UPSN**Ground
REF*CN*1Z999
DTM*011*20260105*08
DTM*017*20260107
N1*SF*Mill*92*M1
HL*2*1*O
PRF*PO-9***20260101
HL*3*2*P
MAN*GM*00012345678901234567
HL*4*3*I
LIN*1*IN*MUG*VN*V-1*LT*L7
SN1*1*5*EA
PID*F****A mug
HL*5*1*O
PRF*PO-10
HL*6*5*I
LIN*2*IN*BOWL
SN1*2*1*EA
CTT*6"""


def test_a_shipment_says_what_was_sent_of_each_order():
    first, second = said(SHIPMENT.replace("*20260105*08", "*20260105*0800"), kind="SH")
    assert (first.order, second.order) == ("PO-9", "PO-10")
    assert (first.step, first.location, first.carrier) == ("shipped", "M1", "UPSN")
    assert first.tracking == ("1Z999", "00012345678901234567")
    (goods,) = first.lines
    assert (goods.sku, goods.article, goods.quantity, goods.lot) == ("MUG", "V-1", 5, "L7")
    assert first.due_at.isoformat() == "2026-01-07T00:00:00+00:00"
    wrong = fault(SHIPMENT.replace("HL*4*3*I", "HL*4*9*I"))
    assert wrong.pointer == "/13/HL02"


INVOICE = """810
BIG*20260105*INV-1*20260104*PO-1***DI
IT1*1*2*EA*99.99**VP*ID001
TDS*36596
CTT*1"""


def test_an_invoice_is_money_a_supplier_wants():
    (money,) = said(INVOICE, kind="IN", currency="USD")
    assert (money.step, money.minor, money.order) == ("invoiced", 36_596, "PO-1")
    (money,) = said(INVOICE.replace("*DI", "*CR"), kind="IN", currency="USD")
    assert money.step == "credited"
    yen = INVOICE.replace("36596", "36500")
    (money,) = said(yen, kind="IN", currency="JPY")
    assert money.minor == 365


def test_replies_say_what_became_of_what_was_sent():
    text = """997
AK1*PO*77
AK2*850*0001
AK5*A
AK2*850*0002
AK3*PO1*8**8
AK4*2*380*6*x
AK5*R*5
AK9*P*2*2*1"""
    group, first, second = said(text, kind="FA")
    assert [one.topic for one in (group, first, second)] == [
        "partly_accepted",
        "accepted",
        "rejected",
    ]
    assert second.source_id == "PO/77/850/0002"
    assert "segment 8 PO1" in second.title


def test_an_interchange_is_replied_to_outside_of_groups():
    raw = wrapped().replace(
        "GS*PO*BUYER*SELLER*20260105*1000*3*X*004010~\n", "TA1*000000005*260105*1000*R*006~\n"
    )
    raw = raw.replace("GE*0*3~\n", "").replace("IEA*1", "IEA*0")
    ((reply,),) = (r.messages for r in read("x12", raw.encode()))
    assert (reply.topic, reply.source_id) == ("interchange_rejected", "interchange/000000005")


@pytest.mark.parametrize("ends", ["~", "~\n", "~\r\n", "\n", "\r\n", "'\n\t ", "\x1c"])
@pytest.mark.parametrize("way", ["*>", "|^", "\x1d\x1f", "+:"])
def test_every_way_of_writing_says_the_same(ends, way):
    def bare(text):
        (reading,) = read("x12", text.encode())
        assert reading.fault is None, reading.fault
        (message,) = reading.messages
        return msgspec.structs.replace(message, rest={})

    plain, other = wrapped(ORDER), wrapped(ORDER, ends=ends, way=way)
    assert bare(plain) == bare(other) == bare("\ufeff\r\n" + other + "  \r\n\x1a")


def test_what_is_kept_of_a_set_says_the_same_again():
    raw = wrapped(ORDER, CHANGE) + "\n\n" + wrapped(INVOICE, ends="\n", way="|:", kind="IN")
    readings = read("x12", raw.encode())
    assert [len(reading.messages) for reading in readings] == [1, 1, 1]
    for reading in readings:
        (again,) = read("x12", (reading.head + reading.body + reading.tail).encode())
        assert again.messages == reading.messages


def test_bytes_that_are_no_utf8_are_latin():
    (reading,) = read("x12", wrapped(ORDER).replace("A mug", "Ein Krügerl").encode("latin-1"))
    assert reading.messages[0].lines[0].title == "Ein Krügerl"


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("SE*12*0001", "SE*11*0001", "segment-count", "/12/SE01"),
        ("SE*12*0001", "SE*12*0002", "control-number", "/12/SE02"),
        ("SE*12*0001~\n", "", "set-cut-off", "/SE"),
        ("GE*1*3", "GE*2*3", "control-count", "/GE01"),
        ("GE*1*3", "GE*1*4", "control-number", "/GE02"),
        ("GE*1*3~\n", "", "group-cut-off", "/GE"),
        ("IEA*1*000000007", "IEA*2*000000007", "control-count", "/IEA01"),
        ("IEA*1*000000007", "IEA*1*000000008", "control-number", "/IEA02"),
        ("IEA*1*000000007~\n", "", "interchange-cut-off", "/IEA"),
        ("CTT*1", "CTT*2", "line-count", "/11/CTT01"),
        ("PO1*1*12*EA", "PO1*1*x*EA", "invalid-field", "/8/PO102"),
        ("PO1*1*12*EA", "PO1*1*0*EA", "invalid-field", "/8/PO102"),
        ("PO1*1*12*EA", "PO1*1*1.5*EA", "invalid-field", "/8/PO102"),
        ("PO1*1*12*EA", "PO1*1**EA", "field-missing", "/8/PO102"),
        ("*9.25*", "*9.2500001*", "invalid-field", "/8/PO104"),
        ("*9.25*", "*NaN*", "invalid-field", "/8/PO104"),
        ("*9.25*", "*1e99*", "invalid-field", "/8/PO104"),
        ("*20260104", "*20261304", "invalid-field", "/2/BEG05"),
        ("BEG*00*SA*PO-1", "BEG*00*SA*", "field-missing", "/2/BEG03"),
        ("BEG*00", "XXX*00", "field-missing", "/2/BEG"),
        ("*VN*MUG", f"*VN*{'M' * 99}", "invalid-field", "/lines/0/sku"),
    ],
)
def test_what_does_not_add_up_is_pointed_at(old, new, code, pointer):
    text = wrapped(ORDER)
    assert old in text
    found = fault(text.replace(old, new).encode())
    assert (found.code, found.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"ISA",
        b"ISA*",
        b"{}",
        b"<a/>",
        b"\x00" * 99,
        b"ISA*00*" * 30,
        b"ISAAAAA" * 300,
        b"UNB+UNOA:1",
    ],
)
def test_what_is_no_interchange_is_refused_at_once(raw):
    readings = read("x12", raw)
    assert [reading.fault.code for reading in readings] == (
        [] if not raw.strip(b"\x00") else ["not-x12"]
    )


@needs_published
def test_wherever_an_interchange_is_cut_off_it_is_read_or_pointed_at():
    raw = (FIXTURES / "nodex12/850_fat.edi").read_bytes()
    whole = read("x12", raw, currency="USD")
    for at in range(1, len(raw), 3):
        readings = read("x12", raw[:at], currency="USD")
        ended = raw[:at].rstrip().endswith(b"000003438~")
        assert ended or readings[-1].fault is not None
        for found, expected in zip(readings, whole, strict=False):
            assert found.fault is not None or found.messages == expected.messages


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("".join(wrapped(ORDER).splitlines(True)[2:-2]).encode(), id="a long day"),
        pytest.param(b"ST*850*0001~" + b"PO1*1*1*EA~" * 999, id="sets without end"),
        pytest.param(b"x" * 10_000, id="a segment without end"),
    ],
)
def test_memory_does_not_grow_with_the_stream(part, monkeypatch):
    monkeypatch.setattr(interchange, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(interchange, "SET_CHARACTERS_MAX", 16 << 10)
    monkeypatch.setattr(interchange, "SEGMENT_CHARACTERS_MAX", 4 << 10)
    opening = "".join(wrapped(ORDER).splitlines(True)[:2]).encode()
    require_level("x12", opening, part, SLACK_BYTES)


async def test_an_order_is_placed_on_account_and_changed(bazaar: Bazaar):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await give_credit(tx, "77", 100_000)
    address = "N4*Oxford**OX1 4AA*GB"
    text = ORDER.replace("EUR", "GBP").replace("N4*Town*OH*44139", address)
    await bazaar.send(wrapped(text.replace("*12*EA", "*2*EA")), format="x12")
    fewer = "860\nBCH*04*SA*PO-1***20260104\nPOC*1*QD*1**EA*9.00*PE*VN*MUG\nCTT*1"
    await bazaar.send(wrapped(fewer), format="x12")
    await bazaar.work()
    told = [(one.kind, one.state, one.code) for one in await bazaar.messages()]
    assert told == [("order", "applied", ""), ("amendment", "applied", "")]
    assert await bazaar.units("PO-1") == {"MUG": 1}
    await bazaar.assert_sound()
