"""A retailer that talks back: its channel is told what becomes of its orders."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from crosslane import carriers, channels, documents, orders, organization, payments, returns
from crosslane.channels.service.connecting import PutConnection
from crosslane.channels.service.joining import CONNECT
from crosslane.channels.service.outgoing import OutgoingView, list_outgoing
from crosslane.fulfillment import (
    ACCEPT,
    PACK,
    PICK,
    Accept,
    Pack,
    PackedUnits,
    PackParcel,
    PackUnits,
    Pick,
    PickedLine,
    PickUnits,
)
from crosslane.kernel import new_id
from crosslane.platform import outbound, seals
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import CommandKind
from tests.channels.market import Market
from tests.channels.partner import SECRET
from tests.orders.world import found_retailer
from tests.reacting import settle

organization.register_policies([*documents.POLICIES, *channels.POLICIES])
EFFECTS = [*carriers.EFFECTS, *payments.EFFECTS, *channels.EFFECTS]
ROUNDS_MAX = 60


class Talking(Market):
    """One tenant whose channel is told things."""

    def __init__(self, database: Database, tenant: str) -> None:
        super().__init__(database, tenant)
        self.reactions = (*self.reactions, *returns.REACTIONS, *documents.REACTIONS)
        self.reactions = tuple({one.name: one for one in self.reactions}.values())
        self.runner = Runner(database, EFFECTS)

    async def connect(self, base_url: str = "", **how: Any) -> None:
        """Connect the marketplace's system."""
        how.setdefault("channel", "bazaar")
        how.setdefault("format", "orders-jsonl")
        how.setdefault("token", SECRET)
        how.setdefault("delivery", "http" if base_url else "pull")
        await self._do(CONNECT, PutConnection(base_url=base_url, **how))

    async def settle(self) -> None:
        """React and make calls until nothing is left that is due."""
        await settle(self.database, self.tenant, self.reactions, self.runner, rounds_max=ROUNDS_MAX)

    async def sell(self, *messages: dict[str, Any]) -> None:
        """Take messages in, and tell what comes of them."""
        await self.tell(*messages)
        await self.settle()

    async def pick(self, units: int, source_id: str = "B-1") -> None:
        """Let hands of ours take units of an order's only line from the shelf."""
        await self._pick({None: units}, source_id)
        await self.settle()

    async def send_units(self, units: dict[str | None, int], source_id: str = "B-1") -> None:
        """Let hands of ours send units off, by article, as one parcel."""
        work, taken = await self._pick(units, source_id)
        parcel = PackParcel(lines=[PackedUnits(line, n) for line, n in taken.items()])
        await self._do(PACK, PackUnits([Pack(work, (parcel,))]))
        await self.settle()

    async def _pick(
        self, units: dict[str | None, int], source_id: str
    ) -> tuple[UUID, dict[UUID, int]]:
        (work,) = [one for one in await self.works(source_id) if one.ended_at is None]
        if work.state == "offered":
            await self._do(ACCEPT, Accept([work.id]))
        wanted = {line.line_id: units.get(line.sku, units.get(None, 0)) for line in work.lines}
        taken = {line: n for line, n in wanted.items() if n}
        picks = [PickedLine(line, n) for line, n in taken.items()]
        await self._do(PICK, PickUnits([Pick(work.id, picks)]))
        return work.id, taken

    async def send_off(self, units: int, source_id: str = "B-1") -> None:
        """Let hands of ours pick and pack units of an order's only line; its carrier takes them."""
        await self.send_units({None: units}, source_id)

    async def call_off(self, units: int, source_id: str = "B-1") -> None:
        """Let somebody of ours cancel units of an order's only line."""
        shown = await self.order(source_id)
        assert shown is not None
        lines = [orders.CancelLine(shown.lines[0].id, units)]
        wish = orders.CancelUnits(order_id=shown.id, lines=lines, reason="broken on the shelf")
        await self._do(orders.CANCEL, wish)
        await self.settle()

    async def _do(self, kind: CommandKind, body: Any) -> Any:
        return await self.lanes.run(self.tenant, kind, str(new_id()), body)

    async def hurry(self) -> None:
        """Let everything that is to be done later be due."""
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute("update platform_effect set due_at = now() where state = 'due'")
            await tx.execute(
                "update channels_outgoing set due_at = least(due_at, now()) where state = 'waiting'"
            )
            await tx.execute(
                "update channels_pace set ready_at = now(), due_at = now(), full_at = now()"
            )

    async def outgoing(self, **which: Any) -> list[OutgoingView]:
        """What the channel was told, in its order."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            found = await list_outgoing(tx, **which, limit=1_000)
        return sorted(found, key=lambda one: (one.channel, one.number))

    async def said(self, **which: Any) -> list[tuple[str, str]]:
        """Kinds and states of what the channel was told, in its order."""
        return [(one.kind, one.state) for one in await self.outgoing(**which)]


async def open_talking(database: Database, tenant: str) -> Talking:
    """Found the retailer."""
    await found_retailer(database, tenant)
    return Talking(database, tenant)


def allowed() -> Iterator[None]:
    """Let calls go to this machine."""
    seals.use_secret(b"a secret of the tests alone")
    outbound.allow(["127.0.0.1"])
    yield
    outbound.allow([])
