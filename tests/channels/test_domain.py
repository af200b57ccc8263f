"""Standing: the same messages make the same order, in whatever order they come."""

from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.domain.folding import FoldedOrder
from crosslane.channels.domain.messages import AmendedLine, Amendment, Order, OrderLine, kind_of
from crosslane.channels.domain.standing import LineUnknown, begun_by, change_by
from crosslane.channels.service.orders import unfit
from crosslane.customers import Address

AT = datetime(2011, 1, 5, tzinfo=UTC)
NAMES = ("a", "b", "c")
addresses = st.sampled_from([Address("GB", (street,), "York") for street in ("1 A", "2 B")])
prices = st.integers(1, 5)
articles = st.sampled_from(["MUG", "CUP"])


@st.composite
def order_lines(draw):
    chosen = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    return tuple(
        OrderLine(
            id=n,
            sku=draw(articles),
            quantity=draw(st.integers(1, 9)),
            unit_price_milli=draw(prices),
        )
        for n in chosen
    )


@st.composite
def amended_lines(draw):
    """Lines that tell their article and, with their units, their price: they may be new."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    quantities = {n: draw(st.none() | st.integers(0, 9)) for n in chosen}
    return tuple(
        AmendedLine(id=n, sku=draw(articles), quantity=quantity, unit_price_milli=draw(prices))
        for n, quantity in quantities.items()
    )


@st.composite
def said(draw):
    """Messages about one order, each of another version, at least one of them the order."""
    found = []
    for version in range(1, draw(st.integers(2, 7))):
        head = {"source_id": "1", "source_version": version, "event_at": AT}
        if draw(st.booleans()) or version == 1:
            found.append(Order(**head, lines=draw(order_lines()), ship_to=draw(addresses)))
        else:
            ship_to = draw(st.none() | addresses)
            found.append(Amendment(**head, lines=draw(amended_lines()), ship_to=ship_to))
    return found


def hearing(messages):
    told = FoldedOrder()
    for message in messages:
        told.hear(message)
    return told.state()


@given(said(), st.data())
def test_order_of_arrival_and_repetition_do_not_matter(messages, data):
    shuffled = data.draw(st.permutations(messages + messages[::2]))
    expected, found = hearing(messages), hearing(shuffled)
    assert found == expected


@given(said())
def test_the_latest_whole_order_and_what_came_after_it_decide(messages):
    whole = max((m for m in messages if isinstance(m, Order)), key=lambda m: m.source_version)
    after = [m for m in messages if m.source_version > whole.source_version]
    assert hearing(messages) == hearing([whole, *after])


def test_a_line_nobody_has_named_waits():
    order = Order(source_id="1", event_at=AT, lines=(OrderLine(sku="MUG", quantity=1),))
    line = AmendedLine(id="9", quantity=2)
    amendment = Amendment(source_id="1", source_version=3, event_at=AT, lines=(line,))
    assert change_by(begun_by(order), amendment) == LineUnknown("9", 0)
    named = Order(
        source_id="1",
        source_version=2,
        event_at=AT,
        lines=(OrderLine(sku="MUG", quantity=1), OrderLine(id="9", sku="LAMP", quantity=5)),
    )
    assert hearing([order, amendment, named])[0] == {
        "1": [1, "MUG", None],
        "9": [2, "LAMP", None],
    }
    assert kind_of(amendment) == "amendment"


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"currency": "EUR"}, "/currency"),
        ({"prices_include_tax": False}, "/prices_include_tax"),
        (
            {"lines": (OrderLine(sku="A", quantity=1), OrderLine(quantity=1, gtin="7"))},
            "/lines/1/sku",
        ),
        ({"currency": "GBP", "prices_include_tax": True}, None),
    ],
)
def test_an_order_in_other_money_or_of_no_article_is_none_of_its_channel(told, pointer):
    channel = SimpleNamespace(currency="GBP", tax_mode="inclusive")
    order = Order(source_id="1", event_at=AT, lines=(OrderLine(sku="A", quantity=1),))
    fault = unfit(msgspec.structs.replace(order, **told), channel)
    assert (fault and fault.pointer) == pointer
