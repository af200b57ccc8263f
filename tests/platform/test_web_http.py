import asyncio
import secrets
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from crosslane.kernel import new_id
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import Tenant, create_tenant, drop_tenant, find_tenant
from crosslane.platform.tokens import KEY, Token, new_token
from crosslane.platform.web import Gate, Rate, build_app
from crosslane.platform.web.gate import FAILURE_RATE
from tests.patience import HASTY_SECONDS, LOCK_MS_MAX
from tests.platform import sample

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ALL = frozenset({"sample:read", "sample:write"})


class House:
    """The sample module behind a gate that knows the callers a test makes up."""

    def __init__(self, database: Database, lanes: Lanes, tenant: Tenant, **limits: Rate) -> None:
        self.tenant = tenant
        self.actors: dict[str, Actor] = {}
        self.gate = Gate(secret_key=b"test", **limits)
        self.gate.open(database, lanes, self._identify)
        self.app = build_app(sample.ROUTES, self.gate)

    async def _identify(self, tenant: Tenant, token: Token) -> Actor | None:
        return self.actors.get(str(token)) if tenant == self.tenant else None

    def token(self, permissions: frozenset[str] = ALL) -> str:
        token = new_token(KEY, self.tenant.key_prefix)
        self.actors[str(token)] = Actor("api_key", token.id, permissions)
        return str(token)

    def client(self, token: str = "", *, host: str = "unknown.example") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url=f"http://{host}", headers=headers, timeout=30
        )


@pytest.fixture
async def house(database: Database, lanes: Lanes, tenant: str) -> House:
    async with database.transaction(tenant) as tx:
        await tx.execute(sample.TABLE)
    found = await find_tenant(database, name=tenant)
    assert found
    return House(database, lanes, found)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client(house.token()) as client:
        yield client


def key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(8)}


def assert_problem(answer: httpx.Response, status: int, code: str, pointer: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"/api/v1/problems/{code}"
    assert problem.get("pointer", "") == pointer
    assert problem["detail"]
    assert problem["trace"] == answer.headers["trace-id"]


async def test_a_note_is_kept_shown_changed_and_dropped(client):
    kept = await client.post("/api/v1/notes", json={"text": "one", "weight": 3}, headers=key())
    assert kept.status_code == 201
    assert kept.headers["etag"] == '"v1"'
    shown = await client.get(kept.headers["location"])
    assert shown.json() == kept.json()
    tag = {"If-Match": shown.headers["etag"]}
    changed = await client.patch(kept.headers["location"], json={"text": "two"}, headers=tag)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = await client.patch(kept.headers["location"], json={"text": "three"}, headers=tag)
    assert_problem(stale, 412, "stale")
    assert stale.json()["details"] == {"present": 2, "given": 1}
    dropped = await client.delete(kept.headers["location"])
    assert (dropped.status_code, dropped.content) == (204, b"")
    assert_problem(await client.get(kept.headers["location"]), 404, "no-such-note")


async def test_a_version_already_known_is_not_sent_again(client):
    kept = await client.post("/api/v1/notes", json={"text": "one"}, headers=key())
    address = kept.headers["location"]
    again = await client.get(address, headers={"If-None-Match": '"v1"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"v1"')
    for known in ('W/"v1"', '"v7", "v1"', '"v7" , W/"v1"', "*"):
        answer = await client.get(address, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
    for known in ('"v2"', '"v11"', "v1", "", '"v7", "v8"'):
        answer = await client.get(address, headers={"If-None-Match": known})
        assert (answer.status_code, answer.json()) == (200, kept.json()), known
    head = await client.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", '"v1"')


async def test_a_change_is_answered_whatever_is_known_already(client):
    kept = await client.post("/api/v1/notes", json={"text": "one"}, headers=key())
    headers = {"If-Match": '"v1"', "If-None-Match": '"v2", *'}
    changed = await client.patch(kept.headers["location"], json={"text": "two"}, headers=headers)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)


async def test_if_match_is_required_where_declared(client):
    address = f"/api/v1/notes/{new_id()}"
    assert_problem(await client.patch(address, json={"text": "x"}), 428, "precondition-required")
    wrong = await client.patch(address, json={"text": "x"}, headers={"If-Match": "*"})
    assert_problem(wrong, 400, "invalid-header")
    optional = await client.put(
        f"{address}/text", content=b"x", headers={"Content-Type": "text/plain"}
    )
    assert_problem(optional, 404, "no-such-note")


async def test_lists_are_read_page_by_page(client):
    for text in "abcde":
        await client.post("/api/v1/notes", json={"text": text}, headers=key())
    texts, cursor = [], None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/v1/notes", params=params)).json()
        texts += [note["text"] for note in page["items"]]
        cursor = page["next_cursor"]
    assert (texts, cursor) == (list("abcde"), None)
    two = await client.get("/api/v1/notes", params={"text": ["a", "e"]})
    assert [note["text"] for note in two.json()["items"]] == ["a", "e"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=red", "unknown-query-parameter"),
        ("limit=1&limit=2", "repeated-query-parameter"),
        ("limit=0", "invalid-query-parameter"),
        ("limit=251", "invalid-query-parameter"),
        ("limit=1e3", "invalid-query-parameter"),
        ("cursor=!!", "invalid-query-parameter"),
        ("cursor=WyJcdTAwMDAiXQ", "invalid-query-parameter"),
        ("cursor=WzFd", "invalid-query-parameter"),
        ("order=price", "invalid-query-parameter"),
        ("weight_min=99999999999999999999", "invalid-query-parameter"),
        ("since=2011-01-04T00:00:00", "invalid-query-parameter"),
        ("since=0001-01-01T00:00:00Z", "invalid-query-parameter"),
        ("text=%00", "malformed-request"),
        ("text=%ff", "malformed-request"),
        ("text=" + "x" * 9000, "uri-too-long"),
    ],
)
async def test_queries_are_checked(client, query, code):
    answer = await client.get(f"/api/v1/notes?{query}")
    assert_problem(answer, 414 if code == "uri-too-long" else 400, code)


async def test_a_number_too_large_for_its_column_is_the_clients_mistake(client):
    answer = await client.get("/api/v1/notes?weight_min=9999999999")
    assert_problem(answer, 422, "value-not-storable")
    answer = await client.post("/api/v1/notes", json={"text": "x", "weight": 2**40}, headers=key())
    assert_problem(answer, 422, "value-not-storable")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/notes/17", "/api/v1/notes/%2e%2e", "/nowhere", "/api/v1/notes/x/y/z", "/api/v2"],
)
async def test_unknown_addresses(client, path):
    assert_problem(await client.get(path), 404, "no-such-address")


