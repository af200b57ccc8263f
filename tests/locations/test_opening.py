from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.locations import dispatch_day, last_dispatch, next_opening, open_at, ready_at
from crosslane.locations.domain import (
    Closure,
    Hours,
    Timetable,
    openings,
    spans_on,
)
from crosslane.platform.calendar import public_holidays

NINE_TO_FIVE = ((540, 1020),)
SHOP = Hours(week=(NINE_TO_FIVE,) * 5 + (((600, 960),), ()))


def timetable(hours=SHOP, **changes) -> Timetable:
    given = {"timezone": "Europe/London", "country": "GB", "nation": "ENG", "hours": hours}
    return Timetable(**{**given, **changes})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2011-01-05T08:59:59", False),
        ("2011-01-05T09:00", True),
        ("2011-01-05T16:59:59", True),
        ("2011-01-05T17:00", False),
        ("2011-01-08T09:30", False),  # Saturday opens at ten
        ("2011-01-09T12:00", False),  # Sunday
        ("2011-01-03T12:00", False),  # holiday for New Year's Day in England
        ("2011-07-06T08:00", True),  # nine in British summer time
        ("2011-07-06T16:30", False),
    ],
)
def test_open_at(moment, is_open):
    assert open_at(timetable(), at(moment)) is is_open


def test_holidays_go_by_nation():
    fourth = at("2011-01-04T12:00")
    assert open_at(timetable(nation="ENG"), fourth)
    assert not open_at(timetable(nation="SCT"), fourth)
    assert date(2011, 7, 12) in public_holidays("GB", "NIR", 2011)
    assert date(2011, 7, 12) not in public_holidays("GB", "WLS", 2011)
    assert date(2011, 8, 1) in public_holidays("GB", "SCT", 2011)
    assert date(2011, 5, 9) in public_holidays("JE", "", 2011)
    assert public_holidays("ZZ", "", 2011) == frozenset()


def test_holiday_hours_and_special_days_win_over_the_week():
    hours = Hours(
        week=SHOP.week,
        holiday=((660, 900),),
        special={date(2011, 1, 3): ((720, 780),), date(2011, 1, 5): ()},
    )
    shop = timetable(hours)
    assert spans_on(shop, date(2011, 4, 22)) == ((660, 900),)  # Good Friday
    assert spans_on(shop, date(2011, 1, 3)) == ((720, 780),)
    assert spans_on(shop, date(2011, 1, 5)) == ()
    assert spans_on(shop, date(2011, 1, 6)) == NINE_TO_FIVE


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2011-01-05T12:00", "2011-01-05T12:00"),
        ("2011-01-05T03:00", "2011-01-05T09:00"),
        ("2011-01-07T17:00", "2011-01-08T10:00"),
        ("2010-12-24T18:00", "2010-12-29T09:00"),  # Christmas, weekend, two holidays
    ],
)
def test_next_opening(moment, opens):
    assert next_opening(timetable(), at(moment)) == at(opens)


def test_a_closure_cuts_openings():
    flood = Closure(at("2011-01-05T11:00"), at("2011-01-06T13:00"), "flood")
    shop = timetable(closure=flood)
    assert open_at(shop, at("2011-01-05T10:59"))
    assert not open_at(shop, at("2011-01-05T11:00"))
    assert not open_at(shop, at("2011-01-06T12:59"))
    assert next_opening(shop, at("2011-01-05T12:00")) == at("2011-01-06T13:00")
    shut = timetable(closure=Closure(at("2011-01-05T11:00"), None, "lease ended"))
    assert next_opening(shut, at("2011-01-05T12:00")) is None
    assert dispatch_day(shut, at("2011-01-05T12:00")) is None
    late = timetable(closure=Closure(at("2011-01-05T11:00"), at("2014-01-05T11:00"), "rebuilt"))
    assert next_opening(late, at("2011-02-01T12:00")) == at("2014-01-06T09:00")


