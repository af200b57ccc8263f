"""Disputes: what a provider takes back, and what of it is won or lost.

Messages come in any order: whoever hears first that a dispute was decided books that it was opened
too. What was taken back is a fact, also where it had been refunded already; see ``beyond_minor``.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.payments import storage
from crosslane.payments.domain import Deed, Operation, OperationState, Outcome, Tender
from crosslane.payments.provider import Dispute
from crosslane.payments.service.sheet import Sheet, open_sheet
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause

CAUSE_KIND = "payments.dispute"
_Known = dict[tuple[UUID, Deed, str], Operation]


class Disputed(msgspec.Struct, frozen=True):
    """A message about a dispute.

    Args:
        key: who tells it, a provider or channel, and the message's own name.
        by: the command it came with.
        dispute: what it tells.
    """

    key: tuple[str, str]
    by: Cause
    dispute: Dispute

    @property
    def cause_id(self) -> str:
        """What operations of the dispute are known by."""
        return f"{self.key[0]}:{self.dispute.id}"


async def take_disputes(tx: Tx, told: Sequence[Disputed]) -> dict[tuple[str, str], str]:
    """Book what providers have taken back and given again; return what became of each message.

    A message about no authorization of ours is unmatched; one that tells another amount than is
    known, or a loss of what was won, contradicts, and a person has to look.
    """
    payments = await storage.find_by_reference(
        tx, [(each.key[0], each.dispute.reference) for each in told]
    )
    sheet = await open_sheet(tx, payment_ids=set(payments.values()))
    known = await _known(tx, sheet, told)
    states: dict[tuple[str, str], str] = {}
    for each in told:
        payment_id = payments.get((each.key[0], each.dispute.reference))
        if payment_id is None:
            states[each.key] = "unmatched"
        else:
            tender = sheet.tenders[payment_id]
            states[each.key] = _take(tx, sheet, tender, each, known)
    await sheet.write(tx)
    return states


async def dispute_order(tx: Tx, order_id: UUID, told: Disputed) -> str:
    """Book a dispute that a channel tells of one of its orders; return what became of it.

    It takes the money of the tender that holds most of it, and stays with that tender. Nothing is
    unmatched but an order without money; see :func:`take_disputes` for the rest.
    """
    sheet = await open_sheet(tx, order_ids=[order_id])
    tenders = sheet.of_order(order_id)
    if not tenders:
        return "unmatched"
    known = await _known(tx, sheet, [told])
    held = {payment_id for payment_id, _, _ in known}
    tender = max(tenders, key=lambda t: (t.id in held, t.refundable_minor, -t.sequence))
    state = _take(tx, sheet, tender, told, known)
    await sheet.write(tx)
    return state


async def _known(tx: Tx, sheet: Sheet, told: Sequence[Disputed]) -> _Known:
    """Return what was booked for disputes before."""
    causes = [
        (order_id, deed, CAUSE_KIND, each.cause_id)
        for each in told
        for order_id in {tender.order_id for tender in sheet.tenders.values()}
        for deed in (Deed.CHARGEBACK, Deed.CHARGEBACK_WON)
    ]
    return {
        (operation.payment_id, operation.deed, operation.cause_id): operation
        for operation in await storage.list_by_cause(tx, causes)
    }


def _take(tx: Tx, sheet: Sheet, tender: Tender, told: Disputed, known: _Known) -> str:
    dispute = told.dispute
    taken = known.get((tender.id, Deed.CHARGEBACK, told.cause_id))
    won = known.get((tender.id, Deed.CHARGEBACK_WON, told.cause_id))
    another = taken is not None and taken.minor != dispute.minor
    if another or tender.currency != dispute.currency or (won and dispute.state == "lost"):
        return "contradicts"
    fresh = taken is None
    if taken is None:
        taken = _book(tx, sheet, tender, Deed.CHARGEBACK, told)
        known[tender.id, Deed.CHARGEBACK, told.cause_id] = taken
    if dispute.state == "won" and won is None:
        sheet.charged[told.cause_id] = taken.id
        won = _book(tx, sheet, tender, Deed.CHARGEBACK_WON, told)
        known[tender.id, Deed.CHARGEBACK_WON, told.cause_id] = won
        return "applied"
    if dispute.state == "lost":
        sheet.lose(taken, dispute.id, at=dispute.at or tx.now, by=told.by)
        return "applied"
    return "applied" if fresh else "known"


def _book(tx: Tx, sheet: Sheet, tender: Tender, deed: Deed, told: Disputed) -> Operation:
    dispute = told.dispute
    asked = sheet.ask(
        tender.id,
        deed,
        dispute.minor,
        CAUSE_KIND,
        told.cause_id,
        at=dispute.at or tx.now,
        by=told.by,
    )
    done = Outcome(OperationState.DONE, dispute.id, dispute.reason)
    sheet.learn(asked, done, by=told.by)
    return sheet.operation(asked.id)
