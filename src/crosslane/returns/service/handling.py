"""Crediting locations for returns of what others had sold, and taking such credits back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, structs

from crosslane import customers, locations, organization
from crosslane.kernel import new_id
from crosslane.locations import Network
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform import log
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged
from crosslane.returns.domain.fairness import (
    COUNTER_TYPES,
    HANDLING,
    Given,
    HandlingPolicy,
    Work,
    decide_handling,
)
from crosslane.returns.errors import CreditTakenBack, NoSuchCredit
from crosslane.returns.events import HandlingCredited, ReturnSettled
from crosslane.returns.storage import credits
from crosslane.returns.storage.credits import HandlingRow


class TakeBackCredit(Struct, frozen=True, forbid_unknown_fields=True):
    """Take a handling credit back.

    Args:
        credit_id: which.
        reason: why, for whoever asks later.
    """

    credit_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class CreditView(Struct, frozen=True, kw_only=True):
    """What a location was credited for a settlement of a return, or why it was not.

    Args:
        location: code, None when nothing came to any.
        channel: code of the channel that had sold.
        day: of the location's calendar.
        wanted_minor: what the policy gives without its caps, in minor units of ``currency``.
        minor: what was given; negative in a row that takes another one back.
        reason: why not all of it was given, or why it was taken back; "" when it stands whole.
        reverses: the credit that this one takes back.
        taken_back_by: the row that takes this one back.
    """

    id: UUID
    return_id: UUID
    return_number: str
    location: str | None
    channel: str
    currency: str
    day: date
    wanted_minor: int
    minor: int
    reason: str
    policy_id: UUID | None
    reverses: UUID | None
    taken_back_by: UUID | None
    actor: str
    occurred_at: datetime


class _Ours:
    """Our own doing in answer to an event, under that event's trace."""

    def __init__(self, trace: str) -> None:
        self.trace = trace
        self.actor: Actor = SYSTEM


