"""What Amazon is told: bodies as its own models allow them, done once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Outcome, Talk
from crosslane.channels.adapters.telling import Call, Later, Refused
from crosslane.channels.domain.messages import Outbound, StockRow, SupplySnapshot
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods, PricePatch
from tests.channels.schemas.amazon import fitting
from tests.channels.strict_amazon import (
    CLIENT,
    MARKETPLACE,
    REFRESH,
    SECRET,
    SELLER,
    TOKENS_ASKED,
    StrictAmazon,
)
from tests.channels.telling import outgoing, tell
from tests.channels.test_amazon import ORDER as READ_ORDER
from tests.channels.test_amazon import V0, V0_ITEM

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
SETTINGS = {"client_id": CLIENT, "seller": SELLER, "marketplace": MARKETPLACE}
ORDER = "202-1234567-1234567"
CONFIRM = f"POST /orders/v0/orders/{ORDER}/shipmentConfirmation"


def talk(**settings: str) -> Talk:
    return Talk(
        currency="GBP",
        secret=f"{SECRET} {REFRESH}",
        now=AT,
        settings=SETTINGS | settings,
        locations={"DC1": "source-1"},
    )


def order(**changes: Any) -> dict[str, Any]:
    items = [
        {"orderItemId": "11", "quantityOrdered": 2, "product": {"sellerSku": "MUG"}},
        {"orderItemId": "12", "quantityOrdered": 1, "product": {"sellerSku": "LAMP"}},
    ]
    return {
        "orderId": ORDER,
        "createdTime": "2026-07-01T08:00:00Z",
        "lastUpdatedTime": "2026-07-01T08:05:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": MARKETPLACE},
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": items,
        **changes,
    }


def parcel(*lines: tuple[str, int], step: str = "shipped", **changes: Any) -> FulfillmentEvent:
    told = {
        "source_id": "P-1",
        "order": ORDER,
        "tracking": ("JD0146",),
        "carrier": "royal mail",
        "service": "Tracked 48",
        "location": "DC1",
    } | changes
    goods = tuple(MovedGoods(id=n, quantity=units) for n, units in lines)
    return FulfillmentEvent(event_at=AT, step=step, lines=goods, **told)


def say(
    amazon: StrictAmazon, message: Outbound, who: Talk | None = None, number: int = 1, **known: str
) -> Outcome:
    said = tell("amazon", [outgoing(message, number, **known)], amazon.answer, who or talk())
    (outcome,) = said.outcomes
    return outcome


@pytest.fixture
def amazon() -> StrictAmazon:
    made = StrictAmazon()
    made.add_order(order())
    return made


def test_parcels_are_confirmed_one_by_one(amazon: StrictAmazon):
    who = talk()
    first = say(amazon, parcel(("11", 1)), who, 7)
    assert (first.state, first.learnt) == ("told", {"fulfillment:P-1": "7"})
    assert amazon.orders[ORDER]["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
    rest = parcel(("11", 1), ("12", 1), source_id="P-2", carrier="Van & Sons", tracking=())
    assert say(amazon, rest, who, 8).state == "told"
    assert amazon.orders[ORDER]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    one, two = amazon.orders[ORDER]["packages"]
    assert (one["carrier"], one["trackingNumber"]) == ("Royal Mail", "JD0146")
    assert (one["shipTime"], two["carrier"]) == ("2026-07-02T09:30:00Z", "Van & Sons")
    assert amazon.calls.count(TOKENS_ASKED) == 1


def test_a_parcel_is_confirmed_once_however_often_it_is_told(amazon: StrictAmazon):
    say(amazon, parcel(("11", 2)), number=7)
    # Nobody knows what became of the first try: the same number is the same package.
    assert say(amazon, parcel(("11", 2)), number=7).state == "told"
    assert len(amazon.orders[ORDER]["packages"]) == 1
    known = {"fulfillment:P-1": "7"}
    calls = len(amazon.calls)
    assert say(amazon, parcel(("11", 2)), number=9, **known).state == "needless"
    assert len(amazon.calls) == calls


def test_a_refused_confirmation_is_asked_about(amazon: StrictAmazon):
    refused = say(amazon, parcel(("11", 3)))
    assert (refused.state, refused.code) == ("refused", "InvalidInput")
    assert refused.detail == "More units than are left to be shipped"
    say(amazon, parcel(("11", 2)), number=7)

    def forgetful(call: Any) -> Answer:
        """Refuse what is known already."""
        said = amazon.answer(call)
        if "shipmentConfirmation" in call.path:
            wrong = {"errors": [{"code": "InvalidInput", "message": "It was shipped"}]}
            return Answer(status=400, body=msgspec.json.encode(wrong))
        return said

    told = tell("amazon", [outgoing(parcel(("11", 2)), 7)], forgetful, talk())
    assert told.outcomes[0].state == "told"


def test_a_token_is_kept_for_an_hour_and_got_anew_when_it_is_not_good(amazon: StrictAmazon):
    who = talk()
    say(amazon, parcel(("11", 1)), who, 7)
    amazon.tokens.clear()
    assert say(amazon, parcel(("11", 1)), who, 8).state == "told"
    assert amazon.calls.count(TOKENS_ASKED) == 2
    later = msgspec.structs.replace(who, now=AT + timedelta(hours=1))
    assert say(amazon, parcel(("12", 1)), later, 9).state == "told"
    assert amazon.calls.count(TOKENS_ASKED) == 3


def test_a_connection_whose_token_is_none_says_so(amazon: StrictAmazon):
    with pytest.raises(Refused) as refused:
        say(amazon, parcel(("11", 1)), msgspec.structs.replace(talk(), secret="one"))
    assert refused.value.code == "token-malformed"
    with pytest.raises(Later):
        say(amazon, parcel(("11", 1)), msgspec.structs.replace(talk(), secret="a b"))
    with pytest.raises(Refused) as refused:
        say(amazon, parcel(("11", 1)), msgspec.structs.replace(talk(), settings={}))
    assert refused.value.code == "setting-missing"


def test_what_amazon_sees_by_itself_is_not_told(amazon: StrictAmazon):
    assert say(amazon, parcel(("11", 1), step="delivered")).state == "needless"
    other = say(amazon, parcel(("1", 1), order="Dg79mc6BT"))
    assert (other.state, other.code) == ("unsupported", "no-amazon-order")
    assert amazon.calls == []


def test_goods_that_lie_ready_in_a_store_and_are_fetched_are_told(amazon: StrictAmazon):
    assert say(amazon, parcel(("11", 1), step="ready")).state == "told"
    assert say(amazon, parcel(("11", 1), step="collected")).state == "told"
    assert amazon.pickups == [(ORDER, "ReadyForPickup"), (ORDER, "PickedUp")]


def stock(location: str = "*", **units: int) -> SupplySnapshot:
    rows = tuple(StockRow(sku=sku, quantity=quantity) for sku, quantity in units.items())
    return SupplySnapshot(source_id="S-1", event_at=AT, location=location, rows=rows)


def test_stock_is_merged_into_listings(amazon: StrictAmazon):
    assert say(amazon, stock(MUG=5, LAMP=-2)).state == "told"
    assert amazon.listings["MUG"] == {
        "fulfillment_availability": {"fulfillment_channel_code": "DEFAULT", "quantity": 5}
    }
    assert amazon.listings["LAMP"]["fulfillment_availability"]["quantity"] == 0
    say(amazon, stock("DC1", MUG=3))
    there = amazon.listings["MUG"]["fulfillment_availability"]
    assert there == {"fulfillment_channel_code": "source-1", "quantity": 3}


@pytest.mark.parametrize(
    ("settings", "code"), [({}, "90220"), ({"stock": "external"}, "answer-404")]
)
def test_articles_that_are_refused_are_named(
    amazon: StrictAmazon, settings: dict[str, str], code: str
):
    amazon.invalid_skus = {"LAMP"}
    some = say(amazon, stock("DC1", MUG=5, LAMP=2), talk(**settings))
    assert (some.state, some.learnt) == ("told", {"refused:LAMP": code})
    none = say(amazon, stock("DC1", LAMP=2), talk(**settings))
    assert (none.state, none.code) == ("refused", code)


def test_stock_of_external_fulfillment_goes_in_tens(amazon: StrictAmazon):
    units = {f"S{n:02}": n for n in range(23)}
    assert say(amazon, stock("DC1", **units), talk(stock="external")).state == "told"
    assert amazon.external == {("source-1", sku): n for sku, n in units.items()}
    assert sum("inventories" in call for call in amazon.calls) == 3


def test_a_price_is_exact_and_a_reduction_ends(amazon: StrictAmazon):
    price = PricePatch(
        source_id="MUG", event_at=AT, sku="MUG", unit_price_milli=1_234_567, currency="GBP"
    )
    assert say(amazon, price).state == "told"
    offer = amazon.listings["MUG"]["purchasable_offer"]
    assert offer["our_price"] == [{"schedule": [{"value_with_tax": 12.35}]}]
    assert (offer["marketplace_id"], offer["audience"]) == (MARKETPLACE, "ALL")
    span = {"starts_at": AT, "ends_at": AT + timedelta(days=7), "was_milli": 1_500_000}
    say(amazon, msgspec.structs.replace(price, **span))
    offer = amazon.listings["MUG"]["purchasable_offer"]
    assert offer["our_price"] == [{"schedule": [{"value_with_tax": 15}]}]
    (reduced,) = offer["discounted_price"][0]["schedule"]
    assert reduced["end_at"] == {"value": "2026-07-09T09:30:00Z"}


def test_an_amount_is_written_exactly(amazon: StrictAmazon):
    sent: list[bytes] = []

    def listen(call: Any) -> Answer:
        assert isinstance(call, Call)
        sent.append(call.body)
        return amazon.answer(call)

    price = PricePatch(
        source_id="MUG", event_at=AT, sku="MUG", unit_price_milli=110_000, currency="GBP"
    )
    tell("amazon", [outgoing(price)], listen, talk())
    assert b'"value_with_tax":1.10}' in sent[-1]


def test_amazon_says_in_calls_a_second_how_long_to_wait():
    patience = FAMILIES["amazon"].patience
    assert patience({"x-amzn-ratelimit-limit": "0.5"}) == 2.0
    assert patience({"x-amzn-ratelimit-limit": "0.0001"}) == 900.0
    assert patience({}) is None
    assert patience({"x-amzn-ratelimit-limit": "soon"}) is None


def test_what_is_read_and_what_is_fetched_in_tests_is_as_amazon_s_models_allow():
    fitting("sales", "Order", READ_ORDER)
    fitting("orders", "Order", {k: v for k, v in V0.items() if k != "OrderItems"})
    fitting("orders", "OrderItem", V0_ITEM)
