"""What stock and capacity are worth to later orders: estimated now and then, published, read.

The worker estimates by the schedule ``sourcing.prices``, and soon after something that prices did
not foresee: it reads the retailer's last days in one short transaction, has the question answered
by a process of its own, and publishes the answer in another. Whoever plans reads what was published
from memory. It may be as old as an estimate takes, and the policy says from when on it is too old.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

import crosslane
from crosslane.carriers import rate_book
from crosslane.catalog import UnknownSku, Variant, variants_by_sku
from crosslane.inventory import Survey, counter_sales, survey, unit_costs
from crosslane.kernel import MILLI_PER_MINOR, Refusal, new_id
from crosslane.locations import capacity_taken, network
from crosslane.organization import Channel, book, policies
from crosslane.platform import effects, facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Record, Tx
from crosslane.platform.effects import Dead, Effect, EffectCall, EffectKind, Schedule, one_by_one
from crosslane.platform.facts import Fact
from crosslane.platform.processes import end_with_parent
from crosslane.pricing import Destination as Taxed
from crosslane.pricing import PriceLine, PriceRequest, price
from crosslane.sourcing import storage
from crosslane.sourcing.domain import (
    PRICES,
    Answer,
    DispatchDays,
    Estimated,
    PriceRun,
    Prices,
    PriceSettings,
    Published,
    World,
    wanted_in,
)
from crosslane.sourcing.domain.asking import (
    Asked,
    Days,
    Destination,
    capacity_days,
    question_of,
    told_capacity,
    told_scarcity,
)

# The latest decisions that are looked at; and without so many orders nothing is known.
DECISIONS_MAX = 5_000
ORDERS_MIN = 30
# What comes in one burst is taken to have come in a day.
HISTORY_MIN = timedelta(days=1)
# The variants that are priced: of those asked for, the ones that most is asked of for what is left.
VARIANTS_MAX = 2_000
VARIANTS_SURVEYED_MAX = 10_000
PRICES_MAX = 50_000
RUNS_KEPT = timedelta(days=90)
LOOK_EVERY_SECONDS = 300.0
# Starting, and compiling for the first time, besides the time that the policy allows.
SECONDS_BESIDE = 30.0
SECONDS_MAX = 55.0
ANSWERING = "crosslane.sourcing.fields.outlook"
AT_ONCE = 100

PUBLISHED: Fact[Published] = Fact("sourcing.prices", storage.load_prices)


class NotAnswered(Exception):
    """The process that estimates prices failed."""


class SlotPrice(msgspec.Struct, frozen=True):
    """What a unit is worth at a location, in 1/1000 minor unit."""

    location: str
    scarcity_milli: int


class DayPrice(msgspec.Struct, frozen=True):
    """What a parcel of a location's day is worth, in 1/1000 minor unit."""

    location: str
    day: date
    capacity_milli: int


class PricesShown(msgspec.Struct, frozen=True):
    """The prices that were published last.

    Args:
        run: how they came about; null before the first estimate.
        used: whether orders are planned by them; they may be too old or switched off.
        scarcity: of the SKU asked for, where a unit is worth anything, by location.
        capacity: of days of locations that are limited, by location and day.
    """

    run: PriceRun | None
    used: bool
    scarcity: list[SlotPrice]
    capacity: list[DayPrice]


class PriceOrder(msgspec.Struct, frozen=True):
    """The body of the effect: there is nothing to say."""


async def price_settings(tx: Tx, at: datetime | None = None) -> PriceSettings:
    """Return whether and how prices are estimated."""
    found, _ = (await policies(tx)).resolve(PRICES, at or tx.now)
    return found


async def published(tx: Tx) -> Published:
    """Return the prices that were published last, from memory; whether they hold is not asked."""
    return await facts.get(tx, PUBLISHED)


async def prices_of(tx: Tx) -> Prices:
    """Return what stock and capacity are worth to later orders, as was published last.

    Nothing while there are no prices, they are too old, or the policy is off. They enter every plan
    from here, as the terms ``scarcity`` and ``capacity``.
    """
    prices = (await published(tx)).at(tx.now)
    if prices.scarcity or prices.capacity:
        return prices if (await price_settings(tx)).on else Prices()
    return prices


async def show_prices(tx: Tx, sku: str | None = None) -> PricesShown:
    """Return the prices that were published last, those of units for one SKU.

    Raises:
        UnknownSku: there is no such variant.
    """
    last, places = await published(tx), (await network(tx)).by_id
    scarcity: Mapping[UUID, int] = {}
    if sku is not None:
        variant = (await variants_by_sku(tx, [sku])).get(sku)
        if variant is None:
            raise UnknownSku(pointer="/sku", sku=sku)
        scarcity = last.prices.scarcity.get(variant.id, {})
    return PricesShown(
        last.run,
        last.holds(tx.now) and (await price_settings(tx)).on,
        sorted(
            (SlotPrice(places[each].code, milli) for each, milli in scarcity.items()),
            key=lambda price: price.location,
        ),
        sorted(
            (
                DayPrice(places[each].code, day, milli)
                for (each, day), milli in last.prices.capacity.items()
            ),
            key=lambda price: (price.location, price.day),
        ),
    )


