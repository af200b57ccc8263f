"""Records that say several things: taken in, tried again, told apart."""

import json

import pytest

from crosslane.channels.adapters.family import json_family
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.messages import Order, OrderLine
from crosslane.channels.domain.reports import Notice
from crosslane.channels.service.intake import drafts_of
from crosslane.channels.service.replaying import compare
from crosslane.channels.storage.batches import Batch
from crosslane.channels.storage.replays import Stored
from crosslane.kernel import new_id
from tests.channels.bazaar import AT, Bazaar
from tests.channels.reading import CAME_AT, read

SHOP = {"format": "shopify"}


def shop_order(number: int = 1, sku: str = "MUG", **other) -> dict:
    return {
        "id": number,
        "currency": "GBP",
        "updated_at": AT,
        "created_at": AT,
        "financial_status": "paid",
        "taxes_included": True,
        "email": "ada@example.com",
        "line_items": [{"id": 7, "sku": sku, "quantity": 1, "price": "6.00"}],
        "shipping_address": {
            "name": "Ada Brown",
            "address1": "12 High Street",
            "city": "Oxford",
            "zip": "OX1 4AA",
            "country_code": "GB",
        },
    } | other


SHIPPED = {
    "id": 5,
    "order_id": 1,
    "status": "success",
    "updated_at": AT,
    "line_items": [{"id": 7, "quantity": 1}],
}


async def test_a_record_is_as_many_messages_as_it_says(bazaar: Bazaar):
    received = await bazaar.tell(shop_order(fulfillments=[SHIPPED]), **SHOP)
    assert (received.records, received.counts) == (1, {"received": 3})
    found = [(one.place, one.part, one.kind, one.state) for one in await bazaar.messages()]
    assert [each[:3] for each in found] == [
        (1, 0, "order"),
        (1, 1, "payment"),
        (1, 2, "fulfillment"),
    ]
    assert [each[3] for each in found[:2]] == ["applied", "applied"]
    assert await bazaar.units("1") == {"MUG": 1}
    again = await bazaar.tell(shop_order(fulfillments=[SHIPPED]), **SHOP)
    assert again.counts == {"repeated": 3}
    await bazaar.assert_sound()


async def test_a_record_that_says_nothing_is_kept_and_one_that_cannot_be_read_is_shown(
    bazaar: Bazaar,
):
    await bazaar.tell({"products": []}, {"order": {"id": 1}}, **SHOP)
    found = [(one.kind, one.state, one.code) for one in await bazaar.messages()]
    assert found == [
        ("nothing", "kept", "says-nothing"),
        ("unreadable", "quarantined", "field-missing"),
    ]
    await bazaar.assert_sound()


async def test_what_a_record_says_besides_is_added_when_it_is_read_again(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
):
    await bazaar.tell(shop_order(sku="GONE"), **SHOP)
    refused, parked = await bazaar.messages()
    assert (refused.state, parked.state) == ("quarantined", "parked")
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await tx.execute(
            "update channels_raw set body = $1",
            json.dumps(shop_order(fulfillments=[SHIPPED])),
        )
    replayed = await bazaar.replay(message_ids=(refused.id,))
    assert (replayed.announced, replayed.kept_back) == (3, 0)
    order, payment, shipped = await bazaar.messages()
    assert (order.kind, payment.id, shipped.part) == ("order", parked.id, 2)
    assert (order.state, payment.state) == ("applied", "applied")
    assert await bazaar.units("1") == {"MUG": 1}
    await bazaar.assert_sound()


async def test_what_a_record_does_not_say_any_more_is_set_aside(bazaar: Bazaar):
    await bazaar.tell(shop_order(sku="GONE"), **SHOP)
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await tx.execute(
            "update channels_raw set body = $1",
            json.dumps(shop_order(financial_status="authorized")),
        )
    await bazaar.replay(channel="bazaar", code="order-missing")
    order, payment = await bazaar.messages()
    assert (order.state, payment.state, payment.code) == ("applied", "replaced", "not-said")
    await bazaar.assert_sound()


def stored(draft, state: str, *, owns: bool = True) -> Stored:
    return Stored(
        id=draft.id,
        batch_id=new_id(),
        place=1,
        part=draft.part,
        channel=draft.channel,
        kind=draft.kind,
        source_id=draft.source_id,
        source_version=draft.source_version,
        state=state,
        owns=owns,
        gone=False,
    )


BAZAAR = Connection(channel="bazaar", format="shopify")
SENT = Batch(
    id=new_id(),
    channel="bazaar",
    format="shopify",
    file_name="",
    encoding="",
    delimiter=",",
    mapping="",
    headers={},
    delivery="",
    digest=b"",
    bytes=1,
    records=1,
    received_at=CAME_AT,
    received_by="",
    trace="",
)
COUNTING = json_family("counting", frozenset(), lambda _, __: iter(()), counts=True)


def drafts(*numbers: str):
    (reading,) = read("shopify", json.dumps({"shop": {"id": 1}}).encode())
    notices = tuple(Notice(source_id=n, event_at=AT, topic="shop") for n in numbers)
    return drafts_of(type(reading)(place=1, messages=notices), COUNTING, BAZAAR, SENT)


def test_a_message_that_was_applied_is_left_as_it_is():
    before, now = drafts("a", "b"), drafts("a", "b", "c")
    found = compare([stored(before[0], "applied"), stored(before[1], "parked")], now)
    assert [one.id for one in found.again] == [before[1].id]
    assert [(one.source_id, one.part) for one in found.more] == [("c", 2)]
    assert found.gone == []


def test_a_message_that_could_not_be_read_becomes_what_it_says_now():
    before, now = drafts("a"), drafts("b", "c")
    found = compare([stored(before[0], "quarantined")], now)
    assert [(one.id, one.source_id) for one in found.again] == [(before[0].id, "b")]
    assert [(one.source_id, one.part) for one in found.more] == [("c", 1)]


def test_a_message_that_is_not_said_any_more_is_gone():
    before, now = drafts("a", "b"), drafts("b")
    found = compare([stored(one, "parked") for one in before], now)
    assert [one.id for one in found.again] == [before[1].id]
    assert [one.id for one in found.gone] == [before[0].id]


def test_of_two_things_said_at_one_instant_the_content_decides_which_is_later():
    lines = (OrderLine(sku="A", quantity=1),)
    one = Order(source_id="1", event_at=AT, source_version=5, lines=lines)
    family = json_family("instants", frozenset(), lambda _, __: iter(()))
    (reading,) = read("shopify", json.dumps({"shop": {"id": 1}}).encode())

    def version(quantity: int, at: int, rest: dict) -> int:
        line = OrderLine(sku="A", quantity=quantity)
        message = Order(source_id="1", event_at=AT, source_version=at, lines=(line,), rest=rest)
        (draft,) = drafts_of(type(reading)(place=1, messages=(message,)), family, BAZAAR, SENT)
        return draft.source_version

    assert version(1, 5, {}) == version(1, 5, {"/tags": "new"})
    assert version(1, 5, {}) != version(2, 5, {})
    assert max(version(1, 5, {}), version(2, 5, {})) < version(1, 6, {})
    assert one.source_version == 5
