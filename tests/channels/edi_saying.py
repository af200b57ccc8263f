"""What a partner who orders by EDI is told in tests, whatever it is written in."""

from datetime import UTC, datetime
from typing import Any

from crosslane.channels import FAMILIES
from crosslane.channels.adapters.telling import Answer, Document, Outcome, Outgoing, Talk
from crosslane.channels.domain.messages import Order
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods

NOW = datetime(2026, 1, 6, 9, 30, tzinfo=UTC)
TALK = Talk(channel="edi", now=NOW, currency="EUR", timezone="UTC")
MUG = ReplyLine(id="10", sku="MUG", quantity=12, due_at=NOW, unit_price_milli=925_000)
BOWL = ReplyLine(id="20", sku="BOWL", quantity=48, unit_price_milli=500_000)
CLIP = ReplyLine(id="3", sku="CLIP", quantity=3)


def documents_of(
    family: str,
    suffix: str,
    kind: str,
    *messages: Any,
    talk: Talk = TALK,
    order: Order | None = None,
    **more: Any,
) -> tuple[list[bytes], list[Outcome]]:
    """Tell messages; return the documents, and what became of each message.

    Args:
        family: that writes them.
        suffix: of their names.
        kind: of the messages.
        messages: what is told.
        talk: with whom.
        order: which they answer.
        more: what else goes along with each.
    """
    outgoing = [
        Outgoing(key=f"k{n}", number=n, message=message, order=order, **more)
        for n, message in enumerate(messages, 41)
    ]
    talking = FAMILIES[family].tells[kind].tell(outgoing, talk)
    documents: list[bytes] = []
    try:
        said = next(talking)
        while True:
            assert isinstance(said, Document)
            assert said.name.endswith(suffix)
            documents.append(said.body)
            said = talking.send(Answer())
    except StopIteration as stop:
        return documents, stop.value


def reply(*lines: ReplyLine, outcome="accepted", order="PO-1", **more) -> OrderReply:
    return OrderReply(
        source_id="reply-1",
        event_at=NOW,
        order=order,
        ours="000001-Y",
        outcome=outcome,
        lines=lines,
        **more,
    )


def shipped(*goods: MovedGoods, **more) -> FulfillmentEvent:
    told = {
        "source_id": "S-1",
        "event_at": NOW,
        "order": "PO-1",
        "step": "shipped",
        "lines": goods,
        "location": "LONDON",
        "carrier": "UPS",
        "service": "Ground",
        "tracking": ("1Z999",),
        "due_at": datetime(2026, 1, 8, tzinfo=UTC),
    }
    return FulfillmentEvent(**{**told, **more})
