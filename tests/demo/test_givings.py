"""What is sent for credit notes: jobs in their order, and sums on the whole file to the penny."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from uuid import UUID, uuid5

import msgspec
import pytest
from tests.demo.lines import CODES, line

from crosslane.demo import control_total, sort_lines
from crosslane.demo.credits import Claim, match_credits
from crosslane.demo.inbox import Inbox
from crosslane.demo.raw import MILLI_PER_POUND
from crosslane.demo.replay.backs import (
    Amendment,
    Back,
    Bucket,
    Ordered,
    OrderedLine,
    find_backs,
    priced,
    reason_undelivered,
)
from crosslane.demo.replay.credit_bodies import CreditClerk
from crosslane.demo.replay.givings import (
    Blind,
    Booking,
    Goodwill,
    TakeBack,
    fate_of_claim,
    fate_of_goods,
    lines_of,
    list_bookings,
    list_queues,
)
from crosslane.demo.replay.register import Register, Sold
from crosslane.demo.replay.taxes import Taxes
from crosslane.demo.replay.timeline import Sale
from crosslane.demo.streams import CREDITS, Stream
from crosslane.demo.world import TILLS, TRADE_IE, TRADE_WEB, Access, Account, Place, World
from crosslane.demo.world.goods import read_articles
from crosslane.demo.world.organization import CASH_BACK_MINOR_MAX
from crosslane.demo.world.people import country_code, firm
from crosslane.kernel import MILLI_PER_MINOR

SEED = 1
SPACE = UUID(int=7)
# As many lines and charges as a return may have.
LINES_MAX, CHARGES_MAX = 500, 20


def world_of(notes) -> World:
    accounts = {}
    for note in notes:
        if note.customer:
            who, irish = firm(note.customer, note.country), country_code(note.country) == "IE"
            accounts[note.customer] = Account(
                note.customer,
                uuid5(SPACE, note.customer),
                TRADE_IE if irish else TRADE_WEB,
                who.name,
                who.email,
                who.address,
            )
    channels = {
        code: Access(code, "web", "EUR" if code == TRADE_IE else "GBP", mode, "")
        for code, mode in ((TRADE_IE, "exclusive"), (TRADE_WEB, "exclusive"), (TILLS, "inclusive"))
    }
    shared = {"entity": "", "country": "GB", "postcode": "", "easting": 0, "northing": 0}
    places = {
        code: Place(code=code, id=uuid5(SPACE, code), kind=kind, format=how, abilities=(), **shared)
        for code, kind, how in (("DC6", "warehouse", "RTN"), ("S0001", "store", "FULL"))
    }
    return World(
        *("", "", ""),
        channels=channels,
        logins={},
        places=places,
        accounts=accounts,
        till_stores=(),
        delivered_only=frozenset(),
        replenishments=(),
        counts=(),
        inbox=Inbox(),
        provider_url="",
        carrier_url="",
    )


def clerk_of(notes) -> CreditClerk:
    articles = {article.sku: article for article in read_articles()}
    return CreditClerk(world_of(notes), Taxes(articles).rate_bp, SEED)


def match(*lines):
    return match_credits(sort_lines(lines, CODES))


def at(day, **given):
    return {"at": f"2011-01-{day:02d} 10:00:00", **given}


def test_goods_come_back_before_goodwill_is_given():
    sale = line("1", quantity=9, number=1, **at(5))
    goodwill = line("C2", "M", -1, "3.00", number=2, **at(6))
    notes = match(sale, goodwill, line("C3", quantity=-4, number=3, **at(7)))
    (queue,) = list_queues(notes)
    assert [(type(job), job.note.number) for job in queue] == [(TakeBack, "C3"), (Goodwill, "C2")]


def test_an_over_return_is_tried_whole_where_the_goods_were_sold():
    lines = line("1", quantity=3, number=1, **at(5)), line("C2", quantity=-5, number=2, **at(6))
    ((take, blind),) = list_queues(match(*lines))
    assert isinstance(take, TakeBack)
    assert isinstance(blind, Blind)
    assert [(one.excess, back.units) for one, back in take.goods] == [(2, 3)]
    assert (take.sale, take.over, blind.goods) == ("1", (take.goods[0][0],), take.over)
    assert Counter(chain(lines_of(take), lines_of(blind))) == {2: 3}


def test_an_over_return_is_tried_with_what_else_the_note_brings_of_the_article():
    lines = [line("C2", quantity=-units, number=n, **at(6)) for n, units in ((2, 3), (3, 2))]
    ((take, _),) = list_queues(match(line("1", quantity=3, number=1, **at(5)), *lines))
    ((one, part),) = take.goods
    (over,) = take.over
    # Tried alone, the two units in excess would be taken: three are left until three are brought.
    assert (one.line.number, part.units, over.line.number) == (2, 3, 3)
    assert take.tried_units(over) == 5
    other = [line("1", quantity=3, number=1, **at(5)), line("C2", quantity=-5, number=2, **at(6))]
    ((take, _),) = list_queues(match(*other))
    assert take.tried_units(take.over[0]) == 5


def test_customers_do_not_wait_for_each_other():
    notes = match(
        line("1", customer="1", number=1, **at(5)),
        line("C2", quantity=-1, customer="1", number=2, **at(6)),
        *(line(f"C{n}", quantity=-1, customer="", number=n, **at(6)) for n in (3, 4)),
    )
    assert [[job.note.number for job in queue] for queue in list_queues(notes)] == [
        ["C2"],
        ["C3"],
        ["C4"],
    ]


def ordered(sale: Sale, stages: dict[int, list[tuple[str, int]]]) -> Ordered:
    lines = [
        OrderedLine(
            uuid5(SPACE, str(recorded.number)),
            place,
            recorded.sku,
            2_000,
            [Bucket(*one) for one in stages[recorded.number]],
        )
        for place, recorded in enumerate(sale.lines, 1)
    ]
    return Ordered(UUID(int=1), lines, [])


@pytest.mark.parametrize(
    ("buckets", "before", "units"),
    [
        ([("delivered", 6)], 0, 4),
        ([("delivered", 2), ("handed_over", 1), ("backordered", 3)], 0, 3),
        ([("delivered", 6)], 5, 1),
        ([("packed", 6)], 0, 0),
        ([("cancelled", 3), ("delivered", 3)], 4, 0),
    ],
)
def test_no_more_comes_back_than_was_handed_over_and_is_there(buckets, before, units):
    recorded = line("1", quantity=6, number=1, **at(5))
    ((job,),) = list_queues(match(recorded, line("C2", quantity=-4, number=2, **at(6))))
    sale = Sale(Stream.ACCOUNT, "1", recorded.at, (recorded,), "17850", "", "ship", 0, (), "1")
    sold = Sold(UUID(int=1), "A1", "1", sale)
    shown = ordered(sale, {1: buckets})
    (back,) = find_backs(job, sold, shown, {shown.lines[0].id: before}, {})
    assert (back.units, back.given, back.lacking) == (units, 0, 4 - units)


@pytest.mark.parametrize(
    ("cancelled", "blind", "units", "given", "lacking"),
    [
        ([4], 0, [0, 0], [3, 1], [0, 0]),
        ([1, 1], 0, [1, 1], [2, 0], [0, 0]),
        ([], 3, [0, 1], [3, 0], [0, 0]),
        ([2], 1, [0, 1], [3, 0], [0, 0]),
        ([], 0, [3, 0], [0, 0], [0, 1]),
    ],
)
def test_what_an_earlier_run_gave_for_is_not_taken_back_when_it_is_there(
    cancelled, blind, units, given, lacking
):
    """A longer replay brings stock that was lacking, after its credit note was done with."""
    recorded = line("1", quantity=6, number=1, **at(5))
    back = (line("C2", quantity=-n, number=no, **at(6)) for n, no in ((3, 2), (1, 3)))
    ((job,),) = list_queues(match(recorded, *back))
    sale = Sale(Stream.ACCOUNT, "1", recorded.at, (recorded,), "17850", "", "ship", 0, (), "1")
    shown = ordered(sale, {1: [("delivered", 3), ("cancelled", 3)]})
    took = [{"line_id": shown.lines[0].id, "quantity": n} for n in cancelled]
    changes = [
        Amendment("asked for by telephone", msgspec.Raw(b'{"other": "shape"}')),
        Amendment(reason_undelivered(job.note), msgspec.Raw(msgspec.json.encode(took))),
    ]
    shown = msgspec.structs.replace(shown, amendments=changes)
    sold = Sold(UUID(int=1), "A1", "1", sale)
    backs = find_backs(job, sold, shown, {}, {recorded.sku: blind})
    assert [back.units for back in backs] == units
    assert [back.given for back in backs] == given
    assert [back.lacking for back in backs] == lacking


def test_what_was_never_handed_over_is_given_at_the_lower_price():
    sale = line("1", quantity=4, price="2.10", number=1, **at(5))
    for price, milli in (("2.55", 210_000), ("2.00", 200_000)):
        queue = list_queues(match(sale, line("C2", quantity=-4, price=price, number=2, **at(6))))
        ((one, take),) = queue[0][0].goods
        assert [row[1:] for row in priced([(one, take, 3)])] == [(3, milli)]


def test_the_rate_of_blind_goods_is_that_of_the_time_before_the_data():
    for customer, rate in (("17850", 1_750), ("", 2_000)):
        notes = match(line("C2", quantity=-2, price="1.00", customer=customer, **at(20)))
        ((blind,),) = list_queues(notes)
        goods = [(one, one.excess, one.line.price_milli) for one in blind.goods]
        body = clerk_of(notes).blind(notes[0], "blind", goods, (), "seen")
        (row,) = body["lines"]
        gross = 120_000 if not customer else 100_000
        assert (row["tax_rate_bp"], row["unit_price_milli"]) == (rate, gross)
        method = "on_account" if customer else "cash"
        assert [refund["method"] for refund in body["refunds"]] == [method]


def test_an_over_return_is_refused_and_what_comes_from_abroad_has_happened():
    lines = line("1", quantity=3, number=1, **at(5)), line("C2", quantity=-5, number=2, **at(6))
    for country, happened in (("United Kingdom", False), ("EIRE", True)):
        notes = match(*(msgspec.structs.replace(one, country=country) for one in lines))
        clerk, ((take, _),) = clerk_of(notes), list_queues(notes)
        backs = [Back(one, part, SPACE, part.units, 0) for one, part in take.goods]
        moment = datetime(2011, 1, 8, tzinfo=UTC)
        whole = clerk.attempt(take, "A1", take.over[0], moment)
        assert (whole["happened"], whole["lines"][0]["quantity"]) == (False, 5)
        some = clerk.take_back(take, "A1", backs, moment)
        assert (some["happened"], some["lines"][0]["quantity"]) == (happened, 3)


def test_euro_customers_get_euro_and_the_rounding_is_told():
    lines = [line("1", quantity=90, number=1, **at(5)), line("C2", "M", -1, "3.01", **at(6))]
    notes = match(*(msgspec.structs.replace(one, country="EIRE") for one in lines))
    ((job,),) = list_queues(notes)
    clerk = clerk_of(notes)
    (charge,) = clerk.goodwill(job, "A1", 0)["charges"]
    assert charge["net_minor"] == -376  # 3.7625
    assert clerk.converted_milli(notes[0], job.claims) == 301_000 - 300_800


def test_it_is_remembered_what_has_left_and_what_comes_back():
    notes = match(line("1", number=1, **at(5)), line("C2", quantity=-1, number=2, **at(6)))
    register = Register([], notes)
    assert (register.comes_back("1"), register.comes_back("2")) == (True, False)
    assert register.left("A1") is None
    moment = datetime(2011, 1, 8, tzinfo=UTC)
    for hours in (3, 1):
        register.note_left("A1", moment + timedelta(hours=hours))
    assert register.left("A1").parcels == 2
    assert register.left("A1").at == moment + timedelta(hours=3)


@pytest.fixture(scope="module")
def whole(invoices):
    notes = match_credits(invoices)
    return notes, [*list_bookings(notes), *chain.from_iterable(list_queues(notes))]


def test_every_line_of_the_whole_file_is_done_once_and_ends_once(invoices, whole):
    notes, jobs = whole
    done = {number for job in jobs for number in lines_of(job)}
    recorded = {
        entry.line.number
        for invoice in invoices
        for entry in invoice.lines
        if entry.stream in CREDITS and entry.stream is not Stream.CANCELLATION
    }
    assert done == recorded
    goods = {one.line.number: fate_of_goods(one, n.claims) for n in notes for one in n.goods}
    ends = {c.line.number: fate_of_claim(c) for n in notes for c in n.claims} | goods
    assert ends.keys() == recorded
    assert Counter(fate for fate, _ in ends.values()) == {
        "returned": 4_130,
        "over_returned": 42,
        "blind": 968,
        "credited": 269,
        "booked": 158,
    }


def test_what_is_sent_for_the_whole_file_adds_up_to_it(source, invoices, whole):
    """In 1/1000 penny: what orders give by what they know, and what the requests say beside it."""
    notes, jobs = whole
    clerk, given, parts = clerk_of(notes), 0, Counter()
    moment = datetime(2012, 1, 1, tzinfo=UTC)
    euro = {note.number for note in notes if clerk.channel(note).currency == "EUR"}

    def worth(note, minor):
        return minor * MILLI_PER_MINOR * 4 // 5 if note.number in euro else minor * MILLI_PER_MINOR

    for job in jobs:
        before, note = given, job.note
        match job:
            case TakeBack():
                backs = [Back(one, take, SPACE, take.units, 0) for one, take in job.goods]
                body = clerk.take_back(job, "A1", backs, moment)
                given += sum(take.units * take.sold.price_milli for _, take in job.goods)
                given += clerk.kept_converted_milli(job, backs)
                assert all(row["net_minor"] > 0 for row in body["charges"])
            case Blind():
                goods = [(one, one.excess, one.line.price_milli) for one in job.goods]
                body = clerk.blind(note, "blind", goods, job.claims, "seen")
                for (_, units, milli), row in zip(goods, body["lines"], strict=True):
                    rate = row["tax_rate_bp"] if not note.customer else 0
                    net = Decimal(row["unit_price_milli"]) * 10_000 / (10_000 + rate)
                    assert net == (milli * 5 / Decimal(4) if note.number in euro else milli)
                    given += units * milli
                if not note.customer:
                    prices = (row["quantity"] * row["unit_price_milli"] for row in body["lines"])
                    assert sum(prices) <= CASH_BACK_MINOR_MAX * MILLI_PER_MINOR
                given += clerk.converted_milli(note, job.claims)
            case Goodwill():
                body = clerk.goodwill(job, "A1", 0)
                given += clerk.converted_milli(note, job.claims)
            case Booking():
                body = {"lines": [], "charges": []}
                cost, payer = clerk.booking(job)["postings"]
                assert cost["minor"] == -payer["minor"] > 0
                given += cost["minor"] * MILLI_PER_MINOR
        assert len(body["lines"]) <= LINES_MAX
        assert len(body["charges"]) <= CHARGES_MAX
        given -= sum(worth(note, row["net_minor"]) for row in body["charges"])
        parts[type(job).__name__] += given - before
    given -= sum(
        entry.line.amount_milli
        for invoice in invoices
        for entry in invoice.lines
        if entry.stream is Stream.CANCELLATION
    )
    assert Decimal(-given) / MILLI_PER_POUND == control_total(source.path).credits
    assert {name: Decimal(milli) / MILLI_PER_POUND for name, milli in parts.items()} == {
        "Booking": Decimal("198259.47"),
        "Blind": Decimal("54301.28"),
        "Goodwill": Decimal("73608.82"),
        "TakeBack": Decimal("106832.67"),
    }


def test_no_order_of_the_whole_file_gives_more_than_it_was_worth(invoices, whole):
    worth: Counter[str] = Counter()
    for invoice in invoices:
        charged = (*invoice.order_lines, *invoice.carriage)
        worth[invoice.number] = sum(one.amount_milli for one in charged)
    given: Counter[str] = Counter()
    claimed: dict[str, list[Claim]] = defaultdict(list)
    for note in whole[0]:
        for take in (take for one in note.goods for take in one.takes):
            given[take.sale] += take.units * take.sold.price_milli
        for claim in note.claims:
            given[claim.sale] += claim.amount_milli
            claimed[claim.sale].append(claim)
    del given[""]
    assert all(milli <= worth[sale] for sale, milli in given.items())
