import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from crosslane.kernel import new_id
from crosslane.platform import auth
from crosslane.platform.auth import domain
from crosslane.platform.auth.signing_in import SIGN_IN_RATE
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tokens import Link, sign_link
from crosslane.platform.web import PUBLIC, Caller, Gate, Rate, build_app, get
from crosslane.platform.web.throttle import Throttle
from tests.platform.test_web_http import assert_problem, key

PASSWORD = "a long sentence"
SECRET_KEY = b"test"


@get("/api/v1/linked/{link}", permission=PUBLIC)
async def show_linked(caller: Caller, link: Link) -> dict[str, str]:
    """Show what a link stands for."""
    return {"tenant": caller.tenant, "purpose": link.purpose, "subject": str(link.subject)}


class Door:
    """The real keys, accounts and sessions behind the real gate."""

    def __init__(self, database: Database, lanes: Lanes, admin_key: str) -> None:
        gate = Gate(secret_key=SECRET_KEY)
        gate.open(database, lanes, auth.Identities(database, remember_seconds=0).identify)
        self.app = build_app([*auth.ROUTES, show_linked], gate)
        self.admin_key = admin_key

    def client(self, token: str = "", host: str = "unknown.example") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"https://{host}", headers=headers)


@pytest.fixture
async def host(database: Database, tenant: str) -> str:
    name = f"{secrets.token_hex(6)}.example"
    async with database.connection() as connection:
        await connection.execute(
            "update control.tenant set host_names = array[$2] where name = $1", tenant, name
        )
    return name


@pytest.fixture
async def door(database: Database, lanes: Lanes, tenant: str) -> Door:
    async with database.transaction(tenant) as tx:
        admin_key = await auth.bootstrap(tx)
    return Door(database, lanes, admin_key)


@pytest.fixture
async def admin(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with door.client(door.admin_key) as client:
        yield client


async def make_account(admin: httpx.AsyncClient, role: str = "agent", **more: str) -> dict:
    email = f"{secrets.token_hex(6)}@example.com"
    body = {"email": email, "password": PASSWORD, "role": role} | more
    answer = await admin.post("/api/v1/accounts", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def sign_in(door: Door, host: str, email: str, password: str = PASSWORD) -> httpx.Response:
    async with door.client(host=host) as client:
        return await client.post("/api/v1/sessions", json={"email": email, "password": password})


async def signed_in(door: Door, host: str, email: str) -> httpx.AsyncClient:
    answer = await sign_in(door, host, email)
    assert answer.status_code == 201, answer.text
    return door.client(answer.json()["token"], host)


# Keys


async def test_the_first_key_may_do_everything(admin, tenant):
    me = (await admin.get("/api/v1/me")).json()
    assert (me["kind"], me["tenant"], me["permissions"]) == ("api_key", tenant, ["*", "auth:self"])


async def test_a_key_works_within_its_scopes_until_it_is_revoked(door, admin):
    body = {"name": "shop", "scopes": ["orders:*"]}
    made = (await admin.post("/api/v1/api-keys", json=body, headers=key())).json()
    async with door.client(made["secret"]) as shop:
        me = (await shop.get("/api/v1/me")).json()
        assert me["permissions"] == ["auth:self", "orders:*"]
        assert_problem(await shop.get("/api/v1/api-keys"), 403, "not-permitted")
        address = f"/api/v1/api-keys/{made['key']['id']}"
        assert (await admin.get(address)).json()["last_used_at"]
        stop = {"reason": "gone"}
        revoked = await admin.post(f"{address}/revocation", json=stop, headers=key())
        assert revoked.json()["revoked_at"]
        assert_problem(await shop.get("/api/v1/me"), 401, "unauthenticated")
    assert "secret" not in (await admin.get("/api/v1/api-keys")).text


async def test_the_secret_of_a_key_is_told_once_and_never_stored(admin, database, tenant):
    headers = key()
    body = {"name": "shop", "scopes": ["orders:*"]}
    made = (await admin.post("/api/v1/api-keys", json=body, headers=headers)).json()
    again = await admin.post("/api/v1/api-keys", json=body, headers=headers)
    assert again.json() == {"key": made["key"], "secret": None}
    secret = made["secret"].rpartition("_")[2]
    async with database.transaction(tenant) as tx:
        for sql in [
            "select t::text as text from platform_api_key t",
            "select t::text as text from platform_idempotency t",
            "select t::text as text from platform_audit t",
        ]:
            rows = await tx.fetch(sql)
            assert rows
            assert not any(secret in row["text"] for row in rows)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"scopes": ["auth:write"]}, "bad-scope", "/scopes/0"),
        ({"scopes": ["orders:*", "*"]}, "bad-scope", "/scopes/1"),
        ({"scopes": ["Orders"]}, "invalid-field", "/scopes/0"),
        ({"role": "manager"}, "unknown-role", "/role"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "bad-expiry", "/expires_at"),
        ({"expires_at": "2150-01-01T00:00:00Z"}, "bad-expiry", "/expires_at"),
        ({"name": ""}, "invalid-field", "/name"),
    ],
)
async def test_keys_that_are_not_made(admin, change, code, pointer):
    body = {"name": "shop", "scopes": ["orders:*"]} | change
    answer = await admin.post("/api/v1/api-keys", json=body, headers=key())
    assert_problem(answer, 422, code, pointer)


