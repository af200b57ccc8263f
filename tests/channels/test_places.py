"""Countries are known however partners write them."""

import pytest

from tests.channels import edifact, test_edifact, test_x12
from tests.channels.ubl import HEAD, HOME, LINE, MONEY, one


@pytest.mark.parametrize(
    ("region", "told", "country"),
    [
        ("OH", "", "US"),
        ("OH", "*USA", "US"),
        ("", "*840", "US"),
        ("ON", "", "CA"),
        ("QC", "*CAN", "CA"),
        ("", "*DEU", "DE"),
    ],
)
def test_a_country_of_x12(region, told, country):
    text = test_x12.ORDER.replace("N4*Town*OH*44139", f"N4*Town*{region}*44139{told}")
    (order,) = test_x12.said(text)
    assert order.ship_to.country == country


@pytest.mark.parametrize("told", ["DE", "DEU", "276"])
def test_a_country_of_edifact(told):
    (order,) = test_edifact.said(edifact.ORDER.replace("44139+DE", f"44139+{told}"))
    assert order.ship_to.country == "DE"


@pytest.mark.parametrize("told", ["SE", "swe", "752"])
def test_a_country_of_ubl(told):
    party = f"<a:DeliveryParty><a:PartyName><b:Name>Shop</b:Name></a:PartyName>{HOME}"
    party = party.replace(">GB<", f">{told}<") + "</a:DeliveryParty>"
    order = one(HEAD + MONEY + f"<a:Delivery>{party}</a:Delivery>" + LINE)
    assert order.ship_to.country == "SE"
