"""Documents of UBL for tests, written by us."""

from pathlib import Path

from crosslane.demo.raw import data_folder
from tests.channels.reading import read

FIXTURES = data_folder() / "fixtures"

SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"


def document(
    name: str, inner: str, *, basic: str = "b", aggregate: str = "a", own: str = ""
) -> str:
    """A document in names without prefix: those of one word are basic unless they hold others."""
    return (
        f'<{own}{name} xmlns{":" + own[:-1] if own else ""}="{SCHEMA}{name}-2"'
        f' xmlns:{basic}="{SCHEMA}CommonBasicComponents-2"'
        f' xmlns:{aggregate}="{SCHEMA}CommonAggregateComponents-2">'
        f"{inner.replace('b:', basic + ':').replace('a:', aggregate + ':')}</{own}{name}>"
    )


LINE = (
    "<a:OrderLine><b:Note>Blue</b:Note><a:LineItem><b:ID>1</b:ID>"
    '<b:Quantity unitCode="C62">12</b:Quantity>'
    '<b:LineExtensionAmount currencyID="EUR">111.00</b:LineExtensionAmount>'
    '<a:Price><b:PriceAmount currencyID="EUR">9.25</b:PriceAmount></a:Price>'
    "<a:Item><b:Name>A mug</b:Name>"
    "<a:BuyersItemIdentification><b:ID>77-1</b:ID></a:BuyersItemIdentification>"
    "<a:SellersItemIdentification><b:ID>MUG</b:ID></a:SellersItemIdentification>"
    '<a:StandardItemIdentification><b:ID schemeID="0160">4006381333931</b:ID>'
    "</a:StandardItemIdentification></a:Item></a:LineItem></a:OrderLine>"
)
HOME = (
    "<a:PostalAddress><b:StreetName>High St</b:StreetName><b:BuildingNumber>1</b:BuildingNumber>"
    "<b:CityName>Oxford</b:CityName><b:PostalZone>OX1 4AA</b:PostalZone>"
    "<a:Country><b:IdentificationCode>GB</b:IdentificationCode></a:Country></a:PostalAddress>"
)
BUYER = (
    '<a:BuyerCustomerParty><a:Party><b:EndpointID schemeID="0088">7300010000001</b:EndpointID>'
    "<a:PartyIdentification><b:ID>77</b:ID></a:PartyIdentification>"
    f"<a:PartyName><b:Name>Shops</b:Name></a:PartyName>{HOME}</a:Party></a:BuyerCustomerParty>"
)
HEAD = "<b:ID>PO-1</b:ID><b:IssueDate>2026-01-04</b:IssueDate>"
MONEY = "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
ORDER = HEAD + MONEY + BUYER + LINE


CHANGE = (
    "<b:ID>C-9</b:ID><b:IssueDate>2026-01-04</b:IssueDate>{more}"
    "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
    "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference>" + LINE
)


def one(inner: str, name: str = "Order", **context):
    (reading,) = read("ubl", document(name, inner).encode(), **context)
    assert reading.fault is None, reading.fault
    (message,) = reading.messages
    return message


def fault(inner: str, name: str = "Order"):
    (reading,) = read("ubl", document(name, inner).encode())
    assert reading.messages == ()
    assert reading.fault is not None
    return reading.fault


def published() -> list[Path]:
    return sorted([*FIXTURES.glob("ubl/*/*"), *FIXTURES.glob("en16931/ubl/*")])
