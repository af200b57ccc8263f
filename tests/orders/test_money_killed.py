"""Worker and web process are killed at every point of a refund or redemption: money moves once.

A process that was killed is started again, and killed at the next point, until one lives.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from crosslane import organization, payments
from crosslane.app import REACTIONS
from crosslane.orders import RETRY_MONEY, RetryMoney
from crosslane.platform import auth
from crosslane.platform.database import Database
from crosslane.platform.http_server import listen
from crosslane.platform.lane import Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.seals import use_secret
from crosslane.verify import verify
from tests.forking import Begun, begin
from tests.orders.test_money_problems import Till
from tests.orders.world import HOME, set_policy, view
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider, eventually
from tests.running import LOOPBACK

use_secret(b"a secret of the tests alone")

KILLED = -9
SECONDS_MAX = 180.0
ROUNDS = 6
CALL_POINTS = [
    "effects.after_claim",
    "effects.before_call",
    "effects.after_call",
    "effects.before_commit",
    "effects.after_commit",
    "reaction.before_commit",
    "reaction.after_commit",
]
WEB_POINTS = ["lane.before_commit", "lane.after_commit", "web.before_answer", "web.after_answer"]


class Processes:
    """Starts processes on the tests' database, each to be killed at a point."""

    def __init__(self, url: str, home: Path) -> None:
        self.environment = {
            **os.environ,
            "CROSSLANE_HOME": str(home),
            "CROSSLANE_OUTBOUND_ALLOW": LOOPBACK,
            "DATABASE_URL": url,
        }

    def start(self, kind: str, fault: str, *args: str, file: int | None = None) -> Begun:
        environment = self.environment | ({"CROSSLANE_FAULT": f"{fault}=kill"} if fault else {})
        module = f"crosslane.cli.{kind}_process"
        files = {} if file is None else {file: file}
        return begin(module, *args, environment=environment, files=files)

    async def work(self, faults: list[str], done: Callable[[], Awaitable[bool]]) -> None:
        """Let worker after worker be killed at its point, and the last one finish."""
        for fault in faults:
            worker = self.start("worker", fault)
            async with asyncio.timeout(SECONDS_MAX):
                assert await worker.wait() == KILLED, fault
        worker = self.start("worker", "")
        try:
            await eventually(done)
        finally:
            worker.terminate()
            await worker.wait()

    async def ask(self, opened: socket.socket, faults: list[str], send) -> httpx.Response:
        """Ask web process after web process the same; return what the one that lives answers."""
        file = opened.fileno()
        for fault in faults:
            web = self.start("web", fault, str(file), file=file)
            async with asyncio.timeout(SECONDS_MAX):
                try:
                    answer = await send()
                    # Killed only after it had answered.
                    assert fault == "web.after_answer", (fault, answer.status_code)
                except httpx.TransportError:
                    pass
                assert await web.wait() == KILLED, fault
        web = self.start("web", "", str(file), file=file)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                return await send()
        finally:
            web.terminate()
            await web.wait()


@pytest.fixture
async def till(database: Database, shop: str, lanes: Lanes, payment_provider: FakeProvider) -> Till:
    async with database.transaction(shop) as tx:
        settings = payments.PutProvider(
            "house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET
        )
        await payments.put_provider(tx, settings)
    return Till(database, shop, lanes)


@pytest.fixture
def processes(postgres_url: str, tmp_path: Path) -> Processes:
    return Processes(postgres_url, tmp_path)


@pytest.fixture
async def key(till: Till) -> str:
    """An API key that may do everything."""
    async with till.database.transaction(till.tenant) as tx:
        return await auth.bootstrap(tx)


async def put_off(till: Till, *, refunds_too: bool = False) -> None:
    """React to everything, and let nothing be due but refunds."""
    for _ in range(ROUNDS):
        for reaction in REACTIONS:
            await run_reaction(till.database, till.tenant, reaction)
    async with till.database.transaction(till.tenant) as tx:
        await tx.execute(
            "update platform_effect set due_at = now() + interval '1 day'"
            " where key not like 'payments.refund:%' or $1",
            refunds_too,
        )


