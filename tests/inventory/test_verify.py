"""Verify finds each planted defect, and names exactly the row that has it."""

import contextlib
import secrets
from datetime import date, timedelta

import pytest

from crosslane.inventory import (
    Arrived,
    Cause,
    Count,
    IncomingKey,
    IncomingReport,
    SupplyReport,
    SupplyRow,
    Waiting,
    allocate,
    count,
    hold,
    keep_promises,
    receive_incoming,
    report_incoming,
    report_supply,
    ship,
)
from crosslane.inventory.reactions import REACTIONS
from crosslane.platform.lane import Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.tenants import create_tenant, drop_tenant
from crosslane.verify import verify
from crosslane.verify.inventory import RULES
from tests.inventory.shop import demand, findings, hold_wish, opened, sale, stocked, wish


@pytest.fixture(scope="module")
async def busy(database):
    """A shop in which something of everything has happened; defects are planted and undone."""
    tenant, lanes = f"t{secrets.token_hex(6)}", Lanes(database)
    await create_tenant(database, tenant)
    shop = await opened(database, lanes, tenant)
    async with database.transaction(tenant) as tx:
        early = tx.now - timedelta(hours=2)
        await stocked(tx, shop, 10, unit_cost_milli=700, occurred_at=early)
        await stocked(tx, shop, 10, unit_cost_milli=801, occurred_at=early)
        await stocked(tx, shop, 9, at="LEEDS")
        place = {"variant_id": shop.mug, "location_id": shop.locations["DC"]}
        lost = Cause("count", shop.mug, shop.mug)
        at = tx.now - timedelta(hours=1)
        await count(tx, [Count(**place, quantity=19, counted_at=at, message="c1", cause=lost)])
        mine = demand()
        await allocate(tx, [wish(shop, 3, cause=mine), wish(shop, 2, at="LEEDS")])
        await ship(tx, [sale(shop, 1, cause=mine)])
        await ship(tx, [sale(shop, 2, occurred_at=early)])
        await hold(tx, [hold_wish(shop, 4, tx.now)])
        [line] = await report_incoming(tx, [IncomingReport(
            key=IncomingKey("erp", "PO", shop.mug, shop.locations["DC"]), quantity=9,
            available_on=date(2099, 1, 1), as_of=early, message="m",
        )])  # fmt: skip
        await keep_promises(tx, [Waiting(
            variant_id=shop.mug, quantity=5, cause=demand(), promised_for=tx.now,
            location_ids=frozenset({shop.locations["DC"]}),
        )])  # fmt: skip
        await receive_incoming(tx, [Arrived(incoming_id=line.id, quantity=2)])
        await report_supply(tx, SupplyReport(
            source="wms", message="s1", kind="snapshot", location_id=shop.locations["YORK"],
            as_of=tx.now, rows=[SupplyRow("MUG", 5)], complete=True,
        ))  # fmt: skip
        await report_supply(tx, SupplyReport(
            source="wms", message="d1", kind="delta", location_id=shop.locations["DC"],
            as_of=tx.now, rows=[SupplyRow("BOWL", 5)],
        ))  # fmt: skip
    while await run_reaction(database, tenant, REACTIONS[0]):
        pass
    assert await findings(database, tenant) == []
    yield shop
    await lanes.drain()
    await drop_tenant(database, tenant)


class Undone(Exception):
    """Ends a transaction without a trace."""


