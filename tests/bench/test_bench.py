"""Benchmarks say what they measured; whether they run is tried small, and no time is asserted."""

from importlib import import_module

import pytest
from msgspec import structs

from crosslane import app, bench
from crosslane.bench import QUICK, Figure, placing
from crosslane.bench.abuse_year import KINDS
from crosslane.bench.figures import quantile
from crosslane.bench.following import REACTIONS
from crosslane.bench.grow import by_orders
from crosslane.bench.shop import WAREHOUSES

PACES = (
    *("spread_ratio", "hot_ratio", "spread_per_s", "hot_per_s"),
    *("pgbench_spread_per_s", "pgbench_hot_per_s", "p50_ms", "p99_ms"),
)
PROCESSOR = (
    *("spread_web_ms", "spread_postgres_ms", "spread_clients_ms", "pgbench_spread_postgres_ms"),
    *("pgbench_spread_clients_ms", "hot_web_ms", "hot_postgres_ms", "pgbench_hot_postgres_ms"),
)
# Each starts processes for many seconds; what they ask is tested where it is made.
long = pytest.mark.soak


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


def test_what_is_measured_follows_the_log_as_a_worker_does():
    assert list(REACTIONS) == app.REACTIONS


@long
async def test_memory_is_measured_while_clients_ask_and_order():
    figures = await bench.memory(QUICK)
    assert [figure.unit for figure in figures] == ["MB", "MB"]
    assert all(figure.value > 0 for figure in figures)


async def test_what_was_placed_beside_pgbench_is_there_after_a_crash(
    monkeypatch: pytest.MonkeyPatch,
):
    parts = [placing.Part(hot, processes=1, clients=placing.CLIENTS) for hot in (False, True)]
    monkeypatch.setattr(placing, "PARTS", parts)
    monkeypatch.setattr(placing, "PROCESSES", (1,))
    told = {figure.key: figure.value for figure in await bench.place(QUICK) if figure.key}
    assert min(told[name] for name in PACES) > 0
    for goods in ("spread", "hot"):
        ratio, ours, theirs = (
            told[name.format(goods)] for name in ("{}_ratio", "{}_per_s", "pgbench_{}_per_s")
        )
        # Paces are told to a tenth, their ratio to a thousandth.
        assert abs(ratio * theirs - ours) < 0.051 + 0.051 * ratio + 0.00051 * theirs
    assert (told["orders_lost"], told["units_oversold"], told["findings"]) == (0, 0, 0)
    assert told["locations_compared"] >= WAREHOUSES
    assert min(told[name] for name in PROCESSOR) > 0
    # Not every place of so small a shop has every article, and that alone may be missed but time.
    assert 1 <= told["conditions_missed"] <= 2


@long
async def test_a_feed_is_compared_with_copy():
    figures = {figure.key: figure.value for figure in await bench.feed(QUICK) if figure.key}
    assert figures["rows_per_s"] > 0
    assert figures["copy_per_s"] > 0


async def test_a_statement_tells_the_sums_of_its_postings():
    small = structs.replace(bench.STATED, articles=1, sales_a_day=1)
    figures = {figure.key: figure.value for figure in await bench.stating(small) if figure.key}
    assert figures["postings"] > 0
    assert figures["statement_s"] > 0


async def test_reactions_are_measured_on_orders_of_all_kinds():
    told = await bench.react(QUICK, pace=40)
    figures = {figure.key: figure.value for figure in told if figure.key}
    assert figures["events_per_s"] > 0
    assert figures["orders_per_s"] > 0
    assert figures["orders_offered_per_s"] == 40
    assert 0 <= figures["lag_p50_s"] <= figures["lag_p99_s"]
    assert any("finance.post" in figure.name for figure in told)


@long
async def test_a_flood_of_one_retailer_fails_no_request_of_another():
    figures = {figure.key: figure.value for figure in await bench.neighbours(QUICK) if figure.key}
    assert figures["beside_failures"] == 0
    assert figures["beside_p99_ms"] > 0
    assert figures["flood_per_s"] > 0


