"""Gift cards that tills sell: money that is owed, and never revenue."""

import pytest

from crosslane import finance, payments
from crosslane.channels.domain.baskets import pay_cards
from crosslane.channels.domain.messages import IssuedCard, TakenTender
from tests.channels.bazaar import Bazaar
from tests.channels.test_poslog import basket, fault, log, one, paid, prices, sold, transaction

FUND = (
    "<StoredValueFundSale><ExtendedAmount>25.00</ExtendedAmount><Quantity>1</Quantity>"
    "<StoredValueFund><SerialNumber>6006491234</SerialNumber></StoredValueFund>"
    "</StoredValueFundSale>"
)


def card(amount: str = "25.00", quantity: str = "1", name: str = "Sale") -> str:
    item = sold(amount, quantity, sku="GIFT", name=name)
    return item.replace(f"<{name}>", f'<{name} ItemType="GiftCertificate">')


def cards(sale) -> list[tuple[int, str]]:
    return [(one.minor, one.code_end) for one in sale.issued]


def tender(method: str, minor: int) -> TakenTender:
    return TakenTender(method=method, minor=minor)


def test_goods_and_a_gift_card_of_one_receipt_are_told_apart():
    sale = one(basket(sold("10.00"), FUND, paid("35.00")))
    assert (prices(sale), cards(sale)) == ([(1, 1000)], [(2500, "1234")])
    assert [(t.method, t.minor) for t in sale.tenders] == [("cash", 3500)]
    # Whoever knows the number of a card can spend it.
    assert "6006491234" not in str(sale)


def test_taxes_and_reductions_are_of_the_goods_alone():
    tax = "<Tax><Amount>1.90</Amount></Tax>"
    sale = one(basket(sold("10.00"), card(), tax, paid("36.90")))
    assert [(line.minor, line.tax_minor) for line in sale.lines] == [(1190, 190)]
    assert cards(sale) == [(2500, "")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param(card("50.00", "2"), [(2500, ""), (2500, "")], id="two of them"),
        pytest.param(card("50.00", "2.0000"), [(2500, ""), (2500, "")], id="as decimals"),
        pytest.param(FUND.replace("ExtendedAmount", "UnitListPrice"), [(2500, "1234")], id="face"),
        pytest.param(
            sold("25.00", more='<GiftCard SerialNumber="77-99"/>'), [(2500, "7-99")], id="by part"
        ),
    ],
)
def test_gift_cards_are_known_however_a_till_tells_them(line, told):
    sale = one(basket(line, paid(f"{len(told) * 25}.00")))
    assert (sale.lines, cards(sale)) == ((), told)


def test_what_was_paid_has_to_reach_for_goods_and_gift_card():
    assert fault(basket(sold("10.00"), FUND, paid("10.00"))).code == "tenders-differ"
    assert fault(basket(FUND, paid("20.00"))).code == "tenders-differ"
    assert fault(basket(card("25.00", "0.5"), paid("25.00"))).pointer.endswith("/Quantity")


@pytest.mark.parametrize("line", [card(name="Return"), card("-25.00", "-1")])
def test_money_that_was_given_back_for_a_gift_card_waits_for_a_person(line):
    assert fault(basket(line, paid("-25.00"))).code == "gift-card-returned"


@pytest.mark.parametrize(
    ("tenders", "for_cards", "left"),
    [
        ([("cash", 3500)], [[("cash", 2500)]], {"cash": 1000}),
        ([("stored_value", 1000), ("card", 2500)], [[("card", 2500)]], {"stored_value": 1000}),
        ([("cash", 500), ("card", 3000)], [[("card", 2500)]], {"cash": 500, "card": 500}),
        ([("cash", 1000), ("card", 2000)], [[("card", 2000), ("cash", 500)]], {"cash": 500}),
        ([("stored_value", 3500)], None, {}),
        ([("cash", 5000), ("card", -2000)], [[("cash", 2500)]], {"cash": 2500, "card": -2000}),
    ],
)
def test_a_gift_card_is_paid_by_cash_or_card_before_goods_are(tenders, for_cards, left):
    told = pay_cards([IssuedCard(minor=2500)], [tender(*one) for one in tenders])
    if for_cards is None:
        assert told is None
        return
    paid_by, others = told
    assert [[(t.method, t.minor) for t in parts] for parts in paid_by] == for_cards
    sums: dict[str, int] = {}
    for one_tender in others:
        sums[one_tender.method] = sums.get(one_tender.method, 0) + one_tender.minor
    assert {method: minor for method, minor in sums.items() if minor} == left


