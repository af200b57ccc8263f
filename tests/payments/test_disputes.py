"""What a provider takes back is booked once, in whatever order its messages come."""

import itertools
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook
from tests.payments.fake import WEBHOOK_SECRET, FakeProvider, eventually
from tests.payments.inbox import Inbox
from tests.payments.shop import Shop, card, request

from crosslane import payments
from crosslane.kernel import Refusal
from crosslane.payments import Terms
from crosslane.payments.service.messages import Received, receive
from crosslane.platform.actor import SYSTEM
from crosslane.platform.lane import Command


def told(reference: str, status: str, name: str = "", *, minor: int = 400, currency: str = "GBP"):
    """Return a signed message about the dispute dp_1 as it arrives."""
    said = {
        "id": "dp_1",
        "authorization": reference,
        "minor": minor,
        "currency": currency,
        "status": status,
        "reason": "fraudulent",
        "at": "2011-01-09T10:00:00Z",
    }
    body, now, name = json.dumps({"dispute": said}).encode(), datetime.now(UTC), name or status
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(WEBHOOK_SECRET).sign(name, now, body.decode()),
    }
    return Command(str(uuid4()), SYSTEM, Received("house", headers, body))


class Paid:
    """An order that a card has paid."""

    def __init__(self, shop: Shop, order: UUID, payment_id: UUID, reference: str) -> None:
        self.shop, self.order, self.payment_id, self.reference = shop, order, payment_id, reference

    async def hear(self, *messages) -> list[str]:
        async with self.shop.transaction() as tx:
            answers = await receive(tx, messages)
        return [a.code if isinstance(a, Refusal) else a.state for a in answers]

    async def amounts(self) -> tuple[int, int, int]:
        money = await self.shop.money(self.order)
        return money.refunded_minor, money.charged_back_minor, money.refundable_minor

    async def told(self) -> list[str]:
        return (await self.shop.told(self.payment_id))[2:]


@pytest.fixture
async def paid(shop: Shop, provider: FakeProvider) -> Paid:
    order = uuid4()
    (opened,) = await shop.open(card(order, terms=Terms.PREPAID))
    await shop.call(2)
    reference = next(o["id"] for o in await provider.operations() if o["kind"] == "authorize")
    return Paid(shop, order, opened.payment_id, reference)


async def test_a_dispute_takes_money_back_and_losing_it_changes_nothing_more(paid: Paid):
    assert await paid.hear(told(paid.reference, "opened")) == ["applied"]
    assert await paid.amounts() == (0, 400, 600)
    assert await paid.hear(told(paid.reference, "opened"), told(paid.reference, "lost")) == [
        "known",
        "applied",
    ]
    assert await paid.amounts() == (0, 400, 600)
    assert await paid.told() == ["PaymentChargedBack", "ChargebackLost"]


@pytest.mark.parametrize("order", list(itertools.permutations(["opened", "won", "opened"])))
async def test_a_dispute_that_is_won_gives_the_money_back_in_any_order(paid: Paid, order):
    for number, status in enumerate(order):
        await paid.hear(told(paid.reference, status, f"{status}{number}"))
    assert await paid.amounts() == (0, 0, 1000)
    assert await paid.told() == ["PaymentChargedBack", "ChargebackWon"]


async def test_what_is_charged_back_cannot_be_refunded_as_well(paid: Paid):
    await paid.hear(told(paid.reference, "opened"))
    (answer,) = await paid.shop.do(payments.refund, request(paid.order, 601))
    assert isinstance(answer, payments.RefundAboveCaptured)


async def test_what_was_refunded_and_is_charged_back_too_is_not_lost_sight_of(paid: Paid):
    await paid.shop.do(payments.refund, request(paid.order, 800))
    await paid.shop.call()
    assert await paid.hear(told(paid.reference, "opened")) == ["applied"]
    assert await paid.amounts() == (800, 400, 0)
    async with paid.shop.transaction() as tx:
        kind = "payments.PaymentChargedBack"
        kept = await tx.fetchval("select body from platform_log where kind = $1", kind)
    body = json.loads(kept)
    assert (body["minor"], body["beyond_minor"], body["reason"]) == (400, 200, "fraudulent")
    await paid.hear(told(paid.reference, "won"))
    assert await paid.amounts() == (800, 0, 200)


async def test_what_contradicts_or_is_unknown_is_kept_for_a_person(paid: Paid):
    assert await paid.hear(
        told(paid.reference, "opened"),
        told(paid.reference, "opened", "2", minor=401),
        told(paid.reference, "opened", "3", currency="EUR"),
        told("auth_nobody", "opened", "4"),
        told(paid.reference, "won"),
        told(paid.reference, "lost"),
        told(paid.reference, "odd"),
        told(paid.reference, "opened", "5", minor=0),
    ) == [
        "applied",
        "contradicts",
        "contradicts",
        "unmatched",
        "applied",
        "contradicts",
        "bad-provider-message",
        "bad-provider-message",
    ]


async def test_a_real_provider_sends_them_twice_and_in_disorder(
    paid: Paid, provider: FakeProvider, api
):
    inbox = Inbox(api)
    await provider.messages(url=await inbox.listen(), repeat=2, reorder=True)
    first = await provider.dispute(paid.reference, 300)
    second = await provider.dispute(paid.reference, 700)
    await provider.decide(first, "won")
    await provider.decide(second, "lost")

    async def decided() -> bool:
        kinds = await paid.told()
        return kinds.count("ChargebackWon") == 1 and kinds.count("ChargebackLost") == 1

    await eventually(decided)
    assert await paid.amounts() == (0, 700, 300)
    assert (await paid.told()).count("PaymentChargedBack") == 2
    # The strict provider gives nothing back that a dispute has taken.
    answer = await provider.ask(
        f"/v1/authorizations/{paid.reference}/refunds", "k", minor=301, currency="GBP"
    )
    assert answer.json()["reason"] == "disputed"
    await inbox.close()
