"""The report as JSON, and as tables for people."""

from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane.demo.report.nouns import Report

MINOR_PER_POUND = 100
FINDINGS_SHOWN_MAX = 10
REASONS_SHOWN_MAX = 12

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def write_report(report: Report, path: Path) -> None:
    """Write a report as JSON; shares and pounds are decimal numbers."""
    path.write_bytes(msgspec.json.format(_ENCODER.encode(report), indent=2) + b"\n")


def print_report(report: Report, console: Console) -> None:
    """Print what a retailer wants to know, the outcome first."""
    console.print(_channels(report), _lines(report), _service(report), _money(report))
    console.print(_checks(report))
    for finding in report.findings[:FINDINGS_SHOWN_MAX]:
        console.print(f"  {finding.rule} {finding.subject}: {finding.detail}", style="red")
    for answer in report.unexpected[:FINDINGS_SHOWN_MAX]:
        console.print(f"  unexpected: {answer}", style="red", markup=False)


def _channels(report: Report) -> Table:
    table = Table(title="Orders by channel")
    for name in ("Channel", "Handed in", "Placed", "Refused", "Lines", "Units", "Goods with tax"):
        table.add_column(name, justify="left" if name == "Channel" else "right")
    for row in report.channels:
        goods = f"{_money_text(row.goods_gross_minor)} {row.currency}"
        counts = (row.orders_in, row.orders_placed, row.orders_rejected, row.lines, row.units)
        table.add_row(row.channel, *(f"{count:,}" for count in counts), goods)
    return table


def _lines(report: Report) -> Table:
    table = _pairs("What became of the real order lines")
    _add(table, "read", report.lines_in)
    _add(table, "placed in orders", report.lines_placed)
    _add(table, "postage shared among web baskets", report.lines_postage)
    _add(table, "booked as stock adjustments", report.lines_adjusted)
    _add(table, "cancelled by a credit note of the same day", report.lines_cancelling)
    _add(table, "came back to their orders", report.lines_returned)
    _add(table, "came back in part: more than was left", report.lines_over_returned)
    _add(table, "came back without an order", report.lines_blind)
    _add(table, "credited, without goods", report.lines_credited)
    _add(table, "booked by hand", report.lines_booked)
    _add(table, "charges beside the goods", report.lines_charged)
    _add(table, "rejected", report.lines_rejected)
    rejected = [fate for fate in report.fates if fate.fate == "rejected"]
    for fate in rejected[:REASONS_SHOWN_MAX]:
        table.add_row(f"  {fate.reason}", f"{fate.lines:,}", style="dim")
    return table


def _service(report: Report) -> Table:
    table = _pairs("Service")
    table.add_row("orders untouched by hand", _percent(report.touchless_share))
    promises = report.promises
    table.add_row("promises kept", _percent(promises.kept_share))
    late = f"{promises.lines_late:,} late, {promises.lines_open:,} on the way"
    table.add_row("  lines", f"{promises.lines_kept:,} in time, {late}", style="dim")
    _add(table, "parcels", report.parcels)
    table.add_row("parcels per order", f"{report.shipping.parcels_per_order:f}")
    for cost in (cost for cost in report.sourcing if cost.nearest_milli):
        here, nearest = (
            _money_text(amount)
            for amount in (cost.cost_per_order_minor, cost.nearest_per_order_minor)
        )
        table.add_row(f"cost per order, {cost.currency}", here)
        table.add_row(f"from the nearest places, {cost.currency}", nearest)
        table.add_row("  saved", _percent(cost.saved_share), style="dim")
    short = report.stock_outs
    table.add_row("stock-outs", f"{short.lines_short:,} lines, {short.units_short:,} units")
    for message in report.messages:
        table.add_row(f"messages: {message.topic}", f"{message.sent:,}")
    lag = report.lag
    table.add_row("sold here, seen there", f"p50 {lag.p50_ms:,} ms, p99 {lag.p99_ms:,} ms")
    return table


def _money(report: Report) -> Table:
    table = Table(title="Money by account (debits positive)")
    table.add_column("Account")
    table.add_column("Amount", justify="right")
    for row in report.money:
        table.add_row(f"{row.number} {row.name}", f"{_money_text(row.minor)} {row.currency}")
    return table


def _checks(report: Report) -> Table:
    table = _pairs("Checks")
    table.add_row(
        "orders by the raw file, pounds without tax", f"{report.control_total_expected:,f}"
    )
    table.add_row("orders by the journals", f"{report.control_total_seen:,f}")
    table.add_row("  rounding of lines to pennies", f"{report.control_rounding:,f}")
    exchange = report.control.exchange_rounding
    table.add_row("  rounding of lines in other currencies", f"{exchange:,f}")
    table.add_row("  not explained", f"{report.control_unexplained:,f}")
    notes = report.credit_notes
    table.add_row("credit notes by the raw file", f"{notes.credit_notes_expected:,f}")
    processed = f"{report.credit_notes_processed:,} credit notes by the journals"
    table.add_row(processed, f"{notes.credit_notes_seen:,f}")
    for part in ("cancelled", "returned", "credited", "blind", "booked"):
        table.add_row(f"  {part}", f"{getattr(notes, part):,f}", style="dim")
    table.add_row("  rounding", f"{notes.rounding:,f}")
    table.add_row("  not explained", f"{notes.unexplained:,f}")
    _add(table, "returns refused: more than was left", len(report.over_returns))
    _add(table, "real lines without a fate", report.lines_unaccounted)
    _add(table, "units oversold", report.units_oversold)
    _add(table, "units lost to facts (counts, shorts, till sales)", report.units_lost_to_facts)
    _add(table, "ledger imbalance, minor units", report.ledger_imbalance_minor)
    _add(table, "findings of verify", report.verify_findings)
    _add(table, "unexpected answers", report.unexpected_answers)
    table.add_row("seconds, from the command to this report", f"{report.seconds:,}")
    table.add_row("  of them replaying", f"{report.seconds_replaying:,}", style="dim")
    return table


def _pairs(title: str) -> Table:
    table = Table(title=title, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    return table


def _add(table: Table, name: str, count: int) -> None:
    table.add_row(name, f"{count:,}")


def _percent(share: Decimal) -> str:
    return f"{share * 100:.2f} %"


def _money_text(minor: int | Decimal) -> str:
    return f"{Decimal(minor) / MINOR_PER_POUND:,.2f}"
