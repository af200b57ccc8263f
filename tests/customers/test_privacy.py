import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from uuid import UUID

import asyncpg
import msgspec
import pytest

from crosslane.customers import ERASERS, EXPORTERS, PERSONAL_COLUMNS, errors
from crosslane.customers.domain import Address, CustomerRef, require_address
from crosslane.customers.events import ConsentRecorded
from crosslane.customers.service import (
    EraseCustomer,
    MergeCustomers,
    PutAddress,
    RecordConsent,
    addresses_by_id,
    consenting,
    customer,
    erase,
    export,
    identify,
    merge,
    put_address,
    record_consent,
    snapshot_addresses,
)
from crosslane.platform import log, personal
from crosslane.platform.database import Database, Tx
from crosslane.platform.personal import PersonalColumn

ANN = CustomerRef(email="Ann.Example@example.com", phone="+442079460958", name="Ann Example")
HOME = require_address(
    Address(
        "GB",
        ("12 High Street", "Flat 3"),
        "Leeds",
        "LS1 4DY",
        name="Ann Example",
        organization="Example & Daughters",
        phone="+441134960123",
        email="ann.home@example.com",
    )
)
WAITED_FOR = "select exists (select from pg_locks where not granted)"
BOB_HOME = Address("GB", ("3 Mill Lane",), "Leeds", "LS2 7EY", name="Bob")
# Everything by which a search would find her; her town and country are not hers alone.
WORDS = [
    "ann.example", "ann.home", "2079460958", "20 7946 0958", "1134960123", "Ann Example",
    "12 High Street", "LS1 4DY", "LS14DY", "Daughters", "form signed by Ann",
]  # fmt: skip


@pytest.fixture(autouse=True)
async def declared(database: Database, tenant: str) -> AsyncIterator[None]:
    """Another module with messages that hold whatever came in, and invoices that are kept."""
    async with database.transaction(tenant) as tx:
        await tx.execute("create table invoice (recipient text)")
        await tx.execute("create table inbox (body jsonb, raw text)")
    inbox = [
        PersonalColumn("inbox", "body", "words", "as received", "json"),
        PersonalColumn("inbox", "raw", "words", "as received", "text"),
        PersonalColumn("invoice", "recipient", "kept", "tax law: ten years"),
    ]
    columns = [*personal.PERSONAL_COLUMNS, *PERSONAL_COLUMNS, *inbox]
    before = personal.registered()
    personal.register(columns, ERASERS, EXPORTERS)
    yield
    personal.register(*before)


async def ann_and_bob(tx: Tx) -> tuple[UUID, UUID, UUID]:
    """Two customers, an address of Ann's, and messages about both in another module's tables."""
    refs = [ANN, CustomerRef(email="ann.example@work.example"), CustomerRef(email="bob@b.example")]
    ann, twin, bob = [found.id for found in await identify(tx, refs)]
    await merge(tx, MergeCustomers(ann, twin, "same person"))
    await put_address(tx, PutAddress(ann, "Ann Example's", HOME))
    home, _ = await snapshot_addresses(tx, [HOME, BOB_HOME], owners=[twin, bob])
    given = RecordConsent(ann, "newsletter", True, "form signed by Ann Example")
    await record_consent(tx, given)
    bodies = [
        {"name": "ANN EXAMPLE", "note": "call 020 7946 0958 (Ann Example)"},
        {"email": "ann.example@EXAMPLE.com", "lines": ["12 High Street\nLeeds", "ls14dy"]},
        {"name": "Bob", "units": 2079460},
    ]
    raws = ["Ann Example;12 high street;LS14DY;02079460958", "LS1 4DY", "Bob;3 High Street"]
    for body, raw in zip(bodies, raws, strict=True):
        await tx.execute("insert into inbox values ($1, $2)", msgspec.json.encode(body), raw)
    return ann, bob, home


async def dump(tx: Tx) -> str:
    """Everything every table of the tenant holds, as text."""
    tables = await tx.fetch(
        "select c.relname from pg_class c where c.relnamespace = current_schema()::regnamespace"
        " and c.relkind = 'r'"
    )
    found = []
    for table in tables:
        rows = await tx.fetch(f'select t::text as row from "{table["relname"]}" t')  # noqa: S608
        found += [row["row"] for row in rows]
    return "\n".join(found)


async def test_after_an_erasure_a_search_of_everything_finds_nothing(
    database: Database, tenant: str
):
    async with database.transaction(tenant) as tx:
        ann, bob, home = await ann_and_bob(tx)
    async with database.transaction(tenant) as tx:
        before = (await dump(tx)).lower()
        assert [word for word in WORDS if word.lower() not in before] == []
        report = await erase(tx, EraseCustomer(ann, "she asked for it"))
    async with database.transaction(tenant) as tx:
        after = (await dump(tx)).lower()
        assert [word for word in WORDS if word.lower() in after] == []
        assert "3 mill lane" in after
        gone = await customer(tx, ann)
        assert (gone.erased, gone.name, gone.identities) == (True, "", ())
        snapshot = (await addresses_by_id(tx, [home]))[home]
        assert (snapshot.erased, snapshot.address) == (True, Address("GB", (), ""))
        assert await consenting(tx, [ann], purpose="newsletter") == set()
        assert not (await customer(tx, bob)).erased
        told = await log.history(tx, f"customer:{ann}")
        assert told[-1].kind == "customers.CustomerForgotten"
    places = {place.place: place.rows for place in report.places}
    assert places["customers_address_snapshot"] == 2
    assert places["inbox.body"] == 2
    assert places["inbox.raw"] == 2
    assert "invoice.recipient" in report.kept


