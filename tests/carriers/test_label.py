import re
import zlib
from contextlib import suppress

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.carriers.shipments import RECIPIENT, consignment, to

from crosslane.carriers import AddressUnprintable, LabelTextTooLong, PostalAddress
from crosslane.carriers.domain.shipment import (
    TrackingEvent,
    address_lines,
    latest_status,
    parse_tracking_number,
    printable,
    routing_code,
    show_tracking_number,
    tracking_link,
    tracking_number,
)
from crosslane.carriers.port.label import draw_label
from crosslane.carriers.port.symbols import bars, qr_runs
from crosslane.kernel import Refusal, parse_instant
from crosslane.platform.typesetting import BUILT_IN, substituted, unshowable, wrapped

TEXT = re.compile(rb"\((.*?)(?<!\\)\) Tj", re.DOTALL)
ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


def texts(document: bytes) -> list[str]:
    """Return the texts of a label that is set in the fonts every reader has."""
    [stream] = re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL)
    content = zlib.decompress(stream)
    return [ESCAPE.sub(unescaped, text).decode("cp1252") for text in TEXT.findall(content)]


def unescaped(escape: re.Match[bytes]) -> bytes:
    """Return the byte that PDF writes as a backslash and three octal digits, or one character."""
    code = escape[1]
    return bytes([int(code, 8)]) if code.isdigit() else code


def test_a_label_is_one_page_of_four_by_six_inches():
    document = draw_label(consignment())
    assert document.startswith(b"%PDF-")
    assert b"/MediaBox [ 0 0 288 432 ]" in document
    assert document.count(b"/Type /Page\n") == 1
    assert len(document) < 6_000


def test_every_object_of_a_label_stands_where_its_table_says():
    document = draw_label(consignment())
    table = int(document.rsplit(b"startxref\n", 1)[1].split()[0])
    assert document[table:].startswith(b"xref\n0 8\n0000000000 65535 f \n")
    places = re.findall(rb"(\d{10}) 00000 n \n", document[table:])
    for number, place in enumerate(places, 1):
        assert document[int(place) :].startswith(b"%d 0 obj\n" % number)
    length = re.search(rb"/Length (\d+) >>\nstream\n", document)
    assert document[length.end() + int(length[1]) :].startswith(b"\nendstream")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        ["https://t.example/{}", "https://Straße.example/παρcel/{}/{}?x", "HTTP://X/{}"]
    ),
    st.text("0123456789ABCXYZ", min_size=1, max_size=20),
)
def test_a_qr_code_put_together_is_the_one_made_at_once(link, number):
    side, runs = qr_runs(lambda inside: link.format(inside, inside), number)
    modules = [[0] * side for _ in range(side)]
    for x, y, length in runs:
        modules[y][x : x + length] = [1] * length
    text = link.format(number, number)
    code = segno.make_qr(text, error="m", mask=2, mode="byte")
    assert modules == [list(row) for row in code.matrix_iter(border=0)]


@given(st.text("0123456789ABCXYZ-abc ", min_size=1, max_size=20))
def test_bars_and_gaps_fill_a_barcode(text):
    wide, dark = bars(text)
    ends = [start + width for start, width in dark]
    assert dark[0][0] == 0
    assert ends[-1] == wide
    assert all(1 <= width <= 4 for _, width in dark)
    assert all(1 <= start - end <= 4 for end, (start, _) in zip(ends, dark[1:], strict=False))


def test_a_label_says_what_sorters_and_drivers_need():
    shown = texts(draw_label(consignment(parcel=2, parcels=3, instruction="Ring twice")))
    for text in (
        "House Courier",
        "Standard 48",
        "Marlow & Finch",
        "Ottilie Brackenbury",
        "Flat 3, 17 Union Terrace",
        "AB10 1NJ",
        "AB10",
        "MAINLAND",
        "1.25 kg",
        "2 of 3",
        "05 Jan 2011",
        "0001ZT-8",
        "Ring twice",
        "CX00 0000 0123 P",
    ):
        assert text in shown


def test_the_same_consignment_gives_the_same_bytes():
    parcel = consignment(tracking_url="https://track.example.com/{tracking_number}")
    assert draw_label(parcel) == draw_label(parcel)
    assert draw_label(parcel) != draw_label(consignment())


def test_a_label_abroad_names_the_country_and_routes_by_it():
    athens = to(lines=("Ermou 25",), city="Athens", postcode="105 63", country="GR")
    shown = texts(draw_label(consignment(recipient=athens)))
    assert "GREECE" in shown
    assert "GR 105 63" in shown
    assert address_lines(athens, sender_country="GR")[-1] == "Athens"
    assert address_lines(to(country="JE"), sender_country="GB")[-1] == "Aberdeen"


