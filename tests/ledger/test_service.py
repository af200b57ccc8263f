"""Posting, summing and looking up on the real database."""

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from crosslane import ledger
from crosslane.kernel import Refusal
from crosslane.ledger import Entry, Posting
from crosslane.organization import PutEntity, UnknownEntity, put_entity
from crosslane.platform.database import Database, Tx

DAY = date(2011, 1, 4)
NOON = datetime(2011, 1, 4, 12, tzinfo=UTC)


@pytest.fixture
async def entities(database: Database, tenant: str) -> dict[str, UUID]:
    """A retailer with books in pounds and a franchisee with books in euro."""
    async with database.transaction(tenant) as tx:
        made = [
            await put_entity(tx, PutEntity("retailer", "Retailer Ltd", "GB", "GBP")),
            await put_entity(tx, PutEntity("franchise", "Franchise SARL", "FR", "EUR")),
        ]
    return {entity.code: entity.id for entity in made}


def sale(entity: UUID, cause: str, minor: int = 1200, day: date = DAY, **dims) -> Entry:
    tax = minor // 6
    return Entry(
        cause_kind="test.Sale",
        cause_id=cause,
        occurred_at=NOON,
        day=day,
        postings=[
            Posting(entity_id=entity, account="cash", currency="GBP", minor=minor, **dims),
            Posting(entity_id=entity, account="revenue", currency="GBP", minor=tax - minor, **dims),
            Posting(
                entity_id=entity,
                account="tax_payable",
                currency="GBP",
                minor=-tax,
                tax_code="gb_standard",
                **dims,
            ),
        ],
    )


async def test_posts_once_per_cause(tx: Tx, entities):
    first = await ledger.post(
        tx, [sale(entities["retailer"], "a"), sale(entities["retailer"], "b")]
    )
    again = await ledger.post(
        tx, [sale(entities["retailer"], "b"), sale(entities["retailer"], "c")]
    )
    assert None not in first
    assert [entry_id is None for entry_id in again] == [True, False]
    (cash,) = await ledger.balances(tx, account="cash")
    assert (cash.debit_minor, cash.balance_minor, cash.entity) == (3600, 3600, "retailer")


async def test_two_entries_of_one_cause_in_one_batch_count_once(tx: Tx, entities):
    posted = await ledger.post(tx, [sale(entities["retailer"], "a")] * 2)
    assert sorted(entry_id is None for entry_id in posted) == [False, True]
    assert len(await ledger.list_entries(tx, after=None, limit=10)) == 1


async def test_racing_posters_of_the_same_causes_post_once(database: Database, tenant, entities):
    async def poster(order: int) -> None:
        causes = [str(n) for n in range(20)][::order]
        async with database.transaction(tenant) as tx:
            await ledger.post(tx, [sale(entities["retailer"], cause) for cause in causes])

    await asyncio.gather(*(poster(1 if n % 2 else -1) for n in range(8)))
    async with database.transaction(tenant) as tx:
        (cash,) = await ledger.balances(tx, account="cash")
        assert cash.balance_minor == 20 * 1200


