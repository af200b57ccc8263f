"""What a customer may still change by the link: give goods up, and send them elsewhere.

Goods may be given up until somebody has taken them from the shelf; the address may be changed until
a location works on them. Each change is shown with what it comes to before it is made.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import customers, orders, organization
from crosslane.apps.order_page.shell import Telling, words_of
from crosslane.customers import Address
from crosslane.engagement import CHANGED_ELSEWHERE, locale_of
from crosslane.kernel import Refusal
from crosslane.orders import (
    CancelLine,
    CancelUnits,
    ChangeAddress,
    OrderLine,
    OrderState,
    Stage,
    worth,
)
from crosslane.payments import money_by_order
from crosslane.platform.database import Tx
from crosslane.platform.lane import Preview
from crosslane.platform.screens import Form
from crosslane.platform.tokens import Link

UNTOUCHED = (Stage.OPEN, Stage.BACKORDERED, Stage.ALLOCATED, Stage.RELEASED)
UNWORKED = (Stage.OPEN, Stage.BACKORDERED, Stage.ALLOCATED)
# As on the form; the pointer of a refusal ends with one of them.
ADDRESS_FIELDS = ("name", "lines", "city", "region", "postcode")
REASON = "asked for on the order's page"


class Asked(Telling, frozen=True, kw_only=True):
    """An order whose customer wants to change something.

    Args:
        brand: whose shop it was.
        address: of the order's page.
        units: how many of each line may be given up, lines with none left out.
        country: where its goods go, "" when that cannot be changed any more.
        contact: the address as it is; only who is telephoned and written to is taken over from it.
    """

    brand: str
    address: str
    units: Mapping[UUID, int]
    country: str
    contact: Address | None


class GoodsLine(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of the order on a form; ``left`` may be given up, ``chosen`` shall be."""

    key: str
    title: str
    sku: str
    left: int
    chosen: int


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """A form, or what it comes to.

    Args:
        lines: goods that may be given up, or are about to be.
        fields: of the address as filled in; on a review, all fields to be sent again.
        problem: what is wrong, "" for nothing.
        wrong: name of the field it is about.
        possible: there is something to change.
        country: name of the country, which stays.
        sums: titles and values of what comes of it, the last one in bold.
        told: what happens with money, or when it comes.
        to: lines of the new address.
    """

    language: str
    words: Mapping[str, str]
    brand: str
    number: str
    address: str
    lines: list[GoodsLine] = []
    fields: Mapping[str, str] = {}
    problem: str = ""
    wrong: str = ""
    possible: bool = True
    country: str = ""
    sums: list[tuple[str, str]] = []
    told: str = ""
    to: list[str] = []


class Seen(msgspec.Struct, frozen=True):
    """What a change is measured by.

    Args:
        gross_minor: what the order is worth.
        taken_minor: what was taken for it and not given back.
        expected: when the last of it comes, None when nobody knows.
    """

    gross_minor: int
    taken_minor: int
    expected: datetime | None


async def changeable(tx: Tx, link: Link, address: str) -> Asked:
    """Return the order a link leads to, with what may still be changed.

    Args:
        tx: open transaction.
        link: the link.
        address: path of the order's page.

    Raises:
        NoSuchOrder: there is none.
    """
    state = await orders.find_order(tx, str(link.subject))
    book = await organization.book(tx)
    channel = book.channel(state.order.channel)
    locale = locale_of(state.order.locale)
    here = channel.type not in CHANGED_ELSEWHERE
    contact = await _destination(tx, state) if here and _unworked(state) else None
    return Asked(
        state=state,
        words=words_of("changes", locale.language),
        locale=locale,
        timezone=channel.timezone,
        brand=book.brand(state.order.brand).name,
        address=address,
        units=untouched_units(state) if here else {},
        country=contact.country if contact else "",
        contact=contact,
    )


