"""EDIFACT: any marks and letters are read, and what does not add up is pointed at."""

import msgspec
import pytest

from crosslane.channels import FAMILIES, Context
from crosslane.channels.adapters import edi_stream
from crosslane.channels.adapters.edifact import interchange
from crosslane.channels.adapters.edifact.segments import moment
from tests.channels.edifact import CHANGE, ORDER, SHIPMENT, wrapped
from tests.channels.reading import read, require_level

# Garbage that waits to be collected, and what is kept of words that come again.
SLACK_BYTES = 128 << 10


def said(text):
    (reading,) = read("edifact", wrapped(text).encode())
    assert reading.fault is None, reading.fault
    return reading.messages


@pytest.mark.parametrize("ends", ["", "\n", "\r\n", "\n\t "])
@pytest.mark.parametrize(
    ("way", "una", "syntax"),
    [
        ("+:'?", "", "UNOA:1"),
        ("+:'?", "UNA:+,? '", "UNOB:2"),
        ("+:'?", "UNA:+.?*'\r\n", "UNOC:4"),
        ("|>~\\", "UNA:+.? '", "UNOY:3"),
        ("\x1d\x1f\x1c?", "", "UNOB:2"),
    ],
)
def test_every_way_of_writing_says_the_same(way, una, syntax, ends):
    def bare(text):
        (reading,) = read("edifact", text.encode())
        assert reading.fault is None, reading.fault
        (message,) = reading.messages
        return msgspec.structs.replace(message, rest={})

    plain, other = wrapped(ORDER), wrapped(ORDER, way=way, una=una, syntax=syntax, ends=ends)
    assert bare(plain) == bare("\ufeff\r\n" + other + "  \r\n\x1a")


@pytest.mark.parametrize(
    ("raw", "una"),
    [
        (wrapped(ORDER).replace("'\n", "\n"), "UNA:+.? \n"),
        (wrapped(ORDER).replace("'\n", "\r\n\r\n"), "UNA:+.? \n"),
        (wrapped(ORDER, way="\x1d\x1f\x1c?"), "UNA\x1f\x1d.? \x1c"),
    ],
)
def test_marks_may_be_what_is_blank_elsewhere(raw, una):
    (reading,) = read("edifact", (una + raw).encode())
    (again,) = read("edifact", (reading.head + reading.body + reading.tail).encode())
    assert said(ORDER)[0].lines == reading.messages[0].lines
    assert again.messages == reading.messages


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lines_that_end_where_they_are_full_are_one(width, ends):
    flat = wrapped(ORDER, CHANGE, ends="")
    raw = ends.join(flat[n : n + width] for n in range(0, len(flat), width))
    assert raw.count(ends) > 5
    told = [reading.messages for reading in read("edifact", raw.encode())]
    assert told == [reading.messages for reading in read("edifact", flat.encode())]


def test_small_letters_are_read_as_capitals_where_tags_are_written_so():
    text = wrapped(ORDER, syntax="UNOA:3")
    small = text.replace("Ring twice:please", "ring twice:at 1").lower().replace("po-1", "PO-1")
    (reading,) = read("edifact", small.encode())
    assert reading.fault is None, reading.fault
    (order,) = reading.messages
    (line,) = order.lines
    assert (line.sku, line.gtin, line.quantity) == ("MUG", "4000862141404", 12)
    assert (line.title, order.note, order.currency) == ("a mug of clay", "ring twice at 1", "EUR")
    assert reading.body.startswith("unh+1+orders")


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("una", ["", "UNA:+.? '\n"])
def test_messages_without_a_beginning_are_read_and_that_is_told(una, ended):
    lines = wrapped(ORDER).splitlines(True)[1 : None if ended else -1]
    missing, reading = read("edifact", (una + "".join(lines)).encode())
    assert (missing.fault.code, missing.fault.pointer) == ("interchange-unbegun", "/UNB")
    assert reading.messages[0].lines == said(ORDER)[0].lines
    (again,) = read("edifact", (reading.head + reading.body + reading.tail).encode())
    assert again.messages == reading.messages
    acknowledged = FAMILIES["edifact"].acknowledge([missing, reading], Context())
    assert list(acknowledged) == []


