"""How `crosslane demo` tells how far it is where there is no terminal."""

import io

from rich.console import Console

from crosslane.cli.demo import Lines


def test_without_a_terminal_progress_is_a_few_plain_lines() -> None:
    told = io.StringIO()
    lines = Lines(Console(file=told, width=80))
    lines.begin("orders", 1_000)
    for _ in range(1_000):
        lines.advance("orders")
    assert told.getvalue().splitlines() == [
        "orders: 250 of 1,000",
        "orders: 500 of 1,000",
        "orders: 750 of 1,000",
        "orders: 1,000 of 1,000",
    ]
