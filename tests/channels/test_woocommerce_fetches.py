"""What is fetched from a WooCommerce shop: every order that was changed, from a cursor on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Talk
from crosslane.channels.adapters.fetching import Page
from crosslane.channels.adapters.telling import Later
from crosslane.channels.adapters.woocommerce.fetching import PAGE_ORDERS
from crosslane.channels.domain.messages import Cancellation, Order
from tests.channels import telling
from tests.channels.reading import read
from tests.channels.strict_woocommerce import StrictWoo
from tests.channels.test_woocommerce import ORDER
from tests.channels.test_woocommerce_tells import TALK

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)


def talk(at: datetime = AT, **settings: str) -> Talk:
    return msgspec.structs.replace(TALK, now=at, settings=settings)


def fetch(woo: StrictWoo, cursor: str = "", who: Talk | None = None) -> Page:
    return telling.fetch("woocommerce", woo.answer, cursor, who or talk())


def fill(woo: StrictWoo, numbers: range, at: datetime = AT - timedelta(hours=1), **told: Any):
    """Orders each of which was changed a second after the one before."""
    for place, number in enumerate(numbers):
        changed = at + timedelta(seconds=place)
        woo.save_order(ORDER | {"id": number, "number": str(number)} | told, changed)


def numbers(page: Page) -> list[int]:
    return [msgspec.json.decode(record)["id"] for record in page.records]


def all_pages(woo: StrictWoo, cursor: str = "", who: Talk | None = None) -> tuple[list[int], str]:
    """Numbers of all that is to be had, and the cursor after it."""
    found: list[int] = []
    for _ in range(20):
        page = fetch(woo, cursor, who)
        found, cursor = found + numbers(page), page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("it has no end")


def test_orders_are_fetched_page_by_page_and_then_what_is_new():
    woo = StrictWoo()
    fill(woo, range(1, 121))
    first = fetch(woo)
    assert (numbers(first), first.more) == ([*range(1, PAGE_ORDERS + 1)], True)
    found, cursor = all_pages(woo, first.cursor)
    # The last one of a page comes with the next one as well, whose second it shares.
    assert sorted({*found}) == [*range(PAGE_ORDERS, 121)]
    # What is not settled yet comes the next time.
    fill(woo, range(200, 201), AT - timedelta(seconds=30))
    assert all_pages(woo, cursor)[0] == []
    assert all_pages(woo, cursor, talk(AT + timedelta(minutes=5)))[0] == [200]


def test_an_order_that_changes_while_pages_are_read_makes_nobody_lose_another():
    woo = StrictWoo()
    fill(woo, range(1, 121))
    first = fetch(woo)
    # Those behind it move up by one place.
    fill(woo, range(3, 4), AT + timedelta(seconds=5))
    found, cursor = all_pages(woo, first.cursor)
    assert {*numbers(first), *found} == {*range(1, 121)}
    assert all_pages(woo, cursor, talk(AT + timedelta(minutes=5)))[0] == [3]


def test_more_orders_of_one_second_than_a_page_has_are_all_fetched():
    woo = StrictWoo()
    for number in range(1, 2 * PAGE_ORDERS + 8):
        fill(woo, range(number, number + 1))
    assert sorted({*all_pages(woo)[0]}) == [*range(1, 2 * PAGE_ORDERS + 8)]


def test_what_lies_in_the_trash_is_fetched_by_itself():
    woo = StrictWoo()
    fill(woo, range(1, 3))
    fill(woo, range(2, 3), status="trash")
    live = fetch(woo)
    gone = fetch(woo, live.cursor)
    assert (numbers(live), live.more, numbers(gone), gone.more) == ([1], True, [2], False)
    said = read("woocommerce", gone.records[0])[0].messages
    assert [type(one) for one in said] == [Order, Cancellation]


def test_what_a_webhook_has_told_already_is_the_same_message():
    woo = StrictWoo()
    fill(woo, range(1, 2))
    (record,) = fetch(woo).records
    told = msgspec.json.encode(woo.orders[1])
    by_webhook = read("woocommerce", told, topic="order.updated")[0].messages
    assert read("woocommerce", record)[0].messages == by_webhook


def test_the_first_time_begins_a_day_ago_or_where_the_connection_says():
    woo = StrictWoo()
    fill(woo, range(1, 2), AT - timedelta(days=3))
    fill(woo, range(2, 3))
    assert all_pages(woo)[0] == [2]
    assert all_pages(woo, who=talk(since="2026-06-01T00:00:00Z"))[0] == [1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"", headers={"x-wp-total": "0"}),
        Answer(body=b"{}", headers={"x-wp-total": "0"}),
        Answer(body=b"[]"),
        Answer(body=b"<html>"),
        Answer(status=400, body=b'{"code":"rest_invalid_param","message":"orderby"}'),
        Answer(status=404, body=b"nothing here"),
    ],
)
def test_what_is_no_page_is_asked_for_later(answer: Answer):
    conversation = FAMILIES["woocommerce"].fetches.fetch("", talk())
    next(conversation)
    with pytest.raises(Later):
        conversation.send(answer)
