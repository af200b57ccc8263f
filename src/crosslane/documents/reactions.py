"""Which events are documented, and what they tell of amounts."""

from collections.abc import Sequence
from typing import Any

from crosslane.documents.domain import Amount, Cause
from crosslane.documents.service.issuing import issue
from crosslane.documents.service.personal import forget_buyers
from crosslane.kernel import parse_instant
from crosslane.orders import ChargedSum, ChargesDue, LinesHandedOver
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction

DOCUMENTS_AT_ONCE_MAX = 200
FORGET_SECONDS = 86_400.0


async def document(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Issue the documents that events ask for, numbered in the order of the log."""
    await issue(tx, [cause_of(entry) for entry in sorted(logged, key=lambda entry: entry.id)])


def cause_of(entry: Logged[Any]) -> Cause:
    """Return what an event gives to be documented."""
    event = entry.event
    match event:
        case LinesHandedOver():
            occurred_at = parse_instant(event.occurred_at)
            amounts = [*map(_sold, event.units), *map(_charged, event.charges)]
        case _:
            occurred_at = entry.at
            amounts = list(map(_charged, event.charges))
    return Cause(
        kind=event.kind(),
        id=f"{entry.subject}#{entry.subject_no}",
        order_id=event.order_id,
        occurred_at=occurred_at,
        at=entry.at,
        amounts=amounts,
    )


def _sold(units: Any) -> Amount:
    return Amount(
        ref_id=units.line_id,
        quantity=units.quantity,
        net_minor=units.net_minor,
        tax_minor=units.tax_minor,
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
        (LinesHandedOver, ChargesDue),
        document,
        batch_max=DOCUMENTS_AT_ONCE_MAX,
    )
]
SCHEDULES = [Schedule("documents.forget_buyers", FORGET_SECONDS, forget_buyers)]
