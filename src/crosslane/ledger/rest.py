"""The ledger over HTTP: chart, rates, entries, balances and the trial balance."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.kernel import Page
from crosslane.ledger import errors, service
from crosslane.ledger.domain import AccountKind, LedgerAccount
from crosslane.ledger.service import (
    Balance,
    EntryView,
    ManualPosting,
    PostManually,
    PutAccount,
    RateView,
    SetRate,
)
from crosslane.ledger.service.commands import (
    POST_MANUALLY,
    PUT_ACCOUNT,
    REVERSE,
    SET_RATE,
    ReverseEntry,
)
from crosslane.organization import UnknownEntity
from crosslane.platform.web import Caller, Paging, get, post

READ, POST, CONFIGURE = "ledger:read", "ledger:post", "ledger:configure"
POSTING_RAISES = (
    UnknownEntity,
    errors.EmptyEntry,
    errors.UnbalancedEntry,
    errors.BadPostingAmount,
    errors.UnknownAccount,
    errors.ClosedAccount,
    errors.RateMissing,
)

Text = Annotated[str, msgspec.Meta(max_length=200)]
By = Literal["day", "channel", "location", "tax_code"]


class Reversal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which business day the opposite of an entry counts."""

    day: date


class TrialBalance(msgspec.Struct, frozen=True):
    """The balance of every account up to a day; debits and credits are equal per currency.

    Args:
        day: last business day that counts, None for all there are.
        balances: one row per entity, account and currency.
        imbalance_minor: what debits and credits differ by, in all: 0, or something is broken.
    """

    day: date | None
    balances: list[Balance]
    imbalance_minor: int


@get("/api/v1/ledger/accounts", permission=READ)
async def list_accounts(caller: Caller, paging: Paging) -> Page[LedgerAccount]:
    """List the chart of accounts by number."""
    after = paging.after(str)
    async with caller.read() as tx:
        chart = await service.chart(tx)
    left = [a for a in chart.values() if after is None or a.number > after[0]]
    left.sort(key=lambda account: account.number)
    return paging.page(left[: paging.limit + 1], key=lambda account: (account.number,))


@post(
    "/api/v1/ledger/accounts",
    permission=CONFIGURE,
    command=PUT_ACCOUNT,
    raises=(errors.AccountKindFixed, errors.AccountNumberTaken),
    example=PutAccount("gift_wrapping", "4110", "Gift wrapping", AccountKind.INCOME),
)
async def put_account(caller: Caller, data: PutAccount) -> LedgerAccount:
    """Add an account to the chart, or change number, name and openness of the one of this code."""
    return await caller.submit(PUT_ACCOUNT, data)


@get("/api/v1/ledger/rates", permission=READ)
async def list_rates(caller: Caller, paging: Paging) -> Page[RateView]:
    """List exchange rates by pair and first day."""

    def key(rate: RateView) -> tuple[str, str, str]:
        return rate.currency, rate.book_currency, rate.valid_from.isoformat()

    after = paging.after(str, str, str)
    async with caller.read() as tx:
        rates = await service.list_rates(tx)
    left = [rate for rate in rates if after is None or key(rate) > after]
    return paging.page(left[: paging.limit + 1], key=key)


@post(
    "/api/v1/ledger/rates",
    permission=CONFIGURE,
    command=SET_RATE,
    raises=(errors.BadRate, errors.RateToItself, errors.RateFixed),
    example=SetRate("EUR", "GBP", date(2011, 1, 4), "0.8512"),
)
async def set_rate(caller: Caller, data: SetRate) -> RateView:
    """Say what a currency is worth in a book currency, from a day on.

    The rate counts minor units of the book currency per minor unit, so between currencies of two
    decimals it is the rate people know.
    """
    return await caller.submit(SET_RATE, data)


@get("/api/v1/ledger/entries", permission=READ)
async def list_entries(
    caller: Caller,
    paging: Paging,
    first_day: date | None = None,
    last_day: date | None = None,
    cause_kind: Text | None = None,
    cause_id: Text | None = None,
) -> Page[EntryView]:
    """List entries with their postings, the latest business day first."""
    after = paging.after(date, UUID)
    async with caller.read() as tx:
        found = await service.list_entries(
            tx,
            after=(after[0], after[1]) if after else None,
            limit=paging.limit + 1,
            first_day=first_day,
            last_day=last_day,
            cause_kind=cause_kind,
            cause_id=cause_id,
        )
    return paging.page(found, key=lambda entry: (entry.day, entry.id))


@get("/api/v1/ledger/entries/{entry_id}", permission=READ, raises=(errors.EntryNotFound,))
async def show_entry(caller: Caller, entry_id: UUID) -> EntryView:
    """Show one entry with its postings."""
    async with caller.read() as tx:
        return await service.entry_by_id(tx, entry_id)


@post(
    "/api/v1/ledger/entries",
    permission=POST,
    command=POST_MANUALLY,
    raises=POSTING_RAISES,
    example=PostManually(
        date(2011, 1, 4),
        "Bank fee",
        [
            ManualPosting("retailer", "fees", "GBP", 150),
            ManualPosting("retailer", "bank", "GBP", -150),
        ],
    ),
)
async def post_entry(caller: Caller, data: PostManually) -> EntryView:
    """Post an entry by hand; debits are positive, credits negative, and they sum to zero."""
    return await caller.submit(POST_MANUALLY, data)


@post(
    "/api/v1/ledger/entries/{entry_id}/reversal",
    permission=POST,
    command=REVERSE,
    raises=(errors.EntryNotFound, errors.ClosedAccount, errors.RateMissing),
    example=Reversal(date(2011, 1, 5)),
)
async def reverse_entry(caller: Caller, entry_id: UUID, data: Reversal) -> EntryView:
    """Take an entry back by posting its opposite, once however often it is asked for."""
    return await caller.submit(REVERSE, ReverseEntry(entry_id, data.day))


@get(
    "/api/v1/ledger/balances",
    permission=READ,
    raises=(UnknownEntity, errors.BadPeriod),
)
async def list_balances(
    caller: Caller,
    entity: Text | None = None,
    account: Text | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    channel_id: UUID | None = None,
    location_id: UUID | None = None,
    by: Annotated[list[By], msgspec.Meta(max_length=4)] = [],  # noqa: B006
) -> list[Balance]:
    """Sum postings per entity, account and currency, true to the moment.

    ``by`` splits the sums further and can be given several times.
    """
    async with caller.read() as tx:
        return await service.balances(
            tx,
            entity=entity,
            account=account,
            first_day=first_day,
            last_day=last_day,
            channel_id=channel_id,
            location_id=location_id,
            by=by,
        )


@get("/api/v1/ledger/trial-balance", permission=READ, optional=True, raises=(UnknownEntity,))
async def show_trial_balance(
    caller: Caller, entity: Text | None = None, day: date | None = None
) -> TrialBalance:
    """Show the balance of every account up to a day."""
    async with caller.read() as tx:
        found = await service.balances(tx, entity=entity, last_day=day)
    left: dict[tuple[str, str], int] = {}
    for balance in found:
        key = balance.entity, balance.currency
        left[key] = left.get(key, 0) + balance.balance_minor
    return TrialBalance(day, found, sum(abs(minor) for minor in left.values()))


ROUTES = [
    list_accounts,
    put_account,
    list_rates,
    set_rate,
    list_entries,
    show_entry,
    post_entry,
    reverse_entry,
    list_balances,
    show_trial_balance,
]
