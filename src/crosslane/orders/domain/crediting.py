"""What comes back after hand-over: how many units, and what they were worth to the customer.

Only units that were handed over come back. What the customer has paid for those he still has is
shared over them; the last of them takes what is left. So the parts always add up to what was paid
for the units, in net, tax and gross, however they are split, and whatever was cancelled, repriced
or given back in between. A changed price and an appeasement on a line are part of what its units
cost.

Charges take the tax of what they belong to: a delivery that is given back has the tax of the
order's delivery, a fee that of the goods it is taken for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal, allocate, rounded_ratio
from crosslane.orders.domain.money import (
    Sum,
    credited,
    handed_over_units,
    is_repriced,
    kept_units,
    part_of,
    portion,
    remaining,
)
from crosslane.orders.domain.nouns import PRICE_KINDS, Charge, ChargeKind, OrderLine, OrderState
from crosslane.orders.domain.stages import GONE
from crosslane.orders.errors import (
    FeeAboveCredit,
    GivenBackAboveCharged,
    NoSuchLine,
    ReturnedAboveHandedOver,
)

TITLE_CHARACTERS_MAX = 200
BASIS_POINTS = 10_000


# Charges by kind, jurisdiction and tax rate.
Taxed = tuple[ChargeKind, str, int]


# Charges that are given back on their own, in the order in which goodwill is taken off them.
OPEN_KINDS: tuple[ChargeKind, ...] = ("shipping", "fee")


class CreditLine(msgspec.Struct, frozen=True):
    """Units of a line that come back; those of a bundle's own line stand for its components.

    Args:
        line_id: the line.
        quantity: how many units.
        sold_at: the location whose sale is undone. When None, those that had handed over most of
            the units the customer still has, and of equals the one with the lowest id.
    """

    line_id: UUID
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    sold_at: UUID | None = None


class NewCharge(msgspec.Struct, frozen=True):
    """Money that goes with a credit besides the units.

    Args:
        kind: delivery, a fee, or an appeasement.
        title: what it is for, as the customer reads it.
        gross_minor: minor units with tax, negative when the customer gets it.
        line_id: the line it belongs to, None for the whole order.
    """

    kind: Literal["shipping", "fee", "appeasement"]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_CHARACTERS_MAX)]
    gross_minor: int
    line_id: UUID | None = None


class UnitsBack(msgspec.Struct, frozen=True):
    """Units that come back to one location's sales, with what they are worth."""

    line: OrderLine
    location_id: UUID
    quantity: int
    value: Sum


class Share(msgspec.Struct, frozen=True):
    """A part of a charge that bears one tax; ``line_id`` when it belongs to a line."""

    kind: ChargeKind
    title: str
    line_id: UUID | None
    value: Sum
    tax_rate_bp: int
    jurisdiction: str


class Planned(msgspec.Struct, frozen=True):
    """What a credit would do.

    Args:
        units: what comes back, by line and location.
        charges: money besides, each part with one tax.
    """

    units: list[UnitsBack]
    charges: list[Share]

    @property
    def given(self) -> Sum:
        """What the customer gets in all, charges taken off."""
        total = Sum()
        for one in self.units:
            total += one.value
        for charge in self.charges:
            total -= charge.value
        return total


def plan_credit(
    state: OrderState, lines: Sequence[CreditLine], charges: Sequence[NewCharge]
) -> Planned | Refusal:
    """Return what a credit of units and charges comes to, or why it cannot be.

    Args:
        state: the order as it is.
        lines: units that come back.
        charges: money besides.
    """
    account = _Account(state)
    units: list[UnitsBack] = []
    for wish in _by_component(state, lines):
        if isinstance(wish, Refusal):
            return wish
        line, quantity, sold_at = wish
        back = account.take(line, quantity, sold_at)
        if isinstance(back, Refusal):
            return back
        units += back
    shares: list[Share] = []
    for charge in charges:
        parts = _share_out(account, charge, units)
        if isinstance(parts, Refusal):
            return parts
        account.charge(parts)
        shares += parts
    planned = Planned(units, shares)
    if planned.given.gross_minor < 0:
        taken = sum(part.value.gross_minor for part in shares)
        return FeeAboveCredit(minor=taken, credit=taken + planned.given.gross_minor)
    return planned


