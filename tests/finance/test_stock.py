"""Stock in the books is units times average cost, whatever came and went in between."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane import catalog, inventory, ledger, locations, organization
from crosslane.catalog.domain import ProductRow
from crosslane.catalog.service import ImportProducts
from crosslane.finance import storage
from crosslane.finance.domain import Cause, Sale, Stock, Stockholders, stock_entry, take_sold
from crosslane.finance.reactions.goods import of_goods
from crosslane.inventory import AverageCost, Condition, StockValued, ValuedMovements
from crosslane.kernel import new_id
from crosslane.ledger.domain import imbalances
from crosslane.orders import HandedOverUnits, LineWish, OwnedCost
from crosslane.platform.database import Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Logged
from crosslane.verify import verify
from crosslane.verify.finance import RULES
from tests.finance.conftest import Books
from tests.orders.world import place, set_policy, wish
from tests.soundness import list_findings

VARIANT, OWNER, PLACE, VENDOR = (UUID(int=n) for n in range(1, 5))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
OURS = Stockholders({OWNER: "GBP"})
CAUSE = Cause("inventory.StockValued", "receipt:1#1", NOON)


def movements(owner_id: UUID, reason: str, rows: list[tuple[int, int | None]]) -> ValuedMovements:
    return ValuedMovements(
        owner_id=owner_id,
        reason=reason,
        variant_ids=(VARIANT,) * len(rows),
        quantities=tuple(quantity for quantity, _ in rows),
        unit_costs_milli=tuple(milli for _, milli in rows),
    )


moved = st.builds(
    movements,
    st.sampled_from([OWNER, VENDOR]),
    st.sampled_from(["receive", "adjust", "count", "regrade", "already_counted"]),
    st.lists(
        st.tuples(st.integers(-50, 50).filter(bool), st.none() | st.integers(0, 10**6)),
        max_size=3,
    ),
)
averages = st.builds(
    AverageCost,
    variant_id=st.just(VARIANT),
    owner_id=st.just(OWNER),
    change_no=st.integers(1, 5),
    average_milli=st.integers(0, 10**6),
)
valued = st.builds(
    StockValued,
    cause_kind=st.sampled_from(["receipt", "order", "store_parcel"]),
    cause_id=st.just(VARIANT),
    location_id=st.just(PLACE),
    occurred_at=st.just(NOON),
    movements=st.lists(moved, max_size=4).map(tuple),
    averages=st.lists(averages, max_size=2).map(tuple),
)
sold = st.tuples(st.integers(1, 20), st.integers(0, 10**5))


def sale(quantity: int, cost_minor: int) -> Sale:
    unit = HandedOverUnits(
        line_id=VARIANT,
        variant_id=VARIANT,
        location_id=PLACE,
        quantity=quantity,
        net_minor=1,
        tax_minor=0,
        tax_rate_bp=0,
        tax_class="standard",
        jurisdiction="GB",
        costs=[OwnedCost(OWNER, cost_minor, quantity), OwnedCost(VENDOR, 7, 1)],
    )
    return Sale("GBP", [unit], [])


@given(st.lists(valued | sold, max_size=8))
def test_the_account_is_always_units_times_average(told):
    stock = {(VARIANT, OWNER): Stock()}
    account = 0
    for event in told:
        if isinstance(event, StockValued):
            entry = stock_entry(CAUSE, "Europe/London", event, stock, OURS)
            postings = list(entry.postings) if entry else []
        else:
            postings = take_sold(sale(*event), stock, OURS)
            account -= event[1]  # what the sale itself takes out of the account
        assert imbalances(postings) == {}
        assert {p.entity_id for p in postings} <= {OWNER}
        account += sum(p.minor for p in postings if p.account == "inventory")
        held = stock[VARIANT, OWNER]
        assert account == held.posted_minor == held.value_minor


def test_a_late_average_does_not_undo_a_newer_one():
    stock = {(VARIANT, OWNER): Stock(units=10, average_milli=500, change_no=3, posted_minor=5)}
    late = AverageCost(variant_id=VARIANT, owner_id=OWNER, change_no=2, average_milli=900)
    event = StockValued(
        cause_kind="receipt",
        cause_id=VARIANT,
        location_id=PLACE,
        occurred_at=NOON,
        movements=(),
        averages=(late,),
    )
    assert stock_entry(CAUSE, "Europe/London", event, stock, OURS) is None
    assert stock[VARIANT, OWNER].average_milli == 500


def told(place: UUID, *rows: ValuedMovements, cause_kind: str = "supply") -> StockValued:
    return StockValued(
        cause_kind=cause_kind,
        cause_id=VARIANT,
        location_id=place,
        occurred_at=NOON,
        movements=rows,
        averages=(),
    )


def came(owner: UUID, reason: str, units: dict[UUID, int]) -> ValuedMovements:
    return ValuedMovements(
        owner_id=owner,
        reason=reason,
        variant_ids=tuple(units),
        quantities=tuple(units.values()),
        unit_costs_milli=(None,) * len(units),
    )


async def test_units_that_nobody_knows_the_cost_of_are_counted_as_one_by_one(books: Books):
    worth, known, new = (new_id() for _ in range(3))
    async with books.transaction() as tx:
        book = await organization.book(tx)
        owner = next(iter(book.entities.values())).id
        place = (await locations.network(tx)).by_code["DC1"].id
        held = {
            (worth, owner): Stock(units=2, average_milli=100_000, change_no=1, posted_minor=200),
            (known, owner): Stock(units=5),
        }
        await storage.save_stock(tx, held)
        held[new, owner] = Stock()
        events = [
            told(place, came(owner, "feed_snapshot", {worth: 3, known: -1, new: 7})),
            told(place, came(owner, "receive", {worth: 50, new: 50}), cause_kind="order"),
            told(
                place,
                came(owner, "feed_delta", {new: 4, worth: -2}),
                came(owner, "already_counted", {new: -4}),
                came(VENDOR, "feed_delta", {new: 9}),
            ),
        ]
        logged = [
            Logged(no, "supply:1", no, NOON, "", "", event, (1, no), event.kind())
            for no, event in enumerate(events, 1)
        ]
        entries = await of_goods(tx, logged, book, {})
        ours = Stockholders({owner: "GBP"})
        one_by_one = [stock_entry(CAUSE, "Europe/London", each, held, ours) for each in events]
        assert [entry and entry.postings for entry in entries] == [
            entry and entry.postings for entry in one_by_one
        ]
        assert sum(p.minor for p in entries[0].postings if p.account == "inventory") == 300
        assert held[worth, owner].posted_minor == 300
        assert await storage.list_stock(tx, [*held, (new, VENDOR)]) == held | {
            (new, VENDOR): Stock()
        }


class Shelf:
    """Mugs of one place, and what is done to them."""

    def __init__(self, tx: Tx, mug: UUID, place: UUID) -> None:
        self.tx, self.mug, self.place = tx, mug, place

    @classmethod
    async def at(cls, tx: Tx, code: str) -> "Shelf":
        mug = (await catalog.variants_by_sku(tx, ["MUG"]))["MUG"].id
        return cls(tx, mug, (await locations.network(tx)).by_code[code].id)

    def about(self, kind: str) -> dict:
        document = new_id()
        cause = inventory.Cause(kind, document, document)
        return {"variant_id": self.mug, "location_id": self.place, "cause": cause}

    async def receive(self, units: int, cost_milli: int | None) -> None:
        receipt = inventory.Receipt(
            **self.about("receipt"), quantity=units, unit_cost_milli=cost_milli
        )
        await inventory.receive(self.tx, [receipt])

    async def lose(self, units: int) -> None:
        lost = inventory.Adjustment(**self.about("adjustment"), delta=-units, code="damaged")
        await inventory.adjust(self.tx, [lost])

    async def grade(self, units: int) -> None:
        graded = inventory.Regrade(
            **self.about("grading"),
            quantity=units,
            before=Condition.SELLABLE,
            after=Condition.DAMAGED,
        )
        await inventory.regrade(self.tx, [graded])

    async def count(self, units: int, at: datetime) -> None:
        counted = inventory.Count(
            **self.about("count"), quantity=units, counted_at=at, message=str(new_id())
        )
        await inventory.count(self.tx, [counted])


async def balances(books: Books) -> dict[str, int]:
    await books.post()
    async with books.transaction() as tx:
        assert await list_findings(tx) == []
        return {b.account: b.balance_minor for b in await ledger.balances(tx)}


async def test_what_comes_goes_and_is_counted_is_posted(books: Books):
    before = await balances(books)
    # Fourteen mugs at 2.00 lie in two places; the average becomes 2.20, then 2.205.
    async with books.transaction() as tx:
        await (await Shelf.at(tx, "DC1")).receive(14, 240_000)
    found = await balances(books)
    assert found["received_not_invoiced"] == before["received_not_invoiced"] - 14 * 240
    assert found["inventory"] == before["inventory"] + 14 * 240
    assert "inventory_adjustment" not in found
    async with books.transaction() as tx:
        shelf = await Shelf.at(tx, "DC1")
        await shelf.lose(3)
        await shelf.grade(2)
        await shelf.count(20, tx.now + timedelta(seconds=1))
    found = await balances(books)
    # 3 were lost; after grading 19 sellable ones lay there, and 20 were counted.
    assert found["inventory_adjustment"] == (3 - 1) * 220
    assert found["inventory"] == before["inventory"] + 14 * 240 - 2 * 220


async def test_a_vendors_stock_and_goods_without_a_cost_have_no_value(books: Books):
    before = await balances(books)
    async with books.transaction() as tx:
        shelf = await Shelf.at(tx, "DC1")
        receipt = inventory.Receipt(
            **shelf.about("receipt"), quantity=5, unit_cost_milli=999, owner_id=VENDOR
        )
        await inventory.receive(tx, [receipt])
    assert await balances(books) == before


async def test_what_was_never_received_is_sold_at_no_cost(books: Books, lanes: Lanes):
    before = await balances(books)
    async with books.transaction() as tx:
        await catalog.import_products(tx, ImportProducts((ProductRow("VASE", "home"),)))
    line = LineWish(
        sku="VASE", quantity=1, method="carry_out", store="S0001", unit_price_milli=255_000
    )
    async with books.transaction() as tx:
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "till")
    await place(lanes, books.tenant, wish(line, channel="till", ship_to=None))
    found = await balances(books)
    assert found["inventory"] == before["inventory"]
    assert "cost_of_goods" not in found


async def test_a_receipt_without_a_cost_is_worth_the_average(books: Books):
    before = await balances(books)
    async with books.transaction() as tx:
        await (await Shelf.at(tx, "DC1")).receive(1, None)
    found = await balances(books)
    assert found["inventory"] == before["inventory"] + 200
    assert found["received_not_invoiced"] == before["received_not_invoiced"] - 200


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("update finance_stock set posted_minor = posted_minor + 1", "stock_valued"),
        ("update finance_stock set average_milli = average_milli + 1000", "stock_valued"),
        (
            "update ledger_posting set minor = minor + 1 where account = 'inventory'",
            "stock_account",
        ),
        ("delete from ledger_entry where cause_kind = 'inventory.StockValued'", "stock_account"),
        ("update inventory_position set on_hand = on_hand + 1", "stock_units"),
        ("update inventory_cost set average_milli = average_milli + 1", "stock_units"),
    ],
)
async def test_a_planted_defect_is_named(books: Books, planted: str, rule: str):
    await books.post()
    async with books.transaction() as tx:
        await tx.execute(planted)
        found = {finding.rule for finding in await verify(tx, RULES)}
    assert f"finance.{rule}" in found
