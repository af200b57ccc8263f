import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from crosslane.demo import Dimensions, draw_dimensions, gtin_of
from crosslane.demo.draws import draw
from crosslane.demo.goods import UNIT_GRAMS_MAX, donors_by_category, stack
from crosslane.demo.packaged import SAMPLE_PRODUCTS
from crosslane.demo.raw import read_rows

DONORS = [Dimensions(100, 200, 100, 50), Dimensions(900, 300, 200, 200)]


@given(st.text(max_size=20))
def test_bar_codes_are_internal_and_check(sku):
    assert gtin_of(sku)[0] == "2"
    assert ean.is_valid(gtin_of(sku))
    assert gtin_of(sku) == gtin_of(sku)


@given(sku=st.text(max_size=8), pieces=st.integers(1, 72))
def test_a_unit_has_room_for_its_pieces(sku, pieces):
    unit = draw_dimensions(sku, pieces, DONORS)
    donor = next(d for d in DONORS if d.weight_grams * pieces == unit.weight_grams)
    volume = unit.length_mm * unit.width_mm * unit.height_mm
    assert volume >= pieces * donor.length_mm * donor.width_mm * donor.height_mm
    assert unit.length_mm >= unit.width_mm >= unit.height_mm > 0


def test_one_piece_is_the_donor():
    assert {draw_dimensions(str(sku), 1, DONORS) for sku in range(50)} == set(DONORS)


def test_what_no_carrier_takes_is_drawn_again():
    heavy = Dimensions(20_000, 500, 500, 500)
    assert all(
        draw_dimensions(str(sku), 2, [heavy, DONORS[0]]) == stack(DONORS[0], 2) for sku in range(50)
    )
    assert draw_dimensions("1", 2, [heavy]) == stack(heavy, 2)


def test_donors_without_measures_are_left_out():
    whole = {"category": "toys", "weight_g": "100", "length_cm": "5", "width_cm": "9"}
    rows = [{**whole, "height_cm": text} for text in ("2", "", "0")]
    assert donors_by_category(rows) == {"toys": [Dimensions(100, 90, 50, 20)]}


def test_the_products_of_the_package():
    products = list(read_rows(SAMPLE_PRODUCTS))
    assert len(products) == 3_492
    assert len({product["gtin"] for product in products}) == 3_492
    assert all(0 < int(product["weight_grams"]) <= UNIT_GRAMS_MAX for product in products)


def test_draws_are_pinned():
    assert [draw(6, "basket", 1, "536544", start) for start in range(5)] == PINNED
    with pytest.raises(ValueError, match="at least one"):
        draw(0, "nothing")


# A draw must be the same on every machine and in every version, or replays could not be compared.
PINNED = [1, 5, 5, 0, 3]
