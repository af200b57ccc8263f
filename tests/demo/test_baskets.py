import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.demo.lines import line

from crosslane.demo import Stream, split_batch
from crosslane.demo.baskets import BASKET_LINES_MAX

PENCE = st.integers(1, 500_000).map(lambda pence: f"{pence // 100}.{pence % 100:02d}")
GOODS = st.lists(st.tuples(st.integers(1, 80_000), PENCE), min_size=1, max_size=60)


@given(goods=GOODS, postage=PENCE, place=st.integers(0, 60), seed=st.integers(0, 99))
def test_a_batch_stays_exact(goods, postage, place, seed):
    lines = [
        line("9", "22423", quantity, price, number=number)
        for number, (quantity, price) in enumerate(goods)
    ]
    batch = [*lines[:place], line("9", "DOT", price=postage), *lines[place:]]
    baskets = split_batch("9", batch, seed)
    assert sum(b.amount_milli for b in baskets) == sum(found.amount_milli for found in batch)
    assert [found for basket in baskets for found in basket.lines] == lines
    assert all(1 <= len(basket.lines) <= BASKET_LINES_MAX for basket in baskets)
    assert all(basket.postage_minor >= 0 for basket in baskets)
    assert len({basket.number for basket in baskets}) == len(baskets)
    assert split_batch("9", batch, seed) == baskets


def test_every_real_batch_stays_exact(invoices):
    batches = [invoice for invoice in invoices if invoice.stream is Stream.WEB]
    assert len(batches) == 552
    for batch in batches:
        baskets = split_batch(batch.number, batch.order_lines, seed=1)
        total = sum(found.amount_milli for found in batch.order_lines)
        assert sum(basket.amount_milli for basket in baskets) == total


def test_another_seed_draws_other_baskets(invoices):
    batch = next(invoice for invoice in invoices if invoice.stream is Stream.WEB)
    one, two = (split_batch(batch.number, batch.order_lines, seed) for seed in (1, 2))
    assert one != two


def test_sizes_are_drawn_from_one_to_six(invoices):
    batch = max(
        (invoice for invoice in invoices if invoice.stream is Stream.WEB),
        key=lambda invoice: len(invoice.lines),
    )
    sizes = {len(b.lines) for b in split_batch(batch.number, batch.order_lines, seed=1)}
    assert sizes == set(range(1, BASKET_LINES_MAX + 1))


def test_postage_needs_goods():
    with pytest.raises(ValueError, match="no goods"):
        split_batch("9", [line("9", "DOT")], seed=1)


def test_postage_is_whole_pence():
    with pytest.raises(ValueError, match="whole pence"):
        split_batch("9", [line("9"), line("9", "DOT", price="0.001")], seed=1)