async def sound(till: Till) -> None:
    for _ in range(ROUNDS):
        for reaction in REACTIONS:
            await run_reaction(till.database, till.tenant, reaction)
    async with till.database.transaction(till.tenant) as tx:
        assert await verify(tx) == []


async def test_a_refund_to_a_card_is_given_once_whenever_the_worker_is_killed(
    till: Till, payment_provider: FakeProvider, processes: Processes
):
    placed = await till.cancel_refused(payment_provider)
    await till.lanes.run(till.tenant, RETRY_MONEY, "again", RetryMoney(placed.id))
    await put_off(till)

    async def given() -> bool:
        shown = await view(till.database, till.tenant, placed.id)
        return all(p.resolved_at for p in shown.money.problems)

    await processes.work(CALL_POINTS, given)
    shown = await view(till.database, till.tenant, placed.id)
    assert shown.money.refunded_minor == placed.gross_minor
    assert (await payment_provider.sums())["refund"] == placed.gross_minor
    await sound(till)


async def test_a_refund_to_stored_value_is_given_once_whenever_the_web_process_is_killed(
    till: Till, payment_provider: FakeProvider, processes: Processes, key: str
):
    placed = await till.cancel_refused(payment_provider)
    await put_off(till, refunds_too=True)
    async with till.database.transaction(till.tenant) as tx:
        channel = (await organization.book(tx)).channel("web")
        wish = payments.StoredWish("mf", channel.id, "GBP", uuid4())
        (account,) = await payments.store_credits(tx, [wish])
    to = {"method": "stored_value", "account": str(account)}
    body = {"order_id": str(placed.id), "to": to}
    answer = await post(processes, key, "order-money-retries", body)
    assert answer.status_code == 201, answer.text
    assert await balance(till, account) == (placed.gross_minor, 0, 1)
    shown = await view(till.database, till.tenant, placed.id)
    assert shown.money.refunded_minor == placed.gross_minor
    await sound(till)


async def test_a_gift_card_pays_once_whenever_the_web_process_is_killed(
    till: Till, processes: Processes, key: str
):
    async with till.database.transaction(till.tenant) as tx:
        await set_policy(tx, "orders.intake", {"card_terms": "prepaid"}, "web")
        channel = (await organization.book(tx)).channel("web")
        (account,) = await payments.open_gift_cards(tx, [channel.id])
        loaded = payments.PayOut(
            cause_kind="test.gift",
            cause_id="1",
            channel_id=channel.id,
            method="stored_value",
            currency="GBP",
            minor=10_000,
            at=tx.now,
            account=account,
        )
        await payments.pay_out(tx, [loaded])
    body = {
        "channel": "web",
        "source_id": "killed-1",
        "ship_to": msgspec.to_builtins(HOME),
        "lines": [{"sku": "LAMP", "quantity": 2}],
        "tenders": [{"method": "stored_value", "account": str(account)}],
    }
    answer = await post(processes, key, "orders", body)
    assert answer.status_code == 201, answer.text
    paid = answer.json()["gross_minor"]
    assert await balance(till, account) == (10_000 - paid, 0, 2)
    await sound(till)


async def post(processes: Processes, key: str, path: str, body: dict) -> httpx.Response:
    """Ask the same of web processes that are killed, with one key."""
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "the same"}
    (opened,) = listen("127.0.0.1", 0, 1)
    url = f"http://127.0.0.1:{opened.getsockname()[1]}/api/v1/{path}"

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(timeout=SECONDS_MAX, trust_env=False) as client:
            return await client.post(url, json=body, headers=headers)

    with opened:
        return await processes.ask(opened, WEB_POINTS, send)


async def balance(till: Till, account: UUID) -> tuple[int, int, int]:
    """Return what an account holds, what is set aside, and how many lines its journal has."""
    async with till.database.transaction(till.tenant) as tx:
        row = await tx.fetchrow(
            "select a.balance_minor, a.held_minor, count(e.id) from payments_account a"
            " join payments_account_entry e on e.account_id = a.id where a.id = $1 group by a.id",
            account,
        )
    return tuple(row)