def _by_component(
    state: OrderState, lines: Iterable[CreditLine]
) -> Iterable[tuple[OrderLine, int, UUID | None] | Refusal]:
    for wish in lines:
        line = state.line(wish.line_id)
        if line is None:
            yield NoSuchLine(line=str(wish.line_id))
        elif not line.is_bundle:
            yield line, wish.quantity, wish.sold_at
        else:
            for part in state.stock_lines:
                if part.parent_line_id == line.id:
                    yield part, wish.quantity * part.quantity // line.quantity, wish.sold_at


class _Account:
    """What each line still has to give while a credit is planned, so that its parts add up."""

    def __init__(self, state: OrderState) -> None:
        self.state = state
        self._handed: dict[UUID, Counter[UUID]] = {}
        self._taken: dict[UUID, Sum] = defaultdict(Sum)
        self._out: Counter[UUID] = Counter()
        self._charged: dict[Taxed, Sum] = defaultdict(Sum)

    def handed(self, line: OrderLine) -> Counter[UUID]:
        """Return the units the customer still has, by the location that had handed them over."""
        if line.id not in self._handed:
            here: Counter[UUID] = Counter()
            for bucket in self.state.buckets.of(line.id):
                if bucket.stage in GONE:
                    here[bucket.location_id] += bucket.quantity
            for back in self.state.returned_of.get(line.id, ()):
                here[back.location_id] -= back.quantity
            self._handed[line.id] = here
        return self._handed[line.id]

    def remaining(self, line: OrderLine) -> Sum:
        """Return what the units of a line that are neither cancelled nor back are worth."""
        return remaining(self.state, line) - self._taken[line.id]

    def take(
        self, line: OrderLine, quantity: int, sold_at: UUID | None
    ) -> list[UnitsBack] | Refusal:
        """Take units back, from the location named or from those with most of them."""
        here = self.handed(line)
        pool = [sold_at] if sold_at else sorted(here, key=lambda at: (-here[at], at))
        left = sum(here[at] for at in pool)
        if quantity > left:
            return ReturnedAboveHandedOver(sku=line.sku, quantity=quantity, left=left)
        found: list[UnitsBack] = []
        for at in pool:
            units = min(quantity, here[at])
            if units > 0:
                value = part_of(self._held(line), units, here.total())
                here[at] -= units
                quantity -= units
                self._taken[line.id] += value
                self._out[line.id] += units
                found.append(UnitsBack(line, at, units, value))
        return found

    def _held(self, line: OrderLine) -> Sum:
        """Return what the customer has paid for the units of a line that he still has."""
        if is_repriced(self.state, line.id):
            units = kept_units(self.state, line) - self._out[line.id]
            return part_of(self.remaining(line), self.handed(line).total(), units)
        paid = portion(line, handed_over_units(self.state.buckets, line.id))
        return paid - credited(self.state, line.id) - self._taken[line.id]

    def charge(self, parts: Iterable[Share]) -> None:
        """Count charges that were planned."""
        for part in parts:
            if part.line_id is not None and part.kind == "appeasement":
                self._taken[part.line_id] -= part.value
            else:
                self._charged[_key(part)] += part.value

    def charged(self, *kinds: ChargeKind) -> dict[Taxed, Sum]:
        """Return what is left of delivery or fees, by kind, jurisdiction and rate.

        Goodwill that belongs to no line was taken off them: off delivery first.
        """
        found: dict[Taxed, Sum] = defaultdict(Sum)
        forgiven: dict[tuple[str, int], Sum] = defaultdict(Sum)
        for charge in self.state.charges:
            of_a_line = charge.line_id is not None and charge.kind in PRICE_KINDS
            if not (charge.cancelled or of_a_line):
                found[_key(charge)] += Sum(charge.net_minor, charge.tax_minor)
        for key, value in self._charged.items():
            found[key] += value
        for (kind, jurisdiction, rate_bp), value in found.items():
            if kind == "appeasement":
                forgiven[jurisdiction, rate_bp] -= value
        left: dict[Taxed, Sum] = {}
        for kind in OPEN_KINDS:
            for key in [key for key in found if key[0] == kind]:
                off = min(found[key], forgiven[key[1:]], key=lambda value: value.gross_minor)
                forgiven[key[1:]] -= off
                left[key] = found[key] - off
        return {k: v for k, v in left.items() if k[0] in kinds and v.gross_minor > 0}


