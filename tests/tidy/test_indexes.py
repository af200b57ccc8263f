"""Every index serves a statement: none is kept up for nothing."""

import json
from collections.abc import AsyncIterator
from itertools import count
from uuid import uuid4

import asyncpg
import pytest
from tests.tidy.test_prepared import statements
from tests.tidy.tree import Tree

from crosslane.platform.database import Database
from crosslane.platform.tenants import create_tenant, drop_tenant

# Indexes that keep something unique need no other reason.
INDEXES = """
select coalesce(parent.relname, i.relname) as index
from pg_index x join pg_class i on i.oid = x.indexrelid
left join pg_inherits h on h.inhrelid = i.oid
left join pg_class parent on parent.oid = h.inhparent
where i.relnamespace = current_schema()::regnamespace and not x.indisunique
group by 1
"""
PARENTS = """
select c.relname as child, p.relname as parent
from pg_inherits h join pg_class c on c.oid = h.inhrelid join pg_class p on p.oid = h.inhparent
where c.relnamespace = current_schema()::regnamespace and c.relkind = 'i'
"""
# What a table of any size would be read by: the planner may not walk through it, nor sort.
AS_IF_LARGE = "set local enable_seqscan = off; set local plan_cache_mode = force_generic_plan"
SORTING = ("set local enable_sort = off", "set local enable_sort = on")
# A prepared statement outlives its transaction, so that each needs a name of its own.
NUMBERS = count()
PARAMETERS = """
select cardinality(parameter_types) from pg_prepared_statements where name = $1
"""


def named(plan: object) -> set[str]:
    """The indexes a plan names anywhere."""
    if isinstance(plan, list):
        return set().union(*map(named, plan))
    if not isinstance(plan, dict):
        return set()
    here = {plan["Index Name"]} if "Index Name" in plan else set()
    return here.union(*(named(value) for value in plan.values()))


async def used(tx, texts: dict[str, str]) -> dict[str, list[str]]:
    """Where each index is used, by the generic plans of statements."""
    parents = {row["child"]: row["parent"] for row in await tx.fetch(PARENTS)}
    found: dict[str, list[str]] = {}
    await tx.conn.execute(AS_IF_LARGE)
    for where, text in texts.items():
        number = next(NUMBERS)
        await tx.conn.execute("savepoint before")
        try:
            await tx.conn.execute(f"prepare look_{number} as {text}")
            nulls = ", ".join(["null"] * await tx.fetchval(PARAMETERS, f"look_{number}"))
            run = f"look_{number}({nulls})" if nulls else f"look_{number}"
            for sorting in SORTING:
                await tx.conn.execute(f"{sorting}; discard plans")
                plan = await tx.conn.fetchval(f"explain (format json) execute {run}")
                for index in named(json.loads(plan)):
                    found.setdefault(parents.get(index, index), []).append(where)
        # What cannot be explained so is reported by the test that prepares it.
        except asyncpg.PostgresError:
            pass
        await tx.conn.execute("rollback to before")
    return found


# Chosen only where the planner knows the arguments or the sizes: filters that may be left out, and
# tables that are small here. Each with the statement it is for.
CHOSEN_LATER = {
    "carriers_label_document_age": "carriers/storage/labels.py:DELETE_OLD_DOCUMENTS",
    "carts_cart_of_owner": "carts/storage.py:LIST_CARTS",
    "catalog_product_category": "catalog/storage/products.py:LIST_PRODUCTS",
    "channels_batch_of_channel": "channels/storage/batches.py:LIST_BATCHES",
    "channels_outgoing_of_subject": "channels/storage/outgoing.py:LIST_DUE",
    "documents_document_customer": "documents/storage.py:LIST_OF_CUSTOMERS",
    "fulfillment_line_line": "fulfillment/storage.py:LOCK_OPEN_WORKS_OF_LINES",
    "fulfillment_order_coming": "fulfillment/storage.py:LIST_QUEUE_OF_STATE",
    "fulfillment_order_work": "fulfillment/storage.py:LIST_QUEUE_OF_LOCATION",
    "locations_capacity_move_holder": "locations/storage.py:CLAIMS_OF_HOLDERS",
    "orders_movement_order": "orders/storage/sales.py:SUM_SALES",
    "organization_policy_history": "organization/storage.py:LIST_POLICY_VERSIONS",
    "platform_audit_subject": "platform/audit.py:LIST",
    "vendors_invoice_open": "vendors/storage/messages.py:LIST_INVOICES",
    "vendors_invoice_order": "vendors/storage/messages.py:LIST_INVOICES",
    "vendors_order_order": "vendors/storage/orders.py:LIST_ORDERS",
}


def without_reason(present: set[str], serving: dict[str, list[str]], texts: dict[str, str]):
    """Indexes no statement uses, and reasons that are none (any more)."""
    idle = present - serving.keys() - CHOSEN_LATER.keys()
    gone = [
        index
        for index, where in CHOSEN_LATER.items()
        if index not in present or f"src/crosslane/{where}" not in texts
    ]
    return sorted(idle), gone


@pytest.fixture
async def untouched(database: Database) -> AsyncIterator[str]:
    """A tenant whose tables nobody has ever filled: what was in them steers the planner."""
    name = f"untouched{uuid4().hex[:8]}"
    await create_tenant(database, name)
    yield name
    await drop_tenant(database, name)


async def test_every_index_serves_a_statement(tree: Tree, database: Database, untouched: str):
    texts = {w: t for w, t in statements(tree).items() if "/verify/" not in w}
    async with database.transaction(untouched) as tx:
        present = {row["index"] for row in await tx.fetch(INDEXES)}
        serving = await used(tx, texts)
    assert without_reason(present, serving, texts) == ([], [])


async def test_an_index_for_nothing_bites(tx):
    await tx.conn.execute(
        "create table planted (id uuid primary key, a text, b text); "
        "create index planted_a on planted (a); create index planted_b on planted (b)"
    )
    present = {row["index"] for row in await tx.fetch(INDEXES)}
    serving = await used(tx, {"x": "select id from planted where a = $1"})
    idle, _ = without_reason(present, serving, {})
    assert "planted_b" in idle
    assert "planted_a" not in idle
