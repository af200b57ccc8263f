from uuid import uuid4

import asyncpg
import pytest

from crosslane.kernel import new_id
from crosslane.organization import storage
from crosslane.organization.domain import Entity, StaffMember, VatNumber
from crosslane.platform.database import Database, Tx


def an_entity(*numbers: VatNumber) -> Entity:
    return Entity(new_id(), "mf-ltd", "Marlow & Finch Ltd", "GB", "GBP", numbers)


async def test_vat_numbers_are_replaced_as_a_set(tx: Tx):
    gb, ie, de = VatNumber("GB", "1"), VatNumber("IE", "2"), VatNumber("DE", "3")
    entity = an_entity(gb, ie)
    await storage.upsert_entity(tx, entity)
    await storage.replace_vat_numbers(tx, entity)
    assert await storage.list_entities(tx) == [entity]
    changed = Entity(entity.id, "mf-ltd", "New name", "GB", "GBP", (de, VatNumber("GB", "9")))
    await storage.upsert_entity(tx, changed)
    await storage.replace_vat_numbers(tx, changed)
    assert await storage.list_entities(tx) == [changed]


async def test_a_series_gives_out_consecutive_numbers_and_keeps_its_prefix_once_used(tx: Tx):
    entity = an_entity()
    await storage.upsert_entity(tx, entity)
    assert await storage.upsert_invoice_series(tx, entity.id, "invoice", "A-") == 1
    assert await storage.upsert_invoice_series(tx, entity.id, "invoice", "B-") == 1
    assert await storage.take_numbers(tx, entity.id, "invoice", 3) == ("B-", 1)
    assert await storage.take_numbers(tx, entity.id, "invoice", 1) == ("B-", 4)
    assert await storage.upsert_invoice_series(tx, entity.id, "invoice", "B-") == 5
    assert await storage.upsert_invoice_series(tx, entity.id, "invoice", "C-") is None
    assert await storage.take_numbers(tx, entity.id, "credit_note", 1) is None
    assert await storage.list_invoice_prefixes(tx) == {entity.id: {"invoice": "B-"}}


async def test_staff_keep_their_identifier_and_are_listed_page_by_page(tx: Tx):
    shop = uuid4()
    people = [
        StaffMember(new_id(), f"P{n}", f"Person {n}", shop if n % 2 else None, frozenset(), None)
        for n in range(5)
    ]
    people[3] = StaffMember(
        people[3].id, "P3", "Person 3", shop, frozenset({"manager", "agent"}), uuid4(), False
    )
    assert await storage.upsert_staff(tx, people) == people
    again = StaffMember(new_id(), "P1", "Renamed", None, frozenset({"associate"}))
    [stored] = await storage.upsert_staff(tx, [again])
    assert (stored.id, stored.name, stored.location_id) == (people[1].id, "Renamed", None)
    page = await storage.list_staff(tx, after="P1", location_id=None, inactive_too=True, limit=2)
    assert [member.code for member in page] == ["P2", "P3"]
    here = await storage.list_staff(tx, after="", location_id=shop, inactive_too=True, limit=9)
    assert here == [people[3]]
    active = await storage.list_staff(tx, after="", location_id=None, inactive_too=False, limit=9)
    assert "P3" not in [member.code for member in active]
    found = await storage.find_staff(
        tx, ids=[people[0].id], account_ids=[people[3].account_id], codes=["P4"]
    )
    assert {member.code for member in found} == {"P0", "P3", "P4"}


async def test_the_schema_itself_refuses_what_the_rules_refuse(database: Database, tenant: str):
    for statement in [
        "insert into organization_policy (id, kind, scope_type, scope_code, valid_from, author,"
        " reason, recorded_at) values (gen_random_uuid(), 'a.b', 'tenant', 'x', now(), 'a', 'r',"
        " now())",
        "insert into organization_policy (id, kind, scope_type, scope_code, valid_from, author,"
        " reason, recorded_at) values (gen_random_uuid(), 'a.b', 'brand', 'x', now(), 'a', '',"
        " now())",
        "insert into organization_market values (gen_random_uuid(), 'a', 'a', 'GB', 'GBP', '{}',"
        " 'inclusive', 'UTC')",
    ]:
        with pytest.raises(asyncpg.CheckViolationError):
            async with database.transaction(tenant) as tx:
                await tx.execute(statement)
