"""What is fetched from a Shopify shop: every order that was changed, from a cursor on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Talk
from crosslane.channels.adapters.fetching import Page
from crosslane.channels.adapters.telling import Busy, Later
from tests.channels import telling
from tests.channels.reading import read
from tests.channels.strict_shopify import TOKEN, StrictShop
from tests.channels.test_webhook import shop_order

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)


def talk(at: datetime = AT, **settings: str) -> Talk:
    return Talk(currency="GBP", secret=TOKEN, now=at, settings=settings)


def fetch(shop: StrictShop, cursor: str = "", who: Talk | None = None) -> Page:
    return telling.fetch("shopify", shop.answer, cursor, who or talk())


def save(shop: StrictShop, number: int, at: datetime = AT - timedelta(hours=1), **told: Any):
    changed = {"updated_at": at.isoformat(), "created_at": at.isoformat()}
    shop.save_order(shop_order() | {"id": number, "financial_status": "paid"} | changed | told)


def numbers(page: Page) -> list[int]:
    return [msgspec.json.decode(record)["id"] for record in page.records]


@pytest.fixture
def shop() -> StrictShop:
    made = StrictShop()
    made.listed.page_max = 3
    for number in range(1, 8):
        save(made, number)
    return made


def test_orders_are_fetched_page_by_page_and_then_what_is_new(shop: StrictShop):
    first = fetch(shop)
    second = fetch(shop, first.cursor)
    third = fetch(shop, second.cursor)
    assert [numbers(page) for page in (first, second, third)] == [[7, 6, 5], [4, 3, 2], [1]]
    assert [page.more for page in (first, second, third)] == [True, True, False]
    # What was changed a moment ago is asked for the next time.
    save(shop, 9, AT - timedelta(seconds=30))
    assert numbers(fetch(shop, third.cursor)) == []
    assert numbers(fetch(shop, third.cursor, talk(AT + timedelta(minutes=5)))) == [9]


def test_a_list_that_has_ended_is_begun_anew(shop: StrictShop):
    first = fetch(shop)
    shop.listed.pages.clear()
    again = fetch(shop, first.cursor)
    assert (list(again.records), again.more) == ([], True)
    assert numbers(fetch(shop, again.cursor)) == [7, 6, 5]


def test_the_first_time_begins_a_day_ago_or_where_the_connection_says(shop: StrictShop):
    save(shop, 20, AT - timedelta(days=3))
    assert 20 not in numbers(fetch(shop))
    assert numbers(fetch(shop, who=talk(since="2026-06-01T00:00:00Z")))[0] == 20


def test_what_a_webhook_has_told_already_says_the_same(shop: StrictShop):
    record = fetch(shop).records[0]
    told = msgspec.json.encode(shop.listed.orders[7])
    by_webhook = read("shopify", told, topic="orders/updated")[0].messages
    assert read("shopify", record)[0].messages == by_webhook


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (Answer(body=b""), Later),
        (Answer(body=b"[]"), Later),
        (Answer(body=b'{"orders": {}}'), Later),
        (Answer(status=403, body=b'{"errors":"[API] This action requires approval"}'), Later),
        (Answer(status=402, body=b"{}"), Busy),
    ],
)
def test_what_is_no_page_is_asked_for_later(answer: Answer, raised: type[Exception]):
    conversation = FAMILIES["shopify"].fetches.fetch("", talk())
    next(conversation)
    with pytest.raises(raised):
        conversation.send(answer)
