"""POSLog as tills of several makers write it: change, links, taxes, currencies, rounded cents."""

import pytest

from tests.channels.test_poslog import (
    basket,
    fault,
    one,
    paid,
    prices,
    sold,
    transaction,
)


def tax(amount: str) -> str:
    return f"<Tax><Amount>{amount}</Amount></Tax>"


def tenders(sale) -> list[tuple[str, int]]:
    return [(t.method, t.minor) for t in sale.tenders]


@pytest.mark.parametrize(
    "change",
    [
        "<TenderChange><Amount>3.01</Amount></TenderChange>",
        '<TenderChange TypeCode="Refund"><TenderChange TenderType="Cash"><Amount>3.01</Amount>'
        "</TenderChange><Rounding>0.00</Rounding></TenderChange>",
    ],
)
def test_change_is_told_by_itself_in_later_versions(change):
    sale = one(basket(sold("26.99"), paid("30.00"), change))
    assert (tenders(sale), prices(sale)) == ([("cash", 2699)], [(1, 2699)])


def test_change_is_given_by_the_means_it_names():
    change = '<TenderChange TenderType="Cash"><Amount>5.00</Amount></TenderChange>'
    sale = one(basket(sold("45.00"), paid("50.00", "GiftCard", more=change)))
    assert tenders(sale) == [("stored_value", 5000), ("cash", -500)]
    wrong = change.replace("5.00", "x")
    at = fault(basket(sold("45.00"), paid("50.00", more=wrong))).pointer
    assert at == "/RetailTransaction/LineItem[2]/Tender/TenderChange/Amount"


@pytest.mark.parametrize(
    ("price", "lines"),
    [
        pytest.param("119.00", [11900], id="in the price"),
        pytest.param("100.00", [11900], id="on top"),
    ],
)
def test_a_tax_that_line_and_basket_tell_is_one_tax(price, lines):
    sale = one(basket(sold(price, more=tax("19.00")), tax("19.00"), paid("119.00")))
    assert [(line.minor, line.tax_minor) for line in sale.lines] == [(lines[0], 1900)]
    back = basket(
        sold("100.00", name="Return", more=tax("19.00")),
        tax("19.00"),
        '<Tender TenderType="Cash" TypeCode="Refund"><Amount>119.00</Amount></Tender>',
    )
    assert [(line.minor, line.tax_minor) for line in one(back).lines] == [(-11900, -1900)]


def test_taxes_of_lines_may_add_up_to_another_cent_than_that_of_their_basket():
    lines = [sold("0.99", sku=sku, more=tax("0.08")) for sku in "ABC"]
    sale = one(basket(*lines, tax("0.25"), paid("3.22")))
    assert sum(line.minor for line in sale.lines) == 322
    assert [line.tax_minor for line in sale.lines] == [8, 8, 8]


def test_another_tax_of_the_basket_comes_on_top_of_those_of_lines():
    sale = one(basket(sold("10.00", more=tax("0.50")), tax("2.00"), paid("12.50")))
    assert [(line.minor, line.tax_minor) for line in sale.lines] == [(1250, 250)]
    by_chance = one(basket(sold("10.00", more=tax("0.50")), tax("0.50"), paid("11.00")))
    assert [(line.minor, line.tax_minor) for line in by_chance.lines] == [(1100, 100)]


def test_cents_that_no_coin_is_made_for_are_no_money():
    rounding = '<Tender TenderType="X:Rounding"><Amount>0.03</Amount></Tender>'
    off = "<ExtendedDiscountAmount>27.05</ExtendedDiscountAmount>"
    sale = one(basket(sold("211.02", more=off), paid("184.00"), rounding))
    assert (tenders(sale), prices(sale)) == ([("cash", 18400)], [(1, 18400)])
    down = one(basket(sold("1.02"), paid("1.00"), rounding.replace("0.03", "-0.02")))
    assert (tenders(down), prices(down)) == ([("cash", 100)], [(1, 100)])
    assert fault(basket(sold("1.10"), paid("1.00"), rounding)).code == "tenders-differ"


