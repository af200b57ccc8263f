"""Which returns a person should look at, and why; pure.

Nouns: a :class:`Trait` is a return as these rules see it, a :class:`Past` what was known of its
customer, card, receipt, staff and store at that moment, a :class:`Finding` one kind of suspicion
with its score. A score is the sum of the points of its reasons, and a reason names its figures; so
everybody can add up why a return waits. Nothing here is a verdict: what is held, a person clears
or declines.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.returns.domain.abuse_policy import (
    Abuse,
    CreditFarming,
    Limits,
    ReceiptReuse,
    SerialReturner,
    StaffLoop,
    Wardrobing,
)

Kind = Literal["serial_returner", "wardrobing", "receipt_reuse", "staff_loop", "credit_farming"]
WHOLE_BP = 10_000
SATURDAY = 5


class Trait(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"customer": "customer_id", "location": "location_id"},
):
    """A return, as far as abuse may show in it. Ids and figures, nothing of a person.

    Args:
        return_id: which.
        at: when the goods were brought.
        customer: who brought them, None when nobody knows.
        card: what a card that paid is told apart by, "" for none.
        receipt: the order's id or the number of the proof, "" for none.
        sold_at: when the goods had left; None when nobody knows.
        sold_by: number of the member of staff who had sold; likewise who takes back, and who
            the buyer is as a member of staff; "" for nobody known.
        location: where the goods are taken back, None when they are sent.
        credited: the location gets a handling credit for it.
        cash: the money is given back in cash.
        paid_cash: it was paid so, as far as anybody knows.
        minor: what it gives back, in minor units.
        receipt_minor: what the goods of the receipt had cost in all.
        faulty_minor: the part of it that the retailer is to blame for.
        worn_minor: the part of it that comes back worn.
        units: how many come back, by SKU.
        kept_nothing: no unit of the receipt stays with the customer.
        cleared: kinds of suspicion that a person has looked into and cleared.
    """

    return_id: UUID
    at: datetime
    customer: UUID | None = None
    card: str = ""
    receipt: str = ""
    sold_at: datetime | None = None
    sold_by: str = ""
    taken_by: str = ""
    buyer_staff: str = ""
    location: UUID | None = None
    credited: bool = False
    cash: bool = False
    paid_cash: bool = False
    minor: int
    receipt_minor: int = 0
    faulty_minor: int = 0
    worn_minor: int = 0
    units: Mapping[str, int] = {}
    kept_nothing: bool = False
    cleared: frozenset[str] = frozenset()

    @property
    def pair(self) -> frozenset[str]:
        """The two members of staff, empty unless both are known."""
        two = frozenset((self.sold_by, self.taken_by))
        return frozenset() if "" in two else two

    @property
    def blameless(self) -> bool:
        """Whether the retailer is to blame for all of it."""
        return self.faulty_minor >= self.minor

    @property
    def worn(self) -> bool:
        """Whether goods come back worn that were not faulty."""
        return self.worn_minor > self.faulty_minor

    def within(self, days: int) -> bool:
        """Whether the goods were back at most so many days after they had left."""
        return self.sold_at is not None and self.at - self.sold_at <= timedelta(days=days)

    def is_between(self, two: frozenset[str]) -> bool:
        """Whether it passed between two members of staff, either way round."""
        return two == self.pair != frozenset()

    def feeds(self, other: "Trait") -> bool:
        """Whether it brings the store of another return a handling credit."""
        return self.credited and self.location == other.location

    def is_of(self, other: "Trait") -> bool:
        """Whether two returns are of one person, as customer or by card."""
        by_customer = self.customer is not None and self.customer == other.customer
        return by_customer or (self.card != "" and self.card == other.card)


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What was known before a return, within the windows of the policy.

    Args:
        person: returns of the same customer or card.
        bought_minor: what this person had bought in the window of ``serial_returner``, but for
            what is younger than its grace.
        receipt: returns on the same receipt.
        sold: units that the receipt was given for, by SKU; None when it cannot be looked up.
        pair: returns that passed between the two members of staff of this one, either way round.
        store_returns: how many returns brought the same store a handling credit in the window of
            ``credit_farming``.
    """

    person: Sequence[Trait] = ()
    bought_minor: int = 0
    receipt: Sequence[Trait] = ()
    sold: Mapping[str, int] | None = None
    pair: Sequence[Trait] = ()
    store_returns: int = 0


