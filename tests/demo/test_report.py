"""Every number of the report against what the API says, and planted defects that it must tell."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from time import monotonic
from uuid import UUID

import msgspec
import pytest
from rich.console import Console
from tests.api import Api
from tests.demo.street import Street, send
from tests.engagement.mailbox import Mailbox
from tests.orders.world import HOME

from crosslane import engagement
from crosslane.demo import (
    Finding,
    LineFate,
    Outcome,
    OverReturn,
    Report,
    make_report,
    print_report,
    read_amounts,
    write_report,
)
from crosslane.platform.database import Database, Tx
from crosslane.platform.settings import read_settings
from crosslane.verify import verify

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
# (invoice, code, units, pounds, fate, reason)
RAW = (
    ("536365", "MUG", 2, "2.55", "placed", ""),
    ("536365", "LAMP", 1, "4.951", "placed", ""),
    ("536366", "SPOON", 5, "0.42", "placed", ""),
    ("536367", "SPOON", 1, "3", "placed", ""),
    ("536367", "DOT", 1, "1.20", "postage", ""),
    ("536368", "MUG", -3, "0", "adjusted", ""),
    ("536369", "MUG", 1, "0", "rejected", "no price"),
    ("536369", "POST", 1, "18", "charged", ""),
    ("C536370", "SPOON", -5, "0.42", "cancelling", ""),
    ("C536371", "MUG", -1, "2.55", "returned", ""),
    ("C536372", "AMAZONFEE", -1, "7.50", "booked", "fee of the marketplace"),
)
OUTCOME = Outcome(
    lines=[LineFate(n, fate, reason) for n, (*_, fate, reason) in enumerate(RAW, 1)],
    orders_in={"trade": 3, "bazaar": 1},
    orders_rejected={"trade": 1},
    credit_notes=3,
    over_returns=[OverReturn("C536371", "MUG", 9, 2, "returned-above-left")],
    lags_ms=[40, 10, 30, 20],
    unexpected=["GET orders: 500"],
    seconds=12.34,
)


def placed(source_id: str, *lines: tuple[str, int, int], channel: str = "trade", **given) -> dict:
    """An order with prices of the channel's own, in 1/1000 penny."""
    tender = "marketplace" if channel == "bazaar" else "cash"
    return {
        "channel": channel,
        "source_id": source_id,
        "placed_at": "2010-12-01T08:26:00Z",
        "buyer": {"email": "ada@example.com", "name": "Ada Brown"},
        "ship_to": json.loads(msgspec.json.encode(HOME)),
        "lines": [
            {"sku": sku, "quantity": units, "unit_price_milli": milli}
            for sku, units, milli in lines
        ],
        "shipping_minor": 0,
        "tenders": [{"method": tender}],
        **given,
    }


@pytest.fixture
async def street(database: Database, api: Api, tmp_path: Path) -> AsyncIterator[Street]:
    mailbox = Mailbox()
    async with mailbox.opened() as port:
        environment = {
            "CROSSLANE_HOME": str(tmp_path),
            "CROSSLANE_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "CROSSLANE_MAIL_FROM": "orders@shop.example",
            "CROSSLANE_PUBLIC_URL": "https://shop.example",
        }
        engagement.use_settings(read_settings(environment))
        street = Street(database, api)
        await street.found()
        yield street


@pytest.fixture
def raw_file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv.gz"
    rows = "".join(
        f"{invoice},{code},,{units},2010-12-01 08:26,{pounds},,United Kingdom\n"
        for invoice, code, units, pounds, *_ in RAW
    )
    path.write_bytes(gzip.compress((HEADER + rows).encode()))
    return path


async def found_by_verify(tx: Tx) -> list[Finding]:
    return [Finding(f.rule, f.subject, f.detail) for f in await verify(tx)]


async def report_of(street: Street, raw_file: Path) -> Report:
    tenant = street.api.tenant
    async with street.database.transaction(tenant, read_only=True) as tx:
        return await make_report(
            tx,
            OUTCOME,
            amounts=asyncio.to_thread(read_amounts, raw_file, {invoice for invoice, *_ in RAW}),
            findings=found_by_verify(tx),
            began=monotonic() - 20,
        )