def test_amounts_name_their_currency_where_the_transaction_does_not():
    text = basket(
        sold("5.00").replace("<ExtendedAmount>", '<ExtendedAmount Currency="CHF">'), paid("5.00")
    )
    assert one(text, currency="GBP").currency == "EUR"
    bare = text.replace("<CurrencyCode>EUR</CurrencyCode>", "")
    assert one(bare, currency="GBP").currency == "CHF"
    nothing = '<Discounts Currency="XXX">0</Discounts><ItemID>'
    assert one(bare.replace("<ItemID>", nothing), currency="GBP").currency == "CHF"
    yen = bare.replace("CHF", "JPY").replace("5.00", "500")
    assert prices(one(yen, currency="GBP")) == [(1, 500)]
    assert one(bare.replace(' Currency="CHF"', ""), currency="GBP").currency == "GBP"


def test_links_name_store_and_day_as_later_versions_do():
    link = (
        "<TransactionLink><BusinessUnit>S9</BusinessUnit><WorkstationID>T1</WorkstationID>"
        "<BusinessDayDate><Date>2026-01-02</Date></BusinessDayDate>"
        "<SequenceNumber>7</SequenceNumber></TransactionLink>"
    )
    back = basket(sold("5.00", "-1.0000", more=link), paid("-5.00"))
    (line,) = one(back).lines
    assert (line.quantity, line.receipt, line.proof) == (-1, "S9/T1/2026-01-02-7", "")
    unit = back.replace("<BusinessUnit>S9<", "<BusinessUnit><UnitID>S9</UnitID><")
    assert one(unit).lines[0].receipt == "S9/T1/2026-01-02-7"
    void = transaction(f"<PostVoidTransaction>{link}</PostVoidTransaction>")
    assert one(void).voids == "S9/T1/2026-01-02-7"


def test_an_article_is_known_by_its_number_of_gs1_and_by_its_name_beside_it():
    named = sold("5.00", sku="4006381333931").replace("<ItemID>", '<ItemID Name="A pen">')
    customer = "<Customer><Name><OfficialName>Erika M</OfficialName></Name></Customer>"
    text = basket(named, paid("5.00")).replace("</RetailT", f"{customer}</RetailT")
    sale = one(text)
    (line,) = sale.lines
    assert (line.sku, line.gtin, line.title) == ("4006381333931", "4006381333931", "A pen")
    assert sale.customer.name == "Erika M"


def test_money_that_a_customer_draws_with_a_card_is_no_price():
    sale = one(basket(sold("40.00"), paid("60.00", "CreditDebit", more="<Cashback>20</Cashback>")))
    told = ([("card", 6000), ("cash", -2000)], [(1, 4000)])
    assert (tenders(sale), prices(sale)) == told
    card = paid("60.00", "CreditDebit", more="<Cashback>20</Cashback>")
    twice = one(basket(sold("40.00"), card, paid("-20.00")))
    assert (tenders(twice), prices(twice)) == told


def test_money_of_another_currency_is_not_believed():
    text = basket(sold("5.00"), paid("5.00").replace("<Amount>", '<Amount Currency="CAD">'))
    assert fault(text).pointer == "/RetailTransaction/LineItem[2]/Tender/Amount"
    own = '<ForeignCurrency><OriginalFaceAmount Currency="CAD">7.00</OriginalFaceAmount>'
    foreign = basket(sold("5.00"), paid("5.00", "ForeignCurrency", more=f"{own}</ForeignCurrency>"))
    assert tenders(one(foreign)) == [("cash", 500)]
    bare = foreign.replace("<CurrencyCode>EUR</CurrencyCode>", "")
    assert one(bare, currency="GBP").currency == "GBP"


def test_what_was_weighed_costs_its_share_of_the_price_of_a_pound():
    weighed = sold("1.99", "1.25").replace("ExtendedAmount", "ActualSalesUnitPrice")
    sale = one(basket(weighed, paid("2.49", "WIC")))
    assert (prices(sale), tenders(sale)) == ([(1, 249)], [("on_account", 249)])
    back = weighed.replace("1.25", "-1.25")
    assert prices(one(basket(back, paid("-2.49")))) == [(-1, -249)]
