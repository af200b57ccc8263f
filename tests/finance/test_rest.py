"""Finance over HTTP."""

import pytest

from crosslane.platform.lane import Lanes
from tests.api import Api
from tests.finance.conftest import Books
from tests.finance.test_books import till_sale
from tests.orders.world import place

DAY = {"day": "2011-01-05", "channel": "till"}


@pytest.fixture
async def sold(api: Api, books: Books, lanes: Lanes) -> Books:
    """A till sale whose events wait for finance."""
    await place(lanes, books.tenant, till_sale("MUG"))
    return books


async def test_a_day_is_looked_at_and_closed(api: Api, sold: Books):
    manager = await api.staff("manager")
    early = await manager.post("/api/v1/finance/closes", json=DAY)
    assert (early.status_code, early.json()["code"]) == (409, "day-differs")
    await sold.post()
    shown = (await manager.get("/api/v1/finance/days/2011-01-05?channel=till")).json()
    assert (shown["net_sales_minor"], shown["tax_minor"], shown["money_minor"]) == (500, 100, 600)
    assert (shown["difference_minor"], shown["waiting"]) == (0, 0)
    closed = await manager.post("/api/v1/finance/closes", json=DAY)
    assert closed.status_code == 201, closed.text
    assert closed.json()["rows"] == shown["rows"]
    again = await manager.get(f"/api/v1/finance/closes/{closed.json()['id']}")
    assert again.json() == closed.json()
    listed = (await manager.get("/api/v1/finance/closes?channel=till&limit=1")).json()
    assert listed["items"] == [closed.json()]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("days/2011-01-05?channel=nowhere", 404),
        ("days/2011-01-05", 400),
        ("days/yesterday?channel=till", 404),
        ("closes?channel=nowhere", 404),
        ("closes/018f0000-0000-7000-8000-000000000000", 404),
    ],
)
async def test_what_is_not_there(api: Api, books: Books, path, status):
    answer = await api.admin.get(f"/api/v1/finance/{path}")
    assert answer.status_code == status, answer.text


async def test_a_day_that_runs_is_refused(api: Api, books: Books):
    answer = await api.admin.post(
        "/api/v1/finance/closes", json={"day": "2099-01-01", "channel": "web"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "day-not-over")


async def test_reading_does_not_allow_closing(api: Api, books: Books):
    reader = await api.key(["finance:read"])
    assert (await reader.get("/api/v1/finance/closes")).status_code == 200
    assert (await reader.post("/api/v1/finance/closes", json=DAY)).status_code == 403
