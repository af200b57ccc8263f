"""The life of a tender without a database: sharing, setting aside, learning, giving back."""

from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import Refusal
from crosslane.payments import domain
from crosslane.payments.domain import (
    Credit,
    Deed,
    Method,
    NewTender,
    Operation,
    OperationState,
    Outcome,
    State,
    Tender,
    Terms,
)
from crosslane.payments.errors import (
    BadTender,
    BadTenderAmount,
    CaptureAboveAuthorized,
    CardNumberRefused,
    CreditBlocked,
    CreditLimitReached,
    NoCreditAccount,
    PaymentUndecided,
    RefundAboveCaptured,
    SettlementAboveDue,
    VoidAboveAuthorized,
)

ORDER, CUSTOMER, CHANNEL = (UUID(int=n) for n in (1, 2, 3))
NOON = datetime(2011, 1, 4, 12, tzinfo=UTC)
DONE, FAILED = Outcome(OperationState.DONE, "ref"), Outcome(OperationState.FAILED, reason="no")
GIVEN_UP = Outcome(OperationState.UNRESOLVED, reason="silent")


def new(method=Method.CARD, terms=Terms.PER_PARCEL, minor=1000, **other) -> NewTender:
    if method is Method.CARD and terms is not Terms.TAKEN:
        other = {"provider": "house", "token": "tok_1"} | other
    if method is Method.ON_ACCOUNT:
        other = {"credit_account": CUSTOMER} | other
    return NewTender(
        order_id=ORDER,
        channel_id=CHANNEL,
        method=method,
        terms=terms,
        currency="GBP",
        minor=minor,
        at=NOON,
        **other,
    )


def tender(sequence=1, authorized=1000, **other) -> Tender:
    return Tender(
        id=UUID(int=100 + sequence),
        order_id=ORDER,
        channel_id=CHANNEL,
        sequence=sequence,
        method=Method.CARD,
        currency="GBP",
        amount_minor=max(authorized, 1),
        provider="house",
        state=State.AUTHORIZED,
        authorized_minor=authorized,
        **{"terms": Terms.PER_PARCEL} | other,
    )


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (new(), None),
        (new(Method.ON_ACCOUNT), None),
        (new(Method.CASH, Terms.AT_COLLECTION), None),
        (new(Method.CARD, Terms.TAKEN), None),
        (new(Method.MARKETPLACE, Terms.TAKEN), None),
        (new(minor=0), BadTenderAmount),
        (new(minor=10**13 + 1), BadTenderAmount),
        (new(token=""), BadTender),
        (new(token="4242 4242 4242 4242"), CardNumberRefused),
        (new(token="4242424242424241"), None),
        (new(provider=""), BadTender),
        (new(credit_account=CUSTOMER), BadTender),
        (new(Method.ON_ACCOUNT, credit_account=None), BadTender),
        (new(Method.CASH, provider="house"), BadTender),
        (new(Method.MARKETPLACE, Terms.PREPAID), BadTender),
    ],
)
def test_a_tender_must_make_sense(asked, refusal):
    answer = domain.refuse_tender(asked)
    assert answer is None if refusal is None else isinstance(answer, refusal)


ACCOUNT = Credit(CUSTOMER, "GBP", limit_minor=5000, used_minor=4200, terms_days=30, blocked=False)


@pytest.mark.parametrize(
    ("account", "asked", "answer"),
    [
        (ACCOUNT, new(Method.ON_ACCOUNT, minor=800), 5000),
        (ACCOUNT, new(Method.ON_ACCOUNT, minor=801), CreditLimitReached),
        (ACCOUNT, new(Method.ON_ACCOUNT, Terms.TAKEN, minor=801), 5001),
        (None, new(Method.ON_ACCOUNT), NoCreditAccount),
        (msgspec.structs.replace(ACCOUNT, currency="EUR"), new(minor=1), NoCreditAccount),
        (msgspec.structs.replace(ACCOUNT, blocked=True), new(minor=1), CreditBlocked),
    ],
)
def test_credit_is_taken_up_to_its_limit(account, asked, answer):
    taken = domain.take_credit(account, asked)
    if isinstance(answer, int):
        assert isinstance(taken, Credit)
        assert taken.used_minor == answer
    else:
        assert isinstance(taken, answer)


def test_captures_empty_the_first_tender_first_and_refunds_the_last():
    first, second = tender(1, 300), tender(2, 700)
    assert [(s.payment_id, s.minor) for s in domain.plan_captures([second, first], 500)] == [
        (first.id, 300),
        (second.id, 200),
    ]
    taken = [tender(1, 300, captured_minor=300), tender(2, 700, captured_minor=200)]
    assert [(s.payment_id, s.minor) for s in domain.plan_refunds(taken, 400)] == [
        (taken[1].id, 200),
        (taken[0].id, 200),
    ]
    assert [(s.payment_id, s.minor) for s in domain.plan_voids([first, second], 800)] == [
        (second.id, 700),
        (first.id, 100),
    ]
    assert [s.minor for s in domain.plan_voids(taken, None)] == [500]


