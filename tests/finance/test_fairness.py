"""Random worlds: nothing another channel does lowers what a store has sold, and all of it adds up.

Two entities with books in two currencies, three stores, a warehouse, tills, a kiosk and two web
shops; sales, returns to anywhere, goods coming back, refunds out of any till, handling credits.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from crosslane.finance import domain
from crosslane.finance.domain import (
    Cause,
    Credit,
    HandlingCredit,
    MovedMoney,
    Origin,
    Sale,
    Section,
    Seller,
    Stock,
    Stockholders,
    UnitsBack,
)
from crosslane.inventory import StockValued, ValuedMovements
from crosslane.ledger import Posting, Turnover
from crosslane.ledger.domain import imbalances, intercompany
from crosslane.orders import HandedOverUnits, OwnedCost

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
GROUP, FRANCHISE, BRAND, MARKET, LINE = (UUID(int=n) for n in range(1, 6))
STORES = [UUID(int=n) for n in (11, 12, 13)]
WAREHOUSE = UUID(int=14)
PLACES = [*STORES, WAREHOUSE]
OWNERS = {STORES[0]: GROUP, STORES[1]: GROUP, STORES[2]: FRANCHISE, WAREHOUSE: GROUP}
TILL, KIOSK, WEB, ABROAD, FRANCHISE_TILL = (UUID(int=n) for n in range(21, 26))
COUNTERS = {TILL, KIOSK, FRANCHISE_TILL}
SELLERS = {
    channel: Seller(entity, channel, BRAND, MARKET, "Europe/London")
    for channel, entity in (
        (TILL, GROUP),
        (KIOSK, GROUP),
        (WEB, GROUP),
        (ABROAD, FRANCHISE),
        (FRANCHISE_TILL, FRANCHISE),
    )
}
CURRENCIES = {TILL: "GBP", KIOSK: "GBP", WEB: "GBP", ABROAD: "EUR", FRANCHISE_TILL: "EUR"}
BOOKS = Stockholders({GROUP: "GBP", FRANCHISE: "EUR"})
MUGS = [UUID(int=n) for n in (31, 32)]
OWN = {Section.OWN_SALES, Section.OWN_RETURNS, Section.OWN_MONEY}


class Sold(Struct, frozen=True):
    """Goods that were handed over, and where they go back to."""

    channel: UUID
    place: UUID
    variant: UUID
    owner: UUID
    quantity: int
    net_minor: int
    tax_minor: int
    cost_minor: int
    back_at: UUID
    back: int
    paid_out_at: UUID | None
    handling_minor: int
    destroyed: bool


deeds = st.builds(
    Sold,
    st.sampled_from(list(SELLERS)),
    st.sampled_from(PLACES),
    st.sampled_from(MUGS),
    st.sampled_from([GROUP, FRANCHISE]),
    st.integers(1, 5),
    st.integers(0, 10_000),
    st.integers(0, 2_000),
    st.integers(0, 5_000),
    st.sampled_from(PLACES),
    st.integers(0, 5),
    st.none() | st.sampled_from(STORES),
    st.integers(0, 300),
    st.booleans(),
)


class World:
    """Books that events are posted to as the reaction does it, the ledger's part included."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.stock: dict[tuple[UUID, UUID], Stock] = defaultdict(Stock)
        self._number = 0

    def post(self, make) -> None:
        self._number += 1
        entry = make(Cause("test", str(self._number), NOON))
        made = list(entry.postings) if entry else []
        whole = [*made, *intercompany(made)]
        assert imbalances(whole) == {}
        self.postings += whole

    def sell(self, one: Sold) -> None:
        unit = HandedOverUnits(
            line_id=LINE,
            variant_id=one.variant,
            location_id=one.place,
            quantity=one.quantity,
            net_minor=one.net_minor,
            tax_minor=one.tax_minor,
            tax_rate_bp=2000,
            tax_class="standard",
            jurisdiction="GB",
            costs=[OwnedCost(one.owner, one.cost_minor, one.quantity)],
        )
        sale = Sale(CURRENCIES[one.channel], [unit], [])
        seller = SELLERS[one.channel]
        besides = domain.take_sold(sale, self.stock, BOOKS)
        self.post(lambda cause: domain.sale_entry(cause, seller, sale, BOOKS, besides))
        self.move_money(one, "capture", one.place, one.net_minor + one.tax_minor)

    def take_back(self, one: Sold) -> None:
        units = min(one.back, one.quantity)
        if not units:
            return
        seller, currency = SELLERS[one.channel], CURRENCIES[one.channel]
        net, tax = (minor * units // one.quantity for minor in (one.net_minor, one.tax_minor))
        back = UnitsBack(LINE, one.place, net, tax, 2000, "GB")
        self.post(lambda c: domain.credit_entry(c, seller, Credit(currency, [back], [])))
        reasons = ["receive", "adjust"] if one.destroyed else ["receive"]
        milli = 1000 * one.cost_minor // one.quantity
        movements = [
            ValuedMovements(
                owner_id=one.owner,
                reason=reason,
                variant_ids=(one.variant,),
                quantities=(units if reason == "receive" else -units,),
                unit_costs_milli=(milli,),
            )
            for reason in reasons
        ]
        event = StockValued(
            cause_kind="return",
            cause_id=LINE,
            location_id=one.back_at,
            occurred_at=NOON,
            movements=tuple(movements),
            averages=(),
        )
        origin = Origin(seller, {one.variant: one.place})
        self.post(
            lambda c: domain.stock_entry(c, "Europe/London", event, self.stock, BOOKS, origin)
        )
        self.move_money(one, "refund", one.paid_out_at, net + tax)
        if one.back_at in STORES and not (one.channel in COUNTERS and one.back_at == one.place):
            credit = HandlingCredit(
                one.back_at, OWNERS[one.back_at], LINE, one.handling_minor, currency
            )
            self.post(lambda c: domain.handling_entry(c, seller, credit))

    def move_money(self, one: Sold, deed: str, place: UUID | None, minor: int) -> None:
        at_till = place is not None and (deed == "refund" or one.channel in COUNTERS)
        money = MovedMoney(
            LINE,
            "cash" if at_till else "card",
            deed,
            minor,
            CURRENCIES[one.channel],
            place if at_till else None,
            OWNERS.get(place) if at_till else None,
        )
        self.post(lambda cause: domain.money_entry(cause, SELLERS[one.channel], money))

    def turned(self, place: UUID | None = None, channel: UUID | None = None) -> list[Turnover]:
        """Sum postings as the ledger does for a statement."""
        sums: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
        for p in self.of(place, channel):
            key = p.entity_id, p.account, p.currency, p.channel_id
            sums[key][0] += max(p.minor, 0)
            sums[key][1] += max(-p.minor, 0)
        return [Turnover(*key, 0, debit, credit) for key, (debit, credit) in sums.items()]

    def of(self, place: UUID | None, channel: UUID | None) -> Sequence[Posting]:
        return [
            p
            for p in self.postings
            if (place is None or p.location_id == place)
            and (channel is None or p.channel_id == channel)
        ]

    def own(self, store: UUID) -> Counter:
        """What a store's statement shows of its own, by section, account and side."""
        turned = self.turned(place=store)
        rows = domain.statement_rows(turned, domain.own_channels(turned, COUNTERS))
        return Counter({(*names,): row.minor for row in rows if row.section in OWN
                        for names in [(row.section, row.account, row.side, row.entity_id,
                                       row.currency, row.channel_id)]})  # fmt: skip


def foreign(one: Sold, store: UUID) -> bool:
    """Tell whether a deed is not of a store's own counter."""
    return not (one.channel in COUNTERS and one.place == store)


@given(st.lists(deeds, max_size=6), deeds)
def test_no_return_of_another_lowers_what_a_store_has_sold(before, last):
    world = World()
    for one in [*before, last]:
        world.sell(one)
    for one in before:
        world.take_back(one)
    own = {store: world.own(store) for store in STORES}
    world.take_back(last)
    for store in STORES:
        after = world.own(store)
        if foreign(last, store):
            kept = {k: v for k, v in after.items() if k[0] is not Section.OWN_MONEY}
            assert kept == {k: v for k, v in own[store].items() if k[0] is not Section.OWN_MONEY}
        sold = {k: v for k, v in own[store].items() if k[0] is Section.OWN_SALES}
        assert sold == {k: v for k, v in after.items() if k[0] is Section.OWN_SALES}


@given(st.lists(deeds, max_size=6))
def test_every_posting_is_in_one_section_and_all_add_up_to_the_ledger(told):
    world = World()
    for one in told:
        world.sell(one)
        world.take_back(one)
    for place, channel in [*((p, None) for p in PLACES), *((None, c) for c in SELLERS)]:
        turned = world.turned(place, channel)
        own = domain.own_channels(turned, COUNTERS) if place else {channel}
        rows = domain.statement_rows(turned, own)
        shown: Counter = Counter()
        for row in rows:
            shown[row.entity_id, row.account, row.currency] += (
                row.minor if row.side == "debit" else -row.minor
            )
        booked: Counter = Counter()
        for p in world.of(place, channel):
            booked[p.entity_id, p.account, p.currency] += p.minor
        assert {k: v for k, v in shown.items() if v} == {k: v for k, v in booked.items() if v}
        moves = {
            (m.entity_id, m.account, m.currency): m.closing_minor
            for m in domain.account_moves(turned)
        }
        assert {k: v for k, v in moves.items() if v} == {k: v for k, v in booked.items() if v}
        assert Section.OTHER not in {row.section for row in rows}
        if channel is not None:
            others = {Section.FULFILLED_FOR_OTHERS, Section.PAID_OUT_FOR_OTHERS}
            assert not others & {row.section for row in rows}


@given(st.lists(deeds, max_size=6))
def test_a_store_that_takes_returns_of_others_never_loses_by_it(told):
    """What it earns by the returns of others, whatever was paid out of its till."""
    world = World()
    for one in told:
        world.sell(one)
    before = {store: profit(world, store, OWNERS[store]) for store in STORES}
    for one in told:
        # Sold elsewhere and by others; destroyed or not, the loss is the seller's.
        if one.channel not in COUNTERS and one.place == WAREHOUSE:
            world.take_back(one)
    for store in STORES:
        assert profit(world, store, OWNERS[store]) >= before[store]


def profit(world: World, store: UUID, entity_id: UUID) -> int:
    """What a store adds to the profit of its entity, roundings of stock aside."""
    accounts = {"revenue", "sales_returns", "cost_of_goods", "return_handling_income"}
    return -sum(
        p.minor for p in world.of(store, None) if p.entity_id == entity_id and p.account in accounts
    )
