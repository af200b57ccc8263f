"""What a warehouse tells by EPCIS is done: goods leave, come to be, are counted and taken back."""

import json
from itertools import permutations

import pytest

from crosslane.platform.database import Database
from tests.channels.bazaar import order
from tests.channels.market import SHOP_PRICES, Market, open_market, product

GTIN = "4012345123456"
CLASS = "urn:epc:class:lgtin:4012345.012345.L1"
PLACE = {"id": "DC1"}


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    market = await open_market(database, tenant)
    await market.master(articles=True, price_list=SHOP_PRICES)
    await market.tell(product(2, "MUG", gtin=GTIN))
    return market


def event(step: str, hour: int, units: int, **told) -> dict:
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-01-05T{hour:02}:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": step,
        "quantityList": [{"epcClass": CLASS, "quantity": units}],
        **told,
    }


async def capture(market: Market, *events: dict) -> None:
    text = json.dumps({"type": "EPCISDocument", "epcisBody": {"eventList": events}})
    await market.send(text, format="epcis")
    await market.work()


async def test_goods_of_an_order_leave_by_their_gtin_and_others_are_on_their_way(market: Market):
    await market.tell(order("B-1", ("MUG", 2)))
    paper = {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:4012345000009:B-1"}
    parcel = ["https://id.gs1.org/00/040123450000003338"]
    sent = event("shipping", 9, 2, readPoint=PLACE, bizTransactionList=[paper], epcList=parcel)
    await capture(market, sent)
    await capture(market, sent)
    assert await market.stages() == {"handed_over": 2}
    (work,) = await market.works()
    assert [one.tracking_number for one in work.parcels] == ["040123450000003338"]

    there = [{"type": "location", "destination": "DC1"}]
    await capture(
        market,
        event("shipping", 10, 7, destinationList=there, eventID="coming"),
        event("receiving", 11, 7, bizLocation=PLACE, eventID="came"),
        event("inspecting", 12, 7, bizLocation=PLACE, eventID="seen"),
    )
    assert (await market.codes())[-3:] == [
        ("applied", ""),
        ("kept", "of-no-order"),
        ("kept", "notice"),
    ]
    await market.assert_sound()


async def test_what_is_taken_back_was_never_there_in_whichever_order(market: Market):
    before = await market.on_hand("MUG", "DC1")
    for number, order_of in enumerate(permutations(range(3))):
        made = event(
            "commissioning", 9, 4, action="ADD", bizLocation=PLACE, eventID=f"made-{number}"
        )
        error = {"declarationTime": "2026-01-06T00:00:00Z", "reason": "incorrect_data"}
        told = [
            made,
            made | {"errorDeclaration": error},
            event("commissioning", 9, 1, action="ADD", bizLocation=PLACE, eventID=f"{number}"),
        ]
        for place in order_of:
            await capture(market, told[place])
            await capture(market, told[place])
        assert await market.on_hand("MUG", "DC1") == before + number + 1
    await capture(market, event("cycle_counting", 20, 3, bizLocation=PLACE))
    # What lay there at first has come since.
    assert await market.on_hand("MUG", "DC1") == before + 3
    await market.assert_sound()
