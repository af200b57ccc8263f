"""Every interchange received is acknowledged by CONTRL, with the published codes of faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import Context
from crosslane.channels.adapters.telling import Talk
from tests.channels.edi_saying import TALK
from tests.channels.edifact import SHIPMENT, wrapped
from tests.channels.edifact_partner import ASKED, EDIFACT, segments, told
from tests.channels.judges import edifact_found_by_mock
from tests.channels.reading import CAME_AT, read

ACCEPTED = "UCI+7+BUYER:14+SELLER:14+7"
REJECTED = "UCM+1+ORDERS:D:01B:UN+4"


def acknowledged(raw: str | bytes, talk: Talk = TALK, **how) -> list[str]:
    body = raw.encode() if isinstance(raw, str) else raw
    said = list(
        EDIFACT.acknowledge(iter(read("edifact", body, **how)), Context(received_at=CAME_AT))
    )
    texts, outcomes = told("acknowledgment", *said, talk=talk)
    assert {one.state for one in outcomes} <= {"told"}
    for text in texts:
        # Bots has no grammar of CONTRL, which is in no directory.
        assert edifact_found_by_mock(text) == []
    return [text.decode("latin-1") for text in texts]


def about(raw: str, **how) -> list[str]:
    (text,) = acknowledged(raw, **how)
    return segments(text, "UCI", "UCF", "UCM", "UCS", "UCD")


def test_what_was_understood_is_acknowledged():
    (text,) = acknowledged(wrapped(ASKED, SHIPMENT))
    assert text == (
        "UNA:+.? 'UNB+UNOC:3+SELLER:14+BUYER:14+260106:0930+41'UNH+1+CONTRL:D:3:UN'"
        "UCI+7+BUYER:14+SELLER:14+7'UCM+1+ORDERS:D:01B:UN+7'UCM+2+DESADV:D:01B:UN+7'"
        "UNT+5+1'UNZ+1+41'"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("QTY+21:12:PCE", "QTY+21:x:PCE", [REJECTED, "UCS+10", "UCD+12+2:2"]),
        ("QTY+21:12:PCE", "QTY+21::PCE", [REJECTED, "UCS+10", "UCD+13+2:2"]),
        ("\nQTY+59:24", "", [REJECTED, "UCS+13", "UCD+12+2:3"]),
        ("BGM+220+PO-1+9", "BGM+220++9", [REJECTED, "UCS+2", "UCD+13+3:1"]),
        ("BGM+220", "XGM+220", [REJECTED, "UCS+2+13"]),
        ("CNT+2:3", "CNT+2:4", [REJECTED, "UCS+20", "UCD+29+2:2"]),
    ],
)
def test_what_is_wrong_in_a_message_is_told_with_its_place(old, new, expected):
    assert old in ASKED
    assert about(wrapped(ASKED.replace(old, new))) == [ACCEPTED, *expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("UNT+21+1", "UNT+20+1", "29+UNT+2"),
        ("UNT+21+1", "UNT+21+9", "28+UNT+3"),
        ("UNT+21+1'\n", "", "13+UNT"),
    ],
)
def test_what_is_wrong_with_a_message_as_a_whole_is_told(old, new, expected):
    raw = wrapped(ASKED)
    assert old in raw
    assert about(raw.replace(old, new)) == [ACCEPTED, f"{REJECTED}+{expected}"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("UNZ+1+7", "UNZ+2+7", "+29+UNZ+2"),
        ("UNZ+1+7", "UNZ+1+8", "+28+UNZ+3"),
        ("UNZ+1+7'\n", "", "+13+UNZ"),
        ("UNZ+1", "UNT+1+1'\nUNZ+1", "+33+UNT"),
        ("UNH+1", "FTX+AAI'\nUNH+1", "+33"),
    ],
)
def test_an_interchange_that_does_not_add_up_is_acknowledged_with_that_noted(old, new, expected):
    said = about(wrapped(ASKED).replace(old, new, 1))
    assert said == [ACCEPTED + expected, "UCM+1+ORDERS:D:01B:UN+7"]


def test_groups_are_answered_by_group():
    raw = wrapped(ASKED, ASKED).replace(
        "UNH+1+", "UNG+ORDERS+SHOPS:14+MILL+260105:1000+3+UN+D:01B'\nUNH+1+", 1
    )
    raw = raw.replace("UNZ+2+7", "UNE+1+3'\nUNZ+1+7").replace("UNT+21+2", "UNT+22+2")
    assert about(raw) == [
        ACCEPTED,
        "UCF+3+SHOPS:14+MILL+7+29+UNE+2",
        "UCM+1+ORDERS:D:01B:UN+7",
        "UCM+2+ORDERS:D:01B:UN+4+29+UNT+2",
    ]


@pytest.mark.parametrize("damaged", ["UNH+1'", "UNH++ORDERS:D:01B:UN'", "UNH+1+ORDERS'"])
def test_a_message_that_cannot_be_named_is_left_to_the_whole(damaged):
    raw = wrapped(ASKED, ASKED).replace("UNH+1+ORDERS:D:01B:UN:EAN010'", damaged)
    assert about(raw)[1:] == ["UCM+2+ORDERS:D:01B:UN+7"]


def test_messages_we_do_not_use_are_said_to_be_unsupported():
    assert about(wrapped("PRICAT\nBGM+9+1")) == [ACCEPTED, "UCM+1+PRICAT:D:01B:UN+4+14+UNH+3:1"]


def test_acknowledgments_are_not_acknowledged():
    answer = "CONTRL\nUCI+41+SELLER:14+BUYER:14+7"
    assert acknowledged(wrapped(answer)) == []
    assert about(wrapped(answer, ASKED)) == [ACCEPTED, "UCM+2+ORDERS:D:01B:UN+7"]
    assert acknowledged(b"{}") == []


def test_each_interchange_of_a_file_is_acknowledged_as_it_is_written():
    other = wrapped(ASKED, way="|>~\\", una="UNA>|.\\ ~", syntax="UNOA:1")
    texts = acknowledged(wrapped(ASKED, syntax="UNOC:4") + other)
    assert len(texts) == 2
    assert "+20260106:0930+41'UNH+1+CONTRL:4:1:UN'" in texts[0]
    assert "UCM|1|ORDERS>D>01B>UN|7~" in texts[1]


@given(st.binary(max_size=60), st.integers(0, 700), st.integers(0, 40))
def test_whatever_comes_its_acknowledgment_is_sound(damage, at, gone):
    raw = wrapped(ASKED).encode()
    readings = read("edifact", raw[:at] + damage + raw[at + gone :])
    said = list(EDIFACT.acknowledge(iter(readings), Context(received_at=CAME_AT)))
    texts, outcomes = told("acknowledgment", *said)
    assert {one.state for one in outcomes} <= {"told", "refused"}
    for text in texts:
        for reading in read("edifact", text):
            assert reading.fault is None, (reading.fault, text)