async def play(street: Street) -> None:
    """The day of RAW: one order by hand, one not, one cancelled, one of the marketplace."""
    clerk, hands = await street.api.staff("agent"), await street.api.staff("manager")
    goods = ("MUG", 2, 255_000), ("LAMP", 1, 495_100)
    stop = {"kind": "manual", "reason": "asked to call back"}
    held = await send(street.admin, "orders", placed("536365", *goods, stops=[stop]))
    await street.work(hands)
    shown = await street.read(f"orders/{held['id']}")
    path = f"orders/{held['id']}/stops/{shown['stops'][0]['id']}/resolution"
    await send(clerk, path, {"resolution": "called back"})
    gone = await send(street.admin, "orders", placed("536366", ("SPOON", 5, 42_000)))
    await send(street.admin, f"orders/{gone['id']}/cancellation", {"reason": "Credit note C536370"})
    bazaar = placed("536367-S1", ("SPOON", 1, 352_500), channel="bazaar", shipping_minor=141)
    await send(street.admin, "orders", bazaar)
    line = {"sku": "MUG", "location": "DC1", "delta": -3, "code": "damaged"}
    await send(street.admin, "inventory/adjustments", {"lines": [line]})
    await street.work(hands)
    parcels = [p for w in await street.read_all("fulfillment-orders") for p in w["parcels"]]
    # The first parcel comes long after its promise, the others in time.
    days = ["2011-12-02", *["2010-12-02"] * (len(parcels) - 1)]
    reports = [
        {
            "id": f"door-{parcel['tracking_number']}",
            "tracking_number": parcel["tracking_number"],
            "status": "delivered",
            "occurred_at": f"{day}T10:00:00Z",
        }
        for parcel, day in zip(parcels, days, strict=True)
    ]
    await send(street.admin, "carriers/house/tracking-events", {"events": reports})
    await street.settle()
    await give_back(street, held["number"])


async def give_back(street: Street, order: str) -> None:
    """The credit notes of RAW that cancel nothing: a mug comes back, and a fee is booked."""
    desk = {"channel": "trade", "location": "S0001", "source_id": "C536371"}
    mug = {"sku": "MUG", "quantity": 1}
    back = desk | {"order": order, "lines": [mug], "charges": []}
    await send(street.admin, "return-desk", back | {"occurred_at": "2011-12-05T10:00:00Z"})
    one = {"entity": "mf", "currency": "GBP"}
    entry = {
        "day": "2010-12-01",
        "memo": "Credit note C536372: a fee",
        "postings": [
            one | {"account": "fees", "minor": 750},
            one | {"account": "bank", "minor": -750},
        ],
    }
    await send(street.admin, "ledger/entries", entry)
    await street.settle()