@pytest.mark.parametrize("host", ["shop.example/notes", f"{'shop.' * 60}example"])
async def test_a_host_that_is_none(client, host):
    answer = await client.get("/api/v1/notes", headers={"Host": host})
    assert_problem(answer, 400, "malformed-request")


async def test_methods_that_are_not_taken(client):
    answer = await client.put("/api/v1/notes", json={})
    assert_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    asked = await client.options("/api/v1/notes")
    assert asked.status_code == 204
    assert set(asked.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code", "pointer"),
    [
        (b"{}", None, 415, "wrong-content-type", ""),
        (b"{}", "text/plain", 415, "wrong-content-type", ""),
        (b"{}", "application/json; charset=latin-1", 415, "wrong-content-type", ""),
        (b"", "application/json", 400, "malformed-json", ""),
        (b"{", "application/json", 400, "malformed-json", ""),
        (b"[" * 9999, "application/json", 400, "json-too-deep", ""),
        (b'{"text":"a","text":"b"}', "application/json", 400, "duplicate-name", "/text"),
        (b'{"text":"a","weight":NaN}', "application/json", 400, "number-out-of-range", "/weight"),
        (b'{"text":"\\u0000"}', "application/json", 422, "unsafe-text", "/text"),
        (b'{"text":1}', "application/json; charset=utf-8", 422, "invalid-field", "/text"),
        (b'{"text":""}', "application/json", 422, "empty-note", "/text"),
        (b'"' + b"x" * (1 << 20) + b'"', "application/json", 413, "body-too-large", ""),
    ],
)
async def test_bodies_are_checked(client, content, content_type, status, code, pointer):
    headers = key() | ({"Content-Type": content_type} if content_type else {})
    answer = await client.post("/api/v1/notes", content=content, headers=headers)
    assert_problem(answer, status, code, pointer)


