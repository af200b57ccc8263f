"""EPCIS: published documents are read whole, and what partners may write is understood."""

import json
from functools import cache
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from defusedxml.ElementTree import fromstring

from crosslane.channels.adapters.epcis.events import word
from crosslane.demo.raw import data_folder
from tests.channels.capabilities import SAMPLES
from tests.channels.reading import CANONICAL, as_lines, forms_of, read, scalars, told_nowhere

FIXTURES = data_folder() / "fixtures/epcis"
PUBLISHED = sorted(FIXTURES.glob("*"))
JSON = [path for path in PUBLISHED if path.suffix == ".jsonld"]
XML = [path for path in PUBLISHED if path.suffix == ".xml"]
TWINS = [path for path in XML if path.with_suffix(".jsonld").exists()]
# By GS1, as of EPCIS 2.0.
SCHEMA = Path(__file__).parent / "schemas/epcis-2.0.json"
PLACE = "urn:epc:id:sgln:4012345.00011.0"
ORDER = {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:4012345000009:PO-1"}
CLASS = "urn:epc:class:lgtin:4012345.012345.L1"
SSCC = "urn:epc:id:sscc:4012345.0000000333"
SHIPPED = {
    "type": "ObjectEvent",
    "eventTime": "2026-01-05T09:00:00+01:00",
    "eventTimeZoneOffset": "+01:00",
    "action": "OBSERVE",
    "bizStep": "shipping",
    "epcList": [SSCC],
    "quantityList": [{"epcClass": CLASS, "quantity": 2}],
    "readPoint": {"id": PLACE},
    "bizTransactionList": [ORDER],
}
MADE = {
    "type": "ObjectEvent",
    "eventID": "urn:uuid:1",
    "eventTime": "2026-01-05T09:00:00+01:00",
    "eventTimeZoneOffset": "+01:00",
    "action": "ADD",
    "bizStep": "commissioning",
    "quantityList": [{"epcClass": CLASS, "quantity": 40}],
    "bizLocation": {"id": PLACE},
}


def document(*events):
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-05T09:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }


def readings(*events, **context):
    return read("epcis", json.dumps(document(*events)).encode(), **context)


def said(event, **changes):
    (reading,) = readings({n: v for n, v in (event | changes).items() if v is not None})
    assert reading.fault is None, reading.fault
    return reading.messages[0]


def fault(event, **changes):
    (reading,) = readings({n: v for n, v in (event | changes).items() if v is not None})
    assert reading.messages == ()
    return reading.fault.code, reading.fault.pointer


@cache
def judge():
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()), validate_formats=False)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_a_published_document_is_read_as_it_was_checked(path):
    canonical = CANONICAL / "epcis" / f"{path.name}.jsonl"
    assert as_lines(read("epcis", path.read_bytes())) == canonical.read_text()


@pytest.mark.parametrize("path", JSON, ids=lambda path: path.stem)
def test_nothing_of_a_published_document_gets_lost(path):
    events = path.read_bytes()
    for reading in read("epcis", events):
        event = json.loads(reading.body)
        assert told_nowhere(event, [reading], set()) == []
        around = json.loads(reading.head + reading.tail)
        kept = reading.messages[0].rest
        assert [p for p, _ in scalars(around) if f"/head{p}" not in kept] == []


@pytest.mark.parametrize("path", XML, ids=lambda path: path.stem)
def test_nothing_of_a_published_document_of_xml_gets_lost(path):
    for reading in read("epcis", path.read_bytes()):
        (message,) = map(msgspec.to_builtins, reading.messages)
        text = msgspec.json.encode(message).decode()
        root = fromstring(reading.head + reading.body + reading.tail)
        texts = [one.text.strip() for one in root.iter() if (one.text or "").strip()]
        texts += [value.strip() for one in root.iter() for value in one.attrib.values()]
        assert [t for t in texts if not any(form in text for form in forms_of(t))] == []


@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_json_and_xml_of_one_document_say_the_same(path):
    def messages(one):
        found = [m for r in read("epcis", one.read_bytes()) for m in r.messages]
        # An event without a name is known by all it says, and words are written in several ways.
        return [
            msgspec.structs.replace(m, rest={}, source_id=m.source_id.split("sha-256:")[0] or "-")
            for m in found
        ]

    assert messages(path) == messages(path.with_suffix(".jsonld"))