async def last_days(tx: Tx) -> Days | None:
    """Return a retailer's last days and how things stand; None when there are too few orders."""
    settings = await price_settings(tx)
    since = tx.now - timedelta(days=settings.history_days)
    rows = await storage.list_latest(tx, since, DECISIONS_MAX)
    if len(rows) < ORDERS_MIN:
        return None
    # Who replays days of the past lives in them.
    as_of = min(tx.now, max(row["placed_at"] for row in rows))
    as_of = tx.now if tx.now - as_of < HISTORY_MIN else as_of
    since = as_of - timedelta(days=settings.history_days)
    asked = [each for each in await _asked(rows) if since <= each.at <= as_of]
    if len(asked) < ORDERS_MIN:
        return None
    sellers = await book(tx)
    channels = {code: sellers.channel(code) for code in {each.to.channel for each in asked}}
    (most, _), *_ = Counter(each.to.channel for each in asked).most_common(1)
    wanted: Counter[str] = Counter()
    for each in asked:
        wanted.update(each.lines)
    skus = [sku for sku, _ in wanted.most_common(VARIANTS_SURVEYED_MAX)]
    known = await variants_by_sku(tx, skus)
    stock = await survey(tx, [each.id for each in known.values()], channel_id=channels[most].id)
    variants, left = _scarcest(known, wanted, stock)
    if not variants:
        return None
    ids = [variant.id for variant in variants]
    days = Days(
        settings=settings,
        since=min(max(since, asked[0].at), as_of - HISTORY_MIN),
        as_of=as_of,
        asked=asked,
        channels=channels,
        variants=variants,
        variants_left=left,
        sales=await counter_sales(tx, ids, since, as_of),
        survey=stock,
        margins=await _margins(tx, settings, channels[most], variants, as_of),
        world=World(await network(tx), await rate_book(tx), await policies(tx), DispatchDays(), {}),
        taken={},
        known=(await published(tx)).at(tx.now),
    )
    keys = capacity_days(days)
    taken = await capacity_taken(tx, keys) if keys else {}
    return msgspec.structs.replace(days, taken=taken)


async def _asked(rows: Sequence[Record]) -> list[Asked]:
    """Return what was ordered, the oldest first; how it was sourced anew later does not count."""
    found: dict[tuple[UUID, str, str], Asked] = {}
    for number, row in enumerate(rows):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        then = wanted_in(row["body"])
        lines: Counter[str] = Counter()
        for line in then.lines:
            lines[line.sku] += line.quantity
        store = ""
        if row["method"] == "pickup":
            store = then.places[0].code if then.places else ""
        to = Destination(row["channel"], row["service"], row["country"], row["district"])
        # The rows come newest first: what was decided first stays.
        found[row["order_id"], row["method"], row["district"]] = Asked(
            row["placed_at"], to, lines, store
        )
    return sorted(found.values(), key=lambda each: each.at)


