"""Once, in any order: permutations, repetitions, killed workers, large files."""

import asyncio
import json
import os
import random
import tracemalloc
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from crosslane.channels import Fold, heard
from crosslane.channels.domain.messages import Message
from crosslane.kernel import format_instant
from crosslane.platform.database import Tx
from tests.channels.bazaar import Bazaar, about, order, snapshot
from tests.forking import begin_worker
from tests.soundness import list_findings

KILLED = -9
SECONDS_MAX = 180.0
FILE_RECORDS = 10_000
STATEMENTS_MAX = 200
# Parsing a file of five megabytes keeps about eight of these: text, records, what they say.
PEAK_PER_BYTE_MAX = 12


def told_of(number: str, now: str, earlier: str) -> list[dict]:
    """What a channel says of two orders and of a store, each in its own versions."""
    first, second = f"A-{number}", f"B-{number}"
    third = order(first, ("MUG", 3), ("SPOON", 2), source_version=3)
    third["lines"][0]["unit_price_milli"] = 90_000
    return [
        order(first, ("MUG", 1), ("LAMP", 1)),
        about("amendment", first, 2, lines=[{"id": "2", "quantity": 4}]),
        third,
        about("amendment", first, 4, lines=[{"id": "1", "quantity": 2}]),
        about(
            "amendment",
            first,
            5,
            lines=[{"id": "x", "sku": "SET", "quantity": 1, "unit_price_milli": 150_000}],
        ),
        order(second, ("SPOON", 5)),
        about("amendment", second, 2, lines=[{"id": "1", "quantity": 9}]),
        about("cancellation", second, 3),
        snapshot(f"S-{number}", earlier, LAMP=40),
        about("supply_delta", f"D-{number}", 1, location="S0001", event_at=now)
        | {"rows": [{"sku": "LAMP", "quantity": 2}]},
    ]


def folded(messages: list[dict], number: str) -> dict[str, int]:
    """Units of an order as they come out without a database, which has to be the same."""
    fold = Fold()
    for message in messages:
        fold.hear(heard(msgspec.convert(message, Message), counts=True))
    live, *_ = fold.state()["orders"][number]
    found: dict[str, int] = {}
    for units, sku, _ in live.values() if isinstance(live, dict) else ():
        found[sku] = found.get(sku, 0) + units
    # A bundle is told by its parts.
    for _ in range(found.pop("SET", 0)):
        found["MUG"] = found.get("MUG", 0) + 2
        found["SPOON"] = found.get("SPOON", 0) + 2
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_messages_in_any_order_and_number_end_in_the_same_state(bazaar: Bazaar, seed: int):
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        now = tx.now
    instants = [format_instant(now.replace(microsecond=n)) for n in (2, 1)]
    for number in range(3):
        messages = told_of(str(number), *instants)
        shuffled = messages + chance.choices(messages, k=5) if number else messages
        if number:
            chance.shuffle(shuffled)
        while shuffled:
            size = chance.randint(1, 4)
            await bazaar.tell(*shuffled[:size])
            shuffled = shuffled[size:]
        found = {name: await bazaar.units(f"{name}-{number}") for name in "AB"}
        assert found == {name: folded(messages, f"{name}-{number}") for name in "AB"}
        assert found == {"A": {"MUG": 2 + 2, "SPOON": 2 + 2}, "B": {}}, number
        shown = await bazaar.order(f"A-{number}")
        assert shown.money.worth_minor == 2 * 90 + 2 * 100 + 150
    assert set(await bazaar.states()) <= {"applied", "repeated", "outdated"}
    assert await bazaar.on_hand("LAMP", "S0001") == 40 + 3 * 2
    await bazaar.assert_sound()


async def test_killed_workers_apply_everything_once(
    bazaar: Bazaar, postgres_url: str, tmp_path: Path
):
    messages = [order(f"B-{n}", ("SPOON", 1)) for n in range(70)]
    await bazaar.send("\n".join(map(json.dumps, messages)))
    environment = {
        **os.environ,
        "CROSSLANE_HOME": str(tmp_path),
        "DATABASE_URL": postgres_url,
    }
    for fault in ("reaction.before_commit=kill@2", "reaction.after_commit=kill"):
        killed = begin_worker({**environment, "CROSSLANE_FAULT": fault})
        async with asyncio.timeout(SECONDS_MAX):
            assert await killed.wait() == KILLED
    last = begin_worker(environment)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while await bazaar.messages(state="received"):  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.1)
    finally:
        last.terminate()
        await last.wait()
    assert await bazaar.states() == ["applied"] * 70
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        assert await tx.fetchval("select count(*) from orders_order") == 70
        assert await list_findings(tx) == []


class Counted(Tx):
    """A transaction whose statements are counted."""

    all: ClassVar[list[Tx]] = []

    def __init__(self, *of: Any, **how: Any) -> None:
        super().__init__(*of, **how)
        self.all.append(self)


async def test_a_large_file_is_taken_in_within_bounds(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
):
    text = "\n".join(json.dumps(order(f"B-{n}")) for n in range(FILE_RECORDS))
    tracemalloc.start()
    try:
        await bazaar.read(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PEAK_PER_BYTE_MAX * len(text)
    monkeypatch.setattr(Counted, "all", [])
    monkeypatch.setattr("crosslane.platform.database.Tx", Counted)
    received = await bazaar.send(text)
    assert received.counts == {"received": FILE_RECORDS}
    # A statement of its own for each record would take minutes.
    assert 0 < sum(tx.statements for tx in Counted.all) < STATEMENTS_MAX
    again = await bazaar.send(text)
    assert again.counts == {"repeated": FILE_RECORDS}
