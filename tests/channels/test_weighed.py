"""What was weighed at a till: one piece of itself, at what it cost, however often and back."""

import pytest

from tests.channels.bazaar import Bazaar
from tests.channels.test_poslog import basket, fault, log, one, paid, prices, sold
from tests.channels.test_poslog_tills import tax


def weighed(amount: str, kilograms: str, more: str = "", name: str = "Sale") -> str:
    """A line of cheese whose quantity is a weight."""
    line = sold(amount, kilograms, "CHEESE", more, name)
    return line.replace("<Quantity>", '<Quantity Units="1" UnitOfMeasureCode="KGM">')


def priced(kilograms: str, each: str = "19.90", name: str = "Sale") -> str:
    """A line that tells the price of a kilogram alone."""
    line = weighed(each, kilograms, name=name)
    return line.replace("ExtendedAmount>", "ActualSalesUnitPrice>")


def voiding(line: str) -> str:
    """A whole line of a transaction that is marked as voided."""
    return f'<LineItem VoidFlag="true">{line}</LineItem>'


def marked(*items: str) -> str:
    """A basket whose lines with a mark stay as they are written."""
    text = basket(*items)
    return text.replace("<LineItem><LineItem", "<LineItem").replace(
        "</LineItem></LineItem>", "</LineItem>"
    )


def test_each_weighing_is_a_piece_of_its_own_and_its_weight_is_kept():
    sale = one(basket(weighed("9.65", "0.485"), weighed("4.18", "0.21"), paid("13.83")))
    assert prices(sale) == [(1, 965), (1, 418)]
    at = "/RetailTransaction/LineItem[{}]/Sale/Quantity"
    assert [sale.rest[at.format(n)] for n in (1, 2)] == ["0.485", "0.21"]
    assert sale.rest[at.format(1) + "/@UnitOfMeasureCode"] == "KGM"


@pytest.mark.parametrize(
    ("tax_told", "money", "lines"),
    [("0.63", "9.65", [(1, 965, 63)]), ("0.68", "10.33", [(1, 1033, 68)])],
    ids=["in the price", "on top"],
)
def test_tax_of_what_was_weighed_is_that_of_its_sum(tax_told, money, lines):
    sale = one(basket(weighed("9.65", "0.485", tax(tax_told)), paid(money)))
    assert [(line.quantity, line.minor, line.tax_minor) for line in sale.lines] == lines


def test_of_two_weighings_the_one_is_voided_that_costs_what_its_void_says():
    items = (weighed("9.65", "0.485"), weighed("4.18", "0.21"))
    sale = one(marked(*items, voiding(weighed("-4.18", "-0.21")), paid("9.65")))
    assert prices(sale) == [(1, 965)]
    found = fault(marked(*items, voiding(weighed("-5.00", "-0.25")), paid("13.83")))
    assert found.code == "void-unmatched"


def test_a_void_of_what_tells_a_price_by_weight_alone_finds_its_weighing():
    items = (priced("0.485"), priced("0.21"))
    sale = one(marked(*items, voiding(priced("-0.21")), paid("9.65")))
    assert prices(sale) == [(1, 965)]
    found = fault(marked(*items, voiding(priced("-0.25")), paid("13.83")))
    assert found.code == "void-unmatched"


LINK = (
    "<TransactionLink><RetailStoreID>S1</RetailStoreID><WorkstationID>T2</WorkstationID>"
    "<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-01-05</BusinessDayDate>"
    "</TransactionLink>"
)


def numbered(text: str, number: int) -> str:
    return text.replace("<SequenceNumber>1</", f"<SequenceNumber>{number}</", 1)


async def book(bazaar: Bazaar, *texts: str) -> None:
    """Send what a till of a store of ours has done, and require that all of it was booked."""
    text = log(*(numbered(text, n) for n, text in enumerate(texts, 1))).decode()
    text = text.replace(">S1<", ">S0001<").replace("EUR", "GBP").replace("CHEESE", "MUG")
    await bazaar.send(text, channel="till", format="poslog")
    await bazaar.work()
    assert {(one.state, one.code) for one in await bazaar.messages()} == {("applied", "")}
    await bazaar.assert_sound()


async def test_a_weighing_that_comes_back_is_given_what_it_has_cost(bazaar: Bazaar):
    sale = basket(weighed("9.65", "0.485"), weighed("4.18", "0.21"), paid("13.83"))
    back = basket(weighed("4.18", "0.21", LINK, "Return"), paid("-4.18"))
    before = await bazaar.on_hand("MUG", "S0001")
    await book(bazaar, sale, back)
    taken = await bazaar.returned("S0001/T2/2026-01-05-2")
    assert (taken.refund_minor, taken.fee_minor) == (418, 0)
    assert await bazaar.on_hand("MUG", "S0001") == before - 1
    assert await bazaar.moved() == {"cash": 965}


async def test_a_part_of_a_weighing_may_come_back_and_later_the_rest(bazaar: Bazaar):
    sale = basket(weighed("9.65", "0.485"), paid("9.65"))
    part = basket(weighed("3.98", "0.2", LINK, "Return"), paid("-3.98"))
    rest = basket(weighed("5.67", "0.285", LINK, "Return"), paid("-5.67"))
    await book(bazaar, sale, part, rest)
    assert await bazaar.moved() == {}
