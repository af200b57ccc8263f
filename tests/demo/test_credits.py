"""Credit notes matched to earlier sales: rules on made-up lines, sums on the whole file."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.demo.lines import CODES, line

from crosslane.demo import control_total, sort_lines
from crosslane.demo.credits import CreditNote, match_credits
from crosslane.demo.raw import MILLI_PER_POUND
from crosslane.demo.streams import Stream
from crosslane.kernel import MILLI_PER_MINOR


def match(*lines):
    return match_credits(sort_lines(lines, CODES))


def given_milli(note: CreditNote) -> int:
    """What a credit note gives back by its plan, in 1/1000 penny without tax."""
    goods = sum(
        one.excess * one.line.price_milli
        + sum(take.units * take.sold.price_milli for take in one.takes)
        for one in note.goods
    )
    return goods + sum(one.amount_milli for one in note.claims)


def takes(note):
    return [(take.sale, take.units) for one in note.goods for take in one.takes]


def at(day, **given):
    return {"at": f"2011-01-{day:02d} 10:00:00", **given}


def test_the_newest_sale_at_the_same_price_is_taken_first():
    sales = [line("1", quantity=3, **at(3)), line("2", quantity=3, **at(4))]
    other = line("3", quantity=3, price="2.10", **at(5))
    (note,) = match(*sales, other, line("C4", quantity=-5, **at(6)))
    assert takes(note) == [("2", 3), ("1", 2)]
    assert (note.claims, note.goods[0].excess) == ((), 0)


def test_another_price_is_taken_next_and_the_difference_is_a_claim():
    sales = [line("1", quantity=1, **at(3)), line("2", quantity=4, price="2.10", **at(4))]
    (dear,) = match(*sales, line("C3", quantity=-3, **at(5)))
    assert takes(dear) == [("1", 1), ("2", 2)]
    (goodwill,) = dear.claims
    assert (goodwill.kind, goodwill.sale) == ("appeasement", "2")
    assert goodwill.amount_milli == 2 * 45 * MILLI_PER_MINOR
    (cheap,) = match(*sales, line("C3", quantity=-2, price="2.00", **at(5)))
    assert [(c.kind, c.sale, c.amount_milli) for c in cheap.claims] == [
        ("fee", "2", -2 * 10 * MILLI_PER_MINOR)
    ]


def test_what_is_above_what_is_left_is_an_excess():
    sale, first = line("1", quantity=3, **at(3)), line("C2", quantity=-2, **at(4))
    _, over = match(sale, first, line("C3", quantity=-2, **at(5)))
    assert (takes(over), over.goods[0].excess, over.goods[0].is_over) == ([("1", 1)], 1, True)


def test_a_sale_that_comes_later_or_is_somebody_elses_is_none():
    others = line("1", customer="1", **at(3)), line("2", "85123A", **at(3))
    for lines in (others, (line("9", **at(9)),), ()):
        (blind,) = match(*lines, line("C4", quantity=-1, **at(4)))
        assert (takes(blind), blind.goods[0].is_over, blind.sales) == ([], False, frozenset())


def test_goods_without_a_customer_are_blind():
    (note,) = match(line("1", customer=""), line("C2", quantity=-1, customer="", **at(19)))
    assert (takes(note), note.goods[0].is_over) == ([], False)


def test_a_cancelled_order_gives_nothing_back_twice():
    sale, cancel = line("1", quantity=2), line("C2", quantity=-2, at="2011-01-18 11:00:00")
    notes = match(sale, cancel, line("C3", quantity=-1, at="2011-01-19 10:00:00"))
    assert [takes(note) for note in notes] == [[], []]
    assert [len(note.goods) for note in notes] == [0, 1]


def test_carriage_goes_back_on_the_newest_order_that_charged_it():
    lines = [
        *(line("1", **at(3)), line("1", "POST", price="18.00", **at(3))),
        *(line("2", quantity=90, **at(4)), line("2", "POST", price="5.00", **at(4))),
    ]
    (note,) = match(*lines, line("C3", "POST", -1, "18.00", **at(5)))
    assert [(c.kind, c.sale) for c in note.claims] == [("shipping", "1")]
    (note,) = match(*lines, line("C3", "POST", -1, "20.00", **at(5)))
    assert [(c.kind, c.sale) for c in note.claims] == [("appeasement", "2")]


def test_goodwill_is_never_above_what_is_left_of_an_order():
    lines = [line("1", quantity=10, **at(3)), line("C2", "M", -1, "20.00", **at(4))]
    (note,) = match(*lines)
    assert [(c.kind, c.sale) for c in note.claims] == [("appeasement", "1")]
    note, _ = match(*lines, line("C3", quantity=-8, **at(5)))
    assert [(c.kind, c.sale) for c in note.claims] == [("appeasement", "")]


def test_fees_and_what_has_no_customer_are_booked():
    for code, customer in (("AMAZONFEE", ""), ("M", "")):
        (note,) = match(line("C1", code, -1, "9.00", customer=customer))
        assert [(c.kind, c.sale) for c in note.claims] == [("booked", "")]


@given(
    st.lists(
        st.tuples(st.integers(-4, 6).filter(bool), st.sampled_from(["1.00", "2.00"])), max_size=12
    )
)
def test_no_unit_comes_back_twice_and_every_penny_is_told(steps):
    lines = [
        line(f"{'C' if units < 0 else ''}{n}", quantity=units, price=price, **at(n), number=n)
        for n, (units, price) in enumerate(steps, 1)
    ]
    notes = match(*lines)
    back: Counter[int] = Counter()
    for note in notes:
        for one in note.goods:
            assert one.excess >= 0
            for take in one.takes:
                back[take.sold.number] += take.units
                assert take.sold.at < note.at
    assert all(back[sold.number] <= sold.quantity for sold in lines if sold.quantity > 0)
    told = sum(given_milli(note) for note in notes)
    cancelled = sum(
        entry.line.amount_milli
        for invoice in sort_lines(lines, CODES)
        for entry in invoice.lines
        if entry.stream is Stream.CANCELLATION
    )
    assert told - cancelled == -sum(x.amount_milli for x in lines if x.quantity < 0)


def test_the_credit_notes_of_the_whole_file_tie_to_the_penny(source, invoices):
    notes = match_credits(invoices)
    assert len(notes) == 2_554
    cancelled = sum(
        entry.line.amount_milli
        for invoice in invoices
        for entry in invoice.lines
        if entry.stream is Stream.CANCELLATION
    )
    told = sum(map(given_milli, notes)) - cancelled
    assert Decimal(-told) / MILLI_PER_POUND == control_total(source.path).credits
    assert all(claim.amount_milli % MILLI_PER_MINOR == 0 for note in notes for claim in note.claims)
    planned = [one.line.number for note in notes for one in note.goods]
    planned += list({claim.line.number for note in notes for claim in note.claims} - set(planned))
    assert len(planned) == len(set(planned)) == 5_847 - 280


def test_what_the_credit_notes_of_the_whole_file_are(invoices):
    notes = match_credits(invoices)
    goods = [one for note in notes for one in note.goods]
    kinds = Counter(
        "matched" if not one.excess else "over" if one.is_over else "never bought" for one in goods
    )
    assert kinds == {"matched": 4_130, "never bought": 968, "over": 42}
    claims = Counter((c.kind, bool(c.sale)) for note in notes for c in note.claims)
    assert claims == {
        ("appeasement", True): 308,
        ("appeasement", False): 42,
        ("shipping", True): 20,
        ("fee", True): 69,
        ("booked", False): 158,
    }
