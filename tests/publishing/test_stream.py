"""The stream: all public events once, those of a subject in order, whoever writes and dies."""

import asyncio
import itertools
import json
import random
import sys
from pathlib import Path

import pytest

from crosslane import catalog, customers, publishing
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.log import run_reaction
from crosslane.publishing.errors import (
    EventsForgotten,
    EventsUndone,
    UnknownCursor,
    UnknownEventKind,
)
from crosslane.publishing.service import publishing as service
from tests.publishing.conftest import House, closed, placed

WRITERS, TRANSACTIONS = 6, 12
SUBJECTS = [new_id() for _ in range(5)]


async def read_all(house: House, after: str = "", **how) -> tuple[list, str]:
    found: list = []
    while True:
        page = await house.read(after=after, **how)
        found += page.items
        after = page.next_cursor
        if not page.more:
            return found, after


async def test_events_are_told_in_the_form_others_read(house):
    event = placed("web")
    await house.happen(event)
    assert (await house.read()).items == []  # a moment before they are in the stream
    await house.publish()
    [told] = (await house.read()).items
    assert (told.type, told.subject, told.sequence) == (
        "orders.order_placed",
        f"order:{event.order_id}",
        "1",
    )
    assert told.channel == "web"
    assert told.data == {
        "order_id": str(event.order_id),
        "channel": "web",
        "lines": 1,
        "gross_minor": 100,
        "currency": "GBP",
    }
    assert (told.source, told.specversion) == (f"urn:crosslane:{house.tenant}", "1.0")
    await house.sound()


async def test_what_is_not_public_is_not_told(house):
    from crosslane.channels import MessageReceived

    inside = MessageReceived(message_id=new_id(), channel="web", source_id="7")
    await house.happen(inside, closed())
    await house.publish()
    assert [one.type for one in (await house.read()).items] == ["orders.order_closed"]
    await house.sound()


async def test_a_page_is_of_kinds_and_channels(house):
    forgotten = customers.CustomerForgotten(customer_id=new_id())
    await house.happen(placed("web"), forgotten, placed("app"), closed())
    await house.publish()
    types = [one.type for one in (await house.read(kinds=["customers.*"])).items]
    assert types == ["customers.customer_forgotten"]
    assert [one.channel for one in (await house.read(channels=["app"])).items] == ["app"]
    assert len((await house.read(kinds=["orders.*", "customers.*"])).items) == 4
    with pytest.raises(UnknownEventKind):
        await house.read(kinds=["orders.nothing"])


async def test_rare_kinds_cost_no_more_than_a_stretch(house, monkeypatch):
    monkeypatch.setattr("crosslane.publishing.service.reading.LOOKED_AT_MAX", 4)
    forgotten = customers.CustomerForgotten(customer_id=new_id())
    await house.happen(*(closed() for _ in range(9)), forgotten)
    await house.publish()
    page = await house.read(kinds=["customers.*"])
    assert (page.items, page.more) == ([], True)
    found, cursor = await read_all(house, page.next_cursor, kinds=["customers.*"])
    assert len(found) == 1
    assert (await house.read(after=cursor)).items == []


async def test_latest_begins_with_what_comes(house):
    assert (await house.read(after=publishing.LATEST)).items == []
    first = (await house.read(after=publishing.LATEST)).next_cursor
    await house.happen(closed())
    await house.publish()
    latest = (await house.read(after=publishing.LATEST)).next_cursor
    assert len((await house.read(after=first)).items) == 1
    assert (await house.read(after=latest)).items == []


async def test_what_is_not_kept_any_more_is_said(house):
    await house.happen(closed(), closed())
    await house.publish()
    behind_first = (await house.read(limit=1)).next_cursor
    old = f"now() - interval '{service.STREAM_DAYS + 1} days'"
    await house.execute(f"update publishing_event set at = {old} where place <= 2")  # noqa: S608
    await house.happen(closed())
    await house.publish()
    async with house.transaction() as tx:
        assert not await service.forget(tx)
    with pytest.raises(EventsForgotten) as forgotten:
        await house.read(after=behind_first)
    assert len((await house.read()).items) == 1
    assert len((await house.read(after=forgotten.value.details["next_cursor"])).items) == 1
    await house.execute("delete from publishing_event")
    with pytest.raises(EventsForgotten):
        await house.read(after=behind_first)
    assert (await house.read()).items == []