@long
async def test_orders_are_multiplied_in_every_table():
    empty, paces = await by_orders(QUICK, (QUICK.orders * 2, QUICK.orders * 3))
    assert empty > 0
    assert all(pace > 0 for pace in paces.values())


@long
async def test_dialogues_become_orders_beside_a_bare_route():
    told = {figure.key or figure.name: figure.value for figure in await bench.dialogue(QUICK)}
    for clients, mark in ((32, ""), (256, "_256")):
        assert told[f"dialogue_ratio{mark}"] > 0
        assert told[f"orders_per_s{mark}"] > 0
        assert told[f"{clients} clients: refused"] == 0


@long
async def test_promises_are_decided_in_the_kernel_and_told_over_http():
    told = {figure.key or figure.name: figure.value for figure in await bench.promise(QUICK)}
    assert min(told["kernel_per_s"], told["http_per_s"], told["p99_ms"]) > 0
    assert told["refused"] == 0


async def test_placing_is_measured_with_receipts_and_without():
    told = {figure.key: figure.value for figure in await bench.receipts(QUICK) if figure.key}
    assert told["receipt_bytes"] > 0
    assert told["receipts_percent_of_planning"] < 100
    assert told["receipts_percent"] < 100


async def test_returns_are_settled_by_the_lane_and_one_by_one():
    told = {figure.key or figure.name: figure.value for figure in await bench.returning(QUICK)}
    assert min(told["settled_per_s"], told["alone_per_s"], told["taken_back_per_s"]) > 0
    assert told["refused"] == 0


async def test_deliveries_are_placed_and_known_when_they_come_again():
    told = {figure.key: figure.value for figure in await bench.intake(QUICK)}
    assert told["not_placed"] == 0
    assert min(told["first_per_s"], told["again_per_s"]) > 0


async def test_planted_abuse_is_counted_beside_honest_returns():
    told = {figure.key or figure.name: figure for figure in await bench.abuse(QUICK)}
    assert told["years"].value == 1
    assert told["abuse_untouched_percent"].reached
    assert all(told[f"abuse_caught_{kind}"].reached for kind in KINDS)


async def test_lists_are_measured_on_orders_that_lists_know_right():
    told = {figure.key or figure.name: figure for figure in await bench.lists(QUICK)}
    assert told["findings"].value == 0
    assert told["point_ms"].value > 0
    assert told["slowest_ms"].value > 0


async def test_pages_are_weighed_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The name of the module leads to the bench, which is called alike.
    module = import_module("crosslane.bench.screens")
    monkeypatch.setattr(module, "PAGES_MAX", 3)
    monkeypatch.setattr(module, "TURNS", 1)
    told = {figure.key: figure.value for figure in await bench.screens(QUICK) if figure.key}
    assert told["pages"] == 3
    assert told["heaviest_kb"] > 10


async def test_day_files_of_others_are_read_to_the_end():
    told = {figure.key: figure.value for figure in await bench.parsing(QUICK) if figure.key}
    days = {"poslog_megabytes_per_second", "x12_megabytes_per_second"}
    families = ("shopify", "woocommerce", "amazon", "amazon_v0", "ebay", "orders_jsonl")
    assert told.keys() == days | {f"{name}_read_per_s" for name in families}


async def test_offers_are_told_in_full_and_by_what_has_moved():
    told = {figure.key: figure.value for figure in await bench.offering(QUICK) if figure.key}
    assert min(told.values()) > 0
    assert told.keys() >= {"full_per_s", "delta_small_s", "delta_large_s"}


@long
async def test_open_orders_are_decided_anew_end_to_end_and_keep_what_they_must():
    told = {figure.key or figure.name: figure for figure in await bench.held_orders(QUICK)}
    assert told["decided"].value == QUICK.orders
    assert told["moved"].value + told["left_alone"].value == told["changed"].value > 0
    kept = ("units_lost", "lines_later", "journal_differs", "receipts_differ", "findings")
    assert [told[name].value for name in kept] == [0] * len(kept)
    assert told["units_oversold"].value == 0