def test_what_we_read_are_documents_by_the_schema_of_gs1():
    ours = [SHIPPED, MADE, MADE | {"errorDeclaration": {"declarationTime": "2026-01-06T09:00:00Z"}}]
    told = [document(event) for event in ours] + [json.loads(path.read_bytes()) for path in JSON]
    histories = sorted((SAMPLES / "epcis/histories").glob("*/*.json"))
    told += [json.loads(path.read_bytes()) for path in histories]
    assert [one for one in told if not judge().is_valid(one)] == []
    assert not judge().is_valid(document(SHIPPED | {"action": "MOVE"}))


def test_goods_of_an_order_are_shipped_with_their_parcel():
    told = said(SHIPPED)
    assert (told.order, told.step, told.source_id) == ("PO-1", "shipped", "040123450000003338")
    assert [(x.gtin, x.lot, x.quantity) for x in told.lines] == [("04012345123456", "L1", 2)]
    assert (told.location, told.tracking) == ("4012345000115", ("040123450000003338",))
    assert told.event_at.isoformat() == "2026-01-05T08:00:00+00:00"


@pytest.mark.parametrize(
    ("step", "becomes"),
    [
        ("urn:epcglobal:cbv:bizstep:departing", "shipped"),
        ("https://ref.gs1.org/cbv/BizStep-transporting", "in_transit"),
        ("cbv:BizStep-arriving", "in_transit"),
        ("receiving", "received"),
        ("accepting", "received"),
        ("packing", "packed"),
        ("void_shipping", "cancelled"),
    ],
)
def test_steps_are_told_in_every_spelling_of_the_vocabulary(step, becomes):
    assert said(SHIPPED, bizStep=step).step == becomes


def test_words_of_others_stay_as_they_are():
    assert word("https://example.com/bizstep/gift-wrapping") == (
        "https://example.com/bizstep/gift-wrapping"
    )
    assert said(SHIPPED, bizStep="gift_wrapping").topic == "gift_wrapping"
    assert said(SHIPPED, bizStep=None).topic == "ObjectEvent"
    assert said(SHIPPED, type="ext:WeighingEvent", bizStep=None).topic == "ext:WeighingEvent"


def test_of_no_order_only_goods_that_go_somewhere_are_on_their_way():
    where = [{"type": "location", "destination": "urn:epc:id:sgln:4012345.00012.7"}]
    none = {"bizTransactionList": None}
    told = said(SHIPPED, **none, destinationList=where)
    assert (told.step, told.order, told.to) == ("shipped", "", "4012345000122/7")
    assert said(SHIPPED, **none).topic == "shipping"
    assert said(SHIPPED, **none, destinationList=where, quantityList=None).topic == "shipping"
    assert said(SHIPPED, **none, bizStep="packing").topic == "packing"


def test_what_a_parcel_of_an_order_holds_must_be_told():
    assert fault(SHIPPED, quantityList=None) == ("contents-unknown", "/epcList")
    other = {"type": "po", "bizTransaction": "https://buyer.example/po/PO-2"}
    several = fault(SHIPPED, bizTransactionList=[ORDER, other])
    assert several == ("orders-several", "/bizTransactionList")


def test_tying_and_untying_is_no_shipment():
    tied = {"type": "TransactionEvent", "parentID": SSCC, "epcList": None}
    assert said(SHIPPED, **tied, action="ADD").step == "shipped"
    assert said(SHIPPED, **tied, action="DELETE").topic == "shipping"


def test_goods_come_to_be_and_are_no_more():
    told = said(MADE)
    assert (told.location, told.source_id) == ("4012345000115", "urn:uuid:1")
    assert [(x.gtin, x.quantity) for x in told.rows] == [("04012345123456", 40)]
    gone = said(MADE, action="DELETE", bizStep="destroying")
    assert [(x.gtin, x.quantity) for x in gone.rows] == [("04012345123456", -40)]
    assert said(MADE, action="OBSERVE", bizStep="inspecting").topic == "inspecting"
    assert said(MADE, bizLocation={"id": "geo:50.9,6.9"}).topic == "commissioning"


