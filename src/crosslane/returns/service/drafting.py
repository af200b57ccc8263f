"""From what lies on a counter to returns: which units of which order, or blind at which price."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import pricing
from crosslane.catalog import UnknownSku, Variant
from crosslane.kernel import allocate, new_id, rounded_ratio
from crosslane.locations import Location
from crosslane.orders import NewCharge, NoSuchOrder, OrderLine, OrderState
from crosslane.organization import Channel
from crosslane.platform.lane import Command
from crosslane.returns.domain import (
    Asked,
    Besides,
    Return,
    ReturnLine,
    ReturnPolicy,
    refuse_line,
    refuse_quantity,
    sold_from,
)
from crosslane.returns.domain.blind import value_of, why_a_person
from crosslane.returns.errors import (
    BlindNotAllowed,
    BlindRefused,
    NoSuchOrderLine,
    PriceUnprovable,
    ProofNeeded,
    RefundUnfit,
    TimeToCome,
)
from crosslane.returns.service.goods import Arrival
from crosslane.returns.service.looking import OVERRIDE, Around, by_component, line_of
from crosslane.returns.service.naming import Known
from crosslane.returns.service.settling import Job
from crosslane.returns.service.wanting import refund_wanted
from crosslane.returns.service.wishes import DeskCharge, DeskLine, TakeBack

CLOCK_LEAD_MAX = timedelta(minutes=5)
# Ends the source id of the blind return beside another one.
BESIDE = "+blind"


class Draft(msgspec.Struct, frozen=True):
    """What a command comes to: one return, and a blind one beside it when more came than sold.

    Args:
        arrivals: units that lie on the counter.
        jobs: the returns, which are settled next.
    """

    command: Command[TakeBack]
    arrivals: list[Arrival]
    jobs: list[Job]


def draft(near: Around, known: Known, command: Command[TakeBack]) -> Draft:
    """Return what a command comes to.

    Raises:
        Refusal: it may not be, with a pointer to why.
    """
    wish = command.body
    at = wish.occurred_at or near.now
    if at > near.now + CLOCK_LEAD_MAX:
        raise TimeToCome(pointer="/occurred_at")
    _refuse_refunds(wish)
    desk = _Desk(near, known, command, at)
    if wish.order is None:
        return desk.blind()
    return desk.of_order()


def _refuse_refunds(wish: TakeBack) -> None:
    """Refuse parts of a refund that nobody can tell apart.

    Raises:
        RefundUnfit: a part before the last has no amount, or there are parts without an order.
    """
    for place, part in enumerate(wish.refunds[:-1]):
        if part.minor is None or part.method == "original":
            pointer = f"/refunds/{place}"
            raise RefundUnfit(pointer=pointer, why="each but the last has an amount and a place")
    if wish.order is None and len(wish.refunds) > 1:
        raise RefundUnfit(pointer="/refunds", why="without an order there is one")


class _Desk:
    """One counter and what lies on it."""

    def __init__(
        self, near: Around, known: Known, command: Command[TakeBack], at: datetime
    ) -> None:
        self.near, self.known, self.command, self.at = near, known, command, at
        self.wish = command.body
        self.location: Location = near.own_location(
            self.wish.location, command.actor, happened=self.wish.happened
        )
        self.channel: Channel = near.book.channel(self.wish.channel, pointer="/channel")
        self.asked_in = self.channel.id
        self.overrides = self._overrides()

    def _overrides(self) -> bool:
        if not self.wish.blind_override_reason:
            return False
        if not self.command.actor.may(OVERRIDE):
            raise BlindNotAllowed(pointer="/blind_override_reason", why="the reason is a manager's")
        return True

    def of_order(self) -> Draft:
        """Return what comes back of a known order."""
        state = self._state()
        self.channel = self.near.book.channel_by_id(state.order.channel_id)
        whole, _ = self.near.policy(
            self.channel, state.order.placed_at, location=self.location.code
        )
        if not self.wish.happened:
            refusal = self.near.refuse_market(self.location, self.channel, whole)
            if refusal is not None:
                raise refusal
        one = self._return(state)
        extra: list[tuple[DeskLine, int, OrderLine | None]] = []
        arrivals: list[Arrival] = []
        taken: dict[UUID, int] = {}
        for place, wanted in enumerate(self.wish.lines):
            left = wanted.quantity
            for line, units in self._spread(state, wanted, place, taken):
                left -= units
                taken[line.id] = taken.get(line.id, 0) + units
                arrivals += self._lines(one, state, line, wanted, units)
            # Components of a bundle are more units than it has itself.
            if left > 0:
                named = state.line(wanted.order_line) if wanted.order_line else None
                extra.append((wanted, left, named))
        besides = self._besides(state.stock_lines[0].tax_rate_bp)
        jobs = [self._job(one, besides)]
        if extra:
            beside, more = self._blind_lines(extra)
            beside.proof = state.order.number
            arrivals += more
            jobs.append(self._job(beside, []))
            if not one.lines and not besides:
                jobs = jobs[1:]
            elif beside.source_id:
                beside.source_id += BESIDE
        return Draft(self.command, arrivals, jobs)

    def _state(self) -> OrderState:
        order_id = self.known.ids.get(self.wish.order or "")
        state = self.known.looked.states.get(order_id) if order_id else None
        if state is None:
            raise NoSuchOrder(pointer="/order", order=(self.wish.order or "")[:60])
        return state

    def _spread(
        self, state: OrderState, wanted: DeskLine, place: int, taken: Mapping[UUID, int]
    ) -> list[tuple[OrderLine, int]]:
        """Share the units of a counter's line over the order's lines; fewer when less is left.

        Raises:
            NoSuchOrderLine, Refusal: it may not come back, and has not yet.
        """
        pointer = f"/lines/{place}"
        named = [
            line
            for line in state.lines
            if (line.id == wanted.order_line if wanted.order_line else line.sku == wanted.sku)
        ]
        # One article may have been sold at several prices, such as by each of its weighings.
        named.sort(key=lambda line: line.unit_price_milli != wanted.unit_price_milli)
        if not named:
            if self.wish.happened:
                return []
            raise NoSuchOrderLine(pointer=pointer, line=str(wanted.order_line or wanted.sku))
        if named[0].is_bundle:
            return self._parts(state, named[0], wanted, pointer, taken)
        shares: list[tuple[OrderLine, int]] = []
        left = wanted.quantity
        for line in named:
            free = self.known.looked.bought[line.id].left - taken.get(line.id, 0)
            units = max(0, min(left, free))
            if units:
                shares.append((line, units))
                left -= units
        if not self.wish.happened:
            if left:
                self._refuse_left(named, wanted, pointer, taken)
            for line, units in shares:
                self._refuse_by_policy(line, wanted, units, pointer)
        return shares

    def _parts(
        self,
        state: OrderState,
        bundle: OrderLine,
        wanted: DeskLine,
        pointer: str,
        taken: Mapping[UUID, int],
    ) -> list[tuple[OrderLine, int]]:
        parts = by_component(state, bundle, wanted.quantity)
        for line, units in parts:
            bought = self.known.looked.bought[line.id]
            refusal = refuse_quantity(bought, units + taken.get(line.id, 0))
            if refusal is not None:
                refusal.pointer = f"{pointer}/quantity"
                raise refusal
            if not self.wish.happened:
                self._refuse_by_policy(line, wanted, units, pointer)
        return parts

    def _refuse_left(
        self,
        named: Sequence[OrderLine],
        wanted: DeskLine,
        pointer: str,
        taken: Mapping[UUID, int],
    ) -> None:
        bought = self.known.looked.bought[named[0].id]
        for other in named[1:]:
            more = self.known.looked.bought[other.id]
            bought = msgspec.structs.replace(
                bought,
                handed=bought.handed + more.handed,
                returned=bought.returned + more.returned,
                pending=bought.pending + more.pending,
                pending_number=bought.pending_number or more.pending_number,
                replaced=bought.replaced + more.replaced,
                replaced_number=bought.replaced_number or more.replaced_number,
            )
        asked = wanted.quantity + sum(taken.get(line.id, 0) for line in named)
        refusal = refuse_quantity(bought, asked)
        if refusal is not None:
            refusal.pointer = f"{pointer}/quantity"
            raise refusal

    def _refuse_by_policy(
        self, line: OrderLine, wanted: DeskLine, units: int, pointer: str
    ) -> None:
        if self.overrides:
            return
        asked = Asked(
            quantity=units,
            reason=wanted.reason,
            item_state=wanted.item_state,
            wanted=wanted.wanted,
            method="counter",
            at=self.at,
        )
        refusal = refuse_line(self.known.looked.bought[line.id], asked)
        if refusal is not None:
            refusal.pointer = pointer
            raise refusal

    def _lines(
        self, one: Return, state: OrderState, line: OrderLine, wanted: DeskLine, units: int
    ) -> list[Arrival]:
        """Add units of an order line to a return, by the location that had sold them."""
        bought = self.known.looked.bought[line.id]
        return [
            self._arrival(
                one, line_of(one, line, wanted, quantity, sold_at, bought.policy_id), wanted
            )
            for sold_at, quantity in sold_from(state, line.id, units)
        ]

    def _arrival(self, one: Return, line: ReturnLine, wanted: DeskLine) -> Arrival:
        one.lines = [*one.lines, line]
        return Arrival(
            one=one,
            line=line,
            quantity=line.requested,
            disposition=wanted.disposition,
            location_id=self.location.id,
            at=self.at,
            cause=self.command,
        )

    def blind(self) -> Draft:
        """Return what comes back without an order."""
        one, arrivals = self._blind_lines([(line, line.quantity, None) for line in self.wish.lines])
        rate = next((line.tax_rate_bp or 0 for line in one.lines), 0)
        job = self._job(one, self._besides(rate) or [])
        if not self.wish.happened:
            policy, _ = self.near.policy(self.channel, self.at, location=self.location.code)
            refusal = self.near.refuse_market(self.location, self.channel, policy)
            if refusal is not None:
                raise refusal
            self._refuse_blind(policy, job)
        return Draft(self.command, arrivals, [job])

    def _refuse_blind(self, policy: ReturnPolicy, job: Job) -> None:
        """Refuse what the policy of blind returns does not let be.

        Raises:
            ProofNeeded, BlindRefused, BlindNotAllowed: why.
        """
        if policy.blind_proof and not self.wish.proof:
            raise ProofNeeded(pointer="/proof")
        if self.overrides:
            return
        if policy.blind == "refused":
            raise BlindRefused(pointer="/order")
        gross = sum(
            value_of(
                line.unit_price_milli or 0,
                line.requested,
                line.tax_rate_bp or 0,
                self.channel.tax_mode,
            ).gross_minor
            for line in job.one.lines
        ) - sum(each.amounts.gross_minor for each in job.one.besides or ())
        why = why_a_person(policy, gross)
        if why:
            raise BlindNotAllowed(pointer="/blind_override_reason", why=why)

    def _blind_lines(
        self, wanted: Iterable[tuple[DeskLine, int, OrderLine | None]]
    ) -> tuple[Return, list[Arrival]]:
        one = self._return(None)
        arrivals: list[Arrival] = []
        for place, (line, quantity, named) in enumerate(wanted):
            variant = self.known.variants.get(line.sku)
            if variant is None:
                raise UnknownSku(pointer=f"/lines/{place}/sku", sku=line.sku)
            _, policy_id = self.near.policy(
                self.channel,
                self.at,
                location=self.location.code,
                category=variant.category_path,
            )
            price, rate, jurisdiction = self._price(line, variant, named, place)
            for part, units, unit_price in self._parts_of(variant, quantity, price):
                drafted = ReturnLine(
                    id=new_id(),
                    return_id=one.id,
                    position=len(one.lines) + 1,
                    order_line_id=None,
                    variant_id=part.id,
                    sku=part.sku,
                    requested=units,
                    reason=line.reason,
                    item_state=line.item_state,
                    wanted=line.wanted,
                    unit_price_milli=unit_price,
                    tax_rate_bp=rate,
                    tax_class=part.tax_class,
                    jurisdiction=jurisdiction,
                    policy_id=policy_id,
                )
                arrivals.append(self._arrival(one, drafted, line))
        return one, arrivals

    def _parts_of(
        self, variant: Variant, quantity: int, price_milli: int
    ) -> list[tuple[Variant, int, int]]:
        """Return what lies on the counter with its price: of a bundle its components."""
        if not variant.is_bundle:
            return [(variant, quantity, price_milli)]
        shares = allocate(price_milli, [part.share_weight for part in variant.components])
        return [
            (
                self.known.parts[part.variant_id],
                part.quantity * quantity,
                rounded_ratio(share, 1, part.quantity),
            )
            for part, share in zip(variant.components, shares, strict=True)
        ]

    def _price(
        self, line: DeskLine, variant: Variant, named: OrderLine | None, place: int
    ) -> tuple[int, int, str]:
        """Return unit price, rate and jurisdiction: of the proof, the order, or the lowest lately.

        Raises:
            PriceUnprovable: nobody knows one, and nothing has happened yet.
        """
        price, rate = line.unit_price_milli, line.tax_rate_bp
        jurisdiction = self.channel.country
        if named is not None:
            price = named.unit_price_milli if price is None else price
            rate = named.tax_rate_bp if rate is None else rate
            jurisdiction = named.jurisdiction
        listed = self.known.lowest.get((variant.id, self.wish.channel))
        if listed is not None:
            price = listed.unit_price_milli if price is None else price
            rate = listed.tax.rate_bp if rate is None else rate
            jurisdiction = listed.tax.jurisdiction
        if price is None and not self.wish.happened:
            raise PriceUnprovable(pointer=f"/lines/{place}/unit_price_milli", sku=line.sku)
        return price or 0, rate or 0, jurisdiction

    def _besides(self, rate_bp: int) -> list[Besides] | None:
        if self.wish.charges is None:
            return None
        return [self._charge(charge, rate_bp) for charge in self.wish.charges]

    def _charge(self, charge: DeskCharge, rate_bp: int) -> Besides:
        rate = rate_bp if charge.tax_rate_bp is None else charge.tax_rate_bp
        if charge.gross_minor is not None:
            amounts = pricing.split(charge.gross_minor, rate, "gross")
        else:
            amounts = pricing.split(charge.net_minor or 0, rate, "net")
        return Besides(NewCharge(charge.kind, charge.title, amounts.gross_minor), rate, amounts)

    def _return(self, state: OrderState | None) -> Return:
        wish, order = self.wish, state.order if state else None
        customer_id = (order.customer_id if order else None) or wish.customer
        refund = wish.refunds[-1] if wish.refunds else None
        if not wish.happened:
            refund = refund_wanted(wish.lines, refund, customer_id)
        usual = "original" if order else "cash"
        return Return(
            id=new_id(),
            number="",
            state="graded",
            kind="return" if order else "blind",
            method="counter",
            source_id=wish.source_id,
            source_channel_id=None if self.channel.id == self.asked_in else self.asked_in,
            order_id=order.id if order else None,
            order_number=order.number if order else "",
            channel_id=self.channel.id,
            channel=self.channel.code,
            entity=order.entity if order else self.channel.entity,
            currency=order.currency if order else self.channel.currency,
            customer_id=customer_id,
            location_id=self.location.id,
            requested_by=str(self.command.actor),
            staff=wish.staff,
            refund_method=refund.method if refund else usual,
            refund_account=refund.account if refund else None,
            exchange_wish=wish.exchange if order else [],
            proof=wish.proof or "",
            reason=wish.blind_override_reason if self.overrides else "",
            occurred_at=self.at,
            requested_at=self.near.now,
            authorized_at=self.at,
            received_at=self.at if wish.lines else None,
            graded_at=self.at if wish.lines else None,
        )

    def _job(self, one: Return, besides: list[Besides] | None) -> Job:
        one.besides = besides
        return Job(
            one=one,
            at=self.at,
            cause=self.command,
            happened=self.wish.happened,
            location=self.location.code,
            before=self.wish.refunds[:-1] if one.order_id else (),
        )