async def test_a_restored_backup_skips_nothing_and_says_what_is_undone(house):
    await house.happen(*(closed() for _ in range(4)))
    await house.publish()
    behind_two = (await house.read(limit=2)).next_cursor
    _, cursor = await read_all(house)
    # The backup had two of the four, one of them not told yet, and its server counted further.
    await house.execute("delete from publishing_event where place > 1")
    await house.execute("update publishing_head set last_place = 1")
    await house.execute(
        "delete from platform_log where id > (select min(id) + 1 from platform_log)"
    )
    await house.execute("update platform_log set txid = (8000000000 + id)::text::xid8")
    await house.execute(
        "update platform_cursor c set txid = l.txid, id = l.id"
        " from (select txid, id from platform_log order by id limit 1) l"
    )
    with pytest.raises(UnknownCursor):
        await house.read(after=cursor)
    async with house.transaction() as tx:
        assert await log.begin_epoch(tx) == 2
    fresh = [closed() for _ in range(5)]
    await house.happen(*fresh)
    for _ in range(3):  # reads the old epoch to its end, enters the new one, reads that
        await house.publish()
    for lost, late in ((3, cursor), (1, behind_two)):
        with pytest.raises(EventsUndone) as undone:
            await house.read(after=late)
        assert undone.value.details["lost"] == lost
        found, _ = await read_all(house, undone.value.details["next_cursor"])
        assert [one.data["order_id"] for one in found[1:]] == [str(one.order_id) for one in fresh]
        assert len({one.id for one in found}) == 6
    with pytest.raises(UnknownCursor):
        await house.read(after="nonsense")


async def test_a_batch_of_thousands_is_read_in_pages(house):
    changes = [
        catalog.ProductsChanged(change_id=new_id(), product_ids=(), variant_ids=())
        for _ in range(700)
    ]
    await house.happen(*changes)
    await house.publish()
    found, _ = await read_all(house, limit=250)
    assert [one.data["change_id"] for one in found] == [str(one.change_id) for one in changes]
    await house.sound()


async def write(house: House, chance: random.Random) -> list[str]:
    """Write as many transactions at once do: they lock subjects late and end in any order."""
    wrote: list[str] = []
    for _ in range(TRANSACTIONS):
        chosen = chance.sample(SUBJECTS, chance.randint(1, 3))
        async with house.transaction() as tx:
            # Its number is given out now, before it waits for any subject.
            await tx.fetchval("select pg_current_xact_id()")
            await asyncio.sleep(chance.random() / 50)
            await log.append(tx, [closed(subject) for subject in chosen])
        wrote += [f"order:{subject}" for subject in chosen]
    return wrote


async def test_racing_writers_and_a_killed_consumer_lose_and_repeat_nothing(
    house, postgres_url, tmp_path
):
    file = Path(tmp_path) / "kept.jsonl"
    chance = random.Random(20300501)  # noqa: S311

    async def begin() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.publishing.consumer",
            *(postgres_url, house.tenant, str(file)),
        )

    def kept() -> list[list]:
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        return [one for line in whole for one in json.loads(line)["told"]]

    writing = asyncio.gather(
        *(write(house, random.Random(chance.random())) for _ in range(WRITERS))  # noqa: S311
    )
    consumer, seen, kills = await begin(), 0, 0
    while not writing.done() or len(kept()) < sum(map(len, writing.result())):
        assert consumer.returncode is None
        await run_reaction(house.database, house.tenant, publishing.REACTIONS[0])
        if kills < 3 and len(kept()) > seen:
            consumer.kill()
            await consumer.wait()
            seen, kills = len(kept()) + 20, kills + 1
            consumer = await begin()
        await asyncio.sleep(0.005)
    consumer.kill()
    await consumer.wait()
    wrote, told = list(itertools.chain(*await writing)), kept()
    assert kills > 0
    assert len({name for name, *_ in told}) == len(told) == len(wrote)
    for subject in set(wrote):
        numbers = [no for _, of, no in told if of == subject]
        assert numbers == list(range(1, wrote.count(subject) + 1))
    await house.sound()
