"""Reading the books: entries with their postings, and balances."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.ledger import storage
from crosslane.ledger.errors import BadGrouping, BadPeriod, EntryNotFound
from crosslane.ledger.service.chart import decimal_of
from crosslane.ledger.storage import Grouping
from crosslane.platform.database import Record, Tx

BALANCES_MAX = 10_000
DIMENSIONS = frozenset({"day", "channel", "location", "tax_code"})


class PostingView(msgspec.Struct, frozen=True):
    """A posting as it is shown; ``minor`` and ``book_minor`` are positive for a debit."""

    entity: str
    account: str
    currency: str
    minor: int
    book_currency: str
    book_minor: int
    rate: str
    line_id: UUID | None
    counterparty: str | None
    channel_id: UUID | None
    location_id: UUID | None
    staff_id: UUID | None
    brand_id: UUID | None
    market_id: UUID | None
    tax_code: str | None


class EntryView(msgspec.Struct, frozen=True):
    """An entry as it is shown."""

    id: UUID
    cause_kind: str
    cause_id: str
    occurred_at: datetime
    day: date
    memo: str
    actor: str
    recorded_at: datetime
    postings: list[PostingView]


class Balance(msgspec.Struct, frozen=True):
    """A sum over postings.

    Args:
        entity: code of the legal entity.
        account: code of the account.
        currency: in which ``debit_minor``, ``credit_minor`` and ``balance_minor`` are.
        balance_minor: debits less credits.
        book_minor: the balance in ``book_currency``.
        day, channel_id, location_id, tax_code: what the sum is split by, None otherwise.
    """

    entity: str
    account: str
    currency: str
    debit_minor: int
    credit_minor: int
    balance_minor: int
    book_currency: str
    book_minor: int
    day: date | None = None
    channel_id: UUID | None = None
    location_id: UUID | None = None
    tax_code: str | None = None


async def entry_by_id(tx: Tx, entry_id: UUID) -> EntryView:
    """Return one entry.

    Raises:
        EntryNotFound: there is none.
    """
    record = await storage.find_entry(tx, entry_id)
    if record is None:
        raise EntryNotFound(entry_id=entry_id)
    return (await _views(tx, [record]))[0]


async def list_entries(
    tx: Tx,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
    first_day: date | None = None,
    last_day: date | None = None,
    cause_kind: str | None = None,
    cause_id: str | None = None,
) -> list[EntryView]:
    """Return entries with their postings, the latest day first.

    Args:
        tx: open transaction.
        after: day and id of the last entry already shown.
        limit: most entries to return.
        first_day: only from this business day on.
        last_day: only up to this business day.
        cause_kind: only what this sort of cause did.
        cause_id: only what this cause did.
    """
    records = await storage.list_entries(
        tx,
        first_day=first_day,
        last_day=last_day,
        cause_kind=cause_kind,
        cause_id=cause_id,
        before=after,
        limit=limit,
    )
    return await _views(tx, records)


async def balances(
    tx: Tx,
    *,
    entity: str | None = None,
    account: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    channel_id: UUID | None = None,
    location_id: UUID | None = None,
    by: Sequence[str] = (),
) -> list[Balance]:
    """Sum postings per entity, account and currency.

    The sum is the roll-up plus the postings since, read in one statement: true to the moment, at
    the cost of the tail only.

    Args:
        tx: open transaction.
        entity: code of the legal entity, None for all.
        account: code of the account, None for all.
        first_day: first business day that counts, None for the very first.
        last_day: last business day that counts, None for the very last.
        channel_id: only what this channel brought.
        location_id: only what this location did.
        by: what to split by besides, of DIMENSIONS.

    Raises:
        BadGrouping: ``by`` names something else.
        BadPeriod: the last day is before the first.
    """
    if unknown := set(by) - DIMENSIONS:
        raise BadGrouping(
            pointer="/by", unknown=min(unknown)[:40], known=", ".join(sorted(DIMENSIONS))
        )
    if first_day and last_day and last_day < first_day:
        raise BadPeriod(pointer="/last_day")
    organization_book = await organization.book(tx)
    wanted = Grouping(
        entity_id=organization_book.entity(entity, pointer="/entity").id if entity else None,
        account=account,
        first_day=first_day,
        last_day=last_day,
        channel_id=channel_id,
        location_id=location_id,
        by=list(by),
        limit=BALANCES_MAX,
    )
    found = []
    for row in await storage.sum_balances(tx, wanted):
        owner = organization_book.entity_by_id(row["entity_id"])
        found.append(
            Balance(
                entity=owner.code,
                account=row["account"],
                currency=row["currency"],
                debit_minor=row["debit_minor"],
                credit_minor=row["credit_minor"],
                balance_minor=row["debit_minor"] - row["credit_minor"],
                book_currency=owner.book_currency,
                book_minor=row["book_minor"],
                day=row["day"],
                channel_id=row["channel_id"],
                location_id=row["location_id"],
                tax_code=row["tax_code"],
            )
        )
    return found


async def _views(tx: Tx, records: Sequence[Record]) -> list[EntryView]:
    organization_book = await organization.book(tx)
    postings: dict[UUID, list[PostingView]] = {record["id"]: [] for record in records}
    for row in await storage.list_postings(tx, postings):
        shown: dict[str, Any] = dict(row)
        counterparty = shown.pop("counterparty_id")
        postings[shown.pop("entry_id")].append(
            PostingView(
                entity=organization_book.entity_by_id(shown.pop("entity_id")).code,
                counterparty=organization_book.entity_by_id(counterparty).code
                if counterparty
                else None,
                rate=decimal_of(shown.pop("rate_nano")),
                **{name: value for name, value in shown.items() if name != "position"},
            )
        )
    return [EntryView(**dict(record), postings=postings[record["id"]]) for record in records]
