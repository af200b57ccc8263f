"""Partners are written to by EDIFACT as they write: marks, letters, directories, groups."""

import msgspec
import pytest

from crosslane.channels.adapters.telling import Answer, Outgoing
from crosslane.channels.domain.reports import MovedGoods
from tests.channels.edi_saying import BOWL, CLIP, MUG, TALK, reply, shipped
from tests.channels.edifact import wrapped
from tests.channels.edifact_partner import (
    ASKED,
    EDIFACT,
    SUPPLY,
    invoice,
    ordered,
    segments,
    set_up,
    sound,
    told,
)
from tests.channels.judges import edifact_found_by_bots, edifact_found_by_mock
from tests.channels.reading import read

GROUPED = ("UNH+1+", "UNG+ORDERS+SHOPS+MILL+260105:1000+3+UN+D:96A'\nUNH+1+")


def test_nobody_says_who_the_partner_is():
    documents, (outcome,) = told("supply_snapshot", SUPPLY)
    assert (documents, outcome.state, outcome.code) == ([], "refused", "setting-missing")
    assert "our_id" in outcome.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "96A"),
        ("version", "D:96ABC"),
        ("syntax", "UNOQ:3"),
        ("syntax", "UNOC:x"),
        ("marks", ":+.?'"),
        ("marks", "::.? '"),
        ("marks", "A+.? '"),
        ("company_prefix", "12"),
    ],
)
def test_a_setting_that_says_nothing_is_refused_with_its_name(name, value):
    (order,) = ordered()
    talk = set_up(**{name: value})
    _, (outcome,) = told(
        "fulfillment", shipped(MovedGoods(id="10", quantity=1)), order=order, talk=talk
    )
    assert (outcome.state, outcome.code) == ("refused", "setting-invalid")
    assert outcome.detail.startswith(f"/settings/{name}")


# Where structure, terms of payment or heads of stock have changed.
@pytest.mark.parametrize("release", ["D:93A", "D:97A", "D:01B", "D:02B", "D:10A", "D:17B"])
def test_a_partner_is_written_to_by_its_directory(release):
    (order,) = ordered(release=release)
    notice = shipped(MovedGoods(id="10", sku="MUG", quantity=12, title="A mug", lot="L7"))
    for kind, message in (
        ("order_reply", reply(msgspec.structs.replace(MUG, backordered=2), BOWL, CLIP)),
        ("fulfillment", notice),
        ("invoice", invoice()),
        ("supply_snapshot", SUPPLY),
    ):
        talk = set_up(company_prefix="4012345")
        (raw,), _ = told(kind, message, order=order, talk=talk)
        assert f":{release}:UN'".encode() in raw
        assert edifact_found_by_bots(raw) == []


def test_messages_of_one_partner_go_in_one_interchange_and_each_partner_gets_its_own():
    (order,) = ordered()
    raw = wrapped(ASKED).replace("BUYER:", "OTHER:")
    (other,) = (m for r in read("edifact", raw.encode()) for m in r.messages)
    outgoing = [
        Outgoing(key=f"k{n}", number=n, message=reply(MUG), order=of)
        for n, of in enumerate((order, other, order), 7)
    ]
    talking = EDIFACT.tells["order_reply"].tell(outgoing, TALK)
    first = next(talking)
    second = talking.send(Answer())
    with pytest.raises(StopIteration) as stop:
        talking.send(Answer(status=422))
    assert [one.state for one in stop.value.value] == ["told", "refused", "told"]
    assert (first.name, second.name) == ("ORDRSP-000000007.edi", "ORDRSP-000000008.edi")
    text = first.body.decode()
    assert segments(text, "UNB", "UNH", "UNT", "UNZ") == [
        "UNB+UNOC:3+SELLER:14+BUYER:14+260106:0930+7",
        "UNH+1+ORDRSP:D:96A:UN",
        "UNT+19+1",
        "UNH+2+ORDRSP:D:96A:UN",
        "UNT+19+2",
        "UNZ+2+7",
    ]
    assert edifact_found_by_bots(first.body) == edifact_found_by_mock(first.body) == []


def test_who_writes_in_groups_is_answered_in_groups():
    raw = wrapped(ASKED).replace("D:01B:UN:EAN010", "D:96A:UN").replace(*GROUPED)
    raw = raw.replace("UNZ+1+7", "UNE+1+3'\nUNZ+1+7")
    ((order,),) = (r.messages for r in read("edifact", raw.encode()))
    text = sound("order_reply", reply(MUG), order=order)
    assert segments(text, "UNG", "UNE", "UNZ") == [
        "UNG+ORDRSP+MILL+SHOPS+260106:0930+41+UN+D:96A",
        "UNE+1+41",
        "UNZ+1+41",
    ]