async def test_a_key_with_an_expiry_stops_by_itself(door, admin, database, tenant):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"name": "shop", "scopes": ["orders:*"], "expires_at": soon}
    made = (await admin.post("/api/v1/api-keys", json=body, headers=key())).json()
    async with door.client(made["secret"]) as shop:
        assert (await shop.get("/api/v1/me")).status_code == 200
        async with database.transaction(tenant) as tx:
            sql = "update platform_api_key set expires_at = clock_timestamp() where id = $1"
            await tx.execute(sql, made["key"]["id"])
        assert_problem(await shop.get("/api/v1/me"), 401, "unauthenticated")


async def test_only_the_whole_right_secret_opens(door, admin):
    wrong = door.admin_key[:-1] + ("0" if door.admin_key[-1] != "0" else "1")
    async with door.client(wrong) as client:
        assert_problem(await client.get("/api/v1/me"), 401, "unauthenticated")


# Accounts


async def test_an_account_is_made_shown_and_changed(admin):
    account = await make_account(admin)
    address = f"/api/v1/accounts/{account['id']}"
    shown = await admin.get(address)
    assert shown.json() == account
    change = {"role": "manager", "reason": "promoted"}
    headers = {"If-Match": shown.headers["etag"]}
    changed = await admin.patch(address, json=change, headers=headers)
    assert (changed.json()["role"], changed.json()["version"]) == ("manager", 2)
    assert_problem(await admin.patch(address, json=change, headers=headers), 412, "stale")
    entries = await admin.get(
        "/api/v1/audit-entries", params={"subject": f"account:{account['id']}"}
    )
    newest, oldest = entries.json()["items"]
    assert (newest["action"], newest["reason"]) == ("auth.change_account", "promoted")
    assert (newest["before"]["role"], newest["after"]["role"]) == ("agent", "manager")
    assert (oldest["action"], oldest["before"]) == ("auth.create_account", None)
    assert newest["trace"] == changed.headers["trace-id"]


async def test_accounts_that_are_not_made(admin):
    account = await make_account(admin)
    cases = [
        ({"email": account["email"].upper()}, 409, "email-taken", "/email"),
        ({"email": "nobody"}, 422, "bad-email", "/email"),
        ({"password": "short"}, 422, "weak-password", "/password"),
        ({"role": "customer"}, 422, "unknown-role", "/role"),
        ({"role": "associate"}, 422, "location-needed", "/location_id"),
    ]
    for change, status, code, pointer in cases:
        body = {"email": "new@example.com", "password": PASSWORD, "role": "agent"} | change
        answer = await admin.post("/api/v1/accounts", json=body, headers=key())
        assert_problem(answer, status, code, pointer)


async def test_the_last_administrator_stays(admin):
    account = await make_account(admin, "admin")
    address, tag = f"/api/v1/accounts/{account['id']}", {"If-Match": '"v1"'}
    for change in [{"role": "agent"}, {"active": False}]:
        answer = await admin.patch(address, json=change | {"reason": "x"}, headers=tag)
        assert_problem(answer, 409, "last-admin")
    await make_account(admin, "admin")
    answer = await admin.patch(address, json={"active": False, "reason": "x"}, headers=tag)
    assert answer.status_code == 200


