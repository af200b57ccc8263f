"""What the report is made of, and what it is told by the replay."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

FateName = Literal[
    "placed",
    "postage",
    "adjusted",
    "rejected",
    "cancelling",
    "returned",
    "over_returned",
    "blind",
    "credited",
    "booked",
    "charged",
]
# Lines whose value is in an order of the tenant.
IN_ORDERS: frozenset[FateName] = frozenset({"placed", "postage"})


class LineFate(Struct, frozen=True):
    """What became of one raw line.

    ``placed`` is a line of an order; ``postage`` a batch's postage, which is in the delivery
    charges of its baskets; ``adjusted`` stock work that was booked; ``rejected`` could be neither;
    ``charged`` money beside the goods, counted only.

    Of credit notes, ``cancelling`` is a line replayed as a cancellation; ``returned`` goods given
    back on the orders they were sold with, ``over_returned`` in part only, because more came than
    was left; ``blind`` goods of no known order; ``credited`` money that is no goods; ``booked`` an
    entry in the books by hand.

    Args:
        number: of the raw line, counted in the whole file from 1.
        fate: see above.
        reason: why it ended so, "" where that needs no words.
    """

    number: int
    fate: FateName
    reason: str = ""


class OverReturn(Struct, frozen=True):
    """Goods of which a credit note gives back more than the customer had left.

    Args:
        credit_note: its number.
        sku: the article.
        units: how many the credit note gives back.
        left: how many were left; the others went back blind, on a manager's word.
        refused: as Crosslane refused it.
    """

    credit_note: str
    sku: str
    units: int
    left: int
    refused: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What the replay knows and no journal does.

    Args:
        lines: one for each raw line of the selection.
        orders_in: orders handed to the API or in files, by channel.
        orders_rejected: those of them that were refused for good, by channel.
        refused_shares_milli: postage of baskets that were refused, in 1/1000 penny; the postage
            line itself is in the delivery charges of the batch's other baskets.
        credit_notes: how many credit notes were processed, all of their lines.
        over_returns: goods of which more came back than was left.
        credit_rounding_milli: what converting money that is no goods to another currency takes off
            credit notes, in 1/1000 penny.
        lags_ms: how long after the answer to an order of one channel another channel's
            availability showed it, one figure per probe.
        unexpected: answers that nobody counted on, as text.
        seeded: invented trouble by kind, as often as it was played.
        requests: how many were sent, repeats included.
        repeats: how many were sent again because the first had no usable answer.
        seconds: from the first to the last request.
    """

    lines: Sequence[LineFate]
    orders_in: Mapping[str, int]
    orders_rejected: Mapping[str, int]
    refused_shares_milli: int = 0
    credit_notes: int = 0
    over_returns: Sequence[OverReturn] = ()
    credit_rounding_milli: int = 0
    lags_ms: Sequence[int] = ()
    unexpected: Sequence[str] = ()
    seeded: Mapping[str, int] = {}
    requests: int = 0
    repeats: int = 0
    seconds: float = 0.0


class FateCount(Struct, frozen=True):
    """Raw lines of one fate and reason; ``repeated`` counts lines that were told twice."""

    fate: str
    reason: str
    lines: int
    repeated: int


class ChannelCount(Struct, frozen=True):
    """Orders of one channel; goods with tax in minor units of its currency."""

    channel: str
    currency: str
    orders_in: int
    orders_placed: int
    orders_rejected: int
    lines: int
    units: int
    goods_gross_minor: int


class Promises(Struct, frozen=True):
    """Order lines by what became of their first promise; the share is of those that arrived."""

    lines_kept: int
    lines_late: int
    lines_open: int
    lines_undated: int
    kept_share: Decimal


class Parcels(Struct, frozen=True):
    """Parcels that left, those to stores included."""

    parcels: int
    orders_with_parcels: int
    parcels_per_order: Decimal


class SourcingCost(Struct, frozen=True):
    """Cost of the sourcing decisions against sending from the nearest places."""

    currency: str
    orders: int
    decisions: int
    decisions_without_distance: int
    cost_milli: int
    nearest_milli: int
    cost_per_order_minor: Decimal
    nearest_per_order_minor: Decimal
    saved_share: Decimal


