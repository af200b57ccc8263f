import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from crosslane.customers import errors
from crosslane.customers.domain import Address, Customer, CustomerRef, Identity, require_address
from crosslane.customers.service import (
    AddIdentity,
    ChangeCustomer,
    CorrectCustomer,
    MergeCustomers,
    PutAddress,
    RecordConsent,
    RegisterCustomer,
    RemoveAddress,
    RemoveIdentity,
    add_identity,
    addresses_by_id,
    change,
    consenting,
    correct,
    customer,
    customers_by_id,
    identify,
    list_addresses,
    list_consents,
    list_customers,
    merge,
    merged_ids,
    put_address,
    record_consent,
    register,
    remove_address,
    remove_identity,
    search,
    snapshot_addresses,
)
from crosslane.kernel import Stale
from crosslane.organization import PutBrand, UnknownBrand, UnknownChannel, put_brand
from crosslane.platform import audit, log
from crosslane.platform.database import Database, Tx

ANN = CustomerRef(email="Ann@Example.com", phone="+442079460958", name="Ann  Example")
HOME = require_address(Address("GB", ("12 High Street",), "Leeds", "LS1 4DY", name="Ann Example"))
WORK = require_address(Address("GB", ("1 Mill Lane",), "York", "YO1 7HH", name="Ann Example"))


async def one(tx: Tx, ref: CustomerRef) -> UUID:
    [found] = await identify(tx, [ref])
    assert isinstance(found, Customer)
    return found.id


# --- recognizing ---------------------------------------------------------------------------------


async def test_a_newcomer_becomes_a_guest_and_is_recognized_again(tx: Tx):
    first = await one(tx, ANN)
    assert await one(tx, CustomerRef(email="ann@EXAMPLE.com")) == first
    assert await one(tx, CustomerRef(phone="020 7946 0958", country="GB")) == first
    found = await customer(tx, first)
    assert (found.name, found.guest, found.kind) == ("Ann Example", True, "person")
    assert found.identities == (
        Identity("email", "ann@example.com"),
        Identity("phone", "+442079460958"),
    )
    assert await one(tx, CustomerRef(name="Ann Example")) != first


async def test_many_are_identified_at_once_and_the_malformed_harm_nobody(tx: Tx):
    refs = [
        ANN,
        CustomerRef(email="no address"),
        CustomerRef(account_number="12347", name="Example Ltd"),
        CustomerRef(channel="amazon", channel_customer="A1"),
        CustomerRef(email="ann@example.com"),
        CustomerRef(),
    ]
    before = tx.statements
    found = await identify(tx, refs)
    assert tx.statements - before == 4
    assert [type(answer) for answer in found] == [
        Customer,
        errors.BadEmail,
        Customer,
        Customer,
        Customer,
        errors.IdentityMissing,
    ]
    assert found[0] == found[4]
    assert found[2].kind == "organization"
    before = tx.statements
    assert [a for a in await identify(tx, refs) if isinstance(a, Customer)] == [
        a for a in found if isinstance(a, Customer)
    ]
    assert tx.statements - before == 2
    assert await identify(tx, []) == []


async def test_a_known_customer_gains_nothing_from_an_order(tx: Tx):
    first = await one(tx, ANN)
    assert await one(tx, CustomerRef(email="ann@example.com", phone="+441134960123")) == first
    assert len((await customer(tx, first)).identities) == 2
    other = await one(tx, CustomerRef(email="other@example.com", phone="+442079460958"))
    assert other != first
    assert (await customer(tx, other)).identities == (Identity("email", "other@example.com"),)


async def test_the_same_newcomer_through_many_doors_at_once_is_one_customer(
    database: Database, tenant: str
):
    async def arrive(n: int) -> list[UUID]:
        refs = [ANN, CustomerRef(email=f"only{n}@example.com"), CustomerRef(account_number="7")]
        async with database.transaction(tenant) as tx:
            found = [one.id for one in await identify(tx, refs if n % 2 else refs[::-1])]
            return found if n % 2 else found[::-1]

    answers = await asyncio.gather(*(arrive(n) for n in range(12)))
    assert len({answer[0] for answer in answers}) == 1
    assert len({answer[1] for answer in answers}) == 12
    assert len({answer[2] for answer in answers}) == 1
    async with database.transaction(tenant) as tx:
        everybody = await list_customers(tx, after=None, limit=50)
    assert {found.id for found in everybody} == {a for answer in answers for a in answer}


# --- registering and changing --------------------------------------------------------------------

