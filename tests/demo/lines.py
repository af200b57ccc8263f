"""Order lines made up for tests."""

from datetime import datetime

from crosslane.demo.raw import LONDON, RawLine, price_milli
from crosslane.demo.streams import Codes

CODES = Codes(
    products=frozenset({"22423", "85123A", "84029E"}),
    charges=frozenset({"DOT", "POST", "M", "AMAZONFEE", "DCGS0003"}),
)


def line(
    invoice: str,
    code: str = "22423",
    quantity: int = 1,
    price: str = "2.55",
    *,
    customer: str = "17850",
    at: str = "2011-01-18 10:01:00",
    number: int = 1,
) -> RawLine:
    return RawLine(
        number=number,
        invoice=invoice,
        code=code,
        description="",
        quantity=quantity,
        at=datetime.fromisoformat(at).replace(tzinfo=LONDON),
        price_milli=price_milli(price),
        customer=customer,
        country="United Kingdom",
    )
