"""What eBay is told, and what is fetched from it: bodies as its own descriptions allow them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Outcome, Talk
from crosslane.channels.adapters.fetching import Page
from crosslane.channels.adapters.telling import Later, Refused
from crosslane.channels.domain.messages import Order, Outbound, StockRow, SupplySnapshot
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods, PricePatch
from tests.channels import telling
from tests.channels.reading import read
from tests.channels.strict_ebay import CLIENT, MARKETPLACE, REFRESH, SECRET, StrictEbay
from tests.channels.telling import outgoing, tell
from tests.channels.test_ebay import LINE
from tests.channels.test_ebay import ORDER as READ

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
ORDER = READ["orderId"]
LINES = [LINE, LINE | {"lineItemId": "10013", "sku": "LAMP", "quantity": 1}]


def talk(**settings: str) -> Talk:
    told = {"client_id": CLIENT, "marketplace": MARKETPLACE} | settings
    return Talk(currency="GBP", secret=f"{SECRET} {REFRESH}", now=AT, settings=told)


def parcel(*lines: tuple[str, int], step: str = "shipped", **changes: Any) -> FulfillmentEvent:
    told = {
        "source_id": "P-1",
        "order": ORDER,
        "tracking": ("JD 0146-GB",),
        "carrier": "Royal Mail",
    } | changes
    goods = tuple(MovedGoods(id=n, quantity=units) for n, units in lines)
    return FulfillmentEvent(event_at=AT, step=step, lines=goods, **told)


def say(
    ebay: StrictEbay, message: Outbound, who: Talk | None = None, number: int = 1, **known: str
) -> Outcome:
    told = tell("ebay", [outgoing(message, number, **known)], ebay.answer, who or talk())
    (outcome,) = told.outcomes
    return outcome


@pytest.fixture
def ebay() -> StrictEbay:
    made = StrictEbay()
    made.add_order(READ | {"lineItems": LINES})
    made.add_article("MUG", "7")
    made.add_article("LAMP", "8")
    return made


def test_parcels_are_told_one_by_one_and_once(ebay: StrictEbay):
    first = say(ebay, parcel(("10012", 2)))
    assert (first.state, first.learnt) == ("told", {"fulfillment:P-1": "JD0146GB"})
    # Nobody knows what became of the first try.
    assert say(ebay, parcel(("10012", 2))).learnt == first.learnt
    plain = parcel(("10012", 1), source_id="P-2", tracking=())
    second = say(ebay, plain, **first.learnt)
    assert say(ebay, plain, **first.learnt).learnt == second.learnt
    one, two = ebay.parcels[ORDER]
    assert (one["shippingCarrierCode"], one["lineItems"][0]["quantity"]) == ("Royal Mail", 2)
    assert "shipmentTrackingNumber" not in two
    calls = len(ebay.calls)
    assert say(ebay, plain, **second.learnt).state == "needless"
    assert len(ebay.calls) == calls


def test_two_parcels_of_the_same_goods_are_two(ebay: StrictEbay):
    first = say(ebay, parcel(("10012", 1), tracking=()))
    second = say(ebay, parcel(("10012", 1), source_id="P-2", tracking=()), **first.learnt)
    assert second.learnt["fulfillment:P-2"] != first.learnt["fulfillment:P-1"]
    assert len(ebay.parcels[ORDER]) == 2


def test_what_ebay_will_not_have_says_why(ebay: StrictEbay):
    refused = say(ebay, parcel(("10012", 9)))
    assert (refused.state, refused.code) == ("refused", "32310")
    assert say(ebay, parcel(("1", 1), order="nowhere")).code == "32100"
    assert say(ebay, parcel(("10012", 1), step="delivered")).state == "needless"


def stock(**units: int) -> SupplySnapshot:
    rows = tuple(StockRow(sku=sku, quantity=quantity) for sku, quantity in units.items())
    return SupplySnapshot(source_id="S-1", event_at=AT, location="*", rows=rows)


def test_stock_goes_in_batches_and_names_what_is_refused(ebay: StrictEbay):
    for n in range(30):
        ebay.add_article(f"S{n:02}", f"o{n}")
    units = {f"S{n:02}": n for n in range(30)}
    assert say(ebay, stock(**units, MUG=-4)).state == "told"
    assert {sku: ebay.stock[sku] for sku in units} == units
    assert ebay.stock["MUG"] == 0
    assert sum("bulk" in call for call in ebay.calls) == 2
    some = say(ebay, stock(MUG=2, GONE=1))
    assert (some.state, some.learnt) == ("told", {"refused:GONE": "25702"})
    assert say(ebay, stock(GONE=1)).state == "refused"


def test_a_price_is_that_of_an_offer_which_is_looked_up_once(ebay: StrictEbay):
    price = PricePatch(
        source_id="MUG", event_at=AT, sku="MUG", unit_price_milli=1_234_567, currency="GBP"
    )
    told = say(ebay, price)
    assert told.learnt == {"article:MUG": "7"}
    assert ebay.offers["7"]["price"] == {"value": "12.35", "currency": "GBP"}
    calls = len(ebay.calls)
    say(ebay, price, **told.learnt)
    assert len(ebay.calls) == calls + 2
    gone = say(ebay, msgspec.structs.replace(price, sku="GONE"))
    assert (gone.state, gone.code) == ("refused", "25713")


def test_a_token_is_kept_and_one_that_is_none_says_so(ebay: StrictEbay):
    who = talk()
    say(ebay, stock(MUG=1), who)
    say(ebay, stock(MUG=2), who)
    assert sum("token" in call for call in ebay.calls) == 1
    with pytest.raises(Refused):
        say(ebay, stock(MUG=1), msgspec.structs.replace(who, secret="one", memory={}))
    with pytest.raises(Later):
        say(ebay, stock(MUG=1), msgspec.structs.replace(who, secret="a b", memory={}))


def fetch(ebay: StrictEbay, cursor: str = "", who: Talk | None = None) -> Page:
    return telling.fetch("ebay", ebay.answer, cursor, who or talk())


def numbers(page: Page) -> list[str]:
    readings = read("ebay", b"\n".join(page.records), currency="GBP")
    found = [m for r in readings for m in r.messages if isinstance(m, Order)]
    return [one.source_id for one in found]


def test_orders_are_fetched_page_by_page_and_then_what_is_new():
    ebay = StrictEbay()
    for n in range(4):
        at = (AT - timedelta(minutes=30 - n)).isoformat().replace("+00:00", "Z")
        ebay.add_order(READ | {"orderId": f"12-{n}", "lastModifiedDate": at})
    first = fetch(ebay)
    second = fetch(ebay, first.cursor)
    assert (numbers(first), first.more) == (["12-0", "12-1", "12-2"], True)
    assert (numbers(second), second.more) == (["12-3"], False)
    ebay.add_order(READ | {"orderId": "12-9", "lastModifiedDate": "2026-07-02T09:29:45Z"})
    assert list(fetch(ebay, second.cursor).records) == []
    later = msgspec.structs.replace(talk(), now=AT + timedelta(minutes=5))
    assert numbers(fetch(ebay, second.cursor, later)) == ["12-9"]
    with pytest.raises(Later):
        fetch(ebay, who=talk(since="yesterday"))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"orders": {}}', b"\xff"])
def test_what_is_no_page_is_asked_for_later(ebay: StrictEbay, body: bytes):
    conversation = FAMILIES["ebay"].fetches.fetch("", talk())
    conversation.send(ebay.answer(next(conversation)))
    with pytest.raises(Later):
        conversation.send(Answer(body=body))