class _Tally:
    """What was given so far, kept up while a batch is decided."""

    def __init__(self, places: Mapping[tuple[UUID, str, date], int]) -> None:
        self.places = defaultdict(int, places)
        self.customers: dict[tuple[UUID, str], dict[date, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self.returns: set[UUID] = set()

    def given(self, row: HandlingRow, customer_days: int) -> Given:
        """Return what the caps of a row have to count."""
        first = row.day - timedelta(days=customer_days)
        of_customer = self.customers[row.customer_id, row.currency] if row.customer_id else {}
        return Given(
            self.places[row.location_id, row.currency, row.day] if row.location_id else 0,
            sum(minor for day, minor in of_customer.items() if day > first),
            of_return=row.return_id in self.returns,
        )

    def add(self, row: HandlingRow) -> None:
        """Count a row."""
        if row.minor and row.location_id:
            self.places[row.location_id, row.currency, row.day] += row.minor
            self.returns.add(row.return_id)
        if row.minor and row.customer_id:
            self.customers[row.customer_id, row.currency][row.day] += row.minor


async def credit_settled(tx: Tx, logged: Sequence[Logged[ReturnSettled]]) -> None:
    """Decide what locations get for settled returns, once for each settlement."""
    if not logged:
        return
    book, policies = await organization.book(tx), await organization.policies(tx)
    network = await locations.network(tx)
    bare = [_bare(entry, network) for entry in logged]
    policy = [_policy(policies, book, network, row) for row in bare]
    tally = await _tally(tx, bare, max(value.customer_days for value, _ in policy))
    named = [row.customer_id for row in bare if row.customer_id]
    buyers = await customers.customers_by_id(tx, named)
    staff = await organization.staff_by_customer(tx, named) if named else {}
    rows = []
    for entry, row, (value, policy_id) in zip(logged, bare, policy, strict=True):
        buyer = buyers.get(row.customer_id) if row.customer_id else None
        work = Work(
            location_id=row.location_id,
            store=row.location_id is not None and network.by_id[row.location_id].kind == "store",
            over_the_counter=book.channel_by_id(row.channel_id).type in COUNTER_TYPES,
            lines=entry.event.lines,
            customer_group=buyer.group if buyer else "",
            bought_by_staff=row.customer_id in staff,
        )
        decided = decide_handling(value, work, tally.given(row, value.customer_days))
        row = structs.replace(
            row,
            wanted_minor=decided.wanted_minor,
            minor=decided.minor,
            reason=decided.reason,
            policy_id=policy_id,
        )
        tally.add(row)
        rows.append(row)
    fresh = await credits.insert_credits(tx, rows)
    told = [(r, e) for r, e in zip(rows, logged, strict=True) if r.id in fresh and r.minor]
    await _announce(tx, [(row, e.event.order_id, _Ours(e.trace)) for row, e in told])


async def take_back_all(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Take credits of returns back that came to nothing after all."""
    causes = {entry.event.return_id: entry for entry in logged}
    if not causes:
        return
    opposite = []
    for row in await credits.list_standing(tx, list(causes)):
        entry = causes[row.return_id]
        made = await _opposite(tx, row, entry.event.kind(), str(SYSTEM), entry.subject_no)
        opposite.append((made, entry.event.order_id, _Ours(entry.trace)))
    await credits.insert_credits(tx, [row for row, _, _ in opposite])
    await _announce(tx, opposite)


async def take_back(tx: Tx, wish: TakeBackCredit, cause: Any) -> CreditView:
    """Take one credit back, because somebody says so.

    Raises:
        NoSuchCredit: there is none, or it gave nothing.
        CreditTakenBack: that was done before.
    """
    row = await credits.lock_credit(tx, wish.credit_id)
    if row is None or row.minor <= 0:
        raise NoSuchCredit(credit_id=wish.credit_id)
    made = await _opposite(tx, row, wish.reason, str(cause.actor), row.subject_no)
    if not await credits.insert_credits(tx, [made]):
        raise CreditTakenBack(credit_id=wish.credit_id)
    await _announce(tx, [(made, None, cause)])
    return (await list_credits(tx, return_id=row.return_id, after=None, limit=1))[0]


async def list_credits(
    tx: Tx,
    *,
    location: str | None = None,
    return_id: UUID | None = None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[CreditView]:
    """Return what was decided for locations, the latest day first.

    Args:
        tx: open transaction.
        location: code; only this location's.
        return_id: only of this return.
        after: day and id of the last one already shown.
        limit: most to return.

    Raises:
        LocationUnknown: there is none of this code.
    """
    network, book = await locations.network(tx), await organization.book(tx)
    of_id = network.require(location, pointer="/location").id if location else None
    views = []
    for record in await credits.list_credits(tx, of_id, return_id, after, limit):
        shown = {name: record[name] for name in CreditView.__struct_fields__ if name in record}
        place = record["location_id"]
        views.append(
            CreditView(
                **shown,
                location=network.by_id[place].code if place else None,
                channel=book.channel_by_id(record["channel_id"]).code,
            )
        )
    return views


def _bare(entry: Logged[ReturnSettled], network: Network) -> HandlingRow:
    """Return the row of a settlement, before anything is decided."""
    event = entry.event
    place = network.by_id[event.received_at] if event.received_at else None
    zone = ZoneInfo(place.timetable.timezone if place else "UTC")
    return HandlingRow(
        id=new_id(),
        return_id=event.return_id,
        subject_no=entry.subject_no,
        location_id=event.received_at,
        channel_id=event.channel_id,
        customer_id=event.customer_id,
        currency=event.currency,
        day=event.occurred_at.astimezone(zone).date(),
        wanted_minor=0,
        minor=0,
        reason="",
        policy_id=None,
        reverses=None,
        actor=str(SYSTEM),
        occurred_at=event.occurred_at,
    )


def _policy(
    policies: PolicyBook, book: OrganizationBook, network: Network, row: HandlingRow
) -> tuple[HandlingPolicy, UUID | None]:
    channel = book.channel_by_id(row.channel_id)
    return policies.resolve(
        HANDLING,
        row.occurred_at,
        location=network.by_id[row.location_id].code if row.location_id else None,
        channel=channel.code,
        brand=channel.brand,
    )


async def _tally(tx: Tx, rows: Sequence[HandlingRow], customer_days: int) -> _Tally:
    keys = {(r.location_id, r.currency, r.day) for r in rows if r.location_id is not None}
    tally = _Tally(await credits.sum_of_places(tx, list(keys)))
    first = min(row.day for row in rows) - timedelta(days=customer_days)
    named = {row.customer_id for row in rows if row.customer_id}
    for found in await credits.list_of_customers(tx, list(named), first):
        tally.customers[found["customer_id"], found["currency"]][found["day"]] += found["minor"]
    standing = await credits.list_standing(tx, [row.return_id for row in rows])
    tally.returns.update(row.return_id for row in standing)
    return tally


async def _opposite(
    tx: Tx, row: HandlingRow, reason: str, actor: str, subject_no: int
) -> HandlingRow:
    """Return the row that takes one back, on the day of today at its location."""
    network = await locations.network(tx)
    zone = network.by_id[row.location_id].timetable.timezone if row.location_id else "UTC"
    return structs.replace(
        row,
        id=new_id(),
        subject_no=subject_no,
        day=tx.now.astimezone(ZoneInfo(zone)).date(),
        wanted_minor=0,
        minor=-row.minor,
        reason=reason,
        reverses=row.id,
        actor=actor,
        occurred_at=tx.now,
    )


async def _announce(tx: Tx, told: Sequence[tuple[HandlingRow, UUID | None, Any]]) -> None:
    events = [
        HandlingCredited(
            return_id=row.return_id,
            order_id=order_id,
            channel_id=row.channel_id,
            credit_id=row.id,
            location_id=row.location_id,
            minor=row.minor,
            currency=row.currency,
            occurred_at=row.occurred_at,
        )
        for row, order_id, _ in told
        if row.location_id is not None
    ]
    if events:
        await log.append(tx, events, [cause for _, _, cause in told])