def test_what_is_released_is_no_mark():
    text = ORDER.replace("A mug:of clay", "5?' ?+ 2?: what???'")
    (order,) = said(text.replace("Ring twice", "UNH?'UNT?+1"))
    assert order.lines[0].title == "5' + 2: what?'"
    assert order.note == "UNH'UNT+1 please"


def test_groups_are_counted_and_an_interchange_follows_another():
    one = wrapped(ORDER, CHANGE).replace(
        "UNH+1+", "UNG+ORDERS+A+B+260105:1000+3+UN+D:01B'\nUNH+1+", 1
    )
    one = one.replace("UNZ+2+7", "UNE+2+3'\nUNZ+1+7")
    readings = read("edifact", (one + "\n" + wrapped(CHANGE, una="UNA:+.? '")).encode())
    assert [len(reading.messages) for reading in readings] == [1, 1, 1]
    assert readings[0].messages[0].rest["/UNG"] == "UNG+ORDERS+A+B+++UN+D:01B"
    for reading in readings:
        (again,) = read("edifact", (reading.head + reading.body + reading.tail).encode())
        assert again.messages == reading.messages
    (wrong,) = read("edifact", one.replace("UNE+2", "UNE+1").encode())[2:]
    assert (wrong.fault.code, wrong.fault.pointer) == ("control-count", "/UNE01")


@pytest.mark.parametrize(
    ("syntax", "letters", "word"),
    [
        ("UNOC:3", "latin-1", "Krügerl"),
        ("UNOC:3", "utf-8", "Krügerl"),
        ("UNOD:3", "iso8859-2", "Džbánek"),
        ("UNOE:3", "iso8859-5", "Кружка"),
        ("UNOF:3", "iso8859-7", "Κούπα"),
        ("UNOL:4", "iso8859-15", "5 €"),
        ("UNOA:1", "utf-8", "杯子"),
    ],
)
def test_letters_are_those_that_are_named_unless_it_is_utf8(syntax, letters, word):
    raw = wrapped(ORDER.replace("A mug:of clay", word), syntax=syntax).encode(letters)
    (reading,) = read("edifact", raw)
    assert reading.messages[0].lines[0].title == word
    (again,) = read("edifact", (reading.head + reading.body + reading.tail).encode())
    assert again.messages == reading.messages