class StockOuts(Struct, frozen=True):
    """Lines and units that no location could supply when wanted, and units that still wait."""

    lines_short: int
    units_short: int
    units_waiting: int


class MessageCount(Struct, frozen=True):
    """Messages to customers of one topic."""

    topic: str
    sent: int
    due: int
    not_sent: int


class AccountSum(Struct, frozen=True):
    """One account of the books; debits are positive."""

    number: str
    account: str
    name: str
    currency: str
    minor: int


class Control(Struct, frozen=True):
    """The orders against the raw file, in pounds without tax.

    Args:
        control_total_expected: by the raw file, exactly.
        control_total_seen: by the journals of the tenant, in whole pennies.
        difference: expected less seen.
        rounding: what rounding each raw line to a penny takes away, by the raw file.
        exchange_rounding: what rounding lines of other currencies takes away, by the journals.
        unexplained: the rest of the difference.
        exchanged: part of what was seen that is of orders in another currency.
    """

    control_total_expected: Decimal
    control_total_seen: Decimal
    difference: Decimal
    rounding: Decimal
    exchange_rounding: Decimal
    unexplained: Decimal
    exchanged: Decimal


class CreditNotes(Struct, frozen=True):
    """The credit notes against the raw file, in pounds without tax, what was given back negative.

    Args:
        credit_notes_expected: by the raw file, exactly.
        credit_notes_seen: by the journals of the tenant, in whole pennies and cents.
        difference: expected less seen.
        rounding: what rounding to pennies and cents makes of it.
        unexplained: the rest of the difference.
        cancelled: units cancelled before they were handed over, and their delivery.
        returned: goods that came back to orders.
        credited: money credited on orders that is no goods.
        blind: goods and money credited without an order.
        booked: entries in the books by hand.
    """

    credit_notes_expected: Decimal
    credit_notes_seen: Decimal
    difference: Decimal
    rounding: Decimal
    unexplained: Decimal
    cancelled: Decimal
    returned: Decimal
    credited: Decimal
    blind: Decimal
    booked: Decimal


class Lag(Struct, frozen=True):
    """How soon one channel sees what another has sold, in milliseconds."""

    samples: int
    p50_ms: int
    p99_ms: int
    max_ms: int


class Finding(Struct, frozen=True):
    """Something that ``crosslane verify`` found."""

    rule: str
    subject: str
    detail: str


class Report(Struct, frozen=True, kw_only=True):
    """The whole report. Names and meanings as above; sums are of the whole tenant.

    ``seconds`` count from the begin of the command to this report, ``seconds_replaying`` from the
    replay's first request to its last.
    """

    orders_in: int
    orders_placed: int
    orders_rejected: int
    orders_cancelled: int
    orders_open: int
    lines_in: int
    lines_placed: int
    lines_adjusted: int
    lines_rejected: int
    lines_cancelling: int
    lines_returned: int
    lines_over_returned: int
    lines_blind: int
    lines_credited: int
    lines_booked: int
    lines_charged: int
    lines_postage: int
    lines_unaccounted: int
    units_oversold: int
    units_lost_to_facts: int
    orders_touched: int
    touchless_share: Decimal
    parcels: int
    emails_sent: int
    ledger_imbalance_minor: int
    control_total_expected: Decimal
    control_total_seen: Decimal
    control_rounding: Decimal
    control_unexplained: Decimal
    credit_notes_processed: int
    credit_notes_expected: Decimal
    credit_notes_seen: Decimal
    credit_notes_rounding: Decimal
    credit_notes_unexplained: Decimal
    availability_lag_p99_ms: int
    verify_findings: int
    unexpected_answers: int
    seconds: float
    seconds_replaying: float
    channels: list[ChannelCount]
    fates: list[FateCount]
    promises: Promises
    shipping: Parcels
    sourcing: list[SourcingCost]
    stock_outs: StockOuts
    messages: list[MessageCount]
    money: list[AccountSum]
    control: Control
    credit_notes: CreditNotes
    over_returns: list[OverReturn]
    lag: Lag
    findings: list[Finding]
    unexpected: list[str]
