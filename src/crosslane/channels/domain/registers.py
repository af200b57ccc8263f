"""How far a channel has told of shipments, money, people, articles and prices; pure.

Each is a set of registers, as an order is: what the highest version said of a register stands, so
the set of messages decides, not the order in which they come. A shipment only ever goes on. The
money of an order is added up anew from all that was told of it, and the books are brought to the
sum: what an order's own changes have given back already is not given twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.channels.domain.reports import MoneyEvent, PricePatch

PRICES_KEPT_MAX = 50
# By how much a channel's sums may be less than ours and still be the whole.
ROUNDING_MINOR_MAX = 10
# How far a shipment has come; of equals the first told stands.
PLACES: Mapping[str, int] = {
    "accepted": 1,
    "packed": 2,
    "ready": 2,
    "shipped": 3,
    "in_transit": 3,
    "received": 4,
    "delivered": 4,
    "collected": 4,
    "rejected": 5,
}


class ShipmentStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a channel has told of a shipment.

    Args:
        place: how far it has come, see PLACES.
        version: that last said what is on its way to us, of a supplier's.
        as_of: latest instant at which anything of that was true.
        parcels: what it is here.
        variants: articles on their way to us.
    """

    place: int = 0
    version: int = 0
    as_of: datetime | None = None
    parcels: tuple[UUID, ...] = ()
    variants: tuple[UUID, ...] = ()


class MoneyStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a channel last said of a payment.

    Args:
        version: that said it.
        step: what happened.
        minor: minor units that have moved, 0 for what is pending or has failed.
        account: in which of its accounts, see ``MoneyEvent.account``.
    """

    version: int
    step: str
    minor: int = 0
    account: str = ""


class FieldsStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Versions that last said each field of a person or an article."""

    versions: dict[str, int] = {}


class ToldPrice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A price at a version, from an instant on."""

    version: int
    milli: int
    starts_at: datetime
    ends_at: datetime | None = None

    def runs(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


class PriceStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a channel has said an article costs, by version."""

    prices: tuple[ToldPrice, ...] = ()


def money_told(message: MoneyEvent) -> MoneyStanding:
    """Return what a message says has moved."""
    return MoneyStanding(
        version=message.source_version,
        step=message.step,
        minor=message.minor if message.outcome == "done" else 0,
        account=message.account,
    )


class ChannelMoney(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel has said of the money of an order in all, in minor units."""

    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    voided: int = 0

    @classmethod
    def of(cls, told: Iterable[MoneyStanding]) -> "ChannelMoney":
        """Add up what was told.

        Accounts of one money are not added to each other: of each sum the fullest one stands.
        """
        sums: dict[str, dict[str, int]] = {}
        for one in told:
            if one.step in cls.__struct_fields__:
                account = sums.setdefault(one.account, dict.fromkeys(cls.__struct_fields__, 0))
                account[one.step] += one.minor
        fullest = {
            step: max((account[step] for account in sums.values()), default=0)
            for step in cls.__struct_fields__
        }
        return cls(**fullest)

    @property
    def covered(self) -> int:
        """What the channel has, or may take."""
        return max(self.authorized - self.voided, self.captured)


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What our own books say of an order, in minor units.

    Args:
        worth: what the customer pays in all.
        captured: what was taken; likewise given back; charged_back by disputes and not won again.
    """

    worth: int
    captured: int
    refunded: int
    charged_back: int = 0


def missing_minor(told: ChannelMoney, books: Books) -> int:
    """Return what our books have to take still, or below zero to give back, in minor units.

    A marketplace's order is booked as paid when it comes, and what is cancelled or comes back as
    given back: the channel has the money. So a refund that is told may be one of ours already.
    Whatever comes first, in the end there is kept what the order is worth, and no more than what
    the channel has taken less what it gave. Until it has told of taking all, but for rounding, our
    books say what it has taken.
    """
    told_whole = told.captured + ROUNDING_MINOR_MAX >= books.worth
    taken = max(told.captured, books.worth) if told_whole else books.captured
    kept = books.captured - books.refunded
    missing = max(0, min(books.worth, taken - told.refunded)) - kept
    if missing > 0:
        return missing if told_whole else 0
    if books.charged_back:
        # What a dispute took back is gone; only what is told is given besides.
        return -min(-missing, max(0, told.refunded - books.refunded))
    return missing


def news(
    standing: FieldsStanding, version: int, fields: Mapping[str, object]
) -> tuple[dict[str, object], FieldsStanding]:
    """Return the fields a message says something new of, and the standing afterwards.

    Args:
        standing: before.
        version: of the message.
        fields: what it says; what is None, empty text, or an empty collection says nothing.
    """
    said = {name: value for name, value in fields.items() if value not in (None, "", (), {})}
    fresh = {n: value for n, value in said.items() if version > standing.versions.get(n, 0)}
    versions = standing.versions | dict.fromkeys(fresh, version)
    return fresh, FieldsStanding(versions=versions)


def price_told(message: PricePatch) -> ToldPrice:
    """Return what a message says an article costs."""
    return ToldPrice(
        version=message.source_version,
        milli=message.unit_price_milli,
        starts_at=message.starts_at or message.event_at,
        ends_at=message.ends_at,
    )


def prices_with(standing: PriceStanding, price: ToldPrice) -> PriceStanding:
    """Return what is said of prices with one more; the earliest are forgotten."""
    prices = sorted((*standing.prices, price), key=lambda one: (one.starts_at, one.version))
    return PriceStanding(prices=tuple(prices[-PRICES_KEPT_MAX:]))


def rows_of(standing: PriceStanding) -> list[ToldPrice]:
    """Return what holds from each instant at which some price begins or ends, the earliest first.

    A newer version replaces older ones as long as it holds; once it ends, they hold again.
    """
    begun = {one.starts_at for one in standing.prices}
    ended = {one.ends_at for one in standing.prices if one.ends_at is not None}
    rows: list[ToldPrice] = []
    for at in sorted(begun | ended):
        running = [one for one in standing.prices if one.runs(at)]
        newest = max(running, key=lambda one: one.version, default=None)
        if newest is not None:
            rows.append(msgspec.structs.replace(newest, starts_at=at))
    return rows
