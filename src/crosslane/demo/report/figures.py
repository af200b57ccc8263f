"""Running the statements and putting their answers together."""

from collections.abc import Awaitable, Iterable, Sequence
from decimal import Decimal
from time import monotonic
from typing import Any, TypeVar

import msgspec

from crosslane.demo.control_total import Amount, add_up
from crosslane.demo.report.nouns import (
    IN_ORDERS,
    AccountSum,
    ChannelCount,
    Control,
    CreditNotes,
    FateCount,
    FateName,
    Finding,
    Lag,
    MessageCount,
    Outcome,
    Parcels,
    Promises,
    Report,
    SourcingCost,
    StockOuts,
)
from crosslane.demo.report.statements import statements
from crosslane.platform.database import Tx, columns

T = TypeVar("T")
# Lines that leave no trace in a journal; the others are counted there.
TOLD: tuple[FateName, ...] = (
    *("rejected", "charged", "postage", "cancelling"),
    *("returned", "over_returned", "blind", "credited", "booked"),
)
MILLI_PER_POUND = 100_000


async def make_report(
    tx: Tx,
    outcome: Outcome,
    *,
    amounts: Awaitable[Sequence[Amount]],
    findings: Awaitable[Sequence[Finding]],
    began: float,
) -> Report:
    """Read the report of a tenant into which nothing but the replay has placed orders.

    Args:
        tx: open transaction of the tenant; read-only is enough. All figures should be of one
            moment, so it is best opened when the work has come to rest.
        outcome: what the replay tells.
        amounts: the lines of the raw file that were selected, read beside the work here.
        findings: what ``crosslane verify`` finds, which may go on meanwhile too.
        began: reading of the monotonic clock from which the report's seconds count.
    """
    fates = await _fates(tx, outcome)
    channels = await _channels(tx, outcome)
    shipping = await _row(tx, "parcels", Parcels)
    lag = await _row(tx, "lag", Lag, list(outcome.lags_ms))
    promises = await _row(tx, "promises", Promises)
    sourcing = await _rows(tx, "sourcing", SourcingCost)
    stock_outs = await _row(tx, "stock_outs", StockOuts)
    messages = await _rows(tx, "messages", MessageCount)
    money = await _rows(tx, "money", AccountSum)
    raw = await amounts
    totals = await _totals(tx, fates, len(raw))
    control = await _control(tx, outcome, raw)
    notes = await _credit_notes(tx, outcome, raw)
    broken = await findings
    return Report(
        **totals,
        orders_in=sum(channel.orders_in for channel in channels),
        orders_rejected=sum(channel.orders_rejected for channel in channels),
        parcels=shipping.parcels,
        control_total_expected=control.control_total_expected,
        control_total_seen=control.control_total_seen,
        control_rounding=control.rounding,
        control_unexplained=control.unexplained,
        credit_notes_processed=outcome.credit_notes,
        credit_notes_expected=notes.credit_notes_expected,
        credit_notes_seen=notes.credit_notes_seen,
        credit_notes_rounding=notes.rounding,
        credit_notes_unexplained=notes.unexplained,
        availability_lag_p99_ms=lag.p99_ms,
        verify_findings=len(broken),
        unexpected_answers=len(outcome.unexpected),
        seconds_replaying=round(outcome.seconds, 1),
        channels=channels,
        fates=fates,
        promises=promises,
        shipping=shipping,
        sourcing=sourcing,
        stock_outs=stock_outs,
        messages=messages,
        money=money,
        control=control,
        credit_notes=notes,
        over_returns=list(outcome.over_returns),
        lag=lag,
        findings=list(broken),
        unexpected=list(outcome.unexpected),
        seconds=round(monotonic() - began, 1),
    )


async def _fates(tx: Tx, outcome: Outcome) -> list[FateCount]:
    told = columns(outcome.lines, "number", "fate", "reason")
    return await _rows(tx, "fates", FateCount, *told)


async def _channels(tx: Tx, outcome: Outcome) -> list[ChannelCount]:
    names = sorted(outcome.orders_in.keys() | outcome.orders_rejected.keys())
    handed_in = [outcome.orders_in.get(name, 0) for name in names]
    refused = [outcome.orders_rejected.get(name, 0) for name in names]
    return await _rows(tx, "channels", ChannelCount, names, handed_in, refused)


async def _control(tx: Tx, outcome: Outcome, amounts: Iterable[Amount]) -> Control:
    elsewhere = {line.number for line in outcome.lines if line.fate not in IN_ORDERS}
    ordered = add_up(amounts, without=elsewhere)
    refused = Decimal(outcome.refused_shares_milli) / MILLI_PER_POUND
    return await _row(tx, "control", Control, ordered.total, ordered.rounding, refused)


async def _credit_notes(tx: Tx, outcome: Outcome, amounts: Iterable[Amount]) -> CreditNotes:
    told = Decimal(outcome.credit_rounding_milli) / MILLI_PER_POUND
    return await _row(tx, "credit_notes", CreditNotes, add_up(amounts).credits, told)


async def _totals(tx: Tx, fates: list[FateCount], lines_in: int) -> dict[str, Any]:
    """Return the figures that are a single number each, by their names in the report."""
    totals: dict[str, Any] = {}
    for name in ("totals", "stock", "touched", "emails", "ledger"):
        totals |= await _single(tx, name)
    told = {f"lines_{fate}": _lines(fates, fate) for fate in TOLD}
    left = lines_in - totals["lines_placed"] - totals["lines_adjusted"] - sum(told.values())
    return totals | told | {"lines_in": lines_in, "lines_unaccounted": left}


def _lines(fates: list[FateCount], name: str) -> int:
    return sum(fate.lines for fate in fates if fate.fate == name)


async def _rows(tx: Tx, name: str, kind: type[T], *given: Any) -> list[T]:
    found = await tx.fetch(statements()[name], *given)
    return [msgspec.convert(dict(row), kind) for row in found]


async def _row(tx: Tx, name: str, kind: type[T], *given: Any) -> T:
    return msgspec.convert(await _single(tx, name, *given), kind)


async def _single(tx: Tx, name: str, *given: Any) -> dict[str, Any]:
    (row,) = await tx.fetch(statements()[name], *given)
    return dict(row)
