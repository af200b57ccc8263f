"""Partners whose trailers count wrongly: kept back, unless their connection says to leave it."""

import pytest

from crosslane.channels import FAMILIES, Context
from tests.channels import edifact, tradacoms
from tests.channels.reading import CAME_AT, read
from tests.channels.test_x12 import ORDER, wrapped

IGNORED = {"counts": "ignored"}
X12 = wrapped(ORDER)
EDIFACT = edifact.wrapped(edifact.ORDER)
TRADACOMS = tradacoms.sent(*tradacoms.filed(tradacoms.ORDER))
MISCOUNTED = [
    ("x12", X12, "SE*", "SE*9", "segment-count"),
    ("x12", X12, "*0001~\nGE", "*0002~\nGE", "control-number"),
    ("x12", X12, "GE*1", "GE*2", "control-count"),
    ("x12", X12, "IEA*1*000000007", "IEA*1*000000008", "control-number"),
    ("edifact", EDIFACT, "UNT+", "UNT+9", "segment-count"),
    ("edifact", EDIFACT, "UNZ+1", "UNZ+2", "control-count"),
    ("edifact", EDIFACT, "UNZ+1+7", "UNZ+1+8", "control-number"),
    ("tradacoms", TRADACOMS, "OTR=1'\nMTR=", "OTR=1'\nMTR=9", "segment-count"),
    ("tradacoms", TRADACOMS, "OFT=1", "OFT=2", "control-count"),
    ("tradacoms", TRADACOMS, "END=3", "END=4", "control-count"),
]


@pytest.mark.parametrize(("family", "right", "old", "new", "code"), MISCOUNTED)
def test_what_is_miscounted_is_kept_back_unless_a_connection_says_otherwise(
    family: str, right: str, old: str, new: str, code: str
) -> None:
    assert right.count(old) == 1
    raw = right.replace(old, new).encode()
    assert [one.fault.code for one in read(family, raw) if one.fault] == [code]
    readings = read(family, raw, settings=IGNORED)
    assert [one.fault for one in readings if one.fault] == []
    (order,) = (message for one in readings for message in one.messages)
    (meant,) = (message for one in read(family, right.encode()) for message in one.messages)
    # What a set says of itself is not what it holds, so it is kept.
    assert order.rest.items() >= meant.rest.items()
    assert {name: getattr(order, name) for name in order.__struct_fields__ if name != "rest"} == {
        name: getattr(meant, name) for name in meant.__struct_fields__ if name != "rest"
    }


@pytest.mark.parametrize(
    ("family", "whole", "end", "code"),
    [
        ("x12", X12, "SE*", "set-cut-off"),
        ("x12", X12, "IEA*", "interchange-cut-off"),
        ("edifact", EDIFACT, "UNT+", "message-cut-off"),
        ("edifact", EDIFACT, "UNZ+", "interchange-cut-off"),
        ("tradacoms", TRADACOMS, "END=", "transmission-cut-off"),
    ],
)
def test_a_missing_end_is_seen_all_the_same(family: str, whole: str, end: str, code: str) -> None:
    cut = whole[: whole.index(end)].encode()
    readings = read(family, cut, settings=IGNORED)
    assert code in [one.fault.code for one in readings if one.fault]


@pytest.mark.parametrize(
    ("family", "right", "old", "new"),
    [("x12", X12, "SE*", "SE*9"), ("edifact", EDIFACT, "UNT+", "UNT+9")],
)
def test_a_partner_whose_counts_are_ignored_is_told_that_it_was_understood(
    family: str, right: str, old: str, new: str
) -> None:
    raw = right.replace(old, new).encode()
    taken = []
    for settings in ({}, IGNORED):
        context = Context(received_at=CAME_AT, settings=settings)
        acknowledge = FAMILIES[family].acknowledge
        assert acknowledge is not None
        (answer,) = acknowledge(read(family, raw, settings=settings), context)
        taken.append([part.taken for part in answer.parts])
    assert taken == [[False], [True]]
