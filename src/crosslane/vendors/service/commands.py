"""The commands of vendors: settings, terms, messages, and what people decide."""

from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.locations import network
from crosslane.platform import audit, log
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.vendors import events
from crosslane.vendors.domain import VendorMessage
from crosslane.vendors.errors import NoSuchProblem, NothingLeft
from crosslane.vendors.service import receiving
from crosslane.vendors.service.invoicing import Verdict, judge_invoice
from crosslane.vendors.service.ordering import event_of, save
from crosslane.vendors.service.reading import (
    InvoiceView,
    PurchaseOrderView,
    invoice_view,
    order_view,
    require_own,
)
from crosslane.vendors.service.receiving import Receipt, receive
from crosslane.vendors.service.settings import (
    PutTerms,
    PutVendor,
    VendorView,
    put_terms,
    put_vendor,
)
from crosslane.vendors.storage import orders as storage

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class TermsSaved(msgspec.Struct, frozen=True):
    """How many terms were saved."""

    saved: int


class Told(msgspec.Struct, frozen=True):
    """A message that came from somebody who may speak for the vendor."""

    location_id: UUID
    message: VendorMessage


class GiveUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Expect nothing more of a vendor for this order; other stock is looked for.

    Args:
        purchase_order: which.
        reason: why.
    """

    purchase_order: UUID
    reason: Reason


class SettleProblem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that a problem has been dealt with.

    Args:
        purchase_order: which.
        problem: which of its problems.
        reason: what was done about it.
    """

    purchase_order: UUID
    problem: Annotated[str, msgspec.Meta(max_length=40)]
    reason: Reason


class JudgeInvoice(msgspec.Struct, frozen=True):
    """Accept a disputed invoice at its price, or reject an open one."""

    invoice_id: UUID
    verdict: Verdict
    reason: str


class Replay(msgspec.Struct, frozen=True):
    """Try a message in quarantine once more."""

    message: UUID


class Dismiss(msgspec.Struct, frozen=True):
    """Put a message in quarantine aside for good."""

    message: UUID
    reason: str


async def _put_terms(tx: Tx, wish: PutTerms) -> TermsSaved:
    return TermsSaved(await put_terms(tx, wish))


async def _told(tx: Tx, told: Told) -> Receipt:
    return await receive(tx, told.location_id, told.message)


async def _give_up(tx: Tx, wish: GiveUp) -> PurchaseOrderView:
    id = wish.purchase_order
    order = require_own((await storage.lock_orders(tx, [id])).get(id), tx.actor, id)
    if not order.left:
        raise NothingLeft
    await log.append(tx, [event_of(events.PurchaseGivenUp, order, reason=wish.reason)])
    return await order_view(tx, id)


async def _settle_problem(tx: Tx, wish: SettleProblem) -> PurchaseOrderView:
    id = wish.purchase_order
    order = require_own((await storage.lock_orders(tx, [id])).get(id), tx.actor, id)
    if wish.problem not in order.problems:
        raise NoSuchProblem(pointer="/problem", problem=wish.problem)
    order.settled = [*order.settled, wish.problem]
    await save(tx, [order])
    await audit.record(
        tx,
        [
            Change(
                action="vendors.settle_problem",
                subject=f"purchase:{id}",
                after={"settled": wish.problem},
                reason=wish.reason,
            )
        ],
    )
    return await order_view(tx, id)


async def _judge(tx: Tx, wish: JudgeInvoice) -> InvoiceView:
    invoice = await judge_invoice(tx, wish.invoice_id, wish.verdict)
    change = Change(
        action=f"vendors.{wish.verdict}_invoice",
        subject=f"invoice:{invoice.id}",
        after={"state": invoice.state, "gross_minor": invoice.gross_minor},
        reason=wish.reason,
    )
    await audit.record(tx, [change])
    return invoice_view(await network(tx), invoice)


async def _replay(tx: Tx, wish: Replay) -> Receipt:
    return await receiving.replay(tx, wish.message)


async def _dismiss(tx: Tx, wish: Dismiss) -> Receipt:
    return await receiving.dismiss(tx, wish.message, wish.reason)


PUT_VENDOR = one_by_one("vendors.put_vendor", PutVendor, VendorView, put_vendor)
PUT_TERMS = one_by_one("vendors.put_terms", PutTerms, TermsSaved, _put_terms)
TELL = one_by_one("vendors.tell", Told, Receipt, _told)
GIVE_UP = one_by_one("vendors.give_up", GiveUp, PurchaseOrderView, _give_up)
SETTLE = one_by_one("vendors.settle_problem", SettleProblem, PurchaseOrderView, _settle_problem)
JUDGE = one_by_one("vendors.judge_invoice", JudgeInvoice, InvoiceView, _judge)
REPLAY = one_by_one("vendors.replay", Replay, Receipt, _replay)
DISMISS = one_by_one("vendors.dismiss", Dismiss, Receipt, _dismiss)

COMMANDS = [
    PUT_VENDOR,
    PUT_TERMS,
    TELL,
    GIVE_UP,
    SETTLE,
    JUDGE,
    REPLAY,
    DISMISS,
]
