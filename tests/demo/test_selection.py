from collections import Counter
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.demo import DEFAULT_DAYS, Stream, select
from crosslane.demo.credits import ClaimKind, match_credits
from crosslane.demo.selection import IN_EURO, TAX_CHANGE, sold_before, spread
from crosslane.demo.streams import ORDERS


@pytest.fixture(scope="session", params=["raw", "sample"])
def default(request):
    """The default replay, from the whole file and from what the package carries."""
    found = request.getfixturevalue("invoices" if request.param == "raw" else "sample")
    return found, select(found, 5_000, seed=1)


def test_the_default_has_what_it_must_show(default):
    invoices, chosen = default
    numbers = {invoice.number for invoice in chosen.invoices}
    entries = [entry for invoice in chosen.invoices for entry in invoice.lines]
    trade = [invoice for invoice in chosen.invoices if invoice.stream is Stream.ACCOUNT]
    assert {invoice.day < TAX_CHANGE for invoice in trade} == {True, False}
    assert {"541431", "C541433"} <= numbers
    assert any(entry.stream is Stream.ADJUSTMENT for entry in entries)
    assert any(entry.stream is Stream.REJECTED for entry in entries)
    assert any(entry.line.description == "damages" for entry in entries)
    assert any(entry.line.code == "AMAZONFEE" for entry in entries)
    on_days = [i for i in invoices if i.day in DEFAULT_DAYS and i.stream is Stream.ACCOUNT]
    longest = max(on_days, key=lambda invoice: len(invoice.lines))
    assert longest.number in numbers


def test_the_default_days_are_whole(default):
    invoices, chosen = default
    numbers = {invoice.number for invoice in chosen.invoices}
    of_others = {note.number for note in match_credits(invoices) if note.sales - numbers}
    assert {i.number for i in invoices if i.day in DEFAULT_DAYS} <= numbers | of_others
    assert chosen.orders == 5_000


def test_a_credit_note_comes_with_its_orders_only(default):
    invoices, chosen = default
    numbers = {invoice.number for invoice in chosen.invoices}
    notes = [note for note in match_credits(invoices) if note.goods or note.claims]
    for note in notes:
        if note.number in numbers:
            assert note.sales <= numbers
            assert note.sales or note.at.date() in DEFAULT_DAYS
        else:
            assert note.sales - numbers or note.at.date() not in DEFAULT_DAYS


def test_the_default_shows_every_way_of_giving_back(default):
    _, chosen = default
    notes = chosen.notes
    goods = [one for note in notes for one in note.goods]
    assert any(one.takes and not one.excess for one in goods)
    assert any(one.takes and one.is_over for one in goods)
    assert any(one.excess and not one.bought for one in goods)
    assert any(sold_before(note) and note.at.date() >= TAX_CHANGE for note in notes)
    assert any(note.country == IN_EURO and note.sales for note in notes)
    assert {claim.kind for note in notes for claim in note.claims} == set(get_args(ClaimKind))


def test_a_credit_note_gives_back_the_same_however_many_orders_are_chosen(invoices):
    """Or a longer replay after a shorter one would give it a second time, on other orders."""
    whole = {note.number: note for note in match_credits(invoices)}
    for orders in (400, 1_000, 5_000, 7_000, None):
        for note in select(invoices, orders, seed=1).notes:
            there = whole[note.number]
            assert note.claims == there.claims
            assert [one.takes for one in note.goods] == [one.takes for one in there.goods]


def test_more_than_was_left_is_tried_where_all_that_came_back_is_chosen(default):
    invoices, chosen = default
    numbers = {invoice.number for invoice in chosen.invoices}
    left_out = {
        (take.sale, one.line.sku)
        for note in match_credits(invoices)
        for one in note.goods
        for take in one.takes
        if note.number not in numbers
    }
    over = [one for note in chosen.notes for one in note.goods if one.is_over]
    assert over
    for one in over:
        assert one.bought in numbers
        assert (one.bought, one.line.sku) not in left_out


def test_a_short_replay_shows_it_all_too(invoices):
    chosen = select(invoices, 150, seed=1)
    streams = {entry.stream for invoice in chosen.invoices for entry in invoice.lines}
    assert streams == set(Stream)
    assert chosen.orders == 150
    assert {"541431", "C541433"} <= {invoice.number for invoice in chosen.invoices}


@pytest.mark.parametrize("orders", [400, 2_500, 9_000])
def test_the_number_of_orders_is_reached(invoices, orders):
    assert select(invoices, orders, seed=1).orders == orders


def test_the_same_seed_chooses_the_same(invoices):
    assert select(invoices, 4_000, seed=7) == select(invoices, 4_000, seed=7)
    assert select(invoices, 4_000, seed=7) != select(invoices, 4_000, seed=8)


def test_no_line_is_used_twice(default):
    _, chosen = default
    numbers = [entry.line.number for invoice in chosen.invoices for entry in invoice.lines]
    assert len(numbers) == len(set(numbers))
    for number, baskets in chosen.baskets.items():
        goods = [line.number for basket in baskets for line in basket.lines]
        assert len(goods) == len(set(goods)), number


def test_the_fill_is_even_over_the_months(invoices):
    chosen = select(invoices, 5_000, seed=1).invoices
    filled = Counter(i.day.month for i in chosen if i.stream and i.day not in DEFAULT_DAYS)
    there = Counter(i.day.month for i in invoices if i.stream and i.day not in DEFAULT_DAYS)
    shares = [filled[month] / there[month] for month in there]
    assert max(shares) < 1.6 * min(shares)


def test_a_cancellation_comes_with_its_order_only(default):
    _, chosen = default
    numbers = {invoice.number for invoice in chosen.invoices}
    assert {i.cancels for i in chosen.invoices if i.cancels} <= numbers


def test_everything_can_be_chosen(invoices):
    assert select(invoices, None, seed=1).invoices == tuple(invoices)


def test_the_orders_wanted_may_be_more_than_there_are(sample):
    chosen = select(sample, 1_000_000, seed=1)
    assert {i.number for i in sample if i.stream in ORDERS} == {
        i.number for i in chosen.invoices if i.stream
    }


@given(count=st.integers(0, 500), seed=st.integers(0, 99))
def test_the_spread_visits_each_place_once(count, seed):
    assert sorted(spread(count, seed)) == list(range(count))


@given(count=st.integers(64, 500), seed=st.integers(0, 99))
def test_a_beginning_of_the_spread_is_even(count, seed):
    places = sorted(place for place, _ in zip(spread(count, seed), range(16), strict=False))
    gaps = [after - before for before, after in pairwise(places)]
    assert max([*gaps, count - places[-1] + places[0]]) <= count // 3