def _key(charge: Charge | Share) -> Taxed:
    return charge.kind, charge.jurisdiction, charge.tax_rate_bp


def _share_out(
    account: _Account, charge: NewCharge, units: Sequence[UnitsBack]
) -> list[Share] | Refusal:
    """Return the parts of a charge, each with the tax of what it belongs to."""
    if charge.gross_minor >= 0:
        return _taken_for(account.state, charge, units)
    if charge.kind == "appeasement":
        return _appeased(account, charge)
    return _given_back(charge, account.charged(charge.kind), -charge.gross_minor)


def _taken_for(
    state: OrderState, charge: NewCharge, units: Sequence[UnitsBack]
) -> list[Share] | Refusal:
    """Take a fee, with the taxes of its line or else of the goods in proportion to their value."""
    worth: Counter[tuple[str, int]] = Counter()
    for one in units:
        worth[one.line.jurisdiction, one.line.tax_rate_bp] += one.value.gross_minor
    if charge.line_id is not None or not worth:
        named = [line for line in state.stock_lines if charge.line_id in (None, line.id)]
        if not named:
            return NoSuchLine(line=str(charge.line_id))
        for line in named:
            worth[line.jurisdiction, line.tax_rate_bp] += line.gross_minor
    parts = allocate(charge.gross_minor, list(worth.values()))
    return [
        Share(charge.kind, charge.title, charge.line_id, _gross(part, rate), rate, jurisdiction)
        for (jurisdiction, rate), part in zip(worth, parts, strict=True)
        if part
    ]


def _gross(gross_minor: int, rate_bp: int) -> Sum:
    tax_minor = rounded_ratio(gross_minor, rate_bp, BASIS_POINTS + rate_bp)
    return Sum(gross_minor - tax_minor, tax_minor)


def _appeased(account: _Account, charge: NewCharge) -> list[Share] | Refusal:
    """Give back of what the goods cost, and only then of delivery and fees."""
    wanted = -charge.gross_minor
    parts: list[Share] = []
    lines = _named_lines(account.state, charge.line_id)
    if not lines:
        return NoSuchLine(line=str(charge.line_id))
    worth = {line.id: account.remaining(line) for line in lines}
    priced = [line for line in lines if worth[line.id].gross_minor > 0]
    if priced:
        weights = [worth[line.id].gross_minor for line in priced]
        of_lines = min(wanted, sum(weights))
        wanted -= of_lines
        for line, part in zip(priced, allocate(of_lines, weights), strict=True):
            if part:
                value = Sum() - _part(worth[line.id], part)
                parts.append(
                    Share(
                        charge.kind,
                        charge.title,
                        line.id,
                        value,
                        line.tax_rate_bp,
                        line.jurisdiction,
                    )
                )
    if wanted:
        pool: dict[Taxed, Sum] = {}
        if charge.line_id is None:
            pool = account.charged(*OPEN_KINDS)
        rest = _given_back(charge, pool, wanted)
        if isinstance(rest, Refusal):
            left = -charge.gross_minor - wanted + sum(v.gross_minor for v in pool.values())
            return GivenBackAboveCharged(minor=-charge.gross_minor, kind=charge.kind, left=left)
        parts += rest
    return parts


def _named_lines(state: OrderState, line_id: UUID | None) -> list[OrderLine]:
    """Return the lines a charge belongs to: all, one, or the components of a bundle."""
    return [line for line in state.stock_lines if line_id in (None, line.id, line.parent_line_id)]


def _given_back(charge: NewCharge, pool: dict[Taxed, Sum], wanted: int) -> list[Share] | Refusal:
    """Give back some of what charges come to, with their own taxes."""
    left = sum(value.gross_minor for value in pool.values())
    if wanted > left:
        return GivenBackAboveCharged(minor=wanted, kind=charge.kind, left=left)
    weights = [value.gross_minor for value in pool.values()]
    return [
        Share(charge.kind, charge.title, None, Sum() - _part(value, part), rate, jurisdiction)
        for ((_, jurisdiction, rate), value), part in zip(
            pool.items(), allocate(wanted, weights), strict=True
        )
        if part
    ]


def _part(whole: Sum, gross_minor: int) -> Sum:
    tax_minor = rounded_ratio(whole.tax_minor, gross_minor, whole.gross_minor)
    return Sum(gross_minor - tax_minor, tax_minor)
