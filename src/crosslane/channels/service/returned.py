"""What channels say of returns: asked for, arrived, refunded by the channel itself.

A request is a wish and may be refused. That goods are on their way, have come, will not come, and
that a channel gave money back are facts: goods nobody had asked to bring are received all the same,
and money is booked as it was given, the difference to what the goods are worth apart. Money for
goods that are still on their way is booked when they have come and were looked at, also when they
came by a return the channel knows nothing of, such as over a counter of ours.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from crosslane import orders, organization, returns
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import ReturnedGoods, ReturnEvent
from crosslane.channels.errors import AmountsDiffer, GoodsUnknown
from crosslane.channels.service.following import await_order, find_order, in_order
from crosslane.channels.service.goods import left_units, lines_of
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage.messages import Outcome
from crosslane.kernel import Refusal, allocate
from crosslane.orders import CreditRequest, NewCharge
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.returns import (
    AUTHORIZE,
    CANCEL,
    CLEAR,
    DECLINE,
    DISPATCH,
    RECEIVE,
    REQUEST,
    SETTLE,
    Authorize,
    Cancel,
    Clear,
    Decline,
    Dispatch,
    Receive,
    ReceiveLine,
    RequestLine,
    RequestReturn,
    Return,
    Settle,
)

OVERRIDE = "returns:override"
CAME = "the goods have come"
LEFT = "the goods are on their way"
LET_COME = "the channel lets the goods come"
DECLINED = "declined at the channel"
OFF = "called off at the channel"
GIVEN_UP = ("declined", "cancelled", "expired")
GIVEN = "the channel has given the money"
DIFFERENCE_CAUSE = "return_difference"
DIFFERENCE_TITLE = "Difference at the channel"
GOODS_MISSING = "goods-missing"
NEVER_ASKED = Fault(GOODS_MISSING, "Its goods have not come, and nobody has announced them")
NEVER_LOOKED_AT = Fault(GOODS_MISSING, "Goods of its return have not come, or not been looked at")
LOOKED_AT = ("graded", "settled", "closed")
NOT_YET_ASKED = Fault("not-asked", "Nobody has asked to bring its goods back yet")
NOT_HANDED_OVER = "not-handed-over"


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Do what channels say of returns, in the order of their versions, each whole or not at all."""
    return [await _follow(tx, one) for one in in_order(todo)]


async def _follow(tx: Tx, one: Todo) -> Outcome:
    message = one.message
    if not isinstance(message, ReturnEvent):
        raise TypeError(f"{one.pending.kind} says nothing of a return")
    order_id = await find_order(tx, one, message.order)
    if order_id is None:
        return await await_order(tx, one, message.order)
    channel = (await organization.book(tx)).channel(one.pending.channel)
    try:
        async with tx.savepoint():
            done = await _Told(tx, one, message, order_id, channel.id).carry_out()
    except (orders.ReturnedAboveHandedOver, returns.ReturnedAboveLeft) as refusal:
        if not await _has_goods(tx, order_id):
            return refused(one, refusal)
        fault = Fault(NOT_HANDED_OVER, "Its goods have not been handed over yet", "/lines")
        return outcome_of(one, "parked", fault, waits_for=handed_key(order_id))
    except Refusal as refusal:
        return refused(one, refusal)
    if isinstance(done, Fault):
        of_any = done in (NEVER_ASKED, NEVER_LOOKED_AT)
        waits_for = goods_key(order_id) if of_any else _own_key(one)
        return outcome_of(one, "parked", done, waits_for=waits_for)
    return outcome_of(one, "applied", return_id=done)


async def _has_goods(tx: Tx, order_id: UUID) -> bool:
    """Tell whether goods of an order are still here."""
    state = (await orders.list_states(tx, [order_id]))[order_id]
    return any(left_units(state, line) for line in state.stock_lines)


def handed_key(order_id: UUID) -> str:
    """Return what a return waits for whose goods are still here."""
    return f"handed:{order_id}"


def goods_key(order_id: UUID) -> str:
    """Return what money waits for whose goods nobody has announced: any return of their order."""
    return f"goods:{order_id}"


def _own_key(one: Todo) -> str:
    """Return what a step waits for that needs an earlier one: its return going on."""
    return f"return:{one.pending.channel}:{one.pending.source_id}"


def _units(
    one: Return, named: Collection[UUID | str], figure: Literal["requested", "credited"]
) -> Counter[UUID | str]:
    """Return units of a return by how a message names them: by order line, else by article."""
    units: Counter[UUID | str] = Counter()
    for line in one.lines:
        by_line = line.order_line_id in named
        units[line.order_line_id if by_line and line.order_line_id else line.sku] += getattr(
            line, figure
        )
    return +units