@pytest.mark.parametrize(
    ("quantity", "uom", "units"),
    [(40, None, 40), ("40.0", "EA", 40), (40, "h87", 40), (40, "KGM", None), (1.5, "KGM", None),
     (None, None, None), (0, None, None)],
)  # fmt: skip
def test_pieces_are_counted_and_measures_left_over(quantity, uom, units):
    part = {"epcClass": CLASS, "quantity": quantity, "uom": uom}
    told = said(MADE, quantityList=[{n: v for n, v in part.items() if v is not None}])
    assert (told.rows[0].quantity if hasattr(told, "rows") else None) == units


@pytest.mark.parametrize("quantity", [1.5, -1, "many", True, 10**12, "NaN"])
def test_pieces_are_whole(quantity):
    wrong = [{"epcClass": CLASS, "quantity": quantity}]
    assert fault(MADE, quantityList=wrong) == ("invalid-field", "/quantityList/0/quantity")


def test_what_is_found_at_a_place_is_what_lies_there():
    things = ["urn:epc:id:sgtin:4012345.012345.1", "https://id.gs1.org/01/04012345123456/21/2"]
    told = said(MADE, action="OBSERVE", bizStep="cycle_counting", epcList=things)
    assert [(x.gtin, x.quantity) for x in told.rows] == [("04012345123456", 42)]
    assert not told.complete


def test_that_nothing_is_found_of_an_article_is_told():
    none = [{"epcClass": CLASS, "quantity": 0}, {"epcClass": CLASS.replace("0123", "0999")}]
    told = said(MADE, action="OBSERVE", bizStep="stock_taking", quantityList=none)
    assert [(x.gtin, x.quantity) for x in told.rows] == [("04012345123456", 0)]


def test_goods_that_were_made_of_others():
    made = {
        "type": "TransformationEvent",
        "inputQuantityList": [{"epcClass": CLASS, "quantity": 6}],
        "outputEPCList": ["urn:epc:id:sgtin:4012345.099999.1", "urn:epc:id:grai:4012345.00022.1"],
    }
    told = said(MADE, **made, action=None, quantityList=None)
    assert {x.gtin: x.quantity for x in told.rows} == {"04012345999990": 1, "04012345123456": -6}


def test_an_error_declaration_takes_an_event_back():
    error = {"declarationTime": "2026-01-06T09:00:00Z", "reason": "cbv:ER-incorrect_data"}
    once, back = said(MADE), said(MADE, errorDeclaration=error)
    assert (once.source_id, once.event_at) == (back.source_id, back.event_at)
    assert once.source_version < back.source_version
    assert [x.quantity for x in (*once.rows, *back.rows)] == [40, -40]
    sent = said(SHIPPED, errorDeclaration=error)
    assert (sent.step, sent.source_id) == ("cancelled", "040123450000003338")
    assert sent.reason == "incorrect_data"
    counted = {"action": "OBSERVE", "bizStep": "stock_taking", "errorDeclaration": error}
    assert said(MADE, **counted).topic == "error_declared"
    assert fault(MADE, errorDeclaration={"reason": "x"}) == (
        "field-missing",
        "/errorDeclaration/declarationTime",
    )


def test_an_event_without_a_name_is_known_by_what_it_says():
    nameless = {"eventID": None}
    first = said(MADE, **nameless)
    again = said(MADE, **nameless, recordTime="2026-01-07T09:00:00Z")
    assert (first.source_id, first.source_version) == (again.source_id, again.source_version)
    error = {"declarationTime": "2026-01-06T09:00:00Z"}
    assert said(MADE, **nameless, errorDeclaration=error).source_id == first.source_id
    assert said(MADE, **nameless, certificationInfo="x").source_id != first.source_id
    assert said(MADE, eventID="x" * 101).source_id.startswith("sha-256:")


def test_a_time_without_zone_is_that_of_where_it_happened():
    naive = {"eventTime": "2026-01-05T09:00:00"}
    assert said(MADE, **naive, eventTimeZoneOffset="-06:00").event_at.hour == 15
    bare = {n: v for n, v in (MADE | naive).items() if n != "eventTimeZoneOffset"}
    (reading,) = readings(bare, timezone="Asia/Tokyo")
    assert reading.messages[0].event_at.hour == 0
    assert fault(MADE, eventTime="soon") == ("invalid-field", "/eventTime")
    assert fault(MADE, eventTime=None) == ("field-missing", "/eventTime")


