"""A date that was shown over HTTP is the date of the order, and of its parcel."""

from datetime import datetime

from tests.journeys.conftest import Town
from tests.retailer import order, send


async def test_the_date_that_was_shown_is_kept_or_refused(town: Town):
    client = town.shop.client
    wanted = order(("LAMP", 3))
    home = {"country": wanted["ship_to"]["country"], "postcode": wanted["ship_to"]["postcode"]}
    asked = {"channel": "web", "items": [{"sku": "LAMP", "quantity": 3}], **home}
    shown = await client.post("fulfillment-options", json=asked)
    assert shown.status_code == 200, shown.text
    options = {each["service"]: each for each in shown.json()["deliveries"]}
    option = options["STANDARD48"]
    assert option["confidence"]["units_left"] == 2

    wish = wanted | {"service": "STANDARD48", "offers": [option["offer"]]}
    key = {"Idempotency-Key": "shown-1"}
    first = await client.post("orders", json=wish, headers=key)
    assert first.status_code == 201, first.text
    (line,) = first.json()["lines"]
    promised = datetime.fromisoformat(line["promised_at"])
    assert promised <= datetime.fromisoformat(option["promised_at"])
    again = await client.post("orders", json=wish, headers=key)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")

    # The lamps that are left are too few for the next one who was shown the same.
    late = await client.post("orders", json=wish, headers={"Idempotency-Key": "shown-2"})
    assert (late.status_code, late.json()["code"]) == (409, "offer-not-kept"), late.text
    assert (late.json()["pointer"], late.json()["details"]["units"]) == ("/offers", 1)
    forged = wish | {"offers": [option["offer"][:-1]]}
    refused = await client.post("orders", json=forged, headers={"Idempotency-Key": "shown-3"})
    assert (refused.status_code, refused.json()["code"]) == (422, "offer-forged")

    cancelled = {"reason": "only looked"}
    await send(client, f"orders/{first.json()['id']}/cancellation", cancelled)
    assert await town.shop.findings() == []