async def test_a_body_that_grows_while_it_arrives_is_cut_off(client):
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    headers = key() | {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/notes", content=endless(), headers=headers)
    assert_problem(answer, 413, "body-too-large")


async def test_a_defect_is_told_without_its_text(client):
    answer = await client.get("/api/v1/failure")
    assert_problem(answer, 500, "unexpected")
    assert "secret" not in answer.text


async def test_rows_that_stay_locked_are_unavailable(house, database, hasty, tenant):
    impatient = House(hasty, Lanes(hasty), house.tenant)
    async with database.transaction(tenant) as tx, impatient.client(impatient.token()) as client:
        await tx.fetch("select pg_advisory_xact_lock(42)")
        answer = await client.get("/api/v1/lock")
    assert_problem(answer, 503, "database-unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_files_are_sent_as_they_are(client):
    answer = await client.get(f"/api/v1/notes/{new_id()}/label")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == 'attachment; filename="note.txt"'


async def test_every_answer_has_trace_and_security_headers(client):
    for path, sent in [("/api/v1/notes", TRACEPARENT), ("/nowhere", TRACEPARENT), ("/nowhere", "")]:
        answer = await client.get(path, headers={"traceparent": sent} if sent else {})
        trace = answer.headers["trace-id"]
        assert len(trace) == 32
        assert (trace in TRACEPARENT) is bool(sent)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


# Idempotency


async def test_a_repeated_request_gets_the_first_answer(client):
    headers = key()
    first = await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    again = await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]


async def test_a_decided_refusal_is_told_again(client):
    await client.post("/api/v1/notes", json={"text": "one"}, headers=key())
    headers = key()
    first = await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    assert_problem(first, 409, "note-taken", "/text")
    for note in (await client.get("/api/v1/notes")).json()["items"]:
        await client.delete(f"/api/v1/notes/{note['id']}")
    again = await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    assert_problem(again, 409, "note-taken", "/text")
    assert again.headers["idempotency-replayed"] == "true"


async def test_what_was_merely_wrong_may_be_sent_again(client):
    headers = key()
    wrong = await client.post("/api/v1/notes", json={"text": ""}, headers=headers)
    assert_problem(wrong, 422, "empty-note", "/text")
    right = await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    assert right.status_code == 201


async def test_a_key_is_for_one_request_only(client):
    headers = key()
    await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    other = await client.post("/api/v1/notes", json={"text": "two"}, headers=headers)
    assert_problem(other, 422, "key-reused")


async def test_the_same_request_written_otherwise_is_the_same(client):
    headers = key() | {"Content-Type": "application/json"}
    spellings = ['{"text":"one","weight":0}', ' {\n"text": "\\u006fne" } ']
    first, again = [
        await client.post("/api/v1/notes", content=text, headers=headers) for text in spellings
    ]
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_key_belongs_to_its_caller_and_route(house, client):
    headers = key()
    await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    async with house.client(house.token()) as other:
        answer = await other.post("/api/v1/notes", json={"text": "two"}, headers=headers)
        assert answer.status_code == 201
    answer = await client.delete(f"/api/v1/notes/{answer.json()['id']}", headers=headers)
    assert answer.status_code == 204


@pytest.mark.parametrize("bad", ["", "x" * 201, "tab\tkey", "é"])
async def test_a_key_must_be_there_and_readable(client, bad):
    headers = {"Idempotency-Key": bad.encode("latin-1")} if bad else {}
    answer = await client.post("/api/v1/notes", json={"text": "one"}, headers=headers)
    assert_problem(answer, 400, "invalid-header" if bad else "idempotency-key-missing")
    empty = {"Idempotency-Key": ""}
    answer = await client.delete(f"/api/v1/notes/{new_id()}", headers=empty)
    assert_problem(answer, 400, "invalid-header")


async def test_twins_share_one_answer(client):
    headers = key()
    answers = await asyncio.gather(
        *(client.post("/api/v1/notes", json={"text": "one"}, headers=headers) for _ in range(200))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


async def test_a_request_under_way_elsewhere_is_told_so_within_a_second(
    house, client, database, hasty, tenant, monkeypatch
):
    monkeypatch.setattr(sample, "go_on", asyncio.Event())
    elsewhere = House(hasty, Lanes(hasty), house.tenant)
    elsewhere.actors = house.actors
    headers = key() | dict(client.headers)
    async with elsewhere.client() as other:
        slow = asyncio.create_task(
            client.post("/api/v1/notes", json={"text": "slow"}, headers=headers)
        )
        await until(lambda: key_is_claimed(database, tenant))
        started = asyncio.get_running_loop().time()
        answer = await other.post("/api/v1/notes", json={"text": "slow"}, headers=headers)
        waited = asyncio.get_running_loop().time() - started
        assert_problem(answer, 409, "still-working")
        # It waited for the lock once, and the product lets it wait for less than a second.
        assert waited < 2 * HASTY_SECONDS
        assert LOCK_MS_MAX < 1000
        assert not slow.done()
        sample.go_on.set()
        first = await slow
        assert first.status_code == 201
    again = await client.post("/api/v1/notes", json={"text": "slow"}, headers=headers)
    assert again.content == first.content


async def key_is_claimed(database: Database, tenant: str) -> bool:
    async with database.transaction(tenant) as tx:
        sql = """
            select exists (select from pg_locks where relation = 'sample_note'::regclass
                and mode = 'RowExclusiveLock')
        """
        return await tx.fetchval(sql)


async def until(true: Callable) -> None:
    for _ in range(3000):
        if await true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about")


# Who may come in


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer x", "Basic YTpi", "Bearer clk_aaaa_0123456789abcdef_" + "0" * 64],
)
async def test_nobody_comes_in_unknown(house, header):
    async with house.client() as client:
        answer = await client.get(
            "/api/v1/notes", headers={"Authorization": header} if header else {}
        )
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_permission_that_is_lacking(house):
    async with house.client(house.token(frozenset({"sample:read"}))) as client:
        assert (await client.get("/api/v1/notes")).status_code == 200
        answer = await client.post("/api/v1/notes", content=b"{", headers=key())
        assert_problem(answer, 403, "not-permitted")
        assert answer.json()["details"] == {"permission": "sample:write"}


async def test_a_tenant_is_known_by_its_host_or_the_keys_prefix(house, database, lanes):
    name, host = f"t{secrets.token_hex(6)}", f"{secrets.token_hex(6)}.example"
    other = await create_tenant(database, name, host_names=[host])
    try:
        theirs = House(database, lanes, other)
        async with theirs.client(theirs.token(), host=host) as client:
            answer = await client.post("/api/v1/note-counts", json={"text": "four"})
            assert answer.json() == 4
        async with house.client(house.token(), host=host) as client:
            # The host names a tenant, and to that one the key of another is unknown.
            assert_problem(await client.get("/api/v1/notes"), 401, "unauthenticated")
        async with house.client(host=host) as client:
            assert (await client.post("/api/v1/note-counts", json={"text": "a"})).json() == 1
        async with house.client() as client:
            answer = await client.post("/api/v1/note-counts", json={"text": "a"})
            assert_problem(answer, 401, "unauthenticated")
    finally:
        await drop_tenant(database, name)


async def test_a_browser_is_not_used_by_another_site(house):
    cookie = {"Cookie": f"__Host-crosslane={house.token()}"}
    foreign = [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ]
    async with house.client() as client:
        for headers in foreign:
            answer = await client.post(
                "/api/v1/notes", json={"text": "x"}, headers=cookie | key() | headers
            )
            assert_problem(answer, 403, "foreign-site")
            assert (await client.get("/api/v1/notes", headers=cookie | headers)).status_code == 200
        own = {"Origin": "http://unknown.example", "Sec-Fetch-Site": "same-origin"}
        answer = await client.post(
            "/api/v1/notes", json={"text": "x"}, headers=cookie | key() | own
        )
        assert answer.status_code == 201


async def test_too_many_requests_are_told_when_to_come_again(house, database, lanes):
    slow = House(database, lanes, house.tenant, known_rate=Rate(per_second=1 / 60, burst=2))
    async with slow.client(slow.token()) as client:
        statuses = [(await client.get("/api/v1/notes")).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        answer = await client.get("/api/v1/notes")
        assert_problem(answer, 429, "too-many-requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 61


async def test_guessing_keys_is_slowed_down(house, database, lanes, monkeypatch):
    assert Rate(per_second=0.5, burst=20) == FAILURE_RATE
    # So slow that no guess comes back while the machine makes these.
    slow = Rate(per_second=1 / 3600, burst=FAILURE_RATE.burst)
    monkeypatch.setattr("crosslane.platform.web.gate.FAILURE_RATE", slow)
    async with House(database, lanes, house.tenant).client("nonsense") as client:
        statuses = [(await client.get("/api/v1/notes")).status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5


async def test_the_trace_goes_with_the_command(client, database, tenant):
    headers = key() | {"traceparent": TRACEPARENT}
    await client.post("/api/v1/notes", json={"text": "x"}, headers=headers)
    async with database.transaction(tenant) as tx:
        assert await tx.fetchval("select trace from sample_note") in TRACEPARENT
