"""In which order, how many together and how fast channels are told things."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters.telling import Rate
from crosslane.channels.domain.asked import asked_units, lines_by_name, newest_order
from crosslane.channels.domain.messages import AmendedLine, Amendment, Order, OrderLine
from crosslane.channels.domain.outgoing import (
    GIVE_UP_HOURS,
    PAUSE_SECONDS_MAX,
    RETRY_SECONDS_MAX,
    TRIES_MIN,
    Due,
    Pace,
    is_given_up,
    pause_seconds,
    retry_seconds,
    together,
)
from crosslane.kernel import new_id

NOW = datetime(2030, 1, 4, 12, tzinfo=UTC)
MOST = {"reply": 3, "parcel": 1, "bill": 5}


def due(number: int, kind: str, subject: str) -> Due:
    return Due(
        id=new_id(),
        number=number,
        kind=kind,
        subject=subject,
        key=str(number),
        tries=0,
        created_at=NOW,
        order_id=None,
        canonical=b"{}",
    )


@given(st.lists(st.tuples(st.sampled_from(sorted(MOST)), st.sampled_from("ABC")), max_size=40))
def test_messages_told_together_keep_the_order_of_their_subjects(said):
    waiting = [due(number, *one) for number, one in enumerate(said, 1)]
    parts = together(waiting, MOST.__getitem__)
    told = [one for part in parts for one in part]
    assert sorted(one.number for one in told) == [one.number for one in waiting]
    for part in parts:
        (kind,) = {one.kind for one in part}
        assert 0 < len(part) <= MOST[kind]
    for subject in "ABC":
        numbers = [one.number for one in told if one.subject == subject]
        assert numbers == sorted(numbers)


def test_as_many_as_may_be_are_told_together():
    waiting = [due(n, "bill", str(n)) for n in range(1, 11)]
    assert [len(part) for part in together(waiting, MOST.__getitem__)] == [5, 5]


@given(
    st.integers(1, 40),
    st.sampled_from([0.5, 2, 20]),
    st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_no_span_of_time_has_more_calls_than_its_rate(burst, per_second, waits):
    pace, now, made = Pace(Rate(burst, per_second), NOW), NOW, []
    for wait in waits:
        now = max(now + timedelta(seconds=wait), pace.ready_at(1, now))
        pace = pace.after(1, now)
        made.append(now)
    for first in range(len(made)):
        for last in range(first, len(made)):
            seconds = (made[last] - made[first]).total_seconds()
            assert last - first + 1 <= burst + seconds * per_second + 0.01


def test_who_has_no_rate_never_waits():
    pace = Pace(None, NOW)
    assert pace.after(1_000, NOW).ready_at(1, NOW) == NOW


def test_waits_grow_up_to_a_limit():
    assert [retry_seconds(n) for n in (0, 1, 5)] == [1, 2, 32]
    assert retry_seconds(10_000) == RETRY_SECONDS_MAX
    assert pause_seconds(10_000) == PAUSE_SECONDS_MAX


def test_giving_up_takes_many_tries_and_a_day():
    day = timedelta(hours=GIVE_UP_HOURS)
    assert is_given_up(TRIES_MIN, NOW, NOW + day)
    assert not is_given_up(TRIES_MIN - 1, NOW, NOW + 9 * day)
    assert not is_given_up(999, NOW, NOW + day - timedelta(seconds=1))


def whole(version: int, **units: int) -> Order:
    lines = tuple(OrderLine(id=name, sku=f"S{version}", quantity=n) for name, n in units.items())
    return Order(source_id="B-1", event_at=NOW, source_version=version, lines=lines)


def amended(version: int, **units: int) -> Amendment:
    lines = tuple(AmendedLine(id=name, quantity=n) for name, n in units.items())
    return Amendment(source_id="B-1", event_at=NOW, source_version=version, lines=lines)


@given(st.permutations([whole(1, a=3, b=2), amended(2, a=1), whole(3, a=5), amended(4, a=4, c=1)]))
def test_what_was_asked_for_is_what_the_highest_versions_say(said):
    assert asked_units(said) == {"a": 4, "b": 0, "c": 1}
    assert newest_order(said).source_version == 3
    assert {name: line.sku for name, line in lines_by_name(said).items()} == {"a": "S3", "b": "S1"}


def test_of_an_erased_order_nothing_is_known():
    assert (asked_units([]), newest_order([]), lines_by_name([])) == ({}, None, {})
