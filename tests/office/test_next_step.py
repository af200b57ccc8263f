"""The one thing to do next on an order: a table of what may be the matter."""

import pytest

from crosslane.apps.office.next_step import Matter, NextStep, ReturnMatter, next_step

R = "R00001T-8"
ANYTHING = "*"
CASES = [
    (Matter(), ANYTHING, None),
    (Matter(stops=frozenset({"gathering"})), ANYTHING, None),
    (Matter(stops=frozenset({"exchange"})), ANYTHING, None),
    (Matter(stops=frozenset({"payment"})), ANYTHING, NextStep("resolve_payment")),
    (Matter(stops=frozenset({"address"})), ANYTHING, NextStep("fix_address")),
    (Matter(stops=frozenset({"manual"})), ANYTHING, NextStep("resolve_stop")),
    # Fraud before all else, but it is not for everybody.
    (Matter(stops=frozenset({"payment", "fraud"})), ANYTHING, NextStep("decide_fraud")),
    (
        Matter(stops=frozenset({"payment", "fraud"})),
        "orders:resolve_payment",
        NextStep("resolve_payment"),
    ),
    (Matter(stops=frozenset({"fraud"})), "orders:amend", None),
    (Matter(waiting=2), ANYTHING, NextStep("find_stock")),
    (Matter(waiting=2, rejected=True), ANYTHING, NextStep("offer_again")),
    (Matter(rejected=True), ANYTHING, None),
    (
        Matter(stops=frozenset({"address"}), waiting=1, rejected=True, money_refused=True),
        ANYTHING,
        NextStep("fix_address"),
    ),
    (Matter(waiting=1, rejected=True, money_refused=True), ANYTHING, NextStep("offer_again")),
    (Matter(money_refused=True), ANYTHING, NextStep("retry_money")),
    (Matter(money_refused=True), "orders:read", None),
    (Matter(returns=[ReturnMatter(R, "closed")]), ANYTHING, None),
    (Matter(returns=[ReturnMatter(R, "authorized")]), ANYTHING, None),
    (Matter(returns=[ReturnMatter(R, "requested")]), ANYTHING, NextStep("authorize_return", R)),
    (Matter(returns=[ReturnMatter(R, "in_transit")]), ANYTHING, NextStep("receive_return", R)),
    (Matter(returns=[ReturnMatter(R, "received")]), ANYTHING, NextStep("grade_return", R)),
    (Matter(returns=[ReturnMatter(R, "graded")]), ANYTHING, NextStep("settle_return", R)),
    (Matter(returns=[ReturnMatter(R, "graded", held=True)]), ANYTHING, NextStep("clear_return", R)),
    (Matter(returns=[ReturnMatter(R, "graded", held=True)]), "returns:settle", None),
    (
        Matter(money_refused=True, returns=[ReturnMatter(R, "requested")]),
        ANYTHING,
        NextStep("retry_money"),
    ),
]


@pytest.mark.parametrize(("matter", "permission", "wanted"), CASES)
def test_the_gravest_thing_that_the_viewer_may_do_comes_first(matter, permission, wanted):
    def may(asked: str) -> bool:
        return permission in (ANYTHING, asked)

    assert next_step(matter, may) == wanted
