"""Stock is counted in pieces: what partners order by cases and dozens, and what nobody counts."""

import pytest

from tests.channels.test_x12 import CHANGE, ORDER, fault, said


@pytest.mark.parametrize(
    ("line", "pack", "quantity", "each"),
    [
        ("*12*EA*925*HP", "", 12, 925_000),
        ("*12*EA*9.25*PE", "24", 12, 925_000),
        ("*12*CA*48*UM", "24", 288, 200_000),
        ("*12*CA*2*PE", "24", 288, 200_000),
        ("*12*CA*48*", "24", 288, 200_000),
        ("*2*DZ*24*", "", 24, 200_000),
        ("*2*DZ*24*PD", "6", 24, 200_000),
        # A third of a cent: twelve pieces cost what four threes do.
        ("*4*CA*1*", "3", 12, 33_333),
    ],
)
def test_packs_are_counted_in_pieces_and_so_are_prices(line, pack, quantity, each):
    text = ORDER.replace("*12*EA*9.25*PE", line)
    text = text.replace("CTT", f"PO4*{pack}*1*EA\nCTT") if pack else text
    (order,) = said(text)
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (quantity, each)
    assert order.stops == ()


@pytest.mark.parametrize(
    ("line", "pack", "code", "pointer"),
    [
        ("*12*CA*9.25*PE", "", "unit-unknown", "/8/PO103"),
        ("*12*CA*9.25*PE", "0", "unit-unknown", "/8/PO103"),
        ("*12*CA*9.25*PE", "x", "unit-unknown", "/8/PO103"),
        # 30,000 pieces at a third of a cent are another sum than 10,000 threes at a cent.
        ("*10000*CA*0.01*", "3", "invalid-field", "/8/PO104"),
    ],
)
def test_packs_that_nobody_counts_are_not_guessed(line, pack, code, pointer):
    text = ORDER.replace("*12*EA*9.25*PE", line)
    found = fault(text.replace("CTT", f"PO4*{pack}*1*EA\nCTT") if pack else text)
    assert (found.code, found.pointer) == (code, pointer)


def test_goods_by_length_or_weight_wait_for_somebody():
    (order,) = said(ORDER.replace("*12*EA", "*12*YD"))
    assert (order.lines[0].quantity, order.lines[0].note) == (12, "Ordered by unit YD\nBlue")
    assert [stop.kind for stop in order.stops] == ["manual"]


def test_a_change_counts_packs_too():
    (change,) = said(
        CHANGE.replace("*15**EA*9.00*PE", "*15**CA*48*UM").replace("POC*2", "PO4*24\nPOC*2")
    )
    assert (change.lines[0].quantity, change.lines[0].unit_price_milli) == (360, 200_000)
    wrong = fault(CHANGE.replace("*15**EA*9.00*PE", "*15**CA*48*UM"))
    assert (wrong.code, wrong.pointer) == ("unit-unknown", "/3/POC05")