@pytest.mark.parametrize(
    ("text", "form", "wanted"),
    [
        ("20260104", "102", "2026-01-03T23:00:00"),
        ("260104", "101", "2026-01-03T23:00:00"),
        ("202607041530", "203", "2026-07-04T13:30:00"),
        ("2607041530", "201", "2026-07-04T13:30:00"),
        ("20260704153001", "204", "2026-07-04T13:30:01"),
        ("202607041530+02", "303", "2026-07-04T13:30:00"),
        ("202607041530UTC", "303", "2026-07-04T15:30:00"),
        ("202607041530-0530", "205", "2026-07-04T21:00:00"),
        ("20260103-20260104", "718", "2026-01-03T23:00:00"),
        ("2026010320260104", "718", "2026-01-03T23:00:00"),
        ("20260104", "", "2026-01-03T23:00:00"),
        ("202610", "616", None),
        ("20261304", "102", None),
        ("202601041530", "102", None),
        ("202601041530XYZ", "303", None),
        ("", "", None),
    ],
)
def test_dates_are_read_by_their_form(text, form, wanted):
    found = moment(text, form, "Europe/Berlin")
    assert (found and found.isoformat()[:19]) == wanted


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("UNT+17+1", "UNT+16+1", "segment-count", "/17/UNT01.1"),
        ("UNT+17+1", "UNT+17+2", "control-number", "/17/UNT02.1"),
        ("UNT+17+1'\n", "", "message-cut-off", "/UNT"),
        ("UNH+1+ORDERS:D:01B:UN:EAN010'\n", "", "segment-outside", "/UNH"),
        ("UNZ+1+7", "UNZ+2+7", "control-count", "/UNZ01"),
        ("UNZ+1+7", "UNZ+1+8", "control-number", "/UNZ02"),
        ("UNZ+1+7'\n", "", "interchange-cut-off", "/UNZ"),
        ("CNT+2:1", "CNT+2:2", "line-count", "/16/CNT01.2"),
        ("21:12:PCE", "21:x:PCE", "invalid-field", "/12/QTY01.2"),
        ("21:12:PCE", "21:0:PCE", "invalid-field", "/12/QTY01.2"),
        ("21:12:PCE", "21:-3:PCE", "invalid-field", "/12/QTY01.2"),
        ("21:12:PCE", "21:1,5:PCE", "invalid-field", "/12/QTY01.2"),
        ("21:12:PCE", "21:1.000,5:PCE", "invalid-field", "/12/QTY01.2"),
        ("21:12:PCE", "21::PCE", "field-missing", "/12/QTY01.2"),
        ("21:12:PCE", "21:12:CT", "unit-unknown", "/12/QTY01.3"),
        ("QTY+21:12:PCE", "QTY+53:12:PCE", "field-missing", "/9/QTY"),
        ("AAA:9,25", "AAA:1E9", "invalid-field", "/13/PRI01.2"),
        ("AAA:9,25", "AAA:-1", "invalid-field", "/13/PRI01.2"),
        ("AAA:9,25", "AAA:10:::0:PCE", "invalid-field", "/13/PRI01.5"),
        ("AAA:9,25", "AAA:9,25:::1:CT", "unit-unknown", "/13/PRI01.6"),
        ("BGM+220+PO-1+9", "BGM+220++9", "field-missing", "/2/BGM02.1"),
        ("BGM+", "XXX+", "field-missing", "/2/BGM"),
        ("MUG:SA", f"{'M' * 99}:SA", "invalid-field", "/lines/0/sku"),
    ],
)
def test_what_does_not_add_up_is_pointed_at(old, new, code, pointer):
    text = wrapped(ORDER)
    assert old in text
    found = next(r.fault for r in read("edifact", text.replace(old, new).encode()) if r.fault)
    assert (found.code, found.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"UNA",
        b"UNB",
        b"UNB+",
        b"UNB+UNOA:1",
        b"UNA'''''''UNB+x'",
        b"UNAabcdefUNB+x'",
        b"{}",
        b"<a/>",
        b"\x00" * 99,
        b"ISA*00*" * 30,
        b"UNBBBBB" * 30_000,
    ],
)
def test_what_is_no_interchange_is_refused_at_once(raw):
    codes = [reading.fault.code for reading in read("edifact", raw)]
    assert codes == ([] if not raw.strip(b"\x00") else ["not-edifact"])


def test_wherever_an_interchange_is_cut_off_it_is_read_or_pointed_at():
    raw = wrapped(ORDER, SHIPMENT, CHANGE).strip().encode()
    whole = read("edifact", raw)
    for at in range(1, len(raw)):
        readings = read("edifact", raw[:at])
        assert readings[-1].fault is not None
        for found, expected in zip(readings, whole, strict=False):
            assert found.fault is not None or found.messages == expected.messages


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("".join(wrapped(ORDER).splitlines(True)[1:-1]).encode(), id="a long day"),
        pytest.param(b"UNH+1+ORDERS'" + b"LIN+1'" * 999, id="messages without end"),
        pytest.param(b"LIN+1'" * 999, id="segments outside"),
        pytest.param(b"x" * 10_000, id="a segment without end"),
        pytest.param(b"UNO+1+1+1+999999999'" * 99, id="objects that are not there"),
    ],
)
def test_memory_does_not_grow_with_the_stream(part, monkeypatch):
    monkeypatch.setattr(edi_stream, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(interchange, "MESSAGE_BYTES_MAX", 16 << 10)
    monkeypatch.setattr(edi_stream, "SEGMENT_BYTES_MAX", 4 << 10)
    opening = wrapped(ORDER).splitlines(True)[0].encode()
    require_level("edifact", opening, part, SLACK_BYTES)
