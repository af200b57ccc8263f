"""An order's own payment and that of goods added to it are undecided: each decides over its own."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest

from crosslane.orders import ADD_LINES, AddLines, LineWish
from crosslane.payments import PutProvider, put_provider
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Logged, run_reaction
from tests.orders.life import TENDERS
from tests.orders.test_racing import BY_NAME, RacedLife
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider

PAID, DECLINED = "orders.resolve_paid", "orders.cancel_declined"
# The order's own call is the earlier one.
DUE = """
update platform_effect set due_at = now() + case
    when $1 or id = (select id from platform_effect where state = 'due' order by id limit 1)
    then interval '0' else interval '1 day' end
where state = 'due'
"""
PUT_OFF = "update platform_effect set due_at = now() + interval '1 day' where state = 'due'"


class TwoPayments(RacedLife):
    """One order; its goods, and those added to it, wait for a card each."""

    async def owe(self, own: str, added: str, first: str) -> None:
        """Place the order and add to it; one of the cards is answered."""
        await self.place([(0, 2, "ship")], own, stopped=False, channel="web")
        if first == "added":
            await self._change(PUT_OFF)
        line = LineWish(sku=self.skus[1], quantity=2, method="ship")
        wish = AddLines(
            order_id=self.placed[0], lines=[line], tenders=TENDERS[added], reason="one more"
        )
        assert (await self.do(ADD_LINES, wish)).amendment_no == 1
        if first == "own":
            await self._change(DUE, False)
        await self.call_out()

    async def answer_rest(self) -> None:
        """Have the other card answered, too."""
        await self._change(DUE, True)
        await self.call_out()

    async def hear(self, *names: str) -> None:
        """Let reactions read what there is, and be told all of it twice."""
        for name in names:
            real = BY_NAME[name]

            async def handle(tx: Tx, logged: Sequence[Logged], real=real) -> None:
                await real.handle(tx, logged)
                await real.handle(tx, logged)

            await run_reaction(
                self.database, self.tenant, msgspec.structs.replace(real, handle=handle)
            )

    async def stages(self) -> list[set[str]]:
        """Return where the units of the order and of what was added are."""
        shown = await self.look(0)
        return [{bucket.stage for bucket in line.buckets} for line in shown.lines]

    async def stops(self) -> list[int]:
        """Return the amendments that open stops hold, 0 for the whole order."""
        shown = await self.look(0)
        return [stop.amendment_no for stop in shown.stops if stop.resolved_at is None]

    async def _change(self, statement: str, *given: bool) -> None:
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(statement, *given)


@pytest.fixture
async def life(
    database: Database, lanes: Lanes, shop: str, payment_provider: FakeProvider
) -> TwoPayments:
    async with database.transaction(shop) as tx:
        house = PutProvider("house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, house)
    one = TwoPayments(database, lanes, shop, Counter())
    await one.begin()
    return one


@pytest.mark.parametrize("own", ["card", "declined"])
async def test_goods_whose_card_is_declined_leave_the_order_to_its_own_payment(
    life: TwoPayments, own: str
):
    await life.owe(own, "declined", first="added")
    await life.hear(PAID, DECLINED)
    assert await life.stages() == [{"allocated"}, {"cancelled"}]
    assert await life.stops() == [0]
    await life.answer_rest()
    await life.hear(PAID, DECLINED)
    decided = "allocated" if own == "card" else "cancelled"
    assert await life.stages() == [{decided}, {"cancelled"}]
    assert await life.stops() == []
    await life.end()


async def test_goods_that_are_not_paid_yet_do_not_hold_the_order_back(life: TwoPayments):
    await life.owe("card", "card", first="own")
    await life.hear(PAID)
    assert await life.stops() == [1]
    await life.answer_rest()
    await life.hear(PAID)
    assert await life.stops() == []
    assert await life.stages() == [{"allocated"}, {"allocated"}]
    await life.end()


@pytest.mark.parametrize("first", ["own", "added"])
@pytest.mark.parametrize("reads", [(PAID, DECLINED), (DECLINED, PAID)])
@pytest.mark.parametrize(
    ("own", "added", "decided"),
    [
        ("card", "declined", ["allocated", "cancelled"]),
        ("declined", "card", ["cancelled", "cancelled"]),
        ("declined", "declined", ["cancelled", "cancelled"]),
        ("card", "card", ["allocated", "allocated"]),
    ],
)
async def test_answers_decide_alike_in_whatever_order_they_come_and_are_read(
    life: TwoPayments, own: str, added: str, decided: list[str], reads: tuple[str, ...], first: str
):
    await life.owe(own, added, first)
    await life.answer_rest()
    await life.hear(*reads)
    assert await life.stages() == [{stage} for stage in decided]
    assert await life.stops() == []
    await life.end()