def test_internal_addresses_and_tests_are_answered_alike():
    raw = wrapped(ASKED).replace(
        "BUYER:14+SELLER:14+260105:1000+7", "BUYER:14:STORES+SELLER:14:SALES+260105:1000+7++++++1"
    )
    ((order,),) = (r.messages for r in read("edifact", raw.encode()))
    (told_to,), _ = told("order_reply", reply(MUG), order=order)
    assert segments(told_to.decode(), "UNB") == [
        "UNB+UNOC:3+SELLER:14:SALES+BUYER:14:STORES+260106:0930+41++++++1"
    ]


@pytest.mark.parametrize(
    ("way", "una"), [("|>~\\", "UNA>|,\\ ~"), ("\x1d\x1f\x1c?", ""), ("+:'?", "UNA:+,? '")]
)
def test_a_partner_is_written_to_as_it_writes(way, una):
    def written(raw):
        ((order,),) = (r.messages for r in read("edifact", raw.encode()))
        return told("order_reply", reply(MUG, BOWL, CLIP), order=order)[0][0].decode()

    raw = wrapped(ASKED, way=way)
    raw = (una + raw) if una else raw
    text, plain = written(raw), written(wrapped(ASKED))
    marks = str.maketrans(way, "+:'?")
    assert text.startswith(una or "UNB")
    comma = una[5:6] == ","
    same = text.removeprefix(una).translate(marks)
    assert same == plain.removeprefix("UNA:+.? '").replace(
        "9.25", "9,25" if comma else "9.25"
    ).replace("0.125", "0,125" if comma else "0.125")


@pytest.mark.parametrize(
    ("syntax", "title", "wanted"),
    [
        ("UNOA:3", "Krüger’s €5 mug_№ 7", "KRUGER?'S ??5 MUG??NO 7"),
        ("UNOB:3", "Krüger’s @5 mug", "Kruger?'s ??5 mug"),
        ("UNOC:3", "Krüger’s 5 €", "Krüger?'s 5 ??"),
        ("UNOL:4", "Krüger 5 €", "Krüger 5 €"),
        ("UNOE:3", "Кружка Ü", "Кружка U"),
        ("UNOY:3", "杯子 Ü", "杯子 Ü"),
    ],
)
def test_letters_the_agreed_set_lacks_are_made_plain_in_words(syntax, title, wanted):
    (order,) = ordered()
    goods = MovedGoods(id="10", quantity=1, title=title)
    (raw,), _ = told("fulfillment", shipped(goods), order=order, talk=set_up(syntax=syntax))
    letters = {"UNOL": "iso8859-15", "UNOE": "iso8859-5", "UNOY": "utf-8"}.get(
        syntax[:4], "latin-1"
    )
    assert segments(raw.decode(letters), "IMD") == [f"IMD+F++:::{wanted}"]


@pytest.mark.parametrize(
    ("syntax", "sku"),
    [("UNOA:3", "mug"), ("UNOB:3", "MUG#1"), ("UNOC:3", "ŻUR"), ("UNOC:3", "a\x07")],
)
def test_a_code_the_agreed_set_lacks_refuses_the_message(syntax, sku):
    goods = MovedGoods(id="1", quantity=1, sku=sku)
    talk = set_up(syntax=syntax, our_id="SELLER", their_id="BUYER")
    documents, (outcome,) = told("fulfillment", shipped(goods), talk=talk)
    assert (documents, outcome.code) == ([], "not-writable")
    assert outcome.detail.startswith("/lines/0/sku")


def test_without_a_release_mark_words_lose_marks_and_codes_are_refused():
    (order,) = ordered()
    talk = set_up(marks=":+.  '")
    goods = MovedGoods(id="10", quantity=1, title="it's 1+1")
    (raw,), _ = told("fulfillment", shipped(goods), order=order, talk=talk)
    assert "IMD+F++:::it s 1 1" in raw.decode().split("'")
    notice = shipped(MovedGoods(id="10", quantity=1), tracking=("A+B",))
    _, (outcome,) = told("fulfillment", notice, order=order, talk=talk)
    assert outcome.detail.startswith("/tracking/0")
