"""The signed door: who may deliver, what is told, and that a delivery is taken in once."""

import base64
import hmac
import json
from datetime import timedelta

import pytest

from crosslane.channels.adapters.shopify.webhook import envelope
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.messages import Order, OrderLine
from crosslane.channels.errors import NotSigned
from crosslane.channels.service.connecting import require_signed
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import AT, Bazaar, open_bazaar
from tests.channels.reading import CAME_AT
from tests.channels.test_records import shop_order

DOOR = "/api/v1/channels/bazaar/webhook"
CONNECTIONS = "/api/v1/channel-connections"
SECRET, NEXT = "a secret of the app", "another secret of it"
SHOP = "pots.myshopify.com"


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def headers(body: bytes, delivery: str = "d-1", secret: str = SECRET, **other: str) -> dict:
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": delivery,
        "X-Shopify-Hmac-Sha256": signed(body, secret),
        **{name.replace("_", "-"): value for name, value in other.items()},
    }


async def connect(api: Api, **told) -> dict:
    wish = {"channel": "bazaar", "format": "shopify", "account": SHOP} | told
    answer = await api.admin.post(CONNECTIONS, json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def shop(api: Api, database: Database) -> Bazaar:
    opened = await open_bazaar(database, api.tenant)
    await connect(api, secret=SECRET)
    return opened


async def test_what_is_delivered_is_kept_once_and_applied(api: Api, shop: Bazaar):
    body, door = json.dumps(shop_order()).encode(), api.client()
    first = await door.post(DOOR, content=body, headers=headers(body))
    assert (first.status_code, first.json()["state"]) == (200, "taken"), first.text
    again = await door.post(DOOR, content=body, headers=headers(body))
    assert again.json() == {"state": "known", "batch_id": first.json()["batch_id"]}
    other = await door.post(DOOR, content=body, headers=headers(body, "d-2"))
    assert other.json()["state"] == "taken"
    await shop.work()
    assert await shop.states() == ["applied", "applied", "repeated", "repeated"]
    assert await shop.units("1") == {"MUG": 1}
    shown = await api.admin.get(f"/api/v1/channel-batches/{first.json()['batch_id']}")
    assert shown.json()["received_by"] == "channel:bazaar"
    (found, *_) = await shop.messages()
    whole = (await api.admin.get(f"/api/v1/channel-messages/{found.id}")).json()
    assert whole["headers"] == {
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": SHOP,
        "x-shopify-webhook-id": "d-1",
    }
    await shop.assert_sound()


async def test_who_signs_wrongly_is_not_told_what_is_wrong(api: Api, shop: Bazaar):
    body, door = json.dumps(shop_order()).encode(), api.client()
    wrong = [
        (DOOR, headers(body, secret="a secret of another")),
        (DOOR, headers(body + b" ")),
        (DOOR, headers(body, X_Shopify_Shop_Domain="other.myshopify.com")),
        (DOOR, {"Content-Type": "application/json"}),
        ("/api/v1/channels/nowhere/webhook", headers(body)),
        ("/api/v1/channels/till/webhook", headers(body)),
    ]
    answers = [await door.post(url, content=body, headers=each) for url, each in wrong]
    told = {(one.status_code, one.json()["code"], one.json()["detail"]) for one in answers}
    assert len(told) == 1
    assert next(iter(told))[:2] == (401, "not-signed")
    assert await shop.messages() == []
    await connect(api, active=False)
    closed = await door.post(DOOR, content=body, headers=headers(body))
    assert (closed.status_code, closed.json()["code"]) == (401, "not-signed")


async def test_two_secrets_are_good_while_one_is_changed(api: Api, shop: Bazaar):
    body, door = json.dumps(shop_order()).encode(), api.client()
    changed = await connect(api, secret=NEXT, overlap_hours=2)
    assert changed["signed"]
    assert changed["former_until"]
    assert "secret" not in changed
    for delivery, secret in (("d-1", SECRET), ("d-2", NEXT)):
        answer = await door.post(DOOR, content=body, headers=headers(body, delivery, secret))
        assert answer.status_code == 200, secret
    again = await connect(api)
    assert again["former_until"] == changed["former_until"]
    ended = await connect(api, secret="a third secret of it", overlap_hours=0)
    assert ended["former_until"] is None
    for secret in (SECRET, NEXT):
        answer = await door.post(DOOR, content=body, headers=headers(body, "d-3", secret))
        assert answer.status_code == 401, secret
    (shown,) = (await api.admin.get(CONNECTIONS)).json()
    assert shown["webhook"] == DOOR
    async with shop.database.transaction(shop.tenant) as tx:
        rests = await tx.fetchval("select c::text from channels_connection c")
        told = await tx.fetchval("select string_agg(a::text, '') from platform_audit a")
    for secret in (SECRET, NEXT, "a third secret of it"):
        assert secret not in rests + told


async def test_what_cannot_be_read_is_kept_for_somebody_and_what_is_too_long_is_not(
    api: Api, shop: Bazaar
):
    door = api.client()
    for number, body in enumerate((b'{"a', b"\xff\x00", b"1")):
        answer = await door.post(DOOR, content=body, headers=headers(body, f"d-{number}"))
        assert answer.status_code == 200, answer.text
    assert {(one.kind, one.state) for one in await shop.messages()} == {
        ("unreadable", "quarantined")
    }
    empty = await door.post(DOOR, content=b"", headers=headers(b"", "d-8"))
    assert (empty.status_code, empty.json()["code"]) == (422, "nothing-sent")
    long = b" " * ((8 << 20) + 1)
    assert (await door.post(DOOR, content=long, headers=headers(long, "d-9"))).status_code == 413
    await shop.assert_sound()


async def test_a_connection_is_of_a_channel_and_a_format_that_signs(api: Api, shop: Bazaar):
    wish = {"channel": "bazaar", "format": "shopify", "secret": SECRET}
    for changed, code in (
        ({"channel": "nowhere"}, "unknown-channel"),
        ({"format": "nonsense"}, "unknown-format"),
        ({"format": "orders-jsonl"}, "signs-nothing"),
        ({"secret": "short"}, "invalid-field"),
    ):
        answer = await api.admin.post(CONNECTIONS, json=wish | changed)
        assert answer.json()["code"] == code
    reader = await api.key(["channels:read"])
    assert (await reader.get(CONNECTIONS)).status_code == 403


def test_a_secret_before_is_good_until_its_hour():
    body = b"{}"
    known = Connection(
        channel="c",
        format="shopify",
        secret=NEXT,
        former_secret=SECRET,
        former_until=CAME_AT,
    )
    told = {"x-shopify-hmac-sha256": signed(body)}
    require_signed(known, told, body, CAME_AT - timedelta(seconds=1))
    with pytest.raises(NotSigned):
        require_signed(known, told, body, CAME_AT)


def test_a_connection_has_our_words_for_services_and_locations():
    known = Connection(
        channel="c",
        format="shopify",
        services={"Express": "EXP", "*": "STD"},
        locations={"7": "S1"},
    )
    line = OrderLine(sku="A", quantity=1)
    one = Order(source_id="1", event_at=AT, lines=(line,), service="Express")
    assert known.translated(one).service == "EXP"
    assert (
        known.translated(Order(source_id="1", event_at=AT, lines=(line,), service="?")).service
        == "STD"
    )
    plain = Order(source_id="1", event_at=AT, lines=(line,))
    assert known.translated(plain) == plain


def test_an_envelope_tells_fractions_of_a_second():
    read = envelope({"x-shopify-triggered-at": "2023-03-29T18:00:27.877041743Z"})
    assert read.said_at.microsecond == 877_041
    assert envelope({"x-shopify-triggered-at": "yesterday"}).said_at is None
