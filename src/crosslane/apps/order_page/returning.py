"""Choosing what comes back, and seeing what it gives, before anything is asked for."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import get_args
from uuid import UUID

import msgspec
from babel import Locale
from babel.dates import format_date

from crosslane import catalog, orders, organization, returns
from crosslane.apps.order_page.form import METHODS, Chosen, ChosenLine
from crosslane.apps.order_page.shell import words_of
from crosslane.engagement import locale_of, show_money
from crosslane.kernel import Refusal
from crosslane.orders import OrderState
from crosslane.platform.database import Tx
from crosslane.platform.tokens import Link
from crosslane.returns import (
    NOT_THEIR_FAULT,
    ExchangeWish,
    ItemState,
    Quoted,
    Reason,
    RefundWish,
    RequestLine,
    RequestReturn,
    Returnable,
    ReturnableLine,
)

SELECT_UNITS_MAX = 30
SWAPS_MAX = 60
ONCE_BYTES = 16


class Option(msgspec.Struct, frozen=True):
    """Something to choose from."""

    value: str
    text: str
    chosen: bool = False


class ChoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the order as the form shows it.

    Args:
        key: names its fields.
        left: units that may be asked for; 0 for none.
        worth: what all of them give.
        until: last day, "" when nobody knows.
        note: why it may not come back, or only for some reasons.
        units: how many; empty when a number is typed, since there are too many.
        typed: that number.
        problem: what is wrong with what was chosen.
    """

    key: str
    title: str
    sku: str
    left: int
    worth: str
    until: str
    note: str
    units: list[Option]
    typed: int
    reasons: list[Option]
    states: list[Option]
    swaps: list[Option]
    problem: str = ""


class ChoicePage(msgspec.Struct, frozen=True, kw_only=True):
    """The form.

    Args:
        lines: what may come back.
        others: what may not, and why.
        methods: how it may come.
        refunds: where the money may go; empty when there is nothing to choose.
        problem: what is wrong with the form as a whole.
    """

    language: str
    words: Mapping[str, str]
    brand: str
    number: str
    address: str
    lines: list[ChoiceLine]
    others: list[ChoiceLine]
    methods: list[Option]
    refunds: list[Option]
    problem: str = ""


class ReviewLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units that shall come back; ``swap`` is what is sent for them, "" for money."""

    title: str
    quantity: int
    why: str
    swap: str
    price: str


class ReviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer is about to ask for.

    Args:
        fields: names and values of the form, to be sent again.
        sums: titles and amounts, from the goods down.
        total: what the customer gets.
        way: how the money goes back, in words.
    """

    language: str
    words: Mapping[str, str]
    brand: str
    number: str
    address: str
    fields: list[tuple[str, str]]
    lines: list[ReviewLine]
    sums: list[tuple[str, str]]
    total: str
    total_title: str
    way: str
    method: str


class Asked(msgspec.Struct, frozen=True):
    """An order whose customer wants to bring something back."""

    state: OrderState
    found: Returnable
    siblings: Mapping[UUID, list[catalog.Variant]]
    brand: str
    locale: Locale
    words: Mapping[str, str]
    address: str

    def money(self, minor: int) -> str:
        """Write an amount."""
        return show_money(minor, self.state.order.currency, self.locale)

    def day(self, day: date | None) -> str:
        """Write a day, "" for none."""
        return format_date(day, "long", locale=self.locale) if day else ""


async def asked_of(tx: Tx, link: Link, address: str) -> Asked:
    """Return the order a link leads to, with all that may come back of it.

    Raises:
        NoSuchOrder: there is none.
    """
    state = await orders.find_order(tx, str(link.subject))
    found = await returns.list_returnable(tx, str(link.subject))
    locale = locale_of(state.order.locale)
    return Asked(
        state=state,
        found=found,
        siblings=await _siblings(tx, state),
        brand=(await organization.book(tx)).brand(state.order.brand).name,
        locale=locale,
        words=words_of("returns", locale.language),
        address=address,
    )