async def test_a_code_inside_json_goes_only_where_it_stands_alone(tx: Tx):
    whole, inside = personal.json_patterns({"02079460958", "LS14DY", "ship"})
    body = {
        "note": "ring 02079460958,\nLS14DY (ls14dy) of the ship",
        "LS14DY": "XLS14DY",
        "id": "02079460958-7946-0958",
        "weight": 1.02079460958,
    }
    erase_inside = "select regexp_replace($1::jsonb::text, $2, 'erased', 'gi')"
    left = await tx.fetchval(erase_inside, msgspec.json.encode(body), inside)
    assert msgspec.json.decode(left) == body | {"note": "ring erased,\nerased (erased) of the ship"}
    assert whole


async def test_who_was_forgotten_stays_so_and_comes_back_as_somebody_new(tx: Tx):
    ann, _, home = await ann_and_bob(tx)
    await erase(tx, EraseCustomer(ann, "she asked for it"))
    again = await erase(tx, EraseCustomer(ann, "once more"))
    assert {p.place: p.rows for p in again.places}["customers_address_snapshot"] == 0
    with pytest.raises(errors.CustomerErased):
        await put_address(tx, PutAddress(ann, "home", HOME))
    [new] = [found.id for found in await identify(tx, [ANN])]
    assert new != ann
    [other_home] = await snapshot_addresses(tx, [HOME], owners=[new])
    assert other_home != home
    with pytest.raises(errors.UnknownCustomer):
        await erase(tx, EraseCustomer(home, "no customer"))


async def test_a_customer_is_told_everything_that_is_known(tx: Tx):
    ann, bob, _ = await ann_and_bob(tx)
    told = await export(tx, ann)
    text = msgspec.json.encode(told).decode()
    assert {section: len(rows) for section, rows in told.items()} == {
        "customers": 1,
        "address_book": 1,
        "addresses": 2,
        "consents": 1,
    }
    assert "ann.example@work.example" in text
    assert "Bob" not in text
    with pytest.raises(errors.UnknownCustomer):
        await export(tx, ann, owner=bob)


async def test_an_order_that_arrives_while_she_is_forgotten_finds_nobody_or_is_forgotten_too(
    database: Database, tenant: str
):
    async with database.transaction(tenant) as tx:
        ann = (await identify(tx, [ANN]))[0].id

    async def arrive() -> UUID:
        # As a lane does: a transaction that was lost is run again.
        while True:
            with suppress(asyncpg.SerializationError):
                async with database.transaction(tenant) as tx:
                    found = (await identify(tx, [ANN]))[0].id
                    await snapshot_addresses(tx, [HOME], owners=[found])
                    return found

    async def forget() -> None:
        async with database.transaction(tenant) as tx:
            await erase(tx, EraseCustomer(ann, "she asked for it"))

    *found, _ = await asyncio.gather(*(arrive() for _ in range(4)), forget())
    async with database.transaction(tenant) as tx:
        assert (await customer(tx, ann)).erased
        owners = await tx.fetch(
            "select customer_id from customers_address_snapshot where erased_at is null"
        )
    assert ann not in {row["customer_id"] for row in owners}
    assert len(set(found) | {ann}) <= 2


async def test_what_is_midway_is_waited_for_so_that_it_writes_nothing_anew(
    database: Database, tenant: str
):
    begun, ends = asyncio.Event(), asyncio.Event()

    async def remember(tx: Tx, _: Sequence[log.Logged]) -> None:
        begun.set()
        await ends.wait()
        await tx.execute("insert into inbox (raw) values ('Ann Example')")

    async def forget() -> None:
        async with database.transaction(tenant) as tx:
            await erase(tx, EraseCustomer(ann, "asked for it"))

    reaction = log.Reaction("customers.of_this_test", (ConsentRecorded,), remember)
    assert await log.run_reaction(database, tenant, reaction) == 0
    async with database.transaction(tenant) as tx:
        ann, _, _ = await ann_and_bob(tx)
    midway = asyncio.create_task(log.run_reaction(database, tenant, reaction))
    await begun.wait()
    forgotten = asyncio.create_task(forget())
    async with database.transaction(tenant) as tx:
        while not await tx.fetchval(WAITED_FOR) and not forgotten.done():  # noqa: ASYNC110 - the server knows it alone
            await asyncio.sleep(0.01)
    ends.set()
    assert await midway == 1
    await forgotten
    async with database.transaction(tenant) as tx:
        assert "Ann Example" not in await tx.fetchval("select string_agg(raw, ' ') from inbox")
