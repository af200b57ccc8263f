"""Orders for several places come in parts; what names the whole is of the parts it is about."""

import random
from itertools import permutations

import pytest

from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Order,
    ReturnedGoods,
    ReturnEvent,
)
from crosslane.channels.domain.parts import LINE_MISSING, SEVERAL, Part, shares
from crosslane.channels.domain.reports import FulfillmentEvent, MoneyEvent, MovedGoods
from crosslane.kernel import parse_instant
from crosslane.platform.database import Database
from tests.channels.bazaar import AT, about, order
from tests.channels.market import Market, open_market
from tests.channels.reading import read
from tests.channels.test_x12 import CHANGE, said
from tests.channels.test_x12 import ORDER as BOUGHT
from tests.channels.ubl import CHANGE as UBL_CHANGE
from tests.channels.ubl import HEAD, document
from tests.channels.ubl import ORDER as UBL_ORDER

WHEN = parse_instant(AT)
FIRST = Part(number="PO/A", lines={"1": "MUG", "2": "SPOON"})
SECOND = Part(number="PO/B", lines={"1": "MUG", "3": "LAMP"})


def shared(kind, **told):
    """What a message of the whole says of each part, or what is unclear."""
    head = {"source_id": "PO"} if "order" not in told else {"source_id": "S-1"}
    message = kind(**(head | told), event_at=WHEN, source_version=2)
    found = shares(message, "PO", [FIRST, SECOND])
    if not isinstance(found, list):
        return found.code, found.pointer
    return {one.part: one.message for one in found}


def test_what_ends_the_whole_ends_each_part():
    found = shared(Cancellation)
    assert {part: one.source_id for part, one in found.items()} == {"PO/A": "PO/A", "PO/B": "PO/B"}


def test_a_changed_line_is_of_the_part_that_has_it():
    lines = (AmendedLine(id="2", quantity=4), AmendedLine(id="1", quantity=0))
    found = shared(Amendment, lines=lines)
    assert [line.id for line in found["PO/A"].lines] == ["2", "1"]
    assert [line.id for line in found["PO/B"].lines] == ["1"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (AmendedLine(id="1", quantity=5), (SEVERAL, "/lines/0/quantity")),
        (AmendedLine(id="9", quantity=5, sku="VASE"), (SEVERAL, "/lines/0/id")),
        (AmendedLine(id="9", quantity=5), (LINE_MISSING, "/lines/0/id")),
    ],
)
def test_a_change_that_could_be_of_several_parts_is_unclear(line, expected):
    assert shared(Amendment, lines=(line,)) == expected


def test_goods_are_of_the_part_that_has_them_or_of_the_place_that_is_named():
    spoon, lamp = MovedGoods(id="2", quantity=1), MovedGoods(sku="lamp", quantity=1)
    mug = MovedGoods(id="1", quantity=1)
    told = {"order": "PO", "step": "shipped"}
    assert set(shared(FulfillmentEvent, **told, lines=(spoon, lamp))) == {"PO/A", "PO/B"}
    assert shared(FulfillmentEvent, **told, lines=(spoon, mug)) == (SEVERAL, "/lines/1/id")
    assert set(shared(FulfillmentEvent, **told, lines=(mug,), to="B")) == {"PO/B"}
    assert shared(FulfillmentEvent, **told) == (SEVERAL, "/order")
    back = (ReturnedGoods(id="2", quantity=1), ReturnedGoods(id="3", quantity=1))
    given = {"order": "PO", "step": "refunded", "lines": back}
    assert set(shared(ReturnEvent, **given)) == {"PO/A", "PO/B"}
    assert shared(ReturnEvent, **given, refunded_minor=5) == (SEVERAL, "/refunded_minor")


def test_x12_says_of_which_order_it_is_a_part_and_leaves_to_the_whole_what_names_no_store():
    split = BOUGHT.replace("PID", "SDQ*EA*92*0001*5*0002*7\nPID")
    parts = said(split)
    assert [(one.part_of, one.parts) for one in parts] == [("PO-1", 2)] * 2
    (alone,) = said(BOUGHT)
    assert (alone.part_of, alone.parts) == ("", None)
    whole, first, second = said(CHANGE.replace("POC*2", "SDQ*EA*92*0001*6*0002*9\nPOC*2"))
    assert [(line.id, line.quantity) for line in whole.lines] == [("2", 0), ("4", 2)]
    assert (whole.source_id, first.source_id) == ("PO-1", "PO-1/0001")
    assert [(line.id, line.quantity) for line in first.lines] == [("1", 6)]
    assert [(line.id, line.quantity) for line in second.lines] == [("1", 9)]