def till_log(*transactions: str) -> str:
    return log(*transactions).decode().replace(">S1<", ">S0001<").replace("EUR", "GBP")


async def booked(bazaar: Bazaar) -> None:
    """Let what was sent be done, and stand in the books."""
    await bazaar.work()
    await bazaar.work(*finance.REACTIONS)


async def balances(bazaar: Bazaar) -> dict[str, int]:
    async with bazaar.database.transaction(bazaar.tenant, read_only=True) as tx:
        rows = await tx.fetch(
            "select account, sum(minor)::int as minor from ledger_posting group by 1"
        )
    stock = ("inventory", "received_not_invoiced", "cost_of_goods")
    return {row["account"]: row["minor"] for row in rows if row["account"] not in stock}


async def held(bazaar: Bazaar) -> list[tuple[int, str]]:
    async with bazaar.database.transaction(bazaar.tenant, read_only=True) as tx:
        rows = await tx.fetch("select id from payments_account")
        found = await payments.stored_values(tx, [row["id"] for row in rows])
    return [(one.balance_minor, one.code_end) for one in found.values()]


async def test_goods_are_a_sale_and_the_gift_card_is_owed(bazaar: Bazaar):
    text = till_log(
        basket(sold("12.00", "2", "MUG"), FUND, paid("7.00"), paid("30.00", "CreditDebit"))
    )
    for _ in range(2):
        await bazaar.send(text, channel="till", format="poslog")
        await booked(bazaar)
    assert await bazaar.states() == ["applied", "repeated"]
    assert await held(bazaar) == [(2500, "1234")]
    assert await balances(bazaar) == {
        "cash": 700,
        "receivable_card": 3000,
        "clearing": 0,
        "stored_value": -2500,
        "revenue": -1000,
        "tax_payable": -200,
    }
    await bazaar.assert_sound()


async def test_a_receipt_of_a_gift_card_alone_is_booked_and_its_void_waits(bazaar: Bazaar):
    link = (
        "<TransactionLink><RetailStoreID>S0001</RetailStoreID><WorkstationID>T2</WorkstationID>"
        "<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-01-05</BusinessDayDate>"
        "</TransactionLink>"
    )
    void = transaction(f"<PostVoidTransaction>{link}</PostVoidTransaction>", 2)
    await bazaar.send(till_log(basket(FUND, paid("25.00"))), channel="till", format="poslog")
    await booked(bazaar)
    assert (await bazaar.states(), await held(bazaar)) == (["applied"], [(2500, "1234")])
    assert await balances(bazaar) == {"stored_value": -2500, "cash": 2500}
    await bazaar.send(till_log(void), channel="till", format="poslog")
    await booked(bazaar)
    told = [(one.state, one.code) for one in await bazaar.messages()]
    assert told == [("applied", ""), ("quarantined", "gift-card-sold")]
    await bazaar.assert_sound()


async def test_a_gift_card_that_stored_value_paid_for_waits_for_a_person(bazaar: Bazaar):
    text = till_log(basket(FUND, paid("25.00", "GiftCard")))
    await bazaar.send(text, channel="till", format="poslog")
    await bazaar.work()
    assert [(m.state, m.code) for m in await bazaar.messages()] == [
        ("quarantined", "means-unclear")
    ]
    assert await held(bazaar) == []
