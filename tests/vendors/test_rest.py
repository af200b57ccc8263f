"""Vendors over HTTP: who may speak for whom, quarantine, and what people decide."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.vendors.service.reading import PurchaseOrderView
from tests.api import Api
from tests.vendors.shop import Play, add_vendor, sound
from tests.vendors.strict import MESSAGE_SECRET


class Desk:
    """A vendor's own key, a stranger's, and everybody else's."""

    def __init__(self, api: Api, play: Play) -> None:
        self.api, self.play = api, play

    async def say(self, client: Any, message: Any, code: str = "V01") -> Any:
        body = msgspec.to_builtins(message)
        body["occurred_at"] = message.occurred_at.isoformat()
        return await client.post(f"/api/v1/vendors/{code}/messages", json=json(body))

    async def signed(self, message: Any, secret: str, name: str = "msg_1") -> Any:
        body, now = msgspec.json.encode(message), datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(name, now, body.decode()),
        }
        path = "/api/v1/vendors/V01/signed-messages"
        return await self.api.client().post(path, content=body, headers=headers)


def json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.fixture
async def desk(api: Api, database: Database, shop: str, lanes: Lanes) -> Desk:
    assert api.tenant == shop
    return Desk(api, Play(database, shop, lanes, await add_vendor(database, shop)))


async def asked(desk: Desk, units: int = 2) -> PurchaseOrderView:
    return await desk.play.purchase(await desk.play.order(units))


async def test_a_vendors_key_speaks_for_it_alone(desk: Desk):
    scopes = ["vendors:message", "vendors:read"]
    own = await desk.api.key(scopes, location_id=desk.play.vendor)
    other_id = await add_vendor(desk.play.database, desk.play.tenant, code="V02", stock=0)
    other = await desk.api.key(scopes, location_id=other_id)
    purchase = await asked(desk)
    message = desk.play.acknowledge(purchase)
    assert (await desk.say(other, message)).status_code == 403
    foreign = await desk.say(other, message, "V02")
    assert (foreign.json()["state"], foreign.status_code) == ("quarantined", 200)
    taken = await desk.say(own, message)
    assert (taken.status_code, taken.json()) == (
        200,
        {"state": "applied", "reason": "", "known": False},
    )
    assert (await desk.say(own, message)).json()["known"] is True
    assert len((await own.get("/api/v1/purchase-orders")).json()["items"]) == 1
    assert (await other.get("/api/v1/purchase-orders")).json()["items"] == []
    path = f"/api/v1/purchase-orders/{purchase.id}"
    assert (await own.get(path)).json()["lines"][0]["sku"] == "MUG"
    assert (await other.get(path)).status_code == 404
    shown = (await own.get("/api/v1/vendors")).json()
    assert [(v["location"], "secret" in str(v)) for v in shown] == [("V01", False)]
    assert (await other.get("/api/v1/vendors/V01/terms")).status_code == 403
    withdrawal = {"purchase_order": str(purchase.id), "reason": "no"}
    assert (
        await own.post("/api/v1/purchase-order-withdrawals", json=withdrawal)
    ).status_code == 403


async def test_a_signature_speaks_for_the_vendor(desk: Desk):
    purchase = await asked(desk)
    message = desk.play.ship(purchase, 2)
    stranger = "whsec_" + "QUJD" * 8
    assert (await desk.signed(message, stranger)).status_code == 403
    taken = await desk.signed(message, MESSAGE_SECRET)
    assert (taken.status_code, taken.json()["state"]) == (200, "applied")
    assert (await desk.signed(message, MESSAGE_SECRET)).json()["known"] is True
    await desk.play.settle()
    assert (await desk.play.shown(purchase.id)).lines[0].shipped == 2
    bad = await desk.signed({"type": "wish", "id": "x"}, MESSAGE_SECRET)
    assert bad.status_code in (400, 422)
    await sound(desk.play)


