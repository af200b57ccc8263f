"""Every index serves a statement: none is kept up for nothing."""

from collections.abc import AsyncIterator
from uuid import uuid4

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
# What a table of any size would be read by: the planner may not walk through it.
AS_IF_LARGE = "set local enable_seqscan = off"
# Names of the indexes in a statement's generic plans, sorting and not. What cannot be explained so
# is reported by the test that prepares it. All by the server itself: there are two thousand plans.
PLAN = """
create or replace function pg_temp.indexes_of(statement text) returns text[] language plpgsql as $$
declare
    sorting text;
    plan jsonb;
    plans jsonb = '[]';
begin
    foreach sorting in array array['off', 'on'] loop
        perform set_config('enable_sort', sorting, true);
        execute 'explain (generic_plan, format json) ' || statement into plan;
        plans = plans || plan;
    end loop;
    return array(
        select distinct name #>> '{}' from jsonb_path_query(plans, '$.**."Index Name"') as name
    );
exception when others then
    return '{}';
end
$$
"""
AT_ONCE = 50
USED = """
select place, name from unnest($1::text[], $2::text[]) as said (place, text),
    unnest(pg_temp.indexes_of(text)) as name
"""


async def used(tx, texts: dict[str, str]) -> dict[str, list[str]]:
    """Where each index is used, by the generic plans of statements."""
    parents = {row["child"]: row["parent"] for row in await tx.fetch(PARENTS)}
    found: dict[str, list[str]] = {}
    await tx.begin()
    await tx.conn.execute(AS_IF_LARGE)
    await tx.conn.execute(PLAN)
    places = list(texts)
    for first in range(0, len(places), AT_ONCE):
        some = places[first : first + AT_ONCE]
        for row in await tx.conn.fetch(USED, some, [texts[place] for place in some]):
            found.setdefault(parents.get(row["name"], row["name"]), []).append(row["place"])
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
    await tx.begin()
    await tx.conn.execute(
        "create table planted (id uuid primary key, a text, b text); "
        "create index planted_a on planted (a); create index planted_b on planted (b)"
    )
    present = {row["index"] for row in await tx.fetch(INDEXES)}
    serving = await used(tx, {"x": "select id from planted where a = $1"})
    idle, _ = without_reason(present, serving, {})
    assert "planted_b" in idle
    assert "planted_a" not in idle
