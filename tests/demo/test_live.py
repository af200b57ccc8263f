"""Which recorded sales a day goes on with; that it does is seen in tests/browser."""

from collections.abc import Sequence

from crosslane.demo import Invoice, select
from crosslane.demo.live import TRADE_ONE_IN, mixed
from crosslane.demo.replay.timeline import list_steps, sales_of
from crosslane.demo.streams import Stream


def test_web_baskets_come_between_trade_orders(sample: Sequence[Invoice]) -> None:
    steps = list_steps(select(sample, 300, 1), ["S0001"], (), 1)
    wanted = (Stream.WEB, Stream.ACCOUNT)
    sales = mixed([sale for sale in sales_of(steps) if sale.stream in wanted])
    webs = [sale.stream is Stream.WEB for sale in sales]
    assert sum(webs) > 20
    for place in range(0, sum(webs), TRADE_ONE_IN):
        assert webs[place : place + TRADE_ONE_IN].count(False) == 1


def test_one_kind_alone_is_kept(sample: Sequence[Invoice]) -> None:
    steps = list_steps(select(sample, 300, 1), ["S0001"], (), 1)
    trade = [sale for sale in sales_of(steps) if sale.stream is Stream.ACCOUNT]
    assert mixed(trade) == trade
    assert mixed([]) == []