async def test_what_makes_no_sense_waits_in_quarantine(desk: Desk):
    admin, purchase = desk.api.admin, await asked(desk)
    stray = desk.play.acknowledge(desk.play.vendor)
    assert (await desk.say(admin, stray)).json()["state"] == "quarantined"
    early = desk.play.acknowledge(purchase, occurred_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert (await desk.say(admin, early)).json()["reason"] == "it happens in the future"
    await desk.say(admin, desk.play.ship(purchase, 1, "T1"))
    other = await desk.say(admin, desk.play.ship(purchase, 2, "T1"))
    assert "with other goods" in other.json()["reason"]
    again = await desk.say(admin, desk.play.ship(purchase, 1, "T1"))
    assert again.json()["state"] == "applied"
    reused = desk.play.acknowledge(purchase, id="m-1")
    assert (await desk.say(admin, reused)).json()["code"] == "message-id-reused"
    found = (await admin.get("/api/v1/vendor-messages?state=quarantined")).json()["items"]
    assert len(found) == 3
    for message in found:
        path = f"/api/v1/vendor-messages/{message['id']}"
        assert (await admin.post(f"{path}/replays")).json()["state"] == "quarantined"
        done = await admin.post(f"{path}/dismissals", json={"reason": "wrong shop"})
        assert done.json()["state"] == "dismissed"
        assert (await admin.post(f"{path}/replays")).status_code == 404
    await desk.play.settle()
    assert (await desk.play.shown(purchase.id)).lines[0].shipped == 1
    await sound(desk.play)


async def test_people_decide_on_invoices_that_do_not_fit(desk: Desk):
    admin, play = desk.api.admin, desk.play
    purchase = await asked(desk, 3)
    await desk.say(admin, play.invoice(purchase, 2, 701, "I1"))
    await desk.say(admin, play.invoice(purchase, 1, 900, "I2"))
    await desk.say(admin, play.invoice(purchase, 1, 351, "I3"))
    waiting = (await admin.get("/api/v1/vendor-invoices?state=waiting")).json()["items"]
    assert len(waiting) == 3
    await desk.say(admin, play.ship(purchase, 3))
    states = {
        invoice["number"]: (invoice["state"], invoice["id"])
        for invoice in (await admin.get("/api/v1/vendor-invoices")).json()["items"]
    }
    assert {number: state for number, (state, _) in states.items()} == {
        "I1": "accepted",
        "I2": "disputed",
        "I3": "accepted",
    }
    path = f"/api/v1/vendor-invoices/{states['I2'][1]}"
    too_much = await admin.post(f"{path}/acceptances", json={"reason": "agreed"})
    assert too_much.json()["code"] == "invoice-not-open"
    rejected = await admin.post(f"{path}/rejections", json={"reason": "invoiced twice"})
    assert rejected.json()["state"] == "rejected"
    changed = await desk.say(admin, play.invoice(purchase, 1, 351, "I1"))
    assert "other content" in changed.json()["reason"]
    await play.settle()
    await sound(play)


async def test_problems_are_listed_until_settled(desk: Desk):
    admin, purchase = desk.api.admin, await asked(desk)
    found = (await admin.get("/api/v1/purchase-orders?has_problem=true")).json()["items"]
    assert [each["problems"] for each in found] == [["undelivered"]]
    wish = {"purchase_order": str(purchase.id), "problem": "undelivered", "reason": "by phone"}
    settled = await admin.post("/api/v1/purchase-order-settlements", json=wish)
    assert (settled.status_code, settled.json()["problems"]) == (201, [])
    again = await admin.post("/api/v1/purchase-order-settlements", json=wish)
    assert again.json()["code"] == "no-such-problem"
    assert (await admin.get("/api/v1/purchase-orders?has_problem=true")).json()["items"] == []


async def test_terms_are_dated_and_listed(desk: Desk):
    admin = desk.api.admin
    row = {"sku": "MUG", "unit_cost_milli": 400_000, "valid_from": "2099-01-01"}
    saved = await admin.post("/api/v1/vendor-terms", json={"location": "V01", "terms": [row]})
    assert saved.json() == {"saved": 1}
    listed = (await admin.get("/api/v1/vendors/V01/terms")).json()["items"]
    assert [(t["sku"], t["unit_cost_milli"]) for t in listed] == [
        ("MUG", 350_500),
        ("MUG", 400_000),
    ]
    wrong = {"location": "V01", "terms": [row | {"sku": "NONE"}]}
    assert (await admin.post("/api/v1/vendor-terms", json=wrong)).json()[
        "pointer"
    ] == "/terms/0/sku"
    purchase = await asked(desk)
    assert purchase.lines[0].unit_cost_milli == 350_500
