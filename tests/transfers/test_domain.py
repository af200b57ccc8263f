"""Units of a transfer are conserved by every sequence of steps, in whatever order they are told."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import new_id
from crosslane.transfers import domain
from crosslane.transfers.domain import Leaving, Line, Purpose, Transfer, state_of

ID = UUID(int=1)
NOON = datetime(2030, 1, 4, 12, tzinfo=UTC)


def line(requested: int = 10) -> Line:
    return Line(ID, 1, ID, "MUG", requested)


def transfer(*lines: Line) -> Transfer:
    return Transfer(
        id=ID,
        number="T00001T-8",
        source_id=ID,
        destination_id=UUID(int=2),
        owner_id=ID,
        purpose=Purpose.REPLENISH,
        expected_on=date(2030, 1, 6),
        requested_by="staff:1",
        requested_at=NOON,
        changed_at=NOON,
        lines=list(lines),
    )


def send(one: Line, units: int, cost: int | None = 100_000) -> None:
    domain.send(one, [Leaving(new_id(), units, cost)])


def arrive(one: Line, units: int, **more) -> list[tuple[int, int | None]]:
    came = domain.arrive(one, units, besides=new_id(), **more)
    return [(part.quantity, part.cost_milli) for part in came]


steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "arrive", "damage", "withdraw", "write_off"]),
        st.integers(1, 12),
        st.sampled_from([None, 99_999, 100_000, 250_333]),
    ),
    max_size=12,
)


@given(st.integers(0, 20), steps)
def test_any_sequence_of_steps_conserves_units_and_their_worth(requested, told):
    one = line(requested)
    whole = transfer(one)
    left = came = lost = 0
    for step, units, cost in told:
        settled = state_of(whole) == "closed"
        before = whole.transit_minor
        if step == "send":
            send(one, units, cost)
            left += units
        elif step in ("arrive", "damage"):
            parts = arrive(one, units, damaged=step == "damage", settled=settled)
            assert sum(quantity for quantity, _ in parts) == units
            came += units
            lost -= units if settled else 0
            if settled:
                assert whole.transit_minor == before
        elif step == "withdraw":
            domain.withdraw(one, units)
        else:
            lost += domain.write_off(one)
            assert whole.transit_minor == one.on_way == 0
        assert (one.sent, one.arrived, one.written_off) == (left, came, lost)
        assert one.on_way == left - came - lost == sum(piece.left for piece in one.pieces)
        assert not {-1, 1} <= {(p.left > 0) - (p.left < 0) for p in one.pieces}
        assert one.to_send == max(0, one.requested - one.withdrawn - one.sent)
        assert 0 <= one.withdrawn <= one.requested
        assert one.announced >= one.arrived


@given(st.permutations([("send", 4), ("send", 6), ("arrive", 7), ("damage", 3)]))
def test_what_left_and_came_may_be_told_in_any_order(told):
    one = line()
    for step, units in told:
        if step == "send":
            send(one, units)
        else:
            arrive(one, units, damaged=step == "damage")
    assert (one.on_way, one.received, one.damaged) == (0, 7, 3)
    assert state_of(transfer(one)) == "closed"
    assert transfer(one).transit_minor == 0


def test_the_oldest_arrive_first_each_at_its_own_cost():
    one = line()
    send(one, 4, 100)
    send(one, 6, 200)
    assert arrive(one, 5) == [(4, 100), (1, 200)]
    assert arrive(one, 7) == [(5, 200), (2, 200)]
    assert one.on_way == -2


def test_what_turns_up_after_closing_comes_back_from_what_was_written_off():
    one = line()
    send(one, 10)
    arrive(one, 7)
    assert domain.write_off(one) == 3
    assert arrive(one, 5, settled=True) == [(3, 100_000), (2, 100_000)]
    assert (one.on_way, one.received, one.written_off) == (0, 12, -2)
    assert state_of(transfer(one)) == "closed"


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([], "requested"),
        (["withdraw 4"], "requested"),
        (["withdraw 10"], "cancelled"),
        (["send 4"], "sent"),
        (["send 4", "withdraw 6"], "sent"),
        (["send 4", "arrive 4"], "received"),
        (["send 4", "arrive 4", "withdraw 6"], "closed"),
        (["send 10", "arrive 9"], "received"),
        (["send 10", "arrive 9", "write_off"], "closed"),
        (["send 10", "arrive 11"], "received"),
        (["arrive 1"], "received"),
        (["withdraw 10", "send 10"], "sent"),
        (["send 10", "arrive 9", "write_off", "send 1"], "received"),
    ],
)
def test_the_state_is_what_has_become_of_the_units(steps, state):
    one = line()
    for step in steps:
        verb, _, units = step.partition(" ")
        if verb == "write_off":
            domain.write_off(one)
        else:
            {"send": send, "arrive": arrive, "withdraw": domain.withdraw}[verb](one, int(units))
    assert state_of(transfer(one)) == state