async def _siblings(tx: Tx, state: OrderState) -> dict[UUID, list[catalog.Variant]]:
    """Return the articles that a line may be swapped for: itself and others of its product."""
    order = state.order
    known = await catalog.siblings_of(
        tx,
        list({line.variant_id for line in state.stock_lines}),
        locale=order.locale,
        channel=order.channel,
    )
    return {line.id: known.get(line.variant_id, [])[:SWAPS_MAX] for line in state.stock_lines}


def choice_page(
    asked: Asked,
    chosen: Chosen | None = None,
    refusal: Refusal | None = None,
    *,
    problem: str = "",
    incomplete: bool = False,
) -> ChoicePage:
    """Return the form, as it was filled in before.

    Args:
        asked: the order.
        chosen: what was filled in.
        refusal: why it cannot be; it points to a line of what was chosen.
        problem: what is wrong otherwise.
        incomplete: tell which lines want a reason.
    """
    words = asked.words
    problems = _problems(asked, chosen, refusal, incomplete=incomplete) if chosen else {}
    before = {line.order_line: line for line in chosen.lines} if chosen else {}
    shown = [
        _choice(asked, line, before.get(line.order_line), problems.get(line.order_line, ""))
        for line in asked.found.lines
    ]
    if refusal and not problems:
        problem = refused(asked, refusal)
    method = chosen.method if chosen else ""
    offered = [one for one in METHODS if one in asked.found.methods]
    return ChoicePage(
        language=asked.locale.language,
        words=words,
        brand=asked.brand,
        number=asked.found.number,
        address=asked.address,
        lines=[line for line in shown if line.left],
        others=[line for line in shown if not line.left],
        methods=[
            Option(one, words[f"method_{one}"], one == (method or offered[0])) for one in offered
        ],
        refunds=_refunds(asked, chosen),
        problem=problem or (words["problem_below"] if problems else ""),
    )


def _refunds(asked: Asked, chosen: Chosen | None) -> list[Option]:
    """Return where the money may go: store credit needs somebody whose it is."""
    if asked.state.order.customer_id is None:
        return []
    before = chosen.refund if chosen else "original"
    return [
        Option(one, asked.words[f"refund_{one}"], one == before)
        for one in ("original", "stored_value")
    ]


def _choice(
    asked: Asked, line: ReturnableLine, before: ChosenLine | None, problem: str
) -> ChoiceLine:
    words = asked.words
    only_faults = bool(line.refused) and line.left > 0
    note = words.get(f"line_{line.refusal}", words["line_other"]) if line.refused else ""
    units = before.quantity if before else 0
    most = line.left if line.left <= SELECT_UNITS_MAX else 0
    return ChoiceLine(
        key=line.order_line.hex,
        title=line.title,
        sku=line.sku,
        left=line.left,
        worth=asked.money(line.gross_minor),
        until=asked.day(line.until),
        note=note.format(until=asked.day(line.until)),
        units=[Option(str(n), str(n), n == units) for n in range(most + 1)] if most else [],
        typed=units,
        reasons=[
            Option(reason, words[f"reason_{reason}"], bool(before and before.reason == reason))
            for reason in get_args(Reason)
            if reason in NOT_THEIR_FAULT or not only_faults
        ],
        states=[
            Option(state, words[f"item_{state}"], bool(before and before.item_state == state))
            for state in get_args(ItemState)
        ],
        swaps=[
            Option(one.sku, _swap_name(one), bool(before and before.swap == one.sku))
            for one in asked.siblings.get(line.order_line, [])
        ],
        problem=problem,
    )


def _swap_name(variant: catalog.Variant) -> str:
    options = ", ".join(variant.options.values())
    return f"{variant.title} ({options})" if options else variant.title


def _problems(
    asked: Asked, chosen: Chosen, refusal: Refusal | None, *, incomplete: bool
) -> dict[UUID, str]:
    """Return what is wrong with lines of a form."""
    known = {line.order_line for line in asked.found.lines}
    problems = {
        line.order_line: asked.words["problem_reason"]
        for line in chosen.lines
        if incomplete and line.reason is None and line.order_line in known
    }
    steps = refusal.pointer.split("/") if refusal else []
    if refusal and steps[1:2] == ["lines"] and steps[2].isdigit():
        line = chosen.lines[int(steps[2])]
        problems[line.order_line] = refused(asked, refusal)
    return problems