async def test_nobody_makes_an_account_mightier_than_itself(door, admin, host):
    body = {"name": "clerk", "role": "admin", "scopes": ["auth:*", "orders:*"]}
    made = (await admin.post("/api/v1/api-keys", json=body, headers=key())).json()
    boss = await make_account(admin, "admin")
    async with door.client(made["secret"]) as clerk:
        wish = {"email": "x@example.com", "password": PASSWORD, "role": "admin"}
        answer = await clerk.post("/api/v1/accounts", json=wish, headers=key())
        assert_problem(answer, 403, "more-than-you-have")
        wish = {"name": "mighty", "role": "admin", "scopes": ["*"]}
        answer = await clerk.post("/api/v1/api-keys", json=wish, headers=key())
        assert_problem(answer, 403, "more-than-you-have")
        address = f"/api/v1/accounts/{boss['id']}"
        wish = {"password": "another long sentence", "reason": "x"}
        answer = await clerk.put(f"{address}/password", json=wish)
        assert_problem(answer, 403, "more-than-you-have")
        assert_problem(await clerk.delete(f"{address}/sessions"), 403, "more-than-you-have")


# Sessions


async def test_signing_in_and_out(door, admin, host):
    account = await make_account(admin)
    async with await signed_in(door, host, account["email"].upper()) as client:
        me = (await client.get("/api/v1/me")).json()
        assert (me["kind"], me["id"]) == ("staff", account["id"])
        assert len((await client.get("/api/v1/sessions")).json()["items"]) == 1
        out = await client.delete("/api/v1/sessions/current")
        assert out.status_code == 204
        assert "Max-Age=0" in out.headers["set-cookie"]
        assert_problem(await client.get("/api/v1/me"), 401, "unauthenticated")


async def test_browsers_get_a_cookie_that_scripts_and_other_sites_cannot_use(door, admin, host):
    account = await make_account(admin)
    answer = await sign_in(door, host, account["email"])
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-crosslane=")
    assert all(part in cookie for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/;"])
    async with door.client(host=host) as browser:
        headers = {"Cookie": cookie.partition(";")[0]}
        assert (await browser.get("/api/v1/me", headers=headers)).status_code == 200
        foreign = headers | {"Sec-Fetch-Site": "cross-site"}
        answer = await browser.delete("/api/v1/sessions", headers=foreign)
        assert_problem(answer, 403, "foreign-site")


async def test_signing_out_everywhere_ends_every_session(door, admin, host):
    account = await make_account(admin)
    first = await signed_in(door, host, account["email"])
    second = await signed_in(door, host, account["email"])
    async with first, second:
        await first.delete("/api/v1/sessions")
        for client in (first, second):
            assert_problem(await client.get("/api/v1/me"), 401, "unauthenticated")


async def test_a_new_password_ends_the_other_sessions(door, admin, host):
    account = await make_account(admin)
    mine = await signed_in(door, host, account["email"])
    other = await signed_in(door, host, account["email"])
    async with mine, other:
        wrong = {"present": "not the one at all", "password": "another long sentence"}
        answer = await mine.put("/api/v1/me/password", json=wrong)
        assert_problem(answer, 403, "wrong-password", "/present")
        right = wrong | {"present": PASSWORD}
        assert (await mine.put("/api/v1/me/password", json=right)).status_code == 204
        assert (await mine.get("/api/v1/me")).status_code == 200
        assert_problem(await other.get("/api/v1/me"), 401, "unauthenticated")
    assert_problem(await sign_in(door, host, account["email"]), 401, "sign-in-failed")
    fresh = await sign_in(door, host, account["email"], "another long sentence")
    assert fresh.status_code == 201


async def test_an_account_without_activity_is_out_at_once(door, admin, host):
    account = await make_account(admin)
    async with await signed_in(door, host, account["email"]) as client:
        change = {"active": False, "reason": "left"}
        address = f"/api/v1/accounts/{account['id']}"
        await admin.patch(address, json=change, headers={"If-Match": '"v1"'})
        assert_problem(await client.get("/api/v1/me"), 401, "unauthenticated")
    assert_problem(await sign_in(door, host, account["email"]), 401, "sign-in-failed")


async def test_sessions_end_by_time(door, admin, host, database, tenant):
    account = await make_account(admin)
    for sql in [
        "update platform_session set seen_at = clock_timestamp() - interval '13 hours'",
        "update platform_session set expires_at = clock_timestamp()",
    ]:
        async with await signed_in(door, host, account["email"]) as client:
            async with database.transaction(tenant) as tx:
                await tx.execute(sql)
            assert_problem(await client.get("/api/v1/me"), 401, "unauthenticated")


async def test_a_page_that_is_left_open_does_not_keep_its_session(
    door, admin, host, database, tenant
):
    account = await make_account(admin)
    seen = "select min(seen_at) from platform_session where account_id = $1"
    id = UUID(account["id"])
    async with await signed_in(door, host, account["email"]) as client:
        async with database.transaction(tenant) as tx:
            await tx.execute("update platform_session set seen_at = seen_at - interval '1 hour'")
            before = await tx.fetchval(seen, id)
        answer = await client.get("/api/v1/me", headers={"X-Unattended": "1"})
        assert answer.status_code == 200
        async with database.transaction(tenant) as tx:
            assert await tx.fetchval(seen, id) == before
        assert (await client.get("/api/v1/me")).status_code == 200
        async with database.transaction(tenant) as tx:
            assert await tx.fetchval(seen, id) > before


async def test_wrong_passwords_lock_the_account_for_a_while(door, admin, host, database, tenant):
    account = await make_account(admin)
    for _ in range(domain.FAILURES_MAX):
        answer = await sign_in(door, host, account["email"], "wrong wrong wrong")
        assert_problem(answer, 401, "sign-in-failed")
    assert_problem(await sign_in(door, host, account["email"]), 401, "sign-in-failed")
    async with database.transaction(tenant) as tx:
        await tx.execute("update platform_account set locked_until = clock_timestamp()")
    assert (await sign_in(door, host, account["email"])).status_code == 201


async def test_guessing_at_one_address_is_slowed_down(door, admin, host, monkeypatch):
    assert Rate(per_second=0.5, burst=30) == SIGN_IN_RATE
    # So slow that no guess comes back while the machine makes these.
    slow = Throttle(Rate(per_second=1 / 3600, burst=SIGN_IN_RATE.burst))
    monkeypatch.setattr("crosslane.platform.auth.signing_in._SIGN_INS", slow)
    answers = [
        await sign_in(door, host, "nobody@example.com", "wrong wrong wrong") for _ in range(32)
    ]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429] * 2
    assert_problem(answers[-1], 429, "too-many-requests")