def untouched_units(state: OrderState) -> dict[UUID, int]:
    """Return how many units of each line nobody has taken from a shelf yet; sets are whole."""
    found: dict[UUID, int] = {}
    for line in state.lines:
        if line.parent_line_id is not None or line.method == "carry_out":
            continue
        parts = parts_of(state, line)
        left = min(
            (_units(state, part.id, UNTOUCHED) // _each(line, part) for part in parts), default=0
        )
        if left:
            found[line.id] = left
    return found


def parts_of(state: OrderState, line: OrderLine) -> list[OrderLine]:
    """Return the lines that carry the units of a line: itself, or a bundle's components."""
    if not line.is_bundle:
        return [line]
    return [part for part in state.lines if part.parent_line_id == line.id]


def _each(line: OrderLine, part: OrderLine) -> int:
    return part.quantity // line.quantity


def _units(state: OrderState, line_id: UUID, stages: Sequence[Stage]) -> int:
    return sum(state.buckets.units(line_id, stage) for stage in stages)


def _unworked(state: OrderState) -> bool:
    """Whether goods are to be sent, and nobody works on any of them."""
    shipped = [line for line in state.stock_lines if line.method == "ship"]
    waiting = sum(_units(state, line.id, UNWORKED) for line in shipped)
    gone = sum(state.buckets.units(line.id, Stage.CANCELLED) for line in shipped)
    return bool(waiting) and waiting + gone == sum(line.quantity for line in shipped)


async def _destination(tx: Tx, state: OrderState) -> Address | None:
    address_id = state.order.ship_address_id
    if address_id is None or state.order.customer_id is None:
        return None
    return (await customers.addresses_by_id(tx, [address_id]))[address_id].address


def look_at(link: Link) -> Callable[[Tx], Awaitable[Seen]]:
    """Return what reads the order before and after a change that is tried."""

    async def look(tx: Tx) -> Seen:
        state = await orders.find_order(tx, str(link.subject))
        money = (await money_by_order(tx, [state.order.id]))[state.order.id]
        carried = [line for line in state.stock_lines if _units(state, line.id, UNWORKED)]
        promised = [line.promised_at for line in carried]
        known = [at for at in promised if at is not None]
        return Seen(
            worth(state).gross_minor,
            money.captured_minor + money.settled_minor - money.refunded_minor,
            max(known) if known and len(known) == len(promised) else None,
        )

    return look


def chosen_units(asked: Asked, fields: Form) -> dict[UUID, int]:
    """Return how many units of which lines shall be given up, no more than may be."""
    found = {}
    for line_id, left in asked.units.items():
        text = fields.text(f"units.{line_id.hex}")
        units = min(int(text), left) if text.isascii() and text.isdigit() else 0
        if units:
            found[line_id] = units
    return found


def cancellation(asked: Asked, chosen: Mapping[UUID, int], fields: Form) -> CancelUnits:
    """Return the wish; what was confirmed holds only for the order that was shown."""
    by_id = asked.state.by_id
    return CancelUnits(
        order_id=asked.state.order.id,
        lines=[
            CancelLine(part.id, units * _each(by_id[line_id], part))
            for line_id, units in chosen.items()
            for part in parts_of(asked.state, by_id[line_id])
        ],
        reason=REASON,
        version=_version(fields),
    )


def new_address(asked: Asked, fields: Form) -> ChangeAddress:
    """Return the wish to send an order elsewhere in its country."""
    contact = asked.contact
    lines = tuple(filter(None, (fields.text("lines"), fields.text("lines2"))))
    return ChangeAddress(
        order_id=asked.state.order.id,
        ship_to=Address(
            country=asked.country,
            lines=lines,
            city=fields.text("city"),
            region=fields.text("region"),
            postcode=fields.text("postcode"),
            name=fields.text("name"),
            phone=contact.phone if contact else "",
            email=contact.email if contact else "",
        ),
        reason=REASON,
        version=_version(fields),
    )


def _version(fields: Form) -> int | None:
    text = fields.text("version")
    return int(text) if text.isascii() and text.isdigit() else None


def cancel_page(
    asked: Asked,
    chosen: Mapping[UUID, int] | None = None,
    *,
    refusal: Refusal | None = None,
    incomplete: bool = False,
) -> ChangePage:
    """Return the form, all that may be given up chosen until the customer chooses."""
    wanted = asked.units if chosen is None else chosen
    problem = asked.words["problem_none"] if incomplete else _problem(asked, refusal)
    return _page(
        asked,
        lines=_goods(asked, asked.units, wanted),
        problem=problem,
        possible=bool(asked.units),
    )


def cancel_review(asked: Asked, chosen: Mapping[UUID, int], tried: Preview[Seen]) -> ChangePage:
    """Return what a cancellation comes to."""
    before, after, words = tried.before, tried.after, asked.words
    back = max(0, after.taken_minor - after.gross_minor) if after.taken_minor else 0
    sums = [
        (words["worth_before"], asked.money(before.gross_minor)),
        (words["less"], asked.money(after.gross_minor - before.gross_minor)),
        (words["worth_after"], asked.money(after.gross_minor)),
    ]
    fields = {f"units.{line_id.hex}": str(units) for line_id, units in chosen.items()}
    return _page(
        asked,
        lines=_goods(asked, chosen, chosen),
        fields=fields | {"version": str(asked.state.order.version)},
        sums=sums,
        told=words["given_back"].format(money=asked.money(back)) if back else words["pay_less"],
    )


def address_page(
    asked: Asked, fields: Form | None = None, *, refusal: Refusal | None = None
) -> ChangePage:
    """Return the form; it never shows where the order goes now, because links are passed on."""
    steps = refusal.pointer.split("/") if refusal else []
    return _page(
        asked,
        fields=fields.plain() if fields else {},
        problem=_problem(asked, refusal),
        wrong=next((step for step in steps if step in ADDRESS_FIELDS), ""),
        possible=bool(asked.country),
        country=_country(asked),
    )


def address_review(asked: Asked, wish: ChangeAddress, tried: Preview[Seen]) -> ChangePage:
    """Return where the goods would go, and when they would come."""
    to, words = wish.ship_to, asked.words
    days = [asked.day(one.expected) or words["not_known"] for one in (tried.before, tried.after)]
    lines = dict(zip(("lines", "lines2"), to.lines, strict=False))
    fields = lines | {name: getattr(to, name) for name in ("name", "city", "region", "postcode")}
    return _page(
        asked,
        fields=fields | {"version": str(asked.state.order.version)},
        sums=[(words["expected_before"], days[0]), (words["expected_after"], days[1])],
        told=words["same_day"] if days[0] == days[1] else words["other_day"],
        to=[
            *filter(None, (to.name, *to.lines, to.city, to.region, to.postcode)),
            _country(asked),
        ],
    )


def _country(asked: Asked) -> str:
    return asked.locale.territories.get(asked.country, asked.country)


def _goods(asked: Asked, shown: Mapping[UUID, int], chosen: Mapping[UUID, int]) -> list[GoodsLine]:
    return [
        GoodsLine(
            key=line_id.hex,
            title=line.title,
            sku=line.sku,
            left=left,
            chosen=chosen.get(line_id, 0),
        )
        for line_id, left in shown.items()
        for line in [asked.state.by_id[line_id]]
    ]


def _problem(asked: Asked, refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    return asked.words.get(f"refused_{refusal.code}", asked.words["refused"])


def _page(asked: Asked, **told: object) -> ChangePage:
    return ChangePage(
        language=asked.locale.language,
        words=asked.words,
        brand=asked.brand,
        number=asked.state.order.number,
        address=asked.address,
        **told,  # type: ignore[arg-type]
    )
