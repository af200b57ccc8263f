"""TRADACOMS: published files are read whole, and orders are read by the rules of the manuals."""

from pathlib import Path

import msgspec
import pytest

from crosslane.channels.adapters import edi_stream
from crosslane.channels.adapters.edi_stream import cut_at
from crosslane.channels.adapters.tradacoms import transmission
from crosslane.channels.adapters.tradacoms.segments import components_of
from crosslane.demo.raw import data_folder
from tests.channels.bazaar import Bazaar
from tests.channels.reading import CANONICAL, as_lines, forms_of, read, require_level
from tests.channels.tradacoms import HEADER, ORDER, OTHER, filed, sent
from tests.orders.world import give_credit

FIXTURES = data_folder() / "fixtures/tradacoms"
# What only holds a message together, or becomes a word or a sum of ours.
MAPPED = {"MHD01", "MHD02", "MTR01", "OTR01", "OLD05", "OLD06"}
# Garbage that waits to be collected, and what is kept of words that come again.
SLACK_BYTES = 128 << 10


def published() -> list[Path]:
    return sorted(path for path in FIXTURES.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_file_is_read_as_it_was_checked(path):
    expected = CANONICAL / "tradacoms" / f"{path.stem}.jsonl"
    assert as_lines(read("tradacoms", path.read_bytes()), faults=True) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_message_gets_lost(path):
    lost = []
    for reading in read("tradacoms", path.read_bytes()):
        if reading.fault is not None:
            continue
        first, *others = map(msgspec.to_builtins, reading.messages)
        rest = first.pop("rest")
        said = msgspec.json.encode([first, *others]).decode()
        segments = [text for raw in cut_at(reading.body, "'", "?") if (text := raw.strip())]
        for number, segment in enumerate(segments, 1):
            tag, _, told = segment.partition("=")
            if rest.get(f"/{number}/{tag}") == segment:
                continue
            for n, element in enumerate(cut_at(told, "+", "?"), 1):
                for part, text in enumerate(components_of(element), 1):
                    kept = rest.get(f"/{number}/{tag}{n:02d}.{part}") == text
                    day = f"20{text[:2]}-{text[2:4]}-{text[4:]}", f"19{text[:2]}-{text[2:4]}"
                    is_said = any(form in said for form in forms_of(text) | set(day))
                    if text.strip() and not kept and f"{tag}{n:02d}" not in MAPPED and not is_said:
                        lost.append((number, tag, n, part, text))
    assert lost == []


def said(*messages: str, **context):
    readings = read("tradacoms", sent(*messages).encode(), **context)
    assert [reading.fault for reading in readings if reading.fault] == []
    return [message for reading in readings for message in reading.messages]


def fault(*messages: str):
    return next(r.fault for r in read("tradacoms", sent(*messages).encode()) if r.fault)


def test_an_order_is_as_old_as_its_day_and_names_goods_money_and_people():
    (order,) = said(*filed(ORDER), timezone="Europe/London", currency="EUR")
    assert (order.source_id, order.number, order.currency) == ("PO-1/5000600003240", "PO-1", "GBP")
    assert order.event_at.isoformat() == "2026-01-03T00:00:00+00:00"
    (line,) = order.lines
    assert (line.id, line.sku, line.article, line.gtin) == ("1", "MUG", "77-1", "5000100074326")
    # Two cases of twelve, £111 a case.
    assert (line.quantity, line.unit_price_milli, line.title) == (24, 925_000, "A mug of clay")
    assert line.note == "Blue ones"
    assert (order.buyer.account_number, order.buyer.name) == ("5000600003101", "Any Shop PLC")
    head = order.bill_to
    assert (head.name, head.lines) == ("Any Shop PLC", ("Head Office", "72 King Street"))
    assert (head.city, head.postcode) == ("London", "EC2A 1AA")
    where = order.ship_to
    assert (where.name, where.lines, where.city) == ("Shop 1", ("1 High Street",), "Leeds")
    assert (where.postcode, where.country) == ("LS1 1AA", "GB")
    assert (order.note, order.stops) == ("Ring twice please\nTo the back door", ())
    assert (order.shipping_minor, order.tenders[0].method) == (0, "on_account")


def test_what_nobody_knows_is_kept_by_its_place_and_secrets_are_not():
    (order,) = said(*filed(ORDER))
    assert order.rest == {
        "/STX": "STX=ANA:1+5000600003101:ANY SHOP+5000100001014++++ORDHDR+B",
        "/head/1/MHD02.2": "9",
        "/head/3/SDT": "SDT=5000100001014:7215+Our Mill+Leeds",
        "/head/4/CDT01.2": "68100",
        "/head/5/DNA01.1": "1",
        "/1/MHD02.2": "9",
        "/2/CLO01.2": "S1",
        "/2/CLO01.3": "68322",
        "/3/ORD01.2": "S-9",
        "/3/ORD03.1": "N",
        "/4/DIN01.1": "260107",
        "/4/DIN02.1": "260108",
        "/4/DIN03.1": "0900",
        "/5/OLD02.1": "5000100481452",
        "/5/OLD08.1": "P",
        "/6/DNB01.1": "1",
        "/6/DNB02.1": "1",
        "/6/DNB04.1": "128",
        "/6/DNB04.2": "Portugal",
    }


def test_a_file_for_several_stores_is_an_order_for_each_and_each_is_read_again_alike():
    readings = read("tradacoms", sent(*filed(ORDER, OTHER), batch=True).encode())
    one, two = (message for reading in readings for message in reading.messages)
    assert [order.source_id for order in (one, two)] == ["PO-1/5000600003240", "PO-1/5000600003282"]
    assert [(line.sku, line.quantity) for line in two.lines] == [("BOWL", 30), ("JAR", 8)]
    assert (two.ship_to.name, two.number) == ("5000600003282", "PO-1")
    for reading in readings:
        (again,) = read("tradacoms", (reading.head + reading.body + reading.tail).encode())
        assert (again.messages, again.fault) == (reading.messages, None)


def test_sent_again_it_says_what_it_said_and_made_anew_it_is_later():
    (order,) = said(*filed(ORDER))
    again = sent(*filed(ORDER, header=HEADER.replace("=17+1", "=18+1"))).replace("+77+SEC", "+78+X")
    ((same,),) = (r.messages for r in read("tradacoms", again.replace("260105", "260109").encode()))
    assert same == order
    (anew,) = said(*filed(ORDER.replace("+12+2+", "+12+3+"), header=HEADER.replace("17+1", "18+2")))
    assert anew.source_version == order.source_version + 1


@pytest.mark.parametrize(
    ("line", "quantity", "price"),
    [
        ("12+10+185000", 120, 154_167),
        ("+10+18500", 10, 185_000),
        ("0+10+18500", 10, 185_000),
        ("1+10+0", 10, 0),
        ("1:500:KG+10+18500", 10, 185_000),
        ("1+10+1.85", 10, 185_000),
        ("1+10:10000+1850000:EA", 10, 18_500_000),
        ("::KG+:12000:KG+18500:KG", 12, 185_000),
        ("::KG+0:12000:KG+", 12, None),
        ("12+10+18500:KG", 120, None),
        ("1+10++F", 10, 0),
        ("1+10+0+F", 10, 0),
        ("1+10+18500+F", 10, 185_000),
        ("1+10+1", 10, 10),
    ],
)
def test_cases_and_measures_are_ordered_and_priced_in_units(line, quantity, price):
    text = ORDER.replace("12+2+1110000+P+", line + "+" * (6 - line.count("+") - 2))
    (order,) = said(*filed(text))
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (quantity, price)
    measured = "::KG" in line or "18500:KG" in line
    assert bool(order.stops) == (measured or line == "1+10+18500+F")


@pytest.mark.parametrize(
    ("numbers", "sku", "article", "gtin"),
    [
        ("5000100481452+5000100074326+", "", "", "5000100074326"),
        ("5000100481452++", "", "", "5000100481452"),
        (":A-1:15000100481459++:T-1", "A-1", "T-1", "15000100481459"),
        ("++5000100074326", "", "", "5000100074326"),
        ("++5000100074326:T-1", "", "T-1", "5000100074326"),
    ],
)
def test_articles_are_known_by_our_number_theirs_and_that_of_gs1(numbers, sku, article, gtin):
    text = ORDER.replace("5000100481452:MUG+5000100074326+:77-1", numbers)
    (order,) = said(*filed(text))
    (line,) = order.lines
    assert (line.sku, line.article, line.gtin) == (sku, article, gtin)


@pytest.mark.parametrize(
    ("header", "text", "about"),
    [
        (HEADER, ORDER, "ORDTES"),
        (HEADER.replace("0430", "0350"), ORDER, "ORDHDR"),
        (HEADER.replace("0430", "0999"), ORDER, "ORDHDR"),
        (HEADER, ORDER.replace("128:Portugal", "095:10000"), "ORDHDR"),
        (HEADER, ORDER.replace("DIN", "DNA=1++094:500\nDIN"), "ORDHDR"),
    ],
)
def test_what_a_person_has_to_look_at_stops_the_order(header, text, about):
    raw = sent(*filed(text, header=header), about=about).encode()
    ((order,),) = (reading.messages for reading in read("tradacoms", raw))
    assert [stop.kind for stop in order.stops] == ["manual"]


def test_what_is_not_to_follow_is_said_to_people():
    (order,) = said(*filed(ORDER.replace("+P++", "+P+N+")))
    assert order.lines[0].note.splitlines()[0] == "What is not there is not wanted later"


def test_orders_are_off_or_some_of_their_lines_are():
    header = HEADER.replace("0430+NEW-ORDERS", "0400")
    (off,) = said(*filed(ORDER, header=header))
    assert (type(off).__name__, off.source_id) == ("Cancellation", "PO-1/5000600003240")
    assert off.event_at.isoformat() == "2026-01-05T10:00:00+00:00"
    (some,) = said(*filed(ORDER.replace("128:Portugal", "043:0002"), header=header))
    assert [(line.id, line.quantity) for line in some.lines] == [("2", 0)]


def test_a_question_for_an_order_is_no_order():
    (asked,) = said(*filed(ORDER, header=HEADER.replace("0430", "0445")))
    assert (asked.topic, asked.source_id) == ("order_chaser", "PO-1/5000600003240")
    assert asked.rest["/5/OLD"].startswith("OLD=1+")


def test_other_kinds_and_files_without_orders_are_notices():
    bill, empty = said("INVFIL:9\nTYP=0700", *filed())
    assert (bill.topic, bill.rest["/2/TYP"]) == ("message_INVFIL", "TYP=0700")
    assert (empty.topic, empty.source_id) == ("message_ORDHDR", "5000600003101/77/2")
    (odd,) = said(HEADER, "ORDTLR:9\nOFT=0\nXXX=1")[1:]
    assert odd.rest["/3/XXX"] == "XXX=1"


@pytest.mark.parametrize("ends", ["", "\n", "\r\n", "\n\t "])
def test_every_way_of_writing_says_the_same(ends):
    plain = said(*filed(ORDER, OTHER))
    raw = "\ufeff\r\n" + sent(*filed(ORDER, OTHER), ends=ends, batch=True) + "  \r\n\x1a"
    readings = read("tradacoms", raw.encode())
    assert [message for reading in readings for message in reading.messages] == plain


def test_lines_of_a_fixed_length_are_joined_and_transmissions_follow_one_another():
    text = sent(*filed(ORDER), ends="")
    blocks = "\r\n".join(text[at : at + 80] for at in range(0, len(text), 80))
    readings = read("tradacoms", (blocks + "\r\n" + text).encode())
    one, two = (message for reading in readings for message in reading.messages)
    assert one == two


def test_what_is_released_is_no_mark_and_letters_are_utf8_or_latin_1():
    text = ORDER.replace("A mug:of clay", "5?' ?+ 2?: what???' a=b £").replace("To the back", "O?'")
    for letters in ("utf-8", "latin-1"):
        readings = read("tradacoms", sent(*filed(text)).encode(letters))
        assert readings[0].messages[0].lines[0].title == "5' + 2: what?' a=b £"
        assert readings[0].messages[0].note.endswith("O' door")


def test_a_reconciliation_names_its_transmission():
    assert len(said(*filed(ORDER), "RSGRSG:2\nRSG=77+5000100001014")) == 1
    found = fault(*filed(ORDER), "RSGRSG:2\nRSG=78+5000100001014")
    assert (found.code, found.pointer) == ("control-number", "/2/RSG01.1")


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("MTR=8'", "MTR=9'", "segment-count", "/8/MTR01.1"),
        ("MTR=7'", "MTR=9'", "segment-count", "/head/7/MTR01.1"),
        ("MTR=3'", "MTR=4'", "segment-count", "/3/MTR01.1"),
        ("MTR=8'\n", "", "message-cut-off", "/MTR"),
        ("MHD=2+ORDERS:9'\n", "", "segment-outside", "/MHD"),
        ("ORDHDR:9", "ORDXXX:9", "header-missing", "/1/MHD"),
        ("END=3", "END=4", "control-count", "/END01"),
        ("END=3'\n", "", "transmission-cut-off", "/END"),
        ("OFT=1", "OFT=2", "control-count", "/2/OFT01.1"),
        ("OTR=1", "OTR=2", "line-count", "/7/OTR01.1"),
        ("TYP=0430+NEW-ORDERS", "TYQ=", "field-missing", "/head/2/TYP"),
        ("ORD=PO-1", "ORD=", "field-missing", "/3/ORD01.1"),
        ("ORD=PO-1", "ORX=PO-1", "field-missing", "/3/ORD"),
        ("+12+2+", "+x+2+", "invalid-field", "/5/OLD05.1"),
        ("+12+2+", "+-2+2+", "invalid-field", "/5/OLD05.1"),
        ("+12+2+", "+12+x+", "invalid-field", "/5/OLD06.1"),
        ("+12+2+", "+12+0+", "invalid-field", "/5/OLD06.1"),
        ("+12+2+", "+12++", "field-missing", "/5/OLD06.1"),
        ("+12+2+", "+12+-3+", "invalid-field", "/5/OLD06.1"),
        ("+12+2+", "+12+:1500:KG+", "invalid-field", "/5/OLD06.2"),
        ("1110000", "11A", "invalid-field", "/5/OLD07.1"),
        ("1110000", "-1", "invalid-field", "/5/OLD07.1"),
        ("+12+2+1110000", "+3000+999+1110001", "invalid-field", "/5/OLD07.1"),
        ("MUG+", f"{'M' * 99}+", "invalid-field", "/lines/0/sku"),
    ],
)
def test_what_does_not_add_up_is_pointed_at(old, new, code, pointer):
    text = sent(*filed(ORDER))
    assert old in text
    found = next(r.fault for r in read("tradacoms", text.replace(old, new).encode()) if r.fault)
    assert (found.code, found.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("EOB=3'\n", ""), "batch-cut-off"),
        (lambda text: text.replace("EOB=3", "EOB=2"), "control-count"),
        (lambda text: text.replace("EOB=3", "BAT=2"), "batch-cut-off"),
        (lambda text: text.replace("MHD=3+ORDTLR", "MHD=3+ORDHDR"), "file-cut-off"),
        (lambda text: text.replace("BAT=1", "MTR=1"), "message-unbegun"),
    ],
)
def test_batches_and_files_have_an_end(change, code):
    text = change(sent(*filed(ORDER), batch=True))
    codes = [r.fault.code for r in read("tradacoms", text.encode()) if r.fault]
    assert code in codes


