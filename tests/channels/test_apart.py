"""Orders whose goods or street are told apart from them, in whatever order."""

import itertools

from crosslane.orders import OrderView
from tests.channels.bazaar import Bazaar, about, order

NEAR = {"country": "GB", "lines": [], "city": "", "postcode": "OX1 4AA"}


def open_stops(shown: OrderView) -> list[str]:
    return [stop.kind for stop in shown.stops if stop.resolved_at is None]


async def test_an_order_waits_for_its_goods_in_whatever_order_they_come(bazaar: Bazaar):
    for number, sequence in enumerate(list(itertools.permutations(range(4)))[::4]):
        name = f"B-{number}"
        waits = [{"kind": "payment", "reason": "not paid yet"}]
        goods = {"id": "11", "sku": "MUG", "quantity": 2, "unit_price_milli": 100_000}
        told = [
            order(name, lines=[], stops=waits),
            order(name, lines=[], source_version=3),
            about("amendment", name, 2, lines=[goods]),
            about("payment", name, 1, outcome="paid"),
        ]
        for step in sequence[:-1]:
            await bazaar.tell(told[step])
        if sequence[-1] == 2:
            assert await bazaar.order(name) is None
            found = {m.kind: m.code for m in await bazaar.messages() if m.source_id == name}
            assert found == {"order": "lines-missing", "payment": "order-missing"}
        await bazaar.tell(told[sequence[-1]])
        assert await bazaar.units(name) == {"MUG": 2}
        shown = await bazaar.order(name)
        assert (shown.money.worth_minor, open_stops(shown)) == (200, [])
    assert set(await bazaar.states()) <= {"applied", "outdated"}
    # A line that is no longer wanted is told as that, not by leaving it out of an order.
    await bazaar.tell(about("amendment", "B-0", 4, lines=[{"id": "11", "quantity": 1}]))
    await bazaar.tell(order("B-0", lines=[], source_version=5))
    assert await bazaar.units("B-0") == {"MUG": 1}
    await bazaar.assert_sound()


async def test_where_an_order_goes_is_told_later_and_never_less(bazaar: Bazaar):
    near = order("B-1", ("MUG", 1), ship_near=NEAR)
    del near["ship_to"]
    await bazaar.tell(near)
    shown = await bazaar.order("B-1")
    assert open_stops(shown) == ["address"]
    await bazaar.tell(order("B-1", ("MUG", 1), source_version=2))
    shown = await bazaar.order("B-1")
    assert (shown.ship_to.city, open_stops(shown)) == ("Oxford", [])
    # Who is not told of people any more says less of where it goes.
    await bazaar.tell(near | {"source_version": 3})
    shown = await bazaar.order("B-1")
    assert (shown.ship_to.city, open_stops(shown)) == ("Oxford", [])
    assert set(await bazaar.states()) == {"applied"}
    await bazaar.assert_sound()
