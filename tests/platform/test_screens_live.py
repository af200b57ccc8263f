"""Live pages: one look into the log for all who listen, which ends with the session."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from crosslane.platform import log
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Event
from crosslane.platform.screens import live
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import KEY, Token, new_token
from crosslane.platform.web import Gate, build_app

PATIENCE_SECONDS = 20


class Whistled(Event):
    name: str

    @property
    def subject(self) -> str:
        return f"whistle:{self.name}"


class Hall:
    """An application whose streams can be read while they go on, which clients of HTTP cannot."""

    def __init__(self, app: Any, token: str) -> None:
        self.app = app
        self.token = token
        self.is_open = True

    @asynccontextmanager
    async def stream(self) -> AsyncIterator["Reader"]:
        reader = Reader()
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/live",
            "raw_path": b"/live",
            "query_string": b"",
            "headers": [
                (b"host", b"shop.example"),
                (b"authorization", f"Bearer {self.token}".encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("shop.example", 80),
            "scheme": "http",
            "root_path": "",
            "http_version": "1.1",
            "asgi": {"version": "3.0"},
            "state": {},
            "extensions": {},
        }
        task = asyncio.create_task(self.app(scope, reader.receive, reader.send))
        try:
            yield reader
        finally:
            reader.gone.set()
            await asyncio.wait_for(task, PATIENCE_SECONDS)


class Reader:
    def __init__(self) -> None:
        self.status = 0
        self.heard = b""
        self.ended = False
        self.gone = asyncio.Event()
        self._news = asyncio.Condition()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        async with self._news:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.heard += message.get("body", b"")
                self.ended = not message.get("more_body", False)
            self._news.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(holds)


@pytest.fixture
async def hall(database: Database, lanes: Lanes, tenant: str, monkeypatch) -> Hall:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.02)
    found = await find_tenant(database, name=tenant)
    token = new_token(KEY, found.key_prefix)
    made: list[Hall] = []

    async def identify(_: object, shown: Token) -> Actor | None:
        known = made[0].is_open and str(shown) == str(token)
        return Actor("staff", token.id, frozenset(["auth:self"])) if known else None

    gate = Gate(secret_key=b"test")
    gate.open(database, lanes, identify)
    made.append(Hall(build_app(live.ROUTES, gate), str(token)))
    return made[0]


async def whistle(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await log.append(tx, [Whistled(name="kettle")])


async def test_who_listens_is_told_what_changed(hall: Hall, database, tenant):
    async with hall.stream() as one, hall.stream() as other:
        await one.until(lambda: b"retry" in one.heard)
        await other.until(lambda: b"retry" in other.heard)
        assert len(live._watches) == 1
        # The first look is told nothing, so it is told again until it has been heard.
        while b"data:" not in one.heard or b"data:" not in other.heard:
            await whistle(database, tenant)
            await asyncio.sleep(0.02)
        topic = Whistled.kind().partition(".")[0]
        assert (one.status, f"data: {topic}\n\n".encode() in one.heard) == (200, True)
    assert live._watches == {}


async def test_a_stream_ends_with_the_session(hall: Hall, monkeypatch):
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.02)
    async with hall.stream() as one:
        await one.until(lambda: live.BEAT in one.heard)
        hall.is_open = False
        await one.until(lambda: one.ended)
        assert one.heard.endswith(live.GOODBYE)
    async with hall.stream() as refused:
        await refused.until(lambda: refused.ended)
        assert refused.status == 401


async def test_a_stream_ends_after_some_time(hall: Hall, monkeypatch):
    monkeypatch.setattr(live, "STREAM_SECONDS_MAX", 0.05)
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.02)
    async with hall.stream() as one:
        await one.until(lambda: one.ended)
        assert live.GOODBYE not in one.heard


@pytest.mark.parametrize(
    "limit", ["STREAMS_PER_CALLER_MAX", "STREAMS_PER_TENANT_MAX", "STREAMS_MAX"]
)
async def test_there_are_so_many_streams_and_no_more(hall: Hall, monkeypatch, limit: str):
    monkeypatch.setattr(live, limit, 1)
    async with hall.stream() as one:
        await one.until(lambda: b"retry" in one.heard)
        async with hall.stream() as more:
            await more.until(lambda: more.ended)
            assert more.status == 503
    async with hall.stream() as again:
        await again.until(lambda: b"retry" in again.heard)


async def test_news_are_what_could_not_be_seen_before(database: Database, tenant: str):
    async with database.transaction(tenant) as under_way:
        await under_way.execute("select pg_current_xact_id()")
        await log.append(under_way, [Whistled(name="train")])
        async with database.transaction(tenant, read_only=True) as tx:
            seen = (await log.news(tx)).seen
    # It began before that look, and ended after it.
    async with database.transaction(tenant, read_only=True) as tx:
        found = await log.news(tx, seen)
        assert len(found.kinds) == 1
        assert (await log.news(tx, found.seen)).kinds == ()
