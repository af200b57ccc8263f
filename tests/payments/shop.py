"""Orders to be paid, and a worker that calls when told to."""

from datetime import UTC, datetime
from uuid import UUID

from tests.payments.fake import FakeProvider, eventually

from crosslane import payments
from crosslane.payments import (
    Method,
    MoneyRequest,
    NewTender,
    Terms,
)
from crosslane.platform import log
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.verify import verify

NOON = datetime(2011, 1, 4, 12, tzinfo=UTC)
CUSTOMER = UUID(int=7)
CHANNEL = UUID(int=8)
TOKEN = "tok_1"


def card(order_id: UUID, minor: int = 1000, terms=Terms.PER_PARCEL, token=TOKEN) -> NewTender:
    return NewTender(
        order_id=order_id,
        channel_id=CHANNEL,
        method=Method.CARD,
        terms=terms,
        currency="GBP",
        minor=minor,
        at=NOON,
        provider="house",
        token=token,
    )


def local(order_id: UUID, method: Method, minor: int, terms=Terms.PER_PARCEL) -> NewTender:
    account = CUSTOMER if method is Method.ON_ACCOUNT else None
    return NewTender(
        order_id=order_id,
        channel_id=CHANNEL,
        method=method,
        terms=terms,
        currency="GBP",
        minor=minor,
        at=NOON,
        credit_account=account,
    )


def request(order_id: UUID, minor: int | None, cause: str = "1") -> MoneyRequest:
    return MoneyRequest(
        order_id=order_id, minor=minor, cause_kind="test.parcel", cause_id=cause, at=NOON
    )


class Shop:
    """A tenant with orders to be paid."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant
        self.runner = Runner(database, payments.EFFECTS)
        self.planted = False

    def transaction(self):
        return self.database.transaction(self.tenant)

    async def open(self, *tenders: NewTender) -> list:
        async with self.transaction() as tx:
            return await payments.open_tenders(tx, tenders)

    async def do(self, door, *requests: MoneyRequest) -> list:
        async with self.transaction() as tx:
            return await door(tx, requests)

    async def money(self, order_id: UUID):
        async with self.transaction() as tx:
            return (await payments.money_by_order(tx, [order_id]))[order_id]

    async def call(self, rounds: int = 1) -> None:
        """Let the worker make every call that is due; again for what follows from it."""
        for _ in range(rounds):
            while await self.runner.start_due(self.tenant):
                await self.runner.drain()

    async def call_until(self, wanted) -> None:
        async def called() -> bool:
            await self.call()
            return await wanted()

        await eventually(called)

    async def end(self) -> None:
        """Leave nothing wrong behind, except what a test has planted."""
        if not self.planted:
            async with self.transaction() as tx:
                assert await verify(tx) == []

    async def told(self, payment_id: UUID) -> list[str]:
        async with self.transaction() as tx:
            entries = await log.history(tx, f"payment:{payment_id}")
        return [entry.kind.removeprefix("payments.") for entry in entries]


async def decided(shop: Shop, order: UUID) -> bool:
    return not (await shop.money(order)).undecided


async def settled(shop: Shop, order: UUID) -> bool:
    return (await shop.money(order)).pending_minor == 0


async def captured(provider: FakeProvider) -> bool:
    return (await provider.sums())["capture"] > 0


async def voided(shop: Shop, order: UUID) -> bool:
    return (await shop.money(order)).voided_minor == 1000


async def make_due(shop: Shop) -> None:
    async with shop.transaction() as tx:
        await tx.execute("update platform_effect set due_at = now() where state = 'due'")
