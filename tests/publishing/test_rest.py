"""The stream and webhooks over HTTP."""

import asyncio
import itertools

import pytest

from crosslane.platform import log
from crosslane.platform.log import run_reaction
from crosslane.publishing import PUBLIC, REACTIONS
from tests.publishing.conftest import closed

WEBHOOKS = "/api/v1/webhooks"
EVENTS = "/api/v1/events"
NEW = {"url": "https://erp.example.com/hooks", "kinds": ["orders.*"], "description": "ERP"}


@pytest.fixture
async def happen(api, database):
    async def happen(*events) -> None:
        async with database.transaction(api.tenant) as tx:
            await log.append(tx, events)
        while await run_reaction(database, api.tenant, REACTIONS[0]):
            pass

    return happen


async def test_a_webhook_is_made_changed_and_removed(api):
    made = (await api.admin.post(WEBHOOKS, json=NEW)).json()
    assert made["secret"].startswith("whsec_")
    at = f"{WEBHOOKS}/{made['webhook']['id']}"
    shown = await api.admin.get(at)
    assert shown.json()["kinds"] == ["orders.*"]
    assert "secret" not in shown.text.replace("former_secret_until", "")
    tag = {"If-Match": shown.headers["etag"]}
    changed = await api.admin.patch(at, json={"active": False}, headers=tag)
    assert changed.json()["state"] == "paused"
    again = await api.admin.patch(at, json={"active": True}, headers=tag)
    assert again.status_code == 412
    assert (await api.admin.post(f"{at}/pings")).json()["code"] == "not-active"
    assert len((await api.admin.get(WEBHOOKS)).json()) == 1
    assert (await api.admin.delete(at)).status_code == 204
    assert (await api.admin.get(at)).status_code == 404


async def test_a_secret_is_told_once(api):
    key = {"Idempotency-Key": "make"}
    first = (await api.admin.post(WEBHOOKS, json=NEW, headers=key)).json()
    again = (await api.admin.post(WEBHOOKS, json=NEW, headers=key)).json()
    assert again == {"webhook": first["webhook"], "secret": None}
    at = f"{WEBHOOKS}/{first['webhook']['id']}/secret"
    turned = (await api.admin.post(at, json={}, headers={"Idempotency-Key": "turn"})).json()
    assert turned["secret"].rstrip("=").endswith(turned["hint"])
    assert len(turned["hint"]) == 4
    once_more = (await api.admin.post(at, json={}, headers={"Idempotency-Key": "turn"})).json()
    assert (once_more["secret"], once_more["hint"]) == (None, turned["hint"])
    former = (await api.admin.get(WEBHOOKS)).json()[0]["former_secret_until"]
    assert former == turned["former_until"] is not None


async def test_secrets_that_end_alike_are_told_apart(api, monkeypatch):
    made = (await api.admin.post(WEBHOOKS, json=NEW)).json()["webhook"]
    at, key = f"{WEBHOOKS}/{made['id']}/secret", {"Idempotency-Key": "alike"}
    number = itertools.count(1)
    monkeypatch.setattr("secrets.token_bytes", lambda n: bytes([next(number)]).ljust(n, b"-"))
    turned = (await api.admin.post(at, json={}, headers=key)).json()
    again = (await api.admin.post(at, json={}, headers=key)).json()
    assert turned["secret"] is not None
    # That of the repeated request is good for nothing.
    assert (again["secret"], again["hint"]) == (None, turned["hint"])


async def test_what_an_address_says_in_its_query_is_shown_to_nobody(api, database):
    url = "https://erp.example.com/hook?shop=7&token=hidden&hidden"
    made = await api.admin.post(WEBHOOKS, json=NEW | {"url": url})
    at, shown = f"{WEBHOOKS}/{made.json()['webhook']['id']}", made.json()["webhook"]["url"]
    assert shown == "https://erp.example.com/hook?shop=…&token=…&…"
    # Sent back with something else it is the one that is there, and no address of its own.
    changed = await api.admin.patch(at, json={"url": shown, "description": "ERP"})
    assert changed.status_code == 200
    assert (await api.admin.post(WEBHOOKS, json=NEW | {"url": shown})).json()["code"] == (
        "bad-address"
    )
    other = await api.admin.patch(at, json={"url": "https://erp.example.com/hook?token=hidden2"})
    told = (
        await api.admin.get(at),
        await api.admin.get("/api/v1/audit-entries"),
        changed,
        other,
        made,
    )
    assert not [one.text for one in told if "hidden" in one.text]
    async with database.transaction(api.tenant) as tx:
        [kept] = await tx.fetch("select url from publishing_subscription")
    assert kept["url"].endswith("?token=hidden2")


async def test_deliveries_are_listed_and_shown(api, happen):
    made = (await api.admin.post(WEBHOOKS, json=NEW)).json()["webhook"]
    event = closed()
    await happen(event, closed())
    at = f"{WEBHOOKS}/{made['id']}/deliveries"
    page = (await api.admin.get(at, params={"limit": 1})).json()
    rest = (await api.admin.get(at, params={"cursor": page["next_cursor"]})).json()
    [waiting] = rest["items"]
    assert (waiting["state"], waiting["event"]) == ("waiting", "orders.order_closed")
    shown = (await api.admin.get(f"{at}/{waiting['id']}")).json()
    assert shown["payload"]["data"] == {"order_id": str(event.order_id)}
    assert (await api.admin.get(at, params={"state": "failed"})).json()["items"] == []
    refused = await api.admin.post(f"{at}/{waiting['id']}/resend")
    assert refused.json()["code"] == "still-waiting"


async def test_the_stream_is_for_keys_that_may_consume_it(api, happen):
    await happen(closed())
    consumer = await api.key(["publishing:consume"])
    page = (await consumer.get(EVENTS)).json()
    assert [one["type"] for one in page["items"]] == ["orders.order_closed"]
    assert (await consumer.get(WEBHOOKS)).status_code == 403
    other = await api.key(["orders:read"])
    assert (await other.get(EVENTS)).status_code == 403
    assert len((await consumer.get("/api/v1/event-kinds")).json()) == len(PUBLIC)


async def test_an_empty_answer_is_held_back_until_something_happens(api, happen):
    start = (await api.admin.get(EVENTS, params={"after": "latest"})).json()["next_cursor"]
    asked = asyncio.create_task(api.admin.get(EVENTS, params={"after": start, "wait": 20}))
    done, _ = await asyncio.wait({asked}, timeout=0.3)
    assert not done
    await happen(closed())
    page = (await asked).json()
    assert len(page["items"]) == 1
    after = {"after": page["next_cursor"], "wait": 1, "kinds": "customers.*"}
    asked = asyncio.create_task(api.admin.get(EVENTS, params=after))
    await happen(closed())  # of other kinds nothing is said
    assert (await asked).json()["items"] == []


async def test_waiting_has_a_limit(api, monkeypatch):
    monkeypatch.setattr("crosslane.publishing.rest.waiting.WAITING_PER_CALLER_MAX", 1)
    params = {"after": "latest", "wait": 2}
    answers = await asyncio.gather(*(api.admin.get(EVENTS, params=params) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 503]


async def test_wrong_questions_are_refused(api):
    for params, code in (
        ({"after": "nonsense"}, "unknown-cursor"),
        ({"kinds": "nothing.*"}, "unknown-event-kind"),
        ({"channels": "nowhere"}, "unknown-channel"),
        ({"wait": 21}, "invalid-query-parameter"),
    ):
        answer = await api.admin.get(EVENTS, params=params)
        assert answer.json()["code"] == code
