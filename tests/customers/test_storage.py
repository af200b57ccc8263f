import asyncpg
import pytest

from crosslane.customers.domain import Address, Consent, Identity, SavedAddress
from crosslane.customers.storage import addresses, consents, customers
from crosslane.customers.storage.addresses import NewSnapshot
from crosslane.customers.storage.customers import NewCustomer
from crosslane.kernel import new_id
from crosslane.platform.database import Database, Tx

EMAIL, PHONE = Identity("email", "a@x.com"), Identity("phone", "+441")
HOME = Address("GB", ("12 High Street", "Flat 3"), "Leeds", "LS1 4DY", name="Ann")


async def stored(tx: Tx, *names: str) -> list[NewCustomer]:
    made = [NewCustomer(new_id(), "person", name, "", None, "", True) for name in names]
    await customers.insert_customers(tx, made)
    return made


async def test_an_identity_is_given_once(tx: Tx):
    ann, bob = await stored(tx, "Ann", "Bob")
    assert await customers.insert_identities(tx, {EMAIL: ann.id}) == {EMAIL}
    assert await customers.insert_identities(tx, {EMAIL: bob.id, PHONE: bob.id}) == {PHONE}
    assert await customers.find_owners(tx, [EMAIL, PHONE, Identity("email", "b@x.com")]) == {
        EMAIL: ann.id,
        PHONE: bob.id,
    }
    assert await customers.delete_identities(tx, bob.id, [EMAIL]) == set()
    assert await customers.delete_identities(tx, ann.id, [EMAIL, PHONE]) == {EMAIL}
    await customers.delete_strays(tx, [bob.id])
    assert (await customers.customers_by_id(tx, [ann.id, bob.id], owner=None)).keys() == {ann.id}


async def test_a_merge_is_followed_and_flattened(tx: Tx):
    ann, bob, cid = await stored(tx, "Ann", "Bob", "Cid")
    await customers.merge_into(tx, cid.id, bob.id)
    await customers.merge_into(tx, bob.id, ann.id)
    found = await customers.customers_by_id(tx, [ann.id, bob.id, cid.id], owner=None)
    assert {one.id for one in found.values()} == {ann.id}
    assert set(await customers.list_merged_ids(tx, ann.id, limit=9)) == {ann.id, bob.id, cid.id}
    assert await customers.customers_by_id(tx, [cid.id], owner=bob.id) == {}


async def test_snapshots_keep_every_field(tx: Tx):
    [ann] = await stored(tx, "Ann")
    full = Address("US", ("1 A",), "B", "98011", "WA", "N", "O", "+1650", "a@x.com")
    made = [
        NewSnapshot(new_id(), ann.id, b"1", HOME, True),
        NewSnapshot(new_id(), ann.id, b"2", full, True),
        NewSnapshot(new_id(), ann.id, b"3", Address("AE", (), "Dubai", name="N"), False),
    ]
    ids = await addresses.insert_snapshots(tx, made)
    assert ids == {row.content_hash: row.id for row in made}
    again = await addresses.insert_snapshots(tx, [NewSnapshot(new_id(), ann.id, b"1", HOME, True)])
    assert again == {b"1": made[0].id}
    found = await addresses.snapshots_by_id(tx, list(ids.values()))
    assert [found[row.id].address for row in made] == [row.address for row in made]
    await addresses.upsert_address(tx, ann.id, "home", made[0].id, is_default=True)
    book = await addresses.list_addresses(tx, ann.id, limit=9)
    assert book == [SavedAddress("home", made[0].id, HOME, True)]
    assert await addresses.erase_snapshots(tx, [ann.id]) == 3
    assert await addresses.list_snapshots(tx, [ann.id], limit=9) == []


async def test_consents_follow_their_customer_in_the_order_of_recording(tx: Tx):
    ann, bob = await stored(tx, "Ann", "Bob")
    said = [Consent("news", "", "", granted, "form", tx.now) for granted in (True, False)]
    for person, consent in zip((bob, ann), said, strict=True):
        await consents.insert_consent(tx, new_id(), person.id, consent, recorded_by="system:x")
    await customers.merge_into(tx, bob.id, ann.id)
    assert await consents.consents_for(tx, [ann.id], "news") == {ann.id: said}
    assert await consents.consents_for(tx, [ann.id], "other") == {ann.id: []}


@pytest.mark.parametrize(
    "statement",
    [
        "update customers_customer set merged_into = id",
        "update customers_customer set kind = 'cat'",
        "insert into customers_identity select 'email', 'x', 'web', id, now()"
        " from customers_customer",
        "insert into customers_address_snapshot select gen_random_uuid(), id, null, 'GB', '{}', '',"
        " '', '', '', '', '', '', true, now(), null from customers_customer",
    ],
)
async def test_the_schema_itself_refuses_what_the_rules_refuse(
    database: Database, tenant: str, statement: str
):
    async with database.transaction(tenant) as tx:
        await stored(tx, "Ann")
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.transaction(tenant) as tx:
            await tx.execute(statement)
