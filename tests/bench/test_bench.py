"""Benchmarks say what they measured; whether they run is tried small, and no time is asserted."""

import pytest

from crosslane import bench
from crosslane.bench import QUICK, Figure
from crosslane.bench.figures import quantile


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100), (0.001, 1)]
)
def test_a_quantile_is_a_value_that_was_seen(share, expected):
    assert quantile(list(range(100, 0, -1)), share) == expected
    assert quantile([7], share) == 7


def test_a_figure_knows_whether_it_is_as_it_should_be():
    assert Figure(name="x", value=3, unit="s").reached is None
    assert Figure(name="x", value=3, unit="s", most=3).reached
    assert not Figure(name="x", value=3.1, unit="s", most=3).reached
    assert not Figure(name="x", value=2, unit="s", least=3).reached


async def test_memory_is_measured_while_clients_ask_and_order():
    figures = await bench.memory(QUICK)
    assert [figure.unit for figure in figures] == ["MB", "MB"]
    assert all(figure.value > 0 for figure in figures)


async def test_placing_is_compared_with_a_transaction_each(monkeypatch: pytest.MonkeyPatch):
    # Otherwise only the first of a few seconds tells the workers, by a statement of its own.
    monkeypatch.setattr("crosslane.platform.database.ACTIVE_RENEWED_SECONDS", 0.0)
    figures = {figure.name: figure for figure in await bench.place(QUICK)}
    assert figures["spread: orders a second against a transaction each"].value > 0
    counted = [f.value for name, f in figures.items() if name.startswith("statements")]
    assert len(set(counted)) == 1


async def test_a_feed_is_compared_with_copy():
    figures = {figure.key: figure.value for figure in await bench.feed(QUICK) if figure.key}
    assert figures["rows_per_s"] > 0
    assert figures["copy_per_s"] > 0


async def test_reactions_are_measured_on_orders_of_all_kinds():
    told = await bench.react(QUICK)
    figures = {figure.key: figure.value for figure in told if figure.key}
    assert figures["events_per_s"] > 0
    assert figures["orders_per_s"] > 0
    assert any("finance.post" in figure.name for figure in told)


async def test_a_flood_of_one_retailer_fails_no_request_of_another():
    figures = {figure.key: figure.value for figure in await bench.neighbours(QUICK) if figure.key}
    assert figures["beside_failures"] == 0
    assert figures["beside_p99_ms"] > 0
    assert figures["flood_per_s"] > 0
