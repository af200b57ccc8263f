"""A small replay through real processes: every line accounted, nothing doubled, verify empty."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.demo.lines import line
from tests.forking import run
from tests.payments.fake import eventually

from crosslane.app import EFFECTS, REACTIONS
from crosslane.demo import Stream
from crosslane.demo.baskets import Basket
from crosslane.demo.client import Client, Connections
from crosslane.demo.credits import match_credits
from crosslane.demo.progress import Unwatched
from crosslane.demo.raw import MILLI_PER_POUND
from crosslane.demo.replay import replay
from crosslane.demo.replay.givings import UNDELIVERED
from crosslane.demo.report import Outcome
from crosslane.demo.report.statements import statements
from crosslane.demo.selection import Selection
from crosslane.demo.stage import Stage, remove, stage
from crosslane.demo.streams import CREDITS, Invoice, SortedLine
from crosslane.demo.world import World, build_world
from crosslane.demo.world.build import Size
from crosslane.platform.database import Database
from crosslane.platform.log import reactions_with_work

SITES = frozenset({"DC1", "DC2", "DC5", "DC6", "S0001", "S0210", "S0327"})
SKUS = frozenset({"22423", "85123A", "84029E"})
SEED = 1
WEB_INVOICES = range(20, 32)
# Units of an article, more than there are by far.
LACKING = 3_000
REST_SECONDS_MAX = 60.0
CALLS_DUE = "select from platform_effect where state = 'due' and kind = any($1) limit 1"
Played = tuple[Stage, World, Outcome, dict[str, str]]
A, W, M, C = Stream.ACCOUNT, Stream.WEB, Stream.MARKETPLACE, Stream.COUNTER


class Recorded:
    """Invoices made up line by line, each with a number of its own."""

    def __init__(self) -> None:
        self.lines = 0

    def invoice(
        self, number: str, at: str, *lines: tuple, cancels: str = "", known: bool = True
    ) -> Invoice:
        entries = []
        for code, units, price, stream, *reason in lines:
            self.lines += 1
            customer = "17850" if known and stream not in (W, M, C) else ""
            raw = line(number, code, units, price, customer=customer, at=at, number=self.lines)
            entries.append(SortedLine(raw, stream, *reason))
        return Invoice(number, tuple(entries), cancels)


def selection() -> Selection:
    """Every kind of line there is: orders of four channels, stock notes, credits, charges."""
    recorded = Recorded()
    invoices = [
        recorded.invoice(
            "1",
            "2010-12-01 08:26:00",
            ("85123A", 6, "2.55", A),
            ("22423", 1, "12.75", A),
            ("POST", 1, "18.00", Stream.CHARGE),
            ("M", 1, "3.00", Stream.CHARGE),
            ("84029E", 2, "0", Stream.REJECTED, "no price"),
        ),
        recorded.invoice("2", "2010-12-01 10:01:00", ("85123A", 40, "1.04", A)),
        recorded.invoice(
            "C3",
            "2010-12-01 10:17:00",
            ("85123A", -40, "1.04", Stream.CANCELLATION),
            cancels="2",
        ),
        recorded.invoice("4", "2010-12-01 12:00:00", ("84029E", -3, "0", Stream.ADJUSTMENT)),
        *(
            recorded.invoice(
                str(number),
                "2010-12-01 17:06:00",
                ("22423", 1, "25.49", W),
                ("DOT", 1, "4.20", W),
            )
            for number in WEB_INVOICES
        ),
        recorded.invoice("5", "2011-01-05 09:00:00", ("85123A", 2, "2.95", M)),
        # By its number this one comes by post, step by step.
        recorded.invoice("C24", "2011-01-05 10:00:00", ("22423", -1, "12.75", Stream.CREDIT)),
        recorded.invoice(
            "C9",
            "2011-01-06 10:00:00",
            ("85123A", -9, "2.55", Stream.CREDIT),
            ("POST", -1, "18.00", Stream.CLAIM),
        ),
        recorded.invoice("10", "2011-01-07 10:00:00", ("84029E", 7, "3.39", A)),
        recorded.invoice(
            "C11",
            "2011-01-17 10:00:00",
            ("84029E", -1, "3.00", Stream.CREDIT),
            ("84029E", -1, "3.00", Stream.CREDIT),
            ("D", -1, "5.01", Stream.CLAIM),
            ("M", -1, "1000.00", Stream.CLAIM),
        ),
        recorded.invoice(
            "C12",
            "2011-01-18 10:00:00",
            ("84029E", -3, "6.79", Stream.CREDIT),
            ("AMAZONFEE", -1, "99.50", Stream.CLAIM),
            known=False,
        ),
        recorded.invoice("7", "2011-02-01 12:00:00", ("84029E", 4, "3.39", C)),
        recorded.invoice("8", "2011-02-01 13:00:00", ("84029E", 9, "3.39", C)),
    ]
    baskets = {
        one.number: [Basket(f"{one.number}-S1", tuple(one.order_lines[:1]), 420)]
        for one in invoices
        if one.stream is W
    }
    return Selection(tuple(invoices), baskets, match_credits(invoices))


@pytest.fixture(scope="module")
async def played(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Played]:
    """A world in which the selection was replayed."""
    home: Path = tmp_path_factory.mktemp("demo") / "home"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "CROSSLANE_PORT": "0",
        "CROSSLANE_WORKERS": "1",
        "CROSSLANE_OUTBOUND_ALLOW": "127.0.0.1",
        "DATABASE_URL": postgres_url,
    }
    chosen, size = selection(), Size(places=SITES, skus=SKUS)
    async with stage(home, environment) as stands:
        world = await build_world(stands, chosen, SEED, Unwatched(), size)
        outcome = await replay(world, chosen, seed=SEED, progress=Unwatched())
        yield stands, world, outcome, environment
    await remove(home, environment)


async def findings(stands: Stage, environment: dict[str, str]) -> list[dict]:
    words = ("verify", "--tenant", stands.tenant, "--json")
    there = {**environment, "CROSSLANE_HOME": str(stands.home)}
    verified = await asyncio.to_thread(run, "tests.command", *words, environment=there)
    return json.loads(verified.stdout)[0]["findings"]


async def listed(world: World, path: str, **query: str) -> list[dict]:
    return await Client(Connections(world.address), world.operator_key).get_all(path, **query)


async def test_every_line_ends_as_it_should(played: Played):
    outcome = played[2]
    entries = [entry for invoice in selection().invoices for entry in invoice.lines]
    assert [fate.number for fate in outcome.lines] == [entry.line.number for entry in entries]
    assert outcome.unexpected == []
    ends = Counter(fate.fate for fate in outcome.lines)
    assert ends == {
        "placed": 2 + 1 + 12 + 1 + 2 + 1,
        "postage": 1 + 12,
        "charged": 1,
        "rejected": 1,
        "cancelling": 1,
        "adjusted": 1,
        "returned": 3,
        "over_returned": 1,
        "blind": 1,
        "credited": 3,
        "booked": 1,
    }
    assert outcome.credit_notes == 5
    (over,) = outcome.over_returns
    assert (over.credit_note, over.units, over.left) == ("C9", 9, 6)
    assert over.refused == "returned-above-left"
    assert sum(outcome.orders_in.values()) == 18
    assert sum(outcome.orders_rejected.values()) == 0


async def test_the_orders_hold_what_was_recorded(played: Played):
    world = played[1]
    orders = {order["source_id"]: order for order in await listed(world, "orders")}
    assert len(orders) == 18
    assert orders["2"]["status"] == "cancelled"
    client = Client(Connections(world.address), world.operator_key)
    trade = await client.get(f"orders/{orders['1']['number']}")
    assert (trade["placed_at"], trade["status"]) == ("2010-12-01T08:26:00Z", "returned")
    assert [row["net_minor"] for row in trade["lines"]] == [1530, 1275]
    assert {row["tax_rate_bp"] for row in trade["lines"]} == {1750}
    assert trade["charges"][0]["net_minor"] == 1800
    web = [await client.get(f"orders/{orders[f'{n}-S1']['number']}") for n in WEB_INVOICES]
    assert {row["net_minor"] for order in web for row in order["lines"]} == {2549}
    assert {order["status"] for order in web} <= {"delivered", "handed_over", "cancelled", "ready"}
    till = await client.get(f"orders/{next(o for s, o in orders.items() if s[-2:] == '/8')['id']}")
    assert [row["net_minor"] for row in till["lines"]] == [3051]


async def test_what_came_back_is_credited_for_what_was_paid(played: Played, database: Database):
    stands, world, outcome, _ = played
    client = Client(Connections(world.address), world.operator_key)
    orders = {order["source_id"]: order for order in await listed(world, "orders")}
    first = await client.get(f"orders/{orders['1']['number']}")
    assert first["money"]["worth_minor"] == 0
    assert [charge["net_minor"] for charge in first["charges"]] == [1800, -1800]
    assert {charge["tax_rate_bp"] for charge in first["charges"]} == {1750}
    returns = await listed(world, "returns")
    assert Counter(one["kind"] for one in returns) == {"return": 5, "blind": 3}
    assert Counter(one["method"] for one in returns) == {"counter": 7, "post": 1}
    assert outcome.seeded["came_by_post"] == 1
    assert {one["state"] for one in returns} <= {"settled", "closed"}
    given = sum(
        entry.line.amount_milli
        for invoice in selection().invoices
        for entry in invoice.lines
        if entry.stream in CREDITS
    )
    expected, told = Decimal(given) / MILLI_PER_POUND, Decimal(outcome.credit_rounding_milli)
    async with database.transaction(stands.tenant, read_only=True) as tx:
        (row,) = await tx.fetch(statements()["credit_notes"], expected, told)
    assert row["credit_notes_seen"] == expected
    assert row["unexplained"] == row["rounding"] == 0
    assert row["booked"] == Decimal("-99.50")
    assert row["cancelled"] == Decimal("-41.60")


async def test_goods_arrive_at_business_times(played: Played):
    world = played[1]
    labels = await listed(world, "labels", state="created")
    assert labels
    client = Client(Connections(world.address), world.operator_key)
    shown = [await client.get(f"labels/{label['id']}") for label in labels]
    assert {one["status"] for one in shown} <= {"delivered", "in_transit"}
    when = [event["occurred_at"] for one in shown for event in one["events"]]
    assert all("2010-12-01" <= moment <= "2011-02-15" for moment in when)


async def test_staff_have_counted_before_the_first_order(played: Played):
    _, world, outcome, _ = played
    assert outcome.seeded["cycle_count"] == len(world.counts) > 0
    client = Client(Connections(world.address), world.operator_key)
    counted = world.counts[0].body["lines"][0]
    asked = {"location": counted["location"], "sku": counted["sku"]}
    (position,) = (await client.get("inventory/positions", **asked))["items"]
    assert position["counted_at"] == "2010-11-30T19:00:00Z"


async def until_at_rest(database: Database, tenant: str) -> None:
    """Wait until the workers have nothing to react to and nobody to call: on a busy machine the
    last parcels are still on their way when staff has nothing left to do."""
    kinds = [kind.name for kind in EFFECTS]

    async def at_rest() -> bool:
        async with database.transaction(tenant, read_only=True) as tx:
            working = await reactions_with_work(tx, REACTIONS)
            return not working and not await tx.fetch(CALLS_DUE, kinds)

    await eventually(at_rest, REST_SECONDS_MAX)


async def test_nothing_is_found_and_a_second_replay_changes_nothing(
    played: Played, database: Database
):
    stands, world, outcome, environment = played
    await until_at_rest(database, stands.tenant)
    paths = ("orders", "labels", "fulfillment-orders", "returns", "ledger/entries")
    before = [await listed(world, path) for path in paths]
    again = await replay(world, selection(), seed=SEED, progress=Unwatched())
    await until_at_rest(database, stands.tenant)
    after = [await listed(world, path) for path in paths]
    assert after == before
    assert again.lines == outcome.lines
    assert again.unexpected == []
    assert await findings(stands, environment) == []


def longer() -> Selection:
    """More sales of days that had some, and an order of more than there is, given back in part."""
    shorter, recorded = selection(), Recorded()
    recorded.lines = sum(len(invoice.lines) for invoice in shorter.invoices)
    more = [
        recorded.invoice("6", "2011-01-05 09:30:00", ("85123A", 1, "2.95", M)),
        recorded.invoice("13", "2011-01-20 09:00:00", ("84029E", LACKING, "3.39", A)),
        recorded.invoice("C14", "2011-01-21 09:00:00", ("84029E", -7, "3.39", Stream.CREDIT)),
        *(
            recorded.invoice(str(number), "2011-02-01 14:00:00", ("84029E", 1, "3.39", C))
            for number in range(40, 44)
        ),
    ]
    invoices = (*shorter.invoices, *more)
    return Selection(invoices, shorter.baskets, match_credits(invoices))


async def credited(database: Database, tenant: str) -> Decimal:
    """Return what the credit notes gave back, in pounds; a negative amount."""
    async with database.transaction(tenant, read_only=True) as tx:
        (row,) = await tx.fetch(statements()["credit_notes"], Decimal(0), Decimal(0))
    return row["credit_notes_seen"]


async def test_a_longer_replay_goes_on_where_a_shorter_one_ended(
    played: Played, database: Database
):
    stands, world, outcome, environment = played
    before = await credited(database, stands.tenant)
    first = await replay(world, longer(), seed=SEED, progress=Unwatched())
    assert first.unexpected == []
    assert sum(first.orders_rejected.values()) == 0
    assert first.lines[: len(outcome.lines)] == outcome.lines
    fates = {fate.number: fate for fate in first.lines}
    (given,) = (one for one in longer().invoices if one.number == "C14")
    fate = fates[given.lines[0].line.number]
    assert (fate.fate, fate.reason) == ("returned", UNDELIVERED)
    assert await credited(database, stands.tenant) - before == Decimal("-23.73")
    await until_at_rest(database, stands.tenant)
    client = Client(Connections(world.address), world.operator_key)
    line = {"sku": "84029E", "location": "DC1", "quantity": LACKING, "unit_cost_milli": 150_000}
    await client.send(
        "inventory/receipts", {"lines": [line], "occurred_at": "2011-02-02T06:00:00Z"}
    )
    await until_at_rest(database, stands.tenant)
    again = await replay(world, longer(), seed=SEED, progress=Unwatched())
    orders = {order["source_id"]: order for order in await listed(world, "orders")}
    (row,) = (await client.get(f"orders/{orders['13']['number']}"))["lines"]
    stages = {bucket["stage"]: bucket["quantity"] for bucket in row["buckets"]}
    assert stages.keys() == {"delivered", "cancelled"}
    assert again.lines == first.lines
    assert await credited(database, stands.tenant) - before == Decimal("-23.73")
    await until_at_rest(database, stands.tenant)
    assert await findings(stands, environment) == []