async def test_goods_of_another_entity_make_the_pair_in_each_ones_currency(tx: Tx, entities):
    await ledger.set_rate(tx, ledger.SetRate("GBP", "EUR", DAY, "1.1747"))
    entry = Entry(
        cause_kind="test.Cost",
        cause_id="1",
        occurred_at=NOON,
        day=DAY,
        postings=[
            Posting(
                entity_id=entities["retailer"], account="cost_of_goods", currency="GBP", minor=333
            ),
            Posting(
                entity_id=entities["franchise"], account="inventory", currency="GBP", minor=-333
            ),
        ],
    )
    (entry_id,) = await ledger.post(tx, [entry])
    assert entry_id is not None
    shown = await ledger.entry_by_id(tx, entry_id)
    assert {
        (p.entity, p.account, p.minor, p.book_minor, p.counterparty) for p in shown.postings
    } == {
        ("retailer", "cost_of_goods", 333, 333, None),
        ("retailer", "intercompany_payable", -333, -333, "franchise"),
        ("franchise", "inventory", -333, -391, None),
        ("franchise", "intercompany_receivable", 333, 391, "retailer"),
    }
    assert {p.rate for p in shown.postings} == {"1", "1.1747"}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"account": "nowhere"}, ledger.UnknownAccount),
        ({"entity_id": uuid4()}, UnknownEntity),
        ({"currency": "USD"}, ledger.UnbalancedEntry),
    ],
)
async def test_a_bad_entry_is_refused(tx: Tx, entities, change, refusal):
    good = sale(entities["retailer"], "1")
    first, *rest = good.postings
    given = {name: getattr(first, name) for name in ("entity_id", "account", "currency", "minor")}
    bad = Posting(**given | change)
    with pytest.raises(refusal):
        await ledger.post(
            tx,
            [
                Entry(
                    cause_kind="t",
                    cause_id="1",
                    occurred_at=NOON,
                    day=DAY,
                    postings=[bad, *rest],
                )
            ],
        )


async def test_a_missing_rate_is_told(tx: Tx, entities):
    with pytest.raises(ledger.RateMissing) as told:
        await ledger.post(tx, [sale(entities["franchise"], "1")])
    assert told.value.details == {"currency": "GBP", "book_currency": "EUR", "day": "2011-01-04"}


async def test_rolling_up_changes_no_balance(database: Database, tenant, entities):
    channels = [uuid4(), uuid4()]
    for step in range(4):
        async with database.transaction(tenant) as tx:
            await ledger.post(
                tx,
                [
                    sale(
                        entities["retailer"],
                        f"{step}.{n}",
                        100 * n + 600,
                        DAY if n % 2 else date(2011, 1, 5),
                        channel_id=channels[n % 2],
                    )
                    for n in range(10)
                ],
            )
            before = await ledger.balances(tx, by=["day", "channel", "tax_code"])
            await ledger.roll_up(tx)
            assert await ledger.balances(tx, by=["day", "channel", "tax_code"]) == before
    async with database.transaction(tenant) as tx:
        await ledger.post(tx, [sale(entities["retailer"], "tail", 60)])
        (cash,) = await ledger.balances(tx, account="cash")
        assert cash.balance_minor == 4 * sum(100 * n + 600 for n in range(10)) + 60
        (monday,) = await ledger.balances(tx, account="cash", first_day=DAY, last_day=DAY)
        assert monday.balance_minor == 4 * (700 + 900 + 1100 + 1300 + 1500) + 60
        (one,) = await ledger.balances(tx, account="revenue", channel_id=channels[0])
        assert one.credit_minor == -one.balance_minor > 0
        assert sum(b.balance_minor for b in await ledger.balances(tx)) == 0


async def test_balances_hold_while_others_post_and_roll_up(database: Database, tenant, entities):
    posted, done = 0, asyncio.Event()

    async def post() -> None:
        nonlocal posted
        for n in range(40):
            async with database.transaction(tenant) as tx:
                await ledger.post(tx, [sale(entities["retailer"], str(n), 600)])
            posted = posted + 1
        done.set()

    async def roll_up() -> None:
        while not done.is_set():
            async with database.transaction(tenant) as tx:
                await ledger.roll_up(tx)

    async def read() -> None:
        while not done.is_set():
            least = posted
            async with database.transaction(tenant, read_only=True) as tx:
                found = await ledger.balances(tx)
            assert sum(b.balance_minor for b in found) == 0
            cash = sum(b.balance_minor for b in found if b.account == "cash")
            assert cash >= least * 600

    await asyncio.gather(post(), roll_up(), roll_up(), read())


