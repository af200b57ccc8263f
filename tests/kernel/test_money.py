import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import Money, allocate, line_amount, milli_price, parse_minor, rounded_ratio
from crosslane.kernel.money import BadAmount, CurrencyMismatch


@pytest.mark.parametrize(
    ("unit_price_milli", "quantity", "minor"),
    [(255_000, 6, 1530), (100, 74_215, 7422), (100, 4, 0), (100, 5, 1), (100, -5, -1), (500, 1, 1)],
)
def test_a_line_is_rounded_once_half_away_from_zero(unit_price_milli, quantity, minor):
    assert line_amount(unit_price_milli, quantity) == minor


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30),
)
def test_shares_add_up_and_stay_within_one_unit_of_the_exact_share(minor, weights):
    shares = allocate(minor, weights)
    assert sum(shares) == minor
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        if total:
            assert abs(share * total - minor * weight) < total


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_rounded_ratio_is_the_nearest_integer(amount, numerator, denominator):
    rounded = rounded_ratio(amount, numerator, denominator)
    assert 2 * abs(rounded * denominator - amount * numerator) <= denominator


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "GBP", 1250), ("-0.5", "EUR", -50), ("7", "JPY", 7), ("1.234", "KWD", 1234)],
)
def test_amounts_are_read_in_the_currency_s_own_decimals(text, currency, minor):
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E+1000000", "0.005", "", "12,50", "1e16"])
def test_what_is_not_an_amount_is_refused(text):
    with pytest.raises(BadAmount):
        parse_minor(text, "GBP")


def test_a_unit_price_may_be_a_tenth_of_a_penny():
    assert milli_price("0.001", "GBP") == 100


def test_money_of_two_currencies_is_never_added():
    with pytest.raises(CurrencyMismatch, match="GBP and EUR"):
        Money(1, "GBP") + Money(1, "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(-5, "GBP"), "-0.05 GBP"),
        (Money(1200, "JPY"), "1200 JPY"),
        (Money(1, "BHD"), "0.001 BHD"),
    ],
)
def test_money_reads_as_people_write_it(money, text):
    assert str(money) == text
