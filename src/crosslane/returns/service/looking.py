"""What returns are decided on: orders under lock, what of them may come back, by which rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import catalog, locations, orders, organization
from crosslane.catalog import Variant
from crosslane.kernel import new_id
from crosslane.locations import Location, Network
from crosslane.orders import OrderLine, OrderState
from crosslane.organization import Channel, OrganizationBook, PolicyBook
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.returns.domain import POLICY, Bought, Return, ReturnLine, ReturnPolicy
from crosslane.returns.domain.deciding import Replaced, handed_over, still_replaced
from crosslane.returns.errors import NoReturnsHere, OtherMarket, ReturnLocationForeign
from crosslane.returns.service.wishes import DeskLine, RequestLine
from crosslane.returns.storage import views

ABILITY = "receive_returns"
OVERRIDE = "returns:override"


class Around(msgspec.Struct, frozen=True):
    """Who sells what where by which rules, as the transaction sees it."""

    book: OrganizationBook
    policies: PolicyBook
    network: Network
    now: datetime

    def policy(
        self,
        channel: Channel,
        at: datetime,
        *,
        location: str | None = None,
        category: Sequence[str] = (),
    ) -> tuple[ReturnPolicy, UUID | None]:
        """Return the rule for goods of a category, or for a whole return, and its version."""
        return self.policies.resolve(
            POLICY,
            at,
            location=location,
            category=category,
            channel=channel.code,
            brand=channel.brand,
        )

    def own_location(
        self, code: str, actor: Actor, *, pointer: str = "/location", happened: bool = False
    ) -> Location:
        """Return the location that takes goods back.

        Raises:
            LocationUnknown: there is none with the code.
            ReturnLocationForeign: the caller belongs to another one.
            NoReturnsHere: it takes nothing back.
        """
        location = self.network.require(code, pointer=pointer)
        if actor.location_id not in (None, location.id):
            raise ReturnLocationForeign(pointer=pointer, location=code)
        if not (location.can(ABILITY) or happened):
            raise NoReturnsHere(pointer=pointer, location=code)
        return location

    def refuse_market(
        self, location: Location, channel: Channel, policy: ReturnPolicy
    ) -> OtherMarket | None:
        """Return why goods of a channel's market are not taken back at a location.

        A location belongs to the markets of its country; its till holds their currency.
        """
        here = [m for m in self.book.markets.values() if m.country == location.country]
        if any(market.code == channel.market for market in here):
            return None
        same = any(market.currency == channel.currency for market in here)
        if policy.other_market == "same_currency" and same:
            return None
        return OtherMarket(
            pointer="/location",
            location=location.code,
            currency=channel.currency,
            market=channel.market,
        )


async def around(tx: Tx) -> Around:
    """Return the surroundings of decisions, from memory."""
    return Around(
        await organization.book(tx),
        await organization.policies(tx),
        await locations.network(tx),
        tx.now,
    )


class Looked(msgspec.Struct, frozen=True):
    """Some orders, with each line as a return sees it.

    Args:
        states: the orders by id.
        bought: their lines that carry stock, by line.
        variants: their articles by id.
    """

    states: Mapping[UUID, OrderState]
    bought: Mapping[UUID, Bought]
    variants: Mapping[UUID, Variant]


async def look_at(
    tx: Tx,
    states: Mapping[UUID, OrderState],
    near: Around,
    *,
    but_for: Sequence[UUID] = (),
) -> Looked:
    """Tell what of orders may come back, with a fixed number of statements.

    Args:
        tx: open transaction.
        states: the orders; locked when something is decided on them.
        near: the surroundings.
        but_for: returns whose announced units count as free.
    """
    lines = [line for state in states.values() for line in state.stock_lines]
    had_since = await orders.list_had_since(tx, list(states))
    line_ids = [line.id for line in lines]
    pending = await views.list_pending(tx, line_ids, but_for) if line_ids else {}
    variants = await catalog.variants_by_id(tx, list({line.variant_id for line in lines}))
    replaced = await _replaced(tx, states)
    bought: dict[UUID, Bought] = {}
    for state in states.values():
        for line in state.stock_lines:
            one = _bought(state, line, variants.get(line.variant_id), near, had_since)
            units, number = pending.get(line.id, (0, ""))
            again, claim = replaced.get(line.id, (0, ""))
            bought[line.id] = msgspec.structs.replace(
                one,
                pending=units,
                pending_number=number,
                replaced=again,
                replaced_number=claim,
            )
    return Looked(states, bought, variants)


async def _replaced(tx: Tx, states: Mapping[UUID, OrderState]) -> dict[UUID, tuple[int, str]]:
    """Return what claims had replaced of some orders; most have no line of that cause."""
    told = {
        line.id: state
        for state in states.values()
        if any(line.cause == "replacement" for line in state.lines)
        for line in state.stock_lines
    }
    if not told:
        return {}
    claims: dict[UUID, list[Replaced]] = {}
    for claim in await views.list_replaced(tx, list(told)):
        claims.setdefault(told[claim.line_id].order.id, []).append(claim)
    found: dict[UUID, tuple[int, str]] = {}
    for order_id, theirs in claims.items():
        found |= still_replaced(states[order_id], theirs)
    return found


def _bought(
    state: OrderState,
    line: OrderLine,
    variant: Variant | None,
    near: Around,
    had_since: Mapping[UUID, datetime],
) -> Bought:
    order = state.order
    channel = near.book.channel_by_id(order.channel_id)
    category = variant.category_path if variant else ()
    # What was sold under may not change with the place it is brought to.
    policy, policy_id = near.policy(channel, order.placed_at, category=category)
    return Bought(
        line=line,
        handed=handed_over(state, line.id),
        returned=sum(back.quantity for back in state.returned if back.line_id == line.id),
        had_since=had_since.get(line.id),
        bought_at=order.placed_at,
        zone=channel.timezone,
        policy=policy,
        policy_id=policy_id,
    )


def by_component(state: OrderState, line: OrderLine, quantity: int) -> list[tuple[OrderLine, int]]:
    """Return the lines that carry the units of a line: its components when it is a bundle."""
    if not line.is_bundle:
        return [(line, quantity)]
    return [
        (part, part.quantity * quantity // line.quantity)
        for part in state.stock_lines
        if part.parent_line_id == line.id
    ]


def line_of(
    one: Return,
    line: OrderLine,
    wanted: RequestLine | DeskLine,
    units: int,
    sold_at: UUID,
    policy_id: UUID | None,
) -> ReturnLine:
    """Return the next line of a return: units of an order line that one location had sold."""
    return ReturnLine(
        id=new_id(),
        return_id=one.id,
        position=len(one.lines) + 1,
        order_line_id=line.id,
        variant_id=line.variant_id,
        sku=line.sku,
        requested=units,
        reason=wanted.reason,
        item_state=wanted.item_state,
        wanted=wanted.wanted,
        sold_at=sold_at,
        tax_rate_bp=line.tax_rate_bp,
        tax_class=line.tax_class,
        jurisdiction=line.jurisdiction,
        policy_id=policy_id,
    )
