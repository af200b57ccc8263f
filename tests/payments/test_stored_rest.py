"""Gift cards over HTTP: codes are told once, look-ups are limited, people do what they may."""

from uuid import UUID, uuid4

import pytest
from tests.api import Api
from tests.payments.purse import Purse

from crosslane.payments import expire
from crosslane.payments.domain import code_of
from crosslane.payments.service.lookup import WRONG_OF_SHOPPER_MAX

LOOKUPS = "/api/v1/stored-value-lookups"


async def sell(client, **changes) -> dict:
    body = {"channel": "web", "minor": 2500, "paid_by": "cash"} | changes
    answer = await client.post("/api/v1/gift-cards", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def client(purse: Purse, api: Api):
    return api.admin


async def test_a_code_is_told_once_and_rests_nowhere(purse: Purse, client):
    key = {"Idempotency-Key": "one"}
    body = {"channel": "web", "minor": 2500, "paid_by": "cash"}
    first = (await client.post("/api/v1/gift-cards", json=body, headers=key)).json()
    again = (await client.post("/api/v1/gift-cards", json=body, headers=key)).json()
    assert again == first | {"code": None}
    code = first["code"]
    assert code.endswith(first["value"]["code_end"])
    found = await client.post(LOOKUPS, json={"code": code.lower().replace("-", " ")})
    assert found.json() == first["value"]
    async with purse.shop.transaction() as tx:
        tables = await tx.fetch(
            "select table_name from information_schema.tables where table_schema = current_schema()"
        )
        for (table,) in tables:
            rows = await tx.fetchval(f"select string_agg(t::text, ' ') from {table} t")  # noqa: S608
            assert code not in (rows or "")
            assert code.replace("-", "") not in (rows or "")


async def test_unknown_and_impossible_codes_are_answered_alike_until_the_caller_has_to_wait(
    client,
):
    known = (await sell(client))["code"]
    unknown = [code_of(bytes([n] * 16)) for n in range(3)]
    answers = [
        await client.post(LOOKUPS, json={"code": code, "shopper": "eve"})
        for code in (*unknown, "nonsense", "0")
    ]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(404, "no-such-stored-value")}
    assert len({a.json()["detail"] for a in answers}) == 1
    for _ in range(WRONG_OF_SHOPPER_MAX - len(answers)):
        assert (await client.post(LOOKUPS, json={"code": "x", "shopper": "eve"})).status_code == 404
    # Even the right code is not told any more, and other shoppers are.
    answer = await client.post(LOOKUPS, json={"code": known, "shopper": "eve"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60
    answer = await client.post(LOOKUPS, json={"code": known, "shopper": "ada"})
    assert answer.status_code == 200


async def test_people_give_top_up_move_and_block(purse: Purse, client):
    customer = str(uuid4())
    card = (await sell(client))["value"]["id"]
    credit = await client.post(
        "/api/v1/store-credits",
        json={"customer_id": customer, "channel": "web", "minor": 500, "reason": "late"},
    )
    assert credit.status_code == 201, credit.text
    other = credit.json()["id"]
    at = "/api/v1/stored-values"
    for path, body, status in [
        (f"{card}/top-ups", {"minor": 100, "currency": "GBP", "paid_by": "card"}, 201),
        (f"{card}/top-ups", {"minor": 100, "currency": "EUR", "paid_by": "card"}, 409),
        (f"{card}/top-ups", {"minor": 10**6, "currency": "GBP", "paid_by": "card"}, 409),
        (f"{card}/transfers", {"to": other, "minor": 600, "reason": "x"}, 201),
        (f"{card}/transfers", {"to": other, "minor": 2001, "reason": "x"}, 409),
        (f"{card}/transfers", {"to": str(uuid4()), "reason": "x"}, 404),
        (f"{card}/blocking", {"blocked": True, "reason": "stolen"}, 201),
        (f"{card}/transfers", {"to": other, "reason": "x"}, 409),
        (f"{card}/blocking", {"blocked": False, "reason": "found"}, 201),
        (f"{card}/owner", {"customer_id": customer, "reason": "asked"}, 201),
        (f"{uuid4()}/owner", {"customer_id": customer, "reason": "asked"}, 404),
    ]:
        answer = await client.post(f"{at}/{path}", json=body)
        assert (path, answer.status_code) == (path, status), answer.text
    shown = (await client.get(f"{at}/{card}?limit=2")).json()
    assert (shown["value"]["balance_minor"], shown["customer_id"]) == (2000, customer)
    assert [(e["deed"], e["minor"]) for e in shown["entries"]["items"]] == [
        ("transferred", -600),
        ("topped_up", 100),
    ]
    rest = shown["entries"]["next_cursor"]
    more = (await client.get(f"{at}/{card}?limit=2&cursor={rest}")).json()
    assert [e["deed"] for e in more["entries"]["items"]] == ["issued"]
    theirs = (await client.get(f"/api/v1/customers/{customer}/stored-values")).json()
    assert {each["id"] for each in theirs} == {card, other}
    assert (await client.get(f"{at}/{uuid4()}")).status_code == 404


async def test_a_lost_card_gets_a_new_code(client):
    sold = await sell(client)
    path = f"/api/v1/stored-values/{sold['value']['id']}/codes"
    new = (await client.post(path, json={"reason": "lost"})).json()
    assert new["code"] != sold["code"]
    assert (await client.post(LOOKUPS, json={"code": sold["code"]})).status_code == 404
    assert (await client.post(LOOKUPS, json={"code": new["code"]})).json() == new["value"]


async def test_what_has_run_out_is_said_so(purse: Purse, client):
    sold = await sell(client)
    async with purse.shop.transaction() as tx:
        await tx.execute("update payments_account set expires_at = now() - interval '1 second'")
    answer = (await client.post(LOOKUPS, json={"code": sold["code"]})).json()
    assert answer["state"] == "expired"
    async with purse.shop.transaction() as tx:
        await expire(tx)
    answer = (await client.post(LOOKUPS, json={"code": sold["code"]})).json()
    assert answer["balance_minor"] == 0


async def test_a_clerk_sells_for_the_own_store_alone(purse: Purse, api: Api):
    store = uuid4()
    clerk = await api.staff("associate", location_id=store)
    await sell(clerk)
    await sell(clerk, location_id=str(store))
    body = {"channel": "web", "minor": 1, "paid_by": "cash", "location_id": str(uuid4())}
    assert (await clerk.post("/api/v1/gift-cards", json=body)).status_code == 403
    for path in ("store-credits", f"stored-values/{uuid4()}/blocking"):
        assert (await clerk.post(f"/api/v1/{path}", json={})).status_code == 403
    async with purse.shop.transaction() as tx:
        rows = await tx.fetch("select location_id from payments_account_entry")
    assert {row["location_id"] for row in rows} == {UUID(str(store))}