@pytest.mark.parametrize(
    "recipient",
    [to(name="Łukasz Żółć"), to(city="Αθήνα", lines=("Москва",)), to(phone="тел 495 000")],
)
def test_other_alphabets_are_set_in_the_packaged_font(recipient):
    assert b"DejaVuSansCondensed" in draw_label(consignment(recipient=recipient))


@pytest.mark.parametrize(
    ("field", "text", "script"),
    [
        ("name", "王小明", "Cjk"),
        ("name", "محمد", "Arabic"),
        ("city", "ירושלים", "Hebrew"),
        ("city", "กรุงเทพ", "Thai"),
        ("organization", "🎁 Ltd", "special"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_field(field, text, script):
    with pytest.raises(AddressUnprintable) as refused:
        draw_label(consignment(recipient=to(**{field: text})))
    assert refused.value.pointer == f"/recipient/{field}"
    assert refused.value.details["script"] == script
    assert text not in refused.value.message


def test_remarks_that_cannot_be_shown_are_marked():
    assert substituted("礼物 please ring 🎁🎁") == "? please ring ?"
    assert unshowable("Zoë Łódź Ωμέγα Иван") == ""
    shown = texts(draw_label(consignment(instruction="礼物 ring")))
    assert "? ring" in shown


def test_long_addresses_shrink_and_wrap_and_nothing_is_lost():
    long = to(
        name="Wilhelmina Featherstonehaugh-Cholmondeley of Wriothesley",
        organization="The Society for the Preservation of Extraordinarily Long Company Names",
        lines=("Apartment 1204, The Old Tobacco Warehouse, North Building", "Stanley Dock" * 6),
        city="Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    )
    shown = "".join(texts(draw_label(consignment(recipient=long)))).replace(" ", "")
    for text in (long.name, long.organization, *long.lines, long.city):
        assert text.replace(" ", "") in shown


def test_an_address_that_fits_in_no_size_is_refused():
    with pytest.raises(LabelTextTooLong) as refused:
        draw_label(consignment(recipient=to(lines=("W" * 200,) * 6)))
    assert refused.value.pointer == "/recipient"


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(words, words, words)
def test_any_address_gives_a_label_or_a_refusal(name, line, city):
    parcel = consignment(recipient=to(name=name, lines=(line,), city=city), reference=city[:40])
    with suppress(AddressUnprintable, LabelTextTooLong):
        assert draw_label(parcel).startswith(b"%PDF-")


@given(st.text(st.characters(max_codepoint=255, exclude_categories=("C",)), max_size=120))
def test_wrapping_keeps_every_word_within_the_width(text):
    lines = wrapped(text, BUILT_IN.regular, 8, 60)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  two\t\nlines ", "two lines"),
        ("e\u0301", "é"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07", "bell"),
        ("bell\x07\u00ad é", "bell é"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (RECIPIENT, "AB10"),
        (to(postcode="EC1A 1BB"), "EC1A"),
        (to(postcode="w1a1hq"), "W1A"),
        (to(postcode="JE2 3EA", country="JE"), "JE2"),
        (to(postcode="75008", country="FR"), "FR 75008"),
        (to(postcode=""), "GB"),
    ],
)
def test_routing_code(address: PostalAddress, code):
    assert routing_code(address) == code


@given(st.integers(0, 10**10 - 1), st.data())
def test_a_tracking_number_reads_back_and_catches_a_wrong_digit(serial, data):
    number = tracking_number("CX", serial)
    assert parse_tracking_number(show_tracking_number(number).lower()) == number
    place = data.draw(st.integers(2, 11))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    with pytest.raises(Refusal):
        parse_tracking_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("text", ["", "CX123", "CX0000000123", "C10000000123P", "CX0000000123Q"])
def test_other_texts_are_no_tracking_numbers(text):
    with pytest.raises(Refusal):
        parse_tracking_number(text)


def test_tracking_link():
    assert (
        tracking_link("https://t.example/{tracking_number}?x", "CX1") == "https://t.example/CX1?x"
    )
    assert tracking_link("", "CX1") == ""


def test_the_latest_status_goes_by_the_carriers_clock():
    noon, later = parse_instant("2011-01-05T12:00:00Z"), parse_instant("2011-01-05T15:00:00Z")
    events = [
        TrackingEvent("3", "CX1", "delivered", later),
        TrackingEvent("1", "CX1", "accepted", noon),
        TrackingEvent("2", "CX1", "in_transit", noon),
    ]
    assert latest_status(events) == "delivered"
    assert latest_status(events[1:]) == "in_transit"
    assert latest_status([]) is None