class Reason(msgspec.Struct, frozen=True):
    """One thing that adds to a score.

    Args:
        name: stable, such as ``worn_before``.
        points: what it adds.
        figures: what it was computed from.
    """

    name: str
    points: int
    figures: dict[str, int]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A suspicion.

    Args:
        kind: of what.
        score: sum of the points of the reasons.
        hold_at: score from which the policy lets a return wait.
        held: whether it lets this one wait; not when the policy only notes the kind, when the
            amount is exempt or when a person has cleared the same lately.
        reasons: why, the weightiest first.
    """

    kind: Kind
    score: int
    hold_at: int
    held: bool
    reasons: tuple[Reason, ...]


def weigh(trait: Trait, past: Past, policy: Abuse) -> list[Finding]:
    """Return the suspicions that a return reaches, the weightiest first."""
    past = msgspec.structs.replace(past, person=one_person(trait, past.person, policy))
    rules: list[tuple[Kind, Limits, Iterator[Reason], Sequence[Trait]]] = [
        (
            "serial_returner",
            policy.serial_returner,
            _serial(trait, past, policy.serial_returner),
            past.person,
        ),
        ("wardrobing", policy.wardrobing, _worn(trait, past, policy.wardrobing), past.person),
        ("receipt_reuse", policy.receipt_reuse, _reuse(trait, past, policy.receipt_reuse), ()),
        ("staff_loop", policy.staff_loop, _loop(trait, past, policy.staff_loop), past.pair),
        (
            "credit_farming",
            policy.credit_farming,
            _farming(trait, past, policy.credit_farming),
            past.person,
        ),
    ]
    findings: list[Finding] = []
    for kind, limits, reasons, akin in rules:
        found = sorted((r for r in reasons if r.points > 0), key=lambda r: (-r.points, r.name))
        score = sum(reason.points for reason in found)
        if score < limits.hold_at or not found:
            continue
        held = limits.held and trait.minor >= limits.exempt_minor
        findings.append(
            Finding(
                kind=kind,
                score=score,
                hold_at=limits.hold_at,
                held=held and not _trusted(kind, trait, akin, limits.trust_days),
                reasons=tuple(found),
            )
        )
    return sorted(findings, key=lambda finding: (-finding.score, finding.kind))


def wants_bought(trait: Trait, person: Sequence[Trait], policy: Abuse) -> bool:
    """Tell whether it matters what a person has bought: not before there are many returns."""
    mine = one_person(trait, person, policy)
    return len(mine) + 1 >= policy.serial_returner.returns_min and not trait.blameless


def wants_pair(trait: Trait, policy: Abuse) -> bool:
    """Tell whether it matters what passed between two members of staff before."""
    return bool(trait.pair) and is_hollow(trait, policy.staff_loop)


def wants_store(trait: Trait, person: Sequence[Trait], policy: Abuse) -> bool:
    """Tell whether it matters how many returns brought the store a credit."""
    mine = filter(partial(_farms, trait, policy.credit_farming), person)
    return trait.credited and len(list(mine)) >= policy.credit_farming.customer_after


def one_person(trait: Trait, traits: Sequence[Trait], policy: Abuse) -> list[Trait]:
    """Return those of some returns that are of the person of one.

    A card that many customers use is a company's or a till's own, and tells nobody apart.
    """
    by_card = [each for each in traits if each.card == trait.card != ""]
    people = {each.customer for each in (*by_card, trait) if each.customer}
    if len(people) > policy.card_people_max:
        return [each for each in traits if each.customer == trait.customer is not None]
    return [each for each in traits if each.is_of(trait)]


def _trusted(kind: Kind, trait: Trait, akin: Sequence[Trait], days: int) -> bool:
    """Whether a person has cleared the same lately."""
    begin = trait.at - timedelta(days=days)
    return any(kind in each.cleared and each.at > begin for each in akin)


def _since(traits: Sequence[Trait], at: datetime, days: int) -> list[Trait]:
    begin = at - timedelta(days=days)
    return [each for each in traits if each.at > begin]


def _serial(trait: Trait, past: Past, rule: SerialReturner) -> Iterator[Reason]:
    """Nearly everything bought comes back, nothing is kept, and often."""
    mine = [t for t in (*_since(past.person, trait.at, rule.window_days), trait) if not t.blameless]
    if trait.blameless or len(mine) < rule.returns_min:
        return
    back = sum(each.minor - each.faulty_minor for each in mine)
    ripe = trait.at - timedelta(days=rule.grace_days)
    young = {t.receipt: t.receipt_minor for t in mine if t.sold_at and t.sold_at > ripe}
    bought = past.bought_minor + sum(young.values())
    share = _share(back, max(bought, 1))
    figures = {"returned_minor": back, "bought_minor": bought, "share_bp": share}
    yield Reason("share", _above(share, rule.share_bp, rule.share_points), figures)
    whole = sum(each.kept_nothing for each in mine)
    share = _share(whole, len(mine))
    figures = {"kept_nothing": whole, "returns": len(mine), "share_bp": share}
    yield Reason("nothing_kept", _above(share, rule.whole_bp, rule.whole_points), figures)
    beyond = len(mine) - rule.often
    figures = {"returns": len(mine), "usual": rule.often, "days": rule.window_days}
    yield Reason("often", _each(beyond, rule.often_points, rule.often_most), figures)


def _worn(trait: Trait, past: Past, rule: Wardrobing) -> Iterator[Reason]:
    """Goods come back worn, again, from one weekend to the next."""
    if not trait.worn:
        return
    yield Reason("worn", rule.worn_points, {"worn_minor": trait.worn_minor})
    mine = [*_since(past.person, trait.at, rule.window_days), trait]
    worn = [each for each in mine if each.worn]
    if _share(len(worn), len(mine)) < rule.worn_bp:
        return
    earlier = len(worn) - 1
    figures = {"worn_before": earlier, "returns": len(mine), "days": rule.window_days}
    yield Reason("worn_before", _each(earlier, rule.before_points, rule.before_most), figures)
    weekends = sum(_spans_weekend(each, rule.weekend_days) for each in worn)
    figures = {"weekends": weekends, "days_at_most": rule.weekend_days}
    yield Reason("one_occasion", _each(weekends, rule.weekend_points, rule.weekend_most), figures)


def _spans_weekend(trait: Trait, days: int) -> bool:
    if trait.sold_at is None or not trait.within(days):
        return False
    held = (trait.at.date() - trait.sold_at.date()).days
    return any(
        (trait.sold_at + timedelta(days=day)).weekday() == SATURDAY for day in range(1, held)
    )


def _reuse(trait: Trait, past: Past, rule: ReceiptReuse) -> Iterator[Reason]:
    """A receipt for more than was sold, at several places, for cash."""
    if not trait.receipt:
        return
    earlier = _since(past.receipt, trait.at, rule.window_days)
    if past.sold is None:
        same = sum(bool(trait.units.keys() & each.units.keys()) for each in earlier)
        figures = {"same_article_before": same}
        yield Reason("again", _each(same, rule.again_points, rule.again_most), figures)
    else:
        back = {
            sku: units + sum(each.units.get(sku, 0) for each in earlier)
            for sku, units in trait.units.items()
        }
        beyond = sum(max(0, units - past.sold.get(sku, 0)) for sku, units in back.items())
        sold = sum(past.sold.get(sku, 0) for sku in back)
        figures = {"beyond": beyond, "back": sum(back.values()), "sold": sold}
        yield Reason("beyond_sold", rule.beyond_points if beyond else 0, figures)
    places = {each.location for each in earlier} - {trait.location}
    points = _each(len(places), rule.place_points, rule.place_most)
    yield Reason("other_places", points, {"places": len(places)})
    strangers = [each for each in earlier if (each.customer or each.card) and not each.is_of(trait)]
    people = len({each.customer or each.card for each in strangers})
    points = _each(people, rule.person_points, rule.person_most)
    yield Reason("other_people", points, {"people": people})
    turned = earlier and trait.cash and not trait.paid_cash
    yield Reason("cash_for_other", rule.cash_points if turned else 0, {"minor": trait.minor})


def is_hollow(trait: Trait, rule: StaffLoop) -> bool:
    """Tell whether a return gives cash within days for a sale that no stranger made."""
    stranger = trait.customer is not None and not trait.buyer_staff
    return trait.cash and not stranger and trait.within(rule.hollow_days)


def _loop(trait: Trait, past: Past, rule: StaffLoop) -> Iterator[Reason]:
    """One sells, the other takes back, with no stranger between them."""
    if trait.taken_by and trait.taken_by == trait.buyer_staff:
        yield Reason("own_purchase", rule.own_points, {"minor": trait.minor})
        if trait.sold_by == trait.taken_by:
            yield Reason("own_sale", rule.sold_points, {"minor": trait.minor})
    if not is_hollow(trait, rule):
        return
    figures = {"minor": trait.minor, "days_at_most": rule.hollow_days}
    yield Reason("hollow", rule.hollow_points, figures)
    pair = _since(past.pair, trait.at, rule.window_days)
    hollow = [each for each in pair if is_hollow(each, rule)]
    chance = -(-len(pair) * rule.chance_bp // WHOLE_BP)
    figures = {"hollow_before": len(hollow), "between_them": len(pair), "by_chance": chance}
    points = _each(len(hollow) - chance, rule.pair_points, rule.pair_most)
    yield Reason("same_two", points, figures)
    back = [each for each in hollow if each.sold_by == trait.taken_by != each.taken_by]
    figures = {"the_other_way": len(back)}
    yield Reason("both_ways", rule.both_points if back else 0, figures)


def _farms(trait: Trait, rule: CreditFarming, each: Trait) -> bool:
    """Whether another return brought the same store a credit in the window."""
    begin = trait.at - timedelta(days=rule.window_days)
    return each.feeds(trait) and each.at > begin


def _farming(trait: Trait, past: Past, rule: CreditFarming) -> Iterator[Reason]:
    """One receipt in many visits, one person week by week, the same hands."""
    if not trait.credited or trait.location is None:
        return
    visits = 1 + sum(map(partial(_farms, trait, rule), past.receipt))
    points = _each(visits - rule.split_after, rule.split_points, rule.split_most)
    yield Reason("split", points, {"visits": visits, "usual": rule.split_after})
    mine = [*filter(partial(_farms, trait, rule), past.person), trait]
    beyond = len(mine) - rule.customer_after
    figures = {"returns": len(mine), "usual": rule.customer_after, "days": rule.window_days}
    points = _each(beyond, rule.customer_points, rule.customer_most)
    yield Reason("same_person", points, figures)
    if beyond <= 0:
        return
    hands = sum(each.taken_by == trait.taken_by != "" for each in mine)
    points = _each(hands - rule.hands_after, rule.hands_points, rule.hands_most)
    yield Reason("same_hands", points, {"returns": hands, "usual": rule.hands_after})
    turned = sum(each.within(rule.turn_days) for each in mine)
    points = _each(min(turned, beyond), rule.turn_points, rule.turn_most)
    yield Reason("at_once", points, {"returns": turned, "days_at_most": rule.turn_days})
    store = past.store_returns + 1
    share = _share(len(mine), store)
    few = share > rule.few_bp and store >= rule.few_min
    figures = {"returns": len(mine), "of_store": store, "share_bp": share}
    yield Reason("few_people", rule.few_points if few else 0, figures)


def _share(part: int, whole: int) -> int:
    return part * WHOLE_BP // whole


def _above(share_bp: int, from_bp: int, points: int) -> int:
    """Return points in proportion to how far a share lies between a bound and the whole."""
    if from_bp >= WHOLE_BP:
        return 0
    return max(0, min(share_bp, WHOLE_BP) - from_bp) * points // (WHOLE_BP - from_bp)


def _each(times: int, points: int, most: int) -> int:
    return min(max(0, times) * points, most)
