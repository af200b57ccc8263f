"""UBL: streams of it in whatever form, envelopes, damage, and memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters import encoded
from crosslane.channels.adapters.ubl import ATTACHMENT_CHARACTERS_MAX, cutting
from tests.channels.reading import read, require_level
from tests.channels.ubl import CHANGE, LINE, ORDER, SCHEMA, document, fault, one, published
from tests.published import needs_published

# Garbage that waits to be collected, and what is kept of words that come again.
SLACK_BYTES = 96 << 10


@pytest.mark.parametrize("basic", ["cbc", "ns1"])
@pytest.mark.parametrize("own", ["", "ord:"])
def test_prefixes_and_ways_of_writing_say_the_same(basic, own):
    text = document("Order", ORDER, basic=basic, aggregate="x", own=own)
    declared = '<?xml version="1.0" encoding="ISO-8859-1"?><!-- an order -->\n' + text
    plain = one(ORDER)
    for raw in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        declared.replace("A mug", "A mug").encode("latin-1"),
        text.encode("utf-16"),
    ):
        (reading,) = read("ubl", raw)
        assert reading.messages == (plain,)
        (again,) = read("ubl", (reading.head + reading.body + reading.tail).encode())
        assert again.messages == (plain,)


def enveloped(*documents: str) -> str:
    uri = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    header = (
        "<sh:StandardBusinessDocumentHeader><sh:HeaderVersion>1.0</sh:HeaderVersion><sh:Sender>"
        '<sh:Identifier Authority="iso6523-actorid-upis">0088:7300010000001</sh:Identifier>'
        "</sh:Sender></sh:StandardBusinessDocumentHeader>"
    )
    return (
        f'<?xml version="1.0"?><sh:StandardBusinessDocument xmlns:sh="{uri}">{header}'
        f"{''.join(documents)}</sh:StandardBusinessDocument>"
    )


def test_an_envelope_holds_documents_and_its_header_is_kept():
    text = enveloped(
        document("Order", ORDER), "\n", document("OrderChange", CHANGE.format(more=""))
    )
    readings = read("ubl", text.encode())
    assert [type(m).__name__ for r in readings for m in r.messages] == ["Order", "Amendment"]
    for reading in readings:
        sender = "/StandardBusinessDocumentHeader/Sender/Identifier"
        assert reading.messages[0].rest[sender] == "0088:7300010000001"
        (again,) = read("ubl", (reading.head + reading.body + reading.tail).encode())
        assert again.messages == reading.messages


def test_a_stream_holds_several_documents_and_a_broken_one_does_no_harm():
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    whole = declared + document("Order", ORDER)
    broken = declared + document("Order", ORDER).replace("</b:ID>", "", 1)
    stream = whole + "\r\n" + broken + enveloped(document("Order", ORDER)) + whole[:-9]
    readings = read("ubl", stream.encode())
    assert [r.fault.code if r.fault else len(r.messages) for r in readings] == [
        1,
        "malformed-xml",
        1,
        "record-cut-off",
    ]
    assert [r.place for r in readings] == [1, 2, 3, 4]


def test_what_is_attached_is_kept_but_not_carried_about():
    def attached(text):
        return ORDER + (
            "<a:AdditionalDocumentReference><b:ID>D</b:ID><a:Attachment>"
            f'<b:EmbeddedDocumentBinaryObject mimeCode="application/pdf">{text}'
            "</b:EmbeddedDocumentBinaryObject></a:Attachment></a:AdditionalDocumentReference>"
        )

    place = "/AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject"
    assert one(attached("UjBs")).rest[place] == "UjBs"
    long = "UjBs" * ATTACHMENT_CHARACTERS_MAX
    (reading,) = read("ubl", document("Order", attached(long)).encode())
    assert reading.messages[0].rest[place] == f"({len(long)} characters, kept with the record)"
    assert long in reading.body


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("<b:ID>PO-1</b:ID>", "", "field-missing", "/ID"),
        ("<b:ID>PO-1</b:ID>", "<b:ID/>", "field-missing", "/ID"),
        ("2026-01-04", "2026-13-04", "invalid-field", "/IssueDate"),
        (LINE, "", "field-missing", "/OrderLine"),
        (">12<", ">x<", "invalid-field", "/OrderLine[1]/LineItem/Quantity"),
        (">12<", ">0<", "invalid-field", "/OrderLine[1]/LineItem/Quantity"),
        (">12<", ">1e99<", "invalid-field", "/OrderLine[1]/LineItem/Quantity"),
        (">12<", "><", "field-missing", "/OrderLine[1]/LineItem/Quantity"),
        (">9.25<", ">NaN<", "invalid-field", "/OrderLine[1]/LineItem/Price/PriceAmount"),
        (">9.25<", ">-1<", "invalid-field", "/OrderLine[1]/LineItem/Price/PriceAmount"),
        (
            'EUR">9.25',
            'USD">9.25',
            "invalid-field",
            "/OrderLine[1]/LineItem/Price/PriceAmount/@currencyID",
        ),
        (">111.00<", ">111.005<", "bad-amount", "/OrderLine[1]/LineItem/LineExtensionAmount"),
        ("MUG", "M" * 99, "invalid-field", "/lines/0/sku"),
    ],
)
def test_what_does_not_add_up_is_pointed_at(old, new, code, pointer):
    assert old in ORDER
    found = fault(ORDER.replace(old, new, 1))
    assert (found.code, found.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (b"", []),
        (b"  \r\n", []),
        (b"{}", ["malformed-xml"]),
        (b"UNB+UNOA:1", ["malformed-xml"]),
        (b"\x00" * 99, []),
        (b"<a/>", ["not-ubl"]),
        (b"<Order/>", ["not-ubl"]),
        (b"<a>", ["record-cut-off"]),
        (b'<?xml version="1.0" encoding="EBCDIC"?><a/>', ["encoding-unknown"]),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', ["doctype-refused"]),
        (b"<a>" * 999, ["not-ubl"]),
        (b"<a>\xff</a>", ["malformed-xml"]),
    ],
)
def test_what_is_no_document_of_ubl_is_refused(raw, codes):
    assert [reading.fault.code for reading in read("ubl", raw)] == codes


def test_wherever_a_document_is_cut_off_it_is_pointed_at():
    raw = document("Order", ORDER).encode()
    (whole,) = read("ubl", raw)
    for at in range(1, len(raw), 7):
        (reading,) = read("ubl", raw[:at])
        assert reading.fault is not None
    assert whole.messages


def test_a_document_is_read_alike_in_whatever_parts_it_comes(monkeypatch):
    raw = (enveloped(document("Order", ORDER)) + enveloped(document("Order", ORDER))).encode()
    whole = read("ubl", raw)
    for size in (1, 7, 64, 500):
        monkeypatch.setattr(encoded, "CHUNK_BYTES", size)
        assert [r.messages for r in read("ubl", raw)] == [r.messages for r in whole]


@given(st.binary(max_size=60), st.integers(0, 2_000), st.integers(0, 40))
def test_damage_is_a_fault_and_never_an_exception(damage, at, gone):
    raw = document("Order", ORDER).encode()
    for reading in read("ubl", raw[:at] + damage + raw[at + gone :]):
        assert reading.fault is not None or reading.messages
        reading.body.encode()


@needs_published
@given(st.sampled_from(published()), st.data())
def test_wrong_values_are_faults_and_never_exceptions(path, data):
    raw = path.read_text(encoding="utf-8-sig")
    starts = [n for n in range(len(raw)) if raw.startswith(">", n)]
    at = data.draw(st.sampled_from(starts)) + 1
    end = raw.find("<", at)
    wrong = data.draw(st.sampled_from(["", "-1", "x", "9" * 40, "1e9", "NaN", "é" * 600, "  "]))
    changed = raw[:at] + wrong + raw[end if end >= 0 else at :]
    for reading in read("ubl", changed.encode()):
        assert reading.fault is not None or reading.messages


@pytest.mark.parametrize(
    ("opening", "part"),
    [
        pytest.param("", document("Order", ORDER), id="documents without end"),
        pytest.param(enveloped("")[:-30], document("Order", ORDER), id="in one envelope"),
        pytest.param(f'<Order xmlns="{SCHEMA}Order-2">', "<x>1</x>", id="a document without end"),
        pytest.param(f'<Order xmlns="{SCHEMA}Order-2" x="', "y" * 999, id="a tag without end"),
        pytest.param("<a>", "<b/>", id="elements without end"),
        pytest.param("{", "x" * 999, id="nothing of it"),
    ],
)
def test_memory_does_not_grow_with_the_stream(opening, part, monkeypatch):
    monkeypatch.setattr(encoded, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(cutting, "DOCUMENT_BYTES_MAX", 16 << 10)
    monkeypatch.setattr(cutting, "HEAD_BYTES_MAX", 4 << 10)
    require_level("ubl", opening.encode(), part.encode(), SLACK_BYTES)
