"""What a WooCommerce shop is told: bodies as its reference allows them, done once."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Call, Outcome, Talk
from crosslane.channels.adapters.telling import Refused
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Outbound,
    ReturnedGoods,
    ReturnEvent,
    StockRow,
    SupplySnapshot,
)
from crosslane.channels.domain.reports import (
    FulfillmentEvent,
    MoneyEvent,
    MovedGoods,
    PricePatch,
)
from tests.channels.strict_woocommerce import KEY, SECRET, StrictWoo
from tests.channels.telling import outgoing, tell

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
TALK = Talk(currency="GBP", secret=f"{KEY}:{SECRET}", now=AT)
ORDER = "727"


def with_settings(**settings: str) -> Talk:
    return msgspec.structs.replace(TALK, settings=settings)


def parcel(*lines: tuple[str, int], step: str = "shipped", **changes: Any) -> FulfillmentEvent:
    told = {
        "source_id": "P-1",
        "tracking": ("JD0146",),
        "carrier": "Smith & Co",
        "links": ("https://track.example/JD0146",),
    } | changes
    goods = tuple(MovedGoods(id=n, quantity=units) for n, units in lines)
    return FulfillmentEvent(event_at=AT, order=ORDER, step=step, lines=goods, **told)


def money(minor: int, **changes: Any) -> MoneyEvent:
    told = {"source_id": "R-1", "step": "refunded", "currency": "GBP", "reason": "broken"} | changes
    return MoneyEvent(event_at=AT, order=ORDER, minor=minor, **told)


def say(shop: StrictWoo, *messages: Outbound, talk: Talk = TALK, **known: str) -> list[Outcome]:
    told = [outgoing(message, n, **known) for n, message in enumerate(messages, 1)]
    return list(tell("woocommerce", told, shop.answer, talk).outcomes)


@pytest.fixture
def shop() -> StrictWoo:
    made = StrictWoo()
    made.add_order(727, {315: 2, 316: 1})
    return made


def test_a_parcel_is_a_note_to_the_customer_and_only_once(shop: StrictWoo):
    (first,) = say(shop, parcel(("315", 1)))
    (again,) = say(shop, parcel(("315", 1)))

    (note,) = shop.notes[727]
    words = "Your parcel is on its way with Smith &amp; Co: JD0146. https://track.example/JD0146"
    assert note["note"] == f"{words} (P-1)"
    assert note["customer_note"] is True
    assert (first.state, again.state) == ("told", "needless")
    assert shop.orders[727]["status"] == "processing"


def test_an_order_is_completed_once_all_of_it_has_left(shop: StrictWoo):
    (first,) = say(shop, parcel(("315", 1)))
    rest = parcel(("315", 1), ("316", 1), source_id="P-2")
    (last,) = say(shop, rest, **first.learnt)

    assert shop.orders[727]["status"] == "completed"
    assert say(shop, rest, **first.learnt, **last.learnt)[0].state == "needless"


def test_units_that_were_taken_off_are_not_waited_for(shop: StrictWoo):
    fewer = Amendment(source_id=ORDER, event_at=AT, lines=(AmendedLine(id="316", quantity=0),))
    (off,) = say(shop, fewer)
    say(shop, parcel(("315", 2)))

    assert off.instead in FAMILIES["woocommerce"].lacks
    assert shop.orders[727]["status"] == "completed"


def test_a_shop_that_completes_by_itself_is_left_alone(shop: StrictWoo):
    say(shop, parcel(), talk=with_settings(completes="no"))
    assert shop.orders[727]["status"] == "processing"
    say(shop, parcel())
    assert shop.orders[727]["status"] == "completed"


def test_numbers_go_to_shipment_tracking_where_the_shop_has_it(shop: StrictWoo):
    talk = with_settings(tracking="shipment_tracking")
    two = parcel(("315", 2), tracking=("A1", "A2"), links=())
    assert [say(shop, two, talk=talk)[0].state for _ in range(2)] == ["told", "needless"]
    assert [one["tracking_number"] for one in shop.trackings[727]] == ["A1", "A2"]
    assert shop.trackings[727][0]["date_shipped"] == "2026-11-28"
    assert shop.notes[727] == []


def test_goods_to_collect_are_told_and_complete_the_order(shop: StrictWoo):
    say(shop, parcel(step="ready"))
    assert "ready to be collected" in shop.notes[727][0]["note"]
    say(shop, parcel(step="collected"))
    assert (len(shop.notes[727]), shop.orders[727]["status"]) == (1, "completed")
    assert say(shop, parcel(step="delivered"))[0].state == "unsupported"


def test_an_order_that_is_off_is_cancelled_once(shop: StrictWoo):
    off = Cancellation(source_id=ORDER, event_at=AT)
    assert [say(shop, off)[0].state for _ in range(2)] == ["told", "needless"]
    assert shop.orders[727]["status"] == "cancelled"


def test_what_is_left_of_an_order_that_partly_left_is_taken_off(shop: StrictWoo):
    (first,) = say(shop, parcel(("315", 1)))
    off = Cancellation(source_id=ORDER, event_at=AT, reason="sold out")
    outcomes = [say(shop, off, **first.learnt)[0] for _ in range(2)]

    (refund,) = shop.refunds[727]
    taken = {line["meta_data"][0]["value"]: line["quantity"] for line in refund["line_items"]}
    assert (taken, refund["amount"]) == ({"315": -1, "316": -1}, "0")
    assert (refund["refunded_payment"], refund["restocked"]) == (False, True)
    assert [one.state for one in outcomes] == ["told", "needless"]
    assert shop.orders[727]["status"] == "completed"


def test_units_are_taken_off_once_and_never_put_on(shop: StrictWoo):
    def left(units: int) -> Amendment:
        lines = (AmendedLine(id="315", quantity=units),)
        return Amendment(source_id=ORDER, event_at=AT, lines=lines)

    assert [say(shop, left(1))[0].state for _ in range(2)] == ["told", "needless"]
    assert len(shop.refunds[727]) == 1
    with pytest.raises(Refused) as refused:
        tell("woocommerce", [outgoing(left(3), 2)], shop.answer, TALK)
    assert refused.value.code == "units-exceeded"


def test_money_is_given_back_once_whole_or_in_part(shop: StrictWoo):
    (first,) = say(shop, money(1_250))
    (again,) = say(shop, money(1_250))
    assert (first.state, again.state, again.learnt) == ("told", "needless", first.learnt)
    (refund,) = shop.refunds[727]
    assert (refund["amount"], refund["refunded_payment"]) == ("12.50", True)

    told = tell(
        "woocommerce",
        [outgoing(money(3_750, source_id="R-2"), 2)],
        shop.answer,
        with_settings(refunds="recorded"),
    )
    assert told.outcomes[0].state == "told"
    assert shop.refunds[727][0]["refunded_payment"] is False


def test_a_refund_beyond_what_was_paid_is_refused_before_it_is_asked_for(shop: StrictWoo):
    for wish, code in ((money(5_001), "refund-exceeds"), (money(1, currency="EUR"), "currency")):
        with pytest.raises(Refused) as refused:
            say(shop, wish)
        assert refused.value.code.startswith(code)
    assert shop.refunds[727] == []


def test_an_order_a_shop_does_not_have_is_refused(shop: StrictWoo):
    for order in ("999", "MP-1"):
        with pytest.raises(Refused) as refused:
            say(shop, Cancellation(source_id=order, event_at=AT))
        assert refused.value.code in ("shop-order-invalid-id", "order-unknown")


def test_what_answers_without_words_is_refused_by_its_status():
    off = outgoing(Cancellation(source_id=ORDER, event_at=AT))
    with pytest.raises(Refused) as refused:
        tell("woocommerce", [off], [Answer(status=403, body=b"<html>Forbidden</html>")], TALK)
    assert refused.value.code == "answer-403"


def stock(*rows: tuple[str, int], location: str = "*") -> SupplySnapshot:
    told = tuple(StockRow(sku=sku, quantity=units) for sku, units in rows)
    return SupplySnapshot(source_id="stock", event_at=AT, location=location, rows=told)


def test_stock_goes_to_products_and_variations_in_batches(shop: StrictWoo):
    skus = [f"SKU,{n:03}" for n in range(3)] + [f"SKU-{n:03}" for n in range(150)]
    for n, sku in enumerate(skus):
        shop.add_product(sku.replace(",", "."), parent=22 if n % 3 == 0 else 0)
    rows = [(sku.replace(",", "."), n - 1) for n, sku in enumerate(skus)]

    (told,) = say(shop, stock(*rows))

    found = {p["sku"]: p["stock_quantity"] for p in shop.products.values()}
    assert [found[sku] for sku in ("SKU.000", "SKU.001", "SKU-149")] == [0, 0, 151]
    assert shop.calls.count("POST products/batch") == 2
    assert shop.calls.count("POST products/22/variations/batch") == 1
    shop.calls.clear()
    say(shop, stock(*rows), **told.learnt)
    assert [call for call in shop.calls if call.startswith("GET")] == []


def test_articles_a_shop_does_not_have_are_left_out_and_named(shop: StrictWoo):
    mug = shop.add_product("MUG")
    known = {"article:GONE": "9", "product:GONE": "0"}

    (told,) = say(shop, stock(("MUG", 4), ("NOT", 1), ("GONE", 2)), **known)

    assert (mug["stock_quantity"], told.state) == (4, "told")
    assert told.learnt["refused:NOT"] == "not-there"
    assert told.learnt["refused:GONE"] == "product-invalid-id"
    (elsewhere,) = say(shop, stock(("MUG", 9), location="S0001"))
    assert (elsewhere.state, mug["stock_quantity"]) == ("unsupported", 4)
    say(shop, stock(("MUG", 9), location="S0001"), talk=with_settings(location="S0001"))
    assert mug["stock_quantity"] == 9


def test_prices_are_told_with_what_they_were(shop: StrictWoo):
    mug, bowl = shop.add_product("MUG"), shop.add_product("BOWL", parent=22)

    def price(sku: str, milli: int, **changes: Any) -> PricePatch:
        told = {"source_id": sku, "event_at": AT, "sku": sku, "currency": "GBP"} | changes
        return PricePatch(unit_price_milli=milli, **told)

    outcomes = say(
        shop,
        price("MUG", 900_000),
        price("BOWL", 1_250_500, was_milli=2_000_000, starts_at=AT),
        price("NOT", 1_000),
        price("MUG", 1_000, currency="EUR"),
    )

    assert [one.state for one in outcomes] == ["told", "told", "refused", "refused"]
    assert (mug["regular_price"], mug["sale_price"]) == ("9.00", "")
    assert (bowl["regular_price"], bowl["sale_price"]) == ("20.00", "12.505")
    assert bowl["date_on_sale_from_gmt"] == "2026-11-28T12:00:00"


class _Lost(Exception):
    """Nobody knows what became of a call."""


@pytest.mark.parametrize(
    ("message", "settings"),
    [
        (parcel(("315", 2), ("316", 1)), {}),
        (parcel(("315", 2), ("316", 1), tracking=("A", "B")), {"tracking": "shipment_tracking"}),
        (Cancellation(source_id=ORDER, event_at=AT), {}),
        (Amendment(source_id=ORDER, event_at=AT, lines=(AmendedLine(id="315", quantity=1),)), {}),
        (money(1_250), {}),
        (stock(("MUG", 4), ("BOWL", 2), ("NOT", 2)), {}),
    ],
    ids=["note", "tracking", "cancellation", "amendment", "money", "stock"],
)
def test_whichever_answer_is_lost_the_next_try_ends_as_one_would(
    message: Outbound, settings: dict[str, str]
):
    talk = with_settings(**settings)

    def opened() -> StrictWoo:
        made = StrictWoo()
        made.add_order(727, {315: 2, 316: 1})
        made.add_product("MUG")
        made.add_product("BOWL", parent=22)
        return made

    def kept(shop: StrictWoo) -> dict[str, Any]:
        return {name: value for name, value in vars(shop).items() if name != "calls"}

    whole = opened()
    say(whole, message, talk=talk)
    for lost in range(len(whole.calls)):
        shop = opened()

        def answer(call: Call, shop: StrictWoo = shop, lost: int = lost):
            answered = shop.answer(call)
            if len(shop.calls) > lost:
                raise _Lost
            return answered

        with pytest.raises(_Lost):
            tell("woocommerce", [outgoing(message)], answer, talk)
        say(shop, message, talk=talk)
        assert kept(shop) == kept(whole), whole.calls[lost]


def decided(step: str, **changes: Any) -> ReturnEvent:
    goods = (ReturnedGoods(id="315", sku="MUG", quantity=2, reason="too_small"),)
    told = {"source_id": "R00001T-8", "ours": "R00001T-8", "lines": goods} | changes
    return ReturnEvent(event_at=AT, order=ORDER, step=step, **told)


def test_what_was_decided_about_a_return_is_a_note_for_the_shops_people_once(shop: StrictWoo):
    said = (
        (decided("authorized"), "Return R00001T-8 may come back: 2 x MUG."),
        (
            decided("declined", reason="worn &\n used"),
            "Return R00001T-8 is declined: 2 x MUG. worn &amp; used",
        ),
    )
    for event, words in said:
        states = [say(shop, event)[0].state for _ in range(2)]
        note = shop.notes[727][-1]
        assert (states, note["note"]) == (["told", "needless"], words)
        assert note["customer_note"] is False
    assert len(shop.notes[727]) == 2


def test_other_steps_of_a_return_are_not_told(shop: StrictWoo):
    (told,) = say(shop, decided("arrived"))
    assert (told.state, told.code, shop.notes[727]) == ("unsupported", "step-untold", [])