def _scarcest(
    known: Mapping[str, Variant], wanted: Mapping[str, int], stock: Survey
) -> tuple[list[Variant], int]:
    """Return the variants in stock of which most is asked for what is left, and how many not."""
    rated: list[tuple[int, str]] = []
    for sku, variant in known.items():
        units = stock.total(variant.id)
        if units:
            rated.append((wanted[sku] * 1_000_000 // units, sku))
    rated.sort(key=lambda each: (-each[0], each[1]))
    chosen = sorted(sku for _, sku in rated[:VARIANTS_MAX])
    return [known[sku] for sku in chosen], len(rated) - len(chosen)


async def _margins(
    tx: Tx, settings: PriceSettings, channel: Channel, variants: Sequence[Variant], at: datetime
) -> dict[UUID, int]:
    """Return what a unit earns, by variant: the net price less the cost, as far as they are known.

    One look-up for costs and at most one for each AT_ONCE prices.
    """
    costs = await unit_costs(tx, [variant.id for variant in variants])
    margins: dict[UUID, int] = {}
    for first in range(0, len(variants), AT_ONCE):
        some = variants[first : first + AT_ONCE]
        requests = [
            PriceRequest(
                channel=channel.code,
                at=at,
                actor=SYSTEM,
                destination=Taxed(channel.country),
                lines=[PriceLine(key="1", variant=variant, quantity=1)],
            )
            for variant in some
        ]
        for variant, priced in zip(some, await price(tx, requests), strict=True):
            if isinstance(priced, Refusal):
                continue
            net = priced.lines[0].net_minor * MILLI_PER_MINOR
            cost = costs.get(variant.id)
            usual = net * settings.margin_percent // 100
            margins[variant.id] = usual if cost is None else net - cost
        await asyncio.sleep(0)
    return margins


async def estimate(days: Days) -> Estimated:
    """Return prices for a retailer's days, estimated by a process of its own.

    Outside any transaction: it takes as long as the policy allows.

    Raises:
        NotAnswered: the process failed.
    """
    question, numbers = await asyncio.to_thread(question_of, days)
    asked = msgspec.msgpack.encode(question)
    told = await _answered(asked, days.settings.seconds_max + SECONDS_BESIDE)
    answer = msgspec.msgpack.decode(told, type=Answer)
    run = PriceRun(
        id=new_id(),
        at=days.as_of,
        as_of=days.as_of,
        valid_until=days.as_of,
        horizon_days=question.horizon_days,
        orders=len(question.orders),
        counter_units=sum(sale.units for sale in question.sales),
        variants=len(days.variants),
        variants_left=days.variants_left,
        scale_percent=answer.scale_percent,
        futures=answer.futures,
        tried=answer.tried,
        myopic_milli=answer.myopic_milli,
        half_milli=answer.half_milli,
        full_milli=answer.full_milli,
        milliseconds=answer.milliseconds,
        compiled=answer.compiled,
    )
    scarcity = told_scarcity(numbers, answer.scarcity_milli, PRICES_MAX)
    return Estimated(run, scarcity, told_capacity(numbers, answer.capacity_milli))


async def _answered(question: bytes, seconds_max: float) -> bytes:
    """Have a question answered by a process that ends with us."""
    package = str(Path(crosslane.__file__).parent.parent)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", ANSWERING),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "PYTHONPATH": package},
        preexec_fn=end_with_parent(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(seconds_max):
            answer, complaint = await process.communicate(question)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise NotAnswered(complaint.decode(errors="replace").strip().rpartition("\n")[2])
    return answer


async def publish(tx: Tx, estimated: Estimated) -> PriceRun:
    """Store prices in place of the last ones; the next transaction everywhere plans by them."""
    settings = await price_settings(tx)
    valid_until = tx.now + timedelta(hours=settings.valid_hours)
    run = msgspec.structs.replace(estimated.run, at=tx.now, valid_until=valid_until)
    await facts.touch(tx, PUBLISHED.topic)
    await storage.replace_prices(
        tx, run, estimated.scarcity, estimated.capacity, forget_before=tx.now - RUNS_KEPT
    )
    return run


async def _prepare(tx: Tx, call: EffectCall[PriceOrder]) -> Days | None:
    del call
    return await last_days(tx)


async def _call(call: EffectCall[PriceOrder], days: Days | None) -> Estimated | None:
    del call
    try:
        return await estimate(days) if days is not None else None
    except NotAnswered as failed:
        # The next one comes by the clock.
        raise Dead(str(failed)) from None


async def _record(tx: Tx, call: EffectCall[PriceOrder], estimated: Estimated | None) -> None:
    del call
    if estimated is not None:
        await publish(tx, estimated)


ESTIMATE = EffectKind(
    "sourcing.estimate_prices",
    PriceOrder,
    call=_call,
    prepare=one_by_one(_prepare),
    record=one_by_one(_record),
    timeout_seconds=SECONDS_MAX,
)


async def estimate_soon(tx: Tx) -> None:
    """Ask for an estimate because what prices stand on has changed otherwise than by orders.

    What happens in one span of the policy's ``gather_minutes`` is one estimate, at the end of it.
    Without prices there is nothing to correct.
    """
    settings = await price_settings(tx)
    span = settings.gather_minutes * 60
    if not (settings.on and span and (await published(tx)).holds(tx.now)):
        return
    number = int(tx.now.timestamp()) // span + 1
    due_at = datetime.fromtimestamp(number * span, UTC)
    key = f"sourcing.prices:soon:{settings.gather_minutes}:{number}"
    await effects.request(tx, [Effect(key, ESTIMATE.name, PriceOrder(), due_at)])


async def look(tx: Tx) -> None:
    """Ask for an estimate when it is time and orders came since the last one."""
    settings = await price_settings(tx)
    latest = await storage.find_latest_at(tx) if settings.on else None
    if latest is None:
        return
    period = timedelta(minutes=settings.every_minutes)
    last = await storage.find_last_run(tx)
    if last is not None and (latest <= last.at or tx.now - last.at < period):
        return
    # Asked for once in a period, whatever comes of it.
    number = int(tx.now.timestamp() // period.total_seconds())
    key = f"sourcing.prices:{settings.every_minutes}:{number}"
    await effects.request(tx, [Effect(key, ESTIMATE.name, PriceOrder())])


SCHEDULE = Schedule("sourcing.prices", LOOK_EVERY_SECONDS, look)