def test_more_than_there_is_is_refused_whole():
    both = [tender(1, 300), tender(2, 700, captured_minor=100)]
    assert isinstance(domain.plan_captures(both, 901), CaptureAboveAuthorized)
    assert isinstance(domain.plan_refunds(both, 101), RefundAboveCaptured)
    assert isinstance(domain.plan_voids(both, 901), VoidAboveAuthorized)
    undecided = msgspec.structs.replace(both[0], state=State.PENDING, authorized_minor=0)
    assert isinstance(domain.plan_captures([undecided, both[1]], 1), PaymentUndecided)


@pytest.mark.parametrize(
    ("deed", "minor", "refusal"),
    [
        (Deed.CAPTURE, 600, None),
        (Deed.CAPTURE, 601, CaptureAboveAuthorized),
        (Deed.CAPTURE, 0, CaptureAboveAuthorized),
        (Deed.REFUND, 250, None),
        (Deed.REFUND, 251, RefundAboveCaptured),
        (Deed.VOID, 601, VoidAboveAuthorized),
        (Deed.SETTLE, 1, SettlementAboveDue),
    ],
)
def test_one_tender_gives_no_more_than_it_has(deed, minor, refusal):
    one = tender(1, 1000, captured_minor=300, refunded_minor=50, capturing_minor=100)
    answer = domain.refuse_deed(one, deed, minor)
    assert answer is None if refusal is None else isinstance(answer, refusal)


def operation(deed=Deed.CAPTURE, minor=100, state=OperationState.REQUESTED) -> Operation:
    return Operation(
        id=UUID(int=9),
        payment_id=UUID(int=101),
        order_id=ORDER,
        deed=deed,
        minor=minor,
        cause_kind="test",
        cause_id="1",
        at=NOON,
        state=state,
    )


@pytest.mark.parametrize(
    ("state", "outcome", "after"),
    [
        (OperationState.REQUESTED, DONE, OperationState.DONE),
        (OperationState.REQUESTED, FAILED, OperationState.FAILED),
        (OperationState.REQUESTED, GIVEN_UP, OperationState.UNRESOLVED),
        (OperationState.UNRESOLVED, DONE, OperationState.DONE),
        (OperationState.UNRESOLVED, FAILED, OperationState.FAILED),
        (OperationState.UNRESOLVED, GIVEN_UP, None),
        *(
            (known, outcome, None)
            for known in (OperationState.DONE, OperationState.FAILED)
            for outcome in (DONE, FAILED, GIVEN_UP)
        ),
    ],
)
def test_an_operation_learns_each_thing_once(state, outcome, after):
    learned = domain.learn(operation(state=state), outcome)
    assert (learned.state if learned else None) is after


def test_money_that_arrives_after_the_end_goes_back():
    pending = msgspec.structs.replace(tender(1, 0), state=State.PENDING)
    asked = operation(Deed.AUTHORIZE, 1000)
    silent = domain.learn(asked, GIVEN_UP)
    assert silent is not None
    declined = domain.conclude(pending, silent)
    assert (declined.state, declined.abandoned) == (State.DECLINED, True)
    late = domain.learn(silent, DONE)
    assert late is not None
    arrived = domain.conclude(declined, late)
    assert [(f.deed, f.minor) for f in domain.following(arrived)] == [(Deed.VOID, 1000)]
    on_its_way = domain.set_aside(arrived, operation(Deed.VOID, 1000))
    assert domain.following(on_its_way) == []


def test_prepaid_follows_its_authorization_once():
    paid = tender(1, 1000, terms=Terms.PREPAID)
    assert [(f.deed, f.minor) for f in domain.following(paid)] == [(Deed.CAPTURE, 1000)]
    assert domain.following(domain.set_aside(paid, operation(Deed.CAPTURE, 1000))) == []


def test_money_on_account_is_due_by_its_terms():
    owed = msgspec.structs.replace(
        tender(1, 1000), method=Method.ON_ACCOUNT, credit_account=CUSTOMER, terms_days=30
    )
    assert domain.due_on(owed, operation()) == date(2011, 2, 3)
    assert domain.due_on(owed, operation(Deed.REFUND)) is None
    done = operation(Deed.SETTLE, state=OperationState.DONE)
    assert domain.credit_change(owed, done) == -100
    assert domain.credit_change(owed, msgspec.structs.replace(done, deed=Deed.CAPTURE)) == 0


