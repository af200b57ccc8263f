"""Lists of any size are read along indexes: no statement walks through a table, nor sorts one."""

import json
from typing import Any

import pytest

from crosslane.fulfillment.storage import LIST_ORDERS_OF_TRACKING
from crosslane.insights import storage
from crosslane.orders.storage import lists, views
from crosslane.platform.database import Tx
from crosslane.verify.insights import RULES

STATEMENTS = {
    "walk": storage.WALK_FACET,
    "due": storage.LIST_DUE,
    "fitting": storage.LIST_FITTING,
    "shown": storage.LIST_SHOWN,
    "hours": storage.LIST_HOURS,
    "sums": storage.SUM_FACETS,
    "count due": storage.COUNT_DUE,
    "newest": lists.LIST_NEWEST,
    "search": lists.SEARCH,
    "deliveries": lists.LIST_DELIVERIES,
    "summaries": views.LIST_SUMMARIES,
    "tracking": LIST_ORDERS_OF_TRACKING,
}
# What a table of any size would be read by.
AS_IF_LARGE = "set local enable_seqscan = off; set local plan_cache_mode = force_generic_plan"
PARAMETERS = "select cardinality(parameter_types) from pg_prepared_statements where name = 'looked'"
IN_ORDER = {"walk": "insights_facet", "newest": "orders_order"}


def nodes(plan: Any) -> list[dict[str, Any]]:
    """Every step of a plan."""
    found = [plan] if "Node Type" in plan else []
    for value in plan.get("Plans", []):
        found += nodes(value)
    return found


async def steps(tx: Tx, text: str) -> list[dict[str, Any]]:
    await tx.begin()
    await tx.conn.execute(AS_IF_LARGE)
    await tx.conn.execute(f"prepare looked as {text}")
    given = ", ".join(["null"] * await tx.fetchval(PARAMETERS))
    plan = json.loads(await tx.conn.fetchval(f"explain (format json) execute looked({given})"))
    await tx.conn.execute("deallocate looked")
    return nodes(plan[0]["Plan"])


@pytest.mark.parametrize("name", STATEMENTS)
async def test_no_list_walks_through_a_table(tx: Tx, name: str):
    read = [
        step["Relation Name"]
        for step in await steps(tx, STATEMENTS[name])
        # Partitions of a month that has just begun are read as they are.
        if step["Node Type"] == "Seq Scan" and "movement" not in step["Relation Name"]
    ]
    assert read == []


@pytest.mark.parametrize("name", IN_ORDER)
async def test_the_newest_are_read_in_their_order(tx: Tx, name: str):
    told = [
        step
        for step in await steps(tx, STATEMENTS[name])
        if step.get("Relation Name") == IN_ORDER[name]
    ]
    assert [step["Node Type"] for step in told] in (["Index Scan"], ["Index Only Scan"])
    assert [step["Scan Direction"] for step in told] in (["Backward"], ["Forward"])
    assert all("Index Cond" in step for step in told)


def looked_through(plan: Any, within: bool = False) -> set[str]:
    """Results kept aside that are looked through once for each row of something else."""
    within = within or plan.get("Parent Relationship") == "SubPlan"
    found = {plan["CTE Name"]} if within and plan["Node Type"] == "CTE Scan" else set()
    return found.union(*(looked_through(each, within) for each in plan.get("Plans", [])))


async def explained(tx: Tx, text: str) -> Any:
    return json.loads(await tx.conn.fetchval(f"explain (format json) {text}"))[0]["Plan"]


async def test_no_rule_looks_through_all_orders_for_each_order(tx: Tx):
    for rule in RULES:
        assert looked_through(await explained(tx, rule.sql)) == set(), rule.name
    bites = "with a as materialized (select 1 as x from orders_line)"
    bites += " select (select max(x) from a where x = o.version) from orders_order o"
    assert looked_through(await explained(tx, bites)) == {"a"}


async def test_a_statement_that_walks_through_a_table_bites(tx: Tx):
    text = "select id from orders_order where service = $1"
    assert "Seq Scan" in {step["Node Type"] for step in await steps(tx, text)}
