"""Fetchers that are wrong on purpose: the rules about what is fetched find each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from crosslane.channels.adapters import (
    Family,
    Fetching,
    Later,
    Page,
    Rate,
    Talk,
    instant_text,
    json_call,
)
from crosslane.kit import check_family
from crosslane.kit.conversations import Answered, Asks, Step
from crosslane.kit.fetching import FetchedPage, Fetches
from crosslane.kit.samples import Samples
from tests.channels.test_kit_bites import FIRST, GOOD, STREAMS
from tests.channels.test_kit_bites import LATER as LATER_ON

AT = datetime(2026, 7, 2, 9, tzinfo=UTC)
EARLIER = AT - timedelta(days=1)


class Cursor(msgspec.Struct, omit_defaults=True):
    after: str
    before: str = ""
    page: int = 1


def asked(cursor: str, talk: Talk) -> Cursor:
    """A time that ends when it is first asked for."""
    if cursor:
        found = msgspec.json.decode(cursor, type=Cursor)
        found.before = found.before or instant_text(talk.now)
        return found
    return Cursor(instant_text(talk.now - timedelta(days=1)), instant_text(talk.now))


def call(at: Cursor) -> Any:
    query = [("since", at.after), ("until", at.before), ("page", at.page)]
    return json_call("GET", "orders?" + urlencode(query))


def page(records: list[bytes], at: Cursor, *, more: bool) -> Page:
    then = Cursor(at.after, at.before, at.page + 1) if more else Cursor(at.before)
    return Page(records=records, cursor=msgspec.json.encode(then).decode(), more=more)


def lines_of(document: Any) -> list[bytes]:
    return [msgspec.json.encode(one) for one in document["orders"]]


def fetch_well(cursor: str, talk: Talk) -> Any:
    at = asked(cursor, talk)
    answer = yield call(at)
    document = answer.document()
    if not answer.is_good or not isinstance(document, dict) or "orders" not in document:
        raise Later("no page")
    return page(lines_of(document), at, more=document["more"])


def fetch_on(cursor: str, talk: Talk) -> Any:
    """It takes whatever comes for a page without orders."""
    at = asked(cursor, talk)
    answer = yield call(at)
    document = answer.document() if answer.is_good else None
    if not isinstance(document, dict):
        return page([], at, more=False)
    return page(lines_of({"orders": [], **document}), at, more=document.get("more", False))


def fetch_until_now(cursor: str, talk: Talk) -> Any:
    """The time it asks about never ends, so its pages shift."""
    at = asked(cursor, talk)
    at.before = instant_text(talk.now)
    answer = yield call(at)
    document = answer.document()
    if not isinstance(document, dict) or "orders" not in document:
        raise Later("no page")
    return page(lines_of(document), at, more=document["more"])


def fetch_standing(cursor: str, talk: Talk) -> Any:
    """It stays where it is although there is more."""
    found = yield from fetch_well(cursor, talk)
    return msgspec.structs.replace(found, cursor=cursor) if found.more else found


def fetch_bare(cursor: str, talk: Talk) -> Any:
    """It takes an answer apart as if it were always as documented."""
    at = asked(cursor, talk)
    answer = yield call(at)
    document = answer.document()
    return page(lines_of(document), at, more=document["more"])


def fetch_pretty(cursor: str, talk: Talk) -> Any:
    """Its records go over several lines."""
    found = yield from fetch_well(cursor, talk)
    return msgspec.structs.replace(found, records=[b"{\n" + one[1:] for one in found.records])


def fetch_for_ever(cursor: str, talk: Talk) -> Any:
    at = asked(cursor, talk)
    while True:
        yield call(at)


def step(number: int, since: datetime, until: datetime, *orders: bytes, more: bool = False) -> Step:
    query = [("since", instant_text(since)), ("until", instant_text(until)), ("page", number)]
    body = {"orders": [msgspec.json.decode(one) for one in orders], "more": more}
    return Step(
        asks=Asks(method="GET", path="orders?" + urlencode(query)), answer=Answered(body=body)
    )


NEXT = AT + timedelta(minutes=10)
FETCHES = Fetches(
    name="orders",
    talk=Talk(now=AT),
    pages=(
        FetchedPage(steps=(step(1, EARLIER, AT, FIRST, more=True),), records=1, more=True),
        FetchedPage(steps=(step(2, EARLIER, AT, LATER_ON),), records=1),
        FetchedPage(steps=(step(1, AT, NEXT),), after_seconds=600.0),
    ),
)


def with_fetch(fetch: Callable[..., Any], **how: Any) -> Family:
    return msgspec.structs.replace(GOOD, fetches=Fetching(fetch=fetch, **how))


def broken(family: Family, *fetches: Fetches) -> set[str]:
    report = check_family(family, Samples(streams=STREAMS, fetches=fetches))
    return {one.rule for one in report.checks if one.state in ("failed", "unshown")}


def test_a_good_fetcher_keeps_every_rule():
    family = with_fetch(fetch_well, rate=Rate(burst=2, per_second=1.0), note="orders")
    assert broken(family, FETCHES) == set()
    assert check_family(family, Samples(streams=STREAMS, fetches=(FETCHES,))).fetches == "orders"


@pytest.mark.parametrize(
    ("fetch", "rules"),
    [
        (fetch_on, {"fetches in trouble"}),
        (fetch_until_now, {"fetches resume"}),
        (fetch_standing, {"fetches", "fetches resume"}),
        (fetch_bare, {"fetches in trouble"}),
        (fetch_pretty, {"fetches"}),
        (fetch_for_ever, {"fetches", "fetches in trouble"}),
    ],
)
def test_a_bad_fetcher_is_found(fetch: Callable[..., Any], rules: set[str]):
    assert broken(with_fetch(fetch), FETCHES) == rules


def test_a_fetcher_that_remembers_beside_its_cursor_is_found():
    asked_before: list[str] = []

    def fetch_once(cursor: str, talk: Talk) -> Any:
        found = yield from fetch_well(cursor, talk)
        asked_before.append(cursor)
        known = asked_before.count(cursor) > 1
        return msgspec.structs.replace(found, records=[]) if known else found

    assert "fetches resume" in broken(with_fetch(fetch_once), FETCHES)


def test_records_nobody_can_read_are_found():
    wrong = step(1, EARLIER, AT, b'{"id": 1, "units": "two"}')
    one = Fetches(name="wrong", talk=Talk(now=AT), pages=(FetchedPage(steps=(wrong,), records=1),))
    assert broken(with_fetch(fetch_well), FETCHES, one) == {"fetches"}


def test_what_is_declared_is_shown_and_nothing_else():
    assert broken(with_fetch(fetch_well)) == {"fetches"}
    # Whether pages follow one another is shown by two of them.
    alone = msgspec.structs.replace(FETCHES, pages=FETCHES.pages[2:])
    assert broken(with_fetch(fetch_well), alone) == {"fetches"}
    assert broken(GOOD, FETCHES) == {"fetches"}
    assert broken(GOOD) == set()


@pytest.mark.parametrize("how", [{"every_seconds": 0.0}, {"rate": Rate(burst=0, per_second=1.0)}])
def test_a_pace_nobody_can_keep_is_found(how: dict[str, Any]):
    assert broken(with_fetch(fetch_well, **how), FETCHES) == {"fetches"}
