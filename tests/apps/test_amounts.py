"""Amounts as people type them, and as fields show them, in their own way to write numbers."""

import pytest
from babel import Locale

from crosslane.apps.amounts import read_amount, read_percent, write_price
from crosslane.platform.web import InvalidField


@pytest.mark.parametrize(
    ("text", "locale", "milli"),
    [("1,234.50", "en_GB", 123_450_000), ("1.234,50", "de_DE", 123_450_000), ("6", "de", 600_000)],
)
def test_amounts_are_read_as_people_write_them(text: str, locale: str, milli: int):
    assert read_amount(text, "price", "GBP", Locale.parse(locale), milli=True) == milli


def test_what_people_do_not_write_is_refused():
    for text, locale in (
        ("12.50", "de"),
        ("12,50", "en_GB"),
        ("", "en"),
        ("NaN", "en"),
        ("-1", "en"),
    ):
        with pytest.raises(InvalidField):
            read_amount(text, "price", "GBP", Locale.parse(locale))
    assert read_percent("17.5 %", "tax", Locale.parse("en_GB")) == 1750


@pytest.mark.parametrize("locale", ["en_GB", "de_DE"])
@pytest.mark.parametrize("milli", [600_000, 1_234_567_890, 99_500, 5])
def test_what_a_field_shows_is_read_as_the_same(locale: str, milli: int):
    """In German a price of 6.00 was read as 600.00 once."""
    told = Locale.parse(locale)
    assert read_amount(write_price(milli, "GBP", told), "price", "GBP", told, milli=True) == milli


def test_a_field_shows_the_decimals_of_its_currency():
    assert write_price(600_000, "GBP", Locale.parse("de_DE")) == "6,00"
    assert write_price(600_000, "JPY", Locale.parse("en_GB")) == "600"
