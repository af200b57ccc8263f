"""What Amazon buys for its own stock: units, cases, and prices that are of neither."""

import json
from typing import Any

import pytest

from tests.channels.reading import read


def ordered(document: Any) -> Any:
    (reading,) = read("amazon", json.dumps(document).encode())
    assert reading.fault is None, reading.fault
    (order,) = reading.messages
    return order


@pytest.mark.parametrize(("word", "units"), [("Cases", 50), ("CASES", 50), ("Eaches", 5)])
def test_a_case_holds_several_units_however_it_is_written(word, units):
    order = ordered(purchase(unitOfMeasure=word))
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (units, 9_497_000)
    assert order.stops == ()


def test_a_price_by_weight_is_none_of_a_unit_and_a_person_looks_at_it():
    told = purchase(unitOfMeasure="Cases")
    told["purchaseOrderNumber"] = "PO-2"
    told["orderDetails"]["items"][0]["netCost"]["unitOfMeasure"] = "POUNDS"
    order = ordered(told)
    assert (order.lines[0].quantity, order.lines[0].unit_price_milli) == (50, None)
    assert [stop.reason for stop in order.stops] == ["Its prices are by weight"]
    place = "/orderDetails/items/0/netCost"
    assert (order.rest[f"{place}/amount"], order.rest[f"{place}/unitOfMeasure"]) == (
        "94.97",
        "POUNDS",
    )


def purchase(**quantity: Any) -> dict[str, Any]:
    """What Amazon buys of us for its own stock."""
    line = {
        "itemSequenceNumber": "1",
        "vendorProductIdentifier": "MUG",
        "orderedQuantity": {"amount": 5, "unitSize": 10} | quantity,
        "netCost": {"amount": "94.97", "currencyCode": "GBP"},
    }
    details = {"purchaseOrderDate": "2026-01-05T10:00:00Z", "items": [line]}
    return {
        "purchaseOrderNumber": "PO-1",
        "purchaseOrderState": "New",
        "orderDetails": details,
    }
