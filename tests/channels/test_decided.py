"""What was decided about returns is told to the channels of their orders, once, and to no other."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from crosslane import returns
from crosslane.channels.domain.messages import ReturnedGoods, ReturnEvent
from crosslane.channels.domain.own_tables import OWN_TABLES
from crosslane.channels.service.outgoing import OutgoingView
from crosslane.orders import OrderView
from crosslane.platform.database import Database
from crosslane.returns import AUTHORIZE, DECLINE, REQUEST, Authorize, Decline, RequestLine
from tests.channels.bazaar import about, order
from tests.channels.talking import Talking, allowed, open_talking
from tests.channels.test_tables_told import AT, read_again, talk_of, written
from tests.orders.world import set_policy
from tests.returns.counter import set_rule

LINE = {"id": "a", "sku": "MUG", "quantity": 2, "method": "carry_out", "store": "S0001"}


network = pytest.fixture(allowed)


@pytest.fixture
async def talking(database: Database, tenant: str, network: None) -> Talking:
    return await open_talking(database, tenant)


async def sold(talking: Talking, **how: Any) -> OrderView:
    """An order of the channel whose goods the customer has; returns wait for a person."""
    await talking.connect(**how)
    await set_rule(talking.database, talking.tenant, decides="agent", settles="agent")
    lines = [LINE | {"unit_price_milli": 600_000}]
    await talking.sell(order("B-1", lines=lines, ship_to=None))
    shown = await talking.order("B-1")
    assert shown is not None
    return shown


def asked(number: str = "RMA-7", version: int = 1, step: str = "requested") -> dict[str, Any]:
    goods = [{"id": "a", "quantity": 1, "reason": "too_small"}]
    return about("return", number, version, order="B-1", step=step, lines=goods)


async def decide(talking: Talking, kind: Any, body: Any) -> None:
    await talking._do(kind, body)
    await talking.settle()


async def the_return(talking: Talking, order_id: UUID) -> returns.Return:
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        return (await returns.returns_of_orders(tx, [order_id]))[-1]


async def told(talking: Talking) -> list[OutgoingView]:
    return [one for one in await talking.outgoing() if one.kind == "return"]


async def said(talking: Talking, one: OutgoingView) -> dict[str, Any]:
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        kept = await tx.fetchval("select message from channels_outgoing where id = $1", one.id)
    return msgspec.json.decode(kept)


async def test_a_decision_is_told_by_the_channels_own_number_and_names(talking: Talking):
    shown = await sold(talking)
    await talking.sell(asked())
    assert await told(talking) == []
    one = await the_return(talking, shown.id)
    await decide(talking, AUTHORIZE, Authorize(return_id=one.id))
    (message,) = await told(talking)
    words = await said(talking, message)
    assert message.state == "told"
    assert (words["step"], words["source_id"], words["order"]) == ("authorized", "RMA-7", "B-1")
    assert words["ours"] == one.number
    assert [(g["id"], g["quantity"], g["reason"]) for g in words["lines"]] == [
        ("a", 1, "too_small")
    ]


async def test_a_decline_is_told_with_why(talking: Talking):
    shown = await sold(talking)
    await talking.sell(asked())
    one = await the_return(talking, shown.id)
    await decide(talking, DECLINE, Decline(return_id=one.id, reason="it was worn"))
    (message,) = await told(talking)
    words = await said(talking, message)
    assert (words["step"], words["reason"]) == ("declined", "it was worn")
    # What happens to it afterwards tells nothing again.
    await talking.settle()
    assert len(await told(talking)) == 1


async def test_what_the_policy_lets_come_at_once_is_a_decision_of_ours(talking: Talking):
    await sold(talking)
    await set_rule(talking.database, talking.tenant, decides="auto", settles="agent")
    await talking.sell(asked())
    (message,) = await told(talking)
    assert (await said(talking, message))["step"] == "authorized"


@pytest.mark.parametrize("step", ["authorized", "sent", "arrived"])
async def test_what_the_channel_did_itself_it_is_not_told(talking: Talking, step: str):
    shown = await sold(talking)
    more = {"location": "S0001"} if step == "arrived" else {}
    await talking.sell(asked(step=step) | more)
    one = await the_return(talking, shown.id)
    assert one.state in ("authorized", "in_transit", "received")
    assert await told(talking) == []


async def test_what_it_was_asked_and_decided_itself_it_is_not_told(talking: Talking):
    await sold(talking)
    await talking.sell(asked())
    await talking.sell(asked(version=2, step="declined"))
    await talking.sell(asked("RMA-8"))
    await talking.sell(asked("RMA-8", version=2, step="authorized"))
    assert await told(talking) == []


async def test_a_return_asked_for_elsewhere_is_told_by_our_number(talking: Talking):
    shown = await sold(talking)
    line = RequestLine(order_line=shown.lines[0].id, quantity=1, reason="faulty")
    wish = returns.RequestReturn(order=shown.number, lines=[line], source_id="page:1")
    await decide(talking, REQUEST, wish)
    one = await the_return(talking, shown.id)
    await decide(talking, AUTHORIZE, Authorize(return_id=one.id))
    (message,) = await told(talking)
    assert (await said(talking, message))["source_id"] == one.number


async def test_a_channel_that_cannot_be_told_is_shown_with_what_is_done_instead(talking: Talking):
    shown = await sold(talking, format="orders-jsonl")
    await talking.connect(format="ebay", delivery="call", base_url="https://api.ebay.invalid/")
    line = RequestLine(order_line=shown.lines[0].id, quantity=1, reason="faulty")
    await decide(talking, REQUEST, returns.RequestReturn(order=shown.number, lines=[line]))
    one = await the_return(talking, shown.id)
    await decide(talking, AUTHORIZE, Authorize(return_id=one.id))
    (message,) = await told(talking)
    assert (message.state, message.code) == ("unsupported", "lacking")
    assert "a person" in message.detail


async def test_a_channel_may_be_spared_by_policy(talking: Talking):
    shown = await sold(talking)
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.telling", {"withheld": ["return"]}, "bazaar")
    await talking.sell(asked())
    one = await the_return(talking, shown.id)
    await decide(talking, AUTHORIZE, Authorize(return_id=one.id))
    assert await told(talking) == []


def test_a_table_of_returns_says_what_was_decided_of_each_line():
    lines = (
        ReturnedGoods(id="1", sku="MUG", quantity=2, reason="faulty", item_state="faulty"),
        ReturnedGoods(id="2", sku="LAMP", quantity=1),
    )
    head = {"event_at": AT, "order": "A-1", "lines": lines}
    allowed = ReturnEvent(source_id="R-1", ours="R000001", step="authorized", **head)
    declined = ReturnEvent(source_id="R-2", step="declined", reason="It was worn", **head)
    (document,), outcomes = written(allowed, declined)
    assert (document.name, [one.state for one in outcomes]) == (
        "return-000000001.csv",
        ["told", "told"],
    )
    assert document.body.decode().splitlines()[1:] == [
        "R-1,1,2026-03-29T01:30:00+01:00,A-1,R000001,authorized,post,,1,MUG,2,faulty,faulty",
        "R-1,1,2026-03-29T01:30:00+01:00,A-1,R000001,authorized,post,,2,LAMP,1,other,new",
        "R-2,1,2026-03-29T01:30:00+01:00,A-1,,declined,post,It was worn,1,MUG,2,faulty,faulty",
        "R-2,1,2026-03-29T01:30:00+01:00,A-1,,declined,post,It was worn,2,LAMP,1,other,new",
    ]
    again = read_again(document, talk_of("return"), OWN_TABLES["return"])
    assert [(one.step, one.reason, one.lines) for one in again] == [
        ("authorized", "", lines),
        ("declined", "It was worn", lines),
    ]
