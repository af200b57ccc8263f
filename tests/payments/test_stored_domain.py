"""Stored value and refunds by the rules alone: codes, validity, destinations, sums."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import NUMBER_ALPHABET, Refusal
from crosslane.payments import errors
from crosslane.payments.domain import (
    Account,
    AccountKind,
    Deed,
    Method,
    Operation,
    OperationState,
    Outcome,
    Refunds,
    RefundTo,
    State,
    StoredValue,
    Tender,
    Terms,
    code_of,
    conclude,
    expiry_of,
    given_back,
    learn,
    plain_code,
    plan_refunds,
    refuse_cash,
    refuse_load,
    refuse_use,
    set_aside,
)
from crosslane.payments.domain.stored import months_after

NOW = datetime(2011, 1, 4, 12, tzinfo=UTC)
STORE = UUID(int=9)
CARD = Account(
    id=UUID(int=1),
    kind=AccountKind.GIFT_CARD,
    entity_id=UUID(int=2),
    channel_id=UUID(int=3),
    currency="GBP",
    balance_minor=1000,
    held_minor=300,
)


def tender(number: int, method: Method, captured: int, **changes) -> Tender:
    stored = method is Method.STORED_VALUE
    return Tender(
        **{
            "id": UUID(int=number),
            "order_id": UUID(int=100),
            "channel_id": UUID(int=3),
            "sequence": number,
            "method": method,
            "terms": Terms.PREPAID,
            "currency": "GBP",
            "amount_minor": max(1, captured),
            "state": State.AUTHORIZED,
            "authorized_minor": captured,
            "captured_minor": captured,
            "stored_account": CARD.id if stored else None,
        }
        | changes
    )


@given(st.binary(min_size=16, max_size=40))
def test_a_code_is_sixteen_characters_and_read_however_it_is_typed(random):
    code = code_of(random)
    plain = code.replace("-", "")
    assert len(plain) == 16
    assert plain_code(code) == plain_code(code.lower().replace("-", " ")) == plain
    assert plain_code(plain.replace("0", "O").replace("1", "l")) == plain


@given(st.binary(min_size=16, max_size=16), st.integers(0, 15), st.sampled_from(NUMBER_ALPHABET))
def test_one_wrong_character_makes_no_code(random, place, other):
    plain = code_of(random).replace("-", "")
    typed = plain[:place] + other + plain[place + 1 :]
    assert plain_code(typed) == (plain if typed == plain else None)


@pytest.mark.parametrize("typed", ["", "7K3M", "é" * 16, "7" * 65, "7K3M-Q2WX-9HTB-4FZ!"])
def test_what_can_be_no_code_is_none(typed):
    assert plain_code(typed) is None


@pytest.mark.parametrize(
    ("account", "minor", "refusal"),
    [
        ({}, 700, None),
        ({}, 701, errors.StoredValueTooLow),
        ({"blocked": True}, 1, errors.StoredValueBlocked),
        ({"expires_at": NOW}, 1, errors.StoredValueExpired),
        ({"currency": "EUR"}, 1, errors.WrongStoredCurrency),
        ({"balance_minor": -5}, 1, errors.StoredValueTooLow),
    ],
)
def test_only_what_is_free_and_valid_is_taken(account, minor, refusal):
    found = refuse_use(msgspec.structs.replace(CARD, **account), "GBP", minor, NOW)
    assert (type(found) if found else None) is refusal


def test_a_gift_card_holds_no_more_than_the_policy_says_and_store_credit_any_amount():
    rules = StoredValue(balance_minor_max=1500)
    assert refuse_load(CARD, 500, rules, NOW) is None
    assert isinstance(refuse_load(CARD, 501, rules, NOW), errors.StoredValueTooHigh)
    credit = msgspec.structs.replace(CARD, kind=AccountKind.STORE_CREDIT)
    assert refuse_load(credit, 10**6, rules, NOW) is None


@pytest.mark.parametrize(
    ("rules", "until"),
    [
        (StoredValue(), None),
        (StoredValue(gift_card_months=24), "2013-01-05T00:00:00+00:00"),
        (StoredValue(gift_card_months=36, to_year_end=True), "2015-01-01T00:00:00+00:00"),
    ],
)
def test_validity_ends_with_a_day_of_the_market(rules, until):
    found = expiry_of(AccountKind.GIFT_CARD, rules, NOW, "Europe/London")
    assert (found.isoformat() if found else None) == until


def test_the_31st_and_a_month_without_one():
    assert months_after(date(2011, 1, 31), 1) == date(2011, 2, 28)
    assert months_after(date(2011, 12, 31), 1) == date(2012, 1, 31)
    assert months_after(date(2012, 2, 29), 12) == date(2013, 2, 28)


def test_money_that_comes_back_to_what_has_run_out_can_be_used_for_a_while():
    spent = msgspec.structs.replace(CARD, balance_minor=0, held_minor=0, expires_at=NOW)
    back = given_back(spent, 400, StoredValue(returned_days=30), NOW)
    assert back.balance_minor == 400
    assert refuse_use(back, "GBP", 400, NOW) is None
    assert given_back(CARD, 400, StoredValue(), NOW).expires_at is None


CASH = RefundTo(method="cash", location_id=STORE)
CREDIT = RefundTo(method="stored_value", account=UUID(int=77))


def parts(shares) -> list[tuple[int, int, str]]:
    return [(s.payment_id.int, s.minor, s.to.method if s.to else "") for s in shares]


def test_stored_value_is_given_back_first_then_the_last_tender():
    tenders = [
        tender(1, Method.STORED_VALUE, 300),
        tender(2, Method.CARD, 500),
        tender(3, Method.CARD, 200),
    ]
    assert parts(plan_refunds(tenders, 600)) == [(1, 300, ""), (3, 200, ""), (2, 100, "")]


def test_no_stored_money_turns_into_cash():
    tenders = [tender(1, Method.CASH, 500), tender(2, Method.STORED_VALUE, 300)]
    assert parts(plan_refunds(tenders, 400, CASH)) == [(2, 300, ""), (1, 100, "cash")]


def test_card_money_is_given_in_cash_only_where_the_policy_lets_it():
    tenders = [tender(1, Method.CASH, 100), tender(2, Method.CARD, 500)]
    assert parts(plan_refunds(tenders, 100, CASH)) == [(1, 100, "cash")]
    refusal = plan_refunds(tenders, 101, CASH)
    assert isinstance(refusal, errors.RefundNotTurned)
    assert (refusal.details["method"], refusal.details["free_minor"]) == ("card", 100)
    lets = Refunds(cash_from=("card", "cash"))
    assert parts(plan_refunds(tenders, 101, CASH, lets)) == [(2, 101, "cash")]
    assert isinstance(plan_refunds(tenders, 601, CASH, lets), errors.RefundAboveCaptured)


def test_what_has_happened_is_booked_as_it_was():
    tenders = [tender(1, Method.STORED_VALUE, 300), tender(2, Method.CARD, 500)]
    shares = plan_refunds(tenders, 700, CASH, happened=True)
    assert parts(shares) == [(2, 500, "cash"), (1, 200, "cash")]


def test_cash_is_limited_per_refund_and_per_day():
    rules = Refunds(cash_refund_minor_max=100, cash_day_minor_max=250)
    assert refuse_cash(100, 150, rules) is None
    assert isinstance(refuse_cash(101, 0, rules), errors.CashRefundTooHigh)
    assert isinstance(refuse_cash(100, 151, rules), errors.CashDayUsedUp)


tenders_of_an_order = st.lists(
    st.tuples(st.sampled_from(Method), st.integers(0, 900), st.integers(0, 100)),
    min_size=1,
    max_size=6,
)
destinations = st.sampled_from([None, CASH, CREDIT])
policies = st.builds(
    Refunds,
    cash_from=st.lists(st.sampled_from(["card", "cash"]), max_size=2).map(tuple),
    stored_value_from=st.lists(st.sampled_from(["card", "cash", "marketplace"]), max_size=3).map(
        tuple
    ),
)


@given(tenders_of_an_order, st.integers(1, 6000), destinations, policies, st.booleans())
def test_a_refund_is_spread_exactly_and_never_above_what_a_tender_has(
    drawn, minor, to, rules, happened
):
    tenders = [
        tender(n, method, captured + back, refunded_minor=back)
        for n, (method, captured, back) in enumerate(drawn, start=1)
    ]
    by_id = {t.id: t for t in tenders}
    free = sum(t.refundable_minor for t in tenders)
    planned = plan_refunds(tenders, minor, to, rules, happened=happened)
    if isinstance(planned, Refusal):
        if minor <= free:
            assert isinstance(planned, errors.RefundNotTurned)
            # As much as it says may be turned indeed may be.
            most = planned.details["free_minor"]
            assert most < minor
            if most:
                assert not isinstance(plan_refunds(tenders, most, to, rules), Refusal)
        else:
            assert isinstance(planned, errors.RefundAboveCaptured)
        return
    assert sum(share.minor for share in planned) == minor <= free
    assert len({share.payment_id for share in planned}) == len(planned)
    for share in planned:
        source = by_id[share.payment_id]
        assert 1 <= share.minor <= source.refundable_minor
        if happened or share.to is None:
            continue
        allowed = rules.cash_from if share.to.method == "cash" else rules.stored_value_from
        assert source.method in allowed


steps = st.lists(
    st.tuples(
        st.sampled_from(
            [Deed.CAPTURE, Deed.REFUND, Deed.VOID, Deed.CHARGEBACK, Deed.CHARGEBACK_WON]
        ),
        st.integers(1, 400),
        st.sampled_from([OperationState.DONE, OperationState.FAILED, None]),
    ),
    max_size=20,
)


@given(steps)
def test_whatever_happens_to_a_tender_its_money_adds_up(drawn):
    """Captured = refunded + refunding + charged back + refundable - beyond, and none is negative.

    A step with no state stays under way.
    """
    now = tender(1, Method.CARD, 0, amount_minor=1000, authorized_minor=1000)
    for number, (deed, minor, state) in enumerate(drawn):
        most = {
            Deed.CAPTURE: now.capturable_minor,
            Deed.VOID: now.capturable_minor,
            Deed.REFUND: now.refundable_minor,
            Deed.CHARGEBACK: 10**6,
            Deed.CHARGEBACK_WON: now.charged_back_minor,
        }[deed]
        if minor > most:
            continue
        operation = Operation(
            id=UUID(int=number),
            payment_id=now.id,
            order_id=now.order_id,
            deed=deed,
            minor=minor,
            cause_kind="test",
            cause_id=str(number),
            at=NOW,
        )
        now = set_aside(now, operation)
        if deed in (Deed.CHARGEBACK, Deed.CHARGEBACK_WON):
            state = OperationState.DONE
        if state is not None:
            done = learn(operation, Outcome(state))
            assert done is not None
            now = conclude(now, done)
        gone = now.refunded_minor + now.refunding_minor + now.charged_back_minor
        assert now.captured_minor == gone + now.refundable_minor - now.beyond_minor
        assert min(now.refundable_minor, now.beyond_minor) == 0
        assert now.refunded_minor + now.refunding_minor <= now.captured_minor
        assert now.captured_minor + now.voided_minor <= now.authorized_minor