class _Told:
    """One message of a return, and the order it is of."""

    def __init__(
        self, tx: Tx, one: Todo, message: ReturnEvent, order_id: UUID, channel_id: UUID
    ) -> None:
        self.tx, self.one, self.message = tx, one, message
        self.order_id, self.channel_id = order_id, channel_id
        self.number = f"{one.pending.channel}:{message.source_id}"

    async def carry_out(self) -> UUID | Fault:
        """Do what the message says; return the return, or what it waits for."""
        if self.message.step == "requested":
            return (await self._ask()).id
        if self.message.step == "authorized":
            return (await self._authorize()).id
        if self.message.step == "declined":
            return await self._decline()
        if self.message.step == "sent":
            return (await self._send()).id
        if self.message.step == "arrived":
            return (await self._arrive()).id
        if self.message.step == "cancelled":
            return await self._cancel()
        if self.message.goods == "stay":
            return (await self._claim()).id
        return await self._refund()

    async def _known(self) -> Return | None:
        ids = await returns.find_by_source(self.tx, [(self.channel_id, self.number)])
        found = await returns.list_returns(self.tx, list(ids.values()))
        return next(iter(found.values()), None)

    async def _ask(self, *, fact: str = "", kind: str = "return") -> Return:
        lines = await self._lines()
        minors: list[int | None] = [None] * len(lines)
        if kind == "claim" and self.message.refunded_minor is not None:
            units = [goods.quantity for goods, _ in lines]
            minors = list(allocate(self.message.refunded_minor, units))
        wish = RequestReturn(
            order=str(self.order_id),
            kind=kind,
            method=self.message.method,
            source_id=self.number,
            override_reason=fact,
            occurred_at=self.message.event_at,
            lines=[
                RequestLine(
                    order_line=line_id,
                    sku=None if line_id else goods.sku,
                    quantity=goods.quantity,
                    reason=goods.reason,
                    item_state=goods.item_state,
                    wanted="money" if kind == "claim" else "refund",
                    minor=minor,
                )
                for (goods, line_id), minor in zip(lines, minors, strict=True)
            ],
        )
        return await self._do(REQUEST, wish)

    async def _lines(self) -> list[tuple[ReturnedGoods, UUID | None]]:
        """Return the goods with the order line each is of, where the channel names lines."""
        goods = self.message.lines
        if all(each.sku for each in goods):
            return [(each, None) for each in goods]
        channel, number = self.one.pending.channel, self.message.order
        lines = await lines_of(self.tx, channel, number, self.order_id)
        found: list[tuple[ReturnedGoods, UUID | None]] = []
        for place, each in enumerate(goods):
            theirs = lines.of(each.id)
            if not (theirs or each.sku):
                raise GoodsUnknown(pointer=f"/lines/{place}/id", line=each.id)
            found.append((each, theirs[0].id if theirs and not each.sku else None))
        return found

    async def _authorize(self, fact: str = LET_COME) -> Return:
        """Note that goods may come, of which nobody may have asked."""
        one = await self._known() or await self._ask(fact=fact)
        if one.state == "requested":
            one = await self._do(AUTHORIZE, Authorize(return_id=one.id))
        return one

    async def _decline(self) -> UUID | Fault:
        """Note that goods may not come; told before they were asked for, it waits for that."""
        one = await self._known()
        if one is None:
            return NOT_YET_ASKED
        if one.state in GIVEN_UP:
            return one.id
        reason = self.message.reason or DECLINED
        if one.state == "authorized":
            # We had let them come, and the channel has the last word on its own customers.
            return (await self._do(CANCEL, Cancel(return_id=one.id, reason=reason))).id
        return (await self._do(DECLINE, Decline(return_id=one.id, reason=reason))).id

    async def _send(self) -> Return:
        """Note that goods are on their way, unless more is known of them already."""
        one = await self._authorize(LEFT)
        if one.state != "authorized":
            return one
        wish = Dispatch(return_id=one.id, occurred_at=self.message.event_at)
        return await self._do(DISPATCH, wish)

    async def _cancel(self) -> UUID | Fault:
        """Note that goods will not come; told before they were asked for, it waits for that."""
        one = await self._known()
        if one is None:
            return NOT_YET_ASKED
        if one.state in GIVEN_UP:
            return one.id
        return (await self._do(CANCEL, Cancel(return_id=one.id, reason=OFF))).id

    async def _arrive(self) -> Return:
        """Receive goods, of whose coming nobody may have asked, and grade those looked at."""
        one = await self._authorize(CAME)
        came = [self._came(one, goods, line_id) for goods, line_id in await self._lines()]
        lines = [line for line in came if line is not None]
        closes = one.awaited and self.message.complete
        if not lines and not closes:
            return one
        wish = Receive(
            return_id=one.id,
            location=self.message.location,
            lines=lines,
            complete=self.message.complete,
            occurred_at=self.message.event_at,
        )
        return await self._do(RECEIVE, wish)

    def _came(self, one: Return, goods: ReturnedGoods, line_id: UUID | None) -> ReceiveLine | None:
        """Return units that came now, None when all the channel has counted are here already."""
        if line_id is None:
            mine = [line for line in one.lines if line.sku == goods.sku]
        else:
            mine = [line for line in one.lines if line.order_line_id == line_id]
        before = sum(line.received for line in mine) if self.message.counted == "in_all" else 0
        if goods.quantity <= before:
            return None
        by_line = line_id is not None and mine
        return ReceiveLine(
            return_line=mine[0].id if by_line else None,
            sku=None if by_line else goods.sku,
            quantity=goods.quantity - before,
            disposition=goods.disposition,
        )

    async def _claim(self) -> Return:
        """Book money that was given for goods that stay with the customer."""
        one = await self._known() or await self._ask(fact=GIVEN, kind="claim")
        if one.state == "requested":
            one = await self._do(AUTHORIZE, Authorize(return_id=one.id))
        return await self._settle(one)

    async def _refund(self) -> UUID | Fault:
        one = await self._known()
        if one is None and self.message.apart:
            one = await self._announced()
            if one is not None and one.state not in LOOKED_AT:
                return NEVER_LOOKED_AT
        if one is None:
            return await self._came_elsewise() or NEVER_ASKED
        if one.state not in LOOKED_AT:
            return Fault(GOODS_MISSING, "Its goods have not come, or nobody has looked at them yet")
        one = await self._settle(one)
        told = self.message.refunded_minor
        if told is None or told == one.refund_minor:
            return one.id
        await self._tell_difference(one, told - one.refund_minor)
        return one.id

    async def _announced(self) -> Return | None:
        """Return the return the channel has announced for just these goods; None for several."""
        told = await self._told_units()
        prefix = f"{self.one.pending.channel}:"
        found = [
            one
            for one in await returns.returns_of_orders(self.tx, [self.order_id])
            if one.kind == "return" and one.source_id.startswith(prefix)
            if one.state not in GIVEN_UP and told == _units(one, told, "requested")
        ]
        return found[0] if len(found) == 1 else None

    async def _told_units(self) -> Counter[UUID | str]:
        told: Counter[UUID | str] = Counter()
        for goods, line_id in await self._lines():
            told[line_id or goods.sku] += goods.quantity
        return told

    async def _came_elsewise(self) -> UUID | None:
        """Return the return by which just these goods came that the channel did not announce.

        Only where it gave what the channel says: else a person has to tell what belongs together.
        """
        told = await self._told_units()
        prefix = f"{self.one.pending.channel}:"
        for one in await returns.returns_of_orders(self.tx, [self.order_id]):
            if one.kind == "claim" or one.source_id.startswith(prefix):
                continue
            came = _units(one, told, "credited")
            given = self.message.refunded_minor in (None, one.refund_minor)
            if one.state in ("settled", "closed") and given and came == told:
                return one.id
        return None

    async def _settle(self, one: Return) -> Return:
        if one.state in ("settled", "closed"):
            return one
        if one.held:
            one = await self._do(CLEAR, Clear(return_id=one.id, reason=GIVEN))
        # Of a claim it is what was claimed; of goods that came the channel may keep a part back.
        most = self.message.refunded_minor if one.kind == "return" else None
        wish = Settle(return_id=one.id, most_minor=most, occurred_at=self.message.event_at)
        settled = await self._do(SETTLE, wish)
        # What has been given waits for nobody: a suspicion is found, and the money booked.
        return await self._settle(settled) if settled.held else settled

    async def _tell_difference(self, one: Return, minor: int) -> None:
        """Book what the channel gave above the worth of the goods, or below, once."""
        kind = "appeasement" if minor > 0 else "fee"
        (answer,) = await orders.credit(
            self.tx,
            [
                CreditRequest(
                    order_id=self.order_id,
                    cause_kind=DIFFERENCE_CAUSE,
                    cause_id=one.id,
                    at=self.message.event_at,
                    charges=[NewCharge(kind, DIFFERENCE_TITLE, -minor)],
                    refund_happened=True,
                    by=self.one.command(None),
                )
            ],
        )
        if isinstance(answer, Refusal):
            raise answer
        if answer.gross_minor != minor:
            raise AmountsDiffer(
                pointer="/refunded_minor",
                given_minor=one.refund_minor + minor,
                worth_minor=one.refund_minor + answer.gross_minor,
            )

    async def _do(self, kind: CommandKind, body: Any) -> Return:
        command = self.one.command(body)
        actor = msgspec.structs.replace(
            command.actor, permissions=command.actor.permissions | {OVERRIDE}
        )
        (answer,) = await kind.handle(self.tx, [Command(command.key, actor, body, command.trace)])
        if isinstance(answer, Refusal):
            raise answer
        return answer
