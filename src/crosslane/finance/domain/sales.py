"""What business events do to the books, and whether a day's books equal its order book.

A sale is the moment goods leave our hands. It debits ``clearing`` with what the customer owes and
credits revenue, delivery income and tax; it moves the cost of the goods from the owner's inventory
to cost of goods. Goods that were a vendor's until they left have no value in our inventory: what we
owe for them is told by the vendor's own events. Money that is taken debits where it lies and
credits ``clearing``. So the clearing account of an order ends at zero when it is paid and
handed over, and shows prepaid orders as a liability until then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane.ledger import Balance, Entry, Posting
from crosslane.orders import ChargedSum, HandedOverUnits, SoldSum
from crosslane.payments import MovedSum

CLEARING = "clearing"
REVENUE = "revenue"
TAX = "tax_payable"
CHARGE_ACCOUNTS = {
    "shipping": "shipping_income",
    "fee": "service_income",
    "discount": REVENUE,
    "price_change": REVENUE,
    "appeasement": REVENUE,
    "rounding": "rounding",
}
TENDER_ACCOUNTS = {
    "card": "receivable_card",
    "on_account": "receivable_on_account",
    "cash": "cash",
    "marketplace": "receivable_marketplace",
}
BANK = "bank"
COST_OF_GOODS = "cost_of_goods"
INVENTORY = "inventory"
CONTROLLED = frozenset({CLEARING, TAX, BANK, *CHARGE_ACCOUNTS.values(), *TENDER_ACCOUNTS.values()})


class Seller(msgspec.Struct, frozen=True):
    """Who sold, as postings name it.

    Args:
        entity_id: the selling legal entity.
        channel_id: selling channel, which decides brand and market too.
        timezone: IANA zone in which the channel's days begin and end.
    """

    entity_id: UUID
    channel_id: UUID
    brand_id: UUID
    market_id: UUID
    timezone: str


class Cause(msgspec.Struct, frozen=True):
    """The event an entry is due to, and when that happened in the business."""

    kind: str
    id: str
    occurred_at: datetime


class Stockholders(msgspec.Struct, frozen=True):
    """Whose goods are where.

    Args:
        book_currencies: currency of each legal entity's books, in which its costs are; an owner
            that is none is a vendor, whose goods are not ours.
    """

    book_currencies: Mapping[UUID, str]


class Sale(msgspec.Struct, frozen=True):
    """Goods that left our hands and charges that fell due, in minor units of ``currency``."""

    currency: str
    units: Sequence[HandedOverUnits]
    charges: Sequence[ChargedSum]


class MovedMoney(msgspec.Struct, frozen=True):
    """Money of one tender that moved.

    Args:
        payment_id: the tender.
        method: card, on_account, cash or marketplace.
        deed: capture, refund or settle.
        minor: minor units.
        location_id: store whose till took it, None elsewhere.
    """

    payment_id: UUID
    method: str
    deed: str
    minor: int
    currency: str
    location_id: UUID | None


class ControlRow(msgspec.Struct, frozen=True):
    """One amount of a day, as the order book has it and as the books have it.

    Args:
        account: account of the ledger; amounts are debits, so income and tax are negative.
        location_id: store or warehouse, None where the account does not tell.
        tax_code: jurisdiction and rate, None where the account does not tell.
        currency: ISO 4217.
        order_book_minor: by the orders' and payments' own journals.
        ledger_minor: by the postings of that day.
    """

    account: str
    location_id: UUID | None
    tax_code: str | None
    currency: str
    order_book_minor: int
    ledger_minor: int

    @property
    def difference_minor(self) -> int:
        """What the books have more than the order book."""
        return self.ledger_minor - self.order_book_minor


def tax_code(jurisdiction: str, rate_bp: int) -> str:
    """Return the code under which tax of a place and rate is posted, such as ``GB:2000``."""
    return f"{jurisdiction}:{rate_bp}"


def business_day(moment: datetime, timezone: str) -> date:
    """Return the calendar day of an instant where the channel is."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return the first instant of a day where the channel is, and the first one after it.

    A day on which clocks change has 23 or 25 hours.
    """
    zone = ZoneInfo(timezone)
    midnights = (datetime.combine(d, time.min, zone) for d in (day, day + timedelta(days=1)))
    start, end = (midnight.astimezone(UTC) for midnight in midnights)
    return start, end


def sale_entry(
    cause: Cause,
    seller: Seller,
    sale: Sale,
    stockholders: Stockholders,
    besides: Sequence[Posting] = (),
) -> Entry | None:
    """Return what a sale does to the books, None when nothing was worth anything.

    Args:
        cause: the event.
        seller: who sold.
        sale: what was sold.
        stockholders: whose stock is ours.
        besides: what else it does to the value of stock.
    """
    postings: list[Posting] = list(besides)
    for unit in sale.units:
        postings += _worth(
            seller,
            sale.currency,
            REVENUE,
            unit.net_minor,
            unit.tax_minor,
            tax_code(unit.jurisdiction, unit.tax_rate_bp),
            line_id=unit.line_id,
            location_id=unit.location_id,
        )
        postings += _cost(seller, unit, stockholders)
    for charge in sale.charges:
        postings += _worth(
            seller,
            sale.currency,
            CHARGE_ACCOUNTS[charge.charge_kind],
            charge.net_minor,
            charge.tax_minor,
            tax_code(charge.jurisdiction, charge.tax_rate_bp),
            line_id=charge.charge_id,
            location_id=None,
        )
    owed = sum(u.net_minor + u.tax_minor for u in sale.units)
    owed += sum(c.net_minor + c.tax_minor for c in sale.charges)
    postings.append(posting(seller, CLEARING, sale.currency, owed))
    return entry_of(cause, seller.timezone, postings)


def money_entry(cause: Cause, seller: Seller, money: MovedMoney) -> Entry | None:
    """Return what money that moved does to the books."""
    account = TENDER_ACCOUNTS[money.method]
    debit, credit = {
        "capture": (account, CLEARING),
        "refund": (CLEARING, account),
        "settle": (BANK, account),
    }[money.deed]
    postings = [
        posting(
            seller,
            name,
            money.currency,
            minor,
            line_id=money.payment_id,
            location_id=money.location_id if name == account else None,
        )
        for name, minor in ((debit, money.minor), (credit, -money.minor))
    ]
    return entry_of(cause, seller.timezone, postings)


def control_rows(
    sold: Iterable[SoldSum], moved: Iterable[MovedSum], booked: Iterable[Balance]
) -> list[ControlRow]:
    """Compare what a day's order book and money journal demand with what was posted.

    Args:
        sold: what the channel sold that day.
        moved: the money of its orders that moved that day.
        booked: the day's postings of the channel, by location and tax code.

    Returns:
        A row for every amount either side has, by account.
    """
    wanted: dict[tuple[str, UUID | None, str | None, str], int] = defaultdict(int)
    for row in sold:
        account = REVENUE if row.kind == "goods" else CHARGE_ACCOUNTS[row.kind]
        code = tax_code(row.jurisdiction, row.tax_rate_bp)
        wanted[account, row.location_id, code, row.currency] -= row.net_minor
        wanted[TAX, row.location_id, code, row.currency] -= row.tax_minor
        wanted[CLEARING, None, None, row.currency] += row.net_minor + row.tax_minor
    for row in moved:
        account = TENDER_ACCOUNTS[row.method]
        sign = {"capture": 1, "refund": -1, "settle": -1}.get(row.deed, 0)
        wanted[account, row.location_id, None, row.currency] += sign * row.minor
        other = BANK if row.deed == "settle" else CLEARING
        wanted[other, None, None, row.currency] -= sign * row.minor
    seen: dict[tuple[str, UUID | None, str | None, str], int] = defaultdict(int)
    for row in booked:
        if row.account in CONTROLLED:
            seen[row.account, row.location_id, row.tax_code, row.currency] += row.balance_minor
    keys = sorted(wanted.keys() | seen.keys(), key=lambda key: tuple(map(str, key)))
    rows = [ControlRow(*key, wanted.get(key, 0), seen.get(key, 0)) for key in keys]
    return [row for row in rows if row.order_book_minor or row.ledger_minor]


def _worth(
    seller: Seller,
    currency: str,
    account: str,
    net_minor: int,
    tax_minor: int,
    code: str,
    *,
    line_id: UUID,
    location_id: UUID | None,
) -> list[Posting]:
    return [
        posting(
            seller,
            name,
            currency,
            -minor,
            line_id=line_id,
            location_id=location_id,
            code=code,
        )
        for name, minor in ((account, net_minor), (TAX, tax_minor))
    ]


def _cost(seller: Seller, unit: HandedOverUnits, stockholders: Stockholders) -> list[Posting]:
    postings: list[Posting] = []
    for cost in unit.costs:
        currency = stockholders.book_currencies.get(cost.owner_id)
        if currency is None:
            continue
        for name, entity_id, minor in (
            (COST_OF_GOODS, seller.entity_id, cost.cost_minor),
            (INVENTORY, cost.owner_id, -cost.cost_minor),
        ):
            postings.append(
                posting(
                    seller,
                    name,
                    currency,
                    minor,
                    entity_id=entity_id,
                    line_id=unit.line_id,
                    location_id=unit.location_id,
                )
            )
    return postings


def posting(
    seller: Seller,
    account: str,
    currency: str,
    minor: int,
    *,
    entity_id: UUID | None = None,
    line_id: UUID | None = None,
    location_id: UUID | None = None,
    code: str | None = None,
) -> Posting:
    """Return a posting with the dimensions of who sold; a debit is positive."""
    return Posting(
        entity_id=entity_id or seller.entity_id,
        account=account,
        currency=currency,
        minor=minor,
        line_id=line_id,
        channel_id=seller.channel_id,
        location_id=location_id,
        brand_id=seller.brand_id,
        market_id=seller.market_id,
        tax_code=code,
    )


def entry_of(cause: Cause, timezone: str, postings: Sequence[Posting]) -> Entry | None:
    """Return the entry of some postings on the business day of a time zone, None without any."""
    worth = [posting for posting in postings if posting.minor]
    if not worth:
        return None
    return Entry(
        cause_kind=cause.kind,
        cause_id=cause.id,
        occurred_at=cause.occurred_at,
        day=business_day(cause.occurred_at, timezone),
        postings=worth,
    )