def test_a_wrong_number_of_an_article_is_refused_where_it_stands():
    wrong = ["https://id.gs1.org/01/04012345123457/21/1"]
    assert fault(MADE, epcList=wrong) == ("bad-key", "/epcList/0")
    assert fault(MADE, epcList="x") == ("invalid-field", "/epcList")
    assert fault(MADE, epcList=[1]) == ("invalid-field", "/epcList/0")


def test_one_wrong_event_does_no_harm_to_the_next():
    first, second, third = readings(MADE | {"eventTime": "soon"}, MADE, 7)
    assert (first.fault.code, second.fault, third.fault.code) == (
        "invalid-field",
        None,
        "not-epcis",
    )
    assert read("epcis", (second.head + second.body + second.tail).encode())[0].messages == (
        second.messages
    )


def test_events_come_alone_or_a_document_a_line():
    (alone,) = read("epcis", json.dumps(MADE).encode())
    assert alone.messages[0].source_id == "urn:uuid:1"
    lines = "\n".join(json.dumps(document(MADE | {"eventID": n})) for n in "ab")
    assert [r.messages[0].source_id for r in read("epcis", lines.encode())] == ["a", "b"]
    assert readings() == []


OLD = """<?xml version="1.0"?>
<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2"
 creationDate="2026-01-05T09:00:00Z"><EPCISHeader><h:StandardBusinessDocumentHeader
 xmlns:h="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader">
 <h:Sender><h:Identifier Authority="GS1">4012345000009</h:Identifier></h:Sender>
 </h:StandardBusinessDocumentHeader></EPCISHeader><EPCISBody><EventList>
 <!-- <ObjectEvent> --><ObjectEvent><eventTime>2026-01-05T08:00:00Z</eventTime>
 <eventTimeZoneOffset>+01:00</eventTimeZoneOffset><baseExtension><eventID>a</eventID></baseExtension>
 <epcList/><action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
 <bizLocation><id>urn:epc:id:sgln:4012345.00011.0</id></bizLocation><extension><quantityList>
 <quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.L1</epcClass>
 <quantity>40</quantity></quantityElement></quantityList></extension></ObjectEvent>
 <extension><TransformationEvent><eventTime>wrong</eventTime></TransformationEvent></extension>
 <ObjectEvent/></EventList></EPCISBody></e:EPCISDocument>"""


def test_documents_of_epcis_1_are_read_with_their_header():
    first, second, third = read("epcis", OLD.encode())
    (told,) = first.messages
    assert (told.source_id, told.rows[0].quantity) == ("a", 40)
    sender = "/head/EPCISHeader/h:StandardBusinessDocumentHeader/h:Sender/h:Identifier"
    assert (told.rest[sender], told.rest[f"{sender}/@Authority"]) == ("4012345000009", "GS1")
    assert second.fault.pointer == "/TransformationEvent/eventTime"
    assert (third.fault.code, third.body) == ("field-missing", "<ObjectEvent/>")
    (again,) = read("epcis", (first.head + first.body + first.tail).encode())
    assert again.messages == first.messages


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"<a/>", "not-epcis"),
        (b"{}", "not-epcis"),
        (b"[]", "not-epcis"),
        (b"<EPCISDocument><EPCISBody>", "malformed-xml"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><EPCISDocument/>", "doctype-refused"),
        (b"<EPCISDocument>" * 70, "too-deep"),
        (b'{"type":"EPCISDocument","epcisBody":7}', "invalid-field"),
        (b'{"type":"EPCISDocument","epcisBody":{"eventList":7}}', "invalid-field"),
        (b" " * (17 << 20), "record-too-large"),
    ],
)
def test_what_is_no_document_of_events_is_refused(raw, code):
    (reading,) = read("epcis", raw)
    assert reading.fault.code == code


def test_a_quantity_that_is_nil_in_xml_is_told_by_nobody():
    nil = '<quantity xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true"/>'
    other = "urn:epc:class:lgtin:4012345.022222.L2"
    more = f"<quantityElement><epcClass>{other}</epcClass>{nil}</quantityElement></quantityList>"
    first, *_ = read("epcis", OLD.replace("</quantityList>", more).encode())
    (told,) = first.messages
    assert [row.quantity for row in told.rows] == [40]
    assert other in told.rest.values()
    first, *_ = read("epcis", OLD.replace("</quantityList>", more.replace("true", "no")).encode())
    assert first.fault.code == "invalid-field"
