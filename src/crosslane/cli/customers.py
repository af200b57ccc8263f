"""`crosslane customers`: forget a customer, or tell a customer what is known."""

import asyncio
import sys
from typing import Any
from uuid import UUID

import msgspec

# Every module has declared its personal data once the application is composed.
import crosslane.app  # noqa: F401
from crosslane.cli.connection import command_database
from crosslane.customers import EraseCustomer, ErasureReport
from crosslane.customers import erase as erase_customer
from crosslane.customers import export as export_customer
from crosslane.platform.tenants import NoSuchTenant, find_tenant


def erase(customer: UUID, *, tenant: str, reason: str) -> None:
    """Blank a customer's personal data everywhere; books and orders stay, without a name.

    Args:
        customer: identifier of the customer; whoever was merged into it is forgotten too.
        tenant: the retailer.
        reason: why, for the audit journal.
    """

    async def run() -> ErasureReport:
        async with command_database() as database:
            if await find_tenant(database, name=tenant) is None:
                raise NoSuchTenant(name=tenant)
            async with database.transaction(tenant) as tx:
                return await erase_customer(tx, EraseCustomer(customer, reason))

    _print(asyncio.run(run()))


def export(customer: UUID, *, tenant: str) -> None:
    """Print everything that is known of a customer as JSON.

    Args:
        customer: identifier of the customer.
        tenant: the retailer.
    """

    async def run() -> dict[str, list[Any]]:
        async with command_database() as database:
            if await find_tenant(database, name=tenant) is None:
                raise NoSuchTenant(name=tenant)
            async with database.transaction(tenant, read_only=True) as tx:
                return await export_customer(tx, customer)

    _print(asyncio.run(run()))


def _print(value: Any) -> None:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    sys.stdout.write(text + "\n")
