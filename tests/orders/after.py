"""The life of orders after hand-over: goods come back, others go out, goodwill is given."""

from datetime import UTC, datetime
from uuid import UUID

from crosslane import orders
from crosslane.kernel import Refusal, new_id
from crosslane.orders import (
    APPEASE,
    RESOLVE_STOP,
    Appease,
    CreditLine,
    CreditRequest,
    ExchangeLine,
    ExchangeRequest,
    NewCharge,
    OrderView,
    ResolveStop,
)
from tests.orders.life import TENDERS, Life

SOON = datetime(2100, 1, 1, tzinfo=UTC)


class WholeLife(Life):
    """A life in which things come back.

    Attributes:
        awaited: what exchanges wait for, by the cause of their stop.
    """

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.awaited: dict[UUID, list[CreditLine]] = {}

    async def take_back(self, number: int, line: int, quantity: int, charged: int) -> None:
        """Units of a line come back, with a fee or with the delivery."""
        shown = await self.look(number)
        back = [CreditLine(self._had(shown, line), quantity)]
        charges = {
            1: [NewCharge("fee", "Return", 25)],
            2: [NewCharge("shipping", "Delivery", -100)],
            3: [NewCharge("appeasement", "Sorry", -40)],
        }.get(charged, [])
        request = CreditRequest(
            order_id=shown.id,
            cause_kind="return",
            cause_id=new_id(),
            at=datetime.now(UTC),
            lines=back if charged != 2 else [],
            charges=charges,
        )
        await self._credit(request)

    def _had(self, shown: OrderView, line: int) -> UUID:
        """Return one of the lines of which the customer has units, if there are any."""
        gone = ("handed_over", "delivered")
        had = [one for one in shown.lines if any(b.stage in gone for b in one.buckets)]
        among = had or shown.lines
        return among[line % len(among)].id

    async def _credit(self, request: CreditRequest):
        async with self.database.transaction(self.tenant) as tx:
            (quoted,) = await orders.quote_credits(tx, [request])
            (done,) = await orders.credit(tx, [request])
        if isinstance(done, Refusal):
            self.done[f"credit refused: {type(done).__name__}"] += 1
            assert type(quoted) is type(done)
            return done
        self.done["credit"] += 1
        assert (quoted.gross_minor, quoted.refund_minor) == (done.gross_minor, done.refund_minor)
        assert [unit.net_minor for unit in quoted.units] == [unit.net_minor for unit in done.units]
        return done

    async def appease(self, number: int, line: int | None, minor: int) -> None:
        """Somebody says sorry."""
        shown = await self.look(number)
        line_id = shown.lines[line % len(shown.lines)].id if line is not None else None
        asked = Appease(order_id=shown.id, line_id=line_id, minor=minor, reason="sorry")
        await self.do(APPEASE, asked)

    async def exchange(
        self, number: int, line: int, wanted: tuple[int, int, str], price: str, *, held: bool
    ) -> None:
        """Other goods go out for some that come back, now or later."""
        shown = await self.look(number)
        old = self._had(shown, line)
        back = [CreditLine(old, wanted[1])]
        cause = new_id()
        asked = ExchangeRequest(
            order_id=shown.id,
            cause_id=cause,
            at=datetime.now(UTC),
            lines=[ExchangeLine(wish=self._wish(*wanted), price=price, instead_of=old)],
            returning=back,
            tenders=TENDERS["cash"],
            hold_until=SOON if held else None,
            reason="too small",
        )
        async with self.database.transaction(self.tenant) as tx:
            (done,) = await orders.exchange(tx, [asked])
            if isinstance(done, Refusal):
                self.done[f"exchange refused: {type(done).__name__}"] += 1
                return
            self.done[f"exchange {price}"] += 1
            if held:
                self.awaited[cause] = back
                return
            credited = CreditRequest(
                order_id=shown.id,
                cause_kind="return",
                cause_id=cause,
                at=asked.at,
                lines=back,
            )
            (done,) = await orders.credit(tx, [credited])
            assert not isinstance(done, Refusal)

    async def resolve(self, number: int) -> None:
        """What an exchange waits for comes, unless it has come by another way before."""
        shown = await self.look(number)
        for stop in shown.stops:
            if stop.kind != "exchange" or stop.resolved_at is not None or stop.cause_id is None:
                continue
            request = CreditRequest(
                order_id=shown.id,
                cause_kind="return",
                cause_id=new_id(),
                at=datetime.now(UTC),
                lines=self.awaited[stop.cause_id],
                exchange_id=stop.cause_id,
            )
            if isinstance(await self._credit(request), Refusal):
                # A person lets the goods go all the same: they stay owed.
                self.repriced.add(shown.id)
                await self.do(RESOLVE_STOP, ResolveStop(shown.id, stop.id, "let go"))
        await super().resolve(number)
