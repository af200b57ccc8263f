"""Bodies that come at the same moment: kept in one transaction, each as if it had come alone."""

import asyncio
import json

import msgspec
import pytest

from crosslane.channels import Received
from crosslane.channels.service.intake import RECEIVE, TOGETHER_RECORDS_MAX, Receive
from crosslane.channels.storage.batches import list_batches
from crosslane.kernel import Refusal
from crosslane.organization import UnknownChannel
from crosslane.platform.actor import Actor
from crosslane.platform.lane import Command, NotTogether
from tests.channels.bazaar import Bazaar, order


async def body(bazaar: Bazaar, number: str, units: int = 1, delivery: str = "", **how) -> Receive:
    wish = await bazaar.read(json.dumps(order(number, ("MUG", units))), **how)
    return msgspec.structs.replace(wish, delivery=delivery)


def asked(*wishes: Receive) -> list[Command[Receive]]:
    return [
        Command(f"k-{n}", Actor("system", f"sender-{n}"), wish, trace=f"t-{n}")
        for n, wish in enumerate(wishes)
    ]


async def take(bazaar: Bazaar, *wishes: Receive) -> tuple[list[Received | Refusal], int]:
    """Return what bodies are answered, and the statements that all of them cost."""
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        before = tx.statements
        answers = list(await RECEIVE.handle(tx, asked(*wishes)))
        return answers, tx.statements - before


async def test_each_is_answered_and_kept_as_if_it_had_come_alone(bazaar: Bazaar):
    wishes = [
        await body(bazaar, "A", delivery="d-1"),
        await body(bazaar, "A", delivery="d-1"),
        await body(bazaar, "A", delivery="d-2"),
        await body(bazaar, "A", units=2, delivery="d-3"),
        msgspec.structs.replace(await body(bazaar, "C"), channel="nowhere"),
        await body(bazaar, "B"),
    ]
    (first, twin, same, other, lost, plain), _ = await take(bazaar, *wishes)
    assert isinstance(lost, UnknownChannel)
    assert (twin.id, twin.counts) == (first.id, {})
    told = [one.counts for one in (first, same, other, plain)]
    assert told == [{"received": 1}, {"repeated": 1}, {"quarantined": 1}, {"received": 1}]
    async with bazaar.database.transaction(bazaar.tenant, read_only=True) as tx:
        kept = {one.id: one for one in await list_batches(tx, limit=9)}
    senders = [(kept[one.id].received_by, kept[one.id].trace) for one in (first, same, plain)]
    assert senders == [(f"system:sender-{n}", f"t-{n}") for n in (0, 2, 5)]
    assert len(kept) == 4
    await bazaar.work()
    found = {(one.batch_id, one.state, one.code) for one in await bazaar.messages()}
    assert found == {
        (first.id, "applied", ""),
        (same.id, "repeated", ""),
        (other.id, "quarantined", "version-reused"),
        (plain.id, "applied", ""),
    }
    again, _ = await take(bazaar, await body(bazaar, "A", delivery="d-3"))
    assert [one.id for one in again] == [other.id]
    await bazaar.assert_sound()


async def test_many_cost_as_many_statements_as_one(bazaar: Bazaar):
    # The first learns what is kept in memory from then on.
    await take(bazaar, await body(bazaar, "A"))
    _, alone = await take(bazaar, await body(bazaar, "B", delivery="B"))
    many = [await body(bazaar, f"B-{n}", delivery=f"B-{n}") for n in range(20)]
    _, together = await take(bazaar, *many)
    assert together == alone


@pytest.mark.parametrize("what", ["kept back", "many"])
async def test_what_may_hold_others_up_or_give_way_is_kept_alone(bazaar: Bazaar, what: str):
    plain = await body(bazaar, "A")
    text = (
        "no JSON"
        if what == "kept back"
        else "\n".join(json.dumps(order(f"B-{n}", ("MUG", 1))) for n in range(TOGETHER_RECORDS_MAX))
    )
    large = await bazaar.read(text)
    with pytest.raises(NotTogether):
        await take(bazaar, plain, large)
    answers = await asyncio.gather(
        *(bazaar.lanes.submit(bazaar.tenant, RECEIVE, command) for command in asked(plain, large))
    )
    state = "quarantined" if what == "kept back" else "received"
    counts = [answer.outcome.counts for answer in answers]
    assert counts == [{"received": 1}, {state: len(large.readings)}]
