"""What orders, the log, answers and shelves do not say alike is named."""

import pytest

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.verify import verify
from crosslane.verify.orders_told import RULES as TOLD
from crosslane.verify.payments import RULES as PAYMENTS
from crosslane.verify.platform import RULES as PLATFORM
from tests.orders.test_verify import Undo, play

LAST_OF_ITS_SUBJECT = """
delete from platform_log l using (
    select subject, max(subject_no) as no from platform_log where kind = 'orders.OrderClosed'
    group by subject limit 1
) s where (l.subject, l.subject_no) = (s.subject, s.no)
"""
AHEAD = """
update platform_cursor set txid = (pg_current_xact_id()::text::bigint + 9)::text::xid8
"""
DEFECTS = [
    ("delete from platform_log where kind = 'orders.OrderPlaced'", "orders.placed_is_told"),
    ("update orders_order set currency = 'EUR'", "orders.placed_is_told"),
    ("update orders_order set currency = 'EUR'", "payments.currency_of_order"),
    (
        "update orders_line set net_minor = net_minor + 1, gross_minor = gross_minor + 1",
        "orders.placed_is_told",
    ),
    ("delete from orders_charge where kind = 'shipping'", "orders.placed_is_told"),
    ("update orders_line set amendment_no = 9", "orders.placed_is_told"),
    ("delete from orders_stop", "orders.stops_are_told"),
    ("update orders_stop set resolved_at = clock_timestamp()", "orders.stops_are_told"),
    ("update orders_stop set kind = 'manual'", "orders.stops_are_told"),
    ("delete from platform_log where kind = 'orders.StopRaised'", "orders.stops_are_told"),
    ("delete from orders_amendment where kind = 'exchange'", "orders.amendments_are_told"),
    (
        "update orders_amendment set gross_delta_minor = gross_delta_minor - 1",
        "orders.amendments_are_told",
    ),
    (
        "update inventory_movement set cause_line = gen_random_uuid() where reason = 'ship'",
        "orders.goods_left_stock",
    ),
    (
        "delete from inventory_movement where reason = 'ship' and cause_kind = 'order'",
        "orders.goods_left_stock",
    ),
    (
        "update platform_idempotency set answer = jsonb_set(answer, '{result,id}', "
        "to_jsonb(gen_random_uuid()))",
        "orders.answers_are_true",
    ),
    (
        """update platform_idempotency set answer = jsonb_set(answer, '{result,number}', '"x"')""",
        "orders.answers_are_true",
    ),
    ("delete from orders_search", "orders.can_be_found"),
    ("update orders_order set channel = 'other'", "orders.can_be_found"),
    (LAST_OF_ITS_SUBJECT, "platform.events_numbered"),
    ("delete from platform_log_subject", "platform.events_numbered"),
    (AHEAD, "platform.nobody_ahead"),
    ("update platform_cursor set epoch = epoch + 1", "platform.nobody_ahead"),
    (
        "insert into platform_backlog (reaction, log_id, subject, subject_no, due_at) "
        "values ('finance.post', 0, 'order:x', 1, clock_timestamp())",
        "platform.set_aside_is_told",
    ),
]


async def test_what_is_told_otherwise_is_named(database: Database, shop: str, lanes: Lanes):
    await play(database, shop, lanes)
    rules = [*TOLD, *PAYMENTS, *PLATFORM]
    for defect, rule in DEFECTS:
        with pytest.raises(Undo):
            async with database.transaction(shop) as tx:
                assert await verify(tx, rules) == []
                await tx.execute(defect)
                assert rule in {finding.rule for finding in await verify(tx, rules)}, defect
                raise Undo
