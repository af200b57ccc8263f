"""Posting: what a cause does to the books, exactly once."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import new_id
from crosslane.ledger import domain, storage
from crosslane.ledger.domain import Entry, Posting
from crosslane.ledger.service.chart import BOOKS, Currency
from crosslane.ledger.service.reading import EntryView, entry_by_id, list_entries
from crosslane.ledger.storage import Written
from crosslane.platform import facts
from crosslane.platform.database import Tx

ROLL_UP_ENTRIES_MAX = 20_000

Memo = Annotated[str, msgspec.Meta(max_length=200)]


class ManualPosting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of an entry made by a person.

    Args:
        entity: code of the legal entity.
        account: code of the account.
        currency: ISO 4217.
        minor: minor units, a debit positive and a credit negative.
        tax_code: dimension, where it matters.
    """

    entity: str
    account: str
    currency: Currency
    minor: int
    tax_code: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class PostManually(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry made by a person, such as a bank fee or an opening balance."""

    day: date
    memo: Memo
    postings: Annotated[list[ManualPosting], msgspec.Meta(min_length=2, max_length=200)]


async def post(tx: Tx, entries: Sequence[Entry]) -> list[UUID | None]:
    """Post entries, each exactly once per cause, with one statement for all of them.

    What leaves entities unbalanced towards each other gets its intercompany pair, and every posting
    its worth in the books of its entity.

    Args:
        tx: open transaction.
        entries: what happened; each sums to zero per currency.

    Returns:
        The id of each entry, None for one whose cause had been posted before.

    Raises:
        EmptyEntry, UnbalancedEntry, BadPostingAmount, UnknownAccount, ClosedAccount: an entry
            cannot stand in the books.
        UnknownEntity: a posting is of no legal entity.
        RateMissing: an entity books in another currency and no rate is known for the day.
    """
    if not entries:
        return []
    books = await facts.get(tx, BOOKS)
    organization_book = await organization.book(tx)
    written = []
    for entry in entries:
        domain.require_entry(entry, books.chart)
        postings = [*entry.postings, *domain.intercompany(entry.postings)]
        book_currencies = {
            entity_id: organization_book.entity_by_id(entity_id).book_currency
            for entity_id in dict.fromkeys(posting.entity_id for posting in postings)
        }
        booked = domain.book(
            postings, day=entry.day, book_currencies=book_currencies, rates=books.rates
        )
        in_books = [book_currencies[b.posting.entity_id] for b in booked]
        written.append(Written(new_id(), entry, booked, in_books))
    fresh = await storage.insert_entries(tx, written)
    return [w.id if w.id in fresh else None for w in written]


async def post_manually(tx: Tx, wish: PostManually, *, key: str) -> EntryView:
    """Post an entry made by a person.

    Args:
        tx: open transaction.
        wish: the entry.
        key: what makes the entry unique, the command's key.

    Raises:
        UnknownEntity: a posting names no legal entity; else as :func:`post`.
    """
    organization_book = await organization.book(tx)
    postings = [
        Posting(
            entity_id=organization_book.entity(p.entity, pointer=f"/postings/{place}/entity").id,
            account=p.account,
            currency=p.currency,
            minor=p.minor,
            tax_code=p.tax_code,
        )
        for place, p in enumerate(wish.postings)
    ]
    entry = Entry(
        cause_kind="ledger.manual",
        cause_id=key,
        occurred_at=tx.now,
        day=wish.day,
        postings=postings,
        memo=wish.memo,
    )
    (entry_id,) = await post(tx, [entry])
    if entry_id is None:
        raise LookupError("a command key was used for two entries")
    return await entry_by_id(tx, entry_id)


async def reverse(tx: Tx, entry_id: UUID, *, day: date) -> EntryView:
    """Take an entry back by posting its opposite; asked twice, it happens once.

    Raises:
        EntryNotFound: there is no such entry.
    """
    records = await storage.list_postings(tx, [entry_id])
    before = await entry_by_id(tx, entry_id)
    entry = Entry(
        cause_kind=before.cause_kind,
        cause_id=before.cause_id,
        occurred_at=tx.now,
        day=day,
        postings=[storage.posting_of(record) for record in records],
        memo=before.memo,
    )
    turned = domain.reversal(entry, entry_id=entry_id, occurred_at=tx.now, day=day)
    await post(tx, [turned])
    found = await list_entries(
        tx, cause_kind=turned.cause_kind, cause_id=turned.cause_id, after=None, limit=1
    )
    return found[0]


async def roll_up(tx: Tx, *, entries_max: int = ROLL_UP_ENTRIES_MAX) -> None:
    """Move entries from the tail into the roll-up, the oldest first, so many at once."""
    await storage.roll_up(tx, min(entries_max, ROLL_UP_ENTRIES_MAX))