DEFECTS = {
    "on_hand": (
        "update inventory_position set on_hand = on_hand + 1 where {dc} returning id",
        {"inventory.on_hand": "position:{id}"},
    ),
    "allocated": (
        "update inventory_position set allocated = allocated + 1 where {dc} returning id",
        {"inventory.allocated": "position:{id}"},
    ),
    "held units": (
        "update inventory_position set held_units[1] = held_units[1] + 1 where {dc} returning id",
        {"inventory.held": "position:{id}"},
    ),
    "held minute": (
        "update inventory_position set held_until[1] = held_until[1] + 1 where {dc} returning id",
        {"inventory.held": "position:{id}"},
    ),
    "hold quantity": (
        "update inventory_hold set quantity = quantity - 1 where holder_kind = 'cart' "
        "returning position_id as id",
        {"inventory.held": "position:{id}"},
    ),
    "hold state": (
        "update inventory_hold set state = 'confirmed' where holder_kind = 'cart' "
        "returning position_id as id, id as hold",
        {"inventory.held": "position:{id}", "inventory.hold_quantities": "hold:{hold}"},
    ),
    "movement number": (
        "update inventory_position set movement_no = movement_no + 1 where {dc} returning id",
        {"inventory.movement_numbers": "position:{id}"},
    ),
    "baseline": (
        "update inventory_position set baseline_at = baseline_at - interval '1 minute' "
        "where {dc} returning id",
        {"inventory.baseline": "position:{id}"},
    ),
    "baseline of a feed": (
        "update inventory_position set baseline_message = 'x' "
        "where baseline_message = 'wms/s1' returning id",
        {"inventory.baseline": "position:{id}"},
    ),
    "lost movement": (
        "delete from inventory_movement where movement_no = 1 and position_id = "
        "(select id from inventory_position where {leeds}) returning position_id as id",
        {
            "inventory.on_hand": "position:{id}",
            "inventory.movement_numbers": "position:{id}",
            "inventory.running_balance": "movement:{id}/2",
            "inventory.never_oversold": "movement:{id}/2",
        },
    ),
    "balance of a movement": (
        "update inventory_movement set on_hand_after = on_hand_after + 1 where movement_no = 2 "
        "and position_id = (select id from inventory_position where {leeds}) "
        "returning position_id as id",
        {"inventory.running_balance": "movement:{id}/2"},
    ),
    "movement of nothing": (
        "insert into inventory_movement select gen_random_uuid(), 1, at, occurred_at, 0, 0, 0, 0, "
        "reason, code, cause_kind, cause_id, cause_line, null, actor, trace "
        "from inventory_movement limit 1 returning position_id as id",
        {"inventory.orphaned_movement": "movement:{id}/1"},
    ),
    "already counted": (
        "update inventory_movement set occurred_at = occurred_at + interval '1 second' "
        "where reason = 'already_counted' returning position_id as id, movement_no as no",
        {"inventory.already_counted": "movement:{id}/{no}"},
    ),
    "allocation": (
        "update inventory_allocation set quantity = quantity + 1 where position_id = "
        "(select id from inventory_position where {dc}) "
        "returning line_id as line, position_id as id",
        {"inventory.allocations": "allocation:{line}/{id}"},
    ),
    "lost allocation": (
        "delete from inventory_allocation where position_id = "
        "(select id from inventory_position where {dc}) "
        "returning line_id as line, position_id as id",
        {"inventory.allocations": "allocation:{line}/{id}"},
    ),
    "allocation of no position": (
        "insert into inventory_allocation (line_id, position_id, cause_kind, cause_id, quantity) "
        "values (gen_random_uuid(), gen_random_uuid(), 'order', gen_random_uuid(), 1) "
        "returning line_id as line, position_id as id",
        {"inventory.allocations": "allocation:{line}/{id}"},
    ),
    "average cost": (
        "update inventory_cost set average_milli = average_milli + 1 "
        "returning variant_id as v, owner_id as o",
        {"inventory.average_cost": "cost:{v}/{o}"},
    ),
    "cost change": (
        "update inventory_cost_change set units_in = units_in + 1 where change_no = 2 "
        "returning variant_id as v, owner_id as o",
        {
            "inventory.cost_changes": "cost_change:{v}/{o}/2",
            "inventory.cost_came_with_units": "cost_change:{v}/{o}/2",
        },
    ),
    "lost average": (
        "delete from inventory_cost returning variant_id as v, owner_id as o",
        {"inventory.average_cost": "cost:{v}/{o}"},
    ),
    "cost of another movement": (
        "update inventory_cost_change set cause_line = gen_random_uuid() where change_no = 2 "
        "returning variant_id as v, owner_id as o",
        {"inventory.cost_came_with_units": "cost_change:{v}/{o}/2"},
    ),
    "cost of a movement": (
        "update inventory_movement set unit_cost_milli = 802 where unit_cost_milli = 801 and "
        "reason = 'receive' returning (select variant_id from inventory_cost) as v, "
        "(select owner_id from inventory_cost) as o",
        {"inventory.cost_came_with_units": "cost_change:{v}/{o}/2"},
    ),
    "promised": (
        "update inventory_incoming set promised = promised + 1 returning id",
        {"inventory.promised": "incoming:{id}"},
    ),
    "received": (
        "update inventory_incoming set received = received + 1 returning id",
        {"inventory.received": "incoming:{id}"},
    ),
    "watermark": (
        "update inventory_feed set complete_at = complete_at + interval '1 second' "
        "returning source, location_id as l",
        {"inventory.watermark": "feed:{source}/{l}"},
    ),
    "lost part": (
        "delete from inventory_feed_part where message_id = "
        "(select id from inventory_feed_message where kind = 'delta') returning message_id as id",
        {"inventory.parts": "supply_message:{id}"},
    ),
    "drift of a part": (
        "update inventory_feed_part set drift_units = drift_units + 1 where drift_units > 0 "
        "returning message_id as id",
        {"inventory.drift": "supply_message:{id}"},
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
async def test_each_defect_is_named(database, busy, name):
    statement, expected = DEFECTS[name]
    places = {
        code.lower(): f"location_id = '{busy.locations[code]}' and variant_id = '{busy.mug}'"
        for code in ("DC", "LEEDS")
    }
    with contextlib.suppress(Undone):
        async with database.transaction(busy.tenant) as tx:
            [row] = await tx.fetch(statement.format(**places))
            found = {(finding.rule, finding.subject) for finding in await verify(tx, RULES)}
            raise Undone
    assert found == {(rule, subject.format(**dict(row))) for rule, subject in expected.items()}
