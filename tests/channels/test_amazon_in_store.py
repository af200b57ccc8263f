"""Orders of Amazon that are collected in a store: which one, and what is done when nobody says."""

import json

from tests.channels.reading import read
from tests.channels.test_amazon import ORDER, V0, V0_ITEM, messages


def test_an_order_that_is_fetched_in_a_store_names_it():
    item = V0_ITEM | {"StoreChainStoreId": "OXFORD"}
    order = messages({"payload": V0 | {"IsISPU": True, "OrderItems": [item]}})[0]
    assert (order.lines[0].method, order.lines[0].store) == ("pickup", "OXFORD")
    assert (order.ship_to, order.ship_near, order.stops) == (None, None, ())
    source = {"FulfillmentInstruction": {"FulfillmentSupplySourceId": "source-7"}}
    told = V0 | source | {"IsISPU": True, "OrderItems": [V0_ITEM]}
    assert messages({"payload": told})[0].lines[0].store == "source-7"


def test_an_order_that_is_fetched_in_a_store_nobody_names_says_what_to_do():
    told = json.dumps({"payload": V0 | {"IsISPU": True, "OrderItems": [V0_ITEM]}}).encode()
    (reading,) = read("amazon", told, currency="GBP")
    assert reading.fault is not None
    assert (reading.fault.code, reading.messages) == ("store-unknown", ())
    assert "setting store" in reading.fault.detail
    (named,) = read("amazon", told, currency="GBP", settings={"store": "OXFORD"})
    assert named.messages[0].lines[0].store == "OXFORD"


def test_an_order_in_store_waits_for_goods_that_name_the_store_or_has_the_connection_s():
    told = ORDER | {"programs": ["IN_STORE_PICK_UP"]}
    waiting = messages(told)[0]
    assert (waiting.lines, waiting.ship_to, waiting.ship_near) == ((), None, None)
    # What its lines tell is kept until they are.
    assert any(name.startswith("/orderItems/0/proceeds") for name in waiting.rest)
    ready = messages(told, settings={"store": "OXFORD"})[0]
    assert [(line.method, line.store) for line in ready.lines] == [("pickup", "OXFORD")]
    assert [line.store for line in messages(ORDER, settings={"store": "OXFORD"})[0].lines] == [""]
    answer = {"payload": {"AmazonOrderId": "202-1-1", "OrderItems": [V0_ITEM]}}
    answer["payload"]["OrderItems"] = [V0_ITEM | {"StoreChainStoreId": "7"}]
    (goods,) = messages(answer)
    assert [(line.method, line.store) for line in goods.lines] == [("pickup", "7")]
