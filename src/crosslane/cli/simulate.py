"""`crosslane simulate`: the last days, or an instance file, decided otherwise."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

import crosslane.app  # noqa: F401 - policies are known once the application is composed
from crosslane import sourcing
from crosslane.cli.connection import command_database
from crosslane.cli.errors import NotUnderstood
from crosslane.cli.simulated import STANDARD_OUTPUT, show_orders, write_json
from crosslane.cli.simulated_instance import compare_instance
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.orders import list_heads, requests_of, units_let_go
from crosslane.platform.database import Tx
from crosslane.platform.tenants import NoSuchTenant, find_tenant
from crosslane.sourcing import Comparison, Trial, TriedPrices

DAYS_MAX = 366
ANSWERS = {"yes": True, "no": False}


@Parameter(name="*", negative="")
@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """What is tried.

    Args:
        set: a field of `sourcing.settings` with its value, such as late_milli=0.
        settings: JSON file with an object of such fields.
        close: code of a location that serves nobody.
        without_location: code of a location that does not exist.
        capacity: parcels a location can send a day, such as DC1=50.
        parcel_cost: work of a parcel of a location in minor units, such as DC1=110.
        carriage: percent of what carriers ask, of one service or of all: EXPRESS24=110 or 110.
        dangerous_goods: whether a location may send dangerous goods, or all others: LEEDS=no or no.
        prices: JSON file with what stock and capacity are worth to later orders.
    """

    set: tuple[str, ...] = ()
    settings: Path | None = None
    close: tuple[str, ...] = ()
    without_location: tuple[str, ...] = ()
    capacity: tuple[str, ...] = ()
    parcel_cost: tuple[str, ...] = ()
    carriage: tuple[str, ...] = ()
    dangerous_goods: tuple[str, ...] = ()
    prices: Path | None = None


AS_IT_IS = Otherwise()


def simulate(
    otherwise: Otherwise = AS_IT_IS,
    *,
    tenant: str = "",
    days: int = 7,
    instance: Path | None = None,
    json: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
) -> None:
    """Decide the last days again, or an instance file, under other rules, places or prices.

    Nothing is promised or written. Tells what would have been otherwise: costs, parcels, late ones,
    units without stock, the work of each location, and every order. Without a change nothing is.

    Args:
        otherwise: what is tried.
        tenant: the retailer whose days are decided again.
        days: how many, at most 366.
        instance: instance file of sourcing in place of a tenant; its locations are numbers.
        json: file to write everything to, `-` to print it in place of tables.
    """
    if (instance is None) == (not tenant):
        raise NotUnderstood(words="This", reason="name a --tenant or an --instance")
    if instance is not None:
        compare_instance(instance, _trial(otherwise), json)
        return
    if not 1 <= days <= DAYS_MAX:
        raise NotUnderstood(words="--days", reason=f"from 1 to {DAYS_MAX}")
    trial = _trial(otherwise)
    found, numbers = asyncio.run(_compared(tenant, days, trial))
    if json:
        told = {"tenant": tenant, "days": days, "trial": trial, "numbers": numbers}
        write_json(json, told | msgspec.to_builtins(found))
    if json != STANDARD_OUTPUT:
        show_orders(found, numbers)


async def _compared(tenant: str, days: int, trial: Trial) -> tuple[Comparison, dict[str, str]]:
    """Return the comparison, and the numbers of the orders in it by identifier."""
    async with command_database() as database:
        if await find_tenant(database, name=tenant) is None:
            raise NoSuchTenant(name=tenant)

        def opened() -> AbstractAsyncContextManager[Tx]:
            return database.transaction(tenant, read_only=True)

        async with opened() as tx:
            until = tx.now
        found = await sourcing.simulate(
            opened,
            trial,
            since=until - timedelta(days=days),
            until=until,
            requests_of=requests_of,
            units_let_go=units_let_go,
        )
        ids = [each.order_id for each in found.differences]
        async with opened() as tx:
            heads = await list_heads(tx, ids) if ids else {}
    return found, {str(order_id): head.number for order_id, head in heads.items()}


def _trial(given: Otherwise) -> Trial:
    carriage = _named(given.carriage, sourcing.EVERY_SERVICE)
    return Trial(
        settings=_settings(given),
        closed=frozenset(given.close),
        without=frozenset(given.without_location),
        parcels_per_day=_numbers(given.capacity),
        parcel_milli=_milli(given.parcel_cost),
        carriage_percent=_numbers(carriage),
        hazardous=_answers(_named(given.dangerous_goods, sourcing.EVERYWHERE)),
        prices=_read(given.prices, TriedPrices) if given.prices else None,
    )


def _settings(given: Otherwise) -> dict[str, Any]:
    fields: dict[str, Any] = _read(given.settings, dict[str, Any]) if given.settings else {}
    for words in given.set:
        name, found, value = words.partition("=")
        if not found:
            raise NotUnderstood(words=words, reason="write NAME=VALUE")
        try:
            fields[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            fields[name] = value
    return fields


def _named(given: Sequence[str], everything: str) -> list[str]:
    return [words if "=" in words else f"{everything}={words}" for words in given]


def _answers(given: Sequence[str]) -> dict[str, bool]:
    answers: dict[str, bool] = {}
    for words in given:
        name, _, value = words.partition("=")
        if value not in ANSWERS:
            raise NotUnderstood(words=words, reason="write NAME=yes or NAME=no")
        answers[name] = ANSWERS[value]
    return answers


def _numbers(given: Sequence[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for words in given:
        name, _, value = words.partition("=")
        if not value.isdecimal():
            raise NotUnderstood(words=words, reason="write NAME=NUMBER")
        numbers[name] = int(value)
    return numbers


def _milli(given: Sequence[str]) -> dict[str, int]:
    return {code: minor * MILLI_PER_MINOR for code, minor in _numbers(given).items()}


def _read(path: Path, kind: Any) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise NotUnderstood(words=str(path), reason=str(error)) from error
