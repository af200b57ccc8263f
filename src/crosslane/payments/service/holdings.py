"""What a transaction does to stored value and to the cash of stores: locked, then written once.

Gift cards and store credit are changed here and nowhere else, so that each change of a balance has
its line in the journal.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane import organization
from crosslane.kernel import Refusal, new_id
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.payments import domain, storage
from crosslane.payments.domain import (
    REFUNDS,
    STORED_VALUE,
    Account,
    AccountEntry,
    EntryDeed,
    Refunds,
    StoredValue,
)
from crosslane.payments.storage import CashKey, NewAccount
from crosslane.platform.database import Tx


class Holdings:
    """Accounts and cash as this transaction will leave them.

    Attributes:
        accounts: gift cards and store credit by id.
    """

    def __init__(self) -> None:
        self.accounts: dict[UUID, Account] = {}
        self._book: OrganizationBook | None = None
        self._policies: PolicyBook | None = None
        self._opened: list[NewAccount] = []
        self._changed: set[UUID] = set()
        self._entries: list[AccountEntry] = []
        self._cash: dict[CashKey, int] = {}
        self._paid: set[CashKey] = set()

    async def load(self, tx: Tx, account_ids: Iterable[UUID]) -> None:
        """Lock accounts, and read what their channels and policies say."""
        wanted = set(account_ids) - self.accounts.keys()
        if wanted:
            self.accounts |= await storage.lock_accounts(tx, wanted)
        await self.know_rules(tx)

    async def load_cash(self, tx: Tx, keys: Iterable[CashKey]) -> None:
        """Lock what stores have given back in cash on days."""
        wanted = set(keys) - self._cash.keys()
        if wanted:
            self._cash |= await storage.lock_cash_days(tx, wanted)

    async def know_rules(self, tx: Tx) -> None:
        """Read channels and policies, from memory."""
        if self._book is None:
            self._book = await organization.book(tx)
            self._policies = await organization.policies(tx)

    def rules(self, channel_id: UUID, at: datetime) -> StoredValue:
        """Return what holds for stored value of a channel."""
        book, policies = self._known()
        channel = book.channel_by_id(channel_id)
        value, _ = policies.resolve(STORED_VALUE, at, channel=channel.code, brand=channel.brand)
        return value

    def refund_rules(self, channel_id: UUID, location: str, at: datetime) -> Refunds:
        """Return what a channel and a store (its code, or "") allow of refunds."""
        book, policies = self._known()
        channel = book.channel_by_id(channel_id)
        value, _ = policies.resolve(
            REFUNDS, at, location=location or None, channel=channel.code, brand=channel.brand
        )
        return value

    def expiry(self, account: Account, at: datetime) -> datetime | None:
        """Return until when what is put on an account now is valid."""
        book, _ = self._known()
        timezone = book.channel_by_id(account.channel_id).timezone
        return domain.expiry_of(account.kind, self.rules(account.channel_id, at), at, timezone)

    def cash_key(self, channel_id: UUID, location_id: UUID, currency: str, at: datetime) -> CashKey:
        """Return the store's day on which cash is given; the day is the channel's."""
        book, _ = self._known()
        zone = ZoneInfo(book.channel_by_id(channel_id).timezone)
        return CashKey(location_id, at.astimezone(zone).date(), currency)

    def currency(self, channel_id: UUID) -> str:
        """Return the currency of a channel."""
        book, _ = self._known()
        return book.channel_by_id(channel_id).currency

    def refuse_cash(self, key: CashKey, minor: int, rules: Refunds) -> Refusal | None:
        """Return why a store may not give this much cash, or None."""
        return domain.refuse_cash(minor, self._cash[key], rules)

    def pay_cash(self, key: CashKey, minor: int) -> None:
        """Count cash that a store gives back."""
        self._cash[key] += minor
        self._paid.add(key)

    def open(self, new: NewAccount) -> None:
        """Add a new account, empty."""
        self.accounts[new.account.id] = new.account
        self._opened.append(new)

    def set(self, account: Account) -> None:
        """Remember a changed account whose balance stays."""
        self.accounts[account.id] = account
        self._changed.add(account.id)

    def set_aside(self, account_id: UUID, minor: int) -> None:
        """Set an amount aside for a tender; a negative one is let go."""
        account = self.accounts[account_id]
        self.set(msgspec.structs.replace(account, held_minor=account.held_minor + minor))

    def change(
        self,
        account_id: UUID,
        deed: EntryDeed,
        minor: int,
        cause: tuple[str, str],
        *,
        at: datetime,
        channel_id: UUID,
        payment_id: UUID | None = None,
        location_id: UUID | None = None,
        paid_by: str = "",
        reference: str = "",
        now: datetime | None = None,
    ) -> AccountEntry:
        """Change a balance and keep why.

        Arguments as of AccountEntry; ``cause`` is the kind and id of what it is due to. ``now`` is
        told for money that comes back: what has run out by then is valid again for a while.
        """
        account = self.accounts[account_id]
        if now is None:
            balance = account.balance_minor + minor
            account = msgspec.structs.replace(account, balance_minor=balance)
        else:
            rules = self.rules(account.channel_id, now)
            account = domain.given_back(account, minor, rules, now)
        self.set(account)
        entry = AccountEntry(
            id=new_id(),
            account_id=account_id,
            deed=deed,
            minor=minor,
            cause_kind=cause[0],
            cause_id=cause[1],
            occurred_at=at,
            channel_id=channel_id,
            payment_id=payment_id,
            location_id=location_id,
            paid_by=paid_by,
            reference=reference,
        )
        self._entries.append(entry)
        return entry

    def undo(self, account_id: UUID, payment_id: UUID, held_minor: int) -> None:
        """Take back what a tender opened here has taken and set aside."""
        gone = [entry for entry in self._entries if entry.payment_id == payment_id]
        account = self.accounts[account_id]
        self.set(
            msgspec.structs.replace(
                account,
                balance_minor=account.balance_minor - sum(entry.minor for entry in gone),
                held_minor=account.held_minor - held_minor,
            )
        )
        self._entries = [entry for entry in self._entries if entry.payment_id != payment_id]

    async def write(self, tx: Tx) -> None:
        """Save everything that has changed."""
        if self._opened:
            await storage.insert_accounts(tx, self._opened)
        if self._changed:
            changed = [self.accounts[account_id] for account_id in sorted(self._changed)]
            await storage.write_accounts(tx, changed, self._entries)
        if self._paid:
            await storage.save_cash_days(tx, {key: self._cash[key] for key in self._paid})

    def _known(self) -> tuple[OrganizationBook, PolicyBook]:
        if self._book is None or self._policies is None:
            raise RuntimeError("the rules have to be read before they are asked for")
        return self._book, self._policies
