"""What Square is told, and what is fetched from it: bodies as its own models allow them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crosslane.channels import FAMILIES, Outcome, Talk
from crosslane.channels.adapters.fetching import Page
from crosslane.channels.adapters.telling import Later, Refused
from crosslane.channels.domain.messages import Order, StockRow, SupplySnapshot
from tests.channels.reading import read
from tests.channels.strict_square import PLACE, TOKEN, StrictSquare
from tests.channels.telling import outgoing, tell
from tests.channels.test_square import SOLD

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)


def talk(**changes: Any) -> Talk:
    told = {"secret": TOKEN, "locations": {"OXFORD": PLACE}, "now": AT} | changes
    return Talk(currency="GBP", **told)


def stock(location: str = "OXFORD", **units: int) -> SupplySnapshot:
    rows = tuple(
        StockRow(sku=sku, article=f"V-{sku}", quantity=quantity) for sku, quantity in units.items()
    )
    return SupplySnapshot(source_id="S-1", event_at=AT, location=location, rows=rows)


def say(square: StrictSquare, message: SupplySnapshot, who: Talk | None = None) -> Outcome:
    (outcome,) = tell("square", [outgoing(message)], square.answer, who or talk()).outcomes
    return outcome


@pytest.fixture
def square() -> StrictSquare:
    made = StrictSquare()
    for sku in ("MUG", "LAMP"):
        made.add_article(f"V-{sku}")
    return made


def test_stock_is_counted_in_batches_and_never_below_nought(square: StrictSquare):
    units = {f"S{n:03}": n for n in range(130)}
    for sku in units:
        square.add_article(f"V-{sku}")
    assert say(square, stock(**units, MUG=-4)).state == "told"
    assert {sku: int(square.stock[f"V-{sku}@{PLACE}"]) for sku in units} == units
    assert square.stock[f"V-MUG@{PLACE}"] == "0"
    assert len(square.calls) == 2


def test_what_is_told_again_is_done_once(square: StrictSquare):
    for _ in range(2):
        assert say(square, stock(MUG=3, LAMP=1)).state == "told"
    assert (len(square.calls), len(square.done)) == (2, 1)


def test_what_square_does_not_know_is_named_and_the_rest_is_told(square: StrictSquare):
    some = say(square, stock(MUG=2, GONE=1))
    assert (some.state, some.learnt) == ("told", {"refused:GONE": "NOT_FOUND"})
    assert square.stock == {f"V-MUG@{PLACE}": "2"}
    nothing = say(square, stock(GONE=1))
    assert (nothing.state, nothing.code) == ("refused", "NOT_FOUND")


def test_an_article_square_has_not_named_is_not_told(square: StrictSquare):
    row = StockRow(sku="NEW", quantity=1)
    message = SupplySnapshot(source_id="S-1", event_at=AT, location="OXFORD", rows=(row,))
    assert say(square, message).code == "article-unknown"
    assert square.calls == []


def test_without_location_or_token_nothing_is_told(square: StrictSquare):
    with pytest.raises(Refused):
        say(square, stock("BATH", MUG=1))
    with pytest.raises(Refused):
        say(square, stock(MUG=1), talk(secret=""))


def fetch(square: StrictSquare, cursor: str, who: Talk) -> Page:
    fetching = FAMILIES["square"].fetches
    assert fetching is not None
    conversation = fetching.fetch(cursor, who)
    try:
        call = next(conversation)
        while True:
            call = conversation.send(square.answer(call))
    except StopIteration as ended:
        return ended.value


def test_orders_are_fetched_page_by_page_and_location_by_location(square: StrictSquare):
    places = {f"OURS-{n}": f"L-{n}" for n in range(12)}
    changed = (AT - timedelta(hours=1)).isoformat()
    for n in range(9):
        where = f"L-{9 if n > 4 else 0}"
        square.add_order(SOLD | {"id": f"O-{n}", "location_id": where, "updated_at": changed})
    cursor, found, pages = "", [], 0
    while True:
        page = fetch(square, cursor, talk(locations=places))
        pages += 1
        for record in page.records:
            (reading,) = read("square", record)
            found += [one.number for one in reading.messages if isinstance(one, Order)]
        cursor = page.cursor
        if not page.more:
            break
    assert (sorted(found), pages) == ([f"O-{n}" for n in range(9)], 5)
    # Nothing is left, and nothing was missed meanwhile.
    later = talk(locations=places, now=AT + timedelta(minutes=5))
    assert fetch(square, cursor, later).records == []


def test_a_fetch_says_what_it_lacks(square: StrictSquare):
    with pytest.raises(Refused):
        fetch(square, "", talk(locations={}))
    with pytest.raises(Later):
        fetch(square, "", talk(secret="wrong"))