async def test_it_says_what_the_api_says(street: Street, raw_file: Path):
    await play(street)
    report = await report_of(street, raw_file)
    orders = [await street.read(f"orders/{o['id']}") for o in await street.read_all("orders")]
    assert report.orders_placed == len(orders) == 3
    assert report.lines_placed == sum(len(order["lines"]) for order in orders) == 4
    cancelled = [order for order in orders if order["status"] == "cancelled"]
    assert report.orders_cancelled == len(cancelled) == 1
    assert report.orders_open == sum(order["closed_at"] is None for order in orders) == 0

    by_channel = Counter(order["channel"] for order in orders)
    assert {c.channel: c.orders_placed for c in report.channels} == by_channel
    assert {c.channel: c.orders_in for c in report.channels} == OUTCOME.orders_in
    goods = sum(line["gross_minor"] for order in orders for line in order["lines"])
    assert sum(c.goods_gross_minor for c in report.channels) == goods
    units = sum(line["quantity"] for order in orders for line in order["lines"])
    assert sum(c.units for c in report.channels) == units

    works = await street.read_all("fulfillment-orders")
    parcels = [parcel for work in works for parcel in work["parcels"]]
    assert report.parcels == len(parcels) == 3
    assert report.shipping.orders_with_parcels == len({work["order_id"] for work in works}) == 2
    assert report.shipping.parcels_per_order == Decimal("1.500")

    messages = [m for o in orders for m in await street.read_all(f"orders/{o['id']}/messages")]
    sent = Counter(m["topic"] for m in messages if m["state"] == "sent")
    assert {m.topic: m.sent for m in report.messages} == sent
    assert report.emails_sent == sent.total()

    trial = await street.read("ledger/trial-balance", entity="mf")
    assert report.ledger_imbalance_minor == trial["imbalance_minor"] == 0
    books = {b["account"]: b["balance_minor"] for b in trial["balances"] if b["balance_minor"]}
    assert {m.account: m.minor for m in report.money if m.minor} == books

    receipts = [
        r for o in orders for r in await street.read_all("sourcing-receipts", order_id=o["id"])
    ]
    (cost,) = report.sourcing
    assert cost.decisions == len(receipts)
    assert cost.orders == len({receipt["order_id"] for receipt in receipts})
    assert cost.cost_milli == sum(receipt["cost_milli"] for receipt in receipts)
    assert cost.nearest_milli == sum(receipt["nearest_milli"] for receipt in receipts)

    promised = {line["id"]: line["promised_at"] for o in orders for line in o["lines"]}
    assert all(promised.values())
    assert (report.promises.lines_kept, report.promises.lines_late) == (2, 1)
    assert report.promises.kept_share == Decimal("0.6667")
    assert report.orders_touched == 1
    assert report.touchless_share == Decimal("0.6667")
    assert report.units_oversold == report.units_lost_to_facts == 0
    assert report.verify_findings == 0


async def test_it_accounts_for_every_line(street: Street, raw_file: Path):
    await play(street)
    report = await report_of(street, raw_file)
    assert report.lines_in == len(RAW)
    told = Counter(fate for *_, fate, _ in RAW)
    for fate in told:
        assert getattr(report, f"lines_{fate}") == told[fate], fate
    assert report.lines_unaccounted == 0
    assert (report.orders_in, report.orders_rejected) == (4, 1)
    assert report.control_total_expected == Decimal("5.10") + Decimal("4.951") + 3 + Decimal("3.30")
    assert report.control_total_seen == Decimal("16.35")
    assert report.control_rounding == Decimal("0.001")
    assert report.control_unexplained == 0
    assert report.credit_notes_processed == 3
    assert report.credit_notes_expected == report.credit_notes_seen == Decimal("-12.15")
    assert report.credit_notes_rounding == report.credit_notes_unexplained == 0
    notes = report.credit_notes
    assert (notes.cancelled, notes.returned) == (Decimal("-2.10"), Decimal("-2.55"))
    assert (notes.credited, notes.blind, notes.booked) == (0, 0, Decimal("-7.50"))
    assert report.over_returns == OUTCOME.over_returns
    assert (report.lag.p50_ms, report.lag.p99_ms, report.lag.samples) == (20, 40, 4)
    assert (report.unexpected_answers, report.seconds_replaying) == (1, 12.3)
    assert 20 <= report.seconds < 200


async def test_it_is_written_and_printed(street: Street, raw_file: Path, tmp_path: Path):
    report = await report_of(street, raw_file)
    write_report(report, tmp_path / "report.json")
    told = json.loads((tmp_path / "report.json").read_text(), parse_float=Decimal)
    for name in (
        *("orders_in", "orders_placed", "orders_rejected", "lines_in", "lines_placed"),
        *("lines_adjusted", "lines_rejected", "units_oversold", "touchless_share", "parcels"),
        *("emails_sent", "ledger_imbalance_minor", "control_total_expected"),
        *("control_total_seen", "verify_findings", "seconds"),
        *("credit_notes_processed", "credit_notes_expected", "credit_notes_seen"),
        "seconds_replaying",
    ):
        assert isinstance(told[name], int | Decimal), name
    page = StringIO()
    print_report(report, Console(file=page, width=120))
    for words in ("Orders by channel", "no price", "findings of verify", "unexpected: GET orders"):
        assert words in page.getvalue()