@pytest.mark.parametrize(
    ("hours", "released", "ready"),
    [
        (0, "2011-01-05T12:00", "2011-01-05T12:00"),
        (0, "2011-01-05T20:00", "2011-01-06T09:00"),
        (2, "2011-01-05T12:00", "2011-01-05T14:00"),
        (2, "2011-01-05T16:00", "2011-01-06T10:00"),
        (1, "2011-01-05T16:00", "2011-01-06T09:00"),  # done at closing time: nobody can collect
        (2, "2011-01-08T15:00", "2011-01-10T10:00"),  # over a Sunday
        (20, "2011-01-05T09:00", "2011-01-07T13:00"),
    ],
)
def test_ready_at_counts_open_hours_only(hours, released, ready):
    assert ready_at(timetable(handling_minutes=hours * 60), at(released)) == at(ready)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2011-01-05T14:00", date(2011, 1, 5)),
        ("2011-01-05T14:00:01", date(2011, 1, 6)),
        ("2011-01-05T05:00", date(2011, 1, 5)),
        ("2011-01-08T15:00", date(2011, 1, 10)),
        ("2011-07-06T13:00", date(2011, 7, 6)),
        ("2011-07-06T13:30", date(2011, 7, 7)),
    ],
)
def test_dispatch_day_by_cut_off(moment, day):
    assert dispatch_day(timetable(cut_off=14 * 60), at(moment)) == day


def test_without_cut_off_goods_leave_until_closing():
    assert dispatch_day(timetable(), at("2011-01-05T16:59")) == date(2011, 1, 5)
    assert dispatch_day(timetable(), at("2011-01-05T17:00")) == date(2011, 1, 6)


def test_never_open_is_never_ready():
    never = timetable(Hours(week=((),) * 7))
    moment = at("2011-01-05T12:00")
    assert next_opening(never, moment) is None
    assert ready_at(never, moment) is None
    assert dispatch_day(never, moment) is None
    assert not open_at(never, moment)


minutes = st.lists(st.integers(0, 96), unique=True, max_size=6).map(sorted)
spans = minutes.map(
    lambda m: tuple((a * 15, b * 15) for a, b in zip(m[::2], m[1::2], strict=False))
)
moments = st.integers(0, 1_000 * 86_400).map(
    lambda seconds: at("2010-01-01") + timedelta(seconds=seconds)
)
closures = st.none() | st.builds(
    lambda since, days: Closure(since, since + timedelta(days=days), "repair"),
    moments,
    st.floats(0.1, 60),
)
timetables = st.builds(
    Timetable,
    timezone=st.sampled_from(["Europe/London", "America/New_York", "Asia/Kathmandu"]),
    country=st.sampled_from(["GB", "US", "FR"]),
    nation=st.just(""),
    hours=st.builds(Hours, week=st.tuples(*[spans] * 7), holiday=spans, special=st.just({})),
    cut_off=st.none() | st.integers(0, 1440),
    handling_minutes=st.integers(0, 3000),
    closure=closures,
)


@given(timetables, moments)
def test_what_opens_is_open_and_nothing_before_is(shop, moment):
    opens = next_opening(shop, moment)
    if opens is None:
        return
    assert opens >= moment
    assert open_at(shop, opens)
    if opens > moment:
        assert not open_at(shop, moment)
        assert not open_at(shop, moment + (opens - moment) / 2)


@given(timetables, moments)
def test_ready_is_open_and_leaves_enough_open_time(shop, moment):
    ready = ready_at(shop, moment)
    if ready is None:
        return
    assert open_at(shop, ready)
    worked = sum(
        (
            min(end, ready) - max(start, moment)
            for start, end in openings(shop, moment)
            if start < ready
        ),
        timedelta(),
    )
    assert worked == timedelta(minutes=shop.handling_minutes)


@given(timetables, moments, st.integers(1, 10_000))
def test_asking_later_never_promises_earlier(shop, moment, minutes):
    later = moment + timedelta(minutes=minutes)
    for rule in (ready_at, dispatch_day, next_opening):
        first, second = rule(shop, moment), rule(shop, later)
        assert first is None or second is None or first <= second


@given(timetables, moments)
def test_the_last_dispatch_of_a_day_is_the_last(shop, moment):
    day = dispatch_day(shop, moment)
    if day is not None:
        last = last_dispatch(shop, day)
        assert last is not None
        assert last >= moment
        assert dispatch_day(shop, last) == day
        assert dispatch_day(shop, last + timedelta.resolution) != day


def test_on_a_day_off_nothing_is_dispatched():
    assert last_dispatch(timetable(), date(2011, 1, 9)) is None
    assert last_dispatch(timetable(), date(2011, 1, 8)) == at("2011-01-08T15:59:59.999999")
    assert last_dispatch(timetable(cut_off=14 * 60), date(2011, 1, 8)) == at("2011-01-08T14:00")
