"""Transfers played on a small retailer: a warehouse, two stores, two currencies, and its books."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane import finance, inventory, ledger, transfers
from crosslane.kernel import new_id
from crosslane.locations import ADD
from crosslane.organization import PutEntity, book, put_entity
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import CommandKind, Lanes
from crosslane.transfers import TransferView
from crosslane.verify import Finding
from tests.inventory.shop import Shop, _draft, opened, stocked
from tests.reacting import react_to_all
from tests.soundness import list_findings

BY_HAND = ("orders.",)  # customers' units are allocated, with no orders behind them
YEAR_BEGINS = date(2020, 1, 1)
MUG_MILLI, BOWL_MILLI = 250_500, 333_333


class Play:
    """A retailer whose stock is moved about."""

    def __init__(self, database: Database, lanes: Lanes, shop: Shop) -> None:
        self.database, self.lanes, self.shop, self.tenant = database, lanes, shop, shop.tenant

    @classmethod
    async def begin(cls, database: Database, lanes: Lanes, tenant: str) -> "Play":
        """Found the retailer: 40 mugs and 30 bowls lie in the warehouse, a store is Irish."""
        shop = await opened(database, lanes, tenant)
        async with database.transaction(tenant) as tx:
            await put_entity(tx, PutEntity("IE", "Marlow Ireland", "IE", "EUR"))
            await ledger.set_rate(tx, ledger.SetRate("GBP", "EUR", YEAR_BEGINS, "1.15"))
            shop.owners["IE"] = (await book(tx)).entity("IE").id
            await stocked(tx, shop, 40, unit_cost_milli=MUG_MILLI)
            await stocked(tx, shop, 30, variant=shop.bowl, unit_cost_milli=BOWL_MILLI)
        draft = _draft("DUBLIN", "store", "IE")
        shop.locations["DUBLIN"] = (await lanes.run(tenant, ADD, str(new_id()), draft)).id
        return cls(database, lanes, shop)

    def transaction(self):
        return self.database.transaction(self.tenant)

    async def do(self, kind: CommandKind, wish: Any, actor: Actor = SYSTEM) -> TransferView:
        """Give a command a key of its own."""
        return await self.lanes.run(self.tenant, kind, str(new_id()), wish, actor=actor)

    async def ask(self, mugs: int, bowls: int = 0, to: str = "LEEDS", **more) -> TransferView:
        """Ask for goods of the warehouse."""
        wanted = {"MUG": mugs, "BOWL": bowls}
        lines = tuple(transfers.ArticleUnits(sku, n) for sku, n in wanted.items() if n)
        wish = transfers.RequestTransfer(source="DC", destination=to, lines=lines)
        return await self.do(transfers.REQUEST, wish, **more)

    async def send(self, one: TransferView, mugs: int = 0, **more) -> TransferView:
        """Send mugs, or all there is to send."""
        lines = (transfers.ArticleUnits("MUG", mugs),) if mugs else ()
        wish = transfers.SendTransfer(transfer=one.number, lines=lines, **more)
        return await self.do(transfers.SEND, wish)

    async def receive(
        self, one: TransferView, mugs: int = 0, damaged: int = 0, **more
    ) -> TransferView:
        """Receive mugs, or all there is on the way."""
        lines = ()
        if mugs or damaged:
            lines = (transfers.ArrivedArticle("MUG", mugs, damaged),)
        wish = transfers.ReceiveTransfer(transfer=one.number, lines=lines, **more)
        return await self.do(transfers.RECEIVE, wish)

    async def cancel(self, one: TransferView) -> TransferView:
        return await self.do(transfers.CANCEL, transfers.CancelTransfer(transfer=one.number))

    async def close(self, one: TransferView, code: str = "lost") -> TransferView:
        wish = transfers.CloseTransfer(transfer=one.number, code=transfers.Difference(code))
        return await self.do(transfers.CLOSE, wish)

    async def count(self, tx: Tx, at: str, units: int, counted_at: datetime | None = None) -> None:
        """Count the mugs of a location."""
        document = new_id()
        await inventory.count(
            tx,
            [
                inventory.Count(
                    variant_id=self.shop.mug,
                    location_id=self.shop.locations[at],
                    quantity=units,
                    counted_at=counted_at or datetime.now(UTC),
                    message=str(document),
                    cause=inventory.Cause("count", document, document),
                )
            ],
        )

    async def react(self) -> None:
        """Let transfers and finance read everything there is."""
        reactions = (*transfers.REACTIONS, *finance.REACTIONS)
        await react_to_all(self.database, self.tenant, reactions)

    async def figures(self, at: str, variant: UUID | None = None) -> dict[str, int]:
        """Return what lies somewhere of the mug, and what is promised and coming."""
        mug, place = variant or self.shop.mug, self.shop.locations[at]
        async with self.transaction() as tx:
            found = await inventory.stock_figures(tx, [mug], location_ids=[place])
        return msgspec.to_builtins(found[mug].get(place)) if found.get(mug) else {}

    async def balances(self) -> dict[tuple[str, str], int]:
        """Return the balances of the books by entity and account, in the currency of the books."""
        await self.react()
        found: Counter[tuple[str, str]] = Counter()
        async with self.transaction() as tx:
            for one in await ledger.balances(tx):
                found[one.entity, one.account] += one.book_minor
        return {key: minor for key, minor in found.items() if minor}

    async def findings(self) -> list[Finding]:
        await self.react()
        async with self.transaction() as tx:
            return await list_findings(tx, by_hand=BY_HAND)
