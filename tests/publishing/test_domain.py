"""What is public, where a reader stands, when a delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import decode_cursor
from crosslane.publishing import PUBLIC
from crosslane.publishing.domain import catalogue
from crosslane.publishing.domain.stream import Head, Position, begin, end, go_on
from crosslane.publishing.domain.trying import (
    DISABLED_AFTER_HOURS,
    RESTS_SECONDS,
    TRIES_MAX,
    WAITS_SECONDS,
    Attempt,
    Health,
    after_turn,
    due_again,
)
from crosslane.publishing.errors import EventsUndone, UnknownCursor

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
NAMED = {kind.name: kind for kind in PUBLIC}


def test_what_is_withheld_is_there():
    """A field that was renamed would be told by its new name."""
    for kind in PUBLIC:
        for path in kind.withheld:
            assert path.partition(".")[0] in kind.event.__struct_fields__, (kind.name, path)


def test_no_reason_that_somebody_typed_is_told():
    having = {kind.name for kind in PUBLIC if "reason" in kind.event.__struct_fields__}
    withholding = {kind.name for kind in PUBLIC if "reason" in kind.withheld}
    # What a provider or the connection said.
    told = {name for name in having - withholding if not name.startswith("payments.")}
    assert (told, bool(withholding)) == (set(), True)


def test_withheld_fields_are_left_out_of_lists_too():
    body = b'{"units":[{"costs":[{"cost_minor":7}],"quantity":1}],"cause":"x"}'
    left = catalogue.told(NAMED["orders.lines_handed_over"], body)
    assert left == {"units": [{"quantity": 1}], "cause": "x"}


def test_patterns_stand_for_kinds():
    assert catalogue.logged_kinds(["orders.order_placed"]) == ["orders.OrderPlaced"]
    returned = catalogue.logged_kinds(["returns.*", "returns.return_closed"])
    assert len(returned) == sum(name.startswith("returns.") for name in NAMED)
    assert len(catalogue.logged_kinds([])) == len(PUBLIC)
    assert catalogue.unknown(["orders.*", "order.*"]) == "order.*"
    assert catalogue.unknown(["channels.message_received"]) == "channels.message_received"


heads = st.lists(st.integers(0, 5), max_size=4).map(
    lambda sizes: [
        Head(epoch, sum(sizes[:at]) + at + 1, sum(sizes[: at + 1]) + at + 1)
        for at, epoch in enumerate(range(1, 2 * len(sizes), 2))
    ]
)


@given(heads)
def test_a_reader_goes_through_all_epochs(heads):
    """From the beginning every place is met once, in order, and the end is where it stays."""
    seen, met = Position(0, 0), []
    while (at := go_on(heads, seen)) != end(heads):
        seen = Position(at.epoch, at.place + 1)
        met.append(seen.place)
    assert met == list(range(1, end(heads).place + 1))
    assert go_on(heads, end(heads)) == end(heads)
    assert begin(heads) == (Position(1, 0) if heads else Position(0, 0))


@pytest.mark.parametrize(
    "seen", [Position(1, 6), Position(2, 1), Position(1, -1), Position(9, 0), Position(0, 3)]
)
def test_a_cursor_of_another_stream_is_refused(seen):
    with pytest.raises(UnknownCursor):
        go_on([Head(1, 1, 5)], seen)


def test_who_has_read_what_a_restored_backup_has_lost_is_told_so():
    """Epoch 1 had told 9 places when 5 of them were restored; epoch 3 tells the sixth anew."""
    heads = [Head(1, 1, 5), Head(3, 6, 12)]
    with pytest.raises(EventsUndone) as undone:
        go_on(heads, Position(1, 9))
    assert (undone.value.details["lost"], undone.value.kind) == (4, "gone")
    again = Position(*decode_cursor(undone.value.details["next_cursor"], int, int))
    assert go_on(heads, again) == Position(3, 5)
    # Who had not read so far has missed nothing, and notices nothing.
    assert go_on(heads, Position(1, 4)) == Position(1, 4)
    assert go_on(heads, Position(1, 5)) == Position(3, 5)


def attempt(no: int = 1, status: int | None = 200, **told) -> Attempt:
    return Attempt(no=no, at=NOW, took_ms=5, status=status, reason="", **told)


def test_waits_grow_and_end():
    waits = [(due_again(attempt(no, 500), NOW), no) for no in range(1, TRIES_MAX + 1)]
    assert [due and due - NOW for due, _ in waits] == [
        *(timedelta(seconds=wait) for wait in WAITS_SECONDS),
        None,
    ]
    assert sorted(WAITS_SECONDS) == list(WAITS_SECONDS)
    asked = attempt(1, 429, after_seconds=60.0)
    assert due_again(asked, NOW) == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("before", "attempts", "after"),
    [
        (Health(), [], Health()),
        (Health(), [attempt()], Health()),
        # One event it does not like says nothing of a receiver.
        (Health(), [attempt(status=500)], Health(0, NOW)),
        (Health(), [attempt(status=500), attempt()], Health()),
        (Health(), [attempt(status=None)], Health(1, NOW, NOW + timedelta(seconds=5))),
        (Health(), [attempt(status=503)], Health(1, NOW, NOW + timedelta(seconds=5))),
        (
            Health(),
            [attempt(status=500), attempt(status=500)],
            Health(1, NOW, NOW + timedelta(seconds=5)),
        ),
        (Health(3, NOW), [attempt(), attempt(status=None)], Health(recovered=True)),
        (
            Health(50, NOW),
            [attempt(status=None)],
            Health(51, NOW, NOW + timedelta(seconds=RESTS_SECONDS[-1])),
        ),
        (Health(), [attempt(), attempt(status=410)], Health(0, NOW, disabled="gone")),
    ],
)
def test_a_receiver_is_judged_by_its_turns(before, attempts, after):
    assert after_turn(before, attempts, NOW) == after


def test_who_takes_nothing_for_days_is_given_up():
    long_ago = NOW - timedelta(hours=DISABLED_AFTER_HOURS)
    assert after_turn(Health(9, long_ago), [attempt(status=500)], NOW).disabled == "failing"
    later = long_ago + timedelta(seconds=1)
    assert after_turn(Health(9, later), [attempt(status=500)], NOW).disabled == ""
