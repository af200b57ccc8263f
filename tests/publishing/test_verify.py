"""Verify finds each planted defect of publishing."""

import pytest

from crosslane import publishing
from crosslane.verify import publishing as rules
from crosslane.verify import verify
from crosslane.verify.publishing import RULES
from tests.publishing.conftest import closed, placed

SECRET = publishing.new_secret()
DELIVERY = "update publishing_delivery set "
# Of the order refused, one delivery was tried and the next waits for it.
TRIED, KEPT_BACK = "tries = 1 and state = 'waiting'", "tries = 0 and state = 'waiting'"


@pytest.mark.parametrize(
    ("planted", "rules"),
    [
        ("select 1", set()),
        (
            "delete from publishing_event where place = 2",
            {"every_event", "no_holes"},
        ),
        ("update publishing_event set subject_no = 9 where place = 1", {"every_event"}),
        (
            "update publishing_event e set subject_no = 3 - subject_no"
            " where kind = 'orders.OrderClosed'",
            {"in_order"},
        ),
        ("update publishing_head set last_place = last_place - 1", {"no_holes"}),
        (
            "insert into publishing_head values (2, 99, 99)",
            {"no_holes", "nobody_forgotten"},
        ),
        (
            "delete from publishing_delivery where kind = 'orders.OrderPlaced'",
            {"every_delivery"},
        ),
        (f"{DELIVERY} tries = 2 where {TRIED}", {"tries"}),
        (f"{DELIVERY} state = 'delivered', ended_at = now() where {TRIED}", {"tries"}),
        (f"{DELIVERY} state = 'failed', ended_at = now() where {TRIED}", {"tries"}),
        ("delete from publishing_attempt", {"tries"}),
        (
            f"{DELIVERY} due_at = now() - interval '1 day' where {KEPT_BACK}",
            {"one_after_the_other"},
        ),
        ("update publishing_subscription set turn_no = 77", {"nobody_forgotten"}),
        ("delete from platform_effect where kind = 'publishing.deliver'", {"nobody_forgotten"}),
        ("update publishing_secret set good_until = now()", {"secrets"}),
        ("delete from publishing_secret", {"secrets"}),
    ],
)
async def test_planted_defects_are_found(house, receiver, planted, rules):
    refused = closed()
    await receiver.behave(secret=SECRET, refuse=[f"order:{refused.order_id}"])
    kinds = ("orders.order_*", "orders.order_placed")
    await house.subscribe(receiver.url, SECRET, kinds=kinds, brands=("marlow",))
    await house.subscribe(receiver.url, SECRET, kinds=kinds)
    await house.happen(placed("web"), refused, closed(refused.order_id))
    await house.publish()
    await house.send()
    await house.execute(planted)
    async with house.transaction() as tx:
        found = {finding.rule.removeprefix("publishing.") for finding in await verify(tx, RULES)}
    # What is not told any more is not in the log either, by the other name.
    assert found - {"in_the_log"} == rules


async def test_a_told_event_that_nobody_logged_is_found(house):
    await house.happen(closed())
    await house.publish()
    await house.execute("update publishing_event set kind = 'orders.OrderReady'")
    async with house.transaction() as tx:
        assert [one.rule for one in await verify(tx, RULES)] == ["publishing.in_the_log"]


def test_rules_look_back_less_far_than_is_kept():
    assert rules.STREAM_DAYS_BACK < publishing.STREAM_DAYS
    assert rules.DELIVERIES_DAYS_BACK < publishing.DELIVERIES_DAYS
