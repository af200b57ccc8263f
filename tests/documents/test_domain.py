from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.documents.domain import (
    Amount,
    Issue,
    Named,
    Reference,
    corrected,
    is_issued,
    kept_until,
    kind_of,
    lines_of,
    seller_of,
    taxes_of,
)
from crosslane.organization import Entity, VatNumber

money = st.integers(-(10**9), 10**9)
amounts = st.lists(
    st.builds(
        Amount,
        ref_id=st.integers(0, 5).map(lambda n: UUID(int=n)),
        quantity=st.integers(1, 50),
        net_minor=money,
        tax_minor=money,
        tax_rate_bp=st.sampled_from((0, 500, 1750, 2000)),
        jurisdiction=st.sampled_from(("GB", "IE")),
    ),
    max_size=12,
    unique_by=lambda amount: amount.ref_id,
)


@given(amounts)
def test_a_document_says_exactly_what_its_cause_says_and_never_less_than_nothing(told):
    kind = kind_of(told)
    if kind is None:
        assert all(one.net_minor == one.tax_minor == 0 for one in told)
        return
    lines = lines_of(kind, told, {})
    taxes = taxes_of(lines)
    sign = -1 if kind == "credit_note" else 1
    for field in ("net_minor", "tax_minor"):
        due = sign * sum(getattr(one, field) for one in told)
        assert sum(getattr(line, field) for line in lines) == due
        assert sum(getattr(tax, field) for tax in taxes) == due
    assert sum(line.net_minor + line.tax_minor for line in lines) >= 0
    assert len({(tax.jurisdiction, tax.tax_rate_bp) for tax in taxes}) == len(taxes)


def amount(n: int, net: int = 100, units: int = 1, kind: str = "") -> Amount:
    return Amount(
        ref_id=UUID(int=n),
        quantity=units,
        net_minor=net,
        tax_minor=net // 5,
        tax_rate_bp=2000,
        jurisdiction="GB",
        charge_kind=kind,
    )


def test_units_of_a_line_from_two_places_are_one_line_and_charges_come_last():
    names = {UUID(int=n): Named(n, f"title {n}") for n in (1, 2)}
    told = [amount(9, 10, 0, "shipping"), amount(2), amount(1, 50, 2), amount(1, 25)]
    lines = lines_of("invoice", told, names)
    assert [(line.ref_id.int, line.quantity, line.net_minor) for line in lines] == [
        (1, 3, 75),
        (2, 1, 100),
        (9, 0, 10),
    ]


def test_a_credit_note_corrects_the_invoices_of_its_lines():
    first, second = Reference("INV-1", date(2026, 1, 2)), Reference("INV-2", date(2026, 1, 3))
    invoices = [(first, frozenset([UUID(int=1)])), (second, frozenset([UUID(int=2)]))]
    of_the_second = lines_of("credit_note", [amount(2, -100)], {})
    of_none = lines_of("credit_note", [amount(7, -100)], {})
    assert corrected(of_the_second, invoices) == [second]
    assert corrected(of_none, invoices) == [first, second]


@pytest.mark.parametrize(
    ("jurisdictions", "numbers"),
    [
        (["GB"], ["GB980780684"]),
        (["GB", "GR"], ["GB980780684", "EL123456783"]),
        (["FR"], ["GB980780684"]),
    ],
)
def test_the_seller_is_named_with_the_numbers_of_the_tax(jurisdictions, numbers):
    entity = Entity(
        id=UUID(int=1),
        code="mf",
        name="Marlow & Finch Ltd",
        country="GB",
        book_currency="GBP",
        vat_numbers=(VatNumber("GB", "980780684"), VatNumber("GR", "123456783")),
    )
    lines = [
        line
        for place in jurisdictions
        for line in lines_of(
            "invoice",
            [
                Amount(
                    ref_id=UUID(int=1),
                    quantity=1,
                    net_minor=1,
                    tax_minor=0,
                    tax_rate_bp=0,
                    jurisdiction=place,
                )
            ],
            {},
        )
    ]
    assert seller_of(entity, lines).vat_numbers == numbers


def test_tills_print_their_own_and_retention_counts_from_the_end_of_the_year():
    assert not is_issued(Issue(), "store")
    assert is_issued(Issue(), "web")
    assert is_issued(Issue("always"), "store")
    assert not is_issued(Issue("never"), "web")
    assert kept_until(date(2026, 2, 28), 10) == date(2036, 12, 31)
