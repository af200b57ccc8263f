"""Our own format tells every message as it is, a line each."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Talk
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Outbound,
    ReturnedGoods,
    ReturnEvent,
    StockRow,
    SupplySnapshot,
    kind_of,
)
from crosslane.channels.domain.replies import (
    Acknowledgment,
    Invoice,
    InvoiceLine,
    OrderReply,
    Party,
    ReceivedPart,
    ReplyLine,
)
from crosslane.channels.domain.reports import (
    FulfillmentEvent,
    MoneyEvent,
    MovedGoods,
    PricePatch,
)
from tests.channels.telling import outgoing, tell

AT = datetime(2030, 1, 4, 12, tzinfo=UTC)
LINE = {"id": "1", "sku": "MUG-1", "quantity": 2}
MESSAGES: list[Outbound] = [
    OrderReply(
        source_id="R-1", event_at=AT, order="B-1", outcome="accepted", lines=(ReplyLine(**LINE),)
    ),
    Cancellation(source_id="B-1", event_at=AT, reason="broken"),
    Amendment(source_id="B-1", event_at=AT, lines=(AmendedLine(id="1", quantity=1),)),
    FulfillmentEvent(
        source_id="P-1",
        event_at=AT,
        order="B-1",
        step="shipped",
        lines=(MovedGoods(**LINE),),
        carrier="DHL",
        tracking=("JD0146",),
    ),
    MoneyEvent(
        source_id="M-1", event_at=AT, order="B-1", step="refunded", minor=100, currency="GBP"
    ),
    ReturnEvent(
        source_id="RMA-7",
        event_at=AT,
        order="B-1",
        step="declined",
        ours="R00001T-8",
        lines=(ReturnedGoods(**LINE, reason="too_small"),),
        reason="it was worn",
    ),
    Invoice(
        source_id="INV-1",
        event_at=AT,
        order="B-1",
        kind="invoice",
        issued_on=date(2030, 1, 4),
        currency="GBP",
        seller=Party(name="Marlow & Finch Ltd", tax_id="GB980780684"),
        buyer=Party(name="Ada Brown"),
        lines=(
            InvoiceLine(
                **LINE, unit_price_milli=50_000, net_minor=100, tax_minor=20, tax_rate_bp=2_000
            ),
        ),
        net_minor=100,
        tax_minor=20,
        gross_minor=120,
    ),
    SupplySnapshot(
        source_id="S-1", event_at=AT, location="DC1", rows=(StockRow(sku="MUG-1", quantity=3),)
    ),
    PricePatch(source_id="P-1", event_at=AT, sku="MUG-1", unit_price_milli=50_000, currency="GBP"),
    Acknowledgment(
        source_id="000000001",
        event_at=AT,
        outcome="accepted",
        parts=(ReceivedPart(place=1, kind="order", control="1"),),
    ),
]


@pytest.mark.parametrize("message", MESSAGES, ids=kind_of)
def test_a_message_is_told_as_it_is(message: Outbound):
    both = [outgoing(message, 7), outgoing(message, 8)]
    told = tell("orders-jsonl", both, talk=Talk(channel="bazaar"))
    (document,) = told.asked
    assert document.name == "bazaar-7-8.jsonl"
    lines = [msgspec.json.decode(line, type=Outbound) for line in document.body.splitlines()]
    assert lines == [message, message]
    assert [one.state for one in told.outcomes] == ["told", "told"]


@pytest.mark.parametrize("message", MESSAGES, ids=kind_of)
def test_what_is_refused_is_refused_together(message: Outbound):
    told = tell("orders-jsonl", [outgoing(message), outgoing(message, 2)], [Answer(status=422)])
    assert [(one.state, one.code) for one in told.outcomes] == [("refused", "answer-422")] * 2


def test_every_kind_that_is_told_stands_here():
    assert {kind_of(one) for one in MESSAGES} == set(FAMILIES["orders-jsonl"].tells)
