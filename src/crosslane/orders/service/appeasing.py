"""Goodwill: money given back on an order without anything coming back, within a budget."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane import organization, payments
from crosslane.kernel import Refusal, new_id
from crosslane.orders import events
from crosslane.orders.domain import NewCharge, OrderState, concerns, plan_credit
from crosslane.orders.domain.policy import APPEASEMENT
from crosslane.orders.errors import NoSuchOrder, OrderChanged
from crosslane.orders.service.crediting import book_credit
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.problems import known_destination
from crosslane.orders.service.settling import RefundPart
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import appeasing
from crosslane.orders.storage.appeasing import GivenKey
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

CAUSE_KIND = "appeasement"


class Appease(OfOrder, frozen=True, kw_only=True):
    """Money given back as goodwill.

    Args:
        order_id: the order, a closed one too.
        line_id: the line it is for, None for the whole order.
        minor: how much, with tax, in minor units of the order's currency.
        reason: for the customer and the record.
        refund_to: where a refund goes, None for the way the money came.
        version: the order must still be at it, None for whatever it is at.
    """

    line_id: UUID | None = None
    minor: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    refund_to: payments.RefundTo | None = None
    version: int | None = None


class Appeased(msgspec.Struct, frozen=True):
    """What an appeasement did; amounts in minor units of ``currency``.

    Args:
        amendment_no: its number on the order.
        gross_delta_minor: what the customer pays less, as a negative number.
        refund_minor: what of it is given back; the rest was not paid yet.
    """

    amendment_no: int
    gross_delta_minor: int
    refund_minor: int
    currency: str


async def appease(tx: Tx, commands: Sequence[Command[Appease]]) -> list[Appeased | Refusal]:
    """Give money back, never more than the customer still pays nor than the budget of who gives.

    It is shared over the goods by what they cost, and bears their taxes; only what is more than all
    goods cost is taken off delivery and fees.
    """
    sheet = await Sheet.open(tx, {c.body.order_id for c in commands})
    book, policies = await organization.book(tx), await organization.policies(tx)
    wanted = [c.body.refund_to for c in commands if c.body.refund_to is not None]
    places = {to: await known_destination(tx, to) for to in wanted}
    keys = {c.key: _key(tx, sheet, c, book) for c in commands if c.body.order_id in sheet.states}
    given = await appeasing.lock_given(tx, list(keys.values()))
    outcomes: list[Appeased | Refusal] = []
    for command in commands:
        key = keys.get(command.key)
        if key is None:
            outcomes.append(NoSuchOrder(order=str(command.body.order_id)))
            continue
        refusal = _refuse(tx, sheet.states[command.body.order_id], command, policies, given[key])
        outcome = refusal or _give(tx, sheet, command, places)
        if isinstance(outcome, Appeased):
            given[key] += command.body.minor
        outcomes.append(outcome)
    await sheet.write(tx)
    await appeasing.save_given(tx, given)
    left = dict(sheet.refunded)
    return [_with_refund(o, c, left) for o, c in zip(outcomes, commands, strict=True)]


def _key(tx: Tx, sheet: Sheet, command: Command[Appease], book: OrganizationBook) -> GivenKey:
    order = sheet.states[command.body.order_id].order
    day = tx.now.astimezone(ZoneInfo(book.channel(order.channel).timezone)).date()
    return GivenKey(str(command.actor), day, order.currency)


def _refuse(
    tx: Tx, state: OrderState, command: Command[Appease], policies: PolicyBook, on_day: int
) -> Refusal | None:
    wish, order, actor = command.body, state.order, command.actor
    if not _may_see(actor, state):
        return NoSuchOrder(order=str(order.id))
    if wish.version is not None and wish.version != order.version:
        return OrderChanged(version=order.version)
    if actor.kind == "system":
        return None
    rules, _ = policies.resolve(APPEASEMENT, tx.now, channel=order.channel, brand=order.brand)
    on_order = -sum(
        charge.gross_minor
        for charge in state.charges
        if charge.kind == "appeasement" and not charge.cancelled
    )
    return rules.refuse(actor.role, wish.minor, on_order, on_day)


def _may_see(actor: Actor, state: OrderState) -> bool:
    return actor.location_id is None or concerns(state, actor.location_id)


def _give(
    tx: Tx,
    sheet: Sheet,
    command: Command[Appease],
    places: Mapping[payments.RefundTo, payments.RefundTo],
) -> Appeased | Refusal:
    wish = command.body
    state = sheet.states[wish.order_id]
    charge = NewCharge("appeasement", wish.reason, -wish.minor, wish.line_id)
    planned = plan_credit(state, [], [charge])
    if isinstance(planned, Refusal):
        return planned
    doing = Doing(command, tx.now, f"amendment:{state.amendments + 1}")
    told = [{"line_id": wish.line_id, "minor": wish.minor}]
    no = sheet.amend(wish.order_id, "appease", wish.reason, told, -wish.minor, doing)
    if wish.refund_to is not None:
        sheet.give_elsewhere(
            wish.order_id, [RefundPart(to=places[wish.refund_to], minor=wish.minor)]
        )
    book_credit(tx, sheet, state, planned, CAUSE_KIND, new_id(), doing)
    amended = events.OrderAmended(
        order_id=wish.order_id,
        amendment_no=no,
        amendment_kind="appease",
        gross_delta_minor=-wish.minor,
    )
    sheet.announce(amended, doing)
    return Appeased(no, -wish.minor, 0, state.order.currency)


def _with_refund(
    outcome: Appeased | Refusal, command: Command[Appease], left: dict[UUID, int]
) -> Appeased | Refusal:
    """Tell with an appeasement what of the order's refund it brought about."""
    if isinstance(outcome, Refusal):
        return outcome
    minor = min(command.body.minor, left.get(command.body.order_id, 0))
    left[command.body.order_id] = left.get(command.body.order_id, 0) - minor
    return msgspec.structs.replace(outcome, refund_minor=minor)


APPEASE = CommandKind("orders.appease", Appease, Appeased, appease)
