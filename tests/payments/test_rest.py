"""Payments over HTTP: what people do, what stays secret, and messages of providers."""

import itertools
import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook
from tests.api import Api
from tests.payments.fake import WEBHOOK_SECRET, FakeProvider, eventually
from tests.payments.inbox import Inbox
from tests.payments.shop import CUSTOMER, Shop, card, local, request, settled

from crosslane import payments
from crosslane.payments import Method, PutCredit, Terms
from crosslane.platform import audit

POUND = {"minor": 100, "currency": "GBP", "reason": "because"}


@pytest.fixture
async def inbox(api: Api) -> AsyncIterator[Inbox]:
    inbox = Inbox(api)
    yield inbox
    await inbox.close()


@pytest.fixture
async def told(inbox: Inbox, provider: FakeProvider) -> Inbox:
    """An inbox to which the strict provider sends its messages."""
    await provider.messages(url=await inbox.listen())
    return inbox


async def test_people_capture_refund_release_and_settle(till: Shop, api: Api):
    async with till.transaction() as tx:
        await payments.put_credits(tx, [PutCredit(CUSTOMER, "GBP", 5000)])
    order = uuid4()
    (opened,) = await till.open(local(order, Method.ON_ACCOUNT, 1000))
    client = api.admin
    for deed, minor, status in [
        ("captures", 700, 201),
        ("captures", 301, 409),
        ("refunds", 100, 201),
        ("refunds", 601, 409),
        ("voids", 300, 201),
        ("settlements", 600, 201),
        ("settlements", 1, 409),
    ]:
        path = f"/api/v1/payments/{opened.payment_id}/{deed}"
        answer = await client.post(path, json=POUND | {"minor": minor})
        assert (deed, answer.status_code) == (deed, status), answer.text
    money = (await client.get(f"/api/v1/orders/{order}/payments")).json()
    assert (money["captured_minor"], money["settled_minor"]) == (700, 600)
    history = (await client.get(f"/api/v1/payments/{opened.payment_id}")).json()
    assert history["order"] == money
    assert [o["deed"] for o in history["operations"]] == [
        *("authorize", "capture", "refund", "void", "settle")
    ]
    credit = (await client.get(f"/api/v1/credit-accounts/{CUSTOMER}")).json()
    assert (credit["used_minor"], credit["limit_minor"]) == (0, 5000)
    async with till.transaction() as tx:
        rows = await audit.list_entries(tx, subject=f"payment:{opened.payment_id}")
    assert {(row.action, row.reason) for row in rows} == {
        (f"payments.{deed}", "because") for deed in ("capture", "refund", "void", "settle")
    }


async def test_a_repeated_request_captures_once(till: Shop, api: Api):
    order = uuid4()
    (opened,) = await till.open(local(order, Method.CASH, 1000, Terms.AT_COLLECTION))
    client = api.admin
    headers = {"Idempotency-Key": "twice"}
    path = f"/api/v1/payments/{opened.payment_id}/captures"
    first = await client.post(path, json=POUND, headers=headers)
    again = await client.post(path, json=POUND, headers=headers)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await till.money(order)).captured_minor == 100


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"minor": 100, "currency": "EUR"}, 422, "wrong-currency"),
        ({"minor": 0, "currency": "GBP"}, 422, "invalid-field"),
        ({"minor": 100, "currency": "GBP", "card": "4242"}, 422, "invalid-field"),
    ],
)
async def test_bad_amounts_are_refused(till: Shop, api: Api, body, status, code):
    (opened,) = await till.open(local(uuid4(), Method.CASH, 1000, Terms.AT_COLLECTION))
    client = api.admin
    answer = await client.post(f"/api/v1/payments/{opened.payment_id}/captures", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("held", "deed"),
    [("payments:read", "captures"), ("payments:capture", "refunds"), ("orders:*", "voids")],
)
async def test_each_deed_has_its_permission(till: Shop, api: Api, held, deed):
    (opened,) = await till.open(local(uuid4(), Method.CASH, 1000, Terms.AT_COLLECTION))
    client = await api.key([held])
    answer = await client.post(f"/api/v1/payments/{opened.payment_id}/{deed}", json=POUND)
    assert answer.status_code == 403


async def test_what_went_wrong_is_listed_for_people(shop: Shop, api: Api, provider: FakeProvider):
    orders = [uuid4(), uuid4()]
    await shop.open(*(card(order) for order in orders), card(uuid4(), token="tok_decline"))
    await shop.call()
    await provider.fault("decline", kind="capture", times=2)
    for order in orders:
        await shop.do(payments.capture, request(order, 100))
        await shop.call()
    first = (await api.admin.get("/api/v1/payment-problems?limit=1")).json()
    path = f"/api/v1/payment-problems?cursor={first['next_cursor']}"
    rest = (await api.admin.get(path)).json()
    shown = [*first["items"], *rest["items"]]
    assert [problem["order_id"] for problem in shown] == [str(o) for o in reversed(orders)]
    assert {(p["deed"], p["state"], p["reason"]) for p in shown} == {
        ("capture", "failed", "declined")
    }