async def test_a_reversal_leaves_nothing_and_happens_once(tx: Tx, entities):
    await ledger.set_rate(tx, ledger.SetRate("GBP", "EUR", DAY, "1.1747"))
    (entry_id,) = await ledger.post(tx, [sale(entities["franchise"], "1", 1201)])
    assert entry_id is not None
    first = await ledger.reverse(tx, entry_id, day=DAY)
    again = await ledger.reverse(tx, entry_id, day=DAY)
    assert first.id == again.id
    assert (first.cause_kind, first.cause_id) == ("ledger.reversal", str(entry_id))
    left = await ledger.balances(tx, entity="franchise")
    assert {(b.balance_minor, b.book_minor) for b in left} == {(0, 0)}
    with pytest.raises(ledger.EntryNotFound):
        await ledger.reverse(tx, uuid4(), day=DAY)


async def test_manual_entries_name_entities_by_code(tx: Tx, entities):
    wish = ledger.PostManually(
        DAY,
        "bank fee",
        [
            ledger.ManualPosting("retailer", "fees", "GBP", 150),
            ledger.ManualPosting("retailer", "bank", "GBP", -150),
        ],
    )
    shown = await ledger.post_manually(tx, wish, key="k1")
    assert (shown.memo, shown.cause_kind, shown.cause_id) == ("bank fee", "ledger.manual", "k1")
    assert [(p.account, p.minor) for p in shown.postings] == [("fees", 150), ("bank", -150)]


async def test_entries_are_paged_from_the_latest(tx: Tx, entities):
    for n in range(5):
        await ledger.post(tx, [sale(entities["retailer"], str(n), day=date(2011, 1, 1 + n))])
    first = await ledger.list_entries(tx, after=None, limit=3)
    rest = await ledger.list_entries(tx, after=(first[-1].day, first[-1].id), limit=3)
    assert [e.day.day for e in [*first, *rest]] == [5, 4, 3, 2, 1]
    (one,) = await ledger.list_entries(
        tx, after=None, limit=5, cause_kind="test.Sale", cause_id="3", first_day=date(2011, 1, 2)
    )
    assert one.cause_id == "3"


async def test_the_chart_is_data(tx: Tx):
    known = await ledger.chart(tx)
    assert known["receivable_card"].kind == "asset"
    made = await ledger.put_account(
        tx, ledger.PutAccount("gifts", "5910", "Gifts", ledger.AccountKind.EXPENSE)
    )
    assert (await ledger.chart(tx))["gifts"] == made
    with pytest.raises(ledger.AccountKindFixed):
        await ledger.put_account(
            tx, ledger.PutAccount("gifts", "5910", "Gifts", ledger.AccountKind.INCOME)
        )
    with pytest.raises(ledger.AccountNumberTaken):
        await ledger.put_account(
            tx, ledger.PutAccount("other", "5910", "Other", ledger.AccountKind.EXPENSE)
        )


@pytest.mark.parametrize(
    "rate", ["0", "-1", "NaN", "1e30", "0.0000000001", "one", "Infinity", "1E+1000000"]
)
async def test_a_rate_must_be_a_number(tx: Tx, rate):
    with pytest.raises(ledger.BadRate):
        await ledger.set_rate(tx, ledger.SetRate("EUR", "GBP", DAY, rate))


async def test_a_rate_stays(tx: Tx):
    rate = ledger.SetRate("EUR", "GBP", DAY, "0.8512")
    assert (await ledger.set_rate(tx, rate)).rate == "0.8512"
    assert (await ledger.set_rate(tx, rate)).rate == "0.8512"
    with pytest.raises(ledger.RateFixed):
        await ledger.set_rate(tx, ledger.SetRate("EUR", "GBP", DAY, "0.86"))
    assert [r.rate for r in await ledger.list_rates(tx)] == ["0.8512"]


async def test_what_cannot_be_summed_is_refused(tx: Tx):
    for wish, refusal in [
        ({"by": ["staff"]}, ledger.BadGrouping),
        ({"first_day": DAY, "last_day": date(2011, 1, 3)}, ledger.BadPeriod),
        ({"entity": "nobody"}, UnknownEntity),
    ]:
        with pytest.raises(Refusal) as refused:
            await ledger.balances(tx, **wish)
        assert isinstance(refused.value, refusal)
