"""What a Shopify shop is told: calls its published schema allows, done once, as it keeps things."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import FAMILIES, Answer, Outcome, Talk
from crosslane.channels.adapters.shopify.admin import gid, wait_seconds
from crosslane.channels.adapters.shopify.shipping import Work, share_out
from crosslane.channels.adapters.shops import price_text
from crosslane.channels.adapters.telling import Busy, Call, Later, Refused
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Outbound,
    StockRow,
    SupplySnapshot,
)
from crosslane.channels.domain.reports import (
    FulfillmentEvent,
    MoneyEvent,
    MovedGoods,
    PricePatch,
)
from crosslane.kernel import milli_price
from tests.channels.schemas.shopify import documents, faults_of
from tests.channels.strict_shopify import TOKEN, StrictShop
from tests.channels.telling import outgoing, tell

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
TALK = Talk(currency="GBP", secret=TOKEN, locations={"DC1": "71", "S0001": "72"}, now=AT)
ORDER = "450789469"


def parcel(*lines: tuple[str, int], step: str = "shipped", **changes: Any) -> FulfillmentEvent:
    told = {"source_id": "P-1", "tracking": ("JD0146",), "carrier": "DHL Express"} | changes
    goods = tuple(MovedGoods(id=n, quantity=units) for n, units in lines)
    return FulfillmentEvent(
        event_at=AT, order=ORDER, step=step, lines=goods, location="DC1", **told
    )


def money(minor: int, **changes: Any) -> MoneyEvent:
    told = {"source_id": "R-1", "step": "refunded", "currency": "GBP", "reason": "broken"} | changes
    return MoneyEvent(event_at=AT, order=ORDER, minor=minor, **told)


def stock(*rows: tuple[str, int], location: str = "DC1") -> SupplySnapshot:
    told = tuple(StockRow(sku=sku, quantity=units) for sku, units in rows)
    return SupplySnapshot(source_id="stock", event_at=AT, location=location, rows=told)


def say(shop: StrictShop, *messages: Outbound, talk: Talk = TALK, **known: str) -> list[Outcome]:
    """Tell a shop, holding each call against the published schema."""

    def answer(call: Call):
        asked = msgspec.json.decode(call.body)
        assert faults_of(asked["query"], asked["variables"]) == [], asked
        return shop.answer(call)

    told = [outgoing(message, n, **known) for n, message in enumerate(messages, 1)]
    return list(tell("shopify", told, answer, talk).outcomes)


@pytest.fixture
def shop() -> StrictShop:
    made = StrictShop()
    made.add_order(
        ORDER, {"11": 2, "12": 3}, {"71": {"11": 2, "12": 1}, "72": {"12": 2}}, paid=["40", "9.95"]
    )
    return made


def made(shop: StrictShop) -> list[tuple[str, dict[str, int], Any]]:
    """Fulfillments of the shop: from where, how many of which line, by which number."""
    return [
        (one["place"], {n.rpartition("/")[2]: u for n, u in one["units"].items()}, one["tracking"])
        for one in shop.fulfillments.values()
    ]


def test_what_is_asked_stands_in_the_published_schema():
    assert len(documents()) >= 20
    for name, document in documents().items():
        faults = [f for f in faults_of(document, {}) if "to be provided" not in f]
        assert faults == [], name
    assert faults_of("query { order(id: 1) { colour } }", {}) != []


def test_a_parcel_becomes_a_fulfillment_with_its_number_and_only_once(shop: StrictShop):
    (first,) = say(shop, parcel(("11", 1)))

    tracking = {"company": "DHL Express", "number": "JD0146"}
    assert made(shop) == [("71", {"11": 1}, tracking)]
    assert (first.state, list(first.learnt)) == ("told", ["fulfillment:P-1"])
    # Nobody knows what became of the first try: the number tells.
    (again,) = say(shop, parcel(("11", 1)))
    assert (again.state, again.learnt) == ("needless", first.learnt)
    assert len(shop.fulfillments) == 1


def test_a_parcel_of_two_places_becomes_a_fulfillment_at_each(shop: StrictShop):
    (told,) = say(shop, parcel(("11", 2), ("12", 3)))

    assert [(place, units) for place, units, _ in made(shop)] == [
        ("71", {"11": 2, "12": 1}),
        ("72", {"12": 2}),
    ]
    assert len(told.learnt["fulfillment:P-1"].split()) == 2


def test_what_broke_off_between_two_places_is_finished(shop: StrictShop):
    shop.available = 31.0  # points for all up to the first fulfillment
    with pytest.raises(Busy):
        say(shop, parcel(("11", 2), ("12", 3)))
    assert len(shop.fulfillments) == 1
    shop.available = 2_000.0

    say(shop, parcel(("11", 2), ("12", 3)))

    assert [units for _, units, _ in made(shop)] == [{"11": 2, "12": 1}, {"12": 2}]


def test_parcels_without_numbers_are_told_apart_by_what_earlier_ones_learnt(shop: StrictShop):
    bare = {"tracking": (), "carrier": ""}
    (first,) = say(shop, parcel(("11", 1), **bare))
    second = parcel(("11", 1), source_id="P-2", **bare)

    (told,) = say(shop, second, **first.learnt)
    (again,) = say(shop, second, **first.learnt)

    assert [units for _, units, _ in made(shop)] == [{"11": 1}, {"11": 1}]
    assert (told.state, again.state) == ("told", "needless")
    assert told.learnt == again.learnt


def test_a_number_that_comes_later_is_put_on_the_fulfillment(shop: StrictShop):
    (first,) = say(shop, parcel(("11", 1), tracking=()))

    several = {"tracking": ("A1", "A2"), "links": ("https://x.example/A1", "https://x.example/A2")}
    (told,) = say(shop, parcel(("11", 1), **several), **first.learnt)

    ((_, _, tracking),) = made(shop)
    assert (told.state, tracking["numbers"]) == ("told", ["A1", "A2"])


def test_what_arrived_is_said_of_its_fulfillment_once(shop: StrictShop):
    (first,) = say(shop, parcel(("11", 1)))
    (told,) = say(shop, parcel(("11", 1), step="delivered"), **first.learnt)
    (again,) = say(shop, parcel(("11", 1), step="delivered"), **told.learnt)

    (fulfillment,) = shop.fulfillments.values()
    assert fulfillment["events"] == {"DELIVERED": AT.isoformat()}
    assert (told.state, again.state) == ("told", "needless")


def test_more_than_a_shop_has_left_is_refused(shop: StrictShop):
    with pytest.raises(Refused) as refused:
        say(shop, parcel(("11", 3)))
    assert refused.value.code == "units-exceeded"
    assert shop.fulfillments == {}


def test_what_a_shop_holds_is_refused_as_held():
    shop = StrictShop()
    shop.add_order(ORDER, {"11": 1}, {"71": {"11": 1}}, status="ON_HOLD")
    with pytest.raises(Refused) as refused:
        say(shop, parcel(("11", 1)))
    assert refused.value.code == "fulfillment-on-hold"


def test_goods_to_collect_lie_ready_and_are_collected(shop: StrictShop):
    (untold,) = say(shop, parcel(("11", 1), step="ready"))
    assert (untold.state, untold.code) == ("unsupported", "not-a-pickup")
    shop.add_order(ORDER, {"11": 1}, {"71": {"11": 1}}, method="PICK_UP")
    ready = parcel(("11", 1), step="ready", tracking=(), carrier="")

    states = [say(shop, ready)[0].state, say(shop, ready)[0].state]
    (collected,) = say(shop, parcel(("11", 1), step="collected", tracking=(), carrier=""))

    assert (states, collected.state) == (["told", "needless"], "told")
    assert len(shop.fulfillments) == 1


def test_an_order_that_is_off_is_cancelled_once(shop: StrictShop):
    off = Cancellation(source_id=ORDER, event_at=AT, reason="sold out")
    assert [say(shop, off)[0].state, say(shop, off)[0].state] == ["told", "needless"]
    assert shop.calls.count("orderCancel") == 1


def test_a_cancellation_a_shop_does_later_is_asked_for_again():
    shop = StrictShop(cancels_at_once=False)
    shop.add_order(ORDER, {"11": 1}, {"71": {"11": 1}})
    with pytest.raises(Later):
        say(shop, Cancellation(source_id=ORDER, event_at=AT))


def test_what_is_left_of_an_order_that_partly_left_is_edited_off(shop: StrictShop):
    say(shop, parcel(("11", 1)))
    off = Cancellation(source_id=ORDER, event_at=AT)

    (told,) = say(shop, off)

    lines = shop.orders[gid("Order", ORDER)]["lines"]
    assert [units for units, _ in lines.values()] == [1, 0]
    assert told.instead in FAMILIES["shopify"].lacks
    assert say(shop, off)[0].state == "needless"


def test_a_line_with_fewer_units_is_edited_and_only_once(shop: StrictShop):
    fewer = Amendment(
        source_id=ORDER, event_at=AT, lines=(AmendedLine(id="12", quantity=1),), reason="short"
    )
    assert [say(shop, fewer)[0].state, say(shop, fewer)[0].state] == ["told", "needless"]
    lines = shop.orders[gid("Order", ORDER)]["lines"]
    assert [units for units, _ in lines.values()] == [2, 1]
    assert shop.calls.count("orderEditCommit") == 1


def test_money_given_back_is_given_by_the_payments_it_came_by_and_once(shop: StrictShop):
    (first,) = say(shop, money(4_500))
    shop.keys.clear()  # a shop forgets keys after a day
    (again,) = say(shop, money(4_500))

    (refund,) = shop.orders[gid("Order", ORDER)]["refunds"]
    given = [one["amount"] for one in refund["input"]["transactions"]]
    assert given == ["40.00", "5.00"]
    assert (first.state, again.state, again.learnt) == ("told", "needless", first.learnt)


def test_a_refund_beyond_what_was_paid_or_in_another_currency_is_refused(shop: StrictShop):
    for wish, code in ((money(4_996), "refund-exceeds"), (money(1, currency="EUR"), "currency")):
        with pytest.raises(Refused) as refused:
            say(shop, wish)
        assert refused.value.code.startswith(code)
    assert shop.orders[gid("Order", ORDER)]["refunds"] == []


def test_stock_is_set_in_batches_by_names_that_are_looked_up_once(shop: StrictShop):
    skus = [f"SKU-{n:03}" for n in range(300)]
    for sku in skus:
        shop.add_variant(sku, 5)
    rows = [(sku, n - 5) for n, sku in enumerate(skus)]

    (told,) = say(shop, stock(*rows))

    assert [shop.units(sku, "71") for sku in ("SKU-000", "SKU-005", "SKU-299")] == [0, 0, 294]
    assert (shop.calls.count("inventorySetQuantities"), told.state) == (2, "told")
    shop.calls.clear()
    say(shop, stock(*rows), **told.learnt)
    assert shop.calls == ["inventorySetQuantities"] * 2


def test_stock_of_articles_a_shop_does_not_have_is_left_out_and_named(shop: StrictShop):
    shop.add_variant("MUG", 5)
    for _ in range(2):
        shop.add_variant("TWICE", 6)
    known = {"stock:GONE": "999"}

    (told,) = say(shop, stock(("MUG", 4), ("TWICE", 1), ("NOT", 1), ("GONE", 2)), **known)

    assert shop.units("MUG", "71") == 4
    assert (told.state, told.code) == ("told", "partly-told")
    named = "GONE (invalid-inventory-item), NOT (not-there), TWICE (sku-ambiguous)"
    assert named in told.detail


def test_stock_of_a_place_a_shop_has_not_is_refused(shop: StrictShop):
    shop.add_variant("MUG", 5)
    with pytest.raises(Refused) as refused:
        say(shop, stock(("MUG", 4), location="*"))
    elsewhere = msgspec.structs.replace(TALK, settings={"location": "404"})
    (told,) = say(shop, stock(("MUG", 4), location="*"), talk=elsewhere)
    assert refused.value.code == "location-unknown"
    assert (told.state, told.code) == ("refused", "invalid-location")


def test_prices_are_told_by_product_and_the_last_one_stands(shop: StrictShop):
    mug, bowl = shop.add_variant("MUG", 5), shop.add_variant("BOWL", 6)

    def price(sku: str, milli: int, **changes: Any) -> PricePatch:
        told = {"source_id": sku, "event_at": AT, "sku": sku, "currency": "GBP"} | changes
        return PricePatch(unit_price_milli=milli, **told)

    outcomes = say(
        shop,
        price("MUG", 900_000),
        price("BOWL", 1_250_500, was_milli=2_000_000),
        price("MUG", 850_000),
        price("NOT", 1_000),
        price("MUG", 1_000, currency="EUR"),
    )

    assert [one.state for one in outcomes] == ["told", "told", "told", "refused", "refused"]
    assert (mug["price"], bowl["price"], bowl["compareAtPrice"]) == ("8.50", "12.505", "20.00")
    assert shop.calls.count("productVariantsBulkUpdate") == 2
    number = mug["id"].rpartition("/")[2]
    (known,) = say(shop, price("MUG", 700_000), **{"article:MUG": number})
    assert (known.state, mug["price"]) == ("told", "7.00")
    (gone,) = say(shop, price("OLD", 700_000), **{"article:OLD": "1"})
    assert (gone.state, gone.code) == ("refused", "not-there")


def test_pages_are_read_to_the_end():
    shop = StrictShop(page_max=1)
    shop.add_order(ORDER, {"11": 1, "12": 1, "13": 1}, {"71": {"11": 1, "12": 1}, "72": {"13": 1}})
    say(shop, parcel(("11", 1), ("12", 1), ("13", 1)))
    assert len(shop.fulfillments) == 2
    say(shop, parcel(("11", 1), ("12", 1), ("13", 1)))
    assert len(shop.fulfillments) == 2


@pytest.mark.parametrize(
    ("status", "raised", "code"),
    [
        (402, Busy, ""),
        (423, Busy, ""),
        (403, Refused, "access-denied"),
        (404, Refused, "shop-unknown"),
        (400, Refused, "answer-400"),
    ],
)
def test_a_shop_that_is_closed_is_waited_for_and_one_that_denies_is_told(
    shop: StrictShop, status: int, raised: type[Exception], code: str
):
    shop.status = status
    with pytest.raises(raised) as found:
        say(shop, money(1))
    assert getattr(found.value, "code", "") == code


def test_an_empty_bucket_is_waited_for_as_long_as_it_takes(shop: StrictShop):
    shop.available = 1.0
    with pytest.raises(Busy) as busy:
        say(shop, money(1))
    assert busy.value.after_seconds == 1
    status = {"currentlyAvailable": 20.0, "restoreRate": 100.0}
    cost = {"requestedQueryCost": 500, "throttleStatus": status}
    assert wait_seconds({"extensions": {"cost": cost}}) == 5


def test_a_token_is_granted_for_an_apps_secret_and_kept_until_it_ends(shop: StrictShop):
    asked: list[Call] = []

    def answer(call: Call) -> Answer:
        asked.append(call)
        if call.path == "admin/oauth/access_token":
            return Answer(body=msgspec.json.encode({"access_token": TOKEN, "expires_in": 86_399}))
        return shop.answer(call)

    talk = msgspec.structs.replace(TALK, secret="an app:its secret", memory={})
    off = outgoing(Cancellation(source_id=ORDER, event_at=AT))
    for now in (AT, AT + timedelta(hours=23), AT + timedelta(hours=24)):
        tell("shopify", [off], answer, msgspec.structs.replace(talk, now=now))
    grants = [call for call in asked if call.path == "admin/oauth/access_token"]
    form = b"grant_type=client_credentials&client_id=an+app&client_secret=its+secret"
    assert [(call.body, call.concealed) for call in grants] == [(form, True)] * 2
    with pytest.raises(Later):
        refuses = Answer(status=400, body=b'{"error":"invalid_client"}')
        tell("shopify", [off], [refuses], msgspec.structs.replace(talk, memory={}))


units = st.integers(0, 4)


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(["OPEN", "ON_HOLD"]), units, units),
        max_size=4,
    ),
    units,
    units,
)
def test_units_are_taken_once_and_no_more_than_are_left(
    told: list[tuple[str, str, int, int]], first: int, second: int
):
    works = [
        Work(
            id=str(n),
            place=place,
            status=status,
            method="",
            left={line: (f"{n}{line}", left) for line, left in (("x", x), ("y", y)) if left},
        )
        for n, (place, status, x, y) in enumerate(told)
    ]
    wanted = {line: n for line, n in (("x", first), ("y", second)) if n}
    try:
        groups = share_out(wanted, works, "")
    except Refused:
        free = [work for work in works if work.status == "OPEN"]
        lacking = [sum(w.left.get(n, ("", 0))[1] for w in free) < u for n, u in wanted.items()]
        assert any(lacking) or not any(work.left for work in free)
        return
    taken = {"x": 0, "y": 0}
    for group in groups:
        assert len({works[int(work)].place for work in group}) == 1
        for work, lines in group.items():
            for name, n in lines.items():
                assert 0 < n <= works[int(work)].left[name[-1]][1]
                taken[name[-1]] += n
    if wanted:
        assert {line: n for line, n in taken.items() if n} == wanted


@given(st.integers(0, 10**9), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_a_price_reads_as_it_was_written(milli: int, currency: str):
    assert milli_price(price_text(milli, currency), currency) == milli


class _Lost(Exception):
    """Nobody knows what became of a call."""


@pytest.mark.parametrize(
    "message",
    [
        parcel(("11", 2), ("12", 3)),
        parcel(("11", 2), ("12", 3), tracking=(), carrier=""),
        parcel(("11", 1), step="delivered"),
        Cancellation(source_id=ORDER, event_at=AT),
        Amendment(source_id=ORDER, event_at=AT, lines=(AmendedLine(id="12", quantity=1),)),
        money(4_500),
        stock(("MUG", 4), ("NOT", 2)),
    ],
    ids=lambda message: type(message).__name__,
)
def test_whichever_answer_is_lost_the_next_try_ends_as_one_would(message: Outbound):
    def opened() -> StrictShop:
        made = StrictShop()
        places = {"71": {"11": 2, "12": 1}, "72": {"12": 2}}
        made.add_order(ORDER, {"11": 2, "12": 3}, places, paid=["40", "9.95"])
        made.add_variant("MUG", 5)
        return made

    def kept(shop: StrictShop) -> dict[str, Any]:
        return {n: v for n, v in vars(shop).items() if n not in ("calls", "available", "_key")}

    whole = opened()
    say(whole, message)
    for lost in range(len(whole.calls)):
        shop = opened()

        def answer(call: Call, shop: StrictShop = shop, lost: int = lost):
            answered = shop.answer(call)
            if len(shop.calls) > lost:
                raise _Lost
            return answered

        with pytest.raises(_Lost):
            tell("shopify", [outgoing(message)], answer, TALK)
        say(shop, message)
        assert kept(shop) == kept(whole), whole.calls[lost]
