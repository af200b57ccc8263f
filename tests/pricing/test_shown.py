"""What a channel shows as a price: at the start of a dated one, while it runs, and at its end."""

from datetime import datetime, timedelta

import pytest
from tests.pricing.shop import AFTER, GB, TAXES, price_list, row

from crosslane.pricing.domain.lists import Buyer
from crosslane.pricing.domain.shown import Frame, ShownPrice, show

BEGINS, ENDS = AFTER + timedelta(days=1), AFTER + timedelta(days=3)


def shown_at(at: datetime, *, basis: str = "gross", rows: tuple = (), lists: tuple = ()):
    lists = lists or (price_list(),)
    prices: dict = {}
    for each in rows or (row("MUG", 500_000), sale()):
        prices.setdefault(each.price_list_id, []).append(each)
    tax = TAXES.tax("GB", GB, "standard", at)
    frame = Frame(taxes=TAXES, tax_class="standard", tax=tax, basis=basis, at=at)
    return show(lists, prices, Buyer("web", "gb", None, "GBP", at), frame)


def sale(milli: int = 400_000, **changes):
    return row("MUG", milli, valid_from=BEGINS, valid_to=ENDS, **changes)


@pytest.mark.parametrize(
    ("at", "milli", "was", "ends_at", "changes_at"),
    [
        (AFTER, 500_000, None, None, BEGINS),
        (BEGINS, 400_000, 500_000, ENDS, ENDS),
        (ENDS - timedelta(seconds=1), 400_000, 500_000, ENDS, ENDS),
        (ENDS, 500_000, None, None, None),
    ],
)
def test_a_dated_price_holds_from_its_start_to_its_end(at, milli, was, ends_at, changes_at):
    found = shown_at(at)
    assert found.changes_at == changes_at
    assert found.price == ShownPrice(
        unit_price_milli=milli,
        was_milli=was,
        includes_tax=True,
        currency="GBP",
        price_list="web",
        ends_at=ends_at,
    )


def test_a_channel_without_tax_is_shown_prices_without_it():
    found = shown_at(AFTER, basis="net")
    assert found.price is not None
    assert (found.price.unit_price_milli, found.price.includes_tax) == (416_667, False)


def test_a_dearer_price_for_a_while_is_no_reduction():
    found = shown_at(BEGINS, rows=(row("MUG", 500_000), sale(600_000)))
    assert found.price is not None
    assert (found.price.unit_price_milli, found.price.was_milli) == (600_000, None)


def test_lists_for_others_and_prices_of_many_show_nothing():
    rows = (row("MUG", 100_000, code="club"), row("MUG", 90_000, quantity_min=5))
    club = price_list("club", customer_group="club")
    assert shown_at(AFTER, rows=rows, lists=(club, price_list())).price is None
    assert shown_at(AFTER, rows=(sale(),)).price is None