@pytest.mark.parametrize(
    "raw", [b"", b"STX", b"STX=", b"STX=ANA:1", b"{}", b"<a/>", b"\x00" * 99, b"STXXX" * 30_000]
)
def test_what_is_no_transmission_is_refused_at_once(raw):
    codes = [reading.fault.code for reading in read("tradacoms", raw)]
    assert codes == ([] if not raw.strip(b"\x00") else ["not-tradacoms"])


def test_wherever_a_transmission_is_cut_off_it_is_read_or_pointed_at():
    raw = sent(*filed(ORDER, OTHER), "INVFIL:9\nTYP=0700", batch=True).strip().encode()
    whole = read("tradacoms", raw)
    for at in range(1, len(raw)):
        readings = read("tradacoms", raw[:at])
        assert readings[-1].fault is not None
        for found, expected in zip(readings, whole, strict=False):
            assert found.fault is not None or found.messages == expected.messages


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("".join(sent(*filed(ORDER)).splitlines(True)[1:-1]).encode(), id="a long day"),
        pytest.param(b"MHD=1+ORDERS:9'" + b"OLD=1'" * 999, id="messages without end"),
        pytest.param(b"OLD=1'" * 999, id="segments outside"),
        pytest.param(b"x" * 10_000, id="a segment without end"),
    ],
)
def test_memory_does_not_grow_with_the_stream(part, monkeypatch):
    monkeypatch.setattr(edi_stream, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(transmission, "MESSAGE_BYTES_MAX", 16 << 10)
    monkeypatch.setattr(edi_stream, "SEGMENT_BYTES_MAX", 4 << 10)
    opening = sent(*filed(ORDER)).splitlines(True)[0].encode()
    require_level("tradacoms", opening, part, SLACK_BYTES)


async def test_orders_of_a_file_are_placed_on_account_and_called_off(bazaar: Bazaar):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await give_credit(tx, "5000600003101", 100_000)
    first = ORDER.replace("+12+2+1110000", "+2+1+185000")
    second = OTHER.replace("+:BOWL+++6+5", "+:SPOON+++1+2+10000").replace("\nOLD=2+:JAR+++1+8", "")
    second = second.replace("OTR=2+13", "OTR=1").replace(
        ":S2", ":S2+Shop 2+2 High Street:Leeds:::LS1 2AA"
    )
    raw = sent(*filed(first, second))
    await bazaar.send(raw, format="tradacoms")
    await bazaar.send(raw, format="tradacoms")
    off = sent(*filed(second, header=HEADER.replace("0430", "0400")))
    await bazaar.send(off, format="tradacoms")
    await bazaar.work()
    told = [(one.kind, one.state, one.code) for one in await bazaar.messages()]
    assert told == [
        *[("order", "applied", "")] * 2,
        *[("order", "repeated", "")] * 2,
        ("cancellation", "applied", ""),
    ]
    assert await bazaar.units("PO-1/5000600003240") == {"MUG": 2}
    assert await bazaar.units("PO-1/5000600003282") == {}
    await bazaar.assert_sound()
