"""The books over HTTP."""

from datetime import date

import httpx
import pytest
from tests.api import Api

from crosslane.organization import PutEntity, put_entity
from crosslane.platform.database import Database

FEE = {
    "day": "2011-01-04",
    "memo": "Bank fee",
    "postings": [
        {"entity": "retailer", "account": "fees", "currency": "GBP", "minor": 150},
        {"entity": "retailer", "account": "bank", "currency": "GBP", "minor": -150},
    ],
}


@pytest.fixture
async def client(api: Api, database: Database) -> httpx.AsyncClient:
    """A bookkeeper of a retailer with books in pounds."""
    async with database.transaction(api.tenant) as tx:
        await put_entity(tx, PutEntity("retailer", "Retailer Ltd", "GB", "GBP"))
    return await api.staff("manager")


async def test_an_entry_is_posted_shown_summed_and_taken_back(client):
    posted = await client.post("/api/v1/ledger/entries", json=FEE)
    assert posted.status_code == 201, posted.text
    entry = posted.json()
    assert [(p["account"], p["minor"], p["rate"]) for p in entry["postings"]] == [
        ("fees", 150, "1"),
        ("bank", -150, "1"),
    ]
    assert entry["actor"].startswith("staff:")
    shown = await client.get(f"/api/v1/ledger/entries/{entry['id']}")
    assert shown.json() == entry
    (fees,) = (await client.get("/api/v1/ledger/balances?account=fees&by=day")).json()
    assert (fees["balance_minor"], fees["day"], fees["book_currency"]) == (150, "2011-01-04", "GBP")
    trial = (await client.get("/api/v1/ledger/trial-balance?day=2011-01-04")).json()
    assert trial["imbalance_minor"] == 0
    assert {b["account"]: b["balance_minor"] for b in trial["balances"]} == {
        "fees": 150,
        "bank": -150,
    }
    assert (await client.get("/api/v1/ledger/trial-balance?day=2011-01-03")).json()[
        "balances"
    ] == []
    back = await client.post(
        f"/api/v1/ledger/entries/{entry['id']}/reversal", json={"day": "2011-01-05"}
    )
    again = await client.post(
        f"/api/v1/ledger/entries/{entry['id']}/reversal", json={"day": "2011-01-06"}
    )
    assert back.status_code == again.status_code == 201
    assert back.json()["id"] == again.json()["id"]
    assert {b["balance_minor"] for b in (await client.get("/api/v1/ledger/balances")).json()} == {0}


async def test_pages_of_entries_follow_each_other(client):
    for day in range(1, 6):
        await client.post("/api/v1/ledger/entries", json=FEE | {"day": f"2011-01-0{day}"})
    seen, cursor = [], ""
    while True:
        page = (await client.get(f"/api/v1/ledger/entries?limit=2{cursor}")).json()
        seen += [entry["day"] for entry in page["items"]]
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"2011-01-0{day}" for day in (5, 4, 3, 2, 1)]
    some = await client.get(
        "/api/v1/ledger/entries?first_day=2011-01-02&last_day=2011-01-03&cause_kind=ledger.manual"
    )
    assert [entry["day"] for entry in some.json()["items"]] == ["2011-01-03", "2011-01-02"]


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"entity": "nobody"}, 404, "unknown-entity", "/postings/0/entity"),
        ({"account": "nowhere"}, 422, "unknown-account", "/postings/0/account"),
        ({"minor": 151}, 422, "unbalanced-entry", "/postings"),
        ({"minor": 0}, 422, "bad-posting-amount", "/postings/0/minor"),
    ],
)
async def test_a_bad_entry_is_refused_with_a_pointer(client, change, status, code, pointer):
    first, second = FEE["postings"]
    answer = await client.post(
        "/api/v1/ledger/entries", json=FEE | {"postings": [first | change, second]}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["pointer"]) == (status, code, pointer)


async def test_chart_and_rates_are_kept(client):
    account = {"code": "gifts", "number": "5910", "name": "Gifts", "kind": "expense"}
    assert (await client.post("/api/v1/ledger/accounts", json=account)).status_code == 201
    taken = await client.post("/api/v1/ledger/accounts", json=account | {"code": "other"})
    assert (taken.status_code, taken.json()["code"]) == (409, "account-number-taken")
    codes, cursor = [], ""
    while True:
        page = (await client.get(f"/api/v1/ledger/accounts?limit=10{cursor}")).json()
        codes += [row["code"] for row in page["items"]]
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(codes) == len(set(codes)) == 34
    assert "gifts" in codes
    for n, day in enumerate([date(2011, 1, 4), date(2011, 2, 1)]):
        rate = {"currency": "EUR", "book_currency": "GBP", "valid_from": day.isoformat()}
        assert (
            await client.post("/api/v1/ledger/rates", json=rate | {"rate": f"0.85{n}"})
        ).status_code == 201
    fixed = await client.post("/api/v1/ledger/rates", json=rate | {"rate": "0.9"})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "rate-fixed")
    assert (await client.get("/api/v1/ledger/rates?limit=1")).json()["items"][0]["rate"] == "0.85"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("entries/018f0000-0000-7000-8000-000000000000", 404),
        ("balances?entity=nobody", 404),
        ("balances?by=staff", 400),
        ("balances?first_day=2011-01-05&last_day=2011-01-04", 422),
        ("entries?cursor=zzz", 400),
    ],
)
async def test_what_is_not_there_or_not_asked_rightly(client, path, status):
    answer = await client.get(f"/api/v1/ledger/{path}")
    assert answer.status_code == status, answer.text