TRADE = RegisterCustomer(
    "organization",
    "Example  Ltd",
    account_number="12347",
    email="buyer@example.com",
    group="trade",
    payment_terms_days=30,
    locale="en_gb",
)


async def test_customers_are_registered_and_refused_one_by_one(tx: Tx):
    guest = await one(tx, ANN)
    made, taken, twice, bad, nobody = await register(
        tx,
        [
            TRADE,
            RegisterCustomer("person", "Ann", email="ann@example.com"),
            RegisterCustomer("person", "Bob", email="buyer@example.com"),
            RegisterCustomer("person", "Bob", email="b@example.com", payment_terms_days=-1),
            RegisterCustomer("person", "Bob"),
        ],
    )
    assert (made.name, made.group, made.payment_terms_days, made.locale, made.guest) == (
        "Example Ltd",
        "trade",
        30,
        "en-GB",
        False,
    )
    assert isinstance(taken, errors.IdentityTaken)
    assert taken.pointer == "/email"
    assert isinstance(twice, errors.IdentityTaken)
    assert isinstance(bad, errors.PaymentTermsOutOfRange)
    assert isinstance(nobody, errors.IdentityMissing)
    everybody = await list_customers(tx, after=None, limit=50)
    assert {found.id for found in everybody} == {guest, made.id}
    assert await one(tx, CustomerRef(account_number="12347", email="else@example.com")) == made.id


async def test_two_who_register_the_same_account_make_one(database: Database, tenant: str):
    async def enroll() -> object:
        async with database.transaction(tenant) as tx:
            [answer] = await register(tx, [TRADE])
            return answer

    answers = await asyncio.gather(*(enroll() for _ in range(6)))
    assert sum(isinstance(answer, errors.IdentityTaken) for answer in answers) == 5
    async with database.transaction(tenant) as tx:
        assert len(await list_customers(tx, after=None, limit=50)) == 1


async def test_a_customer_is_changed_at_the_version_that_was_read(tx: Tx):
    [made] = await register(tx, [TRADE])
    wish = ChangeCustomer(made.id, 1, "New Name", "", None, "")
    changed = await change(tx, wish)
    assert (changed.version, changed.name, changed.group, changed.payment_terms_days) == (
        2,
        "New Name",
        "",
        None,
    )
    with pytest.raises(Stale):
        await change(tx, wish)
    with pytest.raises(errors.UnknownCustomer):
        await change(tx, msgspec.structs.replace(wish, customer_id=uuid4()))


async def test_identities_come_and_go(tx: Tx):
    [made] = await register(tx, [TRADE])
    more = await add_identity(tx, AddIdentity(made.id, "phone", "020 7946 0958", country="GB"))
    assert Identity("phone", "+442079460958") in more.identities
    again = await add_identity(tx, AddIdentity(made.id, "phone", "+44 20 7946 0958"))
    assert again == more
    await one(tx, CustomerRef(email="c@example.com"))
    with pytest.raises(errors.IdentityTaken):
        await add_identity(tx, AddIdentity(made.id, "email", "C@example.com"))
    less = await remove_identity(tx, RemoveIdentity(made.id, "phone", "+442079460958"))
    assert less.identities == made.identities
    with pytest.raises(errors.UnknownIdentity):
        await remove_identity(tx, RemoveIdentity(made.id, "phone", "+442079460958"))
    with pytest.raises(errors.LastIdentity):
        await remove_identity(tx, RemoveIdentity(made.id, "account_number", "12347"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("exam", 1),
        ("EXAMPLE  LTD", 1),
        ("ltd", 1),
        ("exam other", 0),
        ("12347", 1),
        ("Buyer@Example.com", 1),
        ("020 7946 0958", 1),
        ("%", 0),
        ("_", 0),
    ],
)
async def test_customers_are_searched_by_name_and_by_whole_identities(tx: Tx, query, found):
    await register(tx, [msgspec.structs.replace(TRADE, phone="+442079460958")])
    listed = await list_customers(tx, after=None, limit=50, query=query, country="GB")
    assert len(listed) == found
    assert len(await search(tx, query, country="GB")) == found


async def test_nobody_sees_another_customer(tx: Tx):
    ann, bob = await one(tx, ANN), await one(tx, CustomerRef(email="bob@example.com"))
    assert set(await customers_by_id(tx, [ann, bob], owner=bob)) == {bob}
    assert [c.id for c in await list_customers(tx, after=None, limit=50, owner=bob)] == [bob]
    for attempt in (
        customer(tx, ann, owner=bob),
        list_addresses(tx, ann, owner=bob),
        list_consents(tx, ann, owner=bob),
        put_address(tx, PutAddress(ann, "home", HOME), owner=bob),
        remove_address(tx, RemoveAddress(ann, "home"), owner=bob),
        record_consent(tx, RecordConsent(ann, "x", True, "p"), owner=bob),
    ):
        with pytest.raises(errors.UnknownCustomer):
            await attempt