async def test_unknown_payments_and_accounts_are_not_found(api: Api):
    client = api.admin
    assert (await client.get(f"/api/v1/payments/{uuid4()}")).status_code == 404
    assert (await client.get(f"/api/v1/credit-accounts/{uuid4()}")).status_code == 404
    assert (await client.post(f"/api/v1/payments/{uuid4()}/voids", json=POUND)).status_code == 404
    money = (await client.get(f"/api/v1/orders/{uuid4()}/payments")).json()
    assert (money["tenders"], money["authorized_minor"]) == ([], 0)


async def test_a_providers_secrets_are_never_shown(till: Shop, api: Api):
    wish = {
        "code": "house",
        "adapter": "house",
        "base_url": "https://pay.example.com",
        "api_key": "key_hidden",
        "webhook_secret": WEBHOOK_SECRET,
    }
    client = api.admin
    made = await client.post("/api/v1/payment-providers", json=wish)
    assert made.status_code == 201, made.text
    listed = await client.get("/api/v1/payment-providers")
    for change, pointer in [
        ({"base_url": "ftp://x"}, "/base_url"),
        ({"adapter": "other"}, "/adapter"),
    ]:
        refused = await client.post("/api/v1/payment-providers", json=wish | change)
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
    assert made.json() in listed.json()
    async with till.transaction() as tx:
        rows = await audit.list_entries(tx, subject="provider:house")
        kept = await tx.fetchval("select string_agg(answer::text, ' ') from platform_idempotency")
    seen = made.text + listed.text + kept + "".join(map(str, rows))
    assert "key_hidden" not in seen
    assert WEBHOOK_SECRET not in seen


def signed(body: bytes, name: str = "evt_1", at: datetime | None = None, secret=WEBHOOK_SECRET):
    now = at or datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, now, body.decode()),
    }


def message(key: str, status: str = "succeeded") -> bytes:
    return json.dumps({"operation": {"key": key, "id": "x", "status": status}}).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (message("k"), lambda body: {}, 403, "bad-signature"),
        (message("k"), lambda body: {"webhook-signature": "v1"}, 403, "bad-signature"),
        (message("k"), lambda body: {"webhook-signature": "v1,!"}, 403, "bad-signature"),
        (message("k"), lambda body: signed(message("other")), 403, "bad-signature"),
        (message("k"), lambda body: signed(body, secret="whsec_AAAA"), 403, "bad-signature"),
        (
            message("k"),
            lambda body: signed(body, at=datetime.now(UTC) - timedelta(minutes=6)),
            403,
            "bad-signature",
        ),
        (b"{}", signed, 422, "bad-provider-message"),
        (b"[" * 5000, signed, 422, "bad-provider-message"),
        (message("k", "odd"), signed, 422, "bad-provider-message"),
        (
            b"\xff\xfe",
            lambda body: {"webhook-id": "1", "webhook-timestamp": "1"},
            403,
            "bad-signature",
        ),
    ],
)
async def test_only_signed_messages_that_make_sense_are_taken(
    shop: Shop, api: Api, body, headers, status, code
):
    """It is signed only here, because a signature is too old five minutes later."""
    client = api.client()
    answer = await client.post(
        "/api/v1/payment-providers/house/messages",
        content=body,
        headers={"content-type": "application/json"} | headers(body),
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_message_of_nothing_known_is_kept_for_people(shop: Shop, api: Api):
    client = api.client()
    for key in ("nonsense", f"payments.capture:{uuid4()}"):
        body = message(key)
        path = "/api/v1/payment-providers/house/messages"
        first = await client.post(path, content=body, headers=signed(body, key))
        again = await client.post(path, content=body, headers=signed(body, key))
        assert first.json() == {"state": "unmatched"}
        assert again.json() == {"state": "known"}
    stranger = await client.post(
        "/api/v1/payment-providers/nobody/messages", content=body, headers=signed(body)
    )
    assert stranger.status_code == 422


async def operation_of(shop: Shop, payment_id: UUID) -> UUID:
    async with shop.transaction() as tx:
        return await tx.fetchval(
            "select id from payments_operation where payment_id = $1", payment_id
        )


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[::2])
async def test_messages_may_come_in_any_order_and_number(shop: Shop, api: Api, order):
    orders = [uuid4() for _ in range(3)]
    opened = await shop.open(*(card(each) for each in orders))
    bodies = []
    for position, one in enumerate(opened):
        key = f"payments.authorize:{await operation_of(shop, one.payment_id)}"
        bodies.append(message(key, "failed" if position == 1 else "succeeded"))
    arriving = [n for n in order for _ in range(2)]
    random.Random(sum(order)).shuffle(arriving)  # noqa: S311
    client = api.client()
    for copy, n in enumerate([*arriving, *order]):
        answer = await client.post(
            "/api/v1/payment-providers/house/messages",
            content=bodies[n],
            headers=signed(bodies[n], f"evt_{n}_{copy % 2}"),
        )
        assert answer.status_code == 200
    states = [(await shop.money(each)).tenders[0].state for each in orders]
    assert states == ["authorized", "declined", "authorized"]
    for position, one in enumerate(opened):
        wanted = ["PaymentDeclined" if position == 1 else "PaymentAuthorized"]
        assert await shop.told(one.payment_id) == wanted


