"""What channels call things: their orders and lines by their own names, articles as they told them.

Only orders that came by messages of a channel are spoken of to it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from crosslane import orders
from crosslane.channels.domain.asked import Said, asked_units, lines_by_name, newest_order
from crosslane.channels.domain.messages import Order, Outbound
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.reports import MovedGoods
from crosslane.channels.domain.standing import Standing
from crosslane.channels.service.changing import Lines
from crosslane.channels.service.pending import actor_of
from crosslane.channels.service.saying import Saying
from crosslane.channels.storage import orders as storage
from crosslane.orders import OrderLine, OrderState, Stage
from crosslane.platform.database import Tx

ORDER = "order:"
WAITING = (Stage.OPEN, Stage.BACKORDERED)


def subject_of_order(number: str) -> str:
    """Return the subject of what is said of an order, by its channel's own number."""
    return ORDER + number


def number_of(subject: str) -> str:
    """Return the channel's own number of the order a subject is, "" when it is none."""
    return subject.removeprefix(ORDER) if subject.startswith(ORDER) else ""


def skus_of(message: Outbound, order: Order | None) -> list[str]:
    """Return the articles a message, or the order it is about, speaks of."""
    rows = getattr(message, "rows", ()) or getattr(message, "lines", ())
    found = [getattr(message, "sku", ""), *(getattr(row, "sku", "") for row in rows)]
    found += [line.sku for line in order.lines] if order else []
    return sorted({sku for sku in found if sku})


class Spoken:
    """An order in the words of its channel.

    Attributes:
        channel: code of the channel.
        number: the channel's own number of the order.
        state: the order.
        lines: its lines by what the channel calls them.
        order: the newest whole order the channel has told, None once it is erased.
    """

    def __init__(
        self, source: tuple[str, str], state: OrderState, standing: Standing, said: Sequence[Said]
    ) -> None:
        self.channel, self.number = source
        self.state = state
        self.lines = Lines(state, standing)
        self.order = newest_order(said)
        self.is_off = standing.cancelled
        self._said = said
        self._told = lines_by_name(said)

    @property
    def id(self) -> UUID:
        """Identifier of the order."""
        return self.state.order.id

    @cached_property
    def asked(self) -> dict[str, int]:
        """How many units the channel wants of each line; none of an order it has called off."""
        units = asked_units(self._said)
        return dict.fromkeys(units, 0) if self.is_off else units

    def is_by_channel(self, actor: str) -> bool:
        """Whether the channel itself has done something, by who did it."""
        return actor == actor_of(self.channel)

    def article(self, name: str) -> dict[str, Any]:
        """Return how a line and its article are called, as fields of any message."""
        told = self._told.get(name)
        theirs = self.lines.of(name)
        return {
            "id": name,
            "sku": theirs[-1].sku if theirs else told.sku if told else "",
            "article": told.article if told else "",
            "gtin": told.gtin if told else "",
        }

    def own(self, line_id: UUID) -> UUID:
        """Return the line a channel knows: the bundle of a part."""
        line = self.state.by_id[line_id]
        return line.parent_line_id or line.id

    def name_of(self, line_id: UUID) -> str:
        """Return what the channel calls a line, "" for one it knows nothing of."""
        return self._names.get(line_id, "")

    @cached_property
    def _names(self) -> dict[UUID, str]:
        return {line.id: name for name in self.lines.names for line in self.lines.of(name)}

    def goods(self, units: Mapping[UUID, int], before: Mapping[UUID, int]) -> list[MovedGoods]:
        """Return units of lines as the channel knows them.

        Of a bundle they are the whole ones that have become complete; parts of one are told with
        the last of them.

        Args:
            units: by the lines that carry stock.
            before: those that went the same way before, likewise.
        """
        now = Counter(before)
        now.update(units)
        found: list[MovedGoods] = []
        for name in self.lines.names:
            theirs = self.lines.of(name)
            more = sum(self._whole(line, now) - self._whole(line, before) for line in theirs)
            if more > 0:
                title = theirs[-1].title[:500]
                found.append(MovedGoods(**self.article(name), quantity=more, title=title))
        return found

    def _whole(self, line: OrderLine, units: Mapping[UUID, int]) -> int:
        parts = self.lines.parts(line)
        return min(units.get(part.id, 0) * line.quantity // part.quantity for part in parts)

    def waiting(self, line: OrderLine) -> int:
        """Return the units of a line that follow when there are some."""
        buckets = self.state.buckets
        return max(
            -(
                -sum(buckets.units(part.id, stage) for stage in WAITING)
                * line.quantity
                // part.quantity
            )
            for part in self.lines.parts(line)
        )

    def reply(self, key: str, at: Any, *, change: bool, reason: str = "") -> OrderReply:
        """Return what becomes of the order as it stands.

        Args:
            key: names the reply.
            at: when it was decided.
            change: it answers a change of the order.
            reason: why, when it is not as asked for.
        """
        replied = [self._reply_line(name) for name in self.lines.names]
        lines = tuple(line for line in replied if line.quantity + line.backordered + line.cancelled)
        cancelled = sum(line.cancelled for line in lines)
        if cancelled and not any(line.quantity + line.backordered for line in lines):
            outcome = "rejected"
        else:
            short = cancelled + sum(line.backordered for line in lines)
            outcome = "changed" if short else "accepted"
        due = [line.due_at for line in lines if line.due_at]
        return OrderReply(
            source_id=key,
            event_at=at,
            source_version=self.state.order.version,
            order=self.number,
            ours=self.state.order.number,
            outcome=outcome,
            change=change,
            lines=lines,
            currency=self.state.order.currency,
            due_at=min(due, default=None),
            reason=reason[:500] if outcome != "accepted" else "",
        )

    def _reply_line(self, name: str) -> ReplyLine:
        theirs = self.lines.of(name)
        live = sum(map(self.lines.live, theirs))
        waiting = min(live, sum(map(self.waiting, theirs)))
        due = [line.promised_at for line in theirs if line.promised_at and self.lines.live(line)]
        asked = self.asked.get(name, sum(line.quantity for line in theirs))
        return ReplyLine(
            **self.article(name),
            quantity=live - waiting,
            backordered=waiting,
            cancelled=max(0, asked - live),
            due_at=max(due, default=None),
            unit_price_milli=theirs[-1].unit_price_milli if theirs else None,
        )

    def saying(self, message: Outbound, key: str, trace: str = "") -> Saying:
        """Return something said of the order."""
        return Saying(
            channel=self.channel,
            message=message,
            key=key,
            subject=subject_of_order(self.number),
            order_id=self.id,
            trace=trace,
        )


async def spoken_of(
    tx: Tx, order_ids: Sequence[UUID], known: Collection[str]
) -> dict[UUID, Spoken]:
    """Return those orders that are spoken of to one of the channels that listen, by id."""
    once = sorted(set(order_ids))
    if not (once and known):
        return {}
    sources = await storage.list_of_orders(tx, once, sorted(known))
    if not sources:
        return {}
    states = await orders.list_states(tx, list(sources))
    said = await storage.list_said(tx, [source for source, _ in sources.values()])
    return {
        order_id: Spoken(source, states[order_id], standing, said.get(source, ()))
        for order_id, (source, standing) in sources.items()
    }
