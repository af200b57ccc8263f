"""`crosslane sourcing`: what the worker does for sourcing by the clock, by hand."""

import asyncio
import sys

import msgspec
from rich.console import Console
from rich.table import Table

import crosslane.app  # noqa: F401 - policies are known once the application is composed
from crosslane import sourcing
from crosslane.cli.connection import command_database
from crosslane.platform.tenants import NoSuchTenant, find_tenant
from crosslane.sourcing import PriceRun


def prices(*, tenant: str, json: bool = False) -> None:
    """Estimate what stock and capacity are worth to later orders, and publish it.

    The worker does so by itself, as the policy `sourcing.prices` says; this does it now.

    Args:
        tenant: the retailer.
        json: print JSON instead of a table.
    """
    run = asyncio.run(_estimated(tenant))
    if json:
        sys.stdout.write(msgspec.json.encode(run).decode() + "\n")
    else:
        _show(run)


async def _estimated(tenant: str) -> PriceRun:
    async with command_database() as database:
        if await find_tenant(database, name=tenant) is None:
            raise NoSuchTenant(name=tenant)
        async with database.transaction(tenant, read_only=True) as tx:
            days = await sourcing.last_days(tx)
        if days is None:
            raise sourcing.TooFewOrders
        estimated = await sourcing.estimate(days)
        async with database.transaction(tenant) as tx:
            return await sourcing.publish(tx, estimated)


def _show(run: PriceRun) -> None:
    table = Table("What", "Figure", title=f"Prices as of {run.as_of:%Y-%m-%d %H:%M} UTC")
    for what, figure in (
        ("orders looked back at", f"{run.orders:,}"),
        ("units sold at counters meanwhile", f"{run.counter_units:,}"),
        ("articles priced", f"{run.variants:,}"),
        ("articles left at nothing, too many", f"{run.variants_left:,}"),
        ("futures", f"{run.futures:,}"),
        ("fresh futures to try on", f"{run.tried:,}"),
        ("their cost without prices, milli", f"{run.myopic_milli:,}"),
        ("with half of them", f"{run.half_milli:,}"),
        ("with all of them", f"{run.full_milli:,}"),
        ("published, percent of the prices", f"{run.scale_percent}"),
        ("processor time, ms", f"{run.milliseconds:,}"),
        ("loops compiled", "yes" if run.compiled else "no; install crosslane[fast]"),
    ):
        table.add_row(what, figure)
    Console().print(table)