class Book:
    """The tenders of one order and what the provider has really done, kept apart."""

    def __init__(self, amounts: list[int], terms: Terms) -> None:
        self.numbers = count(1)
        self.tenders: dict[UUID, Tender] = {}
        self.open: list[Operation] = []
        self.provider: dict[tuple[UUID, Deed], int] = {}
        for sequence, minor in enumerate(amounts, start=1):
            fresh = msgspec.structs.replace(
                tender(sequence, 0, terms=terms), state=State.PENDING, amount_minor=minor
            )
            self.tenders[fresh.id] = fresh
            self.ask(fresh.id, Deed.AUTHORIZE, minor)

    def ask(self, payment_id: UUID, deed: Deed, minor: int) -> None:
        asked = msgspec.structs.replace(
            operation(deed, minor), id=UUID(int=1000 + next(self.numbers)), payment_id=payment_id
        )
        self.tenders[payment_id] = domain.set_aside(self.tenders[payment_id], asked)
        self.open.append(asked)

    def answer(self, position: int, outcome: Outcome, times: int) -> None:
        known = self.open[position]
        if outcome.state is OperationState.DONE and known.state not in (
            OperationState.DONE,
            OperationState.FAILED,
        ):
            key = known.payment_id, known.deed
            self.provider[key] = self.provider.get(key, 0) + known.minor
        for _ in range(times):
            learned = domain.learn(self.open[position], outcome)
            if learned is None:
                continue
            self.open[position] = learned
            changed = domain.conclude(self.tenders[learned.payment_id], learned)
            self.tenders[changed.id] = changed
            if learned.state is OperationState.DONE:
                for deed in domain.following(changed):
                    self.ask(changed.id, deed.deed, deed.minor)

    def check(self) -> None:
        for one in self.tenders.values():
            for deed, minor in {
                Deed.AUTHORIZE: one.authorized_minor,
                Deed.CAPTURE: one.captured_minor,
                Deed.REFUND: one.refunded_minor,
                Deed.VOID: one.voided_minor,
            }.items():
                assert minor == self.provider.get((one.id, deed), 0)
            assert 0 <= one.authorized_minor <= one.amount_minor
            assert one.capturable_minor >= 0
            assert one.refundable_minor >= 0
            assert min(one.capturing_minor, one.refunding_minor, one.voiding_minor) >= 0


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("answer"), st.integers(0, 30), st.sampled_from([DONE, DONE, FAILED, GIVEN_UP])
        ),
        st.tuples(st.sampled_from(["capture", "refund", "void"]), st.integers(1, 3000), st.none()),
        st.tuples(st.just("abandon"), st.none(), st.none()),
    ),
    max_size=40,
)
PLANS = {
    "capture": (domain.plan_captures, Deed.CAPTURE),
    "refund": (domain.plan_refunds, Deed.REFUND),
    "void": (domain.plan_voids, Deed.VOID),
}


@given(
    amounts=st.lists(st.integers(1, 1000), min_size=1, max_size=4),
    terms=st.sampled_from([Terms.PREPAID, Terms.PER_PARCEL]),
    steps=STEPS,
    times=st.integers(1, 3),
)
def test_minor_units_are_conserved_whatever_happens(amounts, terms, steps, times):
    book = Book(amounts, terms)
    for what, number, outcome in steps:
        if what == "answer":
            book.answer(number % len(book.open), outcome, times)
        elif what == "abandon":
            for one in book.tenders.values():
                book.tenders[one.id] = off = msgspec.structs.replace(one, abandoned=True)
                for deed in domain.following(off):
                    book.ask(one.id, deed.deed, deed.minor)
        else:
            plan, deed = PLANS[what]
            shares = plan(book.tenders.values(), number)
            if not isinstance(shares, Refusal):
                assert sum(share.minor for share in shares) == number
                assert all(share.minor > 0 for share in shares)
                for share in shares:
                    book.ask(share.payment_id, deed, share.minor)
        book.check()


@given(
    amounts=st.lists(st.integers(1, 1000), min_size=1, max_size=4),
    parts=st.lists(st.integers(1, 500), min_size=1, max_size=12),
)
def test_n_captures_over_k_tenders_make_at_most_n_plus_k_minus_1_calls(amounts, parts):
    tenders = {t.id: t for t in (tender(n, minor) for n, minor in enumerate(amounts, start=1))}
    calls = captures = 0
    for minor in parts:
        shares = domain.plan_captures(tenders.values(), minor)
        if isinstance(shares, Refusal):
            continue
        captures += 1
        calls += len(shares)
        for share in shares:
            one = tenders[share.payment_id]
            tenders[one.id] = msgspec.structs.replace(
                one, captured_minor=one.captured_minor + share.minor
            )
    assert calls <= captures + len(amounts) - 1 or captures == 0


@given(
    amounts=st.lists(st.integers(1, 1000), min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_an_abandoned_order_ends_with_nothing_taken(amounts, order):
    book = Book(amounts, Terms.PREPAID)
    for _ in range(order.randrange(4)):
        book.answer(order.randrange(len(book.open)), DONE, 2)
    for one in list(book.tenders.values()):
        book.tenders[one.id] = off = msgspec.structs.replace(one, abandoned=True)
        for deed in domain.following(off):
            book.ask(one.id, deed.deed, deed.minor)
    for _ in range(100):
        waiting = [n for n, o in enumerate(book.open) if o.state is OperationState.REQUESTED]
        if not waiting:
            break
        book.answer(order.choice(waiting), DONE, 2)
    book.check()
    for one in book.tenders.values():
        assert one.captured_minor == one.refunded_minor
        assert one.authorized_minor == one.captured_minor + one.voided_minor