# --- addresses -----------------------------------------------------------------------------------


async def test_equal_addresses_of_one_customer_are_one_snapshot(tx: Tx):
    ann, bob = await one(tx, ANN), await one(tx, CustomerRef(email="bob@example.com"))
    ids = await snapshot_addresses(tx, [HOME, WORK, HOME, HOME], owners=[ann, ann, ann, bob])
    assert ids[0] == ids[2]
    assert len(set(ids)) == 3
    before = tx.statements
    assert await snapshot_addresses(tx, [WORK, HOME], owners=[ann, bob]) == [ids[1], ids[3]]
    assert tx.statements - before == 1
    found = await addresses_by_id(tx, [*ids, uuid4()])
    assert found[ids[1]].address == WORK
    assert (found[ids[3]].customer_id, found[ids[3]].erased) == (bob, False)
    assert await snapshot_addresses(tx, [], owners=[]) == []
    bad = msgspec.structs.replace(HOME, postcode="nowhere")
    [bad_id] = await snapshot_addresses(tx, [bad], owners=[ann])
    assert not (await addresses_by_id(tx, [bad_id]))[bad_id].checked
    assert found[ids[1]].checked
    assert await addresses_by_id(tx, []) == {}


async def test_two_who_use_the_same_address_at_once_share_it(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        ann = await one(tx, ANN)

    async def use(n: int) -> list[UUID]:
        pair = [HOME, WORK] if n % 2 else [WORK, HOME]
        async with database.transaction(tenant) as tx:
            return sorted(await snapshot_addresses(tx, pair, owners=[ann, ann]))

    used = await asyncio.gather(*(use(n) for n in range(8)))
    assert all(ids == used[0] for ids in used)


async def test_an_address_book_has_one_default(tx: Tx):
    ann = await one(tx, ANN)
    first = await put_address(tx, PutAddress(ann, "home", HOME))
    assert first.is_default
    second = await put_address(tx, PutAddress(ann, "work", WORK, is_default=True))
    book = await list_addresses(tx, ann)
    assert [(saved.label, saved.is_default) for saved in book] == [("home", False), ("work", True)]
    moved = await put_address(tx, PutAddress(ann, "work", HOME))
    assert moved.snapshot_id == first.snapshot_id != second.snapshot_id
    await remove_address(tx, RemoveAddress(ann, "work"))
    assert [saved.label for saved in await list_addresses(tx, ann)] == ["home"]
    with pytest.raises(errors.UnknownAddress):
        await remove_address(tx, RemoveAddress(ann, "work"))
    with pytest.raises(errors.BadPostcode) as refused:
        bad = msgspec.structs.replace(HOME, postcode="nowhere")
        await put_address(tx, PutAddress(ann, "bad", bad))
    assert refused.value.pointer == "/address/postcode"


# --- merging -------------------------------------------------------------------------------------


async def test_merged_customers_are_one_under_every_identifier(tx: Tx):
    ann, twin = await one(tx, ANN), await one(tx, CustomerRef(email="a2@example.com", name="A"))
    third = await one(tx, CustomerRef(email="a3@example.com"))
    await put_address(tx, PutAddress(ann, "home", HOME))
    await put_address(tx, PutAddress(twin, "home", WORK))
    await record_consent(tx, RecordConsent(twin, "newsletter", True, "form"))
    await merge(tx, MergeCustomers(twin, third, "same person"))
    kept = await merge(tx, MergeCustomers(ann, twin, "same person"))
    assert kept.id == ann
    assert {i.value for i in kept.identities} >= {"ann@example.com", "a2@example.com"}
    assert await one(tx, CustomerRef(email="a3@example.com")) == ann
    found = await customers_by_id(tx, [ann, twin, third])
    assert {c.id for c in found.values()} == {ann}
    assert set(await merged_ids(tx, ann)) == {ann, twin, third}
    book = await list_addresses(tx, third)
    assert [(saved.label, saved.is_default) for saved in book] == [
        ("home", True),
        ("home (2)", False),
    ]
    assert await consenting(tx, [third], purpose="newsletter") == {third}
    assert set(await search(tx, "a2@example.com")) == {ann, twin, third}
    assert set(await search(tx, "example ann")) == {ann, twin, third}
    assert await search(tx, " ") == []
    told = await log.history(tx, f"customer:{ann}")
    assert [entry.kind for entry in told] == ["customers.CustomersMerged"]
    with pytest.raises(errors.MergeWithItself):
        await merge(tx, MergeCustomers(twin, ann, "again"))
    with pytest.raises(errors.UnknownCustomer):
        await merge(tx, MergeCustomers(ann, uuid4(), "nobody"))


async def test_two_merges_the_other_way_round_leave_one_customer(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        ann, twin = await one(tx, ANN), await one(tx, CustomerRef(email="a2@example.com"))

    async def join(kept: UUID, merged: UUID) -> str:
        try:
            async with database.transaction(tenant) as tx:
                await merge(tx, MergeCustomers(kept, merged, "same"))
        except errors.MergeWithItself:
            return "one already"
        return "merged"

    assert sorted(await asyncio.gather(join(ann, twin), join(twin, ann))) == [
        "merged",
        "one already",
    ]


# --- consent -------------------------------------------------------------------------------------


async def test_consent_is_kept_with_its_proof_and_the_last_word_counts(tx: Tx):
    await put_brand(tx, PutBrand("marlow", "Marlow"))
    ann, bob = await one(tx, ANN), await one(tx, CustomerRef(email="bob@example.com"))
    given = RecordConsent(ann, "newsletter", True, "form 3", at=tx.now - timedelta(days=9))
    await record_consent(tx, given)
    assert await consenting(tx, [ann, bob, uuid4()], purpose="newsletter") == {ann}
    early = tx.now - timedelta(days=10)
    assert await consenting(tx, [ann], purpose="newsletter", at=early) == set()
    withdrawn = RecordConsent(ann, "newsletter", False, "call", brand="marlow")
    await record_consent(tx, withdrawn)
    assert await consenting(tx, [ann], purpose="newsletter", brand="marlow") == set()
    assert await consenting(tx, [ann], purpose="newsletter", brand="finch") == {ann}
    assert [(c.granted, c.proof) for c in await list_consents(tx, ann)] == [
        (True, "form 3"),
        (False, "call"),
    ]
    told = await log.history(tx, f"customer:{ann}")
    assert [entry.kind for entry in told] == ["customers.ConsentRecorded"] * 2
    for wish, refusal in [
        (RecordConsent(ann, "News", True, "p"), errors.BadPurpose),
        (RecordConsent(ann, "news", True, "p", channel="x"), UnknownChannel),
        (RecordConsent(ann, "news", True, "p", brand="x"), UnknownBrand),
        (RecordConsent(uuid4(), "news", True, "p"), errors.UnknownCustomer),
    ]:
        with pytest.raises(refusal):
            await record_consent(tx, wish)


async def test_a_customer_is_corrected_as_a_whole_and_keeps_what_was_allowed(tx: Tx):
    ann, bob = await one(tx, ANN), await one(tx, CustomerRef(email="bob@example.com"))
    await put_brand(tx, PutBrand("marlow", "Marlow"))
    await record_consent(tx, RecordConsent(ann, "news", True, "ticked a box", brand="marlow"))

    def wish(**changes) -> CorrectCustomer:
        told = {"name": " Ann  Other ", "emails": ["ANN@other.example", "a@b.example"]}
        told |= {"phones": ["020 7946 0000"], "country": "GB", "reason": "she has married"}
        return CorrectCustomer(customer_id=ann, **(told | changes))

    for changes, refusal in (
        ({"version": 99}, Stale),
        ({"emails": ["no address"]}, errors.BadEmail),
        ({"phones": ["12"]}, errors.BadPhone),
        ({"emails": [], "phones": [], "name": " "}, errors.IdentityMissing),
    ):
        with pytest.raises(refusal):
            await correct(tx, wish(**changes))
    with pytest.raises(errors.IdentityTaken):
        async with tx.savepoint():
            await correct(tx, wish(emails=["bob@example.com"]))
    assert (await customer(tx, ann)).name == "Ann Example"
    after = await correct(tx, wish())
    assert after.name == "Ann Other"
    assert {(i.kind, i.value) for i in after.identities} == {
        ("email", "ann@other.example"),
        ("email", "a@b.example"),
        ("phone", "+442079460000"),
    }
    assert [consent.purpose for consent in await list_consents(tx, ann)] == ["news"]
    # What is not hers any more is free again.
    assert await one(tx, CustomerRef(email="ann@example.com")) not in (ann, bob)
    (row, *_) = await audit.list_entries(tx, subject=f"customer:{ann}", limit=5)
    assert (row.action, row.reason) == ("customers.correct", "she has married")
    assert b"ann@example.com" in bytes(row.before)