@pytest.mark.usefixtures("dear_passwords")
async def test_known_and_unknown_addresses_look_and_take_the_same(door, admin, host):
    account = await make_account(admin)

    async def attempt(email: str) -> tuple[float, dict]:
        # Work done by this process, because time on the clock is also that of other programs.
        started = time.process_time()
        answer = await sign_in(door, host, email, "wrong wrong wrong")
        told = answer.json()
        del told["trace"]
        return time.process_time() - started, told

    times: dict[str, list[float]] = {account["email"]: [], "nobody@example.com": []}
    answers = []
    for _ in range(5):
        for email in times:
            seconds, told = await attempt(email)
            times[email].append(seconds)
            answers.append(told)
    assert all(told == answers[0] for told in answers)
    known, unknown = (min(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


async def test_a_change_by_a_person_is_in_the_audit_journal(door, admin, host):
    account = await make_account(admin, "admin")
    async with await signed_in(door, host, account["email"]) as boss:
        made = await make_account(boss)
        query = {"actor": f"staff:{account['id']}", "subject": f"account:{made['id']}"}
        [entry] = (await boss.get("/api/v1/audit-entries", params=query)).json()["items"]
        assert entry["after"] == {"role": "agent", "location_id": None, "active": True}


async def test_an_associate_is_bound_to_its_location(door, admin, host):
    location_id = str(new_id())
    account = await make_account(admin, "associate", location_id=location_id)
    async with await signed_in(door, host, account["email"]) as client:
        assert (await client.get("/api/v1/me")).json()["location_id"] == location_id


async def test_a_key_has_no_sessions(admin):
    assert_problem(await admin.get("/api/v1/sessions"), 403, "not-a-person")


async def test_signing_in_at_once_counts_every_wrong_password(door, admin, host, database, tenant):
    account = await make_account(admin)
    await asyncio.gather(
        *(sign_in(door, host, account["email"], "wrong wrong wrong") for _ in range(6))
    )
    async with database.transaction(tenant) as tx:
        assert await tx.fetchval("select failures from platform_account") == 6


# Links


async def test_a_signed_link_finds_its_tenant(door, database, tenant):
    async with database.transaction(tenant) as tx:
        prefix = await tx.fetchval("select key_prefix from control.tenant where name = $1", tenant)
    link = Link(prefix, "order", UUID(int=7), datetime.now(UTC) + timedelta(days=1))
    async with door.client() as client:
        good = await client.get(f"/api/v1/linked/{sign_link(SECRET_KEY, link)}")
        assert good.json() == {"tenant": tenant, "purpose": "order", "subject": str(link.subject)}
        forged = await client.get(f"/api/v1/linked/{sign_link(b'other', link)}")
        assert_problem(forged, 404, "no-such-address")