async def test_a_message_that_contradicts_is_kept_for_people(shop: Shop, api: Api):
    (opened,) = await shop.open(card(uuid4()))
    key = f"payments.authorize:{await operation_of(shop, opened.payment_id)}"
    seen = []
    client = api.client()
    for name, status in [("1", "succeeded"), ("2", "pending"), ("3", "failed")]:
        body = message(key, status)
        answer = await client.post(
            "/api/v1/payment-providers/house/messages", content=body, headers=signed(body, name)
        )
        seen.append(answer.json()["state"])
    assert seen == ["applied", "known", "contradicts"]


async def test_the_provider_tells_what_an_answer_could_not(shop: Shop, told: Inbox, provider):
    """The answer is lost; the message comes first and the worker finds nothing left to do."""
    order = uuid4()
    await provider.messages(repeat=3)
    await provider.fault("timeout_after", kind="authorize", seconds=1)
    (opened,) = await shop.open(card(order))
    await shop.call()
    await eventually(lambda: decided_by_message(told, 3))
    assert not (await shop.money(order)).undecided
    await shop.call_until(lambda: no_effect_due(shop))
    assert await shop.told(opened.payment_id) == ["PaymentAuthorized"]
    assert set(told.statuses) == {200}


async def decided_by_message(inbox: Inbox, times: int) -> bool:
    return len(inbox.statuses) >= times


async def no_effect_due(shop: Shop) -> bool:
    async with shop.transaction() as tx:
        return not await tx.fetchval("select count(*) from platform_effect where state = 'due'")


async def test_reordered_repeated_and_lost_messages_change_nothing(shop, told: Inbox, provider):
    await provider.messages(repeat=2, reorder=True, lose=3)
    orders = [uuid4() for _ in range(8)]
    await shop.open(*(card(order, terms=Terms.PREPAID) for order in orders))
    await shop.call(3)
    for order in orders:
        await shop.do(payments.refund, request(order, 400))
    await shop.call_until(lambda: all_settled(shop, orders))
    await eventually(lambda: decided_by_message(told, 2 * (3 * 8 - 3)))
    assert await provider.sums() == {"authorize": 8000, "capture": 8000, "refund": 3200, "void": 0}
    for order in orders:
        money = await shop.money(order)
        assert (money.captured_minor, money.refunded_minor) == (1000, 400)
    assert set(told.statuses) == {200}


async def all_settled(shop: Shop, orders: list[UUID]) -> bool:
    return all([await settled(shop, order) for order in orders])


async def test_a_killed_provider_tells_the_rest_when_it_is_back(shop, inbox, provider):
    order = uuid4()
    await shop.open(card(order))
    await shop.call()
    await provider.kill()
    provider.webhook_url = await inbox.listen()
    await provider.start()
    await eventually(lambda: decided_by_message(inbox, 1))
    assert inbox.statuses == [200]


async def test_credit_terms_are_set_over_http(till: Shop, api: Api):
    wish = {"customer_id": str(CUSTOMER), "currency": "GBP", "limit_minor": 500}
    client = api.admin
    made = await client.post("/api/v1/credit-accounts", json=wish)
    assert (made.status_code, made.json()["terms_days"]) == (201, 30)
    await till.open(local(uuid4(), Method.ON_ACCOUNT, 100))
    refused = await client.post("/api/v1/credit-accounts", json=wish | {"currency": "EUR"})
    assert (refused.status_code, refused.json()["code"]) == (409, "credit-in-use")
    bad = await client.post("/api/v1/credit-accounts", json=wish | {"limit_minor": -1})
    assert bad.status_code == 422


async def test_credit_accounts_are_set_in_bulk_and_refused_rows_are_told(till: Shop, api: Api):
    wish = {"customer_id": str(CUSTOMER), "currency": "GBP", "limit_minor": 500}
    other = wish | {"customer_id": str(uuid4())}
    client = api.admin
    await client.post("/api/v1/credit-accounts", json=wish)
    await till.open(local(uuid4(), Method.ON_ACCOUNT, 100))
    rows = [wish | {"currency": "EUR"}, other | {"terms_days": 14}]
    told = await client.post("/api/v1/credit-account-imports", json={"rows": rows})
    assert told.status_code == 201
    assert (told.json()["saved"], told.json()["refused"]) == (1, 1)
    [problem] = told.json()["problems"]
    assert (problem["pointer"], problem["code"]) == ("/rows/0/currency", "credit-in-use")
    shown = await client.get(f"/api/v1/credit-accounts/{other['customer_id']}")
    assert (shown.json()["terms_days"], shown.json()["limit_minor"]) == (14, 500)
    bad = await client.post(
        "/api/v1/credit-account-imports", json={"rows": [wish | {"limit_minor": -1}]}
    )
    assert bad.status_code == 422
