"""Which events are documented, and what they tell of amounts."""

from collections.abc import Sequence
from typing import Any

from crosslane.documents.domain import Amount, Cause
from crosslane.documents.service.issuing import issue
from crosslane.documents.service.personal import forget_buyers
from crosslane.kernel import parse_instant
from crosslane.orders import ChargedSum, ChargesDue, LinesCredited, LinesHandedOver
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction
from crosslane.returns import BlindUnitsCredited

# What orders call the cause of a credit that a return has brought about.
RETURN = "return"
DOCUMENTS_AT_ONCE_MAX = 200
FORGET_SECONDS = 86_400.0


async def document(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Issue the documents that events ask for, numbered in the order of the log."""
    await issue(tx, [cause_of(entry) for entry in sorted(logged, key=lambda entry: entry.id)])


def cause_of(entry: Logged[Any]) -> Cause:
    """Return what an event gives to be documented."""
    event = entry.event
    charges = list(map(_charged, event.charges))
    told: dict[str, Any] = {"amounts": charges, "occurred_at": entry.at, "order_id": event.order_id}
    match event:
        case LinesHandedOver():
            told["occurred_at"] = parse_instant(event.occurred_at)
            told["amounts"] = [*(_goods(units, 1) for units in event.units), *charges]
        case LinesCredited():
            told["occurred_at"] = parse_instant(event.occurred_at)
            told["amounts"] = [*(_goods(units, -1) for units in event.units), *charges]
            told["return_id"] = event.cause_id if event.cause_kind == RETURN else None
        case BlindUnitsCredited():
            # An order it may name is not the one the goods were sold by.
            told["order_id"], told["channel_id"] = None, event.channel_id
            told["occurred_at"], told["return_id"] = event.occurred_at, event.return_id
            told["amounts"] = [*(_goods(units, -1) for units in event.units), *charges]
    return Cause(kind=event.kind(), id=f"{entry.subject}#{entry.subject_no}", at=entry.at, **told)


def _goods(units: Any, sign: int) -> Amount:
    """Return what units are worth to us; those that come back are owed no more."""
    return Amount(
        ref_id=units.line_id,
        variant_id=units.variant_id,
        quantity=units.quantity,
        net_minor=sign * units.net_minor,
        tax_minor=sign * units.tax_minor,
        tax_rate_bp=units.tax_rate_bp,
        jurisdiction=units.jurisdiction,
    )


def _charged(charge: ChargedSum) -> Amount:
    return Amount(
        ref_id=charge.charge_id,
        charge_kind=charge.charge_kind,
        quantity=0,
        net_minor=charge.net_minor,
        tax_minor=charge.tax_minor,
        tax_rate_bp=charge.tax_rate_bp,
        jurisdiction=charge.jurisdiction,
    )


REACTIONS = [
    Reaction(
        "documents.issue",
        (LinesHandedOver, ChargesDue, LinesCredited, BlindUnitsCredited),
        document,
        batch_max=DOCUMENTS_AT_ONCE_MAX,
    )
]
SCHEDULES = [Schedule("documents.forget_buyers", FORGET_SECONDS, forget_buyers)]
