from collections import Counter

import pytest
from tests.demo.lines import CODES, line

from crosslane.demo import Stream, sort_lines
from crosslane.demo.streams import CREDITS, ORDERS


def streams(*lines):
    return [entry.stream for invoice in sort_lines(lines, CODES) for entry in invoice.lines]


def reasons(*lines):
    return [entry.reason for invoice in sort_lines(lines, CODES) for entry in invoice.lines]


def test_every_line_of_the_file_is_in_exactly_one_stream(source, invoices):
    sorted_numbers = [entry.line.number for invoice in invoices for entry in invoice.lines]
    assert len(source.lines) == 320_705
    assert sorted(sorted_numbers) == list(range(1, 320_706))
    assert Counter(entry.stream for invoice in invoices for entry in invoice.lines) == {
        Stream.ACCOUNT: 224_993,
        Stream.WEB: 78_144,
        Stream.MARKETPLACE: 563,
        Stream.COUNTER: 7_577,
        Stream.ADJUSTMENT: 1_252,
        Stream.CHARGE: 995,
        Stream.CANCELLATION: 280,
        Stream.CREDIT: 5_140,
        Stream.CLAIM: 427,
        Stream.REJECTED: 1_334,
    }


def test_only_a_rejected_line_has_a_reason(invoices):
    for invoice in invoices:
        for entry in invoice.lines:
            assert bool(entry.reason) is (entry.stream is Stream.REJECTED), entry


def test_credit_notes_are_the_numbers_with_c(invoices):
    for invoice in invoices:
        found = {entry.stream for entry in invoice.lines}
        assert (found <= CREDITS) is invoice.number.startswith("C")


def test_an_invoice_is_one_kind_of_order(invoices):
    for invoice in invoices:
        assert len({entry.stream for entry in invoice.lines} & ORDERS) <= 1


def test_what_is_placed_has_goods_a_price_and_a_quantity(source, invoices):
    for invoice in invoices:
        placed = invoice.order_lines
        assert all(found.price_milli > 0 and found.quantity > 0 for found in placed)
        assert not placed or any(found.sku in source.codes.products for found in placed)


def test_adjustments_carry_no_money(invoices):
    entries = [e for i in invoices for e in i.lines if e.stream is Stream.ADJUSTMENT]
    assert {entry.line.price_milli for entry in entries} == {0}
    assert any(entry.line.description == "damages" for entry in entries)


def test_negative_stock_notes_are_adjusted_or_rejected(source):
    by_number = {
        entry.line.number: entry
        for invoice in sort_lines(source.lines, source.codes)
        for entry in invoice.lines
    }
    notes = [
        found for found in source.lines if found.quantity < 0 and not found.invoice.startswith("C")
    ]
    assert len(notes) == 925
    for note in notes:
        known = note.sku in source.codes.products
        expected = Stream.ADJUSTMENT if known else Stream.REJECTED
        assert by_number[note.number].stream is expected


def test_the_famous_pair_is_a_cancellation(invoices):
    by_number = {invoice.number: invoice for invoice in invoices}
    assert by_number["C541433"].cancels == "541431"
    assert [e.line.quantity for e in by_number["541431"].lines] == [74_215]


def test_no_order_is_cancelled_twice(invoices):
    cancelled = [invoice.cancels for invoice in invoices if invoice.cancels]
    assert len(cancelled) == len(set(cancelled)) == 31


def test_a_customer_makes_a_trade_order():
    assert streams(line("1"), line("1", "post")) == [Stream.ACCOUNT, Stream.CHARGE]


def test_postage_makes_a_web_batch():
    goods, postage = line("1", customer=""), line("1", "DOT", customer="")
    assert streams(goods, postage) == [Stream.WEB, Stream.WEB]
    assert streams(line("2", "DOT", customer="")) == [Stream.CHARGE]


def test_a_fee_makes_the_day_the_marketplaces():
    sale, fee = line("1", customer=""), line("C2", "AMAZONFEE", -1, "9.00", customer="")
    assert streams(sale, fee) == [Stream.MARKETPLACE, Stream.CLAIM]
    assert streams(sale) == [Stream.COUNTER]


def test_codes_that_differ_in_case_are_one_product():
    assert streams(line("1", "84029e")) == [Stream.ACCOUNT]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (line("1", "99999"), "the code is not in the product list"),
        (line("1", "DCGS0003"), "the code is not in the product list"),
        (line("1", price="0.0"), "no price"),
        (line("1", quantity=-1), "negative quantity on what is no credit note"),
        (line("A1", "M"), "bad debt: an entry in the books, not an order"),
        (line("1", "DOT", price="0.0", customer=""), "stock note on a code that is no goods"),
    ],
)
def test_rejected_for_a_reason(found, reason):
    assert reasons(found) == [reason]


def cancelled(*lines):
    return {i.number: i.cancels for i in sort_lines(lines, CODES) if i.cancels}


def test_a_credit_note_of_the_whole_order_cancels_it():
    order = [line("1"), line("1", "85123A", 2)]
    credit = [line("C2", "85123A", -2, at="2011-01-18 11:00:00")]
    credit += [line("C2", quantity=-1, at="2011-01-18 11:00:00")]
    assert cancelled(*order, *credit) == {"C2": "1"}
    assert cancelled(*order, credit[0]) == {}
    again = [line("C3", c.code, c.quantity, at="2011-01-18 12:00:00") for c in credit]
    assert cancelled(*order, *credit, *again) == {"C2": "1"}


@pytest.mark.parametrize(
    "credit",
    [
        line("C2", quantity=-1, at="2011-01-19 10:30:00"),
        line("C2", quantity=-1, at="2011-01-18 09:30:00"),
        line("C2", quantity=-1, at="2011-01-18 10:30:00", customer="1"),
        line("C2", quantity=-1, at="2011-01-18 10:30:00", price="2.54"),
        line("C2", quantity=-2, at="2011-01-18 10:30:00"),
    ],
)
def test_other_credit_notes_give_goods_back(credit):
    assert streams(line("1"), credit) == [Stream.ACCOUNT, Stream.CREDIT]
