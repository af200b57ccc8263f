"""The demo's world, built small over HTTP on a stage of real processes."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from tests.demo.lines import line

from crosslane.demo.baskets import Basket
from crosslane.demo.client import Client, Connections
from crosslane.demo.progress import Unwatched
from crosslane.demo.selection import Selection
from crosslane.demo.stage import Stage, remove, stage
from crosslane.demo.streams import Invoice, SortedLine, Stream
from crosslane.demo.world import World, build_world
from crosslane.demo.world.build import Size

SITES = frozenset({"DC1", "DC2", "DC5", "DC6", "S0001", "S0210", "S0327"})
SKUS = frozenset({"22423", "85123A", "84029E"})
SEED = 1


def invoice(number: str, stream: Stream, *lines: tuple[str, int, str], at: str) -> Invoice:
    customer = "17850" if stream is Stream.ACCOUNT else ""
    return Invoice(
        number,
        tuple(
            SortedLine(line(number, code, units, price, customer=customer, at=at), stream)
            for code, units, price in lines
        ),
    )


def selection() -> Selection:
    web = invoice("2", Stream.WEB, ("22423", 1, "25.49"), at="2010-12-01 17:06:00")
    later = invoice("3", Stream.WEB, ("22423", 2, "24.96"), at="2011-01-05 17:06:00")
    orders = (
        invoice("1", Stream.ACCOUNT, ("85123A", 6, "2.55"), at="2010-12-01 08:26:00"),
        web,
        later,
        invoice("4", Stream.COUNTER, ("84029E", 4, "3.39"), at="2011-02-01 12:00:00"),
    )
    baskets = {i.number: [Basket(f"{i.number}-S1", tuple(i.order_lines), 0)] for i in (web, later)}
    return Selection(orders, baskets)


@pytest.fixture(scope="module")
async def played(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Stage, World, World]]:
    """A world that was founded twice, on one stage."""
    home: Path = tmp_path_factory.mktemp("demo") / "home"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "CROSSLANE_PORT": "0",
        "CROSSLANE_WORKERS": "1",
        "DATABASE_URL": postgres_url,
    }
    size = Size(places=SITES, skus=SKUS)
    async with stage(home, environment) as stands:
        founded = [
            await build_world(stands, selection(), SEED, Unwatched(), size) for _ in range(2)
        ]
        yield stands, founded[0], founded[1]
    await remove(home, environment)
    await remove(home, environment)  # asked for again, it is removed already
    assert not (home / "demo" / "secrets.json").exists()


async def read(played: tuple[Stage, World, World], path: str, **query: str) -> list[dict]:
    operator = Client(Connections(played[1].address), played[1].operator_key)
    return await operator.get_all(path, **query)


async def test_a_second_founding_finds_the_same_and_doubles_nothing(
    played: tuple[Stage, World, World],
) -> None:
    _, first, second = played
    assert first == second
    assert set(first.places) == SITES
    assert len(await read(played, "locations")) == len(SITES)
    assert len(await read(played, "products")) == len(SKUS)
    assert len(await read(played, "customers")) == len(first.accounts) == 1
    positions = await read(played, "inventory/positions", location="DC1")
    assert {one["sku"]: one["on_hand"] for one in positions} == {
        "22423": 12,
        "84029E": 12,
        "85123A": 12,
    }
    assert all(one["unit_cost_milli"] for one in positions)
    versions = [(v["kind"], v["scope"]["code"]) for v in await read(played, "policies")]
    assert len(versions) == len(set(versions))


async def test_keys_and_log_ins_let_their_holders_in_and_rest_with_their_owner(
    played: tuple[Stage, World, World],
) -> None:
    stands, world, _ = played
    connections = Connections(world.address)
    for key in (access.key for access in world.channels.values()):
        me = await Client(connections, key).get("me")
        assert "orders:*" in me["permissions"]
        assert "*" not in me["permissions"]
    for login in world.logins.values():
        me = await Client(connections, login.token).get("me")
        location = world.places[login.location].id if login.location else None
        assert me["location_id"] == (str(location) if location else None)
    assert {access.currency for access in world.channels.values()} == {"GBP", "EUR"}
    safe = stands.home / "demo" / "secrets.json"
    assert safe.stat().st_mode & 0o077 == 0


async def test_prices_follow_what_was_recorded_and_taxes_their_date(
    played: tuple[Stage, World, World],
) -> None:
    _, world, _ = played
    shop = Client(Connections(world.address), world.channels["web"].key)
    asked = {"channel": "web", "country": "GB", "sku": "22423"}
    # £25.49 without VAT at 17.5 %, then £24.96 at 20 %.
    before, after = await asyncio.gather(
        shop.get("prices", at="2010-12-02T12:00:00Z", **asked),
        shop.get("prices", at="2011-01-06T12:00:00Z", **asked),
    )
    (before,), (after,) = before["prices"], after["prices"]
    assert (before["net_minor"], before["tax_rate_bp"]) == (2549, 1750)
    assert (after["net_minor"], after["tax_rate_bp"]) == (2496, 2000)


async def test_replenishment_is_planned_and_not_posted(
    played: tuple[Stage, World, World],
) -> None:
    _, world, _ = played
    days = [one.at.date() for one in world.replenishments]
    assert days == sorted(days)
    assert all(day > date(2010, 11, 29) for day in days)
    booked = {(p["sku"], p["location"]) for p in await read(played, "inventory/positions")}
    assert ("22423", "DC5") in booked
