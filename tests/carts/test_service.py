"""Carts in the database: edits by many hands, repeated, out of order, and by nobody else."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.carts.shop import HOME, begin, editing, starting, stock_shop, wish

from crosslane.carts import errors
from crosslane.carts.domain import (
    AddLine,
    ChangeLine,
    RemoveLine,
    SetCoupon,
    SetOption,
    SetTender,
)
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.reading import list_unplaced, show
from crosslane.carts.service.wishes import CartView, GiveAddress, NameBuyer
from crosslane.customers import BadPostcode, customers_by_id
from crosslane.locations import LocationUnknown
from crosslane.organization import UnknownChannel
from crosslane.platform import outbox
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database, Tx

ANN = Actor(kind="customer", id="ann", customer_id=UUID(int=1))
BOB = Actor(kind="customer", id="bob", customer_id=UUID(int=2))


@pytest.fixture
async def shop(tx: Tx) -> Tx:
    await stock_shop(tx)
    return tx


async def test_a_cart_is_begun_edited_and_shown(shop: Tx):
    line = uuid4()
    cart = await begin(shop, AddLine(line, "mug", 2), SetCoupon(" spring "))
    assert (cart.version, cart.state, cart.coupons) == (2, "open", ("SPRING",))
    assert (cart.lines[0].sku, cart.locale) == ("MUG", "en-GB")
    (edited,) = await EDIT.handle(shop, [editing(cart, wish(ChangeLine(line, 5), 2))])
    assert edited.lines[0].quantity == 5
    assert await show(shop, cart.id, actor=SYSTEM) == edited


async def test_a_repeated_operation_changes_nothing_and_a_changed_one_is_refused(shop: Tx):
    cart = await begin(shop)
    line = uuid4()
    add = wish(AddLine(line, "MUG", 1))
    other = msgspec.structs.replace(add, change=AddLine(line, "MUG", 2))
    first, again, changed = await EDIT.handle(
        shop, [editing(cart, add, add), editing(cart, add), editing(cart, other)]
    )
    assert first == again
    assert first.version == 1
    assert isinstance(changed, errors.OperationReused)
    (later,) = await EDIT.handle(shop, [editing(cart, add)])
    assert later == first


async def test_the_same_operations_in_any_order_make_the_same_cart(shop: Tx):
    line, other = uuid4(), uuid4()
    wishes = [
        wish(AddLine(line, "MUG", 1), 0),
        wish(AddLine(other, "CUP", 1), 1),
        wish(ChangeLine(line, 4), 2),
        wish(RemoveLine(other), 2),
        wish(NameBuyer(email="ann@example.com"), 3),
        wish(SetTender(uuid4(), "card"), 4),
    ]
    seen = []
    for order in (wishes, wishes[::-1], wishes[3:] + wishes[:3] + wishes[:2]):
        cart = await begin(shop)
        for each in order:
            (cart,) = await EDIT.handle(shop, [editing(cart, each)])
        seen.append((cart.version, cart.lines, cart.buyer_id, cart.tenders))
    assert seen[0] == seen[1] == seen[2]


async def test_two_people_edit_one_cart_at_once(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        await stock_shop(tx)
        cart = await begin(tx)

    async def add(n: int) -> CartView:
        async with database.transaction(tenant) as tx:
            line = AddLine(uuid4(), ("MUG", "CUP")[n % 2], 1)
            (edited,) = await EDIT.handle(tx, [editing(cart, wish(line))])
        return edited

    await asyncio.gather(*(add(n) for n in range(20)))
    async with database.transaction(tenant) as tx:
        found = await show(tx, cart.id, actor=SYSTEM)
    assert (found.version, len(found.lines)) == (20, 20)


@pytest.mark.parametrize(
    ("change", "refused", "pointer"),
    [
        (AddLine(uuid4(), "NONE", 1), errors.NotOnSale, "/operations/1/change/sku"),
        (AddLine(uuid4(), "OLD", 1), errors.NotOnSale, "/operations/1/change/sku"),
        (SetOption("pickup", store="X"), LocationUnknown, "/operations/1/change/store"),
        (
            GiveAddress(msgspec.structs.replace(HOME, postcode="12")),
            BadPostcode,
            "/operations/1/change/address/postcode",
        ),
    ],
)
async def test_a_bad_operation_refuses_the_whole_edit(shop: Tx, change, refused, pointer):
    good, cart = wish(SetCoupon("A")), await begin(shop)
    (outcome,) = await EDIT.handle(shop, [editing(cart, good, wish(change))])
    assert isinstance(outcome, refused)
    assert outcome.pointer == pointer
    assert (await show(shop, cart.id, actor=SYSTEM)).version == 0


async def test_commands_of_a_batch_fail_alone(shop: Tx):
    outcomes = await START.handle(shop, [starting(), starting(channel="nowhere"), starting()])
    assert [type(each) for each in outcomes] == [CartView, UnknownChannel, CartView]


async def test_buyer_and_address_are_kept_as_identifiers_only(shop: Tx):
    buyer = NameBuyer(email="Ann@Example.com", name="Ann Example")
    cart = await begin(shop, buyer, GiveAddress(HOME))
    (person,) = (await customers_by_id(shop, [cart.buyer_id])).values()
    assert person.name == "Ann Example"
    stored = await shop.fetchval("select string_agg(change::text, '') from carts_operation")
    assert "xample" not in stored
    assert "High Street" not in stored


async def test_an_address_names_the_buyer_when_nobody_else_does(shop: Tx):
    cart = await begin(shop, GiveAddress(HOME))
    again = await begin(shop, GiveAddress(HOME))
    assert cart.buyer_id == again.buyer_id is not None
    assert cart.address_id == again.address_id


async def test_a_customer_sees_its_own_carts_only_and_buys_for_itself(shop: Tx):
    cart = await begin(shop, actor=ANN)
    assert cart.buyer_id == ANN.customer_id
    with pytest.raises(errors.NoSuchCart):
        await show(shop, cart.id, actor=BOB)
    foreign, named = await EDIT.handle(
        shop,
        [
            editing(cart, wish(SetCoupon("A")), actor=BOB),
            editing(cart, wish(NameBuyer(account_number="T1")), actor=ANN),
        ],
    )
    assert isinstance(foreign, errors.NoSuchCart)
    assert isinstance(named, errors.BuyerKnown)


async def test_a_store_does_not_see_another_store_s_carts(shop: Tx):
    here = Actor(kind="staff", id="h", location_id=uuid4())
    there = Actor(kind="staff", id="t", location_id=uuid4())
    cart = await begin(shop, actor=here)
    online = await begin(shop)
    assert await show(shop, online.id, actor=there)
    with pytest.raises(errors.NoSuchCart):
        await show(shop, cart.id, actor=there)


async def test_time_abandons_a_cart_and_an_edit_takes_it_up_again(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        await stock_shop(tx)
        cart = await begin(tx, AddLine(uuid4(), "MUG", 1), actor=ANN)
        assert cart.expires_at == tx.now + timedelta(days=1)
    async with database.transaction(tenant) as tx:
        tx.now = cart.expires_at
        assert (await show(tx, cart.id, actor=ANN)).state == "abandoned"
        (intent,) = await list_unplaced(tx, actor=SYSTEM, state="abandoned", limit=9)
        assert (intent.id, intent.lines[0].sku) == (cart.id, "MUG")
        assert await list_unplaced(tx, actor=BOB, limit=9) == []
        (renewed,) = await EDIT.handle(tx, [editing(cart, wish(SetCoupon("A")), actor=ANN)])
        assert renewed.state == "open"
        assert await list_unplaced(tx, actor=SYSTEM, state="abandoned", limit=9) == []


async def test_unplaced_carts_are_listed_page_by_page_latest_first(shop: Tx):
    begun = [await begin(shop) for _ in range(5)]
    seen, before = [], None
    while page := await list_unplaced(shop, actor=SYSTEM, before=before, limit=2):
        seen += [cart.id for cart in page]
        before = (page[-1].updated_at, page[-1].id)
    assert sorted(seen) == sorted(cart.id for cart in begun)


async def test_a_batch_costs_the_same_few_statements(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        await stock_shop(tx)
        carts = await START.handle(tx, [starting() for _ in range(50)])
    spent = []
    for size in (1, 1, 50):
        async with database.transaction(tenant) as tx:
            before = tx.statements
            edits = [editing(cart, wish(AddLine(uuid4(), "MUG", 1))) for cart in carts[:size]]
            await EDIT.handle(tx, edits)
            await outbox.write(tx)
            spent.append(tx.statements - before)
    # The first transaction reads the facts that the others have in memory.
    assert spent[1] == spent[2] == 2