def refused(asked: Asked, refusal: Refusal) -> str:
    """Return why something is refused in the customer's language."""
    return asked.words.get(f"refused_{refusal.code}", asked.words["refused"])


def is_complete(asked: Asked, chosen: Chosen) -> bool:
    """Tell whether a form says all that is needed."""
    known = {line.order_line for line in asked.found.lines}
    return bool(chosen.lines) and all(
        line.reason and line.order_line in known for line in chosen.lines
    )


def wish_of(asked: Asked, chosen: Chosen) -> RequestReturn:
    """Return what a complete form asks for; swaps are even, within one product."""
    swaps = _swaps(asked, chosen)
    as_credit = chosen.refund == "stored_value" and asked.state.order.customer_id is not None
    money = "store_credit" if as_credit else "refund"
    return RequestReturn(
        order=str(asked.found.order_id),
        lines=[
            RequestLine(
                order_line=line.order_line,
                quantity=line.quantity,
                reason=line.reason or "other",
                item_state=line.item_state,
                wanted="exchange" if line.order_line in swaps else money,
            )
            for line in chosen.lines
        ],
        method="counter" if chosen.method == "counter" else "post",
        refund=RefundWish(method="stored_value") if as_credit else None,
        source_id=f"page:{chosen.once}" if chosen.once else "",
        exchange=[
            ExchangeWish(
                sku=swaps[line.order_line].sku,
                quantity=line.quantity,
                price="even",
                instead_of=line.order_line,
            )
            for line in chosen.lines
            if line.order_line in swaps
        ],
    )


def _swaps(asked: Asked, chosen: Chosen) -> dict[UUID, catalog.Variant]:
    """Return what is wanted in exchange, by the line it is for, as far as that is offered."""
    return {
        line.order_line: variant
        for line in chosen.lines
        for variant in asked.siblings.get(line.order_line, [])
        if variant.sku == line.swap
    }


def review_page(asked: Asked, chosen: Chosen, quoted: Quoted) -> ReviewPage:
    """Return what a complete form comes to."""
    words, lines = asked.words, {line.order_line: line for line in asked.found.lines}
    worth = {line.order_line: line.gross_minor for line in quoted.lines}
    swaps = _swaps(asked, chosen)
    swapped = sum(worth.get(line_id, 0) for line_id in swaps)
    sums = [
        ("goods", sum(worth.values())),
        ("swapped", -swapped),
        ("delivery", quoted.delivery_minor),
        ("fee", -quoted.fee_minor),
    ]
    total = quoted.gross_minor - swapped
    once = chosen.once or secrets.token_hex(ONCE_BYTES)
    return ReviewPage(
        language=asked.locale.language,
        words=words,
        brand=asked.brand,
        number=asked.found.number,
        address=asked.address,
        fields=_fields(chosen, once),
        lines=[
            ReviewLine(
                title=lines[line.order_line].title,
                quantity=line.quantity,
                why=words[f"reason_{line.reason}"],
                swap=_swap_name(swaps[line.order_line]) if line.order_line in swaps else "",
                price=asked.money(worth.get(line.order_line, 0)),
            )
            for line in chosen.lines
        ],
        sums=[(words[f"sum_{name}"], asked.money(minor)) for name, minor in sums if minor],
        total=asked.money(max(0, total)),
        total_title=words["sum_total"],
        way=words[f"way_{chosen.refund}"] if total > 0 else words["way_nothing"],
        method=words[f"review_{chosen.method or 'post'}"],
    )


def _fields(chosen: Chosen, once: str) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = [
        ("method", chosen.method),
        ("refund", chosen.refund),
        ("once", once),
    ]
    for line in chosen.lines:
        key = line.order_line.hex
        told: Sequence[tuple[str, str]] = (
            ("units", str(line.quantity)),
            ("reason", line.reason or ""),
            ("state", line.item_state),
            ("swap", line.swap),
        )
        fields += [(f"{name}.{key}", value) for name, value in told]
    return fields
