"""Folding: the same operations make the same cart, whatever happens on the way."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.carts.domain import (
    LINES_MAX,
    AddLine,
    Cart,
    ChangeLine,
    Operation,
    Option,
    RemoveLine,
    SetAddress,
    SetBuyer,
    SetCoupon,
    SetOption,
    SetTender,
    fold,
)

SPACE = UUID("2b0b7d0e-6a3c-4f0f-9b53-2f3d6f0e7a11")
NOW = datetime(2011, 1, 4, tzinfo=UTC)


def named(name: str) -> UUID:
    return uuid5(SPACE, name)


def operations(*steps, actor: str = "customer:1") -> list[Operation]:
    """Operations of one author who sees each before making the next."""
    return [Operation(named(f"{n} {step}"), n, actor, step) for n, step in enumerate(steps)]


MUG, CUP = named("mug"), named("cup")
ids = st.integers(0, 3).map(lambda n: named(f"line {n}"))
changes = st.one_of(
    st.builds(AddLine, ids, st.sampled_from(["MUG", "CUP"]), st.integers(1, 9)),
    st.builds(ChangeLine, ids, st.integers(1, 9)),
    st.builds(RemoveLine, ids),
    st.builds(SetAddress, ids, ids),
    st.builds(SetBuyer, ids),
    st.builds(SetOption, st.sampled_from(["ship", "pickup"]), st.none() | ids),
    st.builds(SetCoupon, st.sampled_from(["A", "B"]), st.booleans()),
    st.builds(
        SetTender, ids, st.just("card"), st.none() | st.integers(0, 9), dropped=st.booleans()
    ),
)
edits = st.lists(
    st.builds(Operation, st.uuids(), st.integers(0, 12), st.sampled_from("ab"), changes),
    max_size=25,
    unique_by=lambda each: each.id,
)


@given(edits, st.data())
def test_order_and_repetition_do_not_matter(made, data):
    shuffled = data.draw(st.permutations(made + made[: len(made) // 2]))
    assert fold(shuffled) == fold(made)


@given(edits, st.data())
def test_two_places_that_exchange_their_operations_agree(made, data):
    split = data.draw(st.integers(0, len(made)))
    here, there = made[:split], made[split:]
    assert fold(here + there) == fold(there + here)
    assert fold(made).version == len(made)


@given(edits)
def test_no_removed_line_comes_back_and_every_line_was_added(made):
    contents = fold(made)
    added = {each.change.line_id for each in made if isinstance(each.change, AddLine)}
    assert {line.id for line in contents.lines} <= added
    in_order = sorted(made, key=lambda each: (each.base_version, each.id))
    for place, each in enumerate(in_order):
        before = fold(in_order[:place])
        if isinstance(each.change, RemoveLine) and each.change.line_id in {
            line.id for line in before.lines
        }:
            assert each.change.line_id not in {line.id for line in contents.lines}


def test_one_author_builds_a_cart_step_by_step():
    contents = fold(
        operations(
            AddLine(MUG, "MUG", 2),
            AddLine(CUP, "CUP", 1),
            ChangeLine(MUG, 3),
            SetOption("ship", service="express"),
            SetOption("pickup", CUP, "S001"),
            SetCoupon("SPRING"),
            SetTender(named("t"), "card", 500, "tok", "fake"),
        )
    )
    assert [(line.sku, line.quantity) for line in contents.lines] == [("MUG", 3), ("CUP", 1)]
    assert (contents.option, contents.service) == (Option("ship"), "express")
    assert contents.lines[1].option == Option("pickup", "S001")
    assert (contents.coupons, contents.tenders[0].minor) == (("SPRING",), 500)


@pytest.mark.parametrize(
    ("steps", "ignored"),
    [
        ([ChangeLine(MUG, 2)], "line-unknown"),
        ([RemoveLine(MUG)], "line-unknown"),
        ([AddLine(MUG, "MUG", 1), AddLine(MUG, "CUP", 1)], "line-exists"),
        ([AddLine(MUG, "MUG", 1), RemoveLine(MUG), AddLine(MUG, "MUG", 1)], "line-removed"),
        ([AddLine(MUG, "MUG", 1), RemoveLine(MUG), ChangeLine(MUG, 3)], "line-removed"),
        (
            [AddLine(named(str(n)), "MUG", 1) for n in range(LINES_MAX + 1)],
            "too-many-lines",
        ),
    ],
)
def test_an_operation_that_can_do_nothing_says_why(steps, ignored):
    made = operations(*steps)
    assert fold(made).ignored == ((made[-1].id, ignored),)


def test_of_two_who_did_not_know_of_each_other_the_same_one_wins_everywhere():
    first = operations(AddLine(MUG, "MUG", 1))
    ann = Operation(UUID(int=1), 1, "staff:ann", ChangeLine(MUG, 5))
    bob = Operation(UUID(int=2), 1, "staff:bob", ChangeLine(MUG, 7))
    assert fold([*first, ann, bob]) == fold([bob, ann, *first])
    assert fold([*first, ann, bob]).lines[0].quantity == 7


def test_who_has_seen_more_is_folded_later():
    steps = operations(AddLine(MUG, "MUG", 1), ChangeLine(MUG, 2), ChangeLine(MUG, 3))
    assert fold(reversed(steps)).lines[0].quantity == 3


def test_the_buyer_is_whoever_is_named_or_else_whose_address_it_is():
    ann, bob, home = named("ann"), named("bob"), named("home")
    contents = fold(operations(SetAddress(home, ann)))
    assert (contents.buyer_id, contents.address_id) == (ann, home)
    assert fold(operations(SetBuyer(bob), SetAddress(home, ann))).buyer_id == bob


def test_coupons_and_tenders_can_be_taken_back():
    contents = fold(
        operations(
            SetCoupon("A"),
            SetCoupon("B"),
            SetCoupon("A", dropped=True),
            SetTender(MUG, "card"),
            SetTender(MUG, "card", dropped=True),
        )
    )
    assert (contents.coupons, contents.tenders) == (("B",), ())


def test_time_alone_makes_an_open_cart_an_abandoned_one():
    cart = Cart(
        id=named("cart"),
        channel="web",
        locale="en-GB",
        owner_id=None,
        location_id=None,
        begun_by="customer:1",
        created_at=NOW,
        updated_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
    assert cart.state(NOW) == "open"
    assert cart.state(NOW + timedelta(hours=1)) == "abandoned"
