"""Documents that are posted: each is known by a key of its own, and kept under its first number."""

from collections.abc import Iterator

import msgspec
import pytest

from crosslane.channels import FAMILIES
from crosslane.channels.adapters.orders_jsonl import ORDERS_JSONL
from crosslane.channels.adapters.telling import Document, Later, Outcome, Telling
from crosslane.platform.database import Database
from crosslane.platform.log import run_reaction
from tests.channels.bazaar import order
from tests.channels.partner import Partner
from tests.channels.talking import Talking, allowed, open_talking

network = pytest.fixture(allowed)


@pytest.fixture
def partner(network) -> Iterator[Partner]:
    started = Partner()
    yield started
    started.kill()


@pytest.fixture
async def talking(database: Database, tenant: str) -> Talking:
    return await open_talking(database, tenant)


async def test_what_is_said_meanwhile_is_not_taken_for_what_was_told(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.fault("error_after")
    await talking.sell(order("B-1"))
    # A message that has failed often waits longer than its channel is left alone.
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("update channels_pace set ready_at = now()")
    await talking.tell(order("B-2"))
    for reaction in talking.reactions * 3:
        await run_reaction(talking.database, talking.tenant, reaction)
    await talking.hurry()
    await talking.settle()
    assert {line["order"] for line in partner.lines()} == {"B-1", "B-2"}
    assert await talking.said() == [("order_reply", "told")] * 2


async def test_every_document_has_a_key_and_the_number_it_was_kept_under_first(
    talking, partner, monkeypatch
):
    troubles = [Later("not yet")]

    def tell_each(messages, talk):
        for one in messages:
            for copy in ("first", "second"):
                name = f"{copy}-{one.number}.jsonl"
                body = msgspec.json.encode({"order": one.message.order, "copy": copy})
                yield Document(name=name, media_type="application/jsonl", body=body)
            if troubles:
                raise troubles.pop()
        return [Outcome() for _ in messages]

    telling = Telling(tell=tell_each, at_once_max=9)
    family = msgspec.structs.replace(
        ORDERS_JSONL, name="two-copies", tells={"order_reply": telling}
    )
    monkeypatch.setitem(FAMILIES.load(), family.name, family)
    await talking.connect(f"{partner.url}/inbox", format="two-copies")
    await talking.tell(order("B-1"), format="two-copies")
    await talking.settle()
    await talking.hurry()
    await talking.settle()
    assert {line["copy"] for line in partner.lines()} == {"first", "second"}
    assert await talking.said() == [("order_reply", "told")]
    (one,) = await talking.outgoing()
    assert one.tries == 2
    await talking.assert_sound()
