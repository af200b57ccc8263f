"""Returns that Amazon tells of: each with all its units, however often."""

from typing import Any

import pytest

from tests.channels.test_amazon import messages


@pytest.mark.parametrize(
    ("status", "step", "at"),
    [
        ("CREATED", "requested", "2026-07-01T08:00:00+00:00"),
        ("CARRIER_OUT_FOR_PICK_UP_FROM_CUSTOMER", "requested", "2026-07-01T08:00:00+00:00"),
        ("CUSTOMER_DROPPED_OFF", "sent", "2026-07-03T08:00:00+00:00"),
        ("DELIVERED", "arrived", "2026-07-03T08:00:00+00:00"),
        ("PARTIALLY_PROCESSED", "arrived", "2026-07-03T08:00:00+00:00"),
        ("PROCESSED", "arrived", "2026-07-03T08:00:00+00:00"),
        ("CANCELLED", "cancelled", "2026-07-03T08:00:00+00:00"),
    ],
)
def test_a_return_is_told_with_all_its_units_each_time(status: str, step: str, at: str):
    (told,) = messages(goods_back(status))
    assert (told.step, told.counted, told.event_at.isoformat()) == (step, "in_all", at)
    assert [(one.sku, one.quantity, one.reason) for one in told.lines] == [("A", 2, "faulty")]
    assert told.location == ("OXFORD" if step == "arrived" else "")


@pytest.mark.parametrize("status", ["REJECTED", "CUSTOMER_CANCELLED_PICK_UP"])
def test_what_says_nothing_of_goods_that_come_back_is_a_notice(status: str):
    (told,) = messages(goods_back(status))
    assert (type(told).__name__, told.title) == ("Notice", status)


def goods_back(status: str) -> dict[str, Any]:
    """A return to a location of ours."""
    return {
        "id": "R-1",
        "returnType": "CUSTOMER",
        "status": status,
        "creationDateTime": "2026-07-01T08:00:00Z",
        "lastUpdatedDateTime": "2026-07-03T08:00:00Z",
        "marketplaceChannelDetails": {"customerOrderId": "202-1-1", "shipmentId": "S-1"},
        "merchantSku": "A",
        "numberOfUnits": 2,
        "returnLocationId": "OXFORD",
        "returnMetadata": {"returnReason": "AMZ-PG-DEFECTIVE"},
    }
