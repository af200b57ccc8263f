"""A worker that takes a call on and never ends it: `python worker_child.py <database url>`."""

import asyncio
import sys
from collections.abc import Sequence

import msgspec

from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import EffectCall, EffectKind
from crosslane.platform.worker import Worker


class Knock(msgspec.Struct, frozen=True):
    """The body of the call."""

    door: str


async def knock_for_ever(call: EffectCall, body: Knock) -> None:
    """Say that the call is under way."""
    print("calling", flush=True)
    await asyncio.Event().wait()


async def record(tx: Tx, calls: Sequence[EffectCall], results: Sequence[None]) -> None:
    """Never reached."""


async def main() -> None:
    """Work until killed."""
    database = await Database.connect(sys.argv[1], connections=4)
    kind = EffectKind("test.knock", Knock, knock_for_ever, record, timeout_seconds=60.0)
    worker = Worker(database, [], [kind], [])
    print(worker.presence.number, flush=True)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