def test_ubl_says_of_which_order_it_is_a_part():
    deliveries = "".join(
        f'<a:Delivery><b:Quantity unitCode="C62">{units}</b:Quantity><a:DeliveryLocation>'
        f"<b:ID>{place}</b:ID></a:DeliveryLocation></a:Delivery>"
        for place, units in (("N", 5), ("S", 7))
    )
    split = UBL_ORDER.replace("<a:Price>", f"{deliveries}<a:Price>", 1)
    (reading,) = read("ubl", document("Order", split).encode())
    found = [(one.source_id, one.part_of, one.parts) for one in reading.messages]
    assert found == [("PO-1/N", "PO-1", 2), ("PO-1/S", "PO-1", 2)]
    assert all(isinstance(one, Order) for one in reading.messages)
    off = "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference>"
    (reading,) = read("ubl", document("OrderCancellation", HEAD + off).encode())
    assert [one.source_id for one in reading.messages] == ["PO-1"]
    (reading,) = read("ubl", document("OrderChange", UBL_CHANGE.format(more="")).encode())
    assert [one.source_id for one in reading.messages] == ["PO-1"]


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    return await open_market(database, tenant)


def part(number: str, place: str, *lines: tuple[str, str, int], **changes):
    """A part of an order of two: names, SKUs and units of its lines."""
    goods = [
        {"id": name, "sku": sku, "quantity": units, "unit_price_milli": 100_000}
        for name, sku, units in lines
    ]
    told = {"part_of": number, "parts": 2, "lines": goods}
    return order(f"{number}/{place}", **told, **changes)


def parts(number: str):
    return (
        part(number, "A", ("1", "MUG", 1), ("2", "SPOON", 1)),
        part(number, "B", ("1", "MUG", 1), ("3", "LAMP", 1)),
    )


async def units(market: Market, number: str):
    return [await market.units(f"{number}/{place}") for place in "AB"]


async def test_changes_of_the_whole_are_done_once_in_any_order(market: Market):
    chance = random.Random(3)  # noqa: S311 - not for secrets
    # Both changes before, between and after the parts, and the later one first.
    orders_of = list(permutations(range(4)))[::5]
    for n, order_of in enumerate(orders_of):
        number = f"PO-{n}"
        told = [
            *parts(number),
            about("amendment", number, 2, lines=[{"id": "2", "quantity": 2}]),
            about(
                "amendment",
                number,
                3,
                lines=[{"id": "3", "quantity": 2}, {"id": "1", "quantity": 0}],
            ),
        ]
        shuffled = [told[place] for place in order_of]
        shuffled.append(chance.choice(told))
        while shuffled:
            size = chance.randint(1, 3)
            await market.tell(*shuffled[:size])
            shuffled = shuffled[size:]
        assert await units(market, number) == [{"SPOON": 2}, {"LAMP": 2}], order_of
        await market.tell(about("cancellation", number, 4))
        assert await units(market, number) == [{}, {}]
    assert set(await market.states()) <= {"applied", "repeated"}
    await market.assert_sound()


async def test_a_part_that_comes_after_the_end_of_the_whole_ends_as_well(market: Market):
    for n, order_of in enumerate(permutations(range(3))):
        number = f"PO-{n}"
        told = [*parts(number), about("cancellation", number, 2)]
        for place in order_of:
            await market.tell(told[place])
        assert await units(market, number) == [{}, {}], order_of
    assert set(await market.states()) == {"applied"}
    await market.assert_sound()


async def told_of_goods(market: Market):
    return [(one.state, one.code) for one in await market.messages() if one.kind == "fulfillment"]


async def test_a_shipment_of_the_whole_is_of_the_parts_that_have_its_goods(market: Market):
    first, second = parts("PO")
    shipment = {"type": "fulfillment", "source_id": "S-1", "order": "PO", "step": "shipped"}
    shipment |= {"event_at": AT, "source_version": 1}
    lines = [{"id": "2", "quantity": 1}, {"id": "3", "quantity": 1}]
    await market.tell(shipment | {"lines": lines}, first)
    assert await told_of_goods(market) == [("parked", "part-missing")]
    await market.tell(second)
    assert await told_of_goods(market) == [("applied", "")]
    assert [await market.stages(f"PO/{place}") for place in "AB"] == [
        {"released": 1, "handed_over": 1},
    ] * 2
    await market.tell(shipment | {"source_id": "S-2", "lines": [{"id": "1", "quantity": 1}]})
    (unclear,) = await market.messages(state="quarantined")
    assert (unclear.code, unclear.pointer) == (SEVERAL, "/lines/0/id")
    await market.assert_sound()


async def test_what_is_unclear_of_the_whole_is_shown_at_once_and_changes_nothing(market: Market):
    await market.tell(*parts("PO"))
    lines = [{"id": "2", "quantity": 0}, {"id": "1", "quantity": 5}]
    money = {"type": "money", "source_id": "M-1", "order": "PO", "step": "refunded"}
    money |= {"event_at": AT, "minor": 50, "currency": "GBP"}
    await market.tell(about("amendment", "PO", 2, lines=lines), money, order("PO"))
    shown = [
        (one.kind, one.code, one.pointer) for one in await market.messages(state="quarantined")
    ]
    assert shown == [
        ("amendment", SEVERAL, "/lines/1/quantity"),
        ("money", SEVERAL, "/order"),
        ("order", SEVERAL, "/source_id"),
    ]
    assert await units(market, "PO") == [{"MUG": 1, "SPOON": 1}, {"MUG": 1, "LAMP": 1}]
    assert isinstance(
        shared(MoneyEvent, order="PO", step="refunded", minor=5, currency="GBP"), dict
    )
    await market.assert_sound()
