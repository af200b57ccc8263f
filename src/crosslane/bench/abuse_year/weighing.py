"""What was known before each return of a year, and what the rules find in it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.bench.abuse_year.drawing import Back, Sale, Year
from crosslane.returns import Abuse, Finding, Past, Trait, weigh


class Weighed(msgspec.Struct, frozen=True):
    """A return with what the rules find."""

    back: Back
    trait: Trait
    findings: list[Finding]

    @property
    def held(self) -> set[str]:
        """Kinds of suspicion for which it waits."""
        return {finding.kind for finding in self.findings if finding.held}


class _Known:
    """What is known so far."""

    def __init__(self, policy: Abuse) -> None:
        self.policy = policy
        self.sales: dict[str, dict[str, Sale]] = defaultdict(dict)
        self.by_key: dict[tuple[str, str], list[Trait]] = defaultdict(list)
        self.left: dict[str, Counter[str]] = {}

    def learn_sale(self, sale: Sale) -> None:
        for key in _person_keys(sale.customer, sale.card):
            self.sales[key][sale.receipt] = sale
        units = {sku: units for sku, (units, _) in sale.lines.items()}
        self.left[sale.receipt] = Counter(units)

    def learn_return(self, trait: Trait) -> None:
        for key in _keys(trait):
            self.by_key[key].append(trait)

    def past(self, trait: Trait, sold: dict[str, int] | None) -> Past:
        policy = self.policy
        return Past(
            person=self._traits(trait, ("customer", "card"), policy.person_days),
            bought_minor=self._bought(trait),
            receipt=self._traits(trait, ("receipt",), policy.receipt_reuse.window_days),
            sold=sold,
            pair=self._traits(trait, ("pair",), policy.staff_loop.window_days),
            store_returns=len(self._traits(trait, ("store",), policy.credit_farming.window_days)),
        )

    def _traits(self, trait: Trait, names: Sequence[str], days: int) -> list[Trait]:
        begin = trait.at - timedelta(days=days)
        found: dict[UUID, Trait] = {}
        for name, value in _keys(trait):
            if name in names:
                found |= {t.return_id: t for t in self.by_key[name, value] if t.at > begin}
        return sorted(found.values(), key=lambda each: each.at)

    def _bought(self, trait: Trait) -> int:
        rule = self.policy.serial_returner
        begin = trait.at - timedelta(days=rule.window_days)
        ripe = trait.at - timedelta(days=rule.grace_days)
        mine: dict[str, Sale] = {}
        for key in _person_keys(trait.customer, trait.card):
            mine |= self.sales[key]
        return sum(sale.minor for sale in mine.values() if begin < sale.at <= ripe)


def _person_keys(customer: UUID | None, card: str) -> list[str]:
    return [*([f"customer {customer}"] if customer else ()), *([f"card {card}"] if card else ())]


def _keys(trait: Trait) -> Iterator[tuple[str, str]]:
    if trait.customer is not None:
        yield "customer", str(trait.customer)
    if trait.card:
        yield "card", trait.card
    if trait.receipt:
        yield "receipt", trait.receipt
    if trait.taken_by and trait.sold_by:
        yield "pair", "/".join(sorted((trait.taken_by, trait.sold_by)))
    if trait.credited:
        yield "store", str(trait.location)


def weigh_year(year: Year, policy: Abuse, *, until: datetime | None = None) -> list[Weighed]:
    """Weigh the returns of a year in the order of time, up to an instant."""
    known = _Known(policy)
    sales = iter(sorted(year.sales, key=lambda sale: sale.at))
    coming = next(sales, None)
    weighed: list[Weighed] = []
    for place, back in enumerate(sorted(year.backs, key=lambda back: back.at)):
        if until is not None and back.at > until:
            break
        while coming is not None and coming.at <= back.at:
            known.learn_sale(coming)
            coming = next(sales, None)
        trait = _trait(back, UUID(int=place + 1), known.left[back.sale.receipt])
        sold = {sku: units for sku, (units, _) in back.sale.lines.items()}
        past = known.past(trait, sold if back.with_receipt and back.known_receipt else None)
        weighed.append(Weighed(back, trait, weigh(trait, past, policy)))
        known.learn_return(trait)
    return weighed


def _trait(back: Back, return_id: UUID, left: Counter[str]) -> Trait:
    sale = back.sale
    minor = sum(units * sale.lines[sku][1] for sku, units in back.units.items())
    left.subtract(back.units)
    known = back.with_receipt
    return Trait(
        return_id=return_id,
        at=back.at,
        customer=back.customer,
        card=back.card,
        receipt=sale.receipt if known else "",
        sold_at=sale.at if known else None,
        sold_by=sale.sold_by if known else "",
        taken_by=back.taken_by,
        buyer_staff=sale.buyer_staff if known else "",
        location=None if back.store is None else UUID(int=1_000_000 + back.store),
        credited=back.store is not None and back.store != sale.store,
        cash=back.cash,
        paid_cash=sale.cash,
        minor=minor,
        receipt_minor=sale.minor if known else 0,
        faulty_minor=minor if back.faulty else 0,
        worn_minor=minor if back.worn else 0,
        units=back.units,
        kept_nothing=known and max(left.values()) <= 0,
    )
