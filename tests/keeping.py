"""What many tests begin with, made once in each process: its rows are copied into their tenants.

What is copied is as it would be had it been made at that moment, but for its identifiers: those are
the same in every tenant that has a copy. Who looks at two tenants at once, to see that they know
nothing of each other or come to the same end, makes what is in one of them anew.
"""

import secrets
from collections.abc import Awaitable, Callable

from crosslane.platform.database import Database, schema_of
from crosslane.platform.tenants import DELETE_TENANT, create_tenant

Make = Callable[[Database, str], Awaitable[None]]

NOW = "select pg_current_xact_id()::xid::text, clock_timestamp()"
# By table, of partitions their whole, a table after those it refers to: the columns to be written,
# and what numbers its rows. Such a number is drawn anew, in the same order.
TABLES = """
with filled as (
    select distinct coalesce(pg_partition_root(oid), oid)::oid as oid from pg_class
    where relnamespace = $1::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
)
select c.relname as name,
       array_agg(a.attname order by attnum) filter (where not numbers and attgenerated = '')
           as columns,
       array_agg(a.atttypid::regtype::text order by attnum)
           filter (where not numbers and attgenerated = '') as types,
       array_agg(a.attname) filter (where numbers) as numbers
from filled join pg_class c using (oid)
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
cross join lateral (
    select attidentity <> ''
        or coalesce(pg_get_expr(d.adbin, d.adrelid) like 'nextval(%', false) as numbers
) as n
group by c.oid, c.relname order by c.oid
"""

# Statements that copy, by the address of the server and who made what they copy.
_KEPT: dict[tuple[str, Make], str] = {}
_SCHEMAS: dict[str, list[str]] = {}


async def begin_with(database: Database, tenant: str, make: Make) -> None:
    """Let a tenant have what a function makes, which it does once for all of them.

    Args:
        database: where the tenant is.
        tenant: its name. It has nothing yet of what is made.
        make: fills the tenant of the name it is given, which is empty, with what tells nothing of
            that tenant. It draws no number that it says itself, such as that of an order.

    Raises:
        UniqueViolationError: some of it was there.
    """
    copy = _KEPT.get((database.url, make))
    if copy is None:
        copy = _KEPT[database.url, make] = await _keep(database, make)
    async with database.transaction(tenant) as tx:
        await tx.execute(copy)
        tx.leaves_work = True


async def _keep(database: Database, make: Make) -> str:
    """Make what is to be copied; return the statements by which it is."""
    name = f"kept_{secrets.token_hex(6)}"
    await create_tenant(database, name)
    _SCHEMAS.setdefault(database.url, []).append(schema_of(name))
    async with database.connection() as connection:
        migrated, began = await connection.fetchrow(NOW)
        await make(database, name)
        _, ended = await connection.fetchrow(NOW)
        # No worker looks at it.
        await connection.execute(DELETE_TENANT, name)
        tables = await connection.fetch(TABLES, schema_of(name))
    age = f"(now() - '{ended.isoformat()}'::timestamptz)"
    values = {
        # Whatever was recorded meanwhile is as old as if it were being recorded now.
        "timestamp with time zone": (
            f"case when {{0}} >= '{began.isoformat()}' then {{0}} + {age} else {{0}} end"
        ),
        # What processes keep in memory is known by the transaction that has changed it.
        "xid8": "pg_current_xact_id()",
    }
    copies = []
    for table in tables:
        named = ", ".join(f'"{column}"' for column in table["columns"])
        pairs = zip(table["columns"], table["types"], strict=True)
        told = ", ".join(values.get(kind, "{0}").format(f'"{column}"') for column, kind in pairs)
        ordered = f"order by {', '.join(table['numbers'])}" if table["numbers"] else ""
        copies.append(
            f'insert into "{table["name"]}" ({named}) select {told}'  # noqa: S608
            f' from {schema_of(name)}."{table["name"]}"'
            # The rows that its migrations put in are everybody's.
            f" where age(xmin) < age('{migrated}'::xid) {ordered}"
        )
    return "; ".join(copies)


async def forget_kept(database: Database) -> None:
    """Drop what was kept on a server."""
    for key in [key for key in _KEPT if key[0] == database.url]:
        del _KEPT[key]
    async with database.connection() as connection:
        for schema in _SCHEMAS.pop(database.url, ()):
            await connection.execute(f"drop schema {schema} cascade")