MOVE = """
insert into inventory_movement
    (position_id, movement_no, at, occurred_at, on_hand_delta, allocated_delta, on_hand_after,
     allocated_after, reason, cause_kind, cause_id, cause_line, actor, trace)
select $1, n, now(), now(), on_hand, allocated, 0, 0, reason, 'order', $1, $1, 'system:x', ''
from unnest($2::int[], $3::int[], $4::int[], $5::text[]) as m(n, on_hand, allocated, reason)
"""


@pytest.mark.parametrize(
    ("moves", "oversold", "lost"),
    [
        ([(10, 0, "receive"), (0, 8, "allocate"), (0, 5, "allocate")], 3, 0),
        ([(10, 0, "receive"), (0, 8, "allocate"), (0, 5, "confirm"), (0, 2, "allocate")], 5, 0),
        ([(10, 0, "receive"), (0, 8, "allocate"), (-4, 0, "count"), (0, 1, "allocate")], 1, 2),
        ([(10, 0, "receive"), (0, 8, "allocate"), (-8, -8, "ship"), (0, 2, "allocate")], 0, 0),
        ([(5, 0, "receive"), (-7, 0, "ship"), (3, 0, "receive"), (0, 1, "allocate")], 0, 0),
        ([(5, 0, "receive"), (0, 5, "allocate"), (-7, 0, "ship"), (0, -2, "release")], 0, 5),
        (
            [
                (5, 0, "receive"),
                (0, 5, "allocate"),
                (-3, 0, "adjust"),
                (0, -5, "transfer"),
                (0, 5, "transfer"),
            ],
            0,
            3,
        ),
    ],
)
async def test_oversold_units_are_told_from_lost_ones(
    street: Street, raw_file: Path, moves, oversold, lost
):
    async with street.database.transaction(street.api.tenant) as tx:
        await tx.execute("delete from inventory_movement")
        columns = [list(column) for column in zip(*moves, strict=True)]
        await tx.execute(MOVE, UUID(int=1), list(range(1, len(moves) + 1)), *columns)
    report = await report_of(street, raw_file)
    assert (report.units_oversold, report.units_lost_to_facts) == (oversold, lost)


async def test_what_does_not_tie_is_told(street: Street, raw_file: Path):
    await play(street)
    async with street.database.transaction(street.api.tenant) as tx:
        await tx.execute("delete from orders_charge where kind = 'shipping'")
        await tx.execute(
            "update ledger_posting set minor = minor + 7 where account = 'revenue'"
            " and (entry_id, position) in (select entry_id, position from ledger_posting"
            " where account = 'revenue' limit 1)"
        )
        await tx.execute("update orders_credit set net_minor = net_minor - 5")
        line = "(select id from orders_line where sku = 'SPOON' and quantity = 1)"
        await tx.execute(f"delete from orders_attribution where line_id in {line}")  # noqa: S608
        await tx.execute(f"delete from orders_bucket where line_id in {line}")  # noqa: S608
        await tx.execute(f"delete from orders_line where id in {line}")  # noqa: S608
    report = await report_of(street, raw_file)
    assert report.lines_unaccounted == 1
    assert report.control_unexplained == Decimal("4.20")
    assert report.credit_notes_seen == Decimal("-12.10")
    assert report.credit_notes_unexplained == Decimal("-0.05")
    assert report.ledger_imbalance_minor == 7
    assert report.verify_findings > 0


async def test_other_currencies_are_told_in_pounds(street: Street, raw_file: Path):
    await play(street)
    async with street.database.transaction(street.api.tenant) as tx:
        await tx.execute("update orders_order set currency = 'EUR' where source_id = '536365'")
        await tx.execute(
            "insert into ledger_rate values ('EUR', 'GBP', '2010-01-01', 800000000, 'x', now())"
        )
    control = (await report_of(street, raw_file)).control
    assert control.exchanged == (Decimal("5.10") + Decimal("4.95")) * Decimal("0.8")
    assert control.control_total_seen == control.exchanged + 3 + Decimal("3.30")
    # The lamp costs 4.951, a tenth of a cent more than is charged.
    assert control.exchange_rounding == Decimal("0.001") * Decimal("0.8")
