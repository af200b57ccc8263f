"""Every interchange received is acknowledged by X12, with the published codes of what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import Context
from crosslane.channels.adapters.telling import Talk
from tests.channels.edi_saying import TALK
from tests.channels.judges import found_by_bots, found_by_mock
from tests.channels.reading import CAME_AT, read
from tests.channels.test_x12 import wrapped
from tests.channels.x12_partner import ASKED, X12, segments, told


def acknowledged(raw: str | bytes, talk: Talk = TALK, **how) -> list[str]:
    body = raw.encode() if isinstance(raw, str) else raw
    readings = read("x12", body, **how)
    said = list(X12.acknowledge(iter(readings), Context(received_at=CAME_AT)))
    texts, outcomes = told("acknowledgment", *said, talk=talk)
    assert {one.state for one in outcomes} <= {"told"}
    for text in texts:
        assert found_by_bots(text) == []
        assert found_by_mock(text) == []
    return texts


def about(raw: str, **how) -> list[str]:
    (text,) = acknowledged(raw, **how)
    return segments(text, "TA1", "AK1", "AK2", "AK3", "AK4", "AK5", "AK9")


def test_what_was_understood_is_acknowledged():
    assert about(wrapped(ASKED, ASKED)) == [
        "AK1*PO*3",
        "AK2*850*0001",
        "AK5*A",
        "AK2*850*0002",
        "AK5*A",
        "AK9*A*2*2*2",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("PO1*10*12*", "PO1*10*x*", ["AK3*PO1*8**8", "AK4*2*330*6", "AK5*R*5"]),
        ("PO1*10*12*", "PO1*10**", ["AK3*PO1*8**8", "AK4*2*330*1", "AK5*R*5"]),
        ("*9.25*", "*9,25*", ["AK3*PO1*8**8", "AK4*4*212*6", "AK5*R*5"]),
        ("*20260104", "*20261304", ["AK3*BEG*2**8", "AK4*5*373*8", "AK5*R*5"]),
        ("BEG*00", "XEG*00", ["AK3*BEG*2**3", "AK5*R*5"]),
        ("CTT*3", "CTT*4", ["AK3*CTT*13**8", "AK4*1*354*7", "AK5*R*5"]),
        ("PO4*24", "PO4", ["AK3*PO1*10**8", "AK4*3*355*7", "AK5*R*5"]),
        ("SE*14*0001", "SE*13*0001", ["AK5*R*4"]),
        ("SE*14*0001", "SE*14*0009", ["AK5*R*3"]),
        ("SE*14*0001~\n", "", ["AK5*R*2"]),
    ],
)
def test_what_is_wrong_with_a_set_is_told_by_the_published_codes(old, new, expected):
    raw = wrapped(ASKED)
    assert old in raw
    said = about(raw.replace(old, new))
    assert said == ["AK1*PO*3", "AK2*850*0001", *expected, "AK9*R*1*1*0"]


def test_a_group_is_partly_accepted():
    said = about(wrapped(ASKED, ASKED.replace("*12*EA", "*x*EA")))
    assert said[-1] == "AK9*P*2*2*1"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("GE*1*3", "GE*2*3", ["AK9*E*2*1*1*5"]),
        ("GE*1*3", "GE*1*4", ["AK9*E*1*1*1*4"]),
        ("GE*1*3~\n", "", ["AK9*E*1*1*1*3"]),
    ],
)
def test_a_group_that_does_not_add_up_is_accepted_with_that_noted(old, new, expected):
    assert about(wrapped(ASKED).replace(old, new))[-1:] == expected


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("IEA*1*000000007", "IEA*1*000000008", "E*001"),
        ("IEA*1*000000007", "IEA*2*000000007", "E*021"),
        ("IEA*1*000000007~\n", "", "E*023"),
        ("*000000007*0*", "*000000007*1*", "A*000"),
    ],
)
def test_an_interchange_is_answered_where_it_does_not_add_up_or_asks_for_it(old, new, note):
    said = about(wrapped(ASKED).replace(old, new))
    assert said[0] == f"TA1*000000007*260105*1000*{note}"
    assert said[-1] == "AK9*A*1*1*1"


@pytest.mark.parametrize("damaged", ["ST*850~", "ST*8*0001~", "ST**0001~"])
def test_a_set_that_cannot_be_named_is_counted(damaged):
    raw = wrapped(ASKED, ASKED).replace("ST*850*0001~", damaged)
    (text,) = acknowledged(raw)
    assert segments(text, "AK2", "AK5", "AK9") == ["AK2*850*0002", "AK5*A", "AK9*P*2*2*1"]


def test_sets_we_do_not_use_are_said_to_be_unsupported():
    assert about(wrapped("204\nB2**SCAC**1", kind="SM"))[1:] == [
        "AK2*204*0001",
        "AK5*R*1",
        "AK9*R*1*1*0",
    ]


def test_acknowledgments_are_not_acknowledged():
    assert acknowledged(wrapped("997\nAK1*PO*77\nAK9*A*1*1*1", kind="FA")) == []
    assert acknowledged(b"{}") == []


def test_each_interchange_of_a_file_is_acknowledged():
    texts = acknowledged(wrapped(ASKED) + wrapped(ASKED, ends="'", way="|:"))
    assert len(texts) == 2
    assert "AK5|A'" in texts[1]


@given(st.binary(max_size=60), st.integers(0, 700), st.integers(0, 40))
def test_whatever_comes_its_acknowledgment_is_sound(damage, at, gone):
    raw = wrapped(ASKED).encode()
    readings = read("x12", raw[:at] + damage + raw[at + gone :])
    said = list(X12.acknowledge(iter(readings), Context(received_at=CAME_AT)))
    texts, _ = told("acknowledgment", *said)
    for text in texts:
        for reading in read("x12", text.encode()):
            assert reading.fault is None, (reading.fault, text)
