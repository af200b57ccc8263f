"""A person is forgotten while a channel is told of its order: nothing of the order stays behind."""

import asyncio

import pytest

import crosslane.app  # noqa: F401 - declares the personal data of every module
from crosslane.channels.service.outgoing import RESEND, Resend
from crosslane.customers import EraseCustomer, erase
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Runner
from tests.channels.bazaar import order
from tests.channels.partner import Partner
from tests.channels.talking import EFFECTS, Talking, allowed, open_talking

network = pytest.fixture(allowed)
DOCUMENTS = "select convert_from(body, 'UTF8') from channels_document order by number"
SAID_OF = "select count(*) from channels_outgoing where said::text ~ $1 or message::text ~ $1"
WAITING = "select count(distinct pid) from pg_locks where not granted"
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
TURN_NUMBERS = """
update channels_outgoing o set number = 1000 - w.no, state = 'failed', code = 'x'
from (select id, row_number() over (order by id) as no from channels_outgoing) w where o.id = w.id
"""
HOLD_THE_SECOND = """
select id from channels_outgoing
where id = (select id from channels_outgoing order by id offset 1 limit 1) for update
"""


@pytest.fixture
async def talking(database: Database, tenant: str, network) -> Talking:
    opened = await open_talking(database, tenant)
    await opened.connect()
    await opened.settle()
    return opened


async def forget(talking: Talking, source_id: str) -> None:
    person = (await talking.order(source_id)).customer_id
    async with talking.database.transaction(talking.tenant) as tx:
        await erase(tx, EraseCustomer(person, "asked for it"))


async def documents(talking: Talking) -> list[str]:
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        return [row[0] for row in await tx.fetch(DOCUMENTS)]


class Interrupted(Runner):
    """A worker in which something happens between a call and what is saved of it."""

    def __init__(self, database: Database, meanwhile) -> None:
        super().__init__(database, EFFECTS)
        save = self._saver.save

        async def late(ending) -> None:
            await meanwhile()
            await save(ending)

        self._saver.save = late


async def tell_two(talking: Talking, meanwhile) -> None:
    """Tell of two people's orders together, and let something happen before that is saved."""
    other = {"name": "Bea Green", "email": "bea@example.com"}
    await talking.tell(order("B-1"), order("B-2", buyer=other))
    worker = Interrupted(talking.database, meanwhile)
    assert await worker.start_due(talking.tenant)
    await worker.drain()


async def test_a_document_of_who_was_forgotten_meanwhile_is_not_kept(talking: Talking):
    await tell_two(talking, lambda: forget(talking, "B-1"))
    assert not [body for body in await documents(talking) if "B-1" in body]
    # Nobody has fetched it, so what it said of others is said by another.
    await talking.settle()
    (only,) = [body for body in await documents(talking) if body]
    assert "B-2" in only
    assert "B-1" not in only
    assert await talking.said() == [("order_reply", "erased"), ("order_reply", "told")]
    await talking.assert_sound()


async def test_a_document_that_was_handed_over_is_blanked_and_not_told_again(talking: Talking):
    partner = Partner()
    try:
        await talking.connect(f"{partner.url}/inbox")
        await talking.settle()
        await tell_two(talking, lambda: forget(talking, "B-1"))
        await talking.settle()
        assert [told["order"] for told in partner.lines()] == ["B-1", "B-2"]
    finally:
        partner.kill()
    assert await documents(talking) == [""]
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        assert await tx.fetchval(SAID_OF, '"order": *\\\\*"B-1') == 0
    assert await talking.said() == [("order_reply", "erased"), ("order_reply", "told")]
    await talking.assert_sound()


async def test_who_is_forgotten_while_it_is_saved_is_forgotten_in_the_document_too(
    talking: Talking,
):
    """The erasure waits for what is saved, and then finds the document that is new."""
    await talking.tell(order("B-1"))
    async with talking.database.transaction(talking.tenant) as tx:
        # Whoever saves holds the row until it has ended.
        await tx.execute("select id from channels_outgoing for update")
        forgetting = asyncio.create_task(forget(talking, "B-1"))
        await until_waiting(tx, 1)
        await tx.execute(
            "insert into channels_document (channel, number, name, media_type, body, created_at)"
            " values ('bazaar', 1, 'late', 'text/plain', 'B-1', now())"
        )
        await tx.execute("update channels_outgoing set state = 'told', document = 1")
    await forgetting
    assert await documents(talking) == [""]


async def test_telling_again_and_forgetting_never_wait_for_each_other(talking: Talking):
    """Both protect messages in one order, whichever numbers they have."""
    await talking.tell(*(order(f"B-{n}") for n in range(1, 5)))
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute(TURN_NUMBERS)
    async with talking.database.transaction(talking.tenant) as tx:
        # Whoever comes has the messages before this one and waits for it.
        await tx.execute(HOLD_THE_SECOND)
        again = asyncio.create_task(
            talking.lanes.run(talking.tenant, RESEND, "again", Resend(channel="bazaar"))
        )
        await until_waiting(tx, 1)
        forgetting = asyncio.create_task(forget(talking, "B-1"))
        await until_waiting(tx, 2)
        deadlocks = await tx.fetchval(DEADLOCKS)
    await asyncio.gather(again, forgetting)
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("select pg_stat_force_next_flush()")
        assert await tx.fetchval(DEADLOCKS) == deadlocks


async def until_waiting(tx: Tx, sessions: int) -> None:
    """Wait until so many sessions wait for a lock."""
    async with asyncio.timeout(30):
        while await tx.fetchval(WAITING) < sessions:  # noqa: ASYNC110 - the server knows it alone
            await asyncio.sleep(0.005)
