"""What is fetched from Amazon: every order that was updated, page by page, from a cursor on."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Talk
from crosslane.channels.adapters.fetching import Page
from crosslane.channels.adapters.telling import Call, Later
from crosslane.channels.domain.messages import Order
from tests.channels import telling
from tests.channels.reading import read
from tests.channels.strict_amazon import StrictAmazon
from tests.channels.test_amazon_tells import order, talk

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)


def fetch(amazon: StrictAmazon, cursor: str = "", who: Talk | None = None) -> Page:
    return telling.fetch("amazon", amazon.answer, cursor, who or talk())


def told(n: int, at: datetime = AT - timedelta(hours=1)) -> dict:
    said = (at + timedelta(seconds=n)).isoformat().replace("+00:00", "Z")
    return order(orderId=f"202-1234567-{n:07}", lastUpdatedTime=said)


def numbers(page: Page) -> list[str]:
    readings = read("amazon", b"\n".join(page.records), currency="GBP")
    assert len(readings) == len(page.records)
    found = [m for r in readings for m in r.messages if isinstance(m, Order)]
    return [one.source_id[-2:] for one in found]


def test_orders_are_fetched_page_by_page_and_then_what_is_new():
    amazon = StrictAmazon()
    for n in range(7):
        amazon.add_order(told(n))
    first = fetch(amazon)
    second = fetch(amazon, first.cursor)
    third = fetch(amazon, second.cursor)
    assert [numbers(page) for page in (first, second, third)] == [
        ["00", "01", "02"],
        ["03", "04", "05"],
        ["06"],
    ]
    assert [page.more for page in (first, second, third)] == [True, True, False]
    # What Amazon has not settled yet is asked for the next time.
    amazon.add_order(told(8, AT - timedelta(seconds=60)))
    soon = fetch(amazon, third.cursor, msgspec.structs.replace(talk(), now=AT))
    assert (numbers(soon) if soon.records else [], soon.cursor) == ([], third.cursor)
    later = msgspec.structs.replace(talk(), now=AT + timedelta(minutes=5))
    assert numbers(fetch(amazon, third.cursor, later)) == ["08"]


def test_the_first_time_begins_a_day_ago_or_where_the_connection_says():
    amazon = StrictAmazon()
    amazon.add_order(told(1, AT - timedelta(days=3)))
    amazon.add_order(told(2))
    assert numbers(fetch(amazon)) == ["02"]
    assert numbers(fetch(amazon, who=talk(since="2026-06-01T00:00:00Z"))) == ["01", "02"]
    with pytest.raises(Later):
        fetch(amazon, who=talk(since="yesterday"))


def test_a_page_that_is_no_longer_to_be_had_is_begun_anew():
    amazon = StrictAmazon()
    for n in range(4):
        amazon.add_order(told(n))
    first = fetch(amazon)
    stale = first.cursor.replace('"token":"3"', '"token":"gone"')
    again = fetch(amazon, stale)
    assert (list(again.records), again.more) == ([], True)
    assert numbers(fetch(amazon, again.cursor)) == ["00", "01", "02"]


def in_store(amazon: StrictAmazon, numbers: range) -> None:
    for n in numbers:
        one = told(n)
        amazon.add_order(one)
        amazon.collect(one["orderId"], "S-7")


def test_items_of_orders_that_are_collected_are_fetched_as_they_name_the_store():
    amazon = StrictAmazon()
    in_store(amazon, range(3))
    amazon.add_order(told(7))
    first = page = fetch(amazon)
    assert (len(first.records), first.more) == (3, True)
    for n in range(3):
        page = fetch(amazon, page.cursor)
        (goods,) = read("amazon", b"\n".join(page.records), currency="GBP")[0].messages
        assert (goods.source_id, page.more) == (told(n)["orderId"], True)
        assert {(line.method, line.store) for line in goods.lines} == {("pickup", "S-7")}
    # Then the time goes on where its pages had come to.
    assert numbers(fetch(amazon, page.cursor)) == ["07"]


def test_items_that_amazon_will_not_tell_are_waited_for_until_the_connection_names_the_store():
    amazon = StrictAmazon()
    in_store(amazon, range(2))
    cursor = fetch(amazon).cursor
    del amazon.orders[told(0)["orderId"]]
    with pytest.raises(Later, match=r"answers 404 NotFound .* by the setting store"):
        fetch(amazon, cursor)
    page = fetch(amazon, cursor, talk(store="OXFORD"))
    assert (len(page.records), page.more) == (0, False)


def test_where_the_connection_names_the_store_nothing_more_is_asked_for():
    amazon = StrictAmazon()
    in_store(amazon, range(2))
    page = fetch(amazon, who=talk(store="OXFORD"))
    assert (len(page.records), page.more) == (2, False)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"orders": {}}', b"\xff"])
def test_what_is_no_page_is_asked_for_later(body: bytes):
    amazon = StrictAmazon()

    def broken(call: Call) -> Answer:
        said = amazon.answer(call)
        return said if "token" in call.path else Answer(body=body)

    conversation = FAMILIES["amazon"].fetches.fetch("", talk())
    answer = broken(next(conversation))
    asked = conversation.send(answer)
    with pytest.raises(Later):
        conversation.send(broken(asked))


def test_an_order_keeps_what_stands_around_it():
    amazon = StrictAmazon()
    amazon.add_order(told(1))
    (record,) = fetch(amazon).records
    (reading,) = read("amazon", record, currency="GBP")
    assert reading.messages[0].rest["/op"] == "searchOrders"
    assert b"\n" not in record
